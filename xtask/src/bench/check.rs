// Compares what is measured with what was, row by row: worse by more than the noise of both fails.
// Never knows: what a row measures.
// Read next: `outcome.rs` for a row.

use super::outcome::{Outcome, Row, Spread};
use super::table::short;
use crate::failure::Failure;

/// By how much a row may be worse whatever its spread: what was measured once has none.
const LEAST: f64 = 0.02;

/// Whether `new` is worse than `old` by more than both spreads: nine of ten of its rounds are above
/// nine of ten of the old ones. A row with a target stands against its peer, or counts what is the same on
/// any machine; less is better.
fn is_worse(old: &Spread, new: &Spread) -> bool {
    new.low > old.high + LEAST * old.median.abs().max(0.1)
}

/// Prints what has become worse or better of the rows that have a target, and which are missing: those of
/// peers that were not run, or a row that is no longer measured.
///
/// # Errors
///
/// [`Failure::Failed`] with the rows that have become worse, or where there is nothing to compare with.
pub(super) fn against(
    baseline: &[(String, Outcome)],
    measured: &[(String, Outcome)],
) -> Result<(), Failure> {
    let (mut worse, mut compared) = (Vec::new(), 0);
    let is_run = |program: &str| measured.iter().any(|(name, _)| name == program);
    let known = judged(baseline.iter().filter(|(program, _)| is_run(program)));
    let rows = judged(measured.iter());
    for old in known.iter().filter(|old| rows.iter().all(|row| row.title() != old.title())) {
        println!("not measured: {}", old.title());
    }
    for row in rows {
        let Some(old) = known.iter().find(|old| old.title() == row.title()) else {
            println!("not in the baseline: {}", row.title());
            continue;
        };
        compared += 1;
        let shown =
            |s: &Spread| format!("{} ({} to {})", short(s.median), short(s.low), short(s.high));
        let line =
            format!("{}: {} before, {}", row.title(), shown(&old.measured), shown(&row.measured));
        if is_worse(&old.measured, &row.measured) {
            println!("worse: {line}");
            worse.push(row.title());
        } else if is_worse(&row.measured, &old.measured) {
            println!("better: {line}");
        }
    }
    if compared == 0 {
        return Err(Failure::Failed("the baseline has none of these rows".into()));
    }
    println!("compared {compared} rows: {} worse beyond the noise", worse.len());
    if worse.is_empty() { Ok(()) } else { Err(Failure::Failed(worse.join("; "))) }
}

/// The rows that have a target.
fn judged<'a>(programs: impl Iterator<Item = &'a (String, Outcome)>) -> Vec<&'a Row> {
    let rows = programs.flat_map(|(_, outcome)| &outcome.rows);
    rows.filter(|row| row.at_most.is_some()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(low: f64, median: f64, high: f64) -> Vec<(String, Outcome)> {
        let value = serde_json::json!({"rows": [
            {"group": "hit", "threads": 1, "name": "kairos", "peer": "moka", "unit": "x",
             "at_most": 0.1, "measured": [low, median, high]},
        ]});
        vec![("hit".into(), Outcome::of(&value))]
    }

    #[test]
    fn a_row_fails_when_its_spread_is_above_that_of_the_baseline() {
        let old = outcome(0.9, 1.0, 1.1);
        assert_eq!(against(&old, &outcome(0.95, 1.1, 1.4)), Ok(()));
        assert_eq!(against(&old, &outcome(0.2, 0.3, 0.4)), Ok(()));
        let worse = against(&old, &outcome(1.2, 1.3, 1.4));
        assert_eq!(worse, Err(Failure::Failed("hit: kairos / moka".into())));
    }

    /// A hit ratio that rises, or a peer's own time.
    #[test]
    fn a_row_without_a_target_is_not_compared() {
        let mut old = outcome(0.1, 0.1, 0.1);
        old[0].1.rows[0].at_most = None;
        assert!(against(&old, &old).is_err(), "nothing is left to compare");
        let (mut both, mut more) = (outcome(1.0, 1.0, 1.0), outcome(1.0, 1.0, 1.0));
        for (all, median) in [(&mut both, 0.1), (&mut more, 9.0)] {
            let mut other = outcome(median, median, median);
            let mut row = other[0].1.rows.remove(0);
            (row.at_most, row.name) = (None, "hit ratio".into());
            all[0].1.rows.push(row);
        }
        assert_eq!(against(&both, &more), Ok(()));
    }

    #[test]
    fn what_was_measured_once_may_differ_by_little() {
        assert!(
            !is_worse(&spread(100.0), &spread(101.0)) && is_worse(&spread(100.0), &spread(103.0))
        );
        assert!(!is_worse(&spread(0.0), &spread(0.0)));
    }

    fn spread(once: f64) -> Spread {
        Spread { low: once, median: once, high: once }
    }

    #[test]
    fn nothing_to_compare_with_is_no_pass() {
        assert!(against(&[], &outcome(1.0, 1.0, 1.0)).is_err());
    }
}
