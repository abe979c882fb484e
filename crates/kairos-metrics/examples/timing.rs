//! Times a function, in full and one call in 16, and prints a percentile table.
// Never knows: what the function does.
// Read next: `service.rs`, which exposes what it counts.
#![allow(clippy::print_stdout)]

use std::hint::black_box;

use kairos_metrics::{Precision, Registry};

fn work(n: u64) -> u64 {
    (0..n % 1_000).fold(n, |sum, x| sum.rotate_left(5) ^ black_box(x))
}

fn main() -> Result<(), kairos_metrics::Error> {
    let registry = Registry::new();
    let every = registry.histogram("work", "Every call", Precision::three_digits())?;
    let some = registry.histogram("work_sampled", "One call in 16", Precision::three_digits())?;
    for n in 0..100_000 {
        let _sampled = some.start_sampled(16);
        black_box(every.time(|| work(n)));
    }
    for (name, timed) in [("every call", every.snapshot()), ("one in 16", some.snapshot())] {
        println!("{name}: {} calls, mean {:.0} ns", timed.count(), timed.mean());
        println!("{}", timed.percentile_table(1));
    }
    Ok(())
}
