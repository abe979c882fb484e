//! Threads without a runtime: plain closures, readers that park, and a deadline for the impatient.
//! Never knows: an async runtime; the cache has a thread of its own.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::io;
use std::num::ParseFloatError;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use kairos_cache::{Cache, Context, ErrorKind};

static COMPUTES: AtomicU32 = AtomicU32::new(0);

fn price() -> Result<f64, ParseFloatError> {
    // Relaxed: a count; the join of the threads publishes it.
    COMPUTES.fetch_add(1, Ordering::Relaxed);
    "1.85".parse()
}

fn main() -> Result<(), kairos_cache::Error> {
    let cache: Cache<String, f64> = Cache::builder().build()?;
    let cache = cache.blocking();

    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                let hit = cache.get_or_compute("btts", &Context::none(), price);
                assert_eq!(hit.map(|hit| *hit).ok(), Some(1.85));
            });
        }
    });
    // Relaxed: the threads have been joined.
    let computes = COMPUTES.load(Ordering::Relaxed);
    assert_eq!(computes, 1);
    println!("four threads, {computes} compute");

    // This backend answers once the program lets it: the reader does not wait for that.
    let (answer, slow) = mpsc::channel();
    let hurried = cache.within(Duration::from_millis(10));
    let late = hurried.get_or_compute("slow", &Context::none(), move || slow.recv());
    let error = late.expect_err("the backend cannot have answered");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    println!("a reader with 10 ms of patience: {error}");
    answer.send(2.0).expect("the closure waits still");

    // Many keys by one closure, on a thread that blocks.
    let none = Context::none();
    let reads = [("btts", &none), ("corners", &none)];
    let answers = cache.get_many(reads, |missing| {
        Ok::<_, io::Error>(missing.into_iter().map(|key| (key, 3.0)).collect::<Vec<_>>())
    });
    let prices: Vec<f64> = answers.iter().flatten().map(|hit| **hit).collect();
    assert_eq!(prices, [1.85, 3.0]);
    println!("a batch: {prices:?}");
    cache.shutdown()
}
