// A time by day, month and year, as tables for people have it, in UTC.
// Never guesses which number is the month.
// Read next: `times.rs`, which names this way where a cell looks like it.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// Which of the two comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DayMonth {
    /// The day.
    DayFirst,
    /// The month.
    MonthFirst,
}

/// The time in `text`, in ms since the Unix epoch: a date with points, slashes or hyphens and a year of four digits, a
/// blank, and hours and minutes, with or without seconds, AM and PM.
pub(super) fn parse(text: &str, order: DayMonth) -> Option<i64> {
    let (date, time) = text.split_once([' ', 'T'])?;
    let mark = date.chars().find(|mark| ['.', '/', '-'].contains(mark))?;
    let [first, second, year] = parts(date, mark)?;
    let (day, month) = match order {
        DayMonth::DayFirst => (first, second),
        DayMonth::MonthFirst => (second, first),
    };
    let is_year = date.rsplit(mark).next().is_some_and(|year| year.len() == 4);
    let year = i16::try_from(year).ok().filter(|_| is_year)?;
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let instant = TimeZone::UTC.to_timestamp(date.to_datetime(of_day(time.trim())?)).ok()?;
    Some(instant.as_millisecond())
}

/// The values of `--time` that read `text`, where there is one.
pub(super) fn ways(text: &str) -> Option<&'static str> {
    let [day_first, month_first] =
        [DayMonth::DayFirst, DayMonth::MonthFirst].map(|order| parse(text, order).is_some());
    match (day_first, month_first) {
        (true, true) => Some("--time dmy or --time mdy"),
        (true, false) => Some("--time dmy"),
        (false, true) => Some("--time mdy"),
        (false, false) => None,
    }
}

/// The three numbers between two marks.
fn parts(text: &str, mark: char) -> Option<[u32; 3]> {
    let mut numbers = text.split(mark).map(number);
    let parts = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(parts)
}

fn number(digits: &str) -> Option<u32> {
    let are_digits = digits.bytes().all(|digit| digit.is_ascii_digit());
    digits.parse().ok().filter(|_| are_digits)
}

/// A time of day: `15:00`, `15:00:05.250` or `3:00 PM`.
fn of_day(text: &str) -> Option<Time> {
    let (clock, half) = match text.len().checked_sub(2).and_then(|at| text.split_at_checked(at)) {
        Some((clock, half)) if half.eq_ignore_ascii_case("am") => (clock.trim_end(), Some(0)),
        Some((clock, half)) if half.eq_ignore_ascii_case("pm") => (clock.trim_end(), Some(12)),
        _ => (text, None),
    };
    let (hours, rest) = clock.split_once(':')?;
    let hour = number(hours).filter(|_| hours.len() <= 2)?;
    let hour = match half {
        None => hour,
        Some(half) => (1..=12).contains(&hour).then_some(hour % 12 + half)?,
    };
    // An offset would be passed over.
    let is_time = rest.bytes().all(|byte| byte.is_ascii_digit() || [b':', b'.'].contains(&byte));
    // Minutes, seconds and a fraction are written as in ISO 8601.
    is_time.then(|| format!("{hour:02}:{rest}").parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_months_and_years_are_read_in_the_order_that_is_said() {
        const AT: i64 = 1_795_964_400_000; // 2026-11-29T15:00:00Z
        let check = |text: &str, expected: [Option<i64>; 2]| {
            let found = [DayMonth::DayFirst, DayMonth::MonthFirst].map(|order| parse(text, order));
            assert_eq!(found, expected, "{text}");
        };
        for text in
            ["29/11/2026 15:00", "29.11.2026 15:00:00", "29-11-2026 3:00 PM", "29/11/2026  3:00pm"]
        {
            check(text, [Some(AT), None]);
        }
        check("29.11.2026 15:00:05", [Some(AT + 5000), None]);
        check("29.11.2026T15:00:05.250", [Some(AT + 5250), None]);
        check("11/29/2026 15:00", [None, Some(AT)]);
        check("29/11/2026 12:30 AM", [Some(AT - 52_200_000), None]);
        // 6 November or 11 June.
        check("6/11/2026 19:00", [Some(1_793_991_600_000), Some(1_781_204_400_000)]);
        for text in [
            "29/11/2026",
            "29/11/26 15:00",
            "29/11-2026 15:00",
            "31/2/2026 15:00",
            "29/11/2026 25:00",
            "29/11/2026 13:00 PM",
            "29/11/2026 0:00 AM",
            "+9/11/2026 15:00",
            "29/11/2026/1 15:00",
            "29/11/2026 15:00+02:00",
            "29/11/2026 15",
            "2026/11/29 15:00",
            "\u{e9}",
            "1.5",
            "",
        ] {
            check(text, [None, None]);
        }
    }

    #[test]
    fn a_time_is_told_with_every_option_that_reads_it() {
        for (text, expected) in [
            ("29/11/2026 15:00", Some("--time dmy")),
            ("11/29/2026 15:00", Some("--time mdy")),
            ("6/11/2026 15:00", Some("--time dmy or --time mdy")),
            ("2026-11-06 15:00", None),
            ("soon", None),
        ] {
            assert_eq!(ways(text), expected, "{text}");
        }
    }
}
