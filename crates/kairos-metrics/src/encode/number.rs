// Numbers as text, appended to a string without a formatter in between.
// Never knows: what the numbers mean.
// Read next: `text.rs`.

use std::fmt::Write as _;

use crate::names::Unit;

/// Appends an unsigned number.
pub(super) fn push_u64(out: &mut String, value: u64) {
    out.push_str(itoa::Buffer::new().format(value));
}

/// Appends nanoseconds as seconds, exactly, with at least one decimal: `0.0000025`, `1.0`.
pub(crate) fn push_ns_as_seconds(out: &mut String, ns: u64) {
    push_parts::<1_000_000_000>(out, ns);
}

/// Appends a recorded number in the unit that is exposed, exactly.
pub(crate) fn push_in(out: &mut String, unit: Unit, recorded: u64) {
    match unit {
        Unit::Seconds => push_ns_as_seconds(out, recorded),
        Unit::Millionths => push_parts::<1_000_000>(out, recorded),
        Unit::Bytes | Unit::Plain => push_u64(out, recorded),
    }
}

/// Appends a sum of recorded numbers as [`push_in`] does, however large it is.
pub(super) fn push_sum(out: &mut String, unit: Unit, recorded: u128) {
    let Ok(small) = u64::try_from(recorded) else {
        let whole = u128::from(unit.whole());
        // Writing to a string does not fail; the parts below one are the digits of a small number.
        let _ = write!(out, "{}", recorded / whole);
        let start = out.len();
        push_in(out, unit, (recorded % whole) as u64);
        // The whole part is written already.
        out.replace_range(start..=start, "");
        return;
    };
    push_in(out, unit, small);
}

/// Appends a recorded number as the value of a label `le`: the canonical number of `OpenMetrics`,
/// which is Go's `%g` with a decimal. So `1.0` and `0.0001`, but `2.5e-06` and `1.048575e+06`.
///
/// The digits are those of the recorded number, of which two never look alike.
pub(crate) fn push_bound(out: &mut String, unit: Unit, recorded: u64) {
    let decimals = unit.whole().ilog10() as i32;
    let all = recorded.to_string();
    // Scientific outside 0.0001 to 999999.
    let exponent = all.len() as i32 - 1 - decimals;
    if recorded == 0 || (-4..6).contains(&exponent) {
        let start = out.len();
        push_in(out, unit, recorded);
        if !out[start..].contains('.') {
            out.push_str(".0");
        }
        return;
    }
    let digits = all.trim_end_matches('0');
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    write!(out, "{first}{point}{rest}e{sign}{:02}", exponent.unsigned_abs())
        .expect("writing to a string does not fail");
}

/// Appends a number of parts of which `WHOLE`, a power of ten, make one.
fn push_parts<const WHOLE: u64>(out: &mut String, parts: u64) {
    push_u64(out, parts / WHOLE);
    // The leading one keeps the zeros after the point, and is then overwritten by it.
    let start = out.len();
    push_u64(out, WHOLE + parts % WHOLE);
    out.replace_range(start..=start, ".");
    let digits = out[start + 2..].trim_end_matches('0').len();
    out.truncate(start + 2 + digits);
}

/// Appends a fraction; what is not finite as `NaN`, `+Inf`, `-Inf`.
pub(super) fn push_f64(out: &mut String, value: f64) {
    if value.is_nan() {
        out.push_str("NaN");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else {
        write!(out, "{value:?}").expect("writing to a string does not fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(push: impl Fn(&mut String)) -> String {
        let mut out = String::new();
        push(&mut out);
        out
    }

    #[test]
    fn nanoseconds_become_exact_seconds() {
        let check = |ns, expected: &str| {
            assert_eq!(text(|out| push_ns_as_seconds(out, ns)), expected);
        };
        check(0, "0.0");
        check(1, "0.000000001");
        check(2_500, "0.0000025");
        check(1_000_000_000, "1.0");
        check(10_250_000_000, "10.25");
        check(u64::MAX, "18446744073.709551615");
    }

    #[test]
    fn a_recorded_number_is_exposed_in_its_unit() {
        let check = |unit, recorded, expected: &str| {
            assert_eq!(text(|out| push_in(out, unit, recorded)), expected);
        };
        check(Unit::Seconds, 2_500, "0.0000025");
        check(Unit::Millionths, 300_000, "0.3");
        check(Unit::Millionths, 100_000_000, "100.0");
        check(Unit::Millionths, 1, "0.000001");
        check(Unit::Bytes, 64, "64");
        check(Unit::Plain, 64, "64");
    }

    #[test]
    fn a_sum_beyond_64_bits_is_exact() {
        let check = |unit, recorded, expected: &str| {
            assert_eq!(text(|out| push_sum(out, unit, recorded)), expected);
        };
        let large = u128::from(u64::MAX) + 1;
        check(Unit::Seconds, large, "18446744073.709551616");
        check(Unit::Millionths, large + 384, "18446744073709.552");
        check(Unit::Millionths, 20_000_000_000_000_000_000, "20000000000000.0");
        check(Unit::Plain, large, "18446744073709551616");
        check(Unit::Bytes, 7, "7");
        check(Unit::Seconds, 2_500, "0.0000025");
    }

    #[test]
    fn a_bound_is_the_canonical_number() {
        let check = |unit, recorded, expected: &str| {
            assert_eq!(text(|out| push_bound(out, unit, recorded)), expected);
        };
        check(Unit::Seconds, 0, "0.0");
        check(Unit::Seconds, 1, "1e-09");
        check(Unit::Seconds, 2_500, "2.5e-06");
        check(Unit::Seconds, 99_999, "9.9999e-05");
        check(Unit::Seconds, 100_000, "0.0001");
        check(Unit::Seconds, 1_000_000, "0.001");
        check(Unit::Seconds, 1_000_000_000, "1.0");
        check(Unit::Seconds, 10_250_000_000, "10.25");
        check(Unit::Millionths, 999_999_500_000, "999999.5");
        check(Unit::Millionths, 1_000_000_000_000, "1e+06");
        check(Unit::Millionths, 2_500_000_500_000, "2.5000005e+06");
        check(Unit::Plain, 0, "0.0");
        check(Unit::Plain, 100_000, "100000.0");
        check(Unit::Bytes, 1_048_575, "1.048575e+06");
        check(Unit::Bytes, 10_000_000_000, "1e+10");
    }

    #[test]
    fn fractions_that_are_not_finite_have_their_names() {
        let check = |value, expected: &str| assert_eq!(text(|out| push_f64(out, value)), expected);
        check(f64::NAN, "NaN");
        check(f64::INFINITY, "+Inf");
        check(f64::NEG_INFINITY, "-Inf");
        check(0.1, "0.1");
        check(3.0, "3.0");
    }

    proptest! {
        #[test]
        fn integers_are_written_as_display_writes_them(value: u64, shift in 0u32..64) {
            let value = value >> shift;
            prop_assert_eq!(text(|out| push_u64(out, value)), value.to_string());
        }
    }
}
