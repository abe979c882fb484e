//! Contestants that scrape: 32 counters and 4 histograms that 8 threads have counted in.
//! Never knows: targets.
//! Read next: `main.rs`.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use kairos_metrics::{Precision, Registry};
use prometheus::Encoder as _;
use prometheus_client::metrics::{counter::Counter, histogram::Histogram};

use crate::histograms::{bounds, latencies};
use crate::race::Contestant;

const THREADS: usize = 8;

/// Threads that have counted and live on, so that their shards stay theirs.
pub(crate) struct Crowd {
    threads: Vec<(SyncSender<()>, JoinHandle<()>)>,
}

impl Crowd {
    fn counting(count: impl Fn() + Send + Clone + 'static) -> Crowd {
        let start = |_| {
            let (stop, stopped): (_, Receiver<()>) = sync_channel(0);
            let (counted, wait) = sync_channel(0);
            let count = count.clone();
            let thread = std::thread::spawn(move || {
                count();
                counted.send(()).expect("the main thread waits");
                // Ends when the sender is dropped.
                let _ = stopped.recv();
            });
            wait.recv().expect("the thread counts and says so");
            (stop, thread)
        };
        Crowd { threads: (0..THREADS).map(start).collect() }
    }

    /// Lets the threads end.
    pub(crate) fn disperse(self) {
        for (stop, thread) in self.threads {
            drop(stop);
            thread.join().expect("the thread only waits");
        }
    }
}

/// The contestants, and the threads whose counts they read.
pub(crate) fn scrape() -> (Vec<Contestant>, Crowd) {
    let registry = Registry::new();
    let counters: Vec<_> =
        (0..32).map(|n| registry.counter(&format!("c{n}"), "C").expect("valid")).collect();
    let histograms: Vec<_> = (0..4)
        .map(|n| registry.histogram(&format!("h{n}"), "H", Precision::two_digits()).expect("valid"))
        .collect();
    let crowd = Crowd::counting(move || {
        for counter in &counters {
            counter.add(1_000_000);
        }
        for histogram in &histograms {
            for ns in latencies() {
                histogram.record(ns);
            }
        }
    });
    (vec![kairos(registry), client(), prometheus()], crowd)
}

/// A contestant that counts its scrapes; `scrape` appends to an empty buffer.
fn scraping(
    name: &'static str,
    scrape: impl Fn(&mut String) + Sync + Send + 'static,
    sample: &str,
) -> Contestant {
    let mut text = String::new();
    scrape(&mut text);
    let line = text.lines().find(|line| line.starts_with(sample)).expect("the sample is there");
    assert_eq!(line.rsplit(' ').next(), Some("8192"), "{name} lost counts: {line}");
    let done = Arc::new(AtomicU64::new(0));
    let total = Arc::clone(&done);
    let buffer = Mutex::new(text);
    Contestant::new(
        name,
        move |n| {
            let mut text = buffer.lock().expect("no contestant panics");
            for _ in 0..n {
                text.clear();
                scrape(&mut text);
                black_box(&*text);
            }
            // Relaxed: read after the threads are joined.
            done.fetch_add(n, Ordering::Relaxed);
        },
        // Relaxed: as above.
        move || total.load(Ordering::Relaxed),
    )
    .slow(10_000)
}

fn kairos(registry: Registry) -> Contestant {
    scraping("kairos", move |out| registry.encode_openmetrics_into(out), "h0_seconds_count")
}

fn client() -> Contestant {
    let mut registry = prometheus_client::registry::Registry::default();
    for n in 0..32 {
        let counter = Counter::<u64>::default();
        counter.inc_by(8_000_000);
        registry.register(format!("c{n}"), "C", counter);
    }
    for n in 0..4 {
        let histogram = Histogram::new(bounds());
        for _ in 0..THREADS {
            for ns in latencies() {
                histogram.observe(ns as f64 * 1e-9);
            }
        }
        registry.register(format!("h{n}"), "H", histogram);
    }
    scraping(
        "prometheus-client",
        move |out| {
            prometheus_client::encoding::text::encode(out, &registry).expect("a string takes it");
        },
        "h0_count",
    )
}

fn prometheus() -> Contestant {
    let registry = prometheus::Registry::new();
    for n in 0..32 {
        let counter = prometheus::IntCounter::new(format!("c{n}"), "C").expect("valid");
        counter.inc_by(8_000_000);
        registry.register(Box::new(counter)).expect("new");
    }
    for n in 0..4 {
        let options = prometheus::HistogramOpts::new(format!("h{n}"), "H").buckets(bounds());
        let histogram = prometheus::Histogram::with_opts(options).expect("valid");
        for _ in 0..THREADS {
            for ns in latencies() {
                histogram.observe(ns as f64 * 1e-9);
            }
        }
        registry.register(Box::new(histogram)).expect("new");
    }
    scraping(
        "prometheus",
        move |out| {
            let encoder = prometheus::TextEncoder::new();
            encoder.encode_utf8(&registry.gather(), out).expect("a string takes it");
            black_box(encoder.format_type());
        },
        "h0_count",
    )
}
