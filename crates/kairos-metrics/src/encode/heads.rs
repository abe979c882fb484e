// What precedes a sample's value, rendered once: name, labels and a space.
// Never knows: values.
// Read next: `encoder.rs`, which writes heads and values.

use super::text::escape_label;

/// The heads of a series' samples (name, labels and the space before the value), rendered once.
#[derive(Clone, Debug, Default)]
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
