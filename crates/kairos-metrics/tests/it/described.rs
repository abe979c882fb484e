// Claims about what a metric is registered with: default bounds, names given back, idle series.
// Never knows: threads.
// Read next: `families.rs`; `../../src/instrument/histogram.rs`.

use std::time::Duration;

use kairos_metrics::{Clock, HistogramConfig, Precision, Registry, Unit};

/// The bounds of the exposed buckets, in order and apart by spaces.
fn bounds(unit: Unit) -> String {
    let registry = Registry::new();
    // Bounds above the highest value would not be shown.
    let precision = Precision::two_digits().up_to(1 << 50).unwrap();
    let config = HistogramConfig::new(precision).unit(unit);
    registry.histogram("h", "H", config).unwrap();
    let text = registry.encode_prometheus();
    let openmetrics = registry.encode_openmetrics();
    let of = |text: &str| {
        let bounds = text.lines().filter_map(|line| line.split_once("_bucket{le=\""));
        let bounds: Vec<&str> = bounds.map(|(_, rest)| rest.split_once('"').unwrap().0).collect();
        bounds.join(" ")
    };
    assert_eq!(of(&text), of(&openmetrics));
    of(&text)
}

#[test]
fn latencies_have_bounds_from_a_microsecond_to_ten_seconds() {
    let expected = "1e-06 2.5e-06 5e-06 1e-05 2.5e-05 5e-05 0.0001 0.00025 0.0005 0.001 0.0025 0.005 \
                    0.01 0.025 0.05 0.1 0.25 0.5 1.0 2.5 5.0 10.0 +Inf";
    assert_eq!(bounds(Unit::Seconds), expected);
}

#[test]
fn bytes_and_plain_numbers_have_bounds_below_the_powers_of_four() {
    let expected = "3.0 15.0 63.0 255.0 1023.0 4095.0 16383.0 65535.0 262143.0 1.048575e+06 4.194303e+06 \
                    1.6777215e+07 6.7108863e+07 2.68435455e+08 1.073741823e+09 4.294967295e+09 \
                    1.7179869183e+10 6.8719476735e+10 2.74877906943e+11 1.099511627775e+12 +Inf";
    assert_eq!(bounds(Unit::Bytes), expected);
    assert_eq!(bounds(Unit::Plain), expected);
}

#[test]
fn fractions_have_bounds_from_a_thousandth_to_a_million() {
    let expected = "0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1.0 2.5 5.0 10.0 25.0 50.0 100.0 \
                    250.0 500.0 1000.0 2500.0 5000.0 10000.0 25000.0 50000.0 100000.0 250000.0 500000.0 \
                    1e+06 +Inf";
    assert_eq!(bounds(Unit::Millionths), expected);
}

#[test]
fn all_names_of_a_metric_can_be_registered_when_it_is_taken_out() {
    type Register = fn(&Registry) -> bool;
    let kinds: [Register; 4] = [
        |registry| registry.counter("m", "M").is_ok(),
        |registry| registry.gauge("m", "M").is_ok(),
        |registry| registry.fraction_gauge("m", "M").is_ok(),
        |registry| registry.histogram("m", "M", Precision::one_digit()).is_ok(),
    ];
    let registry = Registry::new();
    for first in kinds {
        for second in kinds {
            assert!(first(&registry) && !first(&registry));
            assert!(registry.unregister("m"));
            assert!(second(&registry) && registry.unregister("m"));
        }
    }
    registry.histogram("m", "M", Precision::one_digit()).unwrap();
    assert!(registry.gauge("m_seconds", "M").unwrap_err().is_duplicate());
    assert!(registry.unregister("m"));
    assert!(registry.gauge("m_seconds", "M").is_ok() && registry.unregister("m_seconds"));
    assert!(registry.encode_prometheus().is_empty());
}

#[test]
fn a_histogram_expires_when_it_is_idle_and_not_while_it_counts() {
    let (clock, hand) = Clock::manual();
    let registry = Registry::builder().clock(clock).build();
    let latency =
        registry.histogram_family("latency", "Latency", Precision::two_digits(), ["op"]).unwrap();
    let idle = Duration::from_nanos(100);
    latency.with(["idle"]).record(3);
    latency.with(["busy"]).record(3);
    assert_eq!(latency.expire_idle(idle), 0);
    hand.advance(60);
    // The value is 0: what counts is that something was recorded.
    latency.with(["busy"]).record(0);
    assert_eq!(latency.expire_idle(idle), 0);
    hand.advance(60);
    assert_eq!(latency.expire_idle(idle), 1, "one is idle for 120 ns, one for 60");
    assert_eq!(registry.snapshot().histogram("latency").count(), 2);
    hand.advance(60);
    assert_eq!(latency.expire_idle(idle), 1);
    assert!(latency.is_empty());
}
