//! Claim: a forked child starts from zero, and its parent notices nothing.
// Never knows: how a fork is noticed.
// Read next: `../src/shard/fork.rs`.
#![cfg(all(unix, not(kairos_loom)))]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;

use kairos_metrics::{Precision, Registry};

/// A child that hangs is ended after so many seconds, and is a failure then.
const PATIENCE: u32 = 60;

/// Runs `child` in a forked process and returns the status that it ends with.
#[allow(unsafe_code)]
fn in_fork(child: impl FnOnce() -> u8) -> Result<i32, String> {
    // SAFETY: this test file has one test, so that no other thread of the process holds a lock
    // that the child needs, apart from this crate's own, which its hook takes care of; the child
    // leaves with `_exit`.
    unsafe {
        let pid = libc::fork();
        if pid < 0 {
            return Err("fork failed".to_owned());
        }
        if pid == 0 {
            libc::alarm(PATIENCE);
            libc::_exit(child().into());
        }
        let mut status = 0;
        if libc::waitpid(pid, &raw mut status, 0) != pid {
            return Err("the child cannot be waited for".to_owned());
        }
        if libc::WIFEXITED(status) {
            Ok(libc::WEXITSTATUS(status))
        } else {
            Err(format!("the child was killed: {status}"))
        }
    }
}

/// When the counter was made, or began anew, in nanoseconds since the epoch.
fn created(registry: &Registry) -> u128 {
    let text = registry.encode_openmetrics();
    let line = text.lines().find_map(|line| line.strip_prefix("hits_created ")).expect("a sample");
    let (seconds, fraction) = line.split_once('.').expect("a decimal");
    format!("{seconds}{fraction:0<9}").parse().expect("digits")
}

/// Doubled in a child, and then raised by one.
static TOLD: AtomicU64 = AtomicU64::new(1);

#[test]
fn a_forked_child_starts_from_zero() {
    // Relaxed: in a child with one thread, which reads it.
    kairos_metrics::in_child(|| TOLD.store(TOLD.load(Ordering::Relaxed) * 2, Ordering::Relaxed));
    kairos_metrics::in_child(|| TOLD.store(TOLD.load(Ordering::Relaxed) + 1, Ordering::Relaxed));
    let registry = Registry::new();
    let counter = registry.counter("hits", "Hits").unwrap();
    let gauge = registry.gauge("level", "Level").unwrap();
    let histogram = registry.histogram("latency", "Latency", Precision::two_digits()).unwrap();
    counter.add(5);
    gauge.set(9);
    histogram.record(100);
    let before_the_fork = created(&registry);
    let code = std::thread::scope(|scope| {
        // Another live thread's counts, and a retired one's, are the parent's too.
        scope.spawn(|| counter.add(11)).join().unwrap();
        let (ready, is_ready) = channel();
        // It lives until `end` is dropped, by a panic as well.
        let (end, ended) = channel::<()>();
        let counter = &counter;
        scope.spawn(move || {
            counter.add(7);
            ready.send(()).unwrap();
            let _ = ended.recv();
        });
        is_ready.recv().unwrap();
        let (earlier, created_in_parent) = (registry.snapshot(), created(&registry));
        let code = in_fork(|| {
            if counter.value() != 0 || gauge.value() != 0 || !histogram.snapshot().is_empty() {
                return 1;
            }
            counter.add(2);
            gauge.add(1);
            histogram.record(3);
            let thread = counter.clone();
            if std::thread::spawn(move || thread.add(4)).join().is_err() {
                return 2;
            }
            let seen = (counter.value(), gauge.value(), histogram.snapshot().sum());
            if seen != (6, 1, 3) {
                return 3;
            }
            // To a reader of both, the child's series are others than the parent's.
            let delta = registry.snapshot().since(&earlier);
            if (delta.counter("hits"), delta.histogram("latency").count()) != (6, 1) {
                return 4;
            }
            if TOLD.load(Ordering::Relaxed) != 3 {
                return 6;
            }
            if created(&registry) > created_in_parent { 42 } else { 5 }
        });
        drop(end);
        code
    });
    // 1: it starts from the parent's; 2: its thread fails; 3: it counts wrongly; 4: it passes for
    // the parent to a difference; 5: for as old as the parent; 6: it is not told, or not in order.
    assert_eq!(code, Ok(42));
    assert_eq!(TOLD.load(Ordering::Relaxed), 1, "the parent is not told");
    assert_eq!(created(&registry), before_the_fork, "the parent's series did not begin anew");
    assert_eq!((counter.value(), gauge.value(), histogram.snapshot().count()), (23, 9, 1));
}
