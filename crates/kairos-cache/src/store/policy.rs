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

use super::key::{Name, Stored};

/// At most so many reads wait to be told.
const MOST: usize = 512;

/// Reads that moka has not been told of.
pub(super) struct Touched<K, E>(ArrayQueue<Read<K, E>>);

/// A read that moka has not been told of.
pub(super) enum Read<K, E> {
    Hit(Arc<Stored<K, E>>),
    /// Of a key of this hash, which was not there: a newcomer is let in by how often it was asked for.
    Miss(u64),
}

/// No key, of this hash.
pub(super) struct Missed(pub(super) u64);

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

    /// Notes a read. A few loads where the queue is full, else one exchange.
    #[inline]
    pub(super) fn note(&self, read: impl FnOnce() -> Read<K, E>) {
        if !self.0.is_full() {
            // Filled meanwhile, it is not told.
            let _told = self.0.push(read());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells `whom` of at most so many reads.
    pub(super) fn tell(&self, most: usize, mut whom: impl FnMut(Read<K, E>)) {
        for _ in 0..most.min(MOST) {
            let Some(read) = self.0.pop() else { return };
            whom(read);
        }
    }
}
