// The caches of all feeds as one table in Markdown.
// Never knows: the feeds.
// Read next: `curve.rs`, what is shown.

use std::fmt::Write;

use super::curve::Curve;

/// A row for each cache, two columns for each feed.
pub(super) fn of(curves: &[Curve]) -> String {
    let mut text = String::from("| |");
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        for cell in cells {
            // Writing into a `String` cannot fail.
            let _ = write!(text, " {cell} |");
        }
        text.push_str("\n|");
    };
    line(&mut curves.iter().map(|curve| format!("{}: computes | exposure", curve.title)));
    line(&mut std::iter::once("---".to_owned()).chain(curves.iter().map(|_| "---: | ---:".into())));
    for (at, point) in curves.first().iter().flat_map(|curve| curve.points.iter().enumerate()) {
        let name = if point.is_plain { format!("TTL {}", point.name) } else { point.name.clone() };
        let numbers = curves.iter().map(|curve| {
            let point = &curve.points[at];
            format!("{} | {}", grouped(point.computes), exposure(point.exposure))
        });
        line(&mut std::iter::once(name).chain(numbers));
    }
    text.truncate(text.len() - 1);
    text
}

/// With a space between thousands.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Three significant digits at least, and no more than three behind the point.
fn exposure(x: f64) -> String {
    match x {
        0.0 => "0".into(),
        x if x < 0.001 => "< 0.001".into(),
        x if x < 10.0 => format!("{x:.3}"),
        x if x < 1000.0 => format!("{x:.1}"),
        x => grouped(x.round() as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::super::curve::Point;
    use super::*;

    #[test]
    fn a_cache_is_a_row_and_a_feed_two_columns() {
        let point = |name: &str, is_plain, computes, exposure| Point {
            name: name.into(),
            is_plain,
            computes,
            exposure,
        };
        let curve = |title: &str, factor: f64| Curve {
            title: title.into(),
            points: vec![point("desk", false, 999, 0.0), point("1 h", true, 1_234_567, factor)],
        };
        let expected = "\
| | A: computes | exposure | B: computes | exposure |
| --- | ---: | ---: | ---: | ---: |
| desk | 999 | 0 | 999 | 0 |
| TTL 1 h | 1 234 567 | 0.087 | 1 234 567 | 25 182 |
";
        assert_eq!(of(&[curve("A", 0.0867), curve("B", 25_182.4)]), expected);
    }
}
