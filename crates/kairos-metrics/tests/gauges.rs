//! Claims about gauges: exact under many threads, and swept only when they are idle at zero.
//! Never knows: how a level is kept.
//! Read next: `../src/gauge.rs`.
#![cfg(not(kairos_loom))]

use std::sync::Barrier;
use std::time::Duration;

use kairos_metrics::{Clock, Registry, Value};

/// Runs `work` in four threads at once.
fn in_four_threads(work: impl Fn(i64) + Sync) {
    let barrier = Barrier::new(4);
    std::thread::scope(|scope| {
        for thread in 1..=4 {
            let (barrier, work) = (&barrier, &work);
            scope.spawn(move || {
                barrier.wait();
                work(thread);
            });
        }
    });
}

#[test]
fn raising_and_lowering_a_level_is_exact_under_many_threads() {
    const EACH: i64 = 200_000;
    let registry = Registry::new();
    let raised = registry.gauge("raised", "Raised").unwrap();
    let lowered = registry.gauge("lowered", "Lowered").unwrap();
    in_four_threads(|thread| {
        for _ in 0..EACH {
            raised.add(thread);
            lowered.sub(thread);
        }
    });
    assert_eq!((raised.value(), lowered.value()), (10 * EACH, -10 * EACH));
}

#[test]
fn raising_and_lowering_a_fraction_is_exact_under_many_threads() {
    const EACH: i64 = 100_000;
    let registry = Registry::new();
    let raised = registry.fraction_gauge("raised", "Raised").unwrap();
    let lowered = registry.fraction_gauge("lowered", "Lowered").unwrap();
    in_four_threads(|thread| {
        for _ in 0..EACH {
            // Halves of small numbers have an exact sum, whatever the order.
            raised.add(thread as f64 / 2.0);
            lowered.sub(thread as f64 / 2.0);
        }
    });
    let expected = (5 * EACH) as f64;
    assert_eq!((raised.value().to_bits(), lowered.value()), (expected.to_bits(), -expected));
}

#[test]
fn a_level_that_is_held_does_not_expire() {
    let (clock, hand) = Clock::manual();
    let registry = Registry::builder().clock(clock).build();
    let idle = Duration::from_nanos(100);
    let open = registry.gauge_family("open", "Open", ["venue"]).unwrap();
    let load = registry.fraction_gauge_family("load", "Load", ["core"]).unwrap();
    open.with(["held"]).add(1);
    open.with(["below"]).sub(1);
    load.with(["held"]).add(0.25);
    for _ in 0..5 {
        hand.advance(150);
        assert_eq!(open.expire_idle(idle) + load.expire_idle(idle), 0);
    }
    open.with(["held"]).sub(1);
    load.with(["held"]).sub(0.25);
    assert_eq!(registry.snapshot().value("open", &["held"]), Some(&Value::Gauge(0)));
    // This sweep sees the write to zero.
    assert_eq!(open.expire_idle(idle) + load.expire_idle(idle), 0);
    hand.advance(99);
    assert_eq!(open.expire_idle(idle) + load.expire_idle(idle), 0);
    hand.advance(1);
    assert_eq!((open.expire_idle(idle), load.expire_idle(idle)), (1, 1));
    assert_eq!(registry.snapshot().value("open", &["below"]), Some(&Value::Gauge(-1)));
}

#[test]
fn writing_the_level_that_a_gauge_has_keeps_it() {
    let (clock, hand) = Clock::manual();
    let registry = Registry::builder().clock(clock).build();
    let idle = Duration::from_nanos(100);
    let open = registry.gauge_family("open", "Open", ["venue"]).unwrap();
    let load = registry.fraction_gauge_family("load", "Load", ["core"]).unwrap();
    for _ in 0..5 {
        open.with(["set"]).set(0);
        open.with(["both"]).add(1);
        open.with(["both"]).sub(1);
        load.with(["set"]).set(-0.0);
        hand.advance(150);
        assert_eq!(open.expire_idle(idle) + load.expire_idle(idle), 0);
    }
    hand.advance(150);
    assert_eq!((open.expire_idle(idle), load.expire_idle(idle)), (2, 1));
}
