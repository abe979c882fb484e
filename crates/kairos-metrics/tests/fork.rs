//! Claim: a forked child starts from zero, and its parent notices nothing.
//! Never knows: how a fork is noticed.
//! Read next: `../src/fork.rs`.
#![cfg(all(unix, not(kairos_loom)))]

use kairos_metrics::{Precision, Registry};

/// Runs `child` in a forked process and returns the byte that it ends with.
#[allow(unsafe_code)]
fn in_fork(child: impl FnOnce() -> u8) -> i32 {
    // SAFETY: this test file has one test, so that no other thread of the process holds a lock
    // that the child needs, apart from this crate's own, which its hook takes care of; the child
    // leaves with `_exit`.
    unsafe {
        let pid = libc::fork();
        assert!(pid >= 0, "fork failed");
        if pid == 0 {
            libc::_exit(child().into());
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(pid, &raw mut status, 0), pid);
        assert!(libc::WIFEXITED(status), "the child was killed");
        libc::WEXITSTATUS(status)
    }
}

#[test]
fn a_forked_child_starts_from_zero() {
    let registry = Registry::new();
    let counter = registry.counter("hits", "Hits").unwrap();
    let gauge = registry.gauge("level", "Level").unwrap();
    let histogram = registry.histogram("latency", "Latency", Precision::two_digits()).unwrap();
    counter.add(5);
    gauge.set(9);
    histogram.record(100);
    let (ready, wait) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
    std::thread::scope(|scope| {
        // Another live thread's counts, and a retired one's, are the parent's too.
        scope.spawn(|| counter.add(11)).join().unwrap();
        scope.spawn(|| {
            counter.add(7);
            ready.wait();
            wait.wait();
        });
        ready.wait();
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
            if seen == (6, 1, 3) { 42 } else { 3 }
        });
        assert_eq!(code, 42);
        wait.wait();
    });
    assert_eq!((counter.value(), gauge.value(), histogram.snapshot().count()), (23, 9, 1));
}
