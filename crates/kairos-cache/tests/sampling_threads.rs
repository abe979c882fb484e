//! Latency sampling is a thread's own: its first read is timed, whatever others have timed before.
//! Never knows: any other test. It has its process to itself, since a thread that finds the lock of the
//! process's leases taken counts without a lease for the moment, and then times each read with weight one.
//! Read next: `sampling.rs`, for all that one thread sees.

use std::time::UNIX_EPOCH;

use kairos_cache::{Cache, Context, Sim, Strategy};

#[test]
fn each_thread_times_its_own_first_read() {
    let sim = Sim::new(UNIX_EPOCH);
    let cache = Cache::<String, u32>::builder()
        .sim(&sim)
        .xfetch_enabled(false)
        .latency_sampling(1000)
        .build()
        .expect("in range");
    cache.insert("k", &Context::none(), 1).expect("a plain context");
    for thread in 1..=3 {
        let own = cache.clone();
        let reads = move || (0..1002).for_each(|_| assert!(own.get("k").is_some()));
        std::thread::spawn(reads).join().expect("no panic");
        assert_eq!(cache.latency(Strategy::ServeFresh).len(), 1001 * thread);
    }
    assert_eq!(cache.stats().strategy_serve_fresh, 3006);
}
