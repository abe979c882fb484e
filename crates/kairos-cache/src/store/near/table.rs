// What one thread remembers of one cache: a small table in front of the store, which its thread alone reads and writes.
// Never knows: what is remembered, or whether it still counts.
// Read next: `../near.rs`, which finds a thread's table.
// Why: `docs/decisions/0021-each-thread-remembers-what-it-was-served.md`.

use crate::contain::{drop_each, shielded};

/// A key's hash allows for this many places.
pub(super) const WAYS: usize = 8;

/// A table begins with this many sets of places, and is made four times as large when it is crowded.
const FIRST: usize = 4;

/// What one thread remembers of one cache: sets of a few places, each for the hashes that lead to it.
pub(crate) struct Table<W> {
    pub(super) sets: Box<[Set<W>]>,
    /// For each set the last hash, as far as it is kept, that was not let in.
    refused: Box<[u32]>,
    most: usize,
    /// The set that is swept next.
    hand: usize,
}

pub(super) type Set<W> = [Option<Way<W>>; WAYS];

/// Something that is remembered, on a cache line of its own if it is not larger.
#[repr(align(64))]
pub(super) struct Way<W> {
    /// The lowest bit is not the hash's: the place has been used since all of the set were, so that another
    /// one is given up.
    hash: u64,
    kept: W,
}

const USED: u64 = 1;

/// From this bit on a hash says to which set it belongs.
const SET: u32 = 20;

impl<W> Way<W> {
    pub(super) fn into_kept(self) -> W {
        self.kept
    }

    #[inline]
    fn has(&self, hash: u64) -> bool {
        self.hash | USED == hash | USED
    }
}

/// Where a hash is looked for first, and is if that was free.
#[inline]
fn first_way(hash: u64) -> usize {
    (hash >> 10) as usize % WAYS
}

fn note_use<W>(set: &mut Set<W>, way: usize) {
    let used = |way: &Option<Way<W>>| way.as_ref().is_some_and(|way| way.hash & USED != 0);
    let others = set.iter().enumerate().filter(|(at, _)| *at != way);
    if others.into_iter().all(|(_, other)| used(other)) {
        set.iter_mut().flatten().for_each(|way| way.hash &= !USED);
    }
    if let Some(way) = &mut set[way] {
        way.hash |= USED;
    }
}

impl<W> Table<W> {
    pub(super) fn new(most: usize) -> Table<W> {
        let sets = FIRST.min(most);
        Table { sets: empty(sets), refused: vec![0; sets].into(), most, hand: 0 }
    }

    /// Whether what is found under a hash is to be remembered: where there is a place or the table may grow, or
    /// the hash is known; else if it is the last that was refused there. What is read once so takes no place of
    /// what is read often, and whoever asks is spared the making of it.
    pub(crate) fn admits(&mut self, hash: u64) -> bool {
        let at = self.at(hash);
        let has_place = |way: &Option<Way<W>>| way.as_ref().is_none_or(|way| way.has(hash));
        // Other bits than those that lead to the set, as long as there are not more than 4096.
        let kept = (hash >> 32) as u32;
        self.sets.len() < self.most
            || self.sets[at].iter().any(has_place)
            || std::mem::replace(&mut self.refused[at], kept) == kept
    }

    /// What is remembered under a hash, if it `is` what is meant.
    #[inline]
    pub(crate) fn find(&mut self, hash: u64, is: impl Fn(&W) -> bool) -> Option<&mut W> {
        let (at, mut way) = (self.at(hash), first_way(hash));
        let first = self.sets[at][way].as_ref();
        let unused = match first {
            Some(first) if first.has(hash) && is(&first.kept) => first.hash & USED == 0,
            _ => {
                way = self.way_of(at, hash, is)?;
                self.sets[at][way].as_ref()?.hash & USED == 0
            }
        };
        let set = &mut self.sets[at];
        if unused {
            note_use(set, way);
        }
        set[way].as_mut().map(|way| &mut way.kept)
    }

    /// Remembers under a hash what `make` returns, which is given what stood in its place: the same by
    /// `is`, something dead, which is no loss, or something that has not been used lately.
    pub(crate) fn put(
        &mut self,
        hash: u64,
        is_dead: impl Fn(&W) -> bool,
        is: impl Fn(&W) -> bool,
        make: impl FnOnce(Option<W>) -> W,
    ) {
        let mut at = self.at(hash);
        let known = self.way_of(at, hash, &is).or_else(|| self.dead_way(at, &is_dead));
        let way = known.unwrap_or_else(|| {
            while self.sets.len() < self.most && self.would_split(at, hash) {
                self.grow();
                at = self.at(hash);
            }
            self.victim(at, hash)
        });
        let before = self.sets[at][way].take();
        self.set(at, way, hash, make(before.map(|way| way.kept)));
    }

