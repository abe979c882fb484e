// What a benchmark program does around its races: obeys the command line, measures, reports.
// Never knows: how anything counts; the contestants do.
// Read next: `race.rs`, how it is measured; `findings.rs`, what is written down.

use std::time::Duration;

use criterion::Criterion;

use crate::allocations;
use crate::findings::{Findings, Measured};
use crate::instructions::{self, Watched};
use crate::race::{Contestant, OURS, Race, Spread};

/// The target of a contestant in a race: threads, its name, its peer's, and at most how many times as
/// long as the peer. A bound that is infinite is none.
pub type Target = (usize, &'static str, &'static str, f64);

/// The measurements of one benchmark program.
///
/// Without arguments of its own the program is one of criterion's, each race a group: filters,
/// baselines and the rest are criterion's. `--report FILE` runs interleaved rounds instead, prints them
/// and writes them to the file (`-` for none); `--quick` then takes fewer rounds, and `--smoke` one short
/// one, which shows that the program works and measures nothing. `--instructions GROUP
/// CONTESTANT N` does one operation N times, for an instruction counter to run the program under.
pub struct Report {
    mode: Mode,
    are_counted: bool,
    findings: Findings,
}

enum Mode {
    Criterion(Box<Criterion>),
    Rounds { rounds: usize, slice: u64, is_quick: bool, is_smoke: bool, file: String },
    Watched(Watched),
}

impl Report {
    /// A report as the command line of this program sets it.
    pub fn from_args() -> Report {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let file = args.iter().position(|arg| arg == "--report").and_then(|at| args.get(at + 1));
        let mode = if let Some(watched) = Watched::asked_for(&args) {
            Mode::Watched(watched)
        } else if let Some(file) = file {
            let is_quick = args.iter().any(|arg| arg == "--quick");
            let is_smoke = args.iter().any(|arg| arg == "--smoke");
            let (rounds, slice) = match (is_smoke, is_quick) {
                (true, _) => (1, 40_000),
                (_, true) => (15, 3_000_000),
                _ => (31, 8_000_000),
            };
            Mode::Rounds { rounds, slice, is_quick, is_smoke, file: file.clone() }
        } else {
            let criterion = Criterion::default()
                .warm_up_time(Duration::from_millis(300))
                .measurement_time(Duration::from_secs(2))
                .configure_from_args();
            Mode::Criterion(Box::new(criterion))
        };
        Report { mode, are_counted: true, findings: Findings::default() }
    }

    /// Counts no instructions in the races that follow: their set-up takes too long under valgrind, or what
    /// they do stands on the time.
    pub fn without_instructions(&mut self) {
        self.are_counted = false;
    }

    /// What follows `name` on the command line.
    pub fn argument(name: &str) -> Option<String> {
        std::env::args().skip_while(|arg| arg != name).nth(1)
    }

    /// How many rounds are interleaved; `None` where this run takes none, and only races are asked for.
    pub fn rounds(&self) -> Option<usize> {
        match &self.mode {
            Mode::Rounds { rounds, .. } => Some(*rounds),
            _ => None,
        }
    }

    /// Races a group with one thread and with two, and notes the ratios to its targets.
    pub fn race(
        &mut self,
        group: &str,
        contestants: impl FnOnce() -> Vec<Contestant>,
        targets: &[Target],
    ) {
        self.race_with(group, &[1, 2], contestants, targets);
    }

    /// Races a group with each of these numbers of threads, and notes the ratios to its targets.
    pub fn race_with(
        &mut self,
        group: &str,
        threads: &[usize],
        contestants: impl FnOnce() -> Vec<Contestant>,
        targets: &[Target],
    ) {
        self.race_long(group, threads, 1, contestants, targets);
    }

