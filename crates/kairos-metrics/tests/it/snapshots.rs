// Claims about snapshots as plain data: differences are exact, sums are associative.
// Never knows: threads.
// Read next: `../../src/snapshot/snapshot.rs` and `hdr.rs` beside it.

use kairos_metrics::{Histogram, HistogramSnapshot, Precision, Registry, Snapshot, Value};
use proptest::prelude::*;

fn precisions() -> impl Strategy<Value = Precision> {
    let digits = (1_u8..=3).prop_map(|digits| Precision::try_from(digits).unwrap());
    (digits, 10_u64..1 << 50).prop_map(|(precision, highest)| precision.up_to(highest).unwrap())
}

fn values() -> impl Strategy<Value = Vec<(u64, u64)>> {
    prop::collection::vec(
        ((0_u64..=u64::MAX, 0_u32..64).prop_map(|(v, s)| v >> s), 1_u64..9),
        0..40,
    )
}

fn distribution(precision: Precision, values: &[(u64, u64)]) -> HistogramSnapshot {
    let registry = Registry::new();
    let histogram = registry.histogram("h", "H", precision).unwrap();
    record(&histogram, values);
    histogram.snapshot()
}

fn record(histogram: &Histogram, values: &[(u64, u64)]) {
    for (value, weight) in values {
        histogram.record_n(*value, *weight);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn merging_distributions_is_associative_and_commutative(
        a in (precisions(), values()), b in (precisions(), values()), c in (precisions(), values()),
    ) {
        let [a, b, c] = [a, b, c].map(|(precision, values)| distribution(precision, &values));
        prop_assert_eq!(a.merge(&b).merge(&c), a.merge(&b.merge(&c)));
        prop_assert_eq!(a.merge(&b), b.merge(&a));
        prop_assert_eq!(a.merge(&b).count(), a.count() + b.count());
    }

    #[test]
    fn a_difference_is_what_was_recorded_between(
        precision in precisions(), first in values(), second in values(),
    ) {
        let registry = Registry::new();
        let histogram = registry.histogram("h", "H", precision).unwrap();
        record(&histogram, &first);
        let earlier = histogram.snapshot();
        record(&histogram, &second);
        let delta = histogram.snapshot().since(&earlier);
        let alone = distribution(precision, &second);
        prop_assert!(delta.buckets().eq(alone.buckets()));
        prop_assert_eq!((delta.count(), delta.sum()), (alone.count(), alone.sum()));
        prop_assert_eq!(delta.saturated(), alone.saturated());
        prop_assert!(alone.is_empty() || (delta.min() <= alone.min() && delta.max() >= alone.max()));
    }

    #[cfg(feature = "hdrhistogram")]
    #[test]
    fn quantiles_are_those_of_hdrhistogram(precision in precisions(), values in values(), q in 0.0..=1.0) {
        let distribution = distribution(precision, &values);
        let hdr = distribution.to_hdr();
        prop_assert_eq!(hdr.len(), distribution.count());
        prop_assert!(hdr.equivalent(hdr.value_at_quantile(q), distribution.value_at_quantile(q)));
        prop_assert!(hdr.equivalent(hdr.min(), distribution.min()));
        prop_assert!(hdr.equivalent(hdr.max(), distribution.max()));
    }

    #[test]
    fn smallest_and_largest_value_are_exact_in_whatever_order_they_come(
        precision in precisions(), around in 0_u64..1 << 40, offsets in prop::collection::vec(0_u64..64, 1..40),
    ) {
        // Neighbours share buckets: what widens the bounds often falls into a bucket that counted.
        let values: Vec<(u64, u64)> = offsets.iter().map(|offset| (around + offset, 1)).collect();
        let clamped = || values.iter().map(|(value, _)| *value.min(&precision.highest()));
        let distribution = distribution(precision, &values);
        prop_assert_eq!(Some(distribution.min()), clamped().min());
        prop_assert_eq!(Some(distribution.max()), clamped().max());
        prop_assert_eq!(distribution.sum(), values.iter().map(|(value, _)| value).sum::<u64>());
        prop_assert_eq!(distribution.count(), values.len() as u64);
    }

    #[test]
    fn a_distribution_survives_serde(precision in precisions(), values in values()) {
        let distribution = distribution(precision, &values);
        let json = serde_json::to_string(&distribution).unwrap();
        prop_assert_eq!(serde_json::from_str::<HistogramSnapshot>(&json).unwrap(), distribution);
    }
}

#[test]
fn quantiles_stay_within_the_smallest_and_largest_value() {
    let one = distribution(Precision::one_digit(), &[(1_000_001, 3)]);
    for q in [f64::NAN, -1.0, 0.0, 0.5, 1.0, 7.0] {
        assert_eq!(one.value_at_quantile(q), 1_000_001);
    }
    let empty = distribution(Precision::one_digit(), &[]);
    assert_eq!((empty.value_at_quantile(0.5), empty.min(), empty.max()), (0, 0, 0));
    assert!(empty.mean().abs() < f64::EPSILON);
}

#[test]
fn values_above_the_highest_are_counted_at_the_top_and_said_to_be() {
    let precision = Precision::two_digits().up_to(1_000).unwrap();
    let distribution = distribution(precision, &[(999, 1), (1_001, 2), (u64::MAX, 3)]);
    assert_eq!((distribution.count(), distribution.saturated()), (6, 5));
    assert_eq!((distribution.max(), distribution.value_at_quantile(1.0)), (1_000, 1_000));
    assert_eq!(distribution.sum(), u64::MAX, "more than that");
}

#[test]
fn a_bucket_counts_past_32_bits_exactly() {
    // In a bucket at the edge and in one between: up to the 25 bits of a cell, to 32, and beyond.
    let around = |most: u64| {
        let half = most / 2 + 1;
        [
            [half, half - 1],
            [half, half],
            [half + 1, 1],
            [half - 1, half - 1],
            [most, 1],
            [1, most],
            [2 * most, 3],
        ]
    };
    for weights in [25, 31, 32].map(|bits| around((1 << bits) - 1)).concat() {
        let of = |value: u64| weights.map(|weight| (value, weight));
        let recorded = [of(1_000_000), of(2_000_000), of(3_000_000)].concat();
        let distribution = distribution(Precision::two_digits(), &recorded);
        let each = weights[0] + weights[1];
        assert!(distribution.buckets().map(|(_, _, count)| count).eq([each; 3]), "{weights:?}");
        assert_eq!(distribution.sum(), each * 6_000_000);
    }
    let huge = [(7, u64::from(u32::MAX)), (7, 2), (7, 1 << 40), (9, 1), (7, u64::from(u32::MAX))];
    let distribution = distribution(Precision::two_digits(), &huge);
    let sevens = 2 * u64::from(u32::MAX) + 2 + (1 << 40);
    assert_eq!(distribution.buckets().collect::<Vec<_>>(), [(7, 7, sevens), (9, 9, 1)]);
    assert_eq!(distribution.sum(), 7 * sevens + 9);
    assert_eq!((distribution.min(), distribution.max()), (7, 9));
}

#[cfg(feature = "hdrhistogram")]
#[test]
fn a_percentile_table_ends_at_the_largest_value_and_the_count() {
    let values: Vec<_> = (1..=1_000).map(|value| (value, 2)).collect();
    let table = distribution(Precision::three_digits(), &values).percentile_table(2);
    let lines: Vec<Vec<&str>> =
        table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0][0], "Value");
    assert!(lines.iter().any(|line| line[..3] == ["500", "0.500000000000", "1000"]), "{table}");
    assert_eq!(lines.last().unwrap()[..], ["1000", "1.000000000000", "2000", "inf"]);
    assert!(lines.iter().all(|line| line.len() == 4));
}

