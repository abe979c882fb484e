//! Claim: where the operating system has no thread to give, that is an error at once and nothing is taken.
// Never knows: what a thread would be for.
// Read next: `../src/runtime/tokio.rs`, `../src/runtime/timers.rs`.
#![cfg(all(target_os = "linux", not(kairos_loom)))]

use std::io::Error as Failure;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use kairos_cache::{Cache, Context, Error};

/// The user `nobody`: a limit on processes does not hold for the superuser.
const NOBODY: libc::uid_t = 65_534;

/// Sets how many threads and processes the user may have beside those there are: none, or what was
/// allowed before.
#[allow(unsafe_code)]
fn allow_threads(allowed: bool) {
    // SAFETY: plain system calls on a local value.
    unsafe {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        assert_eq!(libc::getrlimit(libc::RLIMIT_NPROC, &raw mut limit), 0);
        limit.rlim_cur = if allowed { limit.rlim_max } else { 0 };
        assert_eq!(libc::setrlimit(libc::RLIMIT_NPROC, &raw const limit), 0);
    }
}

/// Gives up the superuser's exemption from the limit, if this process has it.
#[allow(unsafe_code)]
fn obey_limits() {
    // SAFETY: plain system calls; all threads of the process change together.
    unsafe {
        if libc::geteuid() == 0 {
            assert_eq!(libc::setuid(NOBODY), 0);
        }
    }
}

fn no_thread() -> bool {
    thread::Builder::new().spawn(|| {}).is_err()
}

/// One test: the limit is the process's.
#[test]
fn without_a_thread_to_be_had_nothing_hangs_and_nothing_is_taken() {
    obey_limits();
    allow_threads(false);
    assert!(no_thread(), "the limit holds");

    // 1. No thread for timers: no cache.
    let built = Cache::<u8, u8>::builder().build();
    assert!(matches!(built, Err(Error::Thread(_))), "{:?}", built.err());

    // 2. Timers, but no thread for computes: aborted at once, and the closure never runs.
    allow_threads(true);
    let cache: Cache<u8, u8> =
        Cache::builder().max_concurrent_computes(1).build().expect("threads are to be had");
    allow_threads(false);
    let has_run = Arc::new(AtomicBool::new(false));
    let read = || {
        let has_run = Arc::clone(&has_run);
        let compute = move || {
            has_run.store(true, Ordering::Relaxed); // Relaxed: read after the compute has answered.
            Ok::<u8, Failure>(1)
        };
        cache.blocking().get_or_compute(&1, &Context::none(), compute).map(|hit| *hit)
    };
    for _ in 0..3 {
        assert!(matches!(read(), Err(Error::Aborted)), "key and turn are free: nobody waits");
    }
    assert!(!has_run.load(Ordering::Relaxed), "Relaxed: as above");
    assert_eq!(cache.stats().cache_errors, 0, "what is aborted has not failed");

    // 3. With threads again the same cache computes.
    allow_threads(true);
    assert_eq!(read().ok(), Some(1));
    assert_eq!(cache.registry().snapshot().counter("kairos_cache_computes_aborted"), 3);
}
