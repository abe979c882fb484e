// Claims about `kairos matchday`: the operations that it writes are those that it ran.
// Never look behind the command line.
// Read next: `../../src/matchday/mod.rs`.

use std::io::Read;
use std::iter;

use flate2::read::GzDecoder;

use crate::stage::{Report, Scratch, told};

const DAY: &str = "matchday --fixtures 2 --seed 5 --read-rate 0.1";

#[test]
fn an_emitted_matchday_holds_every_operation_packed_or_not() {
    let (plain, packed) = (Scratch::new("plain.jsonl"), Scratch::new("packed.jsonl.gz"));
    let report = Report::of(&format!("{DAY} --emit {}", plain.path()));
    let text = told(&format!("{DAY} --emit {}", packed.path()));
    assert!(text.contains("\n\nmatchday of 2 matches, seed 5\n"), "{text}");
    assert!(text.contains("\nReads\n"), "{text}");
    assert!(!text.contains('\x1b'), "{text}");
    let mut unpacked = Vec::new();
    GzDecoder::new(&*packed.bytes()).read_to_end(&mut unpacked).unwrap();
    assert!(unpacked == plain.bytes());
    assert_eq!(report.fact("operations"), Some(plain.objects().len() as i64));
}

#[test]
fn a_matchday_replayed_from_its_file_decides_the_same() {
    let (direct, replayed) = (Scratch::new("direct.decisions"), Scratch::new("replayed.decisions"));
    let file = Scratch::new("same.jsonl.gz");
    told(&format!("{DAY} --emit {} --decisions {}", file.path(), direct.path()));
    told(&format!("replay {} --seed 5 --decisions {}", file.path(), replayed.path()));
    assert!(direct.bytes().len() > 100_000);
    assert!(direct.bytes() == replayed.bytes());
}

#[test]
fn no_plain_ttl_computes_as_little_as_a_desk_at_as_little_exposure() {
    let report = Report::of(
        "matchday --fixtures 2 --seed 5 --read-rate 1 --preset desk --ttl 1s,2s,5s,15s,1m,5m,15m,1h,6h",
    );
    let row = |section, label| {
        report.row(section, label).iter().map(|value| value.as_f64().unwrap()).collect::<Vec<_>>()
    };
    let all: Vec<_> = iter::zip(row("Reads", "computes"), row("Stale-price", "sum")).collect();
    let ((computes, exposure), plain) = (all[0], &all[1..]);
    assert_eq!(plain.len(), 9);
    assert!(plain.iter().all(|of| of.0 > computes || of.1 > exposure), "{all:?}");
    let distance = |of: &&(f64, f64)| (of.1 - exposure).abs();
    let nearest = plain.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap();
    assert!(nearest.0 >= 2.0 * computes, "{nearest:?} is nearest to {:?}", all[0]);
}
