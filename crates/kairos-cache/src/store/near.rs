// The tables of each thread, one for each cache that it reads: how a thread comes by one, and when it goes.
// Never knows: what is remembered, or whether it still counts.
// Read next: `../engine/read/near.rs`, which serves reads from it.
// Why: `docs/decisions/0021-each-thread-remembers-what-it-was-served.md`.

mod table;

use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::{Arc, Weak};

use crate::sync::{Ordering, StaticU64};

use table::{Table, WAYS};

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
    /// Takes that table to pieces.
    remains: fn(Box<dyn Any>) -> Remains,
}

/// What is remembered can be handed to another thread, to be dropped there.
pub(crate) trait IntoRest: 'static {
    /// What is left of it that is not shared within its thread.
    type Rest: Send + Sync + 'static;

    /// Gives up what is shared within the thread.
    fn into_rest(self) -> Self::Rest;
}

/// The rests of a table.
pub(crate) type Remains = Box<dyn Send + Sync>;

fn remains_of<W: IntoRest>(table: Box<dyn Any>) -> Remains {
    let table = table.downcast::<Table<W>>().ok();
    let sets = table.map(|mut table| std::mem::take(&mut table.sets)).unwrap_or_default();
    let ways = sets.into_iter().flatten().flatten();
    Box::new(ways.map(|way| way.into_kept().into_rest()).collect::<Vec<_>>())
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

impl<W: IntoRest> Near<W> {
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

    /// Gives the calling thread a table, unless it has one. Returns what caches that are gone have left.
    #[cold]
    #[must_use = "it is not for the caller of a read to drop"]
    pub(crate) fn open(&self) -> Vec<Remains> {
        if self.most == 0 {
            return Vec::new();
        }
        let gone = forget_gone();
        let _ending = TABLES.try_with(|tables| {
            let Ok(mut tables) = tables.try_borrow_mut() else { return };
            if tables.iter().any(|row| row.cache == self.cache) {
                return;
            }
            let (cache, is_there) = (self.cache, Arc::downgrade(&self.is_there));
            let table = Box::new(Table::<W>::new(self.most));
            tables.push(Row { cache, is_there, table, remains: remains_of::<W> });
        });
        gone
    }
}

impl<W> Drop for Near<W> {
    /// What the calling thread remembers goes with the cache; other threads' when they come by.
    fn drop(&mut self) {
        // After the borrow: what is dropped may be its user's code.
        drop(forget(|row| row.cache == self.cache));
    }
}

/// Takes tables from the calling thread.
fn forget(goes: impl Fn(&Row) -> bool) -> Vec<Row> {
    let gone: Option<Vec<Row>> = TABLES
        .try_with(|tables| {
            let mut tables = tables.try_borrow_mut().ok()?;
            tables.iter().any(&goes).then(|| tables.extract_if(.., |row| goes(row)).collect())
        })
        .unwrap_or(None);
    gone.unwrap_or_default()
}

/// Forgets what caches that are gone have left with the calling thread, and returns it.
#[must_use = "it is not for the caller of a read to drop"]
pub(crate) fn forget_gone() -> Vec<Remains> {
    let gone = forget(|row| row.is_there.strong_count() == 0);
    gone.into_iter().map(|row| (row.remains)(row.table)).collect()
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
