// Events by their kind, each counted once: how many there were, what they left alone, what they saved.
// Never knows: which entries died by them.
// Read next: `mod.rs`, which records them; `keys.rs`, which derives the averages.

use std::sync::OnceLock;

use kairos_metrics::{Counter, CounterFamily};

use crate::policy::{EventGraph, EventId, impact_tenths};

/// The counts of events, one for each kind of event in the graph.
pub(super) struct EventCounts {
    family: CounterFamily<1>,
    kinds: Box<[EventKind]>,
    /// Exposed beside the counts, from which whoever scrapes them could not derive it.
    preserved: Counter,
}

/// A kind of event, of which each does the same: the sums are multiples of one count.
struct EventKind {
    name: Box<str>,
    markets_preserved: u64,
    cpu_saved_tenths: u64,
    /// Made with the first event of its kind.
    count: OnceLock<Counter>,
}

/// Sums over events of every kind.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct EventSums {
    pub(crate) events: u64,
    pub(crate) markets_preserved: u64,
    /// In tenths of a percent.
    pub(crate) cpu_saved_tenths: u64,
}

impl EventCounts {
    pub(super) fn new(
        family: CounterFamily<1>,
        preserved: Counter,
        graph: &EventGraph,
    ) -> EventCounts {
        let total = graph.market_count();
        let kind = |(index, name): (u16, &str)| {
            let affected = graph.affected(EventId(index)).len();
            EventKind {
                name: name.into(),
                markets_preserved: (total - affected) as u64,
                cpu_saved_tenths: u64::from(1000 - impact_tenths(affected, total)),
                count: OnceLock::new(),
            }
        };
        let kinds: Box<[EventKind]> = (0..).zip(graph.event_names()).map(kind).collect();
        // No kind may share its count with another.
        family.set_limit(kinds.len());
        EventCounts { family, kinds, preserved }
    }

    pub(super) fn count(&self, event: EventId) {
        let kind = &self.kinds[usize::from(event.0)];
        kind.count.get_or_init(|| self.family.with([&kind.name])).inc();
        self.preserved.add(kind.markets_preserved);
    }

    /// Reads each count once.
    pub(super) fn sums(&self) -> EventSums {
        let mut sums = EventSums::default();
        for kind in &self.kinds {
            let count = kind.count.get().map_or(0, Counter::value);
            sums.events += count;
            sums.markets_preserved += count * kind.markets_preserved;
            sums.cpu_saved_tenths += count * kind.cpu_saved_tenths;
        }
        sums
    }
}
