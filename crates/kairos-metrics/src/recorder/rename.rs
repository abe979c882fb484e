// Names that the facade may emit, rewritten into names that may be registered, as pure functions.
// Never knows: which names are taken.
// Read next: `names.rs` of the crate, the rules that the results keep.

use crate::names::{Kind, RESERVED_LABELS, SAMPLE_SUFFIXES};

/// What a metric that was emitted as `name` may be registered as, best first.
pub(super) fn metric(name: &str, kind: Kind) -> impl Iterator<Item = String> {
    let name = identifier(name);
    let (stem, total) = match name.strip_suffix("_total") {
        Some(stem) if kind == Kind::Counter => (identifier(stem), "_total"),
        _ => (name, ""),
    };
    let is_sample = SAMPLE_SUFFIXES.iter().any(|suffix| stem.ends_with(suffix));
    let value = if is_sample { "_value" } else { "" };
    let kind = match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
        Kind::Info => "info",
    };
    let first = format!("{stem}{value}{total}");
    let of_kind = format!("{stem}_{kind}");
    let second = format!("{of_kind}{total}");
    let others = (2..10).map(move |n| format!("{of_kind}_{n}{total}"));
    [first, second].into_iter().chain(others)
}

/// What a label that was emitted as `name` may be exposed as, best first and without end.
pub(super) fn label(name: &str) -> impl Iterator<Item = String> {
    let name = identifier(name);
    let value = if RESERVED_LABELS.contains(&name.as_str()) { "_value" } else { "" };
    let first = format!("{name}{value}");
    std::iter::once(first).chain((2_u64..).map(move |n| format!("{name}_{n}")))
}

/// A name of the characters that both formats allow, that does not begin as a reserved one.
fn identifier(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = name.chars().map(letter).collect();
    let rest = name.trim_start_matches('_');
    match rest.chars().next() {
        None => "unnamed".to_owned(),
        Some(first) if first.is_ascii_alphabetic() && rest.len() == name.len() => name,
        Some(_) => format!("_{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{check_labels, check_metric};
    use proptest::prelude::*;

    #[test]
    fn a_name_keeps_what_it_may() {
        let check = |name: &str, kind, expected: [&str; 3]| {
            let names: Vec<String> = metric(name, kind).take(3).collect();
            assert_eq!(names, expected);
        };
        check("hits", Kind::Counter, ["hits", "hits_counter", "hits_counter_2"]);
        check("a.b", Kind::Gauge, ["a_b", "a_b_gauge", "a_b_gauge_2"]);
        check("9lives", Kind::Gauge, ["_9lives", "_9lives_gauge", "_9lives_gauge_2"]);
        check("__x", Kind::Gauge, ["_x", "_x_gauge", "_x_gauge_2"]);
        check("b_info", Kind::Gauge, ["b_info_value", "b_info_gauge", "b_info_gauge_2"]);
        check("n_total", Kind::Counter, ["n_total", "n_counter_total", "n_counter_2_total"]);
        check("n_total", Kind::Gauge, ["n_total_value", "n_total_gauge", "n_total_gauge_2"]);
        assert_eq!(label("le").take(2).collect::<Vec<_>>(), ["le_value", "le_2"]);
        assert_eq!(label("k.x").take(2).collect::<Vec<_>>(), ["k_x", "k_x_2"]);
        assert_eq!(label("9").next().unwrap(), "_9");
    }

    proptest! {
        #[test]
        fn every_name_becomes_one_that_may_be_registered(
            name in "\\PC{0,8}|_{0,3}[0-9]?[a-z.]{0,2}(_total|_count|_sum|_bucket|_info|_created){0,3}",
        ) {
            for kind in [Kind::Counter, Kind::Gauge, Kind::Histogram] {
                for registered in metric(&name, kind) {
                    prop_assert_eq!(check_metric(&registered, "Help", kind), Ok(()));
                }
            }
            for label in label(&name).take(3) {
                prop_assert_eq!(check_labels("m", &[&label]), Ok(()));
            }
        }
    }
}
