// Claims about the edges of a distribution: its sum does not fall, a bound includes its own value, and a
// share of nothing is the minimum.
// Never knows: how anything is counted.
// Read next: `exposition.rs`; `../../src/shard/tally.rs` for the sum.

use kairos_metrics::{HistogramConfig, Precision, Registry, Unit};

/// The value of the sample that begins with `head`.
fn sample(registry: &Registry, head: &str) -> f64 {
    let text = registry.encode_prometheus();
    let line = text.lines().find_map(|line| line.strip_prefix(head)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{head} is not in {text}")).parse().unwrap()
}

#[test]
fn a_sum_never_falls() {
    let registry = Registry::new();
    let wait = registry.histogram("wait", "Waiting", Precision::two_digits()).unwrap();
    wait.record(5_000_000_000);
    let before = sample(&registry, "wait_seconds_sum");
    wait.record(u64::MAX);
    assert!(sample(&registry, "wait_seconds_sum") >= before);
}

#[test]
fn a_sum_is_carried_past_64_bits_whatever_takes_it_there() {
    let registry = Registry::new();
    let config = HistogramConfig::new(Precision::one_digit().up_to(1 << 53).unwrap());
    let sizes = registry.histogram("sizes", "Sizes", config.unit(Unit::Bytes)).unwrap();
    let mut expected = 0_u128;
    let mut last = registry.snapshot();
    let mut record = |value: u64, weight: u64| {
        sizes.record_n(value, weight);
        expected += u128::from(value) * u128::from(weight);
        let text = registry.encode_prometheus();
        assert!(text.contains(&format!("\nsizes_bytes_sum {expected}\n")), "{expected}: {text}");
        let now = registry.snapshot();
        let delta = u128::from(now.since(&last).histogram("sizes").sum());
        assert_eq!(delta, (u128::from(value) * u128::from(weight)).min(u64::MAX.into()));
        last = now;
    };
    // At an edge, between edges, above the highest, small; with weights that fit a cell and not.
    for value in [1 << 40, 1 << 53, (1 << 53) - 9, 1 << 52, 1 << 51, 1 << 54, 1 << 52, 3, 3] {
        for weight in [1, 1 << 12, (1 << 29) + 1, 1 << 32, 1] {
            record(value, weight);
        }
    }
    for weight in [1, 2, 3] {
        record(u64::MAX, weight);
    }
    // One by one, so that only the last one goes past the end of a cell.
    for _ in 0..3_000 {
        record(1 << 52, 1);
    }
    // Folds of threads that ended add up past the end, too.
    for _ in 0..3 {
        std::thread::scope(|scope| scope.spawn(|| record(1 << 52, 4_095)).join().unwrap());
    }
    record(1, 2);
}

#[test]
fn counts_and_totals_stay_at_the_highest_number() {
    let registry = Registry::new();
    let seen = registry.counter("seen", "Seen").unwrap();
    let sizes = registry.histogram("sizes", "Sizes", Precision::one_digit()).unwrap();
    let mut last = (0, 0);
    for n in [5, u64::MAX - 7, 1, 1, 3, 1 << 63, 1 << 62, 1 << 62, 1 << 62, u64::MAX, 9] {
        seen.add(n);
        seen.inc();
        sizes.record_n(9, n);
        let now = (seen.value(), sizes.snapshot().count());
        assert!(now.0 >= last.0 && now.1 >= last.1, "{now:?} after {last:?}");
        std::thread::scope(|scope| scope.spawn(|| seen.add(n)).join().unwrap());
        last = (seen.value(), now.1);
    }
    assert_eq!(last, (u64::MAX, u64::MAX));
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.merge(&snapshot).counter("seen"), u64::MAX);
    assert_eq!(snapshot.merge(&snapshot).histogram("sizes").count(), u64::MAX);
    assert!(registry.encode_prometheus().contains("sizes_seconds_count 18446744073709551615\n"));
}

#[test]
fn a_bound_includes_the_values_equal_to_it() {
    let precisions = [Precision::one_digit(), Precision::two_digits(), Precision::three_digits()];
    for precision in precisions {
        for bound in [1_u64, 100, 1_000, 2_500, 1_000_000, 123_456_789, 10_000_000_000] {
            let registry = Registry::new();
            let config = HistogramConfig::new(precision).unit(Unit::Plain).bounds([bound]);
            let sizes = registry.histogram("sizes", "Sizes", config).unwrap();
            let count = || {
                let text = registry.encode_prometheus();
                let line = text.lines().find(|line| line.starts_with("sizes_bucket{le=")).unwrap();
                line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()
            };
            sizes.record_n(bound, 3);
            assert_eq!(count(), 3, "{bound} at {} digits", precision.digits());
            let beyond = bound + bound / 10_u64.pow(precision.digits().into()) + 1;
            sizes.record(beyond);
            assert_eq!(count(), 3, "{beyond} is not within {bound}");
            sizes.record(bound - 1);
            assert_eq!(count(), 4);
        }
    }
}

#[test]
fn a_bound_in_the_highest_bucket_includes_no_value_above_the_highest() {
    let registry = Registry::new();
    let precision = Precision::two_digits().up_to(1_001).unwrap();
    let config = HistogramConfig::new(precision).unit(Unit::Plain).bounds([999, 1_000]);
    let sizes = registry.histogram("sizes", "Sizes", config).unwrap();
    for value in [1_000, 1_001, 1_002, u64::MAX] {
        sizes.record(value);
        std::thread::scope(|scope| scope.spawn(|| sizes.record(value)).join().unwrap());
    }
    let of = |le: &str| sample(&registry, &format!("sizes_bucket{{le=\"{le}\"}}"));
    assert_eq!([of("999.0"), of("1000.0"), of("+Inf")].map(|count| count as u64), [0, 4, 8]);
    let snapshot = sizes.snapshot();
    assert_eq!((snapshot.count(), snapshot.saturated(), snapshot.max()), (8, 4, 1_001));
    assert_eq!(snapshot.buckets().collect::<Vec<_>>(), [(1_000, 1_003, 8)]);
}

#[test]
fn a_share_of_nothing_is_the_minimum() {
    let registry = Registry::new();
    let sizes = registry.histogram("sizes", "Sizes", Precision::one_digit()).unwrap();
    for value in [1_000, 1_001, 1_002, 5_000] {
        sizes.record(value);
    }
    let snapshot = sizes.snapshot();
    for q in [0.0, -0.0, -1.0, f64::NEG_INFINITY, f64::NAN] {
        assert_eq!(snapshot.value_at_quantile(q), 1_000, "{q}");
    }
    assert_eq!(snapshot.value_at_quantile(0.1), 1_023);
}
