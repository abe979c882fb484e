//! Measures the metrics crate against its peers and its targets, in one interleaved run.
//! Never knows: how anything counts; the contestants do.
//! Read next: `race.rs`, how it is measured; `counters.rs`, who races.
//!
//! `--quick` takes fewer rounds; `--only GROUP` races one group; `--instructions GROUP CONTESTANT N` does one operation N times, for an
//! instruction counter to run this program under.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss
)]

mod counters;
mod exposition;
mod facade;
mod histograms;
mod instructions;
mod memory;
mod race;
mod requests;
mod scrape;

use race::{Contestant, Race, Spread};

/// Contestants that race together, and what they are called.
type Group = (&'static str, fn() -> Vec<Contestant>);

const GROUPS: [Group; 5] = [
    ("counter", counters::one),
    ("eight counters", counters::eight),
    ("histogram", histograms::record),
    ("timed request", requests::request),
    ("facade, by key", facade::lookup),
];

/// What is to be reached: group, threads, peer, and at most how many times as long as the peer.
const TARGETS: [(&str, usize, &str, f64); 13] = [
    ("counter", 1, "plain add", 2.0),
    ("counter", 2, "plain add", 2.0),
    ("counter", 1, "prometheus", 0.3),
    ("counter", 2, "prometheus", 0.06),
    ("eight counters", 1, "plain add", 1.5),
    ("eight counters", 2, "plain add", 1.5),
    ("histogram", 1, "hdrhistogram", 0.5),
    ("histogram", 2, "hdrhistogram", 0.5),
    ("histogram", 2, "AtomicHistogram", 0.1),
    ("timed request", 1, "two TSC reads", 1.4),
    ("timed request", 2, "two TSC reads", 1.4),
    ("timed request", 1, "prometheus", 0.45),
    ("timed request", 2, "prometheus", 0.45),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, group, contestant, n] = &args[..]
        && flag == instructions::FLAG
    {
        return instructions::operate(&GROUPS, group, contestant, n);
    }
    let quick = args.iter().any(|arg| arg == "--quick");
    let (rounds, slice) = if quick { (11, 4_000_000) } else { (61, 8_000_000) };
    let only = args.iter().position(|arg| arg == "--only").and_then(|at| args.get(at + 1));
    let mut verdicts = Vec::new();
    for (group, contestants) in GROUPS {
        if only.is_some_and(|only| only != group) {
            continue;
        }
        let contestants = contestants();
        for threads in [1, 2] {
            let race = Race::run(&contestants, threads, rounds, slice);
            println!("\n{group}, {threads} thread(s): ns an operation, median (p10 to p90)");
            for contestant in &contestants {
                let counted =
                    (threads == 1).then(|| instructions::count(group, contestant)).flatten();
                let counted = counted.map_or(String::new(), |n| format!("  {n:8.1} instructions"));
                print_time(contestant.name, race.ns(contestant.name), &counted);
            }
            let targets = TARGETS.iter().filter(|row| (row.0, row.1) == (group, threads));
            verdicts.extend(targets.map(|(_, _, peer, target)| {
                let name = format!("{group}, {threads}t / {peer}");
                (name, *target, race.ratio("kairos", peer))
            }));
        }
    }
    if only.is_none() {
        verdicts.extend(scraped(rounds, slice));
        verdicts.extend(memory::verdicts());
    }
    println!("\nAll totals were exact, but for those named above.\n");
    println!("{:<44} {:>8} {:>8} {:>18}  verdict", "target", "at most", "measured", "(p10 to p90)");
    for (name, target, Spread { low, median, high }) in verdicts {
        let verdict = match median / target {
            ..=1.0 => "reached",
            ..=2.0 => "missed",
            _ => "MISSED BY MORE THAN TWICE",
        };
        let spread = format!("({low:.3} to {high:.3})");
        println!("{name:<44} {target:>8.2} {median:>8.3} {spread:>18}  {verdict}");
    }
}

/// Races the scrapes, and judges them.
fn scraped(rounds: usize, slice: u64) -> [(String, f64, Spread); 1] {
    let (contestants, crowd) = scrape::scrape();
    let race = Race::run(&contestants, 1, rounds, slice * 4);
    println!("\nscrape, 32 counters and 4 histograms of 8 threads: ns a scrape");
    for contestant in &contestants {
        print_time(contestant.name, race.ns(contestant.name), "");
    }
    let ratio = race.ratio("kairos", "prometheus-client");
    crowd.disperse();
    [("scrape / prometheus-client".to_owned(), 1.0, ratio)]
}

fn print_time(name: &str, Spread { low, median, high }: Spread, rest: &str) {
    println!("  {name:<20} {median:>10.2} ({low:.2} to {high:.2}){rest}");
}
