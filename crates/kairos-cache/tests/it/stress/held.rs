// Values that know whether they are whole and count their drops, and guards of them that outlive what they may.
// Never knows: who reads, or what ends a value.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kairos_cache::{Cache, Guard};

/// How many values there have been, and what became of them.
#[derive(Default)]
pub(super) struct Ledger {
    made: AtomicU64,
    dropped: AtomicU64,
    /// Found broken where nothing may panic.
    broken: AtomicU64,
}

impl Ledger {
    pub(super) fn check_that_all_are_dropped_once(&self) {
        // Relaxed, all: whoever counted has been joined.
        assert_eq!(self.broken.load(Ordering::Relaxed), 0, "a value that was dropped before");
        let (made, dropped) = (&self.made, &self.dropped);
        assert_eq!(made.load(Ordering::Relaxed), dropped.load(Ordering::Relaxed));
        assert!(made.load(Ordering::Relaxed) > 0);
    }

    fn find_broken(&self) {
        self.broken.fetch_add(1, Ordering::Relaxed); // Relaxed: as above.
    }
}

/// A version of a key, with a sum over both that its drop spoils.
pub(super) struct Priced {
    key: u64,
    version: u64,
    sum: AtomicU64,
    ledger: Arc<Ledger>,
}

fn sum(key: u64, version: u64) -> u64 {
    (key + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (version + 1).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

impl Priced {
    pub(super) fn new(key: u64, version: u64, ledger: &Arc<Ledger>) -> Priced {
        ledger.made.fetch_add(1, Ordering::Relaxed); // Relaxed: a count.
        Priced { key, version, sum: AtomicU64::new(sum(key, version)), ledger: Arc::clone(ledger) }
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Whether it is the key's, and has not been dropped.
    fn is_whole(&self, key: u64) -> bool {
        // Relaxed: a sanitizer is not to be told of an order that the cache does not make.
        self.key == key && self.sum.load(Ordering::Relaxed) == sum(key, self.version)
    }

    pub(super) fn check(&self, key: u64) {
        assert!(self.is_whole(key), "{} {} for {key}", self.key, self.version);
    }
}

impl Drop for Priced {
    fn drop(&mut self) {
        if !self.is_whole(self.key) {
            self.ledger.find_broken();
        }
        // Relaxed, both: as in `is_whole`; a count.
        self.sum.fetch_xor(u64::MAX, Ordering::Relaxed);
        self.ledger.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// A guard, and what it held when it was got.
pub(super) struct Held {
    key: u64,
    version: u64,
    guard: Guard<Priced>,
}

impl Held {
    pub(super) fn new(key: u64, guard: Guard<Priced>) -> Held {
        Held { key, version: guard.version, guard }
    }

    fn is_whole(&self) -> bool {
        self.guard.is_whole(self.key) && self.guard.version == self.version
    }

    pub(super) fn check(&self) {
        assert!(self.is_whole(), "{} became {}", self.version, self.guard.version);
    }
}

/// What a thread leaves to its end.
pub(super) struct Rest {
    held: Vec<Held>,
    ledger: Arc<Ledger>,
    /// Read once more at the end.
    cache: Option<Cache<u64, Priced>>,
}

impl Rest {
    pub(super) fn of(ledger: &Arc<Ledger>, cache: Option<&Cache<u64, Priced>>) -> Rest {
        Rest { held: Vec::new(), ledger: Arc::clone(ledger), cache: cache.cloned() }
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        for held in self.held.drain(..) {
            // A panic here would end the process.
            let read = self.cache.as_ref().and_then(|cache| cache.get(&held.key));
            if !held.is_whole() || read.is_some_and(|read| !read.is_whole(held.key)) {
                self.ledger.find_broken();
            }
        }
    }
}

thread_local! {
    /// Used before the cache is: dropped after the tables of the thread.
    static EARLY: RefCell<Option<Rest>> = const { RefCell::new(None) };
    /// Used after the cache was: dropped before them.
    static LATE: RefCell<Option<Rest>> = const { RefCell::new(None) };
}

/// Has what is left early registered before the calling thread uses a cache.
pub(super) fn rest_early(rest: Rest) {
    EARLY.set(Some(rest));
}

/// Leaves guards to the end of the calling thread, one half to either side of its tables.
pub(super) fn leave(held: Vec<Held>, ledger: &Arc<Ledger>, cache: Option<&Cache<u64, Priced>>) {
    let mut rests = [Rest::of(ledger, cache), Rest::of(ledger, cache)];
    for (number, held) in held.into_iter().enumerate() {
        rests[number % 2].held.push(held);
    }
    let [early, late] = rests;
    EARLY.set(Some(early));
    LATE.set(Some(late));
}
