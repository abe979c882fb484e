// Claims about the day as a whole.
// Never run an engine: the volatility rule that they need stands here, in its sequential form.
// Read next: `../day.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kairos_cache::TradingStatus;

use super::super::crowd::DEFAULT_MARKETS;
use super::super::hours::MINUTE_MS;
use super::*;
use crate::scenario::{Get, Jsonl, write_op};

fn default_day() -> Vec<Op> {
    Day::new(&Shape::default()).unwrap().collect()
}

fn small(fixtures: usize, seed: u64) -> Vec<Op> {
    let shape = Shape { fixtures, seed, reads_per_s: 0.2, ..Shape::default() };
    Day::new(&shape).unwrap().collect()
}

fn reads(ops: &[Op]) -> impl Iterator<Item = (i64, &Get)> {
    ops.iter().filter_map(|op| match &op.kind {
        OpKind::Get(get) => Some((op.t_ms, &**get)),
        _ => None,
    })
}

fn kickoffs(ops: &[Op]) -> BTreeMap<&str, i64> {
    reads(ops).map(|(_, get)| (get.match_id.as_deref().unwrap(), get.kickoff_ms.unwrap())).collect()
}

/// 0 for normal, 1 for warning, 2 for panic: the rule of the volatility section, without suspensions.
#[derive(Default)]
struct Volatility {
    windows: BTreeMap<(String, String), Vec<(i64, f64)>>,
    holds: BTreeMap<(String, u8), i64>,
}

impl Volatility {
    fn observe(&mut self, match_id: &str, market: &str, t_ms: i64, price: f64) {
        let window = self.windows.entry((match_id.into(), market.into())).or_default();
        window.retain(|(at, _)| t_ms - at <= 30 * MINUTE_MS);
        if window.len() >= 3 {
            let n = window.len() as f64;
            let mean = window.iter().map(|(_, p)| p).sum::<f64>() / n;
            let var = window.iter().map(|(_, p)| (p - mean).powi(2)).sum::<f64>() / (n - 1.0);
            let z = (price - mean).abs() / var.sqrt().max(0.005 * mean);
            let level = if z >= 2.0 { 2 } else { u8::from(z >= 1.5) };
            self.holds.insert((match_id.into(), level), t_ms + 30_000);
        }
        window.push((t_ms, price));
        if window.len() > 100 {
            window.remove(0);
        }
    }

    fn status(&self, match_id: &str, t_ms: i64) -> u8 {
        let held = |level| {
            self.holds.get(&(match_id.to_owned(), level)).is_some_and(|until| t_ms < *until)
        };
        if held(2) { 2 } else { u8::from(held(1)) }
    }
}

#[test]
fn a_seed_settles_the_day_and_another_seed_changes_it() {
    assert_eq!(small(3, 1), small(3, 1));
    assert_ne!(small(3, 1), small(3, 2));
}

#[test]
fn one_more_match_leaves_the_others_as_they_are() {
    let of_first = |ops: Vec<Op>| {
        let about_first = |op: &Op| match &op.kind {
            OpKind::Odds { match_id, .. } | OpKind::Event { match_id, .. } => &**match_id == "m001",
            _ => false,
        };
        ops.into_iter().filter(about_first).map(|op| (op.t_ms, op.kind)).collect::<Vec<_>>()
    };
    let alone = of_first(small(1, 5));
    assert!(alone.len() > 1000);
    assert_eq!(alone, of_first(small(4, 5)));
}

#[test]
fn time_and_lines_go_on() {
    let ops = default_day();
    assert!((200_000..500_000).contains(&ops.len()), "{}", ops.len());
    assert!(ops.is_sorted_by_key(|op| op.t_ms));
    assert!(ops.iter().zip(1..).all(|(op, line)| op.line == line));
    assert!(ops[0].t_ms >= DAY_START_MS);
    let about = Day::new(&Shape::default()).unwrap().about() as f64;
    assert!((ops.len() as f64 / about - 1.0).abs() < 0.1, "{} of {about}", ops.len());
}

#[test]
fn a_day_is_read_back_as_it_was_written() {
    let ops = small(3, 7);
    let mut text = Vec::new();
    for op in &ops {
        write_op(&mut text, op).unwrap();
    }
    let lines = Jsonl::new(Path::new("day.jsonl"), &text[..]);
    let again: Vec<Op> = lines.map(Result::unwrap).collect();
    assert_eq!(again.len(), ops.len());
    for (found, expected) in again.iter().zip(&ops) {
        assert_eq!(found, expected);
    }
}

#[test]
fn most_ticks_change_nothing() {
    let ops = default_day();
    let kickoffs = kickoffs(&ops);
    let mut shown = BTreeMap::new();
    // Ticks and those of them that change a price, before kickoff and after.
    let mut counts = [(0_u32, 0_u32); 2];
    for op in &ops {
        if let OpKind::Odds { match_id, market, price } = &op.kind {
            let count = &mut counts[usize::from(op.t_ms >= kickoffs[&**match_id])];
            count.0 += 1;
            count.1 += u32::from(shown.insert((match_id, market), *price) != Some(*price));
        }
    }
    let changing = counts.map(|(ticks, changes)| f64::from(changes) / f64::from(ticks));
    assert!(
        (0.02..0.06).contains(&changing[0]) && (0.05..0.2).contains(&changing[1]),
        "{changing:?}"
    );
}