    /// Races operations that take long, in slices this many times as long.
    pub fn race_long(
        &mut self,
        group: &str,
        threads: &[usize],
        slices: u64,
        contestants: impl FnOnce() -> Vec<Contestant>,
        targets: &[Target],
    ) {
        match &mut self.mode {
            Mode::Watched(watched) if watched.is_of(group) => watched.operate(&contestants()),
            Mode::Watched(_) => {}
            Mode::Criterion(criterion) => by_criterion(criterion, group, threads, &contestants()),
            Mode::Rounds { rounds, slice, is_quick, is_smoke, .. } => {
                let (rounds, slice) = (*rounds, *slice * slices);
                // Counting takes long, and in a quick run it is this workspace's own that matter.
                let counted = if !self.are_counted || *is_smoke {
                    None
                } else if *is_quick {
                    Some(OURS)
                } else {
                    Some("")
                };
                let contestants = contestants();
                for threads in threads.iter().copied() {
                    let race = Race::run(&contestants, threads, rounds, slice);
                    println!(
                        "\n{group}, {threads} thread(s): ns an operation, median (p10 to p90)"
                    );
                    for contestant in &contestants {
                        let measured = measured(group, threads, counted, &race, contestant);
                        println!("{measured}");
                        self.findings.measured(measured);
                    }
                    for (_, name, peer, at_most) in targets.iter().filter(|row| row.0 == threads) {
                        let ratio = race.ratio(name, peer);
                        self.findings.ratio(group, threads, (*name, *peer), *at_most, ratio);
                    }
                }
            }
        }
    }

    /// Notes a measurement that is no race: its group, its name, its unit, and the most that it should be.
    pub fn value(&mut self, group: &str, name: &str, unit: &str, at_most: f64, measured: Spread) {
        self.findings.value(group, name, unit, at_most, measured);
    }

    /// Notes a point of a line in a figure.
    pub fn point(&mut self, figure: &str, line: &str, x: f64, y: Spread) {
        self.findings.point(figure, line, x, y);
    }

    /// Notes the ratio of two contestants that did not race as functions.
    pub fn ratio(&mut self, group: &str, target: Target, measured: Spread) {
        let (threads, name, peer, at_most) = target;
        self.findings.ratio(group, threads, (name, peer), at_most, measured);
    }

    /// Notes that a contestant should allocate nothing.
    pub fn expect_no_allocations(&mut self, group: &str, name: &str) {
        if let Some(blocks) = self.findings.allocations(group, name) {
            let measured = Spread::exact(blocks);
            self.value(group, &format!("{name}: allocations"), "blocks", 0.0, measured);
        }
    }

    /// What was measured of a contestant, in nanoseconds.
    pub fn found(&self, group: &str, threads: usize, name: &str) -> Option<Spread> {
        self.findings.found(group, threads, name)
    }

    /// Prints the verdicts and writes what was found.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn judge(self) {
        match self.mode {
            Mode::Watched(_) => {}
            Mode::Criterion(criterion) => criterion.final_summary(),
            Mode::Rounds { file, .. } => {
                println!("\nAll totals were exact, but for those named above.");
                self.findings.print_verdicts();
                if file != "-" {
                    std::fs::write(&file, self.findings.to_json()).expect("the report is written");
                }
            }
        }
    }
}

fn by_criterion(
    criterion: &mut Criterion,
    group: &str,
    threads: &[usize],
    contestants: &[Contestant],
) {
    let mut bench = criterion.benchmark_group(group.replace('/', " "));
    for threads in threads.iter().copied() {
        for contestant in contestants {
            let name = match threads {
                1 => contestant.name.to_owned(),
                _ => format!("{}, {threads} threads", contestant.name),
            };
            bench.bench_function(name, |bencher| {
                bencher.iter_custom(|n| {
                    let ns = contestant.time_of(threads, n);
                    Duration::from_nanos((ns * n as f64) as u64)
                });
            });
        }
    }
    bench.finish();
    contestants.iter().for_each(Contestant::check_total);
}

/// What is known of one contestant after its race.
fn measured(
    group: &str,
    threads: usize,
    counted: Option<&str>,
    race: &Race<'_>,
    contestant: &Contestant,
) -> Measured {
    let is_counted =
        counted.is_some_and(|start| contestant.name.starts_with(start)) && threads == 1;
    Measured {
        group: group.to_owned(),
        threads,
        name: contestant.name.to_owned(),
        ns: race.ns(contestant.name),
        against_ours: race.has(OURS).then(|| race.ratio(contestant.name, OURS)),
        instructions: is_counted.then(|| instructions::count(group, contestant)).flatten(),
        allocations: (threads == 1).then(|| blocks(contestant)),
    }
}

/// Blocks that an operation allocates on the thread that does it.
fn blocks(contestant: &Contestant) -> f64 {
    let n = (200_000 / contestant.share).clamp(64, 4096);
    contestant.go(n);
    let before = allocations::blocks();
    contestant.go(n);
    (allocations::blocks() - before) as f64 / n as f64
}
