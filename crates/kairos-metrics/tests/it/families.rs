// Claims about registration and families: names, bounds, removal, idle series.
// Never knows: threads.
// Read next: `../../src/registry/registry.rs` and `../../src/instrument/series.rs`.

use std::time::Duration;

use kairos_metrics::{Clock, HistogramConfig, Label, LabelSet, OVERFLOW, Precision, Registry};

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
fn a_name_that_is_taken_is_refused_in_whatever_order_the_kinds_come() {
    type Register = fn(&Registry) -> bool;
    let kinds: [Register; 5] = [
        |registry| registry.counter("request", "R").map(|counter| counter.inc()).is_ok(),
        |registry| registry.gauge("request", "R").map(|gauge| gauge.set(1)).is_ok(),
        |registry| registry.fraction_gauge("request", "R").map(|gauge| gauge.set(1.0)).is_ok(),
        |registry| {
            registry.counter_family("request", "R", ["l"]).map(|f| f.with([""]).inc()).is_ok()
        },
        |registry| {
            let made = registry.histogram("request", "R", Precision::two_digits());
            made.map(|histogram| histogram.record(1)).is_ok()
        },
    ];
    for first in kinds {
        for second in kinds {
            let registry = Registry::new();
            assert!(first(&registry));
            let before = registry.snapshot();
            assert!(!second(&registry));
            assert_eq!(registry.snapshot(), before, "the first is as it was");
            assert!(registry.unregister("request") && second(&registry), "the name is free again");
        }
    }
}

#[test]
fn bounds_that_do_not_rise_or_reach_the_highest_value_are_refused() {
    let registry = Registry::new();
    let config = || HistogramConfig::new(Precision::two_digits());
    let highest = Precision::two_digits().highest();
    for bounds in [vec![], vec![5, 5], vec![5, 4], vec![highest], vec![1, u64::MAX]] {
        assert!(registry.histogram("h", "H", config().bounds(bounds)).is_err());
    }
    assert!(registry.histogram("h", "H", config().bounds([4, highest - 1])).is_ok());
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

enum Side {
    Buy,
    Sell,
}

impl Label for Side {
    const NAME: &'static str = "side";

    fn value(&self) -> &str {
        match self {
            Side::Buy => "buy",
            Side::Sell => "sell",
        }
    }
}

struct Venue(&'static str);

impl Label for Venue {
    const NAME: &'static str = "venue";

    fn value(&self) -> &str {
        self.0
    }
}

/// A label whose name no scraper takes.
struct Misnamed;

impl Label for Misnamed {
    const NAME: &'static str = "le";

    fn value(&self) -> &'static str {
        "1"
    }
}

/// A label set with a field for each label.
struct Route {
    method: &'static str,
    status: u16,
}

impl LabelSet for Route {
    type Each<T> = [T; 2];

    const NAMES: [&'static str; 2] = ["method", "status_class"];

    fn values(&self) -> [&str; 2] {
        [self.method, if self.status < 400 { "good" } else { "bad" }]
    }
}

#[test]
fn typed_labels_are_exposed_under_the_names_of_their_types() {
    let registry = Registry::new();
    let fills = registry.counters_by::<(Venue, Side)>("fills", "Fills").unwrap();
    fills.with(&(Venue("xlon"), Side::Buy)).add(3);
    fills.with(&(Venue("xlon"), Side::Sell)).inc();
    fills.with(&(Venue("xlon"), Side::Buy)).inc();
    let depth = registry.gauges_by::<Side>("depth", "Depth").unwrap();
    depth.with(&Side::Sell).set(-7);
    let ratio = registry.fraction_gauges_by::<Side>("ratio", "Ratio").unwrap();
    ratio.with(&Side::Buy).set(0.5);
    let latency =
        registry.histograms_by::<Route>("latency", "Latency", Precision::two_digits()).unwrap();
    latency.with(&Route { method: "GET", status: 503 }).record(900);
    let text = registry.encode_prometheus();
    for line in [
        "fills_total{venue=\"xlon\",side=\"buy\"} 4\n",
        "fills_total{venue=\"xlon\",side=\"sell\"} 1\n",
        "depth{side=\"sell\"} -7\n",
        "ratio{side=\"buy\"} 0.5\n",
        "latency_seconds_count{method=\"GET\",status_class=\"bad\"} 1\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[test]
fn names_of_typed_labels_are_judged_at_registration() {
    let registry = Registry::new();
    let refused = registry.counters_by::<(Side, Misnamed)>("a", "A").unwrap_err();
    assert!(refused.is_invalid_name() && refused.to_string().contains("\"le\""), "{refused}");
    let twice = registry.gauges_by::<(Side, Side)>("a", "A").unwrap_err();
    assert!(twice.to_string().contains("occurs twice"), "{twice}");
    let config = HistogramConfig::new(Precision::two_digits()).bounds([]);
    assert!(registry.histograms_by::<Side>("a", "A", config).is_err());
    registry.counters_by::<Side>("a", "A").unwrap();
    assert!(registry.counters_by::<Side>("a", "A").unwrap_err().is_duplicate());
}

#[test]
fn a_typed_family_is_bounded_and_its_series_are_removed_as_any() {
    let (clock, hand) = Clock::manual();
    let registry = Registry::builder().clock(clock).family_limit(1).build();
    let fills = registry.counters_by::<(Venue, Side)>("fills", "Fills").unwrap();
    assert!(fills.is_empty());
    fills.with(&(Venue("a"), Side::Buy)).inc();
    fills.clone().with(&(Venue("b"), Side::Buy)).inc();
    fills.with(&(Venue("c"), Side::Sell)).inc();
    let overflow = format!("fills_total{{venue=\"{OVERFLOW}\",side=\"{OVERFLOW}\"}} 2\n");
    assert!(registry.encode_prometheus().contains(&overflow));
    fills.set_limit(2);
    fills.with(&(Venue("b"), Side::Buy)).inc();
    assert_eq!(fills.len(), 3);
    assert!(fills.remove(&(Venue("b"), Side::Buy)) && !fills.remove(&(Venue("b"), Side::Sell)));
    assert_eq!(fills.expire_idle(Duration::from_nanos(5)), 0);
    hand.advance(5);
    assert_eq!(fills.expire_idle(Duration::from_nanos(5)), 1);
    assert_eq!(fills.len(), 1, "the overflow stays");
}
