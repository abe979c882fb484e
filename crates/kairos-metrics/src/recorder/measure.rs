// What a facade's histogram measures, and by what its values are scaled, as pure functions.
// Never knows: histograms.
// Read next: `bridge.rs`, which records by it.

use crate::buckets::Precision;
use crate::instrument::HistogramConfig;
use crate::names::Unit;

/// The unit that is recorded, and what an emitted value is multiplied by to be in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measure {
    unit: Unit,
    scale: f64,
}

impl Measure {
    /// By the described unit, else by what the name ends with.
    pub(super) fn of(name: &str, described: Option<metrics::Unit>) -> Measure {
        use metrics::Unit as Described;
        const KIB: f64 = 1024.0;
        let (unit, scale) = match described {
            Some(Described::Seconds) => (Unit::Seconds, 1e9),
            Some(Described::Milliseconds) => (Unit::Seconds, 1e6),
            Some(Described::Microseconds) => (Unit::Seconds, 1e3),
            Some(Described::Nanoseconds) => (Unit::Seconds, 1.0),
            Some(Described::Bytes) => (Unit::Bytes, 1.0),
            Some(Described::Kibibytes) => (Unit::Bytes, KIB),
            Some(Described::Mebibytes) => (Unit::Bytes, KIB * KIB),
            Some(Described::Gibibytes) => (Unit::Bytes, KIB * KIB * KIB),
            Some(Described::Tebibytes) => (Unit::Bytes, KIB * KIB * KIB * KIB),
            Some(Described::Count | Described::BitsPerSecond) => (Unit::Plain, 1.0),
            Some(Described::KilobitsPerSecond) => (Unit::Plain, 1e3),
            Some(Described::MegabitsPerSecond) => (Unit::Plain, 1e6),
            Some(Described::GigabitsPerSecond) => (Unit::Plain, 1e9),
            Some(Described::TerabitsPerSecond) => (Unit::Plain, 1e12),
            Some(Described::Percent | Described::CountPerSecond) => (Unit::Millionths, 1e6),
            None => match name.rsplit(|c: char| !c.is_ascii_alphanumeric()).next() {
                Some("seconds" | "duration" | "time" | "latency") => (Unit::Seconds, 1e9),
                Some("bytes") => (Unit::Bytes, 1.0),
                _ => (Unit::Millionths, 1e6),
            },
        };
        Measure { unit, scale }
    }

    /// The value as it is recorded. The cast saturates: negative values and NaN become 0.
    pub(super) fn recorded(self, value: f64) -> u64 {
        (value * self.scale).round() as u64
    }

    /// What a value has beyond the highest that can be recorded; 0 of nearly all.
    pub(super) fn beyond(self, value: f64) -> f64 {
        (value * self.scale - u64::MAX as f64).max(0.0)
    }

    fn precision(self) -> Precision {
        match self.unit {
            Unit::Seconds => Precision::two_digits(),
            _ => Precision::two_digits().up_to(1 << f64::MANTISSA_DIGITS).expect("2^53 is allowed"),
        }
    }

    /// The highest value that is told apart, as it is recorded.
    pub(super) fn highest(self) -> u64 {
        self.precision().highest()
    }

    pub(super) fn config(self) -> HistogramConfig {
        HistogramConfig::new(self.precision()).unit(self.unit).float_sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::Unit as Described;

    #[test]
    fn a_described_value_is_recorded_in_the_base_unit() {
        let check = |described, value, unit, expected| {
            let measure = Measure::of("wait_seconds", Some(described));
            assert_eq!((measure.unit, measure.recorded(value)), (unit, expected), "{described:?}");
        };
        check(Described::Seconds, 1.5, Unit::Seconds, 1_500_000_000);
        check(Described::Milliseconds, 1.5, Unit::Seconds, 1_500_000);
        check(Described::Microseconds, 1.5, Unit::Seconds, 1_500);
        check(Described::Nanoseconds, 1.5, Unit::Seconds, 2);
        check(Described::Bytes, 1.4, Unit::Bytes, 1);
        check(Described::Kibibytes, 1.4, Unit::Bytes, 1_434);
        check(Described::Mebibytes, 1.0, Unit::Bytes, 1 << 20);
        check(Described::Gibibytes, 1.0, Unit::Bytes, 1 << 30);
        check(Described::Tebibytes, 1.0, Unit::Bytes, 1 << 40);
        check(Described::BitsPerSecond, 2.0, Unit::Plain, 2);
        check(Described::KilobitsPerSecond, 2.0, Unit::Plain, 2_000);
        check(Described::MegabitsPerSecond, 2.0, Unit::Plain, 2_000_000);
        check(Described::GigabitsPerSecond, 2.0, Unit::Plain, 2_000_000_000);
        check(Described::TerabitsPerSecond, 2.0, Unit::Plain, 2_000_000_000_000);
        check(Described::Count, 2.6, Unit::Plain, 3);
        check(Described::CountPerSecond, 2.6, Unit::Millionths, 2_600_000);
        check(Described::Percent, 0.3, Unit::Millionths, 300_000);
        check(Described::Percent, -0.3, Unit::Millionths, 0);
        check(Described::Percent, f64::NAN, Unit::Millionths, 0);
    }

    #[test]
    fn what_is_not_described_is_measured_as_its_name_ends() {
        let check = |name, unit| assert_eq!(Measure::of(name, None).unit, unit, "{name}");
        check("http.request.duration", Unit::Seconds);
        check("gc_time", Unit::Seconds);
        check("latency", Unit::Seconds);
        check("wait_seconds", Unit::Seconds);
        check("body_bytes", Unit::Bytes);
        check("batch_size", Unit::Millionths);
        check("uptime", Unit::Millionths);
        check("wait_milliseconds", Unit::Millionths);
    }
}
