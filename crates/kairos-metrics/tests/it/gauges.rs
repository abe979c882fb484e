// Claims about gauges: exact under many threads, and swept only when they are idle at zero.
// Never knows: how a level is kept.
// Read next: `../../src/instrument/gauge.rs`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kairos_metrics::{Clock, Registry, Value};

/// Steps a gauge in two threads until each step was seen to meet the other thread's a hundred times,
/// however few processors there are; gives the number of steps.
fn step_in_two_threads(step: impl Fn() + Sync, steps_since: impl Fn(f64) -> f64 + Sync) -> f64 {
    let met = AtomicU64::new(0);
    let run = || {
        let mut steps = 0_u64;
        // Relaxed: the number alone matters.
        while met.load(Ordering::Relaxed) < 100 {
            let before = steps_since(0.0);
            step();
            steps += 1;
            if steps_since(before).to_bits() != 1_f64.to_bits() {
                // Relaxed: as above.
                met.fetch_add(1, Ordering::Relaxed);
            }
        }
        steps
    };
    std::thread::scope(|scope| {
        let threads = [scope.spawn(run), scope.spawn(run)];
        threads.map(|thread| thread.join().unwrap() as f64).iter().sum()
    })
}

#[test]
fn raising_and_lowering_a_level_is_exact_under_many_threads() {
    let registry = Registry::new();
    let gauge = registry.gauge("raised", "Raised").unwrap();
    let steps = step_in_two_threads(|| gauge.add(3), |then| gauge.value() as f64 / 3.0 - then);
    assert_eq!(gauge.value(), 3 * steps as i64);
    gauge.set(0);
    let steps = step_in_two_threads(|| gauge.sub(3), |then| -gauge.value() as f64 / 3.0 - then);
    assert_eq!(gauge.value(), -3 * steps as i64);
}

#[test]
fn raising_and_lowering_a_fraction_is_exact_under_many_threads() {
    let registry = Registry::new();
    let gauge = registry.fraction_gauge("raised", "Raised").unwrap();
    // Halves have an exact sum, whatever the order.
    let steps = step_in_two_threads(|| gauge.add(0.5), |then| gauge.value() * 2.0 - then);
    assert_eq!(gauge.value().to_bits(), (steps / 2.0).to_bits());
    gauge.set(0.0);
    let steps = step_in_two_threads(|| gauge.sub(0.5), |then| -gauge.value() * 2.0 - then);
    assert_eq!(gauge.value().to_bits(), (-steps / 2.0).to_bits());
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

#[test]
fn ups_and_downs_that_cancel_expire() {
    let (clock, hand) = Clock::manual();
    let registry = Registry::builder().clock(clock).build();
    let idle = Duration::from_nanos(100);
    let load = registry.fraction_gauge_family("load", "Load", ["part"]).unwrap();
    let ups_and_downs: [&[f64]; 5] = [
        &[0.1, 0.2, -0.3],
        &[-0.3, 0.1, 0.2],
        &[1_000_000.1, -0.7, -1_000_000.0, 0.6],
        &[[0.1; 100].as_slice(), &[-10.0]].concat(),
        &[[1.1; 7].as_slice(), &[-3.3, -4.4]].concat(),
    ];
    for (part, added) in ["a", "b", "c", "d", "e"].iter().zip(ups_and_downs) {
        for x in added {
            load.with([part]).add(*x);
        }
    }
    let set = load.with(["set"]);
    set.set(0.3);
    set.sub(0.1);
    set.sub(0.2);
    drop(set);
    assert_eq!(load.expire_idle(idle), 0, "written just now");
    hand.advance(100);
    assert_eq!(load.expire_idle(idle), 6);
}

#[test]
fn a_level_that_is_held_does_not_expire_at_any_age_or_size() {
    let (clock, hand) = Clock::manual();
    let registry = Registry::builder().clock(clock).build();
    let load = registry.fraction_gauge_family("load", "Load", ["part"]).unwrap();
    let open = registry.gauge_family("open", "Open", ["part"]).unwrap();
    load.with(["small"]).set(1e-300);
    load.with(["none"]).set(f64::NAN);
    load.with(["endless"]).add(f64::INFINITY);
    for x in [1e15, 1.0 - 1e15] {
        load.with(["one of many"]).add(x);
    }
    for x in [0.1, 0.2, -0.3, 1e-12] {
        load.with(["after"]).add(x);
    }
    load.with(["near"]).add(0.3);
    load.with(["near"]).sub(0.299_999);
    open.with(["one"]).add(1);
    for age in [0, 1, 100, u64::MAX] {
        for _ in 0..3 {
            hand.advance(1_000);
            let age = Duration::from_nanos(age);
            assert_eq!(load.expire_idle(age) + open.expire_idle(age), 0, "{age:?}");
        }
    }
    open.with(["one"]).sub(1);
    assert_eq!(open.expire_idle(Duration::ZERO), 1);
}
