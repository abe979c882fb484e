//! The slowest hits beside a writer at 100 000 puts a second, and the slowest of those puts.
// Never knows: the engine's insides.
// Read next: `mixed.rs`, what writers do to all hits.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use benches::order::{Order, keys};
use benches::race::{Contestant, OURS, Spread};
use benches::report::Report;
use benches::stage::{CAPACITY, Stage};
use hdrhistogram::Histogram;

/// Between two puts.
const PACE: Duration = Duration::from_micros(10);

/// Keys that are put in turn, far more than have place.
const PUT: u64 = 10 * CAPACITY;

/// Keys that are read.
const READ: usize = 1000;

const HITS: &str = "tail, hits beside 100 000 puts a second";

/// What is noted of each distribution: the slowest one in so many.
const ONE_IN: [f64; 7] = [2.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];

fn main() {
    let mut report = Report::from_args();
    report.without_instructions();
    report.race_with(HITS, &[1], contestants, &[(1, OURS, "moka", 0.5)]);
    if let Some(rounds) = report.rounds() {
        tails(&mut report, rounds);
    }
    report.judge();
}

/// A cache as its reader and its writer use it.
struct Shared {
    name: &'static str,
    line: &'static str,
    hit: Box<dyn Fn(&u64) -> bool + Sync>,
    put: Box<dyn Fn(u64) + Sync>,
}

fn shared() -> Vec<Shared> {
    let order = keys::<u64>(READ);
    let Stage { cache, context, .. } =
        Stage::set(&order, |b| b.max_capacity(CAPACITY).latency_sampling(16));
    let writer = cache.clone();
    let bare: moka::sync::Cache<u64, Arc<f64>> = moka::sync::Cache::new(CAPACITY);
    for key in &order {
        bare.insert(*key, Arc::new(1.5));
    }
    let written = bare.clone();
    vec![
        Shared {
            name: OURS,
            line: "Kairos",
            hit: Box::new(move |key| black_box(cache.get(key)).is_some()),
            put: Box::new(move |key| {
                black_box(writer.insert(&key, &context, 1.5).expect("a known market"));
            }),
        },
        Shared {
            name: "moka",
            line: "moka",
            hit: Box::new(move |key| black_box(bare.get(key)).is_some()),
            put: Box::new(move |key| written.insert(key, Arc::new(1.5))),
        },
        #[cfg(feature = "peers")]
        {
            let cache = Arc::new(quick_cache::sync::Cache::new(CAPACITY as usize));
            for key in &order {
                cache.insert(*key, Arc::new(1.5));
            }
            let written = Arc::clone(&cache);
            Shared {
                name: "quick_cache",
                line: "quick_cache",
                hit: Box::new(move |key| black_box(cache.get(key)).is_some()),
                put: Box::new(move |key| written.insert(key, Arc::new(1.5))),
            }
        },
    ]
}

/// The mean of the hits: each contestant reads beside its writer.
fn contestants() -> Vec<Contestant> {
    let order = Arc::new(Order::<u64>::uniform(keys(READ)));
    let contestant = |shared: Shared| {
        let order = Arc::clone(&order);
        let name = shared.name;
        let read = move |n| {
            let hits = || {
                order.read(n, |key| {
                    black_box((shared.hit)(key));
                });
            };
            beside_puts(&*shared.put, hits);
        };
        Contestant::uncounted(name, read).slow(40)
    };
    shared().into_iter().map(contestant).collect()
}

/// Does `work` while another thread puts; returns how long each put took.
fn beside_puts(put: &(dyn Fn(u64) + Sync), work: impl FnOnce()) -> Histogram<u64> {
    let ends = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let (mut took, start) = (histogram(), Instant::now());
            for turn in 0.. {
                while start.elapsed() < PACE * turn as u32 {
                    std::hint::spin_loop();
                }
                // Relaxed: nothing is published by it.
                if ends.load(Ordering::Relaxed) {
                    break;
                }
                let before = Instant::now();
                put(READ as u64 + turn % PUT);
                took.saturating_record(before.elapsed().as_nanos() as u64);
            }
            took
        });
        work();
        ends.store(true, Ordering::Relaxed); // Relaxed: the thread is joined.
        writer.join().expect("the writer only puts")
    })
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 10_000_000_000, 3).expect("in range")
}

/// Interleaved rounds: each hit and each put is timed.
fn tails(report: &mut Report, rounds: usize) {
    let (all, order) = (shared(), Order::<u64>::uniform(keys(READ)));
    let reads = match rounds {
        ..15 => 20_000,
        15 => 500_000,
        _ => 2_000_000,
    };
    let mut hits: Vec<Vec<Histogram<u64>>> = all.iter().map(|_| Vec::new()).collect();
    let mut puts: Vec<Vec<Histogram<u64>>> = all.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (at, shared) in all.iter().enumerate() {
            let mut took = histogram();
            let written = beside_puts(&*shared.put, || {
                order.read(reads, |key| {
                    let before = Instant::now();
                    let is_hit = (shared.hit)(key);
                    let ns = before.elapsed().as_nanos() as u64;
                    if is_hit {
                        took.saturating_record(ns);
                    }
                });
            });
            hits[at].push(took);
            puts[at].push(written);
        }
    }
    // Of moka's; hits are besides to be as fast as quick_cache's.
    let hit_at_most: fn(&str) -> f64 = |peer| if peer == "moka" { 0.1 } else { 1.0 };
    let put_at_most: fn(&str) -> f64 = |peer| if peer == "moka" { 1.0 } else { f64::INFINITY };
    let both = [("hits, p99.99", &hits, hit_at_most), ("insert, p99.99", &puts, put_at_most)];
    for (what, rounds, at_most) in both {
        let group = format!("tail, {what}");
        for (peer, shared) in all.iter().enumerate().skip(1) {
            let at_most = at_most(shared.name);
            let pairs = rounds[0].iter().zip(&rounds[peer]);
            let ratios = pairs.map(|(own, peer)| slowest(own, 1e4) / slowest(peer, 1e4));
            report.ratio(&group, (1, OURS, shared.name, at_most), Spread::of(ratios.collect()));
        }
        for (shared, rounds) in all.iter().zip(rounds) {
            let ns = rounds.iter().map(|took| slowest(took, 1e4)).collect();
            report.value(&group, shared.name, "ns", f64::INFINITY, Spread::of(ns));
        }
    }
    for (shared, rounds) in all.iter().zip(&hits) {
        for one_in in ONE_IN {
            let ns = rounds.iter().map(|took| slowest(took, one_in)).collect();
            report.point("latency", shared.line, one_in, Spread::of(ns));
        }
    }
}

/// What the slowest one in so many took at least.
fn slowest(took: &Histogram<u64>, one_in: f64) -> f64 {
    took.value_at_quantile(1.0 - 1.0 / one_in).max(1) as f64
}
