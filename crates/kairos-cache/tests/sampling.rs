//! Latency sampling: it thins the histograms by weight, and never touches a counter.
// Never knows: any other test. Each has the process to itself: a thread that finds the lock of the
// process's leases taken counts without a lease for the moment, and then times each read with weight one.
// Read next: `it/main.rs`, the tests that share a process.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use kairos_cache::{Builder, Cache, Config, Context, Error, Runtime, Sim, Strategy};

/// Runs a test on a thread that no other counts beside: the one before has given its lease back when
/// it is joined.
fn alone(test: impl FnOnce() + Send + 'static) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    thread::spawn(test).join().unwrap_or_else(|panic| resume_unwind(panic));
}

fn cache(
    configure: impl FnOnce(Builder<String, u32>) -> Builder<String, u32>,
) -> (Sim, Cache<String, u32>) {
    let sim = Sim::new(UNIX_EPOCH);
    let builder = Cache::builder().sim(&sim).xfetch_enabled(false);
    let cache = configure(builder).build().expect("in range");
    cache.insert("k", &Context::none(), 1).expect("a plain context");
    (sim, cache)
}

fn read(cache: &Cache<String, u32>, times: usize) {
    for _ in 0..times {
        assert!(cache.get("k").is_some());
    }
}

#[test]
fn a_served_read_in_n_is_timed_for_those_before_it_and_every_one_is_counted() {
    alone(|| {
        let (_sim, cache) = cache(|b| b.latency_sampling(16));
        read(&cache, 1);
        assert_eq!(cache.latency(Strategy::ServeFresh).len(), 1, "the first read, for itself");
        read(&cache, 160);
        // Gaps are random, from 1 to 31: what has not been stood for yet is less than one gap.
        let timed = cache.latency(Strategy::ServeFresh).len();
        assert!((131..=161).contains(&timed), "{timed}");
        assert_eq!(cache.stats().total_requests, 161);
        cache.set_latency_sampling(1);
        read(&cache, 1);
        assert_eq!(cache.latency(Strategy::ServeFresh).len(), 162, "each is stood for once");
        assert_eq!(cache.stats().strategy_serve_fresh, 162);
    });
}

/// By the clocks of the machine, by which a pin looks at as little as it can.
#[test]
fn reads_through_pins_are_stood_for_once_whatever_the_rate_changes_to() {
    alone(|| {
        let builder = Cache::<String, u32>::builder().xfetch_enabled(false).latency_sampling(16);
        let cache = builder.build().expect("in range");
        cache.insert("k", &Context::none(), 1).expect("a plain context");
        let timed = || cache.latency(Strategy::ServeFresh).len();
        let (mut one, mut other) = (cache.pin("k").expect("k"), cache.pin("k").expect("k"));
        assert!(one.get().is_some());
        assert_eq!(timed(), 1, "the first read, for itself");
        let mut reads = 1;
        for every in [16, 3, 1_000_000, 2, 64] {
            cache.set_latency_sampling(every);
            for _ in 0..100 {
                assert!(one.get().is_some() && other.read().is_some() && cache.get("k").is_some());
                reads += 3;
            }
            assert!(timed() <= reads, "{} of {reads}", timed());
            cache.set_latency_sampling(1);
            assert!(one.get().is_some());
            reads += 1;
            assert_eq!(timed(), reads, "at once, and each is stood for");
        }
        assert_eq!(cache.stats().strategy_serve_fresh, reads);
    });
}

#[test]
fn reads_that_wait_for_a_compute_are_always_timed() {
    alone(|| {
        let (sim, cache) = cache(|b| b.latency_sampling(1000));
        for i in 0..5 {
            let (cache, own) = (cache.clone(), sim.clone());
            let _task = sim.spawn(Box::pin(async move {
                let compute = move || async move {
                    own.sleep(Duration::from_millis(40)).await;
                    Ok::<u32, Error>(i)
                };
                cache
                    .get_or_compute(&format!("k{i}"), &Context::none(), compute)
                    .await
                    .expect("a value");
            }));
            sim.run_to_end();
        }
        let computes = cache.latency(Strategy::Compute);
        assert_eq!((computes.len(), computes.min() / 1_000_000), (5, 39), "within 1 % of 40 ms");
        read(&cache, 994);
        cache.set_latency_sampling(1);
        read(&cache, 1);
        let stats = cache.stats();
        // Five of 40 ms, and 995 of 0 ms that are stood for once each.
        assert!((stats.avg_latency_ms - 0.2).abs() < 0.01, "{}", stats.avg_latency_ms);
    });
}

#[test]
fn the_rate_changes_at_run_time_and_a_sparser_gap_does_not_outlive_it() {
    alone(|| {
        let (_sim, cache) = cache(|b| b.latency_sampling(1_000_000));
        read(&cache, 1);
        let timed = cache.latency(Strategy::ServeFresh).len();
        cache.set_latency_sampling(0);
        read(&cache, 3);
        assert_eq!(cache.latency(Strategy::ServeFresh).len(), timed + 3);
        let mut config = Config::default();
        config.metrics.latency_sampling = 2;
        cache.reload(&config).expect("in range");
        read(&cache, 4);
        assert!((timed + 3..=timed + 7).contains(&cache.latency(Strategy::ServeFresh).len()));
        cache.set_latency_sampling(1);
        read(&cache, 1);
        assert_eq!(cache.latency(Strategy::ServeFresh).len(), timed + 8);
    });
}

#[test]
fn digits_and_rates_out_of_range_are_refused_by_name() {
    alone(|| {
        let field = |builder: Builder<String, u32>| match builder.build() {
            Err(Error::Config { field, .. }) => field,
            other => panic!("{other:?}"),
        };
        assert_eq!(field(Cache::builder().significant_digits(4)), "metrics.significant_digits");
        assert_eq!(field(Cache::builder().significant_digits(0)), "metrics.significant_digits");
        assert_eq!(field(Cache::builder().latency_sampling(0)), "metrics.latency_sampling");
        let (_sim, cache) = cache(|b| b);
        let mut config = Config::default();
        config.metrics.significant_digits = 3;
        let refused = cache.reload(&config);
        assert!(matches!(refused, Err(Error::Config { field: "metrics.significant_digits", .. })));
    });
}

#[test]
fn three_digits_tell_apart_what_one_does_not() {
    alone(|| {
        let spread = |digits| {
            let (sim, cache) = cache(|b| b.significant_digits(digits));
            for ms in [1000, 1003] {
                let (cache, own) = (cache.clone(), sim.clone());
                let _task = sim.spawn(Box::pin(async move {
                    let compute = move || async move {
                        own.sleep(Duration::from_millis(ms)).await;
                        Ok::<u32, Error>(0)
                    };
                    let key = format!("k{ms}");
                    cache.get_or_compute(&key, &Context::none(), compute).await.expect("a value");
                }));
            }
            sim.run_to_end();
            let latency = cache.latency(Strategy::Compute);
            latency.max() - latency.min()
        };
        // The bounds of the outermost buckets are 3 ms and at most two buckets apart.
        assert!((2_000_000..=5_000_000).contains(&spread(3)), "{}", spread(3));
        assert!(spread(1) > 10_000_000, "{}", spread(1));
    });
}

#[test]
fn each_thread_times_its_own_first_read() {
    alone(|| {
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
            let timed = cache.latency(Strategy::ServeFresh).len();
            assert!((thread..=1002 * thread).contains(&timed), "{timed}");
        }
        assert_eq!(cache.stats().strategy_serve_fresh, 3006);
    });
}
