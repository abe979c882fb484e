//! How long a read through a pin takes: no key is hashed, and what it needs is checked and counted.
// Never knows: the engine's insides, or how a race is run.
// Read next: `hit.rs`, the read by a key.

use std::hint::black_box;
use std::sync::Arc;

use arc_swap::ArcSwap;
use benches::caches;
use benches::order::{Order, keys};
use benches::race::Contestant;
use benches::report::{Report, Target};
use benches::stage::{Stage, fresh_reads};

const TARGETS: [Target; 4] = [
    (1, "kairos", "moka", 0.02),
    (2, "kairos", "moka", 0.02),
    (1, "kairos", "ArcSwap::load", 0.4),
    (2, "kairos", "ArcSwap::load", 0.4),
];

fn main() {
    let mut report = Report::from_args();
    report.race("pinned", contestants, &TARGETS);
    report.expect_no_allocations("pinned", "kairos");
    report.judge();
}

fn contestants() -> Vec<Contestant> {
    let order = Arc::new(Order::<u64>::uniform(keys(1000)));
    vec![
        pinned("kairos", &order, 16),
        pinned("kairos, every read timed", &order, 1),
        with_receipt(&order),
        arc_swap(),
        arc_swap_cache(),
        caches::moka(&order).slow(40),
    ]
}

fn pinned(name: &'static str, order: &Arc<Order<u64>>, timed_1_in: u32) -> Contestant {
    let Stage { cache, .. } = Stage::set(order.keys(), |b| b.latency_sampling(timed_1_in));
    let total = cache.clone();
    let read = move |n| {
        let mut pinned = cache.pin(&7).expect("present");
        for _ in 0..n {
            black_box(pinned.get().copied());
        }
    };
    Contestant::new(name, read, move || fresh_reads(&total)).slow(8)
}

fn with_receipt(order: &Arc<Order<u64>>) -> Contestant {
    let Stage { cache, .. } = Stage::set(order.keys(), |b| b.latency_sampling(16));
    let total = cache.clone();
    let read = move |n| {
        let mut pinned = cache.pin(&7).expect("present");
        for _ in 0..n {
            drop(black_box(pinned.read()));
        }
    };
    Contestant::new("kairos, with its receipt", read, move || fresh_reads(&total)).slow(40)
}

/// What a pin would be without a cache: a value that others exchange.
fn arc_swap() -> Contestant {
    let value = ArcSwap::from_pointee(1.5);
    let read = move |n| {
        for _ in 0..n {
            black_box(**value.load());
        }
    };
    Contestant::uncounted("ArcSwap::load", read).slow(8)
}

/// The same with a copy for each thread, which looks whether it is the newest.
fn arc_swap_cache() -> Contestant {
    let value = Arc::new(ArcSwap::from_pointee(1.5));
    let read = move |n| {
        let mut cached = arc_swap::Cache::new(Arc::clone(&value));
        for _ in 0..n {
            black_box(**cached.load());
        }
    };
    Contestant::uncounted("arc_swap::Cache", read).slow(4)
}
