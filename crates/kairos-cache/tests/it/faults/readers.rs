// What a read must not do for others: run the destructors of entries that were displaced.
// Never knows: the insides of the cache.
// Read next: `drops.rs`.

use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};
use std::pin::pin;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as Cx, RawWaker, RawWakerVTable, Waker};
use std::thread::{self, ThreadId};

use kairos_cache::{BoxFuture, Builder, Cache, Context, Key, Runtime, Sim, Task};

use crate::stage::{Failure, Running, SECOND, start};

/// Tells which thread has dropped it.
struct Dropped(Arc<Mutex<Vec<ThreadId>>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.lock().expect("no panic").push(thread::current().id());
    }
}

#[test]
fn a_reader_drops_nothing_that_others_displaced() {
    let dropped: Arc<Mutex<Vec<ThreadId>>> = Arc::default();
    let cache: Cache<u32, Dropped> = Cache::builder().max_capacity(10).build().expect("in range");
    for key in 0..300 {
        cache.insert(&key, &Context::none(), Dropped(Arc::clone(&dropped))).expect("plain");
    }
    let reads = cache.clone();
    let reader = thread::spawn(move || {
        for key in 0..2000 {
            let _hit = reads.get(&(key % 300));
            let _hit = reads.peek(&(key % 300));
        }
    });
    let id = reader.thread().id();
    reader.join().expect("no panic");
    let by_reader = dropped.lock().expect("no panic").iter().filter(|by| **by == id).count();
    assert_eq!(by_reader, 0);
    cache.run_pending_tasks();
}

thread_local! {
    /// The number of the read whose tasks run, unless a closure runs that may block.
    static READING: Cell<Option<u32>> = const { Cell::new(None) };
    /// What was dropped, by number, and the read that dropped it.
    static DROPS: RefCell<Vec<(u32, Option<u32>)>> = const { RefCell::new(Vec::new()) };
}

/// Tells which read has dropped it.
#[derive(Debug, Clone)]
struct Numbered(u32);

impl Drop for Numbered {
    fn drop(&mut self) {
        DROPS.with_borrow_mut(|drops| drops.push((self.0, READING.get())));
    }
}

/// The stage's executor, whose closures that may block run for no read.
struct Marking(Sim);

impl Runtime for Marking {
    fn spawn(&self, future: BoxFuture) -> Task {
        self.0.spawn(future)
    }

    fn spawn_timer(&self, future: BoxFuture) -> Task {
        self.0.spawn_timer(future)
    }

    fn sleep_until(&self, deadline: u64) -> BoxFuture {
        self.0.sleep_until(deadline)
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) -> Task {
        self.0.spawn_blocking(Box::new(move || {
            let reading = READING.take();
            work();
            READING.set(reading);
        }))
    }
}

struct Readers<K: Key, V: Send + Sync + 'static> {
    sim: Sim,
    cache: Cache<K, V>,
}

impl<K: Key, V: Send + Sync + 'static> Readers<K, V> {
    fn new(configure: impl FnOnce(Builder<K, V>) -> Builder<K, V>) -> Readers<K, V> {
        let sim = Sim::new(start());
        let builder = Cache::builder().clock(sim.clock()).runtime(Arc::new(Marking(sim.clone())));
        let cache = configure(builder).build().expect("in range");
        DROPS.take();
        Readers { sim, cache }
    }

    /// Runs a read of this number to its end, and whatever it has set off.
    fn read<T: Send + 'static>(
        &self,
        number: u32,
        read: impl Future<Output = T> + Send + 'static,
    ) -> T {
        READING.set(Some(number));
        let output = Running::start(&self.sim, read).take().expect("it has ended");
        READING.set(None);
        output
    }
}

/// No read has dropped what is of another number; of the first so many numbers all has been dropped.
fn no_read_has_dropped_of_others(all_of: u32) {
    let drops = DROPS.take();
    let others: Vec<_> =
        drops.iter().filter(|(of, by)| by.is_some_and(|reading| reading != *of)).collect();
    assert!(others.is_empty(), "what was dropped, by which read: {others:?}");
    let dropped = |number| drops.iter().any(|(of, by)| *of == number && by.is_none());
    assert!((0..all_of).all(dropped), "{drops:?}");
}

#[test]
fn a_miss_that_finds_the_tags_full_drops_nothing_of_others() {
    let readers = Readers::<u32, Numbered>::new(|builder| builder.max_tags(64));
    let context = |number: u32| Context::none().tag(&format!("tag {number}"));
    for number in 0..64 {
        assert!(readers.cache.insert(&number, &context(number), Numbered(number)).expect("plain"));
    }
    readers.cache.invalidate_all();
    for number in 100..160 {
        let cache = readers.cache.clone();
        let hit = readers.read(number, async move {
            let compute = move || async move { Ok::<_, Failure>(Numbered(number)) };
            cache.get_or_compute(&number, &context(number), compute).await
        });
        assert_eq!(hit.expect("a value").0, number);
    }
    no_read_has_dropped_of_others(64);
}

