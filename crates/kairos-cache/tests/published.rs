//! Claim: where hits take no published time no thread publishes one; a new configuration changes that.
// Never knows: how the time is published.
// Read next: `../src/runtime/ticker.rs`.
#![cfg(all(target_os = "linux", not(kairos_loom)))]

use std::fs;

use kairos_cache::{Cache, Config, Context};

/// Whether a thread of this process publishes the time.
fn ticks() -> bool {
    let threads = fs::read_dir("/proc/self/task").expect("this process has threads");
    let names = threads.flatten().flat_map(|thread| fs::read_to_string(thread.path().join("comm")));
    names.into_iter().any(|name| name.trim() == "kairos-clock")
}

/// One test: threads are the process's.
#[test]
fn who_wants_no_published_time_has_no_thread_for_it() {
    let cache: Cache<u8, u8> = Cache::builder().coarse_time(false).build().expect("in range");
    cache.insert(&1, &Context::none(), 1).expect("a plain context");
    let read = || (0..1000).for_each(|_| assert_eq!(cache.get(&1).map(|hit| *hit), Some(1)));
    read();
    assert!(!ticks(), "each hit reads the clocks");
    cache.reload(&Config::default()).expect("in range");
    // Hits go by the published time from now on: a thread is on its way.
    while !ticks() {
        read();
    }
}
