//! How long an increment takes: of one counter, and of eight in turn, against a plain add and peers.
// Never knows: how a race is run.
// Read next: `../src/race.rs`; `histograms.rs`, the next question.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use benches::exposition::{client_text, exporter_counter, exporter_text, registered, sample};
use benches::race::{Contestant, OURS};
use benches::report::{Report, Target};
use kairos_metrics::Registry;
use prometheus_client::metrics::counter::Counter as ClientCounter;
use prometheus_client::registry::Registry as ClientRegistry;

const ONE: [Target; 4] = [
    (1, OURS, "plain add", 2.0),
    (2, OURS, "plain add", 2.0),
    (1, OURS, "prometheus", 0.3),
    (2, OURS, "prometheus", 0.06),
];

const EIGHT: [Target; 2] = [(1, OURS, "plain add", 1.5), (2, OURS, "plain add", 1.5)];

fn main() {
    let mut report = Report::from_args();
    report.race("counter", one, &ONE);
    report.race("eight counters", eight, &EIGHT);
    report.judge();
}

/// `+= 1` in memory: the compiler may keep a plain integer in a register, an atomic it may not.
fn plain_add(cell: &AtomicU64) {
    // Relaxed: no other thread sees the cell.
    cell.store(cell.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

/// One counter, incremented again and again.
fn one() -> Vec<Contestant> {
    let plain = Arc::new(AtomicU64::new(0));
    let plain_total = Arc::clone(&plain);
    let ours = Registry::new().counter("hits", "Hits").expect("valid");
    let ours_total = ours.clone();
    let atomic = Arc::new(AtomicU64::new(0));
    let atomic_total = Arc::clone(&atomic);
    let prometheus = prometheus::IntCounter::new("hits", "Hits").expect("valid");
    let prometheus_total = prometheus.clone();
    let client = ClientCounter::<u64>::default();
    let client_total = registered(ClientRegistry::default(), "hits", client.clone());
    let exporter = exporter_counter("hits".to_owned());
    vec![
        Contestant::new(
            "plain add",
            move |n| {
                let mut cell = AtomicU64::new(0);
                black_box(&mut cell);
                for _ in 0..n {
                    plain_add(&cell);
                }
                // Relaxed: read after the threads are joined.
                plain.fetch_add(cell.into_inner(), Ordering::Relaxed);
            },
            // Relaxed: as above.
            move || plain_total.load(Ordering::Relaxed),
        ),
        Contestant::new(
            "kairos",
            move |n| {
                for _ in 0..n {
                    ours.inc();
                }
            },
            move || ours_total.value(),
        ),
        Contestant::new(
            "AtomicU64",
            move |n| {
                for _ in 0..n {
                    // Relaxed: what a counter needs.
                    atomic.fetch_add(1, Ordering::Relaxed);
                }
            },
            // Relaxed: read after the threads are joined.
            move || atomic_total.load(Ordering::Relaxed),
        )
        .slow(4),
        Contestant::new(
            "prometheus",
            move |n| {
                for _ in 0..n {
                    prometheus.inc();
                }
            },
            move || prometheus_total.get(),
        )
        .slow(4),
        Contestant::new(
            "prometheus-client",
            move |n| {
                for _ in 0..n {
                    client.inc();
                }
            },
            move || sample(&client_text(&client_total), "hits_total"),
        )
        .slow(4),
        Contestant::new(
            "metrics, cached",
            move |n| {
                for _ in 0..n {
                    exporter.increment(1);
                }
            },
            move || sample(&exporter_text(), "hits"),
        )
        .slow(8),
    ]
}

/// Eight counters, incremented in turn; an operation is one increment.
fn eight() -> Vec<Contestant> {
    let plain = Arc::new(AtomicU64::new(0));
    let plain_total = Arc::clone(&plain);
    let registry = Registry::new();
    let ours: [_; 8] =
        std::array::from_fn(|n| registry.counter(&format!("hits_{n}"), "Hits").expect("valid"));
    let ours_total = ours.clone();
    let name = |n: usize| format!("hits_{n}");
    let prometheus: [_; 8] =
        std::array::from_fn(|n| prometheus::IntCounter::new(name(n), "Hits").expect("valid"));
    let prometheus_total = prometheus.clone();
    let client: [_; 8] = std::array::from_fn(|_| ClientCounter::<u64>::default());
    let client_total =
        (0..).zip(&client).fold(ClientRegistry::default(), |registry, (n, client)| {
            registered(registry, &name(n), client.clone())
        });
    let exporter: [_; 8] = std::array::from_fn(|n| exporter_counter(name(n)));
    let sum = move |text: &str, suffix: &str| {
        (0..8).map(|n| sample(text, &format!("{}{suffix}", name(n)))).sum()
    };
    vec![
        Contestant::new(
            "plain add",
            move |n| {
                let mut cells = [const { AtomicU64::new(0) }; 8];
                black_box(&mut cells);
                for _ in 0..n / 8 {
                    for cell in &cells {
                        plain_add(cell);
                    }
                }
                let done = cells.into_iter().map(AtomicU64::into_inner).sum();
                // Relaxed: read after the threads are joined.
                plain.fetch_add(done, Ordering::Relaxed);
            },
            // Relaxed: as above.
            move || plain_total.load(Ordering::Relaxed),
        ),
        Contestant::new(
            "kairos",
            move |n| {
                for _ in 0..n / 8 {
                    for counter in &ours {
                        counter.inc();
                    }
                }
            },
            move || ours_total.iter().map(kairos_metrics::Counter::value).sum(),
        ),
        Contestant::new(
            "prometheus",
            move |n| {
                for _ in 0..n / 8 {
                    prometheus.iter().for_each(prometheus::IntCounter::inc);
                }
            },
            move || prometheus_total.iter().map(prometheus::IntCounter::get).sum(),
        )
        .slow(4),
        Contestant::new(
            "prometheus-client",
            move |n| {
                for _ in 0..n / 8 {
                    for counter in &client {
                        counter.inc();
                    }
                }
            },
            move || sum(&client_text(&client_total), "_total"),
        )
        .slow(4),
        Contestant::new(
            "metrics, cached",
            move |n| {
                for _ in 0..n / 8 {
                    for counter in &exporter {
                        counter.increment(1);
                    }
                }
            },
            move || sum(&exporter_text(), ""),
        )
        .slow(8),
    ]
}