/// A key that remembers who drops it, and what it is equal to now.
#[derive(Debug, Clone)]
struct Changing {
    is: Arc<AtomicU32>,
    _told: Numbered,
}

impl Changing {
    fn new(number: u32) -> Changing {
        Changing { is: Arc::new(AtomicU32::new(number)), _told: Numbered(number) }
    }

    fn is(&self) -> u32 {
        self.is.load(Ordering::Relaxed) // Relaxed: one thread.
    }
}

impl Hash for Changing {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.is().hash(state);
    }
}

impl PartialEq for Changing {
    fn eq(&self, other: &Changing) -> bool {
        self.is() == other.is()
    }
}

impl Eq for Changing {}

#[test]
fn a_load_that_fails_drops_no_key_whose_failure_is_outdated() {
    let readers = Readers::<Changing, u32>::new(|builder| {
        let load = |_, _| async { Err::<u32, _>(Failure::other("down")) };
        builder.max_flights(64).throttle(SECOND).loader(load)
    });
    let fail = |number: u32| {
        let cache = readers.cache.clone();
        let read = async move { cache.read(&Changing::new(number), &Context::none()).await };
        assert!(readers.read(number, read).is_err());
    };
    (0..64).for_each(fail);
    readers.sim.advance_to(2 * SECOND);
    DROPS.take();
    (100..164).for_each(fail);
    no_read_has_dropped_of_others(64);
}

/// Its flight leaves a row that nobody finds; many of them are removed together.
#[test]
fn a_read_drops_no_key_that_has_changed_while_it_was_computed() {
    let readers = Readers::<Changing, u32>::new(|builder| builder.max_capacity(1_000));
    for number in 0..64 {
        let cache = readers.cache.clone();
        let read = async move {
            let key = Changing::new(number);
            let is = Arc::clone(&key.is);
            let compute = move || async move {
                is.store(number + 1_000, Ordering::Relaxed); // Relaxed: as in `is`.
                Ok::<_, Failure>(number)
            };
            cache.get_or_compute(&key, &Context::none(), compute).await.map(|hit| *hit)
        };
        assert_eq!(readers.read(number, read).ok(), Some(number));
    }
    no_read_has_dropped_of_others(32);
}

thread_local! {
    /// What a waker does as it is cloned.
    static AT_CLONE: RefCell<Option<Box<dyn FnMut()>>> = const { RefCell::new(None) };
}

/// A waker that calls its thread's [`AT_CLONE`] whenever it is cloned, and does nothing else.
#[expect(unsafe_code, reason = "only a waker by hand runs code as it is cloned")]
fn calls_back() -> Waker {
    fn clone(_: *const ()) -> RawWaker {
        let at_clone = AT_CLONE.take();
        if let Some(mut at_clone) = at_clone {
            at_clone();
            AT_CLONE.set(Some(at_clone));
        }
        RawWaker::new(ptr::null(), &TABLE)
    }
    fn nothing(_: *const ()) {}
    static TABLE: RawWakerVTable = RawWakerVTable::new(clone, nothing, nothing, nothing);
    // SAFETY: the functions keep the contract of a waker: there is no data that they could misuse.
    unsafe { Waker::new(ptr::null(), &TABLE) }
}

/// An executor's code runs under no lock that a read of the same key takes.
#[test]
fn a_waker_that_reads_the_same_key_as_it_is_cloned_does_not_hang() {
    let cache: Cache<u32, u32> = Cache::builder().build().expect("in range");
    let none = Context::none();
    let hang = || std::future::pending::<Result<u32, Failure>>();
    let clones = Arc::new(AtomicU32::new(0));
    let (inner, counted) = (cache.clone(), Arc::clone(&clones));
    AT_CLONE.set(Some(Box::new(move || {
        counted.fetch_add(1, Ordering::Relaxed); // Relaxed: one thread.
        let none = Context::none();
        let mut beside = pin!(inner.get_or_compute(&1, &none, hang));
        assert!(beside.as_mut().poll(&mut Cx::from_waker(Waker::noop())).is_pending());
        inner.expire(&1);
    })));
    let waker = calls_back();
    let mut read = pin!(cache.get_or_compute(&1, &none, hang));
    for _ in 0..3 {
        assert!(read.as_mut().poll(&mut Cx::from_waker(&waker)).is_pending());
    }
    assert!(clones.load(Ordering::Relaxed) > 0, "Relaxed: one thread");
    drop(AT_CLONE.take());
}
