// What precedes samples, and a sample's value, rendered once: headers; name, labels and a space.
// Never knows: values.
// Read next: `encoder.rs`, which writes heads and values.

use super::text::{Format, escape_label, header};
use crate::names::{Kind, Unit};

/// The lines that stand before a metric's samples, rendered once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Header {
    prometheus: String,
    openmetrics: String,
}

impl Header {
    pub(crate) fn new(family: &str, help: &str, kind: Kind, unit: Unit) -> Header {
        let in_format = |format| {
            let mut out = String::new();
            header(&mut out, format, family, help, kind, unit);
            out
        };
        let (prometheus, openmetrics) = (Format::Prometheus, Format::OpenMetrics);
        Header { prometheus: in_format(prometheus), openmetrics: in_format(openmetrics) }
    }

    pub(super) fn text(&self, format: Format) -> &str {
        match format {
            Format::Prometheus => &self.prometheus,
            Format::OpenMetrics => &self.openmetrics,
        }
    }
}

/// The heads of a series' samples (name, labels and the space before the value), rendered once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heads {
    text: String,
    /// How long each is.
    lengths: Vec<usize>,
    /// Where in the text the whole `_created` sample begins, if there is one, and where its head ends.
    created: Option<(usize, usize)>,
}

impl Heads {
    /// Appends the head of a sample: `name{labels,extra} `; `labels` and `extra` are rendered
    /// already, and both may be empty.
    pub(crate) fn push(&mut self, family: &str, suffix: &str, labels: &str, extra: &str) {
        let before = self.text.len();
        render(&mut self.text, family, suffix, labels, extra);
        self.lengths.push(self.text.len() - before);
    }

    /// Appends the whole `_created` sample of a series that was made at `seconds`, after all heads.
    pub(crate) fn push_created(&mut self, family: &str, labels: &str, seconds: &str) {
        let start = self.text.len();
        render(&mut self.text, family, "_created", labels, "");
        self.created = Some((start, self.text.len()));
        self.text.push_str(seconds);
        self.text.push('\n');
    }

    /// The whole `_created` sample, if there is one, and its head.
    #[inline]
    pub(super) fn created(&self) -> Option<(&str, &str)> {
        self.created.map(|(start, end)| (&self.text[start..], &self.text[start..end]))
    }

    /// The other heads in the order in which they were pushed.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let mut rest = &*self.text;
        self.lengths.iter().map(move |length| {
            let (head, after) = rest.split_at(*length);
            rest = after;
            head
        })
    }
}

fn render(out: &mut String, family: &str, suffix: &str, labels: &str, extra: &str) {
    out.push_str(family);
    out.push_str(suffix);
    if !(labels.is_empty() && extra.is_empty()) {
        let comma = if labels.is_empty() || extra.is_empty() { "" } else { "," };
        for part in ["{", labels, comma, extra, "}"] {
            out.push_str(part);
        }
    }
    out.push(' ');
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
