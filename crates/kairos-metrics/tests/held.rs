//! Claim: no count waits for the lock that registrations, readers and ends of threads take.
// Never knows: how a count does without it.
// Read next: `../src/shard/local.rs`, `../src/shard/fork.rs`.
//
// A fork holds that lock from its first hook to its last. A hook of this file, registered before the
// crate's own, runs in between and holds everything up until other threads have counted.
#![cfg(all(unix, not(kairos_loom)))]

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use kairos_metrics::{Precision, Registry, shards};

/// What is done while the lock is held. It must not panic: the C library calls it.
static WHILE_HELD: Mutex<Option<Box<dyn FnOnce() + Send>>> = Mutex::new(None);

extern "C" fn before_fork() {
    let work = WHILE_HELD.lock().ok().and_then(|mut work| work.take());
    if let Some(work) = work {
        work();
    }
}

/// A count that waits for the lock would wait for ever; given up after this, it is a failure.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs `work` while the lock is held.
#[allow(unsafe_code)]
fn while_held(work: impl FnOnce() + Send + 'static) {
    *WHILE_HELD.lock().unwrap() = Some(Box::new(work));
    // SAFETY: the child does nothing but leave.
    unsafe {
        let pid = libc::fork();
        assert!(pid >= 0, "fork failed");
        if pid == 0 {
            libc::_exit(0);
        }
        assert_eq!(libc::waitpid(pid, std::ptr::null_mut(), 0), pid);
    }
    assert!(WHILE_HELD.lock().unwrap().is_none(), "the hook ran");
}

/// A thread that does `work` each time it is told to, and says when it has.
fn worker(work: impl Fn() + Send + 'static) -> (Sender<()>, Receiver<()>, thread::JoinHandle<()>) {
    let (go, told) = channel::<()>();
    let (say, done) = channel();
    let thread = thread::spawn(move || {
        while told.recv().is_ok() {
            work();
            let _ = say.send(());
        }
    });
    (go, done, thread)
}

#[test]
fn counting_goes_on_while_a_registration_or_a_reader_holds_the_lock() {
    // SAFETY: the hook takes nothing and does not unwind. It stands before the crate's own, which is
    // registered with the first metric, and so runs after it.
    #[allow(unsafe_code)]
    let hooked = unsafe { libc::pthread_atfork(Some(before_fork), None, None) };
    assert_eq!(hooked, 0);
    let registry = Registry::new();
    let counter = registry.counter("hits", "Hits").unwrap();
    let latency = registry.histogram("latency", "Latency", Precision::two_digits()).unwrap();
    let late = registry.histogram("late", "Late", Precision::two_digits()).unwrap();
    counter.inc();

    let old = worker({
        let (counter, late) = (counter.clone(), late.clone());
        move || {
            counter.inc();
            late.record(5);
        }
    });
    let fresh = [(); 3].map(|()| {
        let (counter, latency) = (counter.clone(), latency.clone());
        worker(move || {
            // Sampled without a lease, a timing stands for itself alone; its clock is not read here.
            let weight = latency.due(4).unwrap_or(0);
            latency.record_n(7, weight.into());
            counter.inc();
        })
    });
    old.0.send(()).unwrap();
    old.1.recv().unwrap();
    assert_eq!(shards(), 2, "this thread's and the old one's");

    // What waits for the lock: a reader, a registration, a thread at its end.
    let waiting = [
        worker({
            let counter = counter.clone();
            move || assert!(counter.value() >= 2)
        }),
        worker({
            let registry = registry.clone();
            move || drop(registry.counter("another", "Another").unwrap())
        }),
    ];
    let (finished, all_finished) = channel();
    let starts: Vec<_> = fresh.iter().chain([&old]).map(|worker| worker.0.clone()).collect();
    let waits: Vec<_> = waiting.iter().map(|worker| worker.0.clone()).collect();
    let (old_go, old_done, old_thread) = old;
    let (mut fresh_threads, mut done) = (Vec::new(), vec![old_done]);
    for (go, finish, thread) in fresh {
        done.push(finish);
        fresh_threads.push((go, thread));
    }
    while_held(move || {
        let told = waits.iter().chain(&starts).all(|go| go.send(()).is_ok());
        let went_on = told && done.iter().all(|done| done.recv_timeout(PATIENCE).is_ok());
        let _ = finished.send((went_on, done));
    });
    let (went_on, done) = all_finished.recv().unwrap();
    assert!(went_on, "a count waited for the lock");
    for (_, finished, _) in &waiting {
        finished.recv().unwrap();
    }
    assert_eq!(shards(), 2, "nobody leases while the lock is held, so it was held");
    assert_eq!(counter.value(), 1 + 2 + 3);
    let snapshot = registry.snapshot();
    assert_eq!((snapshot.histogram("latency").count(), snapshot.histogram("late").count()), (3, 2));

    // Once it is free the same threads lease.
    for (go, _) in &fresh_threads {
        go.send(()).unwrap();
    }
    done[1..].iter().for_each(|done| done.recv().unwrap());
    assert!(shards() > 2);
    assert_eq!(counter.value(), 1 + 2 + 6);
    assert_eq!(latency.snapshot().count(), 6);
    drop(old_go);
    old_thread.join().unwrap();
    for (go, thread) in fresh_threads {
        drop(go);
        thread.join().unwrap();
    }
    assert_eq!(counter.value(), 9);
}
