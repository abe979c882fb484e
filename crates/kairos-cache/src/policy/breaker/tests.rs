// The claims of `breaker.rs`, each as a test.
// Never knows: anything beyond the module it tests.
// Read next: `breaker.rs`.

use super::*;
use crate::config::{Config, Rules};

fn rule() -> BreakerRule {
    Rules::new(&Config::default()).expect("defaults are in range").read.breaker
}

/// Feeds one bucket a second and returns the level at each.
fn levels(seconds: &[(u64, u64)]) -> Vec<BreakerLevel> {
    let (rule, mut breaker, mut total) = (rule(), Breaker::default(), Scored::default());
    (0u64..)
        .zip(seconds)
        .map(|(second, (reads, panics))| {
            let level = breaker.begin_second(second, total, &rule);
            total.reads += reads;
            total.panics += panics;
            level
        })
        .collect()
}

use BreakerLevel::{CircuitOpen, HighVolatility, Normal};

#[test]
fn it_opens_one_step_a_second_and_only_by_completed_seconds() {
    assert_eq!(
        levels(&[(100, 90), (1, 0), (1, 0), (1, 0)]),
        [Normal, HighVolatility, CircuitOpen, CircuitOpen]
    );
}

#[test]
fn thresholds_are_exceeded_not_reached() {
    assert_eq!(levels(&[(100, 50), (0, 0)]), [Normal, Normal]);
    assert_eq!(levels(&[(100, 80), (0, 0), (0, 0)]), [Normal, HighVolatility, HighVolatility]);
}

#[test]
fn fewer_than_sixty_reads_say_nothing() {
    assert_eq!(levels(&[(59, 59), (0, 0)]), [Normal, Normal]);
    assert_eq!(levels(&[(60, 60), (0, 0)]), [Normal, HighVolatility]);
}

#[test]
fn it_closes_below_its_exits() {
    let calm = levels(&[(100, 90), (0, 0), (45, 0), (60, 0), (200, 0), (0, 0)]);
    // 90/100 twice, then 90/145 = 0.62 stays open, 90/205 = 0.44 closes one step and stays there,
    // 90/405 = 0.22 closes the other.
    assert_eq!(calm, [Normal, HighVolatility, CircuitOpen, CircuitOpen, HighVolatility, Normal]);
}

#[test]
fn a_second_leaves_the_window_after_half_an_hour() {
    let (rule, mut breaker) = (rule(), Breaker::default());
    let total = Scored { reads: 100, panics: 60 };
    breaker.begin_second(0, Scored::default(), &rule);
    assert_eq!(breaker.begin_second(1, total, &rule), HighVolatility);
    assert_eq!(breaker.begin_second(1800, total, &rule), HighVolatility);
    assert_eq!(breaker.begin_second(1801, total, &rule), Normal);
    assert!(breaker.buckets.is_empty());
    assert_eq!(breaker.window, Scored::default());
}

#[test]
fn the_caps_follow_the_table() {
    let rule = rule();
    let s = |seconds: u64| seconds * 1_000_000_000;
    for (level, panic, warning, normal) in [
        (Normal, u64::MAX, u64::MAX, u64::MAX),
        (HighVolatility, s(5), s(10), u64::MAX),
        (CircuitOpen, s(10), s(30), s(60)),
    ] {
        assert_eq!(rule.cap_ns(level, Volatility::Panic), panic);
        assert_eq!(rule.cap_ns(level, Volatility::Warning), warning);
        assert_eq!(rule.cap_ns(level, Volatility::Normal), normal);
    }
}

#[test]
fn a_window_that_fills_and_goes_on_takes_no_memory() {
    let rule = BreakerRule { window_s: 40, ..rule() };
    let mut breaker = Breaker::default();
    breaker.reserve(rule.window_s);
    let room = breaker.buckets.capacity();
    for second in 0..1_000 {
        breaker.begin_second(second, Scored { reads: 2 * second, panics: second }, &rule);
        assert!(breaker.buckets.len() >= (second as usize).saturating_sub(1).min(40));
    }
    breaker.reserve(rule.window_s);
    assert_eq!(breaker.buckets.capacity(), room);
}
