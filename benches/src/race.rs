// Races contestants against each other: interleaved rounds, medians of per-round ratios.
// Never knows: what the contestants count.
// Read next: `report.rs`, which prints and judges; `../benches/counters.rs`, the first contestants.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The contestant that the others are raced against. What starts with it is this workspace's own too.
pub const OURS: &str = "kairos";

/// Does an operation as many times as it is given; returns the time if it measures that itself.
type Run = Box<dyn Fn(u64) -> Option<Duration> + Sync>;

/// How often the operation was done in all.
type Total = Box<dyn Fn() -> u64 + Sync>;

/// A contestant: does an operation `n` times, and reports how often it was done in all.
pub struct Contestant {
    /// The contestant's name in the report.
    pub name: &'static str,
    run: Run,
    total: Option<Total>,
    expected: AtomicU64,
    /// Scales the iterations of one slice, for operations that take long.
    pub(crate) share: u64,
    /// How many threads it has, whatever the others have.
    threads: Option<usize>,
}

impl Contestant {
    /// Returns a contestant. `run` does the operation as many times as it is given; `total` returns
    /// how often it was done since `new`, by the contestant's own exposition.
    pub fn new(
        name: &'static str,
        run: impl Fn(u64) + Sync + 'static,
        total: impl Fn() -> u64 + Sync + 'static,
    ) -> Contestant {
        Contestant { total: Some(Box::new(total)), ..Contestant::uncounted(name, run) }
    }

    /// Returns a contestant that does not count what it does.
    pub fn uncounted(name: &'static str, run: impl Fn(u64) + Sync + 'static) -> Contestant {
        let run = move |n| {
            run(n);
            None
        };
        Contestant {
            name,
            run: Box::new(run),
            total: None,
            expected: AtomicU64::new(0),
            share: 1,
            threads: None,
        }
    }

    /// Returns a contestant whose `run` says how long the operations took, without what prepares them.
    pub fn timed(name: &'static str, run: impl Fn(u64) -> Duration + Sync + 'static) -> Contestant {
        let run = Box::new(move |n| Some(run(n)));
        Contestant { name, run, total: None, expected: AtomicU64::new(0), share: 1, threads: None }
    }

    /// The same with a count of its own.
    #[must_use]
    pub fn counted(self, total: impl Fn() -> u64 + Sync + 'static) -> Contestant {
        Contestant { total: Some(Box::new(total)), ..self }
    }

    /// The operation takes about `times` as long as an increment: does fewer of them.
    #[must_use]
    pub fn slow(self, times: u64) -> Contestant {
        Contestant { share: times, ..self }
    }

    /// The same by another name.
    #[must_use]
    pub fn named(self, name: &'static str) -> Contestant {
        Contestant { name, ..self }
    }

    /// Runs on so many threads, whatever the others of its race have.
    #[must_use]
    pub fn on(self, threads: usize) -> Contestant {
        Contestant { threads: Some(threads), ..self }
    }

    /// Does the operation `n` times here.
    pub fn go(&self, n: u64) {
        self.go_timed(n);
    }

    fn go_timed(&self, n: u64) -> Option<Duration> {
        // Relaxed: read after the threads are joined.
        self.expected.fetch_add(n, Ordering::Relaxed);
        (self.run)(n)
    }

    /// Whether this workspace answers for the contestant's count.
    fn is_own(&self) -> bool {
        self.name.starts_with(OURS)
    }

    /// Nanoseconds for one operation in a slice of the given length, with `threads` threads at it.
    fn time(&self, threads: usize, slice: u64) -> f64 {
        self.time_of(threads, (slice / self.share).max(8))
    }

    /// Nanoseconds for one operation with `threads` threads at it at once, each doing `n` of them.
    ///
    /// Where there are more threads than cores, what counts is the time of a core: the whole time, by
    /// the number of cores.
    pub(crate) fn time_of(&self, threads: usize, n: u64) -> f64 {
        let (n, threads) = (n.next_multiple_of(8), self.threads.unwrap_or(threads));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let waiting = AtomicUsize::new(threads);
        let slice = || {
            // Threads are new: their caches are cold, and so are those of a contestant for each thread.
            self.go((n / 8).next_multiple_of(8));
            // Spinning, so that the threads start within some nanoseconds.
            // Relaxed: the number alone matters.
            waiting.fetch_sub(1, Ordering::Relaxed);
            while waiting.load(Ordering::Relaxed) > 0 {
                if threads > cores {
                    std::thread::yield_now();
                }
                std::hint::spin_loop();
            }
            let start = Instant::now();
            let own = self.go_timed(n);
            (start, own.unwrap_or_else(|| start.elapsed()))
        };
        let slices: Vec<(Instant, Duration)> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(slice)).collect();
            running.into_iter().map(|thread| thread.join().expect("no contestant panics")).collect()
        });
        let all = threads as f64 * n as f64;
        if threads <= cores {
            return slices.iter().map(|(_, took)| took.as_nanos() as f64).sum::<f64>() / all;
        }
        let first = slices.iter().map(|(start, _)| *start).min().expect("there is a thread");
        let last = slices.iter().map(|(start, took)| *start + *took).max();
        let whole = last.map_or(Duration::ZERO, |last| last - first);
        whole.as_nanos() as f64 * cores as f64 / all
    }

    /// Compares the contestant's count with what was done; prints the name of an inexact peer.
    ///
    /// # Panics
    /// When this workspace's own contestant lost or invented an operation.
    pub(crate) fn check_total(&self) {
        let Some(total) = &self.total else { return };
        // Relaxed: all threads have been joined.
        let (total, expected) = (total(), self.expected.load(Ordering::Relaxed));
        assert!(total == expected || !self.is_own(), "{}: {total} of {expected}", self.name);
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
    pub(crate) fn run(
        contestants: &'a [Contestant],
        threads: usize,
        rounds: usize,
        slice: u64,
    ) -> Self {
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

    pub(crate) fn has(&self, name: &str) -> bool {
        self.contestants.iter().any(|contestant| contestant.name == name)
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

    /// The spread of some values.
    ///
    /// # Panics
    /// When there is none.
    pub fn of(mut values: Vec<f64>) -> Spread {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        Spread { low: at(0.1), median: at(0.5), high: at(0.9) }
    }
}
