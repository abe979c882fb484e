// Tables of what was measured: verdicts for a terminal and for the page, and what a reader uses today.
// Never knows: how anything was measured, or where the tables stand.
// Read next: `page.rs`, where they stand.

use std::fmt::Write as _;

use super::outcome::{Measured, Outcome, Row, Spread};

/// The name of this workspace's own contestant.
const OURS: &str = "kairos";

/// Target, measured, spread and verdict of every row.
pub(super) fn verdicts(outcomes: &[(String, Outcome)]) -> String {
    let mut text = String::new();
    let (measured, spread) = ("measured", "p10 to p90");
    // Writing into a `String` cannot fail.
    let _ = writeln!(text, "{:<78} {:>9} {measured:>10} {spread:>22}  verdict", "row", "at most");
    for row in outcomes.iter().flat_map(|(_, outcome)| &outcome.rows) {
        let (most, value, spread) = numbers(row);
        let _ = writeln!(
            text,
            "{:<78} {most:>9} {value:>10} {spread:>22}  {}",
            row.title(),
            row.verdict
        );
    }
    text
}

/// The same as Markdown, of one program.
pub(super) fn targets(outcome: &Outcome) -> String {
    let mut text = String::from(
        "| row | at most | measured | p10 to p90 | verdict |\n|---|---|---|---|---|\n",
    );
    for row in &outcome.rows {
        let (most, value, spread) = numbers(row);
        let verdict = &row.verdict;
        let _ = writeln!(text, "| {} | {most} | {value} | {spread} | {verdict} |", row.title());
    }
    text
}

fn numbers(row: &Row) -> (String, String, String) {
    let unit = if row.unit == "x" { "× ".to_owned() } else { String::new() };
    let after = if row.unit == "x" { String::new() } else { format!(" {}", row.unit) };
    let shown = |x: f64| format!("{unit}{}{after}", short(x));
    let most = row.at_most.map_or("–".into(), &shown);
    let Spread { low, median, high } = row.measured;
    (most, shown(median), format!("{} to {}", short(low), short(high)))
}

/// What a race has measured, contestant by contestant, of one number of threads.
pub(super) fn race(group: &str, threads: u64, outcome: &Outcome) -> String {
    let of_race = |m: &&Measured| m.group == group && m.threads == threads;
    let measured: Vec<&Measured> = outcome.measured.iter().filter(of_race).collect();
    let is_counted = measured.iter().any(|m| m.instructions.is_some());
    let mut text = format!(
        "| {threads} thread{} | ns | p10 to p90 | × Kairos |{}\n|---|---|---|---|{}\n",
        if threads == 1 { "" } else { "s" },
        if is_counted { " instructions | allocations |" } else { "" },
        if is_counted { "---|---|" } else { "" },
    );
    for Measured { name, ns, against_ours, instructions, allocations, .. } in measured {
        let Spread { low, median, high } = *ns;
        let ratio = against_ours.map_or("–".into(), |ratio| short(ratio.median));
        let _ = write!(
            text,
            "| {name} | {} | {} to {} | {ratio} |",
            short(median),
            short(low),
            short(high)
        );
        if is_counted {
            let shown = |x: Option<f64>| x.map_or("–".into(), short);
            let _ = write!(text, " {} | {} |", shown(*instructions), shown(*allocations));
        }
        text.push('\n');
    }
    text
}

/// What each cache of a group takes for a hit, against this workspace's own.
pub(super) fn today(group: &str, outcome: &Outcome, what: &[(&str, &str)]) -> String {
    let mut text = String::from(
        "| what you use | what it does at a hit | ns, 1 thread | × Kairos | ns, 2 threads | × Kairos | allocations |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for (name, does) in what {
        let of = |threads: u64| {
            let is_it = |m: &&Measured| (&*m.group, m.threads, &*m.name) == (group, threads, name);
            outcome.measured.iter().find(is_it)
        };
        let Some(one) = of(1) else { continue };
        let ns = |m: Option<&Measured>| m.map_or("–".into(), |m| short(m.ns.median));
        let ratio = |m: Option<&Measured>| {
            m.and_then(|m| m.against_ours).map_or("–".into(), |ratio| short(ratio.median))
        };
        let name = if *name == OURS { "**Kairos `get`**".to_owned() } else { (*name).to_owned() };
        let _ = writeln!(
            text,
            "| {name} | {does} | {} | {} | {} | {} | {} |",
            ns(Some(one)),
            ratio(Some(one)),
            ns(of(2)),
            ratio(of(2)),
            one.allocations.map_or("–".into(), short)
        );
    }
    text
}

/// A number with three figures.
pub(super) fn short(x: f64) -> String {
    let digits = match x.abs() {
        0.0 => 0,
        x if x >= 100.0 => 0,
        x if x >= 10.0 => 1,
        x if x >= 0.1 => 2,
        _ => 3,
    };
    let plain = format!("{x:.digits$}");
    let (whole, rest) = plain.split_once('.').unwrap_or((&plain, ""));
    // Thousands apart, from five digits on.
    let mut whole = whole.to_owned();
    if whole.len() > 4 {
        let mut at = whole.len();
        while at > 3 {
            at -= 3;
            whole.insert(at, ' ');
        }
    }
    if rest.is_empty() { whole } else { format!("{whole}.{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_three_figures() {
        let check = |x: f64, expected: &str| assert_eq!(short(x), expected);
        check(0.0, "0");
        check(0.0123, "0.012");
        check(0.15, "0.15");
        check(12.34, "12.3");
        check(1234.5, "1234");
        check(1_234_567.0, "1 234 567");
        check(25_100.0, "25 100");
    }

    #[test]
    fn a_row_shows_its_bound_and_unit() {
        let row = |unit: &str, at_most| Row {
            group: "g".into(),
            threads: 1,
            name: "kairos".into(),
            peer: "moka".into(),
            unit: unit.into(),
            at_most,
            measured: Spread { low: 0.1, median: 0.2, high: 0.3 },
            verdict: "missed".into(),
        };
        assert_eq!(numbers(&row("x", Some(0.15))).0, "× 0.15");
        assert_eq!(
            numbers(&row("points", None)),
            ("–".into(), "0.20 points".into(), "0.10 to 0.30".into())
        );
    }
}
