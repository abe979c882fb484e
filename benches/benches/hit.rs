//! How long a fresh hit takes, against a bare hit of moka: one criterion group, printed as ratios.
// Never knows: the engine's insides.
// Read next: `docs/performance.md` for the targets.

#![expect(clippy::disallowed_methods, reason = "its matches have a kickoff from now")]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use criterion::Criterion;
use kairos_cache::{Cache, Context};

const KEYS: u64 = 1000;

/// The functions that are measured against `moka`: name, label, target ratio.
const ROWS: [(&str, &str, f64); 3] = [
    ("kairos_get", "instrumented fresh hit, every read timed", 0.30),
    ("kairos_get_or_compute", "the same through get_or_compute", 0.30),
    ("kairos_pinned", "pinned read, every read timed", 0.02),
];

fn main() {
    let folder = std::env::temp_dir().join(format!("kairos-bench-{}", std::process::id()));
    let mut criterion = Criterion::default()
        .output_directory(&folder)
        .without_plots()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    hits(&mut criterion);
    criterion.final_summary();
    report(&folder);
    // The folder holds nothing but this run's samples.
    let _left_behind = std::fs::remove_dir_all(&folder);
}

fn hits(criterion: &mut Criterion) {
    let moka: moka::sync::Cache<u64, std::sync::Arc<f64>> = moka::sync::Cache::new(10_000);
    let kairos: Cache<u64, f64> =
        Cache::builder().max_capacity(10_000).build().expect("the defaults are in range");
    let scope = kairos.scope("12345");
    let now = SystemTime::now();
    for second in 0..10 {
        let at = now - Duration::from_secs(10 - second);
        kairos.observe_odds(&scope, "home_win", 2.0, at).expect("in order");
    }
    let context = Context::new(&scope)
        .market("btts")
        .kickoff(now + Duration::from_hours(20))
        .lineup_confirmed(true)
        .tag("team:arsenal")
        .tag("league:epl");
    for key in 0..KEYS {
        moka.insert(key, std::sync::Arc::new(1.5));
        assert!(kairos.insert(&key, &context, 1.5).expect("a known market"));
    }
    moka.run_pending_tasks();
    kairos.run_pending_tasks();
    let mut pinned = kairos.pin(&7).expect("present");

    let mut group = criterion.benchmark_group("hit");
    let mut next = keys();
    group.bench_function("moka", |b| b.iter(|| black_box(moka.get(&next()))));
    let mut next = keys();
    group.bench_function("kairos_get", |b| b.iter(|| black_box(kairos.get(&next()))));
    let mut next = keys();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    group.bench_function("kairos_get_or_compute", |b| {
        b.iter(|| {
            let compute = || async { Ok::<f64, std::io::Error>(0.0) };
            let hit = runtime.block_on(kairos.get_or_compute(&next(), &context, compute));
            black_box(hit.expect("fresh"))
        });
    });
    group.bench_function("kairos_pinned", |b| b.iter(|| black_box(pinned.get().copied())));
    group.finish();
    let stats = kairos.stats();
    assert_eq!(stats.total_requests, stats.strategy_serve_fresh, "every read was a fresh hit");
}

/// Every key, in an order that no prefetcher follows.
fn keys() -> impl FnMut() -> u64 {
    let mut state = 1u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % KEYS
    }
}

fn report(folder: &Path) {
    let Some(moka) = median_ns(folder, "moka") else {
        println!("no ratio: moka was not measured");
        return;
    };
    println!("bare moka hit: {moka:.1} ns, median");
    println!("{:45} {:>9} {:>9} {:>7}  verdict", "row", "ns", "x moka", "target");
    for (id, label, target) in ROWS {
        let Some(ns) = median_ns(folder, id) else { continue };
        let ratio = ns / moka;
        let verdict = if ratio <= target { "met" } else { "missed" };
        println!("{label:45} {ns:9.1} {ratio:9.3} {target:7.3}  {verdict}");
    }
}

/// The median that criterion wrote down for one function of the group.
fn median_ns(folder: &Path, id: &str) -> Option<f64> {
    let file: PathBuf =
        [folder, Path::new("hit"), Path::new(id), Path::new("new/estimates.json")].iter().collect();
    let estimates: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}
