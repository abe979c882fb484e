//! Exposition: the text of a scrape, from heads rendered at registration and numbers read now.
//! Never knows: registries, shards, clocks.
//! Read next: `number.rs` for digits, `text.rs` for headers and escaping.

mod number;
mod text;

pub(crate) use number::{push_in, push_ns_as_seconds, push_u64};
pub(crate) use text::{escape_label, header};

use number::push_f64;

use crate::names::Unit;
use crate::shard::Sum;

/// Which exposition format is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Prometheus text format 0.0.4.
    Prometheus,
    /// `OpenMetrics` text format 1.0.
    OpenMetrics,
}

/// The text being written, and a buffer for histograms that is reused from series to series.
pub(crate) struct Encoder<'a> {
    pub(crate) out: &'a mut String,
    pub(crate) format: Format,
    pub(crate) sum: Sum,
}

impl Encoder<'_> {
    /// One sample of an unsigned number.
    pub(crate) fn sample_u64(&mut self, head: &str, value: u64) {
        self.out.push_str(head);
        push_u64(self.out, value);
        self.out.push('\n');
    }

    /// One sample of a fraction.
    pub(crate) fn sample_f64(&mut self, head: &str, value: f64) {
        self.out.push_str(head);
        push_f64(self.out, value);
        self.out.push('\n');
    }

    /// One sample of a recorded number, in the unit that is exposed and exact.
    pub(crate) fn sample_in(&mut self, unit: Unit, head: &str, recorded: u64) {
        self.out.push_str(head);
        push_in(self.out, unit, recorded);
        self.out.push('\n');
    }

    /// One sample of a signed number, as [`Encoder::sample_in`] writes it.
    pub(crate) fn sample_signed_in(&mut self, unit: Unit, head: &str, recorded: i64) {
        self.out.push_str(head);
        if recorded < 0 {
            self.out.push('-');
        }
        push_in(self.out, unit, recorded.unsigned_abs());
        self.out.push('\n');
    }

    /// The `_created` sample, which only `OpenMetrics` has: a number that is rendered already, unless
    /// the series began anew at another time.
    pub(crate) fn created(&mut self, head: &str, seconds: &str, anew_unix_ns: Option<u64>) {
        if self.format != Format::OpenMetrics {
            return;
        }
        if let Some(unix_ns) = anew_unix_ns {
            return self.sample_in(Unit::Seconds, head, unix_ns);
        }
        self.out.push_str(head);
        self.out.push_str(seconds);
        self.out.push('\n');
    }
}

/// The heads of a series' samples (name, labels and the space before the value), rendered once.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    text: String,
    ends: Vec<usize>,
}

impl Heads {
    /// Appends the head of a sample: `name{labels,extra} `; `labels` and `extra` are rendered
    /// already, and both may be empty.
    pub(crate) fn push(&mut self, family: &str, suffix: &str, labels: &str, extra: &str) {
        self.text.push_str(family);
        self.text.push_str(suffix);
        if !(labels.is_empty() && extra.is_empty()) {
            let comma = if labels.is_empty() || extra.is_empty() { "" } else { "," };
            for part in ["{", labels, comma, extra, "}"] {
                self.text.push_str(part);
            }
        }
        self.text.push(' ');
        self.ends.push(self.text.len());
    }

    /// The heads in the order in which they were pushed.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.text[start..*end])
    }
}

/// Renders label pairs without braces: `venue="xlon",side="buy"`.
pub(crate) fn label_pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(name);
        out.push_str("=\"");
        escape_label(&mut out, value);
        out.push('"');
    }
    out
}
