// Races contestants against each other: interleaved rounds, medians of per-round ratios.
// Never knows: what the contestants count.
// Read next: `report.rs`, which prints and judges; `../benches/counters.rs`, the first contestants.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

/// The contestant that the others are raced against.
pub const OURS: &str = "kairos";

/// A contestant: does an operation `n` times, and reports how often it was done in all.
pub struct Contestant {
    /// The contestant's name in the report.
    pub name: &'static str,
    run: Box<dyn Fn(u64) + Sync>,
    total: Box<dyn Fn() -> u64 + Sync>,
    expected: AtomicU64,
    /// Scales the iterations of one slice, for operations that take long.
    share: u64,
}

impl Contestant {
    /// Returns a contestant. `run` does the operation as many times as it is given; `total` returns
    /// how often it was done since `new`, by the contestant's own exposition.
    pub fn new(
        name: &'static str,
        run: impl Fn(u64) + Sync + 'static,
        total: impl Fn() -> u64 + Sync + 'static,
    ) -> Contestant {
        let (run, total) = (Box::new(run), Box::new(total));
        Contestant { name, run, total, expected: AtomicU64::new(0), share: 1 }
    }

    /// The operation takes about `times` as long as an increment: does fewer of them.
    #[must_use]
    pub fn slow(self, times: u64) -> Contestant {
        Contestant { share: times, ..self }
    }

    /// Does the operation `n` times here.
    pub fn go(&self, n: u64) {
        // Relaxed: read after the threads are joined.
        self.expected.fetch_add(n, Ordering::Relaxed);
        (self.run)(n);
    }

    /// Nanoseconds for one operation with `threads` threads at it at once.
    fn time(&self, threads: usize, slice: u64) -> f64 {
        let n = (slice / self.share).max(8) / 8 * 8;
        let waiting = AtomicUsize::new(threads);
        let elapsed: Vec<f64> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        self.go(8);
                        // Spinning, so that the threads start within some nanoseconds.
                        // Relaxed: the number alone matters.
                        waiting.fetch_sub(1, Ordering::Relaxed);
                        while waiting.load(Ordering::Relaxed) > 0 {
                            std::hint::spin_loop();
                        }
                        let start = Instant::now();
                        self.go(n);
                        start.elapsed().as_nanos() as f64
                    })
                })
                .collect();
            running.into_iter().map(|thread| thread.join().expect("no contestant panics")).collect()
        });
        elapsed.iter().sum::<f64>() / (threads as f64 * n as f64)
    }

    /// Compares the contestant's count with what was done; prints the name of an inexact peer.
    ///
    /// # Panics
    /// When this workspace's own contestant lost or invented an operation.
    fn check_total(&self) {
        // Relaxed: all threads have been joined.
        let (total, expected) = ((self.total)(), self.expected.load(Ordering::Relaxed));
        assert!(total == expected || self.name != OURS, "{OURS}: {total} of {expected} counts");
        if total != expected {
            println!("{} shows {total} of {expected} operations", self.name);
        }
    }
}

/// The times of several contestants, round by round.
pub struct Race<'a> {
    contestants: &'a [Contestant],
    /// For each contestant, nanoseconds for an operation in each round.
    rounds: Vec<Vec<f64>>,
}

/// A median with the tenth and ninetieth percentile beside it.
#[derive(Clone, Copy)]
pub struct Spread {
    /// The tenth percentile.
    pub low: f64,
    /// The fiftieth.
    pub median: f64,
    /// The ninetieth.
    pub high: f64,
}

impl<'a> Race<'a> {
    /// Lets all contestants run in turn, `rounds` times, `threads` threads each.
    pub fn run(contestants: &'a [Contestant], threads: usize, rounds: usize, slice: u64) -> Self {
        let mut times = vec![Vec::new(); contestants.len()];
        for round in 0..=rounds {
            for (contestant, times) in contestants.iter().zip(&mut times) {
                let time = contestant.time(threads, slice);
                // The first round warms up.
                if round > 0 {
                    times.push(time);
                }
            }
        }
        contestants.iter().for_each(Contestant::check_total);
        Race { contestants, rounds: times }
    }

    fn of(&self, name: &str) -> &[f64] {
        let at = self.contestants.iter().position(|contestant| contestant.name == name);
        &self.rounds[at.expect("a row names a contestant of its race")]
    }

    /// Nanoseconds for an operation.
    pub fn ns(&self, name: &str) -> Spread {
        Spread::of(self.of(name).to_vec())
    }

    /// How many times as long `name` took as `peer`, compared round by round.
    pub fn ratio(&self, name: &str, peer: &str) -> Spread {
        Spread::of(self.of(name).iter().zip(self.of(peer)).map(|(own, peer)| own / peer).collect())
    }
}

impl Spread {
    /// The spread of one value that was measured once.
    pub fn exact(value: f64) -> Spread {
        Spread { low: value, median: value, high: value }
    }

    fn of(mut values: Vec<f64>) -> Spread {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        Spread { low: at(0.1), median: at(0.5), high: at(0.9) }
    }
}
