// Claims about `kairos matchday`: the operations that it writes are those that it ran.
// Never look behind the command line.
// Read next: `../../src/matchday/mod.rs`.

use std::io::Read;

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
