// What each cache of a report computed and risked.
// Never knows: where the report is from.
// Read next: `table.rs` and `figure.rs`, which show it.

use serde_json::Value;

/// The caches of one replay.
#[derive(Debug, PartialEq)]
pub(super) struct Curve {
    pub(super) title: String,
    pub(super) points: Vec<Point>,
}

/// One cache.
#[derive(Debug, PartialEq)]
pub(super) struct Point {
    /// Its name; of a plain cache its TTL.
    pub(super) name: String,
    pub(super) is_plain: bool,
    pub(super) computes: u64,
    /// The sum over all reads of how far prices had moved under what was served.
    pub(super) exposure: f64,
}

impl Curve {
    /// The caches of a report in JSON; a column is named as `names` says. Nothing if it is no such report.
    pub(super) fn of(title: &str, report: &str, names: &[(&str, &str)]) -> Option<Curve> {
        let report: Value = serde_json::from_str(report).ok()?;
        let (computes, exposures) =
            (row(&report, "reads", "computes")?, row(&report, "exposure", "sum")?);
        let columns = report["meta"]["columns"].as_array()?.iter();
        let point = |((column, computes), exposure): ((&Value, &Value), &Value)| {
            let name = column["name"].as_str()?;
            let own = names.iter().find(|(of, _)| *of == name).map_or(name, |(_, own)| own);
            Some(Point {
                name: own.trim_start_matches("TTL ").to_owned(),
                is_plain: column["kind"] == "plain_ttl",
                computes: computes.as_u64()?,
                exposure: exposure.as_f64()?,
            })
        };
        let points = columns.zip(computes).zip(exposures).map(point).collect::<Option<_>>()?;
        Some(Curve { title: title.to_owned(), points })
    }

    /// The plain caches, by their TTL as the report has them.
    pub(super) fn plain(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|point| point.is_plain)
    }

    /// The engines.
    pub(super) fn engines(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|point| !point.is_plain)
    }
}

/// The values of a row by its ids, one for each column.
fn row<'a>(report: &'a Value, section: &str, row: &str) -> Option<&'a Vec<Value>> {
    let of = |all: &'a Value, id: &str| all.as_array()?.iter().find(|of| of["id"] == id);
    of(&of(&report["sections"], section)?["rows"], row)?["values"].as_array()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_by_its_ids() {
        let report = r#"{"meta": {"columns": [{"name": "a.toml", "kind": "kairos"}, {"name": "TTL 1 h", "kind": "plain_ttl"}]},
            "sections": [
                {"id": "reads", "rows": [{"id": "reads", "values": [9, 9]}, {"id": "computes", "values": [4, 5]}]},
                {"id": "exposure", "rows": [{"id": "sum", "values": [0.0, 1.5]}]}]}"#;
        let curve = Curve::of("t", report, &[("a.toml", "desk")]).unwrap();
        let point = |name: &str, is_plain, computes, exposure| {
            let name = name.to_owned();
            Point { name, is_plain, computes, exposure }
        };
        assert_eq!(curve.points, [point("desk", false, 4, 0.0), point("1 h", true, 5, 1.5)]);
        assert_eq!(curve.plain().count() + curve.engines().count(), 2);
        assert_eq!(Curve::of("t", "{}", &[]), None);
        assert_eq!(Curve::of("t", &report.replace("1.5", "null"), &[]), None);
    }
}
