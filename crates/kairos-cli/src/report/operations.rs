// The operations of a run, counted by kind, and the facts that follow from the counts.
// Never keeps an operation.
// Read next: `rows.rs` for the rows about reads.

use super::table::{Cell, Fact};
use crate::scenario::{Counts, Op, OpKind};

/// The number of operations of each kind, and the span of time that they cover.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Operations {
    by_kind: [u64; KINDS.len()],
    first_ms: Option<i64>,
    last_ms: Option<i64>,
}

/// The names of the kinds for programs and for people.
const KINDS: [(&str, &str); 9] = [
    ("operations_get", "  get"),
    ("operations_odds", "  odds"),
    ("operations_event", "  event"),
    ("operations_status", "  status"),
    ("operations_invalidate", "  invalidate"),
    ("operations_cancel", "  cancel"),
    ("operations_metrics", "  metrics"),
    ("operations_reset", "  reset"),
    ("operations_heartbeat", "  heartbeat"),
];

const OPERATIONS: &str = "operations";

impl Operations {
    /// No operations.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Counts one operation.
    pub(crate) fn count(&mut self, op: &Op) {
        // A row that says only that its feed is alive is no operation.
        if op.is_word_only() {
            return;
        }
        let kind = match op.kind {
            OpKind::Get(_) => 0,
            OpKind::Odds { .. } => 1,
            OpKind::Event { .. } => 2,
            OpKind::Status { .. } => 3,
            OpKind::Invalidate { .. } => 4,
            OpKind::Cancel { .. } => 5,
            OpKind::Metrics => 6,
            OpKind::Reset { .. } => 7,
            OpKind::Heartbeat => 8,
        };
        self.by_kind[kind] += 1;
        self.first_ms = self.first_ms.or(Some(op.t_ms));
        self.last_ms = Some(op.t_ms);
    }

    /// The number of operations.
    pub(crate) fn total(&self) -> u64 {
        self.by_kind.iter().sum()
    }

    /// The facts for a report: the span, the total, and the kinds that occur.
    pub(crate) fn facts(&self) -> Vec<Fact> {
        let instant = |id, label, t_ms: Option<i64>| {
            let value = t_ms.map_or(Cell::Missing, Cell::Instant);
            Fact { id, label, unit: "ms since the Unix epoch", value }
        };
        let count = |id, label, n| Fact::count(id, label, OPERATIONS, n);
        let mut facts = vec![
            instant("first_operation", "first operation (UTC)", self.first_ms),
            instant("last_operation", "last operation (UTC)", self.last_ms),
            count("operations", "operations", self.total()),
        ];
        let kinds = KINDS.iter().zip(self.by_kind).filter(|(_, n)| *n > 0);
        facts.extend(kinds.map(|((id, label), n)| count(id, label, n)));
        facts
    }
}

/// The facts about lines that became no operation, and about the feed; counts of zero are left out.
pub(crate) fn facts_of(counts: &Counts) -> Vec<Fact> {
    let feed = counts.feed.unwrap_or_default();
    let facts = [
        ("lines_skipped", "lines skipped", "lines", counts.skipped.lines()),
        ("prices_dropped", "prices dropped (1.0 or less)", "prices", feed.prices_dropped),
        ("other_fields", "prices of other fields left out", "prices", feed.other_fields),
        (
            "priced_while_barred",
            "prices of suspended or closed matches",
            "prices",
            feed.priced_while_barred,
        ),
        (
            "statuses_beside_prices",
            "statuses beside prices, not applied",
            "rows",
            feed.not_applied.iter().sum(),
        ),
        ("words_beside_prices", "words beside prices, not known", "rows", feed.unknown_words),
        ("matches", "matches in the feed", "matches", feed.matches as u64),
    ];
    let told = facts.into_iter().filter(|(.., n)| *n > 0);
    told.map(|(id, label, unit, n)| Fact::count(id, label, unit, n)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Reason};
    use crate::scenario::Get;

    #[test]
    fn kinds_that_occur_are_told_with_the_span() {
        let mut operations = Operations::new();
        for (t_ms, kind) in [
            (5, OpKind::Metrics),
            (7, OpKind::Get(Box::new(Get::new("k".into())))),
            (9, OpKind::Get(Box::new(Get::new("k".into())))),
        ] {
            operations.count(&Op::new(t_ms, 0, kind));
        }
        let told: Vec<_> =
            operations.facts().iter().map(|fact| (fact.id, fact.label, fact.value)).collect();
        let expected = [
            ("first_operation", "first operation (UTC)", Cell::Instant(5)),
            ("last_operation", "last operation (UTC)", Cell::Instant(9)),
            ("operations", "operations", Cell::Count(3)),
            ("operations_get", "  get", Cell::Count(2)),
            ("operations_metrics", "  metrics", Cell::Count(1)),
        ];
        assert_eq!(told, expected);
        assert_eq!(operations.total(), 3);
    }

    #[test]
    fn what_did_not_happen_is_not_told() {
        assert_eq!(facts_of(&Counts::default()), []);
        let file = std::sync::Arc::from(std::path::Path::new("f"));
        let mut counts = Counts::default();
        (0..2).for_each(|line| {
            assert!(counts.skipped.add(&Error::line(&file, line, Reason::OpenQuote)));
        });
        assert_eq!(facts_of(&counts), [Fact::count("lines_skipped", "lines skipped", "lines", 2)]);
    }
}