#[test]
fn a_few_reads_in_a_hundred_meet_a_panic() {
    let ops = default_day();
    let mut volatility = Volatility::default();
    let mut reads = [0_u32; 3];
    for op in &ops {
        match &op.kind {
            OpKind::Odds { match_id, market, price } => {
                volatility.observe(match_id, market, op.t_ms, *price);
            }
            OpKind::Get(get) => {
                let status = volatility.status(get.match_id.as_deref().unwrap(), op.t_ms);
                reads[usize::from(status)] += 1;
            }
            _ => {}
        }
    }
    let total: u32 = reads.iter().sum();
    let share = |status: usize| f64::from(reads[status]) / f64::from(total);
    assert!((0.01..0.08).contains(&share(2)) && (0.01..0.08).contains(&share(1)), "{reads:?}");
}

#[test]
fn lineups_come_about_an_hour_before_kickoff_and_readers_know_at_once() {
    let ops = default_day();
    let kickoffs = kickoffs(&ops);
    let mut known = BTreeSet::new();
    for op in &ops {
        match &op.kind {
            OpKind::Event { match_id, event } if &**event == "lineup_confirmed" => {
                let ahead_ms = kickoffs[&**match_id] - op.t_ms;
                assert!((50 * MINUTE_MS..=70 * MINUTE_MS).contains(&ahead_ms), "{ahead_ms}");
                assert!(known.insert(&**match_id), "{match_id} is confirmed twice");
            }
            OpKind::Get(get) => {
                let match_id = get.match_id.as_deref().unwrap();
                assert_eq!(get.lineup_confirmed, Some(known.contains(match_id)));
            }
            _ => {}
        }
    }
    assert_eq!(known.len(), 40);
}

#[test]
fn a_suspended_match_shows_no_prices_and_a_closed_one_stays_closed() {
    let ops = default_day();
    let mut statuses: BTreeMap<&str, TradingStatus> = BTreeMap::new();
    let mut suspensions = 0;
    let mut barred_reads = 0;
    for op in &ops {
        match &op.kind {
            OpKind::Odds { match_id, .. } => {
                let status = statuses.get(&**match_id);
                assert!(matches!(status, None | Some(TradingStatus::Open)), "line {}", op.line);
            }
            OpKind::Status { match_id, market: None, status } => {
                let before = statuses.insert(match_id, *status).unwrap_or(TradingStatus::Open);
                assert!(before != *status && before != TradingStatus::Closed, "line {}", op.line);
                suspensions += u32::from(*status == TradingStatus::Suspended);
            }
            OpKind::Get(get) => {
                let status = statuses.get(get.match_id.as_deref().unwrap());
                barred_reads += u32::from(matches!(status, Some(s) if *s != TradingStatus::Open));
            }
            _ => {}
        }
    }
    assert_eq!(statuses.len(), 40);
    assert!(statuses.values().all(|status| *status == TradingStatus::Closed));
    assert!((80..400).contains(&suspensions), "{suspensions}");
    assert!((100..4000).contains(&barred_reads), "{barred_reads}");
}

#[test]
fn every_event_of_the_default_graph_happens_on_some_day() {
    let known = [
        "weather_rain",
        "weather_snow",
        "weather_wind",
        "player_injury",
        "goalkeeper_change",
        "lineup_confirmed",
        "key_player_suspended",
        "referee_assigned",
        "venue_changed",
        "odds_steam",
        "line_movement",
        "sharp_money",
    ];
    let mut seen = BTreeSet::new();
    for op in small(200, 1) {
        if let OpKind::Event { event, .. } = op.kind {
            seen.insert(event.to_string());
        }
    }
    assert_eq!(seen, known.map(str::to_owned).into());
}

#[test]
fn keys_cover_the_default_markets_and_stay_the_same_allocation() {
    let ops = default_day();
    let mut keys: BTreeMap<&str, *const str> = BTreeMap::new();
    let mut markets = BTreeSet::new();
    for (_, get) in reads(&ops) {
        let market = get.market.as_deref().unwrap();
        assert_eq!(*get.key, format!("{}:{market}", get.match_id.as_deref().unwrap()));
        assert!(std::ptr::eq(
            *keys.entry(&get.key).or_insert(&raw const *get.key),
            &raw const *get.key
        ));
        markets.insert(market);
    }
    assert_eq!(markets, DEFAULT_MARKETS.into());
    assert!(keys.len() > 400, "{}", keys.len());
}

#[test]
fn a_shape_outside_its_ranges_is_refused() {
    let check = |shape: Shape, message: &str| {
        assert_eq!(Day::new(&shape).err().unwrap().to_string(), message);
    };
    let shape = Shape::default;
    check(Shape { fixtures: 0, ..shape() }, "a matchday must have 1 to 1000 matches");
    check(Shape { fixtures: 1001, ..shape() }, "a matchday must have 1 to 1000 matches");
    check(Shape { readers: 0, ..shape() }, "a matchday requires at least one reader");
    for reads_per_s in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        check(
            Shape { reads_per_s, ..shape() },
            "the read rate must be a finite number of reads per second above 0",
        );
    }
}
