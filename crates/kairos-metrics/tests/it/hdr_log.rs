// Claims about the wire formats: hdrhistogram's own readers read back what was recorded.
// Never knows: how the formats are written.
// Read next: `../../src/snapshot/hdr_log.rs`.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use kairos_metrics::{Interval, Precision, Registry, write_interval_log};

fn decoded(bytes: &[u8]) -> Histogram<u64> {
    Deserializer::new().deserialize(&mut &*bytes).unwrap()
}

#[test]
fn v2_deflate_is_read_back_whole() {
    let registry = Registry::new();
    for digits in 1..=3 {
        let precision = Precision::try_from(digits).unwrap();
        let histogram = registry.histogram(&format!("h{digits}"), "H", precision).unwrap();
        for power in 0..41 {
            histogram.record_n(3 << power, power + 1);
        }
        let snapshot = histogram.snapshot();
        let read = decoded(&snapshot.to_v2_deflate().unwrap());
        assert_eq!(read, snapshot.to_hdr());
        assert_eq!(read.len(), snapshot.count());
    }
}

#[test]
fn an_interval_log_is_read_back_line_by_line() {
    let registry = Registry::new();
    let latency = registry.histogram("latency", "Latency", Precision::three_digits()).unwrap();
    let mut earlier = latency.snapshot();
    let mut deltas = Vec::new();
    for value in [1_000, 2_000_000, 30] {
        latency.record_n(value, 5);
        let now = latency.snapshot();
        deltas.push(now.since(&earlier));
        earlier = now;
    }
    let second = Duration::from_secs(1);
    let intervals = (0..).zip(&deltas).map(|(n, values)| Interval {
        start: second * n,
        length: second,
        tag: Some("reads"),
        values,
    });
    let mut log = Vec::new();
    write_interval_log(&mut log, UNIX_EPOCH + 1_000 * second, intervals).unwrap();
    let lines: Vec<_> = IntervalLogIterator::new(&log).map(Result::unwrap).collect();
    assert_eq!(
        lines[..2],
        [LogEntry::StartTime(1_000 * second), LogEntry::BaseTime(1_000 * second)]
    );
    assert_eq!(lines.len(), 2 + deltas.len());
    for ((n, line), delta) in (0..).zip(&lines[2..]).zip(&deltas) {
        let LogEntry::Interval(line) = line else { panic!("not an interval: {line:?}") };
        assert_eq!((line.start_timestamp(), line.duration()), (second * n, second));
        assert_eq!(line.tag().unwrap().as_str(), "reads");
        let bytes = base64::engine::general_purpose::STANDARD.decode(line.encoded_histogram());
        assert_eq!(decoded(&bytes.unwrap()), delta.to_hdr());
    }
}

#[test]
fn a_tag_with_a_separator_is_refused() {
    let registry = Registry::new();
    let values = registry.histogram("h", "H", Precision::one_digit()).unwrap().snapshot();
    let interval = Interval {
        start: Duration::ZERO,
        length: Duration::ZERO,
        tag: Some("a b"),
        values: &values,
    };
    assert!(write_interval_log(&mut Vec::new(), UNIX_EPOCH, [interval]).is_err());
}
