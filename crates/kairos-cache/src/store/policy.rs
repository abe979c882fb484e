// Reads that moka is told of later, so that it ranks by them: no read runs moka's housekeeping.
// Never knows: what was read, or why.
// Read next: `mod.rs`, whose rows these are.
//
// Reads fill a bounded queue, the rounds of upkeep empty it: what nothing is put in for evicts nothing, and
// ranks nothing that matters. When the queue is full reads are not told of, as in the read buffers of Caffeine
// (Manes, 2015): who is read so often is in the queue already.
//
// moka puts what it is told in a log, and evicts when the log is long enough. What has been read and not been
// told of by then it takes for unread. So a round tells of the newest alone, fewer than make moka evict, and
// asks it to rank behind that, about as often as it would by itself.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crossbeam_queue::ArrayQueue;
use equivalent::Equivalent;

use super::key::{Name, Stored};
use crate::sync::{AtomicU64, Ordering};

/// At most so many reads wait to be told.
const MOST: usize = 512;

/// Reads that moka has not been told of.
pub(super) struct Touched<K, E> {
    queue: ArrayQueue<Read<K, E>>,
    /// Of what key nothing was found last, by its hash.
    missed: AtomicU64,
}

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
        Touched { queue: ArrayQueue::new(MOST), missed: AtomicU64::new(0) }
    }

    /// Notes a read. A few loads where the queue is full, else one exchange.
    #[inline]
    pub(super) fn note(&self, read: impl FnOnce() -> Read<K, E>) {
        if !self.queue.is_full() {
            // Filled meanwhile, it is not told.
            let _told = self.queue.push(read());
        }
    }

    /// Notes that nothing was found of a key of this hash. Whoever asks again at once, as by a `get` and
    /// then by a read that computes, asks once.
    pub(super) fn note_miss(&self, hash: u64) {
        // Relaxed, both: which of two threads is taken for one that asks again harms nothing.
        if self.missed.load(Ordering::Relaxed) != hash {
            self.missed.store(hash, Ordering::Relaxed);
            self.note(|| Read::Miss(hash));
        }
    }

    /// Notes that a row was put in: its key was asked for, and may be missed anew.
    pub(super) fn note_put(&self) {
        self.missed.store(0, Ordering::Relaxed); // Relaxed: as in `note_miss`.
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many wait to be told.
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Tells `whom` of the newest reads, at most so many.
    pub(super) fn tell(&self, most: usize, mut whom: impl FnMut(Read<K, E>)) {
        let waiting = self.queue.len();
        (most..waiting).for_each(|_| drop(self.queue.pop()));
        for _ in 0..most.min(waiting) {
            let Some(read) = self.queue.pop() else { return };
            whom(read);
        }
    }
}
