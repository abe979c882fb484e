// Reads that moka is told of later, so that it ranks by them: no read runs moka's housekeeping.
// Never knows: what was read, or why.
// Read next: `mod.rs`, whose rows these are.
//
// Reads fill a bounded queue, writes empty it: what nothing is put in for evicts nothing, and ranks nothing
// that matters. When the queue is full reads are not told of, as in the read buffers of Caffeine (Manes,
// 2015): who is read so often is in the queue already.
//
// moka puts what it is told in a log, and evicts when the log is long enough. What has been read and not been
// told of by then it takes for unread. So it is told of all that wait, of the newest alone if they are many,
// and is asked to rank and evict behind that as often as it would by itself: more often leaves newcomers less
// time to be read before they are judged, which cost up to 4.6 points of hit ratio on the recorded traces.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crossbeam_queue::ArrayQueue;
use equivalent::Equivalent;

use super::key::{Name, Stored};
use crate::sync::{AtomicU64, AtomicUsize, Ordering};

/// At most so many reads wait to be told.
const MOST: usize = 512;

/// moka ranks and evicts by itself when its log of reads is as long as this.
const LOG: usize = 64;

/// moka is told of at most so many reads before it is asked to rank by them: its log holds 384.
const TOLD: usize = 300;

/// Reads that moka has not been told of.
pub(super) struct Touched<K, E> {
    queue: ArrayQueue<Read<K, E>>,
    /// About how many moka has been told of since it went through its log.
    logged: AtomicUsize,
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
        Touched {
            queue: ArrayQueue::new(MOST),
            logged: AtomicUsize::new(0),
            missed: AtomicU64::new(0),
        }
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

    /// Tells `whom` of the newest reads.
    pub(super) fn tell(&self, mut whom: impl FnMut(Read<K, E>)) {
        // Relaxed: about how long the log is; nothing is published by it.
        let room = TOLD.saturating_sub(self.logged.load(Ordering::Relaxed));
        let waiting = self.queue.len();
        (room..waiting).for_each(|_| drop(self.queue.pop()));
        let told = room.min(waiting);
        self.logged.fetch_add(told, Ordering::Relaxed); // Relaxed: as above.
        for _ in 0..told {
            let Some(read) = self.queue.pop() else { return };
            whom(read);
        }
    }

    /// Whether moka is to go through its log.
    pub(super) fn is_log_long(&self) -> bool {
        self.logged.load(Ordering::Relaxed) >= LOG - 1 // Relaxed: as in `tell`.
    }

    /// moka is about to go through its log.
    pub(super) fn begin_log(&self) {
        self.logged.store(0, Ordering::Relaxed); // Relaxed: as in `tell`.
    }
}
