// A time in a feed: in ms, in seconds, as ISO 8601 says it or by day, month and year; and what looks like another way.
// Never reads a clock. Never takes one unit for another in silence.
// Read next: `days.rs` for days, months and years, `order.rs`, which hands over the cells.

use clap::ValueEnum;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::days::{self, DayMonth};

use super::super::op::LAST_MS;
use crate::error::Reason;

/// How times are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TimeFormat {
    /// In ms since the Unix epoch
    Ms,
    /// In seconds since the Unix epoch, with or without a fraction
    #[value(name = "s")]
    Seconds,
    /// As in 2026-06-11T19:00:00Z; UTC where no offset is given
    Iso,
    /// Day, month, year, as in 29/11/2026 15:00 or 29.11.2026 15:00:05; UTC
    Dmy,
    /// Month, day, year, as in 11/29/2026 15:00 or 11/29/2026 3:00 PM; UTC
    Mdy,
}

/// The seconds from September 2001 to February 2103, which are ms in the first weeks of 1970.
const LIKE_SECONDS: std::ops::Range<i64> = 1_000_000_000..4_200_000_000;

/// The time in `text`, in ms since the Unix epoch: as `format` says, else whole numbers in ms, and ISO 8601.
pub(super) fn parse(
    text: &str,
    format: Option<TimeFormat>,
    field: &'static str,
) -> Result<i64, Reason> {
    let (found, expected) = match format {
        Some(TimeFormat::Ms) => (whole(text), "a whole number of ms"),
        None => (instant(text), "a whole number of ms or a time as in 2026-06-11T19:00:00Z"),
        Some(TimeFormat::Seconds) => (seconds(text), "a number of seconds"),
        Some(TimeFormat::Iso) => (iso(text), "a time as in 2026-06-11T19:00:00Z"),
        Some(TimeFormat::Dmy) => (
            days::parse(text, DayMonth::DayFirst),
            "a time as in 29/11/2026 15:00 or 29.11.2026 15:00:05",
        ),
        Some(TimeFormat::Mdy) => (
            days::parse(text, DayMonth::MonthFirst),
            "a time as in 11/29/2026 15:00 or 11/29/2026 3:00 PM",
        ),
    };
    found.ok_or_else(|| match days::ways(text) {
        Some(ways) => Reason::LikeDays { field, found: text.to_owned(), ways },
        None => Reason::wrong_type(field, expected, &format!("{text:?}")),
    })
}

/// A whole number of ms since the Unix epoch, or a time as ISO 8601 says it.
pub(super) fn instant(text: &str) -> Option<i64> {
    whole(text).or_else(|| iso(text))
}

/// A time of the command line, in ms since the Unix epoch: [`instant`].
///
/// # Errors
/// What a time is.
pub(crate) fn of_option(text: &str) -> Result<i64, String> {
    instant(text).ok_or_else(|| {
        "a time is a whole number of ms since the Unix epoch, or as in 2026-06-11T19:00:00Z".into()
    })
}

/// Checks that a row's time can be one.
pub(super) fn check_range(t_ms: i64) -> Result<(), Reason> {
    if (0..=LAST_MS).contains(&t_ms) {
        return Ok(());
    }
    Err(Reason::wrong_type("ts_ms", "a whole number from 0 to 9000000000000", &t_ms.to_string()))
}

/// Checks that the first time of a feed does not look like seconds, nor like µs or ns.
pub(super) fn check_first(t_ms: i64) -> Result<(), Reason> {
    let are = |times: i64| LIKE_SECONDS.contains(&(t_ms / times));
    if are(1) {
        Err(Reason::LikeSeconds(t_ms))
    } else if are(1_000_000) {
        Err(Reason::LikeFiner(t_ms, "µs"))
    } else if are(1_000_000_000) {
        Err(Reason::LikeFiner(t_ms, "ns"))
    } else {
        Ok(())
    }
}

/// Checks that a time and a kickoff are of the same unit, no kickoff a thousand times as far from 1970, and that
/// the kickoff is not the 0 of a table that does not know it.
pub(super) fn check_units(t_ms: i64, kickoff_ms: i64) -> Result<(), Reason> {
    if kickoff_ms <= 0 && t_ms >= LIKE_SECONDS.start {
        return Err(Reason::NoKickoff(kickoff_ms));
    }
    let (near, far) = (t_ms.min(kickoff_ms), t_ms.max(kickoff_ms));
    // Below that a feed counts from its own beginning.
    if near < LIKE_SECONDS.start / 10 || far / 500 < near || far / 2000 > near {
        return Ok(());
    }
    Err(Reason::UnitsDiffer { t: t_ms, kickoff: kickoff_ms })
}

