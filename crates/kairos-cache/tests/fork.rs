//! Claim: a child of a fork goes on, though none of its parent's threads is there, or is refused.
// Never knows: how a fork is noticed.
// Read next: `../src/runtime/tokio.rs`.
#![cfg(all(unix, not(kairos_loom)))]

use std::future::pending;
use std::hash::{Hash, Hasher};
use std::io::Error as Failure;
use std::pin::pin;
use std::sync::{Arc, Barrier};
use std::task::{Context as Cx, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use kairos_cache::{Cache, Context, Error, Reason};

/// A child that hangs is ended after so many seconds, and is a failure then.
const PATIENCE: u32 = 60;

/// Runs `child` in a forked process and returns the status that it ends with.
#[allow(unsafe_code)]
fn in_fork(child: impl FnOnce() -> u8) -> i32 {
    // SAFETY: this test file has one test, and no other thread of the process allocates: they wait;
    // the child leaves with `_exit`.
    unsafe {
        let pid = libc::fork();
        assert!(pid >= 0, "fork failed");
        if pid == 0 {
            libc::alarm(PATIENCE);
            libc::_exit(child().into());
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(pid, &raw mut status, 0), pid);
        assert!(libc::WIFEXITED(status), "the child was killed: {status}");
        libc::WEXITSTATUS(status)
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Cx::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

/// One test, so that no other thread of this process forks or is inside a cache meanwhile.
#[test]
fn a_forked_child_goes_on_without_its_parents_threads() {
    computes_and_times_out();
    sweeps_what_dies();
    frees_what_its_parent_computes();
    lets_go_of_what_waits_in_its_parent();
    serves_what_its_parent_was_served();
    goes_by_a_time_that_moves();
    refuses_a_cache_that_a_thread_was_inside();
}

fn computes_and_times_out() {
    let cache: Cache<u8, u8> =
        Cache::builder().hard_timeout(Duration::from_millis(20)).build().expect("in range");
    let none = Context::none();
    let read = |key: u8| {
        let found = cache.get_or_compute(&key, &none, move || async move { Ok::<_, Failure>(key) });
        block_on(found).map(|hit| *hit)
    };
    assert_eq!(read(1).ok(), Some(1), "in the parent, whose threads have begun");
    let code = in_fork(|| {
        let computed = read(2).ok() == Some(2);
        let hangs = || pending::<Result<u8, Failure>>();
        let late = block_on(cache.get_or_compute(&3, &none, hangs)).map(|hit| *hit);
        u8::from(computed) + 2 * u8::from(matches!(late, Err(Error::Timeout)))
    });
    assert_eq!(code, 3, "computed 1, timed out 2");
    assert_eq!(read(4).ok(), Some(4), "the parent notices nothing");
}

/// A sweep that the parent has asked for comes in the parent alone.
fn sweeps_what_dies() {
    let cache: Cache<u8, u8> = Cache::builder().build().expect("in range");
    for key in 0..100 {
        assert!(cache.insert(&key, &Context::none(), key).expect("no match is named"));
    }
    cache.run_pending_tasks();
    cache.invalidate(&1);
    let code = in_fork(|| {
        cache.invalidate_all();
        while cache.entry_count() > 0 {
            cache.run_pending_tasks();
            thread::yield_now();
        }
        0
    });
    assert_eq!(code, 0);
}

/// A compute that runs in the parent, with its turn and a reader, does not run in the child.
fn frees_what_its_parent_computes() {
    let cache: Cache<u8, u8> = Cache::builder()
        .hard_timeout(Duration::from_secs(3600))
        .max_concurrent_computes(1)
        .build()
        .expect("in range");
    let none = Context::none();
    let hangs = || pending::<Result<u8, Failure>>();
    let mut read = Box::pin(cache.get_or_compute(&1, &none, hangs));
    let mut noop = Cx::from_waker(Waker::noop());
    assert!(read.as_mut().poll(&mut noop).is_pending());
    let code = in_fork(|| {
        let found = cache.get_or_compute(&1, &none, || async { Ok::<_, Failure>(2) });
        let computed = block_on(found).map(|hit| *hit).ok() == Some(2);
        let answer = block_on(read.as_mut()).map(|hit| *hit);
        let shut = block_on(cache.shutdown()).is_ok();
        let answered = matches!(answer, Err(Error::Forked));
        u8::from(computed) + 2 * u8::from(answered) + 4 * u8::from(shut)
    });
    assert_eq!(code, 7, "computed 1, the parent's read answered 2, shut down 4");
    assert!(read.as_mut().poll(&mut noop).is_pending(), "the parent notices nothing");
    assert_eq!(cache.sizes().flights, 1);
}

/// What queues, is filled or is read in the parent as it forks ends in the child, however the child ends
/// it: nothing of that is counted there, and the child's first operations may come together.
fn lets_go_of_what_waits_in_its_parent() {
    let cache: Cache<u8, u8> = Cache::builder()
        .hard_timeout(Duration::from_secs(3600))
        .max_concurrent_computes(1)
        .max_flights(8)
        .build()
        .expect("in range");
    let none = Context::none();
    let hangs = || pending::<Result<u8, Failure>>();
    let reads = [1, 2, 3];
    let mut reads = reads.each_ref().map(|key| Box::pin(cache.get_or_compute(key, &none, hangs)));
    let mut noop = Cx::from_waker(Waker::noop());
    for read in &mut reads {
        assert!(read.as_mut().poll(&mut noop).is_pending());
    }
    // Taken out in the child alone.
    let (mut reads, mut fill) = (Some(reads), Some(cache.begin(&4, &none).expect("room")));
    let code = in_fork(|| {
        let starts = Barrier::new(4);
        let together = thread::scope(|threads| {
            let (cache, none, starts) = (&cache, &none, &starts);
            let reads = [5, 6, 7, 8].map(|key| {
                threads.spawn(move || {
                    starts.wait();
                    let compute = move || async move { Ok::<_, Failure>(key) };
                    block_on(cache.get_or_compute(&key, none, compute)).map(|hit| *hit).ok()
                })
            });
            reads.map(|read| read.join().ok().flatten()) == [5, 6, 7, 8].map(Some)
        });
        drop(reads.take());
        cache.invalidate(&4);
        let filled = fill.take().is_some_and(|fill| fill.insert(4));
        // A reader has its answer before its flight has left the table. What never does ends the child.
        while cache.sizes().flights > 0 {
            thread::yield_now();
        }
        let room = (10..40).all(|key| cache.insert(&key, &none, key).is_ok());
        u8::from(together) + 2 * u8::from(!filled) + 4 * u8::from(room)
    });
    assert_eq!(code, 7, "read together 1, not filled 2, room for others 4");
    assert_eq!(cache.sizes().flights, 4, "the parent notices nothing");
}

/// What the forking thread remembers the child is served, counted as its own, as long as it may be.
fn serves_what_its_parent_was_served() {
    let cache: Cache<u8, u8> = Cache::builder().build().expect("in range");
    for key in 1..=3 {
        assert!(cache.insert(&key, &Context::none(), key).expect("no match is named"));
    }
    let get = |key: u8| cache.get(&key).map(|hit| *hit);
    let mut pin = cache.pin(&3).expect("stored");
    for key in [1, 2, 3, 1, 2, 3] {
        assert_eq!((get(key), pin.get()), (Some(key), Some(&3)), "remembered");
    }
    let code = in_fork(|| {
        let served = (1..=3).all(|key| get(key) == Some(key)) && pin.get() == Some(&3);
        // A child counts from zero.
        let counted = cache.stats().total_requests == 4;
        cache.invalidate(&1);
        cache.expire(&2);
        let ended = get(1).is_none();
        let expired = cache.get(&2).is_some_and(|hit| hit.receipt().reason == Reason::Stale);
        cache.invalidate_all();
        let all = get(2).is_none() && pin.get().is_none();
        let seen = [served, counted, ended, expired, all];
        seen.iter().rev().fold(0, |code, seen| 2 * code + u8::from(*seen))
    });
    assert_eq!(code, 31, "served 1, counted 2, ended 4, expired 8, all ended 16");
    assert_eq!((get(1), get(2), pin.get()), (Some(1), Some(2), Some(&3)), "not in the parent");
}

/// The time that the parent's thread published last would be that of all the child's hits.
fn goes_by_a_time_that_moves() {
    let ttl = Duration::from_millis(20);
    let cache: Cache<u8, u8> = Cache::builder().default_ttl(ttl).build().expect("in range");
    // Enough hits for that thread to start, and to publish.
    let hit = || {
        cache.insert(&1, &Context::none(), 1).expect("no match is named");
        for _ in 0..100 {
            cache.get(&1);
        }
    };
    hit();
    let code = in_fork(|| {
        hit();
        while cache.get(&1).is_some_and(|hit| hit.receipt().reason == Reason::Fresh) {}
        0
    });
    assert_eq!(code, 0, "it ends by its own, not by its patience");
}

/// A key that stops its thread where it is compared, which is under a lock.
#[derive(Clone)]
struct Stops(u8, Arc<Barrier>, Arc<Barrier>);

impl Hash for Stops {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialEq for Stops {
    fn eq(&self, other: &Stops) -> bool {
        if self.0 == 1 && thread::current().name() == Some("inside") {
            self.1.wait();
            self.2.wait();
        }
        self.0 == other.0
    }
}

impl Eq for Stops {}

fn refuses_a_cache_that_a_thread_was_inside() {
    let cache: Cache<Stops, u8> = Cache::builder().build().expect("in range");
    let (inside, goes) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let key = |number| Stops(number, Arc::clone(&inside), Arc::clone(&goes));
    let none = Context::none();
    let hangs = || pending::<Result<u8, Failure>>();
    let (one, two) = (key(1), key(2));
    let mut first = Box::pin(cache.get_or_compute(&one, &none, hangs));
    assert!(first.as_mut().poll(&mut Cx::from_waker(Waker::noop())).is_pending());
    let (reads, again) = (cache.clone(), key(1));
    let reader = move || drop(reads.begin(&again, &Context::none()));
    let reader = thread::Builder::new().name("inside".into()).spawn(reader).expect("a thread");
    // The table of flights compares the key under the lock of its shard, unless asked before.
    inside.wait();
    let code = in_fork(|| {
        let found = cache.get_or_compute(&two, &none, || async { Ok::<_, Failure>(2) });
        let refused = matches!(block_on(found), Err(Error::Forked));
        let again = matches!(cache.insert(&two, &none, 2), Err(Error::Forked));
        u8::from(refused) + 2 * u8::from(again)
    });
    assert_eq!(code, 3, "refused 1, and for good 2");
    // What is compared from here on is let through.
    let through = {
        let (inside, goes) = (Arc::clone(&inside), Arc::clone(&goes));
        move || loop {
            goes.wait();
            inside.wait();
        }
    };
    thread::spawn(through);
    reader.join().expect("no panic");
}
