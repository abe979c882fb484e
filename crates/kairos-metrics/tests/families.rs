//! Claims about registration and families: names, bounds, removal, idle series.
//! Never knows: threads.
//! Read next: `../src/registry.rs` and `../src/series.rs`.
#![cfg(not(kairos_loom))]

use std::time::Duration;

use kairos_metrics::{Clock, HistogramConfig, OVERFLOW, Precision, Registry};

#[test]
fn a_name_is_registered_once_whatever_its_kind() {
    let registry = Registry::new();
    registry.counter("orders", "Orders").unwrap();
    assert!(registry.counter("orders", "Orders").unwrap_err().is_duplicate());
    assert!(registry.counter("orders_total", "Orders").unwrap_err().is_duplicate());
    assert!(registry.gauge("orders", "Orders").unwrap_err().is_duplicate());
    registry.histogram("latency", "Latency", Precision::two_digits()).unwrap();
    let taken = registry.gauge("latency_seconds", "Latency").unwrap_err();
    assert!(taken.to_string().contains("latency_seconds"));
    assert!(registry.unregister("orders") && !registry.unregister("orders"));
    registry.gauge("orders", "Orders").unwrap();
}

#[test]
fn bounds_that_do_not_rise_are_refused() {
    let registry = Registry::new();
    let config = || HistogramConfig::new(Precision::two_digits());
    for bounds in [vec![], vec![5, 5], vec![5, 4]] {
        assert!(registry.histogram("h", "H", config().bounds(bounds)).is_err());
    }
    assert!(registry.histogram("h", "H", config().bounds([4, 5])).is_ok());
}

#[test]
fn label_sets_beyond_the_bound_share_a_series_that_says_so() {
    let registry = Registry::builder().family_limit(2).build();
    let fills = registry.counter_family("fills", "Fills", ["venue", "side"]).unwrap();
    for venue in ["a", "b", "c", "d"] {
        fills.with([venue, "buy"]).inc();
    }
    fills.with(["a", "buy"]).inc();
    fills.with([OVERFLOW, OVERFLOW]).inc();
    assert_eq!(fills.len(), 3);
    let text = registry.encode_prometheus();
    let overflow = format!("fills_total{{venue=\"{OVERFLOW}\",side=\"{OVERFLOW}\"}} 3\n");
    assert!(text.contains(&overflow), "{text}");
    assert!(text.contains("fills_total{venue=\"a\",side=\"buy\"} 2\n"));
    fills.set_limit(3);
    fills.with(["c", "buy"]).inc();
    assert_eq!(fills.len(), 4);
}

#[test]
fn a_series_expires_when_it_is_idle_and_nobody_holds_it() {
    let (clock, hand) = Clock::manual();
    let registry = Registry::builder().clock(clock).build();
    let fills = registry.counter_family("fills", "Fills", ["venue"]).unwrap();
    let held = fills.with(["held"]);
    let idle = Duration::from_nanos(100);
    fills.with(["a"]).inc();
    fills.with(["b"]).inc();
    assert_eq!(fills.expire_idle(idle), 0);
    hand.advance(60);
    fills.with(["b"]).inc();
    assert_eq!(fills.expire_idle(idle), 0);
    hand.advance(60);
    assert_eq!(fills.expire_idle(idle), 1, "a is idle for 120 ns, b for 60");
    hand.advance(60);
    assert_eq!(fills.expire_idle(idle), 1);
    assert_eq!(fills.len(), 1);
    held.inc();
    assert_eq!(registry.snapshot().counter("fills"), 1);
}

#[test]
fn a_histogram_family_merges_its_series_in_a_snapshot() {
    let registry = Registry::new();
    let latency =
        registry.histogram_family("latency", "Latency", Precision::two_digits(), ["op"]).unwrap();
    latency.with(["read"]).record(10);
    latency.with(["write"]).record(30);
    let merged = registry.snapshot().histogram("latency");
    assert_eq!((merged.count(), merged.min(), merged.max()), (2, 10, 30));
    let gauges = registry.gauge_family("level", "Level", ["tank"]).unwrap();
    gauges.with(["a"]).set(4);
    gauges.with(["b"]).sub(1);
    assert_eq!(registry.snapshot().gauge("level"), 3);
}
