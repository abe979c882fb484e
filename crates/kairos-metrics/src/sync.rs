// The synchronisation primitives of this crate: std's, loom's when the models run, and for a thread
// sanitizer those that leave nothing to code of std, which it cannot see.
// Never knows: what is built from them. It is the only file that names std's atomics or loom.
// Read next: `shard/cell.rs`, the single-writer cell made of one atomic.

#![expect(clippy::disallowed_types, reason = "this is the shim")]

#[cfg(kairos_loom)]
use loom::sync as imp;
#[cfg(not(kairos_loom))]
use std::sync as imp;

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// A reference count that loom sees, where a protocol leans on what its last drop orders.
pub(crate) use imp::Arc as Shared;
pub(crate) use imp::RwLockReadGuard;
pub(crate) use imp::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};

/// A function that makes atomics: const, but under loom, whose atomics are made at run time.
macro_rules! const_where_atomics_are {
    ($(#[$attr:meta])* $vis:vis fn $name:ident($($arg:ident: $of:ty)?) -> $made:ty $body:block) => {
        #[cfg(not(kairos_loom))]
        $(#[$attr])* $vis const fn $name($($arg: $of)?) -> $made $body
        #[cfg(kairos_loom)]
        $(#[$attr])* $vis fn $name($($arg: $of)?) -> $made $body
    };
}

/// A thread-local without a destructor: const-initialised, so that an access is one offset from
/// the thread pointer. (loom has no const form.)
macro_rules! thread_cell {
    ($(#[$attr:meta])* static $name:ident: $type:ty = $init:expr;) => {
        #[cfg(not(kairos_loom))]
        std::thread_local! { $(#[$attr])* static $name: $type = const { $init }; }
        #[cfg(kairos_loom)]
        loom::thread_local! { $(#[$attr])* static $name: $type = $init; }
    };
}

/// The mark of a thread that has a lock of this crate, or makes what others would wait for.
///
/// An allocator may count while its thread is within such a section. What it calls then must wait
/// for nothing that the thread itself may have: it asks [`is_marked`] first. Readers of a [`RwLock`]
/// are not marked, as no reader of this crate allocates or frees.
#[derive(Debug)]
pub(crate) struct Mark(PhantomData<*const ()>);

#[cfg(not(kairos_loom))]
thread_cell! {
    /// How many marks this thread has.
    static MARKS: Cell<u32> = Cell::new(0);
}

#[cfg(not(kairos_loom))]
impl Mark {
    fn new() -> Mark {
        MARKS.with(|marks| marks.set(marks.get() + 1));
        Mark(PhantomData)
    }
}

#[cfg(not(kairos_loom))]
impl Drop for Mark {
    fn drop(&mut self) {
        MARKS.with(|marks| marks.set(marks.get() - 1));
    }
}

/// Without thread-locals: no allocator counts in a model.
#[cfg(kairos_loom)]
impl Mark {
    fn new() -> Mark {
        Mark(PhantomData)
    }
}

/// Whether this thread is within a section that is marked.
pub(crate) fn is_marked() -> bool {
    #[cfg(not(kairos_loom))]
    return MARKS.with(Cell::get) > 0;
    #[cfg(kairos_loom)]
    return false;
}

/// Runs `work` as a section that is marked.
pub(crate) fn marked<R>(work: impl FnOnce() -> R) -> R {
    let _mark = Mark::new();
    work()
}

/// What a lock guards, for the thread that has it, which is marked for as long.
#[derive(Debug)]
pub(crate) struct Guarded<G> {
    // In this order: the mark goes after the lock.
    guard: G,
    _mark: Mark,
}

pub(crate) type MutexGuard<'a, T> = Guarded<imp::MutexGuard<'a, T>>;
pub(crate) type RwLockWriteGuard<'a, T> = Guarded<imp::RwLockWriteGuard<'a, T>>;

impl<G> Guarded<G> {
    fn marked(lock: impl FnOnce() -> G) -> Guarded<G> {
        let mark = Mark::new();
        Guarded { guard: lock(), _mark: mark }
    }
}

impl<G: Deref> Deref for Guarded<G> {
    type Target = G::Target;

    fn deref(&self) -> &G::Target {
        &self.guard
    }
}

impl<G: DerefMut> DerefMut for Guarded<G> {
    fn deref_mut(&mut self) -> &mut G::Target {
        &mut self.guard
    }
}

/// A mutex whose locks ignore poison: user code never runs under a lock of this crate, and each
/// critical section leaves the data whole at every step that can unwind.
#[derive(Debug)]
pub(crate) struct Mutex<T>(imp::Mutex<T>);

impl<T> Mutex<T> {
    const_where_atomics_are! {
        pub(crate) fn new(value: T) -> Mutex<T> {
            Mutex(imp::Mutex::new(value))
        }
    }

    /// The lock, waited for where the sanitizer looks: std's slow way is compiled without it.
    #[cfg(kairos_tsan)]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        loop {
            if let Some(guard) = self.try_lock() {
                return guard;
            }
            std::thread::yield_now();
        }
    }

    #[cfg(not(kairos_tsan))]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        Guarded::marked(|| self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// The lock if nobody holds it, this thread included.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let mark = Mark::new();
        let guard = match self.0.try_lock() {
            Ok(guard) => guard,
            Err(std::sync::TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(std::sync::TryLockError::WouldBlock) => return None,
        };
        Some(Guarded { guard, _mark: mark })
    }
}

/// A lock that readers share; like [`Mutex`] in all else.
#[derive(Debug)]
pub(crate) struct RwLock<T>(imp::RwLock<T>);

impl<T> RwLock<T> {
    pub(crate) fn new(value: T) -> RwLock<T> {
        RwLock(imp::RwLock::new(value))
    }

    #[cfg(kairos_tsan)]
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
        loop {
            match self.0.try_read() {
                Ok(guard) => return guard,
                Err(std::sync::TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(std::sync::TryLockError::WouldBlock) => std::thread::yield_now(),
            }
        }
    }

    #[cfg(kairos_tsan)]
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
        Guarded::marked(|| {
            loop {
                match self.0.try_write() {
                    Ok(guard) => return guard,
                    Err(std::sync::TryLockError::Poisoned(poison)) => return poison.into_inner(),
                    Err(std::sync::TryLockError::WouldBlock) => std::thread::yield_now(),
                }
            }
        })
    }

    #[cfg(not(kairos_tsan))]
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    #[cfg(not(kairos_tsan))]
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
        Guarded::marked(|| self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// A place that is written once and read without a lock from then on.
#[cfg(not(any(kairos_loom, kairos_tsan)))]
#[derive(Debug)]
pub(crate) struct OnceSlot<T>(imp::OnceLock<T>);

#[cfg(not(any(kairos_loom, kairos_tsan)))]
impl<T: Copy> OnceSlot<T> {
    pub(crate) const fn new() -> OnceSlot<T> {
        OnceSlot(imp::OnceLock::new())
    }

    /// The value, if it has been set; costs one Acquire load.
    #[inline]
    pub(crate) fn get(&self) -> Option<T> {
        self.0.get().copied()
    }

    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> T {
        self.get().unwrap_or_else(|| marked(|| *self.0.get_or_init(make)))
    }
}

/// The same where `OnceLock` is opaque to loom or to the sanitizer: its publication is spelt out with
/// a flag that they see, and the value rides along unseen.
#[cfg(any(kairos_loom, kairos_tsan))]
#[derive(Debug)]
pub(crate) struct OnceSlot<T> {
    ready: imp::atomic::AtomicBool,
    initialising: Mutex<()>,
    value: std::sync::OnceLock<T>,
}

#[cfg(any(kairos_loom, kairos_tsan))]
impl<T: Copy> OnceSlot<T> {
    const_where_atomics_are! {
        pub(crate) fn new() -> OnceSlot<T> {
            OnceSlot {
                ready: imp::atomic::AtomicBool::new(false),
                initialising: Mutex::new(()),
                value: std::sync::OnceLock::new(),
            }
        }
    }

    pub(crate) fn get(&self) -> Option<T> {
        // Acquire: what was built before `ready` is visible after it; pairs with the Release in
        // `get_or_init`, as in std's OnceLock. Model: every model that grows a shard.
        if self.ready.load(Ordering::Acquire) { self.value.get().copied() } else { None }
    }

    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> T {
        if let Some(value) = self.get() {
            return value;
        }
        let _alone = self.initialising.lock();
        let value = *self.value.get_or_init(make);
        // Release: publishes the value; pairs with the Acquire in `get`.
        self.ready.store(true, Ordering::Release);
        value
    }
}

/// `LazyLock` for the sanitizer.
#[cfg(kairos_tsan)]
pub(crate) struct Lazy<T: 'static> {
    slot: OnceSlot<&'static T>,
    make: fn() -> T,
}

#[cfg(kairos_tsan)]
impl<T> Lazy<T> {
    pub(crate) const fn new(make: fn() -> T) -> Lazy<T> {
        Lazy { slot: OnceSlot::new(), make }
    }
}

#[cfg(kairos_tsan)]
impl<T> std::ops::Deref for Lazy<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.slot.get_or_init(|| Box::leak(Box::new((self.make)())))
    }
}

/// A process-wide value made on first use; under loom, one for each explored execution.
macro_rules! process_static {
    ($(#[$attr:meta])* static $name:ident: $type:ty = $init:expr;) => {
        #[cfg(not(any(kairos_loom, kairos_tsan)))]
        $(#[$attr])* static $name: std::sync::LazyLock<$type> =
            std::sync::LazyLock::new(|| crate::sync::marked(|| $init));
        #[cfg(kairos_tsan)]
        $(#[$attr])* static $name: crate::sync::Lazy<$type> = crate::sync::Lazy::new(|| $init);
        #[cfg(kairos_loom)]
        loom::lazy_static! { $(#[$attr])* static ref $name: $type = $init; }
    };
}

pub(crate) use {const_where_atomics_are, process_static, thread_cell};
