// The claims of `odds.rs`, each as a test.
// Never knows: anything beyond the module it tests.
// Read next: `odds.rs`.

use super::*;
use crate::config::{Config, Rules};
use crate::policy::{DriftBound, Volatility};

const SECOND: u64 = 1_000_000_000;
const WALL: i64 = 1_700_000_000_000_000_000;

/// Nothing depends on the prices.
struct Nobody;

impl Marks for Nobody {
    fn changed(&self) {}

    fn moved(&self, _: DriftBound) -> u64 {
        0
    }
}

fn rule() -> OddsRule {
    Rules::new(&Config::default()).expect("defaults are in range").odds
}

fn at(second: u64) -> Now {
    Now { mono: second * SECOND, wall: WALL + (second * SECOND) as i64 }
}

fn tell(
    book: &OddsBook,
    market: &str,
    price: f64,
    at: WallNs,
    now: Now,
) -> Result<Observed, ObservationError> {
    let told = Told { now, feed: None };
    book.observe(Observation { market, price, at }, told, &rule(), &Nobody).0
}

fn observe(book: &OddsBook, second: u64, price: f64) -> Observed {
    tell(book, "home_win", price, at(second).wall, at(second)).expect("in order")
}

fn calm_book() -> OddsBook {
    let book = OddsBook::new();
    for second in 0..10 {
        observe(&book, second, 2.0);
    }
    book
}

fn status(book: &OddsBook, second: u64) -> Signal {
    book.published(at(second).mono).0
}

#[test]
fn a_match_without_observations_is_not_scored() {
    let book = OddsBook::new();
    assert_eq!(status(&book, 0), Signal::Unscored);
    observe(&book, 0, 2.0);
    assert_eq!(status(&book, 0), Signal::Scored(Volatility::Normal, 0.0));
    assert_eq!(status(&book, 1800), Signal::Scored(Volatility::Normal, 0.0));
    assert_eq!(status(&book, 1801), Signal::Unscored);
}

#[test]
fn a_panic_holds_and_then_gives_way_to_the_warning_that_still_holds() {
    let book = calm_book();
    assert_eq!(observe(&book, 10, 2.2).status, Volatility::Panic);
    assert_eq!(status(&book, 39).status(), Volatility::Panic);
    assert_eq!(status(&book, 40).status(), Volatility::Normal);
    // A second market of the match warns: sigma is the floor, 0.01, so 1.7 sigma is 0.017.
    for second in 20..30 {
        tell(&book, "draw", 2.0, at(second).wall, at(second)).expect("in order");
    }
    let warned = tell(&book, "draw", 2.017, at(30).wall, at(30)).expect("in order");
    assert_eq!(warned.status, Volatility::Warning);
    assert_eq!(status(&book, 39).status(), Volatility::Panic);
    assert_eq!(status(&book, 40).status(), Volatility::Warning);
    assert!((status(&book, 40).z() - 1.7).abs() < 1e-9);
    assert_eq!(status(&book, 60).status(), Volatility::Normal);
}

#[test]
fn a_late_observation_holds_from_its_own_time_and_a_future_one_from_now() {
    let book = calm_book();
    let late = tell(&book, "home_win", 2.2, at(10).wall, at(35)).expect("in order");
    assert!(late.changed);
    assert_eq!(status(&book, 39).status(), Volatility::Panic);
    assert_eq!(status(&book, 40).status(), Volatility::Normal);
    let future = tell(&book, "home_win", 4.0, at(99).wall, at(41)).expect("58 s ahead");
    assert_eq!(future.status, Volatility::Panic);
    assert_eq!(status(&book, 70).status(), Volatility::Panic);
    assert_eq!(status(&book, 71).status(), Volatility::Normal);
}

