// The two text formats: their headers and their escaping.
// Never knows: values.
// Read next: `encoder.rs`, which writes the samples.

use crate::names::{Kind, Unit};

/// Which exposition format is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Prometheus text format 0.0.4.
    Prometheus,
    /// `OpenMetrics` text format 1.0.
    OpenMetrics,
}

impl Format {
    /// The value of the header `Content-Type`.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Format::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The two halves of the media type.
    pub(super) const fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Format::Prometheus => ("text", "plain"),
            Format::OpenMetrics => ("application", "openmetrics-text"),
        }
    }

    /// The version that a scraper asks for.
    pub(super) const fn version(self) -> &'static str {
        match self {
            Format::Prometheus => "0.0.4",
            Format::OpenMetrics => "1.0.0",
        }
    }
}

/// Appends a metric's HELP, TYPE and (`OpenMetrics`) UNIT lines.
///
/// Prometheus names a counter's family with its `_total` and knows info as a gauge whose name ends in
/// `_info`; `OpenMetrics` names both without.
pub(super) fn header(
    out: &mut String,
    format: Format,
    family: &str,
    help: &str,
    kind: Kind,
    unit: Unit,
) {
    let suffix = match (format, kind) {
        (Format::Prometheus, Kind::Counter) => "_total",
        (Format::Prometheus, Kind::Info) => "_info",
        _ => "",
    };
    let kind_name = match kind {
        Kind::Counter => "counter",
        Kind::Info if format == Format::OpenMetrics => "info",
        Kind::Gauge | Kind::Info => "gauge",
        Kind::Histogram => "histogram",
    };
    for part in ["# TYPE ", family, suffix, " ", kind_name, "\n"] {
        out.push_str(part);
    }
    if let (Format::OpenMetrics, Some(unit)) = (format, unit.name()) {
        for part in ["# UNIT ", family, " ", unit, "\n"] {
            out.push_str(part);
        }
    }
    for part in ["# HELP ", family, suffix, " "] {
        out.push_str(part);
    }
    escape(out, help, format == Format::OpenMetrics);
    out.push('\n');
}

/// Appends a label value with backslash, quote and line feed escaped, alike in both formats.
pub(super) fn escape_label(out: &mut String, value: &str) {
    escape(out, value, true);
}

fn escape(out: &mut String, text: &str, quotes: bool) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quotes => out.push_str("\\\""),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_keeps_its_quotes_in_prometheus_and_escapes_them_in_openmetrics() {
        let mut out = String::new();
        header(&mut out, Format::Prometheus, "m", "a \"b\" \\ c\nd", Kind::Gauge, Unit::Plain);
        assert_eq!(out, "# TYPE m gauge\n# HELP m a \"b\" \\\\ c\\nd\n");
        out.clear();
        header(&mut out, Format::OpenMetrics, "m_seconds", "\"", Kind::Histogram, Unit::Seconds);
        assert_eq!(
            out,
            "# TYPE m_seconds histogram\n# UNIT m_seconds seconds\n# HELP m_seconds \\\"\n"
        );
    }

    #[test]
    fn a_counter_family_has_its_suffix_in_prometheus_only() {
        let mut out = String::new();
        header(&mut out, Format::Prometheus, "m", "h", Kind::Counter, Unit::Plain);
        assert!(out.starts_with("# TYPE m_total counter\n"));
        out.clear();
        header(&mut out, Format::OpenMetrics, "m", "h", Kind::Counter, Unit::Plain);
        assert!(out.starts_with("# TYPE m counter\n"));
    }
}
