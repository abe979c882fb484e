// The whole cache against a sequential model of its contract, over drawn sequences of operations.
// Never knows: the engine's insides; it speaks to the public surface alone.
// Read next: `operation.rs` for the alphabet, `contract/mod.rs`, `drive/mod.rs` for the comparison.

#![expect(clippy::print_stdout, reason = "the coverage is part of the answer")]

mod answer;
mod contract;
mod coverage;
mod drive;
mod generate;
mod operation;
mod setup;
mod shrink;
mod stage;

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use coverage::Coverage;
use drive::Difference;
use operation::Sequence;

/// Operations in a sequence.
const LENGTH: usize = 220;

/// Every reason, outcome, zone and matter is reached at least so often by the sequences of a full run.
const ENOUGH: u64 = 1_000;

/// How many sequences are run where the environment says nothing: enough to find what is often
/// broken, and few enough to be run with every other test.
const FEW: u64 = 400;

/// From so many sequences on, each of them must have been reached often enough.
const FULL: u64 = 10_000;

/// A number of the environment.
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// `KAIROS_MODEL_SEQUENCES` says how many sequences are run, `KAIROS_MODEL_SEED` which is the first;
/// `cargo xtask property SEQUENCES SEED` sets both. A failure names the seed that it came from.
#[test]
fn the_cache_answers_as_the_model_does() {
    let first = number("KAIROS_MODEL_SEED").unwrap_or(0);
    let sequences = number("KAIROS_MODEL_SEQUENCES").unwrap_or(FEW);
    let next = AtomicU64::new(first);
    let failed = AtomicBool::new(false);
    let work = || {
        let mut coverage = Coverage::default();
        let mut failure = None;
        // Relaxed, here and below: seeds are handed out, and nothing is published by them.
        while !failed.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + sequences {
                break;
            }
            let sequence = generate::sequence(seed, LENGTH);
            if let Err(difference) = drive::run(&sequence, &mut coverage) {
                failed.store(true, Ordering::Relaxed);
                failure = Some((seed, sequence, difference));
            }
        }
        (coverage, failure)
    };
    let threads = std::thread::available_parallelism().map_or(2, |threads| threads.get().min(8));
    let done = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| thread.join().expect("it ran");
        threads.into_iter().map(join).collect::<Vec<_>>()
    });
    let mut coverage = Coverage::default();
    for (part, failure) in done {
        coverage.add(&part);
        if let Some((seed, sequence, difference)) = failure {
            panic!("{}", report(seed, seed - first + 1, sequence, difference));
        }
    }
    println!("{sequences} sequences of {LENGTH} operations, seeds from {first}\n{coverage}");
    if sequences >= FULL {
        let (what, count) = coverage.least();
        assert!(count >= ENOUGH, "{what} was reached only {count} times");
    }
}

fn report(seed: u64, nth: u64, sequence: Sequence, difference: Difference) -> String {
    let (small, difference) = shrink::shrink(sequence, difference);
    let mut text = format!(
        "sequence {nth} parts from the model; `cargo xtask property 1 {seed}` shows it again\n\
         {}\n{:#?}\n",
        difference.text, small.setup
    );
    for (at, op) in small.ops.iter().enumerate() {
        // Writing into a `String` cannot fail.
        let _ = writeln!(text, "{at:4} {op:?}");
    }
    text
}
