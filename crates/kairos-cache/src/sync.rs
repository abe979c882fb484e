// The synchronisation primitives of this crate: std's, or loom's when the models run; for a thread
// sanitizer, locks that leave nothing to code of std which it cannot see.
// Never knows: what is built from them.
// Read next: `truth/generation.rs`, the first protocol made of them.

#![expect(clippy::disallowed_types, reason = "this is the shim")]

#[cfg(kairos_loom)]
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
#[cfg(not(kairos_loom))]
pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

// For statics, of which no model can have a new one: loom's atomics are made anew for each run.
pub(crate) use std::sync::atomic::AtomicU64 as StaticU64;

#[cfg(kairos_loom)]
use loom::sync as imp;
#[cfg(not(kairos_loom))]
use std::sync as imp;

pub(crate) use imp::MutexGuard;

/// A mutex whose `lock` ignores poison: no invariant of this crate is broken by an unwinding
/// holder. The only user code that runs under a lock that guards more than one step is a key's own,
/// and that is contained, or called before anything has changed.
#[derive(Debug)]
pub(crate) struct Mutex<T>(imp::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Mutex<T> {
        Mutex(imp::Mutex::new(value))
    }

    /// The lock, waited for where the sanitizer looks: std's slow way is compiled without it.
    #[cfg(kairos_tsan)]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        use std::sync::TryLockError::{Poisoned, WouldBlock};
        loop {
            match self.0.try_lock() {
                Ok(guard) => return guard,
                Err(Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(WouldBlock) => std::thread::yield_now(),
            }
        }
    }

    /// The lock, if it is free right now.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        use std::sync::TryLockError::{Poisoned, WouldBlock};
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(WouldBlock) => None,
        }
    }

    #[cfg(not(kairos_tsan))]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Where a spinning reader lets the others run.
pub(crate) fn pause() {
    #[cfg(kairos_loom)]
    loom::thread::yield_now();
    #[cfg(not(kairos_loom))]
    std::hint::spin_loop();
}
