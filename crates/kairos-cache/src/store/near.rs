// What a thread remembers of a cache: a small table in front of the store, which its thread alone reads and writes.
// Never knows: what is remembered, or whether it still counts.
// Read next: `../engine/read/near.rs`, which serves reads from it.
// Why: `docs/decisions/0022-each-thread-remembers-what-it-was-served.md`.

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

/// What one thread remembers of one cache.
pub(crate) struct Table<W> {
    sets: Box<[Set<W>]>,
    most: usize,
    /// The set that is swept next.
    hand: usize,
}

struct Set<W> {
    hashes: [u64; WAYS],
    /// One bit for each place: used since all of them were, so that another one is given up.
    used: u8,
    kept: [Option<W>; WAYS],
}

impl<W> Set<W> {
    fn new() -> Set<W> {
        Set { hashes: [0; WAYS], used: 0, kept: [const { None }; WAYS] }
    }

    fn note_use(&mut self, way: usize) {
        const ALL: u8 = (1 << WAYS) - 1;
        self.used |= 1 << way;
        if self.used == ALL {
            self.used = 1 << way;
        }
    }

    /// The place for another: one that is free or, if all are taken, one that has not been used lately.
    fn victim(&self) -> usize {
        let free = self.kept.iter().position(Option::is_none);
        free.unwrap_or_else(|| (!self.used).trailing_zeros() as usize % WAYS)
    }
}

impl<W> Table<W> {
    fn new(most: usize) -> Table<W> {
        Table { sets: empty(FIRST.min(most)), most, hand: 0 }
    }

    /// What is remembered under a hash, if it `is` what is meant.
    #[inline]
    pub(crate) fn find(&mut self, hash: u64, is: impl Fn(&W) -> bool) -> Option<&mut W> {
        let at = self.at(hash);
        let set = &self.sets[at];
        // Which of them it is has no pattern: a branch for each would be mispredicted.
        let same = |way: usize| u32::from(set.hashes[way] == hash) << way;
        let ways = (0..WAYS).map(same).fold(0, std::ops::BitOr::bitor);
        if ways == 0 {
            return None;
        }
        let way = ways.trailing_zeros() as usize % WAYS;
        if !set.kept[way].as_ref().is_some_and(&is) {
            return self.find_other(at, hash, is);
        }
        let set = &mut self.sets[at];
        if set.used & 1 << way == 0 {
            set.note_use(way);
        }
        set.kept[way].as_mut()
    }

    /// The same where the first place with the hash is not meant.
    #[cold]
    fn find_other(&mut self, at: usize, hash: u64, is: impl Fn(&W) -> bool) -> Option<&mut W> {
        let way = self.way_of(at, hash, is)?;
        self.sets[at].kept[way].as_mut()
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
            while self.sets.len() < self.most && self.sets[at].kept.iter().all(Option::is_some) {
                self.grow();
                at = self.at(hash);
            }
            self.sets[at].victim()
        });
        let before = self.sets[at].kept[way].take();
        self.set(at, way, hash, make(before));
    }

    fn way_of(&self, at: usize, hash: u64, is: impl Fn(&W) -> bool) -> Option<usize> {
        let set = &self.sets[at];
        (0..WAYS).find(|way| set.hashes[*way] == hash && set.kept[*way].as_ref().is_some_and(&is))
    }

    fn dead_way(&self, at: usize, is_dead: impl Fn(&W) -> bool) -> Option<usize> {
        self.sets[at].kept.iter().position(|kept| kept.as_ref().is_some_and(&is_dead))
    }

    fn set(&mut self, at: usize, way: usize, hash: u64, kept: W) {
        let set = &mut self.sets[at];
        set.note_use(way);
        set.hashes[way] = hash;
        set.kept[way] = Some(kept);
    }

    /// Forgets what is remembered under a hash, and returns it.
    pub(crate) fn take(&mut self, hash: u64, is: impl Fn(&W) -> bool) -> Option<W> {
        let at = self.at(hash);
        let way = self.way_of(at, hash, is)?;
        self.sets[at].kept[way].take()
    }

    /// Forgets what is dead of the next set. Returns it, and whether the table has been gone through.
    pub(crate) fn sweep_next(&mut self, is_dead: impl Fn(&W) -> bool) -> ([Option<W>; WAYS], bool) {
        let set = &mut self.sets[self.hand];
        let swept = set.kept.each_mut().map(|kept| kept.take_if(|kept| is_dead(kept)));
        self.hand += 1;
        let is_through = self.hand == self.sets.len();
        if is_through {
            self.hand = 0;
        }
        (swept, is_through)
    }

    /// Forgets all that is dead, and returns it. O(places).
    pub(crate) fn sweep(&mut self, is_dead: impl Fn(&W) -> bool) -> Vec<W> {
        let kept = self.sets.iter_mut().flat_map(|set| &mut set.kept);
        kept.filter_map(|kept| kept.take_if(|kept| is_dead(kept))).collect()
    }

    fn at(&self, hash: u64) -> usize {
        // A power of two of sets. The low bits find the key's row.
        (hash >> 20) as usize & (self.sets.len() - 1)
    }

    #[cold]
    fn grow(&mut self) {
        let larger = empty((self.sets.len() * 4).min(self.most));
        let before = std::mem::replace(&mut self.sets, larger);
        self.hand = 0;
        for set in before {
            for (hash, kept) in set.hashes.into_iter().zip(set.kept) {
                let Some(kept) = kept else { continue };
                // Those of one set before are those of several.
                let at = self.at(hash);
                let way = self.sets[at].victim();
                self.set(at, way, hash, kept);
            }
        }
    }
}

fn empty<W>(sets: usize) -> Box<[Set<W>]> {
    std::iter::repeat_with(Set::new).take(sets).collect()
}

impl<W> Drop for Table<W> {
    /// Contained: it drops what is its user's, at the end of a thread too.
    fn drop(&mut self) {
        let sets = std::mem::take(&mut self.sets);
        shielded(|| drop_each(sets.into_iter().flat_map(|set| set.kept).flatten()));
    }
}
