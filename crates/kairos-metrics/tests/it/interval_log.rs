// Claim: the maxima of an interval log are milliseconds, as its readers take them.
// Never knows: how a log is written.
// Read next: `hdr_log.rs`, for what else a log holds.

use std::time::{Duration, UNIX_EPOCH};

use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use kairos_metrics::{Interval, Precision, Registry, write_interval_log};

#[test]
fn the_maximum_of_an_interval_is_written_in_milliseconds() {
    let registry = Registry::new();
    let check = |name: &str, ns: u64, expected: f64, text: &str| {
        let latency = registry.histogram(name, "H", Precision::three_digits()).unwrap();
        latency.record(ns);
        latency.record(1);
        let values = latency.snapshot();
        let (start, length) = (Duration::from_secs(3), Duration::from_millis(1_500));
        let mut log = Vec::new();
        let interval = Interval { start, length, tag: None, values: &values };
        write_interval_log(&mut log, UNIX_EPOCH, [interval]).unwrap();
        let last = IntervalLogIterator::new(&log).last().unwrap().unwrap();
        let LogEntry::Interval(line) = last else { panic!("not an interval: {last:?}") };
        // A bucket is a thousandth wide.
        assert!((line.max() / expected - 1.0).abs() < 0.001, "{ns} ns: {}", line.max());
        // Columns, as tools that know no library read them: start, length, maximum.
        let log = String::from_utf8(log).unwrap();
        assert!(log.lines().last().unwrap().starts_with(text), "{log}");
    };
    check("ms", 2_000_000, 2.0, "3.000,1.500,2.0");
    check("us", 250_000, 0.25, "3.000,1.500,0.250");
    check("s", 7_000_000_000, 7_000.0, "3.000,1.500,700");
}
