//! How much memory there is: of an entry, of a histogram with one recording thread, after a crowd of threads.
// Never knows: how memory is laid out.
// Read next: `counters.rs`, where time is measured.

use std::sync::Arc;

use benches::allocations::bytes;
use benches::caches;
use benches::latencies::latencies;
use benches::order::{Order, keys};
use benches::race::{OURS, Spread};
use benches::report::Report;
use benches::stage::Stage;
use kairos_metrics::{Precision, Registry, shards};

const HISTOGRAMS: usize = 256;

const ENTRIES: usize = 100_000;

fn main() {
    let mut report = Report::from_args();
    if report.rounds().is_none() {
        // There is nothing to race here.
        return report.judge();
    }
    let mut note = |name: &str, unit: &str, at_most, measured: Option<f64>| {
        if let Some(measured) = measured {
            report.value("memory", name, unit, at_most, Spread::exact(measured));
        }
    };
    let wide: Vec<u64> = (7..30).map(|power| 1 << power).collect();
    let all: Vec<u64> = (0..42).map(|power| 1 << power).collect();
    note("a histogram and thread, around 10 us", "KiB", 20.0, histogram_kib(&latencies()));
    note("the same, in every octave 128 ns to 1 s", "KiB", 20.0, histogram_kib(&wide));
    note("the same, in every octave 1 ns to 1 h", "KiB", 20.0, histogram_kib(&all));
    note("what 10 000 short threads leave", "MiB", 1.0, churn_mib());
    entries(&mut report);
    report.judge();
}

/// Bytes that 100 000 entries take, of each cache with the same keys and values.
fn entries(report: &mut Report) {
    let order = Arc::new(Order::<u64>::uniform(keys(ENTRIES)));
    let of = |bytes: i64| Spread::exact(bytes as f64 / ENTRIES as f64);
    let before = bytes();
    let stage = Stage::set(order.keys(), |b| b);
    let ours = bytes() - before;
    let bare = caches::moka_cache(order.keys());
    let moka = bytes() - before - ours;
    report.value("memory", "an entry of kairos", "bytes", f64::INFINITY, of(ours));
    report.value("memory", "an entry of moka", "bytes", f64::INFINITY, of(moka));
    let ratio = Spread::exact(ours as f64 / moka as f64);
    report.ratio("memory, an entry", (1, OURS, "moka", 1.5), ratio);
    assert_eq!(stage.cache.entry_count(), bare.entry_count(), "both hold all of them");
    #[cfg(feature = "peers")]
    {
        let before = bytes();
        let held = caches::quick_cache_of(order.keys());
        let theirs = bytes() - before;
        report.value("memory", "an entry of quick_cache", "bytes", f64::INFINITY, of(theirs));
        assert_eq!(held.len(), ENTRIES, "it holds all of them");
    }
}

/// Resident memory of this process in bytes, where the system tells.
fn resident() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: f64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4_096.0)
}

/// KiB that a histogram of two digits costs a thread that records `values`.
fn histogram_kib(values: &[u64]) -> Option<f64> {
    let registry = Registry::new();
    let family =
        registry.histogram_family("h", "H", Precision::two_digits(), ["n"]).expect("valid");
    let handles: Vec<_> = (0..HISTOGRAMS).map(|n| family.with([&n.to_string()])).collect();
    let before = resident()?;
    for handle in &handles {
        for ns in values {
            handle.record(*ns);
        }
    }
    let after = resident()?;
    // Keeps the ids from being used again, so that each measurement allocates anew.
    std::mem::forget((registry, handles));
    Some((after - before) / (1_024.0 * HISTOGRAMS as f64))
}

/// MiB by which 10 000 threads that count, record and end make the process grow.
fn churn_mib() -> Option<f64> {
    let registry = Registry::new();
    let counter = registry.counter("c", "C").expect("valid");
    let histogram = registry.histogram("h", "H", Precision::two_digits()).expect("valid");
    let churn = |threads: u64| {
        for n in 0..threads {
            let (counter, histogram) = (counter.clone(), histogram.clone());
            let thread = std::thread::spawn(move || {
                counter.inc();
                histogram.record(n);
            });
            thread.join().expect("the thread only counts");
        }
    };
    churn(100);
    let (before, shards_before) = (resident()?, shards());
    churn(10_000);
    let after = resident()?;
    assert_eq!(counter.value(), 10_100, "threads that end lose nothing");
    assert_eq!(histogram.snapshot().count(), 10_100, "threads that end lose nothing");
    assert!(shards() <= shards_before + 1, "one thread lives at a time");
    Some((after - before) / (1_024.0 * 1_024.0))
}
