// Claims about whole snapshots: their sum is associative whatever stands in them, and serde keeps it.
// Never knows: threads, cells.
// Read next: `../../src/snapshot/snapshot.rs`; `snapshots.rs` for differences and distributions.

use kairos_metrics::{HistogramConfig, OVERFLOW, Precision, Registry, Snapshot, Unit};
use proptest::prelude::*;

/// A metric of some kind under the name `name`, with a value that adds up without rounding.
fn register(registry: &Registry, name: &str, kind: u8, value: u8, label: &str) {
    let count = u64::from(value);
    let fraction = f64::from(value) / 4.0;
    let sizes = HistogramConfig::new(Precision::one_digit()).unit(Unit::Bytes);
    match kind {
        0 => registry.counter(name, "C").unwrap().add(count),
        1 => registry.gauge(name, "G").unwrap().set(value.into()),
        2 => registry.fraction_gauge(name, "F").unwrap().set(fraction),
        3 => registry.histogram(name, "H", Precision::two_digits()).unwrap().record(count),
        4 => registry.histogram(name, "B", sizes).unwrap().record(count),
        5 => registry.counter_family(name, "V", ["v"]).unwrap().with([label]).add(count),
        6 => registry.counter_family(name, "W", ["w"]).unwrap().with([label]).add(count),
        _ => registry.gauge_family(name, "L", ["v"]).unwrap().with([label]).set(value.into()),
    }
}

fn snapshots() -> impl Strategy<Value = Snapshot> {
    let metric = (0_u8..8, any::<u8>(), prop::sample::select(vec!["a", "z", OVERFLOW]));
    prop::collection::vec(prop::option::of(metric), 3).prop_map(|metrics| {
        let registry = Registry::new();
        for (name, metric) in ["x", "y", "z"].iter().zip(metrics) {
            if let Some((kind, value, label)) = metric {
                register(&registry, name, kind, value, label);
            }
        }
        registry.snapshot()
    })
}

proptest! {
    #[test]
    fn merging_is_associative_even_where_a_name_stands_for_different_metrics(
        a in snapshots(), b in snapshots(), c in snapshots(),
    ) {
        prop_assert_eq!(a.merge(&b).merge(&c), a.merge(&b.merge(&c)));
    }

    #[test]
    fn the_overflow_series_stays_last(a in snapshots(), b in snapshots()) {
        for (_, metric) in a.merge(&b).metrics() {
            let overflow = metric.series().iter().position(|series| series.values() == [OVERFLOW]);
            prop_assert!(overflow.is_none_or(|at| at == metric.series().len() - 1));
        }
    }

    #[test]
    fn a_snapshot_survives_serde(snapshot in snapshots()) {
        let json = serde_json::to_string(&snapshot).unwrap();
        prop_assert_eq!(serde_json::from_str::<Snapshot>(&json).unwrap(), snapshot);
    }
}

#[test]
fn fractions_that_are_no_number_survive_serde() {
    let registry = Registry::new();
    registry.counter("orders_total", "Orders").unwrap().add(3);
    for (name, value) in [("up", f64::INFINITY), ("down", f64::NEG_INFINITY), ("none", f64::NAN)] {
        registry.fraction_gauge(name, "Fraction").unwrap().set(value);
    }
    let json = serde_json::to_string(&registry.snapshot()).unwrap();
    let read: Snapshot = serde_json::from_str(&json).unwrap();
    assert_eq!((read.fraction("up"), read.fraction("down")), (f64::INFINITY, f64::NEG_INFINITY));
    assert!(read.fraction("none").is_nan(), "{json}");
    assert_eq!((read.counter("orders"), read.counter("orders_total")), (3, 3), "either spelling");
}

#[test]
fn a_difference_in_the_wrong_order_is_no_count() {
    let registry = Registry::new();
    let counter = registry.counter("orders", "Orders").unwrap();
    let earlier = registry.snapshot();
    counter.add(5);
    assert_eq!(earlier.since(&registry.snapshot()).counter("orders"), 0);
}
