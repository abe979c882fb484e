//! How long it takes to find a family's series by its label values, of one, two and three labels.
// Never knows: how a race is run.
// Read next: `counters.rs`, which counts through handles that are kept.

use std::hint::black_box;

use benches::race::{Contestant, OURS};
use benches::report::{Report, Target};
use kairos_metrics::Registry;
use prometheus::{IntCounterVec, Opts};

const NOT_SLOWER: [Target; 2] = [(1, OURS, "prometheus", 1.0), (2, OURS, "prometheus", 1.0)];

/// Series that there are; those of the first eight are looked up in turn.
const SERIES: usize = 500;

fn main() {
    let mut report = Report::from_args();
    report.race("family, 1 label", || lookup(["path"]), &NOT_SLOWER);
    report.race("family, 2 labels", || lookup(["path", "status"]), &NOT_SLOWER);
    report.race("family, 3 labels", || lookup(["path", "status", "region"]), &NOT_SLOWER);
    report.judge();
}

/// The label values of a series: the first ones tell it from others.
fn values<const N: usize>(series: usize) -> [String; N] {
    std::array::from_fn(|label| match label {
        0 => format!("/matches/{series}"),
        1 => "200".to_owned(),
        _ => "eu-central-1".to_owned(),
    })
}

/// Looks series up that there are, and counts the lookups in the last one.
fn lookup<const N: usize>(labels: [&str; N]) -> Vec<Contestant> {
    let registry = Registry::new();
    let ours = registry.counter_family("hits", "Hits", labels).expect("valid");
    let theirs = IntCounterVec::new(Opts::new("hits", "Hits"), &labels).expect("valid");
    let all: Vec<[String; N]> = (0..SERIES).map(values).collect();
    for values in &all {
        ours.with(values.each_ref().map(String::as_str));
        theirs.with_label_values(&values.each_ref().map(String::as_str));
    }
    let first: [[String; N]; 8] = std::array::from_fn(values);
    let (keys, total) = (first.clone(), theirs.clone());
    vec![
        Contestant::new(
            "kairos",
            move |n| {
                let keys =
                    black_box(&keys).each_ref().map(|key| key.each_ref().map(String::as_str));
                for _ in 0..n / 8 {
                    for key in &keys {
                        black_box(ours.with(*key));
                    }
                }
                ours.with(keys[7]).add(n);
            },
            move || registry.snapshot().counter("hits"),
        )
        .slow(32),
        Contestant::new(
            "prometheus",
            move |n| {
                let keys =
                    black_box(&first).each_ref().map(|key| key.each_ref().map(String::as_str));
                for _ in 0..n / 8 {
                    for key in &keys {
                        black_box(theirs.with_label_values(key));
                    }
                }
                theirs.with_label_values(&keys[7]).inc_by(n);
            },
            move || {
                let last: [String; N] = values(7);
                total.with_label_values(&last.each_ref().map(String::as_str)).get()
            },
        )
        .slow(32),
    ]
}