#[test]
fn data_that_is_no_distribution_is_refused() {
    let check = |buckets: &str| {
        let json = format!(
            r#"{{"precision":{{"digits":2,"highest":1000}},"buckets":{buckets},"sum":0,"min":0,"max":0,"saturated":0}}"#
        );
        serde_json::from_str::<HistogramSnapshot>(&json).is_ok()
    };
    assert!(check("[[3,1],[4,1]]"));
    assert!(!check("[[4,1],[3,1]]"), "descending");
    let none = r#"{"precision":{"digits":2,"highest":1000},"buckets":[[3,0]],"sum":0,"min":0,"max":0,"saturated":0}"#;
    assert!(serde_json::from_str::<HistogramSnapshot>(none).unwrap().is_empty(), "a count of zero");
    assert!(!check("[[4000000000,1]]"), "above the highest value");
}

#[test]
fn a_snapshot_counts_resets_and_merges_by_series() {
    let registry = Registry::new();
    let fills = registry.counter_family("fills", "Fills", ["venue"]).unwrap();
    let open = registry.gauge("open", "Open").unwrap();
    let ratio = registry.fraction_gauge("ratio", "Ratio").unwrap();
    fills.with(["a"]).add(5);
    open.set(-3);
    ratio.set(0.25);
    ratio.add(0.5);
    let first = registry.snapshot();
    assert!(fills.remove(["a"]) && !fills.remove(["a"]));
    fills.with(["a"]).add(2);
    fills.with(["b"]).add(1);
    open.add(1);
    let second = registry.snapshot();
    let delta = second.since(&first);
    assert_eq!(delta.value("fills", &["a"]), Some(&Value::Counter(2)), "a series made anew");
    assert_eq!((delta.counter("fills"), delta.gauge("open")), (3, -2));
    let merged = first.merge(&second);
    assert_eq!((merged.counter("fills"), merged.gauge("open")), (8, -5));
    assert!((merged.fraction("ratio") - 1.5).abs() < f64::EPSILON);
    assert_eq!(first.merge(&second).merge(&delta), first.merge(&second.merge(&delta)));
    assert_eq!((delta.counter("unknown"), delta.histogram("unknown").count()), (0, 0));
    let json = serde_json::to_string(&second).unwrap();
    assert_eq!(serde_json::from_str::<Snapshot>(&json).unwrap(), second);
}
