// Many threads at once: what they counted is what the cache counted, and no invalidation is lost.
// Never knows: the insides of the cache.
// Read next: `counts.rs`, `staleness.rs`, `moves.rs`, `near.rs`, `expiry.rs`.

mod chaos;
mod counts;
mod expiry;
mod held;
mod moves;
mod near;
mod renewals;
mod staleness;

use kairos_cache::StatsSnapshot;

const THREADS: u64 = 8;
const ROUNDS: u64 = 8_000;
const KEYS: u64 = 16;

/// A stream of numbers that differs from thread to thread and not from run to run.
struct Dice(u64);

impl Dice {
    fn of(thread: u64) -> Dice {
        Dice((thread + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % bound
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("threads")
}

/// What must hold in any snapshot, whenever it is taken.
fn check_identities(stats: &StatsSnapshot) {
    let strategies = stats.strategy_bypass
        + stats.strategy_compute
        + stats.strategy_serve_fresh
        + stats.strategy_serve_stale;
    assert_eq!(stats.total_requests, strategies);
    assert_eq!(stats.strategy_serve_fresh, stats.cache_hit_fresh);
    assert_eq!(stats.strategy_serve_fresh, stats.swr_served_fresh);
    assert_eq!(stats.strategy_serve_stale, stats.cache_hit_stale);
    assert_eq!(stats.strategy_serve_stale, stats.swr_served_stale);
    assert_eq!(stats.strategy_compute, stats.cache_miss, "the cache is switched on");
    assert!(stats.cache_bypass_vix <= stats.strategy_bypass);
    assert!(stats.swr_too_stale <= stats.strategy_compute);
    let zones = stats.golden_hour_warmup
        + stats.golden_hour_golden
        + stats.golden_hour_active
        + stats.golden_hour_prematch
        + stats.golden_hour_standard;
    assert_eq!(stats.golden_hour_total, zones);
    assert!((0.0..=100.0).contains(&stats.hit_rate_pct));
}
