// What lies outside of the cache: the value that computes read, and a word by which threads take turns.
// Never knows: the cache.

use loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What computes read and what feeds change before they invalidate. Never orders anything.
pub(crate) struct Source {
    value: AtomicU64,
    /// How many computes of the key are under way.
    running: AtomicUsize,
    /// How many have begun.
    begun: AtomicUsize,
}

impl Source {
    pub(crate) fn new() -> Source {
        Source {
            value: AtomicU64::new(0),
            running: AtomicUsize::new(0),
            begun: AtomicUsize::new(0),
        }
    }

    pub(crate) fn read(&self) -> u64 {
        // Relaxed: the cache must carry the order, the source does not.
        self.value.load(Ordering::Relaxed)
    }

    pub(crate) fn write(&self, value: u64) {
        self.value.store(value, Ordering::Relaxed); // Relaxed: as in `read`.
    }

    /// The same as `read`, by a compute that runs alone.
    pub(crate) fn compute(&self) -> u64 {
        // Relaxed: an exchange on one word counts exactly; it must order nothing.
        assert_eq!(self.running.fetch_add(1, Ordering::Relaxed), 0, "two computes at once");
        self.begun.fetch_add(1, Ordering::Relaxed); // Relaxed: as above.
        let value = self.read();
        self.running.fetch_sub(1, Ordering::Relaxed); // Relaxed: as above.
        value
    }

    /// How many computes have begun.
    pub(crate) fn computes(&self) -> usize {
        self.begun.load(Ordering::Relaxed) // Relaxed: as in `read`.
    }
}

/// Something that every thread of a model does before its part, so that loom tries each first.
///
/// loom looks for another order only where a thread's access depends on the last one to the same
/// word. A thread that looks at a word before it writes to it hides an earlier look of another.
pub(crate) struct Turn(AtomicU64);

impl Turn {
    pub(crate) fn new() -> Turn {
        Turn(AtomicU64::new(0))
    }

    pub(crate) fn take(&self) {
        self.0.fetch_add(1, Ordering::Relaxed); // Relaxed: it must order nothing.
    }
}
