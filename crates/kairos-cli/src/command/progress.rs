// A progress bar on standard error, shown only on a terminal.
// Never writes to standard output, which belongs to reports and operations.
// Read next: `replay.rs` and `matchday.rs`, which advance it.

use std::io::{self, IsTerminal, Read};

use indicatif::{ProgressBar, ProgressBarIter, ProgressDrawTarget, ProgressStyle};

const OPERATIONS: &str = "{bar:40} {human_pos}/{human_len} operations  {elapsed}";

const BYTES: &str = "{bar:40} {bytes}/{total_bytes}  {elapsed}";

/// The progress of a run. Clones share one bar.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar that counts operations up to `total`; hidden if it is to be quiet, or unless standard error is a terminal.
    pub(crate) fn operations(total: u64, is_quiet: bool) -> Self {
        Self::with_template(total, OPERATIONS, is_quiet)
    }

    /// A bar that counts bytes read, whose length [`reading`](Self::reading) sets; hidden if it is to be quiet, or unless
    /// standard error is a terminal.
    pub(crate) fn bytes(is_quiet: bool) -> Self {
        Self::with_template(0, BYTES, is_quiet)
    }

    /// A bar that is never shown.
    pub(crate) fn hidden() -> Self {
        Self { bar: ProgressBar::hidden() }
    }

    /// Advances the bar by `n`. A few atomic operations; the terminal is redrawn at most twenty times per second.
    pub(crate) fn advance(&self, n: u64) {
        self.bar.inc(n);
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Wraps `input` so that each read advances the bar by the number of bytes read.
    pub(crate) fn reading<R: Read>(&self, input: R, total_bytes: u64) -> ProgressBarIter<R> {
        self.bar.set_length(total_bytes);
        self.bar.wrap_read(input)
    }

    fn with_template(total: u64, template: &str, is_quiet: bool) -> Self {
        if is_quiet || !io::stderr().is_terminal() {
            return Self::hidden();
        }
        let style = ProgressStyle::with_template(template).expect("the templates above are valid");
        let target = ProgressDrawTarget::stderr();
        Self { bar: ProgressBar::with_draw_target(Some(total), target).with_style(style) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_bar_passes_every_byte_through() {
        let progress = Progress::hidden();
        let mut text = String::new();
        progress.reading(&b"through"[..], 7).read_to_string(&mut text).unwrap();
        assert_eq!(text, "through");
        assert_eq!(progress.bar.position(), 7);
    }

    #[test]
    fn the_templates_are_valid() {
        for template in [OPERATIONS, BYTES] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
