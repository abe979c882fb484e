// The rules of names, labels and help texts, and the names of exposed samples, as pure functions.
// Never knows: values, series.
// Read next: `registry/registration.rs`, which applies the rules.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The value of every label of an overflow series, in which label sets beyond a family's limit are
/// counted.
pub const OVERFLOW: &str = "_overflow_";

/// The unit of a metric's values, which decides the exposed name and the scale of the samples.
///
/// Counters, whole gauges and histograms record whole numbers of the unit. A
/// [`FractionGauge`](crate::FractionGauge) has the unit in its name only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Unit {
    /// Recorded in nanoseconds, exposed in seconds, under a name that ends in `_seconds`.
    #[default]
    Seconds,
    /// Recorded and exposed in bytes, under a name that ends in `_bytes`.
    Bytes,
    /// Recorded and exposed as whole numbers, under the registered name.
    Plain,
    /// Recorded in millionths, exposed as fractions under the registered name.
    Millionths,
}

impl Unit {
    /// The unit's name in the exposition formats.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Unit::Seconds => Some("seconds"),
            Unit::Bytes => Some("bytes"),
            Unit::Plain | Unit::Millionths => None,
        }
    }

    /// How many of what is recorded are one of what is exposed: a power of ten.
    pub(crate) fn whole(self) -> u64 {
        match self {
            Unit::Seconds => 1_000_000_000,
            Unit::Millionths => 1_000_000,
            Unit::Bytes | Unit::Plain => 1,
        }
    }
}

/// The kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Kind {
    /// A total that only grows.
    Counter,
    /// A level that rises and falls.
    Gauge,
    /// A distribution of values.
    Histogram,
    /// Labels that do not change.
    Info,
}

/// The metric's name in the exposition formats, without the suffix of a sample: a counter loses
/// its `_total`, info its `_info`; a unit that has a name is appended.
pub(crate) fn family_name(name: &str, kind: Kind, unit: Unit) -> String {
    let stem = stem(name, kind);
    match unit.name() {
        Some(unit) if !has_suffix(stem, unit) => format!("{stem}_{unit}"),
        _ => stem.to_owned(),
    }
}

/// A name without the suffix of a sample that it may be given with.
fn stem(name: &str, kind: Kind) -> &str {
    match kind {
        Kind::Counter => name.strip_suffix("_total").unwrap_or(name),
        Kind::Info => name.strip_suffix("_info").unwrap_or(name),
        Kind::Gauge | Kind::Histogram => name,
    }
}

fn has_suffix(name: &str, unit: &str) -> bool {
    name.strip_suffix(unit).is_some_and(|stem| stem.ends_with('_'))
}

/// Every sample name that a metric of this family may expose, in either format.
pub(crate) fn sample_names(family: &str, kind: Kind) -> Vec<String> {
    let suffixes: &[&str] = match kind {
        Kind::Counter => &["", "_total", "_created"],
        Kind::Gauge => &[""],
        Kind::Info => &["", "_info"],
        Kind::Histogram => &["", "_bucket", "_sum", "_count", "_created"],
    };
    suffixes.iter().map(|suffix| format!("{family}{suffix}")).collect()
}

/// What a metric's name must not end with: a scraper would take it for another metric's sample.
pub(crate) const SAMPLE_SUFFIXES: [&str; 6] =
    ["_total", "_created", "_bucket", "_count", "_sum", "_info"];

/// The labels that histograms and summaries add themselves.
pub(crate) const RESERVED_LABELS: [&str; 2] = ["le", "quantile"];

/// Refuses names that a scraper would refuse, or take for another metric's sample.
pub(crate) fn check_metric(name: &str, help: &str, kind: Kind) -> Result<(), Error> {
    let refuse = |reason| Err(Error::Name { name: name.to_owned(), reason });
    let stem = stem(name, kind);
    if !is_identifier(stem) {
        return refuse("must match [a-zA-Z_][a-zA-Z0-9_]*");
    }
    if stem.starts_with("__") {
        return refuse("must not start with __, which is reserved");
    }
    if SAMPLE_SUFFIXES.iter().any(|suffix| stem.ends_with(suffix)) {
        return refuse(
            "must not end like a sample: _total, _created, _bucket, _count, _sum or _info",
        );
    }
    if help.trim().is_empty() {
        return Err(Error::Help { name: name.to_owned() });
    }
    Ok(())
}

/// Refuses label names that a scraper would refuse, that are reserved, or that occur twice.
pub(crate) fn check_labels(metric: &str, labels: &[&str]) -> Result<(), Error> {
    for (at, label) in labels.iter().enumerate() {
        let refuse = |reason| {
            Err(Error::Label { metric: metric.to_owned(), label: (*label).to_owned(), reason })
        };
        if !is_identifier(label) {
            return refuse("must match [a-zA-Z_][a-zA-Z0-9_]*");
        }
        if label.starts_with("__") {
            return refuse("must not start with __, which is reserved");
        }
        if RESERVED_LABELS.contains(label) {
            return refuse("is reserved for histograms and summaries");
        }
        if labels[..at].contains(label) {
            return refuse("occurs twice");
        }
    }
    Ok(())
}

fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|byte| byte == b'_' || byte.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_scraper_would_misread_are_refused() {
        for name in ["", "9lives", "a-b", "a b", "a:b", "é", "__x", "x_bucket", "x_count", "x\n"] {
            let error = check_metric(name, "Help", Kind::Gauge).unwrap_err();
            assert!(error.is_invalid_name(), "{name:?}");
            assert!(error.to_string().contains(&format!("{name:?}")));
        }
        assert!(check_metric("orders_total", "Help", Kind::Gauge).is_err());
        assert_eq!(check_metric("orders_total", "Help", Kind::Counter), Ok(()));
        assert!(check_metric("_total", "Help", Kind::Counter).is_err());
        let error = check_metric("orders", " \n", Kind::Counter).unwrap_err();
        assert_eq!(error, Error::Help { name: "orders".to_owned() });
    }

    #[test]
    fn labels_that_are_reserved_or_repeated_are_refused() {
        for labels in [&["le"][..], &["quantile"], &["__name__"], &["a", "a"], &["1"], &[""]] {
            assert!(check_labels("m", labels).unwrap_err().is_invalid_name(), "{labels:?}");
        }
        assert_eq!(check_labels("m", &["venue", "side"]), Ok(()));
    }

    #[test]
    fn a_family_is_named_with_its_base_unit_once() {
        let check = |name, kind, unit, expected: &str| {
            assert_eq!(family_name(name, kind, unit), expected);
        };
        check("orders", Kind::Counter, Unit::Plain, "orders");
        check("orders_total", Kind::Counter, Unit::Plain, "orders");
        check("latency", Kind::Histogram, Unit::Seconds, "latency_seconds");
        check("latency_seconds", Kind::Histogram, Unit::Seconds, "latency_seconds");
        check("milliseconds", Kind::Histogram, Unit::Seconds, "milliseconds_seconds");
        check("body", Kind::Histogram, Unit::Bytes, "body_bytes");
        check("depth", Kind::Histogram, Unit::Plain, "depth");
    }
}
