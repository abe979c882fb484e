// Claims about feeds and scenarios with changed bytes: nothing panics, and every row is read or refused.
// Never knows: which changes are good ones.
// Read next: `../../source/tests.rs` for packed files alone.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;
use crate::chance::Rng;
use crate::scenario::jsonl::Jsonl;
use crate::scenario::source::{Packing, unpack};
use crate::scenario::strictness::{Checked, Strictness};

const CASES: u64 = 4000;

const CSV: &str = "ts_ms,market_id,runner,price,event,kickoff_ms,note\n\
    1000,m,home,2.0,PRE,5000,\n2000,m,,,SUSPENDED,,\"a, b\"\n\n2500,\"m\",home,2.1,goal,5000,\n\
    3000,m2,away,1.0,,,\"c \"\"d\"\"\"\n4000,m,,,goal,,\n4000,m,home,2.25,OPEN,,x\n";

const JSONL: &str = "{\"t\":1000,\"op\":\"get\",\"id\":\"a\",\"key\":\"k\"}\n\n\
    {\"t\":1000,\"op\":\"odds\",\"match\":\"m\",\"market\":\"h\",\"price\":2.5}\n\
    {\"t\":2000,\"op\":\"cancel\",\"id\":\"a\"}\n{\"t\":2000,\"op\":\"metrics\"}\n";

/// Changes, inserts, removes, doubles or cuts off a few bytes behind the first `spared`.
fn mutate(bytes: &mut Vec<u8>, rng: &mut Rng, spared: usize) {
    const LIKELY: &[u8] = b"\"\n\r,;\t\0\xff-.0{}";
    for _ in 0..=rng.below(4) {
        if bytes.len() <= spared + 1 {
            return;
        }
        let at = spared + rng.below(bytes.len() - spared);
        let byte = match rng.below(2) {
            0 => LIKELY[rng.below(LIKELY.len())],
            _ => rng.below(256) as u8,
        };
        match rng.below(6) {
            0 | 1 => bytes[at] = byte,
            2 => bytes.insert(at, byte),
            3 => drop(bytes.remove(at)),
            4 => {
                let end = (at + rng.below(40)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => bytes.truncate(at),
        }
    }
}

/// The rows of a text that are there: the lines that are not blank, behind the header if there is one.
fn rows_in(text: &[u8], has_returns: bool) -> u64 {
    let is_end = |byte: &u8| *byte == b'\n' || (has_returns && *byte == b'\r');
    text.split(is_end).filter(|line| !line.trim_ascii().is_empty()).count() as u64
}

/// Reads a feed to its end, leniently; none if it was refused as a whole.
fn read_feed(text: impl BufRead) -> Option<(u64, u64)> {
    let dialect = Dialect { news: vec!["goal".into()], ..Dialect::default() };
    let feed = Feed::new(Path::new("f.csv"), text, Cut::default(), dialect).ok()?;
    let mut feed = Checked::new(feed, Strictness::Lenient);
    let is_whole = feed.by_ref().all(|row| row.is_ok());
    is_whole.then(|| (feed.inner().counts().rows, feed.skipped().lines()))
}

fn read_jsonl(text: impl BufRead) -> Option<(u64, u64)> {
    let mut lines = Checked::new(Jsonl::new(Path::new("s.jsonl"), text), Strictness::Lenient);
    let read: Vec<_> = lines.by_ref().collect();
    read.iter().all(Result::is_ok).then(|| (read.len() as u64, lines.skipped().lines()))
}

#[test]
fn every_row_of_a_changed_feed_is_read_or_refused() {
    let header = CSV.find('\n').unwrap() + 1;
    assert_eq!(read_feed(CSV.as_bytes()), Some((6, 0)));
    let (mut whole, mut refused) = (0, 0);
    for case in 0..CASES {
        let mut bytes = CSV.as_bytes().to_vec();
        mutate(&mut bytes, &mut Rng::new(case, 1), header);
        let Some((read, skipped)) = read_feed(&*bytes) else { continue };
        let there = rows_in(&bytes[header..], true);
        assert_eq!(read + skipped, there, "case {case}: {:?}", String::from_utf8_lossy(&bytes));
        whole += 1;
        refused += skipped;
    }
    // Few changes make a feed that is refused as a whole, and most make a bad row.
    assert!(whole > CASES * 9 / 10, "{whole}");
    assert!(refused > CASES / 2, "{refused}");
}

#[test]
fn a_changed_header_is_refused_or_read_and_never_panics() {
    for case in 0..CASES {
        let mut bytes = CSV.as_bytes().to_vec();
        mutate(&mut bytes, &mut Rng::new(case, 2), 0);
        let _ = read_feed(&*bytes);
    }
}

#[test]
fn every_line_of_a_changed_scenario_is_read_or_refused() {
    assert_eq!(read_jsonl(JSONL.as_bytes()), Some((4, 0)));
    for case in 0..CASES {
        let mut bytes = JSONL.as_bytes().to_vec();
        mutate(&mut bytes, &mut Rng::new(case, 3), 2);
        let found = read_jsonl(&*bytes).map(|(read, skipped)| read + skipped);
        assert_eq!(found, Some(rows_in(&bytes, false)), "case {case}");
    }
}

#[test]
fn a_changed_packed_feed_is_read_whole_or_refused() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(CSV.as_bytes()).unwrap();
    let gzip = encoder.finish().unwrap();
    let half = CSV.len() / 2;
    let pack = |text: &str| compress_to_vec(text.as_bytes(), CompressionLevel::Fastest);
    let zstd = [
        &[0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4][..],
        &pack(&CSV[..half]),
        &pack(&CSV[half..]),
    ]
    .concat();
    for (packing, packed) in [(Packing::Gzip, gzip), (Packing::Zstd, zstd)] {
        let whole = unpack(std::io::Cursor::new(packed.clone()), packing).unwrap();
        assert_eq!(read_feed(whole), Some((6, 0)));
        let mut refused = 0;
        for case in 0..CASES {
            let mut bytes = packed.clone();
            mutate(&mut bytes, &mut Rng::new(case, 4), 0);
            let Ok(unpacked) = unpack(std::io::Cursor::new(bytes.clone()), packing) else {
                continue;
            };
            match read_feed(unpacked) {
                Some((read, skipped)) => {
                    // Whole parts may be doubled or gone; what is left has the checksums of its parts.
                    let mut text = Vec::new();
                    let mut again = unpack(std::io::Cursor::new(bytes), packing).unwrap();
                    again.read_to_end(&mut text).unwrap();
                    assert_eq!(read + skipped, rows_in(&text, true) - 1, "case {case}");
                }
                None => refused += 1,
            }
        }
        assert!(refused > CASES * 3 / 4, "{packing:?}: {refused}");
    }
}
