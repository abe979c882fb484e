// What a benchmark program does around its races: obeys the command line, prints, judges at the end.
// Never knows: how anything counts; the contestants do.
// Read next: `race.rs`, how it is measured; `../benches/counters.rs`, who races.

use crate::instructions::{self, Watched};
use crate::race::{Contestant, OURS, Race, Spread};

/// The target of this workspace's contestant in a race: threads, the peer, and at most how many
/// times as long as the peer.
pub type Target = (usize, &'static str, f64);

/// The measurements of one benchmark.
///
/// On the command line, `--quick` takes fewer rounds, and `--instructions GROUP CONTESTANT N` does
/// one operation N times and measures nothing, for an instruction counter to run the program under.
pub struct Report {
    rounds: usize,
    slice: u64,
    watched: Option<Watched>,
    raced: bool,
    /// The name of each measurement, its upper bound, and its value.
    verdicts: Vec<(String, f64, Spread)>,
}

impl Report {
    /// A report as the command line of this program sets it.
    pub fn from_args() -> Report {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let quick = args.iter().any(|arg| arg == "--quick");
        let (rounds, slice) = if quick { (11, 4_000_000) } else { (61, 8_000_000) };
        let watched = Watched::asked_for(&args);
        Report { rounds, slice, watched, raced: false, verdicts: Vec::new() }
    }

    /// Races a group with one thread and with two, and notes the ratios to its targets.
    pub fn race(&mut self, group: &str, contestants: &[Contestant], targets: &[Target]) {
        if let Some(watched) = &self.watched {
            return watched.operate(group, contestants);
        }
        for threads in [1, 2] {
            let race = self.run(contestants, threads, 1);
            println!("\n{group}, {threads} thread(s): ns an operation, median (p10 to p90)");
            for contestant in contestants {
                let counted =
                    (threads == 1).then(|| instructions::count(group, contestant)).flatten();
                let counted = counted.map_or(String::new(), |n| format!("  {n:8.1} instructions"));
                println!("{}{counted}", time(&race, contestant));
            }
            for (_, peer, at_most) in targets.iter().filter(|target| target.0 == threads) {
                let name = format!("{group}, {threads}t / {peer}");
                self.measured(name, *at_most, race.ratio(OURS, peer));
            }
        }
    }

    /// Races operations that take long, on one thread, in slices this many times as long.
    pub fn race_long(
        &mut self,
        group: &str,
        contestants: &[Contestant],
        slices: u64,
        targets: &[(&str, f64)],
    ) {
        let race = self.run(contestants, 1, slices);
        println!("\n{group}: ns an operation, median (p10 to p90)");
        for contestant in contestants {
            println!("{}", time(&race, contestant));
        }
        for (peer, at_most) in targets {
            self.measured(format!("{group} / {peer}"), *at_most, race.ratio(OURS, peer));
        }
    }

    fn run<'a>(&mut self, contestants: &'a [Contestant], threads: usize, slices: u64) -> Race<'a> {
        self.raced = true;
        Race::run(contestants, threads, self.rounds, self.slice * slices)
    }

    /// Notes a measurement and the most that it should be.
    pub fn measured(&mut self, name: String, at_most: f64, measured: Spread) {
        self.verdicts.push((name, at_most, measured));
    }

    /// Prints the verdicts.
    pub fn judge(self) {
        if self.watched.is_some() {
            return;
        }
        if self.raced {
            println!("\nAll totals were exact, but for those named above.");
        }
        if self.verdicts.is_empty() {
            return;
        }
        let (target, measured, spread) = ("target", "measured", "(p10 to p90)");
        println!("\n{target:<44} {:>8} {measured:>8} {spread:>18}  verdict", "at most");
        for (name, target, Spread { low, median, high }) in self.verdicts {
            let verdict = match median / target {
                ..=1.0 => "reached",
                ..=2.0 => "missed",
                _ => "MISSED BY MORE THAN TWICE",
            };
            let spread = format!("({low:.3} to {high:.3})");
            println!("{name:<44} {target:>8.2} {median:>8.3} {spread:>18}  {verdict}");
        }
    }
}

fn time(race: &Race<'_>, contestant: &Contestant) -> String {
    let Spread { low, median, high } = race.ns(contestant.name);
    format!("  {:<20} {median:>10.2} ({low:.2} to {high:.2})", contestant.name)
}
