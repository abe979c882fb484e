//! How much memory is resident: of a histogram with one recording thread, after a crowd of short threads.
// Never knows: how memory is laid out.
// Read next: `counters.rs`, where time is measured.

use benches::latencies::latencies;
use benches::race::Spread;
use benches::report::Report;
use kairos_metrics::{Precision, Registry, shards};

const HISTOGRAMS: usize = 256;

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
    report.judge();
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
