// The text of a scrape: heads rendered at registration, followed by numbers read now.
// Never knows: registries, shards, clocks.
// Read next: `heads.rs`; `number.rs` for digits, `text.rs` for headers.

use super::heads::{Header, Heads};
use super::number::{push_f64, push_in, push_sum, push_u64};
use super::text::Format;
use crate::names::Unit;

/// The text being written.
pub(crate) struct Encoder<'a> {
    out: &'a mut String,
    format: Format,
    /// The end of the line that was written last, where it is written again.
    end: String,
}

impl<'a> Encoder<'a> {
    /// Appends to `out`.
    pub(crate) fn new(out: &'a mut String, format: Format) -> Encoder<'a> {
        Encoder { out, format, end: String::new() }
    }

    /// The lines that stand before a metric's samples.
    pub(crate) fn header(&mut self, header: &Header) {
        self.out.push_str(header.text(self.format));
    }

    /// One sample of an unsigned number.
    pub(crate) fn sample_u64(&mut self, head: &str, value: u64) {
        self.out.push_str(head);
        push_u64(self.out, value);
        self.out.push('\n');
    }

    /// Samples of unsigned numbers, of which one is often that before it.
    pub(crate) fn samples_u64<'h>(&mut self, heads: impl Iterator<Item = &'h str>, values: &[u64]) {
        let mut last = None;
        for (value, head) in values.iter().zip(heads) {
            if last != Some(*value) {
                last = Some(*value);
                self.end.clear();
                push_u64(&mut self.end, *value);
                self.end.push('\n');
            }
            self.out.push_str(head);
            self.out.push_str(&self.end);
        }
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

    /// One sample of a sum of recorded numbers, exact as [`Encoder::sample_in`] writes it, unless some
    /// of it is only a fraction.
    pub(crate) fn sample_sum(&mut self, unit: Unit, head: &str, recorded: u128, beyond: f64) {
        if beyond > 0.0 {
            return self.sample_f64(head, (recorded as f64 + beyond) / unit.whole() as f64);
        }
        self.out.push_str(head);
        push_sum(self.out, unit, recorded);
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

    /// The `_created` sample, which only `OpenMetrics` has: as it is rendered already, unless the series
    /// began anew at another time.
    #[inline]
    pub(crate) fn created(&mut self, heads: &Heads, anew_unix_ns: Option<u64>) {
        if self.format != Format::OpenMetrics {
            return;
        }
        match (heads.created(), anew_unix_ns) {
            (Some((_, head)), Some(unix_ns)) => self.sample_in(Unit::Seconds, head, unix_ns),
            (Some((line, _)), None) => self.out.push_str(line),
            (None, _) => {}
        }
    }
}
