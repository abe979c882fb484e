//! Measures resident memory: a histogram of one recording thread, and a crowd of short threads.
//! Never knows: how memory is laid out.
//! Read next: `main.rs`.

use kairos_metrics::{Precision, Registry, shards};

use crate::histograms::latencies;
use crate::race::Spread;

const HISTOGRAMS: usize = 256;

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

/// The memory targets and what was measured.
pub(crate) fn verdicts() -> Vec<(String, f64, Spread)> {
    let exact = |value: f64| Spread { low: value, median: value, high: value };
    let mut verdicts = Vec::new();
    if let Some(kib) = histogram_kib(&latencies()) {
        verdicts.push(("KiB a histogram and thread, around 10 us".to_owned(), 20.0, exact(kib)));
    }
    let wide: Vec<u64> = (7..30).map(|power| 1 << power).collect();
    if let Some(kib) = histogram_kib(&wide) {
        verdicts.push(("KiB, values in every octave 128 ns to 1 s".to_owned(), 20.0, exact(kib)));
    }
    let all: Vec<u64> = (0..42).map(|power| 1 << power).collect();
    if let Some(kib) = histogram_kib(&all) {
        verdicts.push(("KiB, values in every octave 1 ns to 1 h".to_owned(), 20.0, exact(kib)));
    }
    if let Some(mib) = churn_mib() {
        verdicts.push(("MiB that 10 000 short threads leave".to_owned(), 1.0, exact(mib)));
    }
    verdicts
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
