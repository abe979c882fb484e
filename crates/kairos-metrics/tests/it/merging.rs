// Claims about whole snapshots: their sum is associative whatever stands in them, and serde keeps it.
// Never knows: threads, cells.
// Read next: `../../src/snapshot/snapshot.rs`; `snapshots.rs` for differences and distributions.

use kairos_metrics::{HistogramConfig, OVERFLOW, Precision, Registry, Snapshot, Unit, Value};
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

/// A snapshot of counters, whose births are those of one process as serde reads them.
fn counters(labels: &[&str], series: &[(&[&str], u64, u64)]) -> Snapshot {
    let series: Vec<_> = series
        .iter()
        .map(|(values, birth, count)| {
            serde_json::json!({ "values": values, "birth": birth, "value": { "Counter": count } })
        })
        .collect();
    let metric = serde_json::json!({
        "help": "Hits", "kind": "Counter", "unit": "Plain", "labels": labels, "series": series,
    });
    serde_json::from_value(serde_json::json!({ "metrics": { "hits": metric } })).unwrap()
}

/// The counts by label values.
fn counts(snapshot: &Snapshot) -> Vec<(Vec<&str>, u64)> {
    let (_, metric) = snapshot.metrics().next().unwrap();
    let count = |value: &Value| if let Value::Counter(count) = value { *count } else { 0 };
    let values = metric.series().iter().map(|series| {
        (series.values().iter().map(String::as_str).collect(), count(series.value()))
    });
    values.collect()
}

#[test]
fn a_merged_metric_has_the_labels_of_both_sides() {
    let old = counters(&["b"], &[(&[""], 1, 1), (&["x"], 2, 10), (&[OVERFLOW], 3, 100)]);
    let all: [&[&str]; 4] = [&["", ""], &["", "x"], &["y", "x"], &[OVERFLOW, OVERFLOW]];
    let new = counters(
        &["a", "b"],
        &[(all[0], 11, 2), (all[1], 12, 20), (all[2], 13, 5), (all[3], 14, 7)],
    );
    let plain = counters(&[], &[(&[], 21, 4)]);
    let expected = [3, 30, 5, 107].into_iter().zip(all).map(|(count, of)| (of.to_vec(), count));
    assert_eq!(counts(&old.merge(&new)), expected.clone().collect::<Vec<_>>());
    assert_eq!(counts(&new.merge(&old)), expected.collect::<Vec<_>>());
    assert_eq!(counts(&new.merge(&plain))[0], (all[0].to_vec(), 6));
    assert_eq!(old.merge(&new).merge(&plain).counter("hits"), 149);
    let other = counters(&["c"], &[(&["z"], 31, 8)]);
    assert_eq!(counts(&other.merge(&old))[3], (vec![OVERFLOW, OVERFLOW], 100));
}

#[test]
fn a_difference_knows_a_series_by_a_label_that_was_added() {
    let old = counters(&["b"], &[(&[""], 1, 1), (&["x"], 2, 10), (&[OVERFLOW], 3, 100)]);
    let all: [&[&str]; 4] = [&["", ""], &["x", ""], &["x", "y"], &[OVERFLOW, OVERFLOW]];
    let new = |births: [u64; 4]| {
        let counts = [3, 30, 5, 107];
        let series: Vec<_> = (0..4).map(|n| (all[n], births[n], counts[n])).collect();
        counters(&["b", "a"], &series)
    };
    let delta = |births| -> Vec<u64> {
        counts(&new(births).since(&old)).into_iter().map(|(_, count)| count).collect()
    };
    assert_eq!(delta([1, 2, 4, 3]), [2, 20, 5, 7]);
    assert_eq!(delta([9, 8, 7, 6]), [3, 30, 5, 107], "made again");
    // Merged, all have the birth of the youngest: their labels tell them apart.
    let old = old.merge(&counters(&["b"], &[(&[""], 9, 0), (&["x"], 9, 0), (&[OVERFLOW], 9, 0)]));
    let delta: Vec<_> = counts(&new([9; 4]).since(&old)).into_iter().map(|(_, n)| n).collect();
    assert_eq!(delta, [2, 20, 5, 7]);
}
