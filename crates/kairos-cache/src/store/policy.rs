// Reads that moka is told of later, so that it ranks by them: no read runs moka's housekeeping.
// Never knows: what was read, or why.
// Read next: `mod.rs`, whose rows these are.
//
// Reads fill a bounded queue, writes empty it: what nothing is put in for evicts nothing, and ranks nothing
// that matters. When the queue is full reads are not told of, as in the read buffers of Caffeine (Manes,
// 2015): who is read so often is in the queue already.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crossbeam_queue::ArrayQueue;
use equivalent::Equivalent;

use super::key::{Itself, Name};
use super::{SharedRow, Store};
use crate::truth::Row;

/// At most so many reads wait to be told.
const MOST: usize = 512;

/// Reads that moka has not been told of.
pub(super) struct Touched<K, E>(ArrayQueue<Read<K, E>>);

/// A read that moka has not been told of.
enum Read<K, E> {
    Hit(SharedRow<K, E>),
    /// Of a key of this hash, which was not there: a newcomer is let in by how often it was asked for.
    Miss(u64),
}

/// No key, of this hash.
struct Missed(u64);

impl Hash for Missed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

impl<K, E> Equivalent<Name<K, E>> for Missed {
    fn equivalent(&self, _: &Name<K, E>) -> bool {
        false
    }
}

impl<K, E> Touched<K, E> {
    pub(super) fn new() -> Touched<K, E> {
        Touched(ArrayQueue::new(MOST))
    }
}

impl<K, E> Store<K, E>
where
    K: Hash + Eq + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Notes a read of a row. A few loads where the queue is full, else one exchange.
    pub(crate) fn touch(&self, row: &SharedRow<K, E>) {
        if !self.touched.0.is_full() {
            // Filled meanwhile, it is not told.
            let _told = self.touched.0.push(Read::Hit(Arc::clone(row)));
        }
    }

    /// Notes a read that found no row.
    pub(crate) fn miss(&self, hash: u64) {
        let _told = self.touched.0.push(Read::Miss(hash));
    }

    /// Tells moka of at most so many reads. Not to be called by a read.
    pub(crate) fn tell_touched(&self, most: usize) {
        for _ in 0..most.min(MOST) {
            let Some(read) = self.touched.0.pop() else { return };
            let table = &self.tables.load().current;
            match read {
                Read::Hit(row) if row.slot().is_dead() => {}
                Read::Hit(row) => _ = table.get(&Itself(&row)),
                Read::Miss(hash) => _ = table.get(&Missed(hash)),
            }
        }
    }
}
