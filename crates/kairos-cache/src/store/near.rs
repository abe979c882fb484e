// What a thread remembers of a cache: a small table in front of the store, which its thread alone reads and writes.
// Never knows: what is remembered, or whether it still counts.
// Read next: `../engine/read/near.rs`, which serves reads from it.
// Why: `docs/decisions/0021-each-thread-remembers-what-it-was-served.md`.

use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::{Arc, Weak};

use crate::contain::{drop_each, shielded};
use crate::sync::{Ordering, StaticU64};

/// A key's hash allows for this many places.
const WAYS: usize = 4;

/// A table begins with this many sets of places, and is made four times as large when it is crowded.
const FIRST: usize = 8;

thread_local! {
    /// The tables of this thread, the last one used in front.
    static TABLES: RefCell<Vec<Row>> = const { RefCell::new(Vec::new()) };
}

/// A thread's table of one cache.
struct Row {
    cache: u64,
    is_there: Weak<()>,
    /// A `Table` of what the cache remembers.
    table: Box<dyn Any>,
}

/// The name of one cache's tables, of which each thread that reads it has one.
///
/// A table outlives the cache: nothing can be taken from a thread but by itself. It goes when its thread
/// ends, comes by the next sweep of its own tables, or uses a cache for the first time.
pub(crate) struct Near<W> {
    cache: u64,
    is_there: Arc<()>,
    /// At most this many sets; none where nothing is to be remembered.
    most: usize,
    _of: PhantomData<fn() -> W>,
}

/// Each cache has another number.
static CACHES: StaticU64 = StaticU64::new(0);

impl<W: 'static> Near<W> {
    /// Tables of about this many places.
    pub(crate) fn new(places: usize) -> Near<W> {
        // Relaxed: a number that no other cache has.
        let cache = CACHES.fetch_add(1, Ordering::Relaxed);
        let sets = places.div_ceil(WAYS);
        let most = if sets == 0 { 0 } else { sets.next_power_of_two() };
        Near { cache, is_there: Arc::new(()), most, _of: PhantomData }
    }

    /// Whether threads remember anything.
    pub(crate) fn is_on(&self) -> bool {
        self.most > 0
    }

    /// Calls `ask` with the calling thread's table; not while the thread is in such a call already, as
    /// by a key's own code, nor at its very end.
    #[inline]
    pub(crate) fn with<T>(&self, ask: impl FnOnce(&mut Table<W>) -> T) -> Option<T> {
        if self.most == 0 {
            return None;
        }
        TABLES
            .try_with(|tables| {
                let mut tables = tables.try_borrow_mut().ok()?;
                if tables.first().is_none_or(|first| first.cache != self.cache) {
                    self.bring_to_front(&mut tables)?;
                }
                let table = tables.first_mut()?.table.downcast_mut()?;
                Some(ask(table))
            })
            .ok()?
    }

    #[cold]
    fn bring_to_front(&self, tables: &mut [Row]) -> Option<()> {
        let at = tables.iter().position(|row| row.cache == self.cache)?;
        tables.swap(0, at);
        Some(())
    }

    /// Gives the calling thread a table, unless it has one. What a cache that is gone has left is dropped.
    #[cold]
    pub(crate) fn open(&self) {
        if self.most == 0 {
            return;
        }
        forget(|row| row.is_there.strong_count() == 0);
        let _ending = TABLES.try_with(|tables| {
            let Ok(mut tables) = tables.try_borrow_mut() else { return };
            if tables.iter().any(|row| row.cache == self.cache) {
                return;
            }
            let (cache, is_there) = (self.cache, Arc::downgrade(&self.is_there));
            tables.push(Row { cache, is_there, table: Box::new(Table::<W>::new(self.most)) });
        });
    }
}

impl<W> Drop for Near<W> {
    /// What the calling thread remembers goes with the cache; other threads' when they come by.
    fn drop(&mut self) {
        forget(|row| row.cache == self.cache);
    }
}

/// Drops tables of the calling thread.
fn forget(goes: impl Fn(&Row) -> bool) {
    let gone: Option<Vec<Row>> = TABLES
        .try_with(|tables| {
            let mut tables = tables.try_borrow_mut().ok()?;
            tables.iter().any(&goes).then(|| tables.extract_if(.., |row| goes(row)).collect())
        })
        .unwrap_or(None);
    // After the borrow: what is dropped may be its user's code.
    drop(gone);
}

/// Forgets what caches that are gone have left with the calling thread.
pub(crate) fn forget_gone() {
    forget(|row| row.is_there.strong_count() == 0);
}

/// What one thread remembers of one cache: sets of a few places, each for the hashes that lead to it.
pub(crate) struct Table<W> {
    sets: Box<[Set<W>]>,
    /// For each set the last hash, as far as it is kept, that was not let in.
    refused: Box<[u32]>,
    most: usize,
    /// The set that is swept next.
    hand: usize,
}

type Set<W> = [Option<Way<W>>; WAYS];

/// Something that is remembered, on a cache line of its own if it is not larger.
#[repr(align(64))]
struct Way<W> {
    /// The lowest bit is not the hash's: the place has been used since all of the set were, so that another
    /// one is given up.
    hash: u64,
    kept: W,
}

const USED: u64 = 1;

impl<W> Way<W> {
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
    fn new(most: usize) -> Table<W> {
        let sets = FIRST.min(most);
        Table { sets: empty(sets), refused: vec![0; sets].into(), most, hand: 0 }
    }

    /// Whether what is found under a hash is to be remembered: where there is a place, or the hash is known;
    /// else if it is the last that was refused there. What is read once so takes no place of what is read
    /// often, nor has the table grow; and whoever asks is spared the making of it.
    pub(crate) fn admits(&mut self, hash: u64) -> bool {
        let at = self.at(hash);
        let has_place = |way: &Option<Way<W>>| way.as_ref().is_none_or(|way| way.has(hash));
        // Other bits than those that lead to the set, as long as there are not more than 4096.
        let kept = (hash >> 32) as u32;
        self.sets[at].iter().any(has_place)
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
            while self.sets.len() < self.most && self.sets[at].iter().all(Option::is_some) {
                self.grow();
                at = self.at(hash);
            }
            self.victim(at, hash)
        });
        let before = self.sets[at][way].take();
        self.set(at, way, hash, make(before.map(|way| way.kept)));
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
        (hash >> 20) as usize & (self.sets.len() - 1)
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
mod tests;
