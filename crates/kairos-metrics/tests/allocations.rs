//! Claim: a scrape into a kept buffer allocates nothing for a series.
// Never knows: how the text is written; it counts what its own thread asks the allocator for.
// Read next: `../src/encode/mod.rs`.
#![cfg(not(kairos_loom))]

use kairos_metrics::{HistogramConfig, Precision, Registry, Unit};

/// How often this thread allocates in `work`.
fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

/// A registry whose metrics of every kind and unit have `series` series each, all counted in.
fn registry(series: usize) -> Registry {
    let registry = Registry::new();
    let counters = registry.counter_family("hits", "Hits", ["n"]).unwrap();
    let gauges = registry.gauge_family("level", "Level", ["n"]).unwrap();
    let fractions = registry.fraction_gauge_family("ratio", "Ratio", ["n"]).unwrap();
    let units = [Unit::Seconds, Unit::Bytes, Unit::Plain, Unit::Millionths];
    let histograms = units.map(|unit| {
        let config = HistogramConfig::new(Precision::one_digit()).unit(unit);
        registry.histogram_family(&format!("{unit:?}").to_lowercase(), "H", config, ["n"]).unwrap()
    });
    for n in (0..series).map(|n| n.to_string()) {
        counters.with([&n]).add(u64::MAX);
        gauges.with([&n]).set(i64::MIN);
        fractions.with([&n]).set(-1.0 / 3.0);
        for histogram in &histograms {
            histogram.with([&n]).record_n(1 << 41, 1 << 41);
        }
    }
    registry
}

#[test]
fn a_scrape_into_a_kept_buffer_allocates_alike_for_one_series_and_for_900() {
    type Encode = fn(&Registry, &mut String);
    let formats: [Encode; 2] =
        [Registry::encode_prometheus_into, Registry::encode_openmetrics_into];
    for encode in formats {
        let counted = [1, 10, 100, 900].map(|series| {
            let registry = registry(series);
            let mut text = String::new();
            encode(&registry, &mut text);
            assert!(text.lines().count() > series * 80, "there are that many series");
            text.clear();
            let counted = allocations(|| encode(&registry, &mut text));
            assert_ne!(allocations(|| drop(text.clone())), 0, "the counting works");
            counted
        });
        // The lists of views, registries and sums, and what ends a line that is repeated; nothing for
        // one of the seven metrics.
        assert_eq!(counted, [counted[0]; 4]);
        assert!(counted[0] <= 6, "{counted:?}");
    }
}
