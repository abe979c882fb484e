// An instant as text, in UTC.
// Never knows: a time zone. Never reads a clock.
// Read next: `text.rs`, its only user.

const DAY_MS: i64 = 86_400_000;

/// The instant `t_ms`, in ms since the Unix epoch, in the form `2025-11-15 06:00:00.000`.
pub(super) fn utc(t_ms: i64) -> String {
    let (year, month, day) = civil(t_ms.div_euclid(DAY_MS));
    let ms = t_ms.rem_euclid(DAY_MS);
    let (hour, minute, second, ms) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03}")
}

/// The year, month and day of a day since the Unix epoch, by Howard Hinnant's `civil_from_days`
/// (<https://howardhinnant.github.io/date_algorithms.html>).
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months from March, so that the leap day is the last of its year.
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_those_of_the_calendar() {
        let check = |t_ms, expected| assert_eq!(utc(t_ms), expected);
        check(0, "1970-01-01 00:00:00.000");
        check(-1, "1969-12-31 23:59:59.999");
        check(951_782_400_000, "2000-02-29 00:00:00.000");
        check(1_763_186_400_123, "2025-11-15 06:00:00.123");
        check(4_107_542_399_999, "2100-02-28 23:59:59.999");
        check(4_107_542_400_000, "2100-03-01 00:00:00.000");
    }
}
