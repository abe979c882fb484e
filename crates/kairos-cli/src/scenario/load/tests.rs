// Claims about the read load: its rate, its order, its choices, and that a seed determines all of them.
// Never depend on files.
// Read next: `../../chance/zipf.rs` for the claims about the choice itself.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::scenario::csv::{Cut, Dialect, Feed};

const HEADER: &str = "ts_ms,market_id,runner,price,kickoff_ms,event\n";

fn shape(seed: u64) -> LoadShape {
    LoadShape {
        readers: 7,
        reads_per_s: 10.0,
        compute_ms: 40,
        seed,
        markets: vec!["btts".into(), "handicap".into()],
    }
}

fn run(rows: &str, shape: LoadShape) -> Vec<Op> {
    let text = format!("{HEADER}{rows}");
    let feed =
        Feed::new(Path::new("f.csv"), text.as_bytes(), Cut::default(), Dialect::default()).unwrap();
    Loaded::new(feed, shape, None).unwrap().map(Result::unwrap).collect()
}

fn reads(ops: &[Op]) -> impl Iterator<Item = (i64, &Get)> {
    ops.iter().filter_map(|op| match &op.kind {
        OpKind::Get(get) => Some((op.t_ms, &**get)),
        _ => None,
    })
}

/// Three matches that are priced for 10 000 seconds.
fn long_feed() -> String {
    let times = (0..=1000).map(|s| s * 10_000);
    let rows = times.flat_map(|t| ["a", "b", "c"].map(|m| format!("{t},{m},h,2,5000000,PRE\n")));
    rows.collect::<Vec<_>>().concat()
}

#[test]
fn the_rate_is_the_one_asked_for() {
    let ops = run(&long_feed(), shape(1));
    // 10 000 s at 10 a second; the deviation of such a count is 0.3 %.
    let count = reads(&ops).count() as f64;
    assert!((count / 100_000.0 - 1.0).abs() < 0.02, "{count}");
    // Poisson: gaps above the mean make e⁻¹ of all.
    let times: Vec<i64> = reads(&ops).map(|(t_ms, _)| t_ms).collect();
    let long = times.windows(2).filter(|pair| pair[1] - pair[0] >= 100).count() as f64;
    assert!((long / count - (-1.0_f64).exp()).abs() < 0.01, "{}", long / count);
}

#[test]
fn matches_are_read_by_rank_and_callers_and_markets_alike() {
    let ops = run(&long_feed(), shape(2));
    let share = |of: &dyn Fn(&Get) -> String| {
        let mut counts: BTreeMap<String, f64> = BTreeMap::new();
        for (_, get) in reads(&ops) {
            *counts.entry(of(get)).or_default() += 1.0;
        }
        let total: f64 = counts.values().sum();
        counts.into_values().map(|count| count / total).collect::<Vec<_>>()
    };
    let close = |found: Vec<f64>, expected: &[f64]| {
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 0.01), "{found:?}");
    };
    close(
        share(&|get| get.match_id.as_deref().unwrap().to_owned()),
        &[6.0 / 11.0, 3.0 / 11.0, 2.0 / 11.0],
    );
    close(share(&|get| get.market.as_deref().unwrap().to_owned()), &[0.5, 0.5]);
    let caller = |get: &Get| match get.id {
        Some(ReadId::Caller { caller, .. }) => caller.to_string(),
        _ => panic!("{:?}", get.id),
    };
    close(share(&caller), &[1.0 / 7.0; 7]);
}

#[test]
fn a_read_names_its_key_match_market_and_newest_kickoff() {
    let ops = run("0,m,h,2,500,PRE\n50000,m,h,2,700,PRE\n100000,m,h,2,700,PRE\n", shape(3));
    for (t_ms, get) in reads(&ops) {
        assert_eq!(get.match_id.as_deref(), Some("m"));
        assert_eq!(*get.key, format!("m:{}", get.market.as_deref().unwrap()));
        assert_eq!(get.kickoff_ms, Some(if t_ms < 50_000 { 500 } else { 700 }));
        assert_eq!(get.compute, Some(Compute { ms: 40, ..Compute::default() }));
        assert_eq!(
            (get.current_odds.as_ref(), get.tags.len(), get.force_refresh),
            (None, 0, false)
        );
    }
    let keys: Vec<&Name> = reads(&ops).map(|(_, get)| &get.key).collect();
    let twin = keys[1..].iter().find(|key| key == &&keys[0]).unwrap();
    assert!(Arc::ptr_eq(keys[0], twin), "a key is made once");
}

