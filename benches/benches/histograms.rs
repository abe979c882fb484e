//! How long it takes to record a latency, against histograms that expose as much.
// Never knows: how a race is run.
// Read next: `requests.rs`, the next question.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use benches::exposition::{
    client_text, exporter_histogram, exporter_text, exporter_upkeep, registered, sample,
};
use benches::latencies::{bounds, latencies};
use benches::race::{Contestant, OURS};
use benches::report::{Report, Target};
use hdrhistogram::Histogram as HdrHistogram;
use kairos_metrics::{Clock, Precision, Registry};
use prometheus_client::metrics::histogram::Histogram as ClientHistogram;
use prometheus_client::registry::Registry as ClientRegistry;

const TARGETS: [Target; 3] = [
    (1, OURS, "hdrhistogram", 0.5),
    (2, OURS, "hdrhistogram", 0.5),
    (2, OURS, "AtomicHistogram", 0.1),
];

fn main() {
    let mut report = Report::from_args();
    report.race("histogram", record, &TARGETS);
    report.judge();
}

/// Three significant digits where the peer has digits, and a sum where the peer has one.
fn record() -> Vec<Contestant> {
    // An array, so that the loop around a record checks no index.
    let values: &'static [u64; 1_024] = Box::leak(Box::new(latencies()));
    let value = move |n: u64| values[n as usize & 1_023];
    let registry = Registry::builder().clock(Clock::system()).build();
    let ours = registry.histogram("h", "H", Precision::three_digits()).expect("valid");
    let ours_total = ours.clone();
    let hdr_count = Arc::new(AtomicU64::new(0));
    let hdr_total = Arc::clone(&hdr_count);
    let hdr_spare = Mutex::new(Vec::new());
    let atomic = Arc::new(histogram::AtomicHistogram::new(10, 42).expect("valid"));
    let atomic_total = Arc::clone(&atomic);
    let options = prometheus::HistogramOpts::new("h", "H").buckets(bounds());
    let prometheus = prometheus::Histogram::with_opts(options).expect("valid");
    let prometheus_total = prometheus.clone();
    let client = ClientHistogram::new(bounds());
    let client_total = registered(ClientRegistry::default(), "h", client.clone());
    let exporter = exporter_histogram("h");
    vec![
        Contestant::new(
            "kairos",
            move |n| {
                for n in 0..n {
                    ours.record(value(n));
                }
            },
            move || ours_total.snapshot().count(),
        )
        .slow(4),
        Contestant::new(
            "hdrhistogram",
            move |n| {
                let spare = hdr_spare.lock().expect("no contestant panics").pop();
                let mut hdr: HdrHistogram<u64> = spare.unwrap_or_else(|| {
                    HdrHistogram::new_with_bounds(1, 3_600_000_000_000, 3).expect("valid")
                });
                let before = hdr.len();
                for n in 0..n {
                    hdr.record(value(n)).expect("in range");
                }
                // Relaxed: read after the threads are joined.
                hdr_count.fetch_add(hdr.len() - before, Ordering::Relaxed);
                hdr_spare.lock().expect("no contestant panics").push(hdr);
            },
            // Relaxed: as above.
            move || hdr_total.load(Ordering::Relaxed),
        )
        .slow(4),
        Contestant::new(
            "AtomicHistogram",
            move |n| {
                for n in 0..n {
                    atomic.increment(value(n)).expect("in range");
                }
            },
            move || atomic_total.load().iter().map(|bucket| bucket.count()).sum(),
        )
        .slow(16),
        Contestant::new(
            "prometheus",
            move |n| {
                for n in 0..n {
                    prometheus.observe(value(n) as f64 * 1e-9);
                }
            },
            move || prometheus_total.get_sample_count(),
        )
        .slow(64),
        Contestant::new(
            "prometheus-client",
            move |n| {
                for n in 0..n {
                    client.observe(value(n) as f64 * 1e-9);
                }
            },
            move || sample(&client_text(&client_total), "h_count"),
        )
        .slow(32),
        Contestant::new(
            "metrics, cached",
            move |n| {
                for n in 0..n {
                    exporter.record(value(n) as f64 * 1e-9);
                }
                exporter_upkeep();
            },
            move || sample(&exporter_text(), "h_count"),
        )
        .slow(64),
    ]
}
