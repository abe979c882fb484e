//! How long a scrape takes: 32 counters and 4 histograms that 8 threads have counted in.
// Never knows: how a race is run.
// Read next: `memory.rs`, the next question.

use std::hint::black_box;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use benches::exposition::sample;
use benches::latencies::{bounds, latencies};
use benches::race::{Contestant, OURS};
use benches::report::Report;
use kairos_metrics::{Precision, Registry};
use prometheus::Encoder as _;
use prometheus_client::metrics::{counter::Counter, histogram::Histogram};

const THREADS: usize = 8;
const COUNTERS: usize = 32;
const HISTOGRAMS: usize = 4;

/// The value of each counter before the first scrape.
const COUNTED: u64 = 8_000_000;

fn main() {
    let mut report = Report::from_args();
    let mut crowd = None;
    let contestants = || {
        let (contestants, counted) = scrape();
        crowd = Some(counted);
        contestants
    };
    report.race_long("scrape", &[1], 4, contestants, &[(1, OURS, "prometheus-client", 0.8)]);
    if let Some(crowd) = crowd {
        crowd.disperse();
    }
    report.judge();
}

/// Threads that have counted and live on, so that their shards stay theirs.
struct Crowd {
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
    fn disperse(self) {
        for (stop, thread) in self.threads {
            drop(stop);
            thread.join().expect("the thread only waits");
        }
    }
}

/// The contestants, and the threads whose counts they read.
fn scrape() -> (Vec<Contestant>, Crowd) {
    let registry = Registry::new();
    let counters: Vec<_> =
        (0..COUNTERS).map(|n| registry.counter(&format!("c{n}"), "C").expect("valid")).collect();
    let histograms: Vec<_> = (0..HISTOGRAMS)
        .map(|n| registry.histogram(&format!("h{n}"), "H", Precision::two_digits()).expect("valid"))
        .collect();
    let first = counters[0].clone();
    let crowd = Crowd::counting(move || {
        for counter in &counters {
            counter.add(COUNTED / THREADS as u64);
        }
        for histogram in &histograms {
            for ns in latencies() {
                histogram.record(ns);
            }
        }
    });
    (vec![kairos(registry, first), client(), prometheus()], crowd)
}

/// The names by which a format exposes the counters `c0` to `c31` and the histograms `h0` to `h3`.
#[derive(Clone, Copy)]
struct Names {
    counter: &'static str,
    count: &'static str,
}

impl Names {
    /// The number of scrapes that `text` reports: the first counter is incremented before each.
    ///
    /// # Panics
    /// When another counter or a histogram differs from what was counted.
    fn scrapes(self, text: &str) -> u64 {
        for n in 1..COUNTERS {
            assert_eq!(sample(text, &format!("c{n}{}", self.counter)), COUNTED);
        }
        for n in 0..HISTOGRAMS {
            assert_eq!(sample(text, &format!("h{n}{}", self.count)), 1_024 * THREADS as u64);
        }
        sample(text, &format!("c0{}", self.counter)) - COUNTED
    }
}

/// A contestant that counts each of its scrapes and then makes it; `scrape` appends to an empty
/// buffer, and the last text must report how many there were.
fn scraping(
    name: &'static str,
    names: Names,
    count: impl Fn() + Sync + Send + 'static,
    scrape: impl Fn(&mut String) + Sync + Send + 'static,
) -> Contestant {
    let mut text = String::new();
    scrape(&mut text);
    assert_eq!(names.scrapes(&text), 0, "{name}");
    let buffer = Arc::new(Mutex::new(text));
    let last = Arc::clone(&buffer);
    Contestant::new(
        name,
        move |n| {
            let mut text = buffer.lock().expect("no contestant panics");
            for _ in 0..n {
                count();
                text.clear();
                scrape(&mut text);
                black_box(&*text);
            }
        },
        move || names.scrapes(&last.lock().expect("no contestant panics")),
    )
    .slow(10_000)
}

fn kairos(registry: Registry, first: kairos_metrics::Counter) -> Contestant {
    let names = Names { counter: "_total", count: "_seconds_count" };
    scraping(
        "kairos",
        names,
        move || first.inc(),
        move |out| {
            registry.encode_openmetrics_into(out);
        },
    )
}

fn client() -> Contestant {
    let mut registry = prometheus_client::registry::Registry::default();
    let first = Counter::<u64>::default();
    for n in 0..COUNTERS {
        let counter = if n == 0 { first.clone() } else { Counter::default() };
        counter.inc_by(COUNTED);
        registry.register(format!("c{n}"), "C", counter);
    }
    for n in 0..HISTOGRAMS {
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
        Names { counter: "_total", count: "_count" },
        move || {
            first.inc();
        },
        move |out| {
            prometheus_client::encoding::text::encode(out, &registry).expect("a string takes it");
        },
    )
}

fn prometheus() -> Contestant {
    let registry = prometheus::Registry::new();
    let counters: Vec<_> = (0..COUNTERS)
        .map(|n| prometheus::IntCounter::new(format!("c{n}"), "C").expect("valid"))
        .collect();
    for counter in &counters {
        counter.inc_by(COUNTED);
        registry.register(Box::new(counter.clone())).expect("new");
    }
    for n in 0..HISTOGRAMS {
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
        Names { counter: "", count: "_count" },
        move || counters[0].inc(),
        move |out| {
            let encoder = prometheus::TextEncoder::new();
            encoder.encode_utf8(&registry.gather(), out).expect("a string takes it");
            black_box(encoder.format_type());
        },
    )
}
