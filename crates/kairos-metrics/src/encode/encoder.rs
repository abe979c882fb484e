// The text of a scrape: heads rendered at registration, followed by numbers read now.
// Never knows: registries, shards, clocks.
// Read next: `heads.rs`; `number.rs` for digits, `text.rs` for headers.

use super::number::{push_f64, push_in, push_sum, push_u64};
use super::text::{Format, header};
use crate::names::{Kind, Unit};

/// The text being written.
pub(crate) struct Encoder<'a> {
    out: &'a mut String,
    format: Format,
}

impl<'a> Encoder<'a> {
    /// Appends to `out`.
    pub(crate) fn new(out: &'a mut String, format: Format) -> Encoder<'a> {
        Encoder { out, format }
    }

    /// The lines that stand before a metric's samples.
    pub(crate) fn header(&mut self, family: &str, help: &str, kind: Kind, unit: Unit) {
        header(self.out, self.format, family, help, kind, unit);
    }

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
