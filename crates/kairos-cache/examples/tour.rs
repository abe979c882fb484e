//! A tour of the public surface: read through, hot path, pins, odds, events, numbers.
//! Never knows: anything but the crate's public names.
//! Read next: the crate's documentation.
#![expect(clippy::disallowed_methods, reason = "an example gives its match a kickoff from now")]
#![allow(clippy::print_stdout, reason = "an example shows its numbers")]
#![allow(clippy::float_cmp, clippy::similar_names, reason = "an example reads better so")]

use kairos_cache::{Cache, Context, Strategy, Volatility, Zone};
use std::time::{Duration, SystemTime};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Everything has a default; `Config` (serde) mirrors the builder one to one.
    let cache: Cache<String, f64> =
        Cache::builder().max_capacity(10_000).default_ttl(Duration::from_secs(3600)).build()?;

    // A match is a scope: resolve it once, keep it, it is cheap to clone.
    let arsenal_chelsea = cache.scope("12345");
    let kickoff = SystemTime::now() + Duration::from_secs(45 * 60);
    let btts =
        Context::new(&arsenal_chelsea).market("btts").kickoff(kickoff).lineup_confirmed(true);

    // Read through. One compute per key however many callers.
    let hit = cache
        .get_or_compute("12345:btts", &btts, || async { Ok::<_, std::io::Error>(0.61) })
        .await?;
    assert_eq!(*hit.value(), 0.61);
    assert_eq!(hit.receipt().strategy, Strategy::Compute);
    assert_eq!(hit.receipt().zone, Zone::Golden);

    // The hot path: synchronous, never waits for a compute; `None` when one is called for.
    let hit = cache.get("12345:btts").expect("fresh");
    assert_eq!(hit.receipt().strategy, Strategy::ServeFresh);

    // The hottest path: a pinned key. A few atomic loads, no hashing.
    let mut pinned = cache.pin("12345:btts").expect("present");
    assert_eq!(pinned.get().copied(), Some(0.61));

    // The feed. Readers see the published status with one load.
    let now = SystemTime::now();
    for i in 0..10u32 {
        cache.observe_odds(
            &arsenal_chelsea,
            "home_win",
            1.85 + 0.01 * f64::from(i % 2),
            now + Duration::from_secs(i.into()),
        )?;
    }
    let status =
        cache.observe_odds(&arsenal_chelsea, "home_win", 3.50, now + Duration::from_secs(11))?;
    assert_eq!(status, Volatility::Panic);

    // An event kills the entries of the markets that it concerns: one step for each distinct set of
    // tags, however many entries die.
    let outcome = cache.invalidate_event(&arsenal_chelsea, "goalkeeper_change")?;
    assert!(outcome.markets.iter().any(|m| *m == "btts"));
    assert!(pinned.get().is_none() && cache.get("12345:btts").is_none());

    // Numbers.
    let stats = cache.stats(); // serde::Serialize: the 34-key object
    assert_eq!(
        stats.total_requests,
        stats.strategy_compute
            + stats.strategy_serve_fresh
            + stats.strategy_serve_stale
            + stats.strategy_bypass
    );
    println!("{}", serde_json::to_string_pretty(&stats)?);
    println!("{}", cache.registry().encode_prometheus());
    Ok(())
}