    /// Whether all places of a set are taken, and in a larger table the hash would belong to another than one
    /// of them. Hashes that are alike, as by a key's poor code, do not make it grow.
    fn would_split(&self, at: usize, hash: u64) -> bool {
        let differs = |way: &Way<W>| (way.hash ^ hash) >> SET & (self.most as u64 - 1) != 0;
        let set = &self.sets[at];
        set.iter().all(Option::is_some) && set.iter().flatten().any(differs)
    }

    fn way_of(&self, at: usize, hash: u64, is: impl Fn(&W) -> bool) -> Option<usize> {
        let has = |way: &Way<W>| way.has(hash) && is(&way.kept);
        self.sets[at].iter().position(|way| way.as_ref().is_some_and(has))
    }

    fn dead_way(&self, at: usize, is_dead: impl Fn(&W) -> bool) -> Option<usize> {
        self.sets[at].iter().position(|way| way.as_ref().is_some_and(|way| is_dead(&way.kept)))
    }

    /// The place for another: its first one or another that is free or, if all are taken, one that has not
    /// been used lately.
    fn victim(&self, at: usize, hash: u64) -> usize {
        let (set, first) = (&self.sets[at], first_way(hash));
        if set[first].is_none() {
            return first;
        }
        let free = set.iter().position(Option::is_none);
        let is_unused = |way: &Option<Way<W>>| way.as_ref().is_some_and(|way| way.hash & USED == 0);
        free.or_else(|| set.iter().position(is_unused)).unwrap_or(first)
    }

    fn set(&mut self, at: usize, way: usize, hash: u64, kept: W) {
        let set = &mut self.sets[at];
        set[way] = Some(Way { hash: hash & !USED, kept });
        note_use(set, way);
    }

    /// Forgets what is remembered under a hash, and returns it.
    pub(crate) fn take(&mut self, hash: u64, is: impl Fn(&W) -> bool) -> Option<W> {
        let at = self.at(hash);
        let way = self.way_of(at, hash, is)?;
        self.sets[at][way].take().map(|way| way.kept)
    }

    /// Forgets what is dead of the next set. Returns it, and whether the table has been gone through.
    pub(crate) fn sweep_next(&mut self, is_dead: impl Fn(&W) -> bool) -> ([Option<W>; WAYS], bool) {
        let set = &mut self.sets[self.hand];
        let swept =
            set.each_mut().map(|way| way.take_if(|way| is_dead(&way.kept)).map(|way| way.kept));
        self.hand += 1;
        let is_through = self.hand == self.sets.len();
        if is_through {
            self.hand = 0;
        }
        (swept, is_through)
    }

    /// Forgets all that is dead, and returns it. O(places).
    pub(crate) fn sweep(&mut self, is_dead: impl Fn(&W) -> bool) -> Vec<W> {
        let ways = self.sets.as_flattened_mut().iter_mut();
        ways.filter_map(|way| way.take_if(|way| is_dead(&way.kept)).map(|way| way.kept)).collect()
    }

    fn at(&self, hash: u64) -> usize {
        // A power of two of sets. The low bits find the key's row.
        (hash >> SET) as usize & (self.sets.len() - 1)
    }

    #[cold]
    fn grow(&mut self) {
        let larger = empty((self.sets.len() * 4).min(self.most));
        self.refused = vec![0; larger.len()].into();
        self.hand = 0;
        for set in std::mem::replace(&mut self.sets, larger) {
            for Way { hash, kept } in set.into_iter().flatten() {
                // Those of one set before are those of several: each finds a free place.
                let at = self.at(hash);
                self.set(at, self.victim(at, hash), hash, kept);
            }
        }
    }
}

fn empty<W>(sets: usize) -> Box<[Set<W>]> {
    std::iter::repeat_with(|| [const { None }; WAYS]).take(sets).collect()
}

impl<W> Drop for Table<W> {
    /// Contained: it drops what is its user's, at the end of a thread too.
    fn drop(&mut self) {
        let sets = std::mem::take(&mut self.sets);
        shielded(|| drop_each(sets.into_iter().flatten().flatten()));
    }
}

#[cfg(all(test, not(kairos_loom)))]
pub(super) mod tests;
