// The classes of one match's entries, by market and tags: found, made, covered, reclaimed.
// Never knows: kickoff, status, or the lock that it stands under.
// Read next: `truth/generation.rs` for what a class is, `state.rs` for the lock.
// Why: `docs/decisions/0001-sequence-and-marks-beside-the-generation.md`.
// Why: `docs/decisions/0019-tags-of-a-result-are-judged-from-its-start.md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::policy::{EventGraph, EventId, MarketId};
use crate::truth::{Capture, Class, Mark, Sequence};

/// Below this many classes a match does not look for unreferenced ones.
const CLASSES_BEFORE_RECLAIM: usize = 64;

/// Tags of a context beyond its market's own, sorted.
type ExtraTags = Arc<[Box<str>]>;

/// The classes of a match that has any.
pub(super) struct Classes {
    /// The mark of the whole cache.
    everything: Arc<Mark>,
    by_market: BTreeMap<Option<MarketId>, Row>,
    count: usize,
    reclaim_at: usize,
}

/// The classes of one market. A row stays when its classes are forgotten.
#[derive(Default)]
struct Row {
    by_tags: BTreeMap<ExtraTags, ClassEntry>,
    /// Where classes start: the newest kill and expiry that could have covered one, had it been there.
    floor: Mark,
}

/// A class, with the events that reach its entries.
struct ClassEntry {
    events: Box<[EventId]>,
    class: Arc<Class>,
}

/// The classes that a kill covers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reach {
    /// All of them.
    Match,
    /// Those of a market.
    Market(MarketId),
    /// Those whose tags an event names.
    Event(EventId),
}

impl Reach {
    fn is_of(self, market: Option<MarketId>) -> bool {
        match self {
            Reach::Match | Reach::Event(_) => true,
            Reach::Market(own) => market == Some(own),
        }
    }

    fn covers(self, entry: &ClassEntry) -> bool {
        match self {
            Reach::Match | Reach::Market(_) => true,
            Reach::Event(event) => entry.events.contains(&event),
        }
    }
}

impl Classes {
    pub(super) fn new(everything: &Arc<Mark>) -> Classes {
        let (everything, by_market) = (Arc::clone(everything), BTreeMap::new());
        Classes { everything, by_market, count: 0, reclaim_at: CLASSES_BEFORE_RECLAIM }
    }

    /// The class of a market and of these extra tags; created if it is new, from the marks of all
    /// its tags.
    pub(super) fn find_or_create(
        &mut self,
        market: Option<MarketId>,
        tags: &[Box<str>],
        graph: &EventGraph,
        mark: impl FnMut(&str) -> Arc<Mark>,
    ) -> Arc<Class> {
        let found = self.by_market.get(&market).and_then(|row| row.by_tags.get(tags));
        if let Some(entry) = found {
            return Arc::clone(&entry.class);
        }
        if self.count >= self.reclaim_at {
            self.reclaim();
        }
        let names = tag_names(market, tags, graph);
        let row = self.by_market.entry(market).or_default();
        let (events, tags) = (graph.events_naming(&names).into(), ExtraTags::from(tags));
        let marks = std::iter::once(Arc::clone(&self.everything));
        let marks = marks.chain(names.iter().copied().map(mark));
        let class = Arc::new(Class::from_floor(&row.floor, marks).named(&tags));
        row.by_tags.insert(tags, ClassEntry { events, class: Arc::clone(&class) });
        self.count += 1;
        class
    }

    /// What a compute captured, for its result: moved to the class of the tags that it carries.
    pub(super) fn recapture(
        &mut self,
        capture: &Capture,
        market: Option<MarketId>,
        tags: &[Box<str>],
        graph: &EventGraph,
        mark: impl FnMut(&str) -> Arc<Mark>,
    ) -> Capture {
        let class = self.find_or_create(market, tags, graph, mark);
        capture.moved_to(&class)
    }

    /// The extra tags of a class of this market. A class that is held stays in the table.
    pub(super) fn tags_of(&self, market: Option<MarketId>, class: &Arc<Class>) -> Vec<Box<str>> {
        let mut rows = self.by_market.get(&market).into_iter().flat_map(|row| &row.by_tags);
        let found = rows.find(|(_, entry)| Arc::ptr_eq(&entry.class, class));
        found.map_or_else(Vec::new, |(tags, _)| tags.to_vec())
    }

    /// Kills the entries of some classes. Returns how many lived.
    pub(super) fn kill(&self, sequence: &Sequence, reach: Reach) -> u64 {
        let seq = sequence.next();
        let reached = self.by_market.iter().filter(|(market, _)| reach.is_of(**market));
        let mut died = 0;
        for (_, row) in reached {
            // By an event a class that is not there could be covered whichever tags it names.
            row.floor.kill(seq);
            let covered = row.by_tags.values().filter(|entry| reach.covers(entry));
            died += covered.map(|entry| entry.class.kill(seq)).sum::<u64>();
        }
        died
    }

    /// Expires the entries of all classes.
    pub(super) fn expire(&self, sequence: &Sequence) {
        let seq = sequence.next();
        for row in self.by_market.values() {
            row.floor.expire(seq);
            row.by_tags.values().for_each(|entry| entry.class.expire(seq));
        }
    }

    /// A class that only this table refers to has no entry and no running compute. What it had
    /// been told stands in the floor of its row as well.
    pub(super) fn reclaim(&mut self) {
        for row in self.by_market.values_mut() {
            row.by_tags.retain(|_, entry| Arc::strong_count(&entry.class) > 1);
        }
        self.count = self.by_market.values().map(|row| row.by_tags.len()).sum();
        self.reclaim_at = (self.count * 2).max(CLASSES_BEFORE_RECLAIM);
    }
}

/// The tags of a market and the extra ones, sorted, each once.
pub(super) fn tag_names<'a>(
    market: Option<MarketId>,
    tags: &'a [Box<str>],
    graph: &'a EventGraph,
) -> Vec<&'a str> {
    let of_market = market.into_iter().flat_map(|m| graph.market_tags(m));
    let mut names: Vec<&str> = of_market.chain(tags.iter().map(|t| &**t)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    #[test]
    fn classes_that_nothing_refers_to_are_reclaimed() {
        let graph = EventGraph::football();
        let mut classes = Classes::new(&Arc::default());
        let mut class = |tag: &str| {
            let class = classes.find_or_create(None, &[tag.into()], &graph, |_| Arc::default());
            (class, classes.count)
        };
        let (kept, _) = class("kept");
        let most = (0..10_000).map(|i| class(&format!("tag{i}")).1).max();
        assert_eq!(most, Some(CLASSES_BEFORE_RECLAIM));
        classes.reclaim();
        assert_eq!(classes.count, 1);
        assert_eq!(classes.tags_of(None, &kept), [Box::from("kept")]);
    }
}
