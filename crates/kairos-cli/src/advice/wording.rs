// One piece of advice, and how lengths of time and shares are written in it.
// Never knows: what is advised.
// Read next: `limits.rs`, `noise.rs` and `feed.rs`, which advise.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;

/// What is to be said of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Advice {
    /// The field, by its name in `kairos.toml`.
    pub(crate) field: &'static str,
    /// What holds for it.
    pub(crate) text: String,
}

impl Advice {
    pub(super) fn new(field: &'static str, text: impl Into<String>) -> Self {
        Self { field, text: text.into() }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.text)
    }
}

/// A length of time as `kairos.toml` has it.
pub(super) fn span(of: Duration) -> String {
    SignedDuration::try_from(of).map_or_else(|_| format!("{of:?}"), |of| format!("{of:#}"))
}

/// A share in percent, with as many digits as say something.
pub(super) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    let decimals = if percent < 0.995 { 2 } else { usize::from(percent < 9.95) };
    format!("{percent:.decimals$} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_two_digits_or_three() {
        for (share, expected) in [
            (0.0, "0.00 %"),
            (0.007_5, "0.75 %"),
            (0.01, "1.0 %"),
            (0.072_6, "7.3 %"),
            (0.1, "10 %"),
            (1.0, "100 %"),
        ] {
            assert_eq!(percent(share), expected);
        }
    }

    #[test]
    fn lengths_of_time_are_written_as_in_a_configuration() {
        let check = |of: Duration, expected: &str| assert_eq!(span(of), expected);
        check(Duration::ZERO, "0s");
        check(Duration::from_millis(1500), "1s 500ms");
        check(Duration::from_secs(5400), "1h 30m");
        check(Duration::MAX, "18446744073709551615.999999999s");
    }
}
