// What has left the cache under a lock, kept until it can be dropped under none.
// Never knows: what it keeps, or why it left.
// Read next: `mod.rs`, whose evictions end here.

use std::sync::Arc;

use crate::contain::{drop_each, shielded};
use crate::sync::{AtomicUsize, Mutex, Ordering};

/// Dropping a value runs code of its user, which may call the cache: never under a lock.
///
/// A write that may have displaced something releases it once it holds no lock. What another thread
/// has displaced meanwhile goes with it. A read drops nothing of others: what it finds displaced it
/// leaves to a task, or to the next write.
pub struct Displaced<T> {
    /// How many are kept.
    count: AtomicUsize,
    kept: Mutex<Vec<T>>,
    /// Called under no lock, after what has been kept was dropped.
    then: Arc<dyn Fn() + Send + Sync>,
}

impl<T> Displaced<T> {
    /// `then` is called under no lock whenever something has been released.
    pub fn new(then: Arc<dyn Fn() + Send + Sync>) -> Displaced<T> {
        Displaced { count: AtomicUsize::new(0), kept: Mutex::new(Vec::new()), then }
    }

    /// How many are kept. A hint: what is missed here the next read or write finds.
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed) // Relaxed: as above.
    }

    /// Keeps what must not be dropped here.
    pub fn keep(&self, displaced: T) {
        let mut kept = self.kept.lock();
        kept.push(displaced);
        self.count.store(kept.len(), Ordering::Relaxed); // Relaxed: as in `release`.
    }

    /// Drops what has been kept when it goes out of scope itself, after every lock taken since.
    pub(super) fn releasing(&self) -> Releasing<'_, T> {
        Releasing(self)
    }

    /// Drops what has been kept. To be called under no lock; one load if there is nothing.
    pub(super) fn release(&self) {
        // Relaxed: a thread sees what it has kept itself; what others have kept they release.
        if self.count() > 0 {
            self.release_all();
        }
    }

    /// Drops what anybody has kept before the call. To be called under no lock.
    pub fn release_all(&self) {
        let mut kept = self.kept.lock();
        let displaced = std::mem::take(&mut *kept);
        self.count.store(0, Ordering::Relaxed); // Relaxed: only holders of the lock write it.
        drop(kept);
        if !displaced.is_empty() {
            drop_each(displaced);
            shielded(|| (self.then)());
        }
    }
}

/// Releases what an operation displaces, at its end.
#[must_use = "dropped at once it releases nothing of what comes"]
pub struct Releasing<'a, T>(&'a Displaced<T>);

impl<T> Drop for Releasing<'_, T> {
    fn drop(&mut self) {
        self.0.release();
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use std::sync::Mutex as StdMutex;

    use super::*;

    /// Logs its drop, and does more if it is told to.
    struct Logged<'a>(u32, &'a StdMutex<Vec<u32>>, Option<&'a dyn Fn()>);

    impl Drop for Logged<'_> {
        fn drop(&mut self) {
            self.1.lock().expect("no panic").push(self.0);
            if let Some(more) = self.2 {
                more();
            }
        }
    }

    #[test]
    fn a_drop_that_panics_keeps_nothing_from_being_dropped() {
        let log = StdMutex::new(Vec::new());
        let panics = || panic!("a value's drop");
        let displaced = Displaced::new(Arc::new(|| {}));
        displaced.keep(Logged(1, &log, Some(&panics)));
        displaced.keep(Logged(2, &log, None));
        assert!(log.lock().expect("no panic").is_empty());
        displaced.release();
        displaced.release();
        assert_eq!(*log.lock().expect("no panic"), [1, 2]);
    }

    /// Displaces another as it is dropped, this many times.
    struct Again(Arc<Displaced<Again>>, u32);

    impl Drop for Again {
        fn drop(&mut self) {
            if let Some(left) = self.1.checked_sub(1) {
                self.0.keep(Again(Arc::clone(&self.0), left));
                self.0.release();
            }
        }
    }

    #[test]
    fn a_drop_may_displace_and_release() {
        let displaced = Arc::new(Displaced::new(Arc::new(|| {})));
        displaced.keep(Again(Arc::clone(&displaced), 3));
        displaced.release();
        assert_eq!(Arc::strong_count(&displaced), 1);
    }
}
