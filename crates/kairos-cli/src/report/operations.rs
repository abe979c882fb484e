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

const KINDS: [&str; 8] =
    ["get", "odds", "event", "status", "invalidate", "cancel", "metrics", "reset"];

impl Operations {
    /// No operations.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Counts one operation.
    pub(crate) fn count(&mut self, op: &Op) {
        let kind = match op.kind {
            OpKind::Get(_) => 0,
            OpKind::Odds { .. } => 1,
            OpKind::Event { .. } => 2,
            OpKind::Status { .. } => 3,
            OpKind::Invalidate { .. } => 4,
            OpKind::Cancel { .. } => 5,
            OpKind::Metrics => 6,
            OpKind::Reset { .. } => 7,
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
        let instant = |t_ms: Option<i64>| t_ms.map_or(Cell::Missing, Cell::Instant);
        let mut facts = vec![
            Fact::new("first operation (UTC)", instant(self.first_ms)),
            Fact::new("last operation (UTC)", instant(self.last_ms)),
            Fact::new("operations", Cell::count(self.total())),
        ];
        let kinds = KINDS.iter().zip(self.by_kind).filter(|(_, count)| *count > 0);
        facts.extend(kinds.map(|(kind, count)| Fact::new(format!("  {kind}"), Cell::count(count))));
        facts
    }
}

/// The facts about lines that became no operation, and about the feed; counts of zero are left out.
pub(crate) fn facts_of(counts: &Counts) -> Vec<Fact> {
    let feed = counts.feed.unwrap_or_default();
    let facts = [
        ("lines skipped", counts.skipped),
        ("prices dropped (1.0 or less)", feed.prices_dropped),
        ("prices of other fields left out", feed.other_fields),
        ("prices of suspended or closed matches", feed.priced_while_barred),
        ("matches in the feed", feed.matches as u64),
    ];
    facts
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(label, count)| Fact::new(label, Cell::count(count)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Get;

    #[test]
    fn kinds_that_occur_are_told_with_the_span() {
        let mut operations = Operations::new();
        for (t_ms, kind) in [
            (5, OpKind::Metrics),
            (7, OpKind::Get(Box::new(Get::new("k".into())))),
            (9, OpKind::Get(Box::new(Get::new("k".into())))),
        ] {
            operations.count(&Op { t_ms, line: 0, kind });
        }
        let expected = [
            ("first operation (UTC)", Cell::Instant(5)),
            ("last operation (UTC)", Cell::Instant(9)),
            ("operations", Cell::Count(3)),
            ("  get", Cell::Count(2)),
            ("  metrics", Cell::Count(1)),
        ];
        assert_eq!(operations.facts(), expected.map(|(label, value)| Fact::new(label, value)));
        assert_eq!(operations.total(), 3);
    }

    #[test]
    fn what_did_not_happen_is_not_told() {
        assert_eq!(facts_of(&Counts::default()), []);
        let counts = Counts { skipped: 2, ..Counts::default() };
        assert_eq!(facts_of(&counts), [Fact::new("lines skipped", Cell::Count(2))]);
    }
}