/// A whole number, also one that a table has written with a fraction of zeros.
fn whole(text: &str) -> Option<i64> {
    let are_zeros = |zeros: &str| !zeros.is_empty() && zeros.bytes().all(|zero| zero == b'0');
    text.parse().ok().or_else(|| {
        let (whole, zeros) = text.split_once('.')?;
        whole.parse().ok().filter(|_| are_zeros(zeros))
    })
}

/// Seconds, whose fraction is cut off after the ms.
fn seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    if whole.starts_with('-') || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let ms = fraction
        .bytes()
        .chain(*b"000")
        .take(3)
        .fold(0, |ms, digit| 10 * ms + i64::from(digit - b'0'));
    whole.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(ms)
}

fn iso(text: &str) -> Option<i64> {
    let timestamp = match text.parse::<Timestamp>() {
        Ok(timestamp) => timestamp,
        // A day without a time is no instant.
        Err(_) if text.contains(':') => {
            let civil = text.parse::<DateTime>().ok()?;
            TimeZone::UTC.to_timestamp(civil).ok()?
        }
        Err(_) => return None,
    };
    Some(timestamp.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_it_is_written() {
        let check = |text: &str, format: Option<TimeFormat>, expected: Option<i64>| {
            assert_eq!(parse(text, format, "ts_ms").ok(), expected, "{text} {format:?}");
        };
        let (ms, s, iso) = (Some(TimeFormat::Ms), Some(TimeFormat::Seconds), Some(TimeFormat::Iso));
        for format in [None, ms] {
            check("1781204400000", format, Some(1_781_204_400_000));
            check("1781204400000.0", format, Some(1_781_204_400_000));
            check("-5", format, Some(-5));
            for wrong in
                ["1.5", "1.", "1,0", "", "soon", "2026-06-11", "1e3", "2026-13-01T00:00:00Z"]
            {
                check(wrong, format, None);
            }
        }
        check("1781204400", s, Some(1_781_204_400_000));
        check("1781204400.25", s, Some(1_781_204_400_250));
        check("1781204400,0019", s, Some(1_781_204_400_001));
        check("0.5", s, Some(500));
        for wrong in ["-1", "-0.5", "1.x", "x", "", "1.2.3", "9223372036854775807"] {
            check(wrong, s, None);
        }
        for format in [None, iso] {
            for text in [
                "2026-06-11T19:00:00Z",
                "2026-06-11 19:00:00Z",
                "2026-06-11T21:00:00+02:00",
                "2026-06-11T19:00:00",
                "2026-06-11 19:00",
                "2026-06-11T19:00Z",
                "2026-06-11T19:00+00",
                "2026-06-11T19:00:00.000Z",
            ] {
                check(text, format, Some(1_781_204_400_000));
            }
            check("2026-06-11T19:00:00.0625", format, Some(1_781_204_400_062));
        }
        check("2026-06-11T19:00:00Z", ms, None);
        check("1781204400000", iso, None);
        check("2026-06-11", iso, None);
    }

    #[test]
    fn units_that_differ_are_found_and_those_of_a_feed_that_counts_from_its_beginning_are_not() {
        let (ms, s) = (1_781_204_400_000, 1_781_204_400);
        assert!(check_units(s, ms).is_err());
        assert!(check_units(ms, s).is_err());
        assert!(check_units(ms, 1000 * ms).is_err());
        for (t, kickoff) in
            [(ms, ms + 86_400_000), (s, s), (0, ms), (1000, 0), (0, -5), (10_000, 5_000_000)]
        {
            check_units(t, kickoff).unwrap();
        }
        for unknown in [0, -1, -62_135_596_800_000] {
            assert_eq!(check_units(ms, unknown), Err(Reason::NoKickoff(unknown)));
        }
        assert_eq!(check_first(s), Err(Reason::LikeSeconds(s)));
        assert_eq!(check_first(1000 * ms), Err(Reason::LikeFiner(1000 * ms, "µs")));
        assert_eq!(check_first(1_000_000 * ms), Err(Reason::LikeFiner(1_000_000 * ms, "ns")));
        for t in [0, 1000, 999_999_999, ms] {
            check_first(t).unwrap();
        }
    }
}
