//! How long it takes to measure a request: a timer around five counters.
// Never knows: how a race is run.
// Read next: `scrape.rs`, the next question.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::array::from_fn;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use benches::exposition::{
    client_text, exporter_counter, exporter_histogram, exporter_text, exporter_upkeep, registered,
    sample,
};
use benches::latencies::bounds;
use benches::race::{Contestant, OURS};
use benches::report::{Report, Target};
use kairos_metrics::{Clock, Precision, Registry};
use prometheus_client::metrics::counter::Counter as ClientCounter;
use prometheus_client::metrics::histogram::Histogram as ClientHistogram;
use prometheus_client::registry::Registry as ClientRegistry;

const TARGETS: [Target; 4] = [
    (1, OURS, "two TSC reads", 1.4),
    (2, OURS, "two TSC reads", 1.4),
    (1, OURS, "prometheus", 0.45),
    (2, OURS, "prometheus", 0.45),
];

fn main() {
    let mut report = Report::from_args();
    report.race("timed request", request, &TARGETS);
    report.judge();
}

/// A request that is timed and counted five times, and the two clock reads in it alone.
fn request() -> Vec<Contestant> {
    vec![two_reads(), kairos(), prometheus(), client(), exporter()]
}

/// The name of a peer's counter of requests, where all metrics need a name.
fn name(n: usize) -> String {
    format!("request_{n}")
}

/// The number of requests that `text` reports, by the one of its counters and its histogram that
/// shows the fewest; the counters end in `suffix`.
fn requests(text: &str, suffix: &str) -> u64 {
    let counters = (0..5).map(|n| sample(text, &format!("{}{suffix}", name(n))));
    counters.fold(sample(text, "request_count"), u64::min)
}

fn two_reads() -> Contestant {
    let clock = Clock::ticks();
    let reads = Arc::new(AtomicU64::new(0));
    let total = Arc::clone(&reads);
    Contestant::new(
        "two TSC reads",
        move |n| {
            for _ in 0..n {
                black_box(clock.raw());
                black_box(clock.raw());
            }
            // Relaxed: read after the threads are joined.
            reads.fetch_add(n, Ordering::Relaxed);
        },
        // Relaxed: as above.
        move || total.load(Ordering::Relaxed),
    )
    .slow(32)
}

fn kairos() -> Contestant {
    let registry = Registry::new();
    let ours: [_; 5] = from_fn(|n| registry.counter(&name(n), "C").expect("valid"));
    let latency = registry.histogram("h", "H", Precision::two_digits()).expect("valid");
    let (ours_total, latency_total) = (ours.clone(), latency.clone());
    Contestant::new(
        "kairos",
        move |n| {
            for _ in 0..n {
                let timer = latency.start();
                for counter in &ours {
                    counter.inc();
                }
                timer.stop();
            }
        },
        move || {
            let requests = latency_total.snapshot().count();
            assert!(ours_total.iter().all(|counter| counter.value() == requests));
            requests
        },
    )
    .slow(32)
}

fn prometheus() -> Contestant {
    let counters: [_; 5] = from_fn(|n| prometheus::IntCounter::new(name(n), "C").expect("valid"));
    let options = prometheus::HistogramOpts::new("h", "H").buckets(bounds());
    let latency = prometheus::Histogram::with_opts(options).expect("valid");
    let (counters_total, latency_total) = (counters.clone(), latency.clone());
    Contestant::new(
        "prometheus",
        move |n| {
            for _ in 0..n {
                let timer = latency.start_timer();
                for counter in &counters {
                    counter.inc();
                }
                timer.observe_duration();
            }
        },
        move || {
            let requests = latency_total.get_sample_count();
            assert!(counters_total.iter().all(|counter| counter.get() == requests));
            requests
        },
    )
    .slow(64)
}

fn client() -> Contestant {
    let counters: [_; 5] = from_fn(|_| ClientCounter::<u64>::default());
    let latency = ClientHistogram::new(bounds());
    let total = (0..).zip(&counters).fold(
        registered(ClientRegistry::default(), "request", latency.clone()),
        |registry, (n, counter)| registered(registry, &name(n), counter.clone()),
    );
    Contestant::new(
        "prometheus-client",
        move |n| {
            for _ in 0..n {
                let start = Instant::now();
                for counter in &counters {
                    counter.inc();
                }
                latency.observe(start.elapsed().as_secs_f64());
            }
        },
        move || requests(&client_text(&total), "_total"),
    )
    .slow(64)
}

fn exporter() -> Contestant {
    let counters: [_; 5] = from_fn(|n| exporter_counter(name(n)));
    let latency = exporter_histogram("request");
    Contestant::new(
        "metrics, cached",
        move |n| {
            for _ in 0..n {
                let start = Instant::now();
                for counter in &counters {
                    counter.increment(1);
                }
                latency.record(start.elapsed().as_secs_f64());
            }
            exporter_upkeep();
        },
        move || requests(&exporter_text(), ""),
    )
    .slow(64)
}
