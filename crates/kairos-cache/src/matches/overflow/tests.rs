//! The claims of `overflow.rs`, each as a test.
//! Never knows: anything beyond the module it tests.
//! Read next: `overflow.rs`.

use super::*;
use crate::config::Config;
use crate::config::rules::Rules;
use crate::policy::events::EventGraph;
use crate::truth::generation::{Capture, Mark};

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 24 * 3600 * SECOND;

struct World {
    overflow: Overflow,
    graph: EventGraph,
    sequence: Sequence,
    everything: Arc<Mark>,
    rule: OddsRule,
}

impl World {
    fn new() -> World {
        let graph = EventGraph::football();
        World {
            overflow: Overflow::new(graph.market_count()),
            graph,
            sequence: Sequence::new(),
            everything: Arc::default(),
            rule: Rules::new(&Config::default()).expect("defaults are in range").odds,
        }
    }

    /// Captures and counts one entry of any match.
    fn store(&self, market: &str) -> Capture {
        let market = self.graph.market(market);
        let class = self.overflow.state().state.class(market, &[], &self.graph, |_| Arc::default());
        let capture = Capture::take(&self.sequence, &self.everything, &class);
        assert!(capture.admit());
        capture
    }

    fn set(&self, name: &str, market: Option<&str>, status: TradingStatus) -> Option<u64> {
        let market = market.map(|market| self.graph.market(market).expect("known"));
        self.overflow.set_status(name, market, status, 2, &self.sequence)
    }

    fn is_suspended(&self, name: &str, market: Option<&str>) -> bool {
        let market = market.map(|market| self.graph.market(market).expect("known"));
        self.overflow.is_suspended(name, market)
    }

    fn observe(&self, name: &str, price: f64, second: i64) -> Result<Observed, ObservationError> {
        let observation = Observation { market: "home_win", price, at: second * SECOND };
        self.overflow.observe(name, observation, at(second * SECOND), &self.rule)
    }

    fn score(&self, name: &str, price: f64, second: i64) -> Volatility {
        let prices = [("home_win", price)].into_iter();
        let now = (second * SECOND).unsigned_abs();
        self.overflow.score(name, prices, now, &self.rule.score).status()
    }
}

fn at(wall: i64) -> Now {
    Now { mono: wall.unsigned_abs(), wall }
}

#[test]
fn the_earliest_kickoff_ever_published_rules_and_no_line_up_lengthens() {
    let world = World::new();
    for kickoff in [50, 30, 70] {
        world.overflow.publish(kickoff);
    }
    let facts = world.overflow.state().state.facts();
    assert_eq!((facts.kickoff, facts.lineup_confirmed), (Some(30), false));
}

#[test]
fn a_change_of_status_kills_all_and_bars_the_name_until_that_very_market_is_open() {
    let world = World::new();
    world.store("btts");
    world.store("penalty");
    assert_eq!(world.set("a", Some("btts"), TradingStatus::Suspended), Some(2));
    assert!(world.is_suspended("a", Some("btts")));
    assert!(!world.is_suspended("a", Some("penalty")) && !world.is_suspended("b", Some("btts")));
    assert_eq!(world.set("a", Some("btts"), TradingStatus::Suspended), None);
    world.store("penalty");
    assert_eq!(world.set("b", None, TradingStatus::Closed), Some(1));
    assert_eq!(world.set("b", Some("btts"), TradingStatus::Open), None, "another level");
    assert_eq!(world.set("a", None, TradingStatus::Open), None, "another level");
    assert!(world.is_suspended("a", Some("btts")) && world.is_suspended("b", Some("penalty")));
    world.store("penalty");
    assert_eq!(world.set("a", Some("btts"), TradingStatus::Open), Some(1));
    assert!(!world.is_suspended("a", Some("btts")) && world.is_suspended("b", None));
    assert_eq!(world.set("b", None, TradingStatus::Open), Some(0));
    assert!(!world.is_suspended("b", None));
}

#[test]
fn a_name_that_cannot_be_remembered_bars_all_for_good() {
    let world = World::new();
    for name in ["a", "b"] {
        world.set(name, None, TradingStatus::Suspended);
    }
    assert!(!world.is_suspended("d", None));
    assert_eq!(world.set("c", None, TradingStatus::Suspended), Some(0));
    for name in ["a", "b", "c"] {
        world.set(name, None, TradingStatus::Open);
    }
    assert!(["a", "b", "c", "d"].iter().all(|name| world.is_suspended(name, None)));
    assert!(!world.overflow.may_be_forgotten(at(1_000 * DAY)));
}

#[test]
fn what_was_captured_before_a_status_is_dead_after_it() {
    let world = World::new();
    let capture = world.store("btts");
    world.set("a", None, TradingStatus::Suspended);
    assert!(capture.is_killed());
    let while_suspended = world.store("btts");
    world.set("a", None, TradingStatus::Open);
    assert!(while_suspended.is_killed());
}

#[test]
fn windows_are_a_matchs_own_and_a_panic_is_everybodys() {
    let world = World::new();
    for second in 0..10 {
        world.observe("a", 2.0, second).expect("in order");
        world.observe("b", 5.0, second).expect("in order");
    }
    assert_eq!(world.score("a", 2.0, 10), Volatility::Normal);
    assert_eq!(world.score("a", 5.0, 10), Volatility::Panic);
    assert_eq!(world.score("b", 5.0, 10), Volatility::Normal);
    assert_eq!(world.score("nobody", 5.0, 10), Volatility::Normal);
    let observed = world.observe("a", 5.0, 10).expect("in order");
    assert_eq!((observed.status, observed.changed), (Volatility::Panic, true));
    let (signal, _) = world.overflow.state().odds.published(11 * SECOND.unsigned_abs());
    assert_eq!(signal.status(), Volatility::Panic);
}

#[test]
fn as_many_matches_have_windows_as_a_match_has_markets_and_quiet_ones_make_room() {
    let mut world = World::new();
    world.rule.max_markets = 2;
    let observe = |name, second| world.observe(name, 2.0, second).map(|observed| observed.status);
    assert_eq!(observe("a", 0), Ok(Volatility::Normal));
    assert_eq!(observe("b", 0), Ok(Volatility::Normal));
    assert_eq!(observe("c", 0), Err(ObservationError::TooManyMarkets));
    assert_eq!(observe("b", 60), Ok(Volatility::Normal));
    // a's newest sample has left the window of 30 min, b's has not.
    assert_eq!(observe("c", 1801), Ok(Volatility::Normal));
    assert_eq!(observe("d", 1801), Err(ObservationError::TooManyMarkets));
}

#[test]
fn it_is_forgotten_only_where_nothing_that_bars_is_lost() {
    let world = World::new();
    let check = |wall, expected| assert_eq!(world.overflow.may_be_forgotten(at(wall)), expected);
    check(0, true);
    world.overflow.publish(DAY);
    world.overflow.publish(2 * DAY);
    check(DAY - 1, true);
    check(DAY, false);
    check(3 * DAY - 1, false);
    check(3 * DAY, true);
    world.set("a", None, TradingStatus::Closed);
    check(3 * DAY - 1, false);
    check(3 * DAY, true);
    world.set("b", Some("btts"), TradingStatus::Closed);
    check(9 * DAY, false);
    world.set("b", Some("btts"), TradingStatus::Open);
    check(9 * DAY, true);
    world.observe("a", 2.0, 9 * DAY / SECOND).expect("in order");
    check(9 * DAY, false);
    check(9 * DAY + 1801 * SECOND, true);
}