#[test]
fn time_never_goes_back_and_the_feed_goes_first() {
    // A row every millisecond, so that every read falls on one.
    let rows = (0..20_000).map(|t| format!("{t},m,h,2,,PRE\n")).collect::<Vec<_>>().concat();
    let ops = run(&rows, shape(4));
    assert!(ops.is_sorted_by_key(|op| op.t_ms));
    for pair in ops.windows(2) {
        let read_then_row =
            matches!(pair[0].kind, OpKind::Get(_)) && !matches!(pair[1].kind, OpKind::Get(_));
        assert!(!read_then_row || pair[0].t_ms < pair[1].t_ms);
    }
    assert!(reads(&ops).count() > 100);
}

#[test]
fn closed_matches_are_not_read_until_they_open_again() {
    let rows = "0,a,h,2,,PRE\n0,b,h,2,,PRE\n100000,a,,,,CLOSED\n200000,b,,,,SUSPENDED\n300000,b,,,,CLOSED\n\
        400000,a,,,,OPEN\n500000,a,h,2,,PRE\n";
    let ops = run(rows, shape(5));
    let mut seen: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    for (t_ms, get) in reads(&ops) {
        let matches = seen.entry(t_ms / 100_000).or_default();
        let name = get.match_id.as_deref().unwrap();
        if !matches.contains(&name) {
            matches.push(name);
        }
    }
    for matches in seen.values_mut() {
        matches.sort_unstable();
    }
    let expected = [(0, vec!["a", "b"]), (1, vec!["b"]), (2, vec!["b"]), (4, vec!["a"])];
    assert_eq!(seen, BTreeMap::from(expected));
}

#[test]
fn a_match_whose_first_row_is_dropped_is_read_from_its_first_row_that_is_not_by_its_rank() {
    let rows = "0,a,h,0,,PRE\n0,b,h,1.0,,PRE\n0,c,h,2,,PRE\n100000,b,h,2,,PRE\n200000,b,h,2,,PRE\n";
    let ops = run(rows, shape(10));
    let share = |from_ms: i64, name: &str| {
        let of = |(t_ms, get): (i64, &Get)| {
            (t_ms / 100_000 == from_ms / 100_000).then(|| get.match_id.clone().unwrap())
        };
        let read: Vec<Name> = reads(&ops).filter_map(of).collect();
        let of_name = read.iter().filter(|read| ***read == *name).count();
        of_name as f64 / read.len() as f64
    };
    assert!(share(0, "c") > 0.99, "{}", share(0, "c"));
    // The second match in the feed, and the first that can be read.
    assert!(reads(&ops).all(|(_, get)| get.match_id.as_deref() != Some("a")));
    assert!((share(100_000, "b") - 2.0 / 3.0).abs() < 0.06, "{}", share(100_000, "b"));
}

#[test]
fn every_id_is_given_once() {
    let ops = run(&long_feed(), shape(6));
    let mut ids: Vec<String> =
        reads(&ops).map(|(_, get)| get.id.as_ref().unwrap().to_string()).collect();
    let made = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), made);
}

#[test]
fn a_seed_settles_everything_and_another_seed_changes_it() {
    let rows = "0,a,h,2,,PRE\n0,b,h,2,,PRE\n60000,a,h,2,,PRE\n";
    assert_eq!(run(rows, shape(8)), run(rows, shape(8)));
    assert_ne!(run(rows, shape(8)), run(rows, shape(9)));
}

#[test]
fn an_error_of_the_feed_comes_through() {
    let text = format!("{HEADER}0,m,h,2,,PRE\n100,m,h,two,,PRE\n");
    let feed =
        Feed::new(Path::new("f.csv"), text.as_bytes(), Cut::default(), Dialect::default()).unwrap();
    let last = Loaded::new(feed, shape(1), None).unwrap().last().unwrap();
    assert!(last.unwrap_err().to_string().starts_with("f.csv:3: price"));
}

#[test]
fn a_load_that_cannot_be_is_refused() {
    let check = |shape: LoadShape, message: &str| {
        let feed = std::iter::empty::<Result<Row, Error>>();
        assert_eq!(Loaded::new(feed, shape, None).err().unwrap().to_string(), message);
    };
    check(LoadShape { readers: 0, ..shape(0) }, "a read load requires at least one reader");
    check(
        LoadShape { markets: Vec::new(), ..shape(0) },
        "a read load requires at least one market",
    );
    for reads_per_s in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        check(
            LoadShape { reads_per_s, ..shape(0) },
            "the read rate must be a finite number of reads per second above 0",
        );
    }
}