#[test]
fn history_from_before_the_clock_began_is_as_old_as_it_says() {
    let (book, start) = (OddsBook::new(), at(0));
    let ago = |seconds: i64| start.wall - seconds * SECOND as i64;
    for minute in (11..20).rev() {
        tell(&book, "home_win", 2.0, ago(minute * 60), start).expect("in order");
    }
    let panic = tell(&book, "home_win", 9.0, ago(600), start).expect("in order");
    assert_eq!((panic.status, panic.changed), (Volatility::Panic, false));
    assert_eq!(status(&book, 0), Signal::Scored(Volatility::Normal, 0.0), "its hold is long over");
    assert_eq!(status(&book, 1200), Signal::Scored(Volatility::Normal, 0.0));
    assert_eq!(status(&book, 1201), Signal::Unscored, "half an hour after the newest");
    let own =
        |second| book.scores.score([("home_win", 9.0)].into_iter(), at(second).mono, &rule().score);
    assert!(own(1200).z() > 0.0);
    assert_eq!(own(1201), Signal::Scored(Volatility::Normal, 0.0));
}

#[test]
fn what_is_refused_changes_nothing() {
    let book = calm_book();
    let before = book.scores.score([("home_win", 2.005)].into_iter(), at(9).mono, &rule().score);
    let refuse = |price, second: i64, expected| {
        let wall = WALL + second * SECOND as i64;
        let refused = tell(&book, "home_win", price, wall, at(9));
        assert_eq!(refused.map(|_| ()), Err(expected), "{price} at {second}");
    };
    for price in [1.0, 0.0, -2.0, f64::INFINITY] {
        refuse(price, 9, ObservationError::Price(price));
    }
    assert!(matches!(
        tell(&book, "home_win", f64::NAN, at(9).wall, at(9)),
        Err(ObservationError::Price(price)) if price.is_nan()
    ));
    refuse(2.0, 8, ObservationError::OutOfOrder);
    refuse(2.0, 70, ObservationError::InFuture);
    refuse(2.0, -1792, ObservationError::TooOld);
    let after = book.scores.score([("home_win", 2.005)].into_iter(), at(9).mono, &rule().score);
    assert_eq!(before, after);
}

#[test]
fn a_reads_own_prices_are_scored_against_windows_that_are_not_too_old() {
    let book = calm_book();
    let score = |second: u64, prices: &[(&'static str, f64)]| {
        book.scores.score(prices.iter().copied(), at(second).mono, &rule().score)
    };
    assert_eq!(
        score(9, &[("home_win", 2.0), ("draw", 9.0)]),
        Signal::Scored(Volatility::Normal, 0.0)
    );
    assert_eq!(score(9, &[("home_win", 2.1)]).status(), Volatility::Panic);
    assert_eq!(score(1809, &[("home_win", 2.1)]).status(), Volatility::Panic);
    assert_eq!(score(1810, &[("home_win", 2.1)]), Signal::Scored(Volatility::Normal, 0.0));
    assert_eq!(score(9, &[("home_win", f64::NAN)]), Signal::Scored(Volatility::Normal, 0.0));
}

#[test]
fn only_a_change_of_what_readers_see_is_a_change() {
    let book = OddsBook::new();
    assert!(observe(&book, 0, 2.0).changed, "the match is observed now");
    assert!(!observe(&book, 1, 2.0).changed);
    assert!(!observe(&book, 2, 2.0).changed);
    assert!(observe(&book, 3, 2.2).changed, "panic begins");
    // The first panic's hold is over and nothing was written: a second panic is a change all the same.
    assert!(observe(&book, 100, 9.0).changed);
}

#[test]
fn a_window_that_ends_at_the_clocks_origin_still_counts_there() {
    let book = OddsBook::new();
    tell(&book, "draw", 2.0, WALL - 1800 * SECOND as i64, at(0)).expect("not older");
    assert_eq!(status(&book, 0), Signal::Scored(Volatility::Normal, 0.0));
    assert_eq!(book.published(1).0, Signal::Unscored);
}
