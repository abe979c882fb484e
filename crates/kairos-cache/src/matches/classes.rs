// The classes of one match's entries, by market and tags: found, made, covered, reclaimed.
// Never knows: kickoff, status, or the lock that it stands under.
// Read next: `truth/generation.rs` for what a class is, `state.rs` for the lock.
// Why: `docs/decisions/0001-sequence-and-marks-beside-the-generation.md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::policy::{EventGraph, EventId, MarketId};
use crate::truth::{Class, Mark, Sequence};

/// Below this many classes a match does not look for unreferenced ones.
const CLASSES_BEFORE_RECLAIM: usize = 64;

/// Tags of a context beyond its market's own, sorted.
type ExtraTags = Box<[Box<str>]>;

/// The classes of a match that has any.
pub(super) struct Classes {
    by_market: BTreeMap<Option<MarketId>, BTreeMap<ExtraTags, ClassEntry>>,
    count: usize,
    reclaim_at: usize,
}

/// A class, with what reaches its entries beside its tags.
pub(super) struct ClassEntry {
    pub(super) market: Option<MarketId>,
    pub(super) events: Box<[EventId]>,
    class: Arc<Class>,
}

impl Classes {
    pub(super) fn new() -> Classes {
        Classes { by_market: BTreeMap::new(), count: 0, reclaim_at: CLASSES_BEFORE_RECLAIM }
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
        let found = self.by_market.get(&market).and_then(|by_tags| by_tags.get(tags));
        if let Some(entry) = found {
            return Arc::clone(&entry.class);
        }
        if self.count >= self.reclaim_at {
            self.reclaim();
        }
        let names = tag_names(market, tags, graph);
        let class = Arc::new(Class::new(names.iter().copied().map(mark)));
        let events = graph.events_naming(&names).into();
        let entry = ClassEntry { market, events, class: Arc::clone(&class) };
        self.by_market.entry(market).or_default().insert(tags.into(), entry);
        self.count += 1;
        class
    }

    /// The extra tags of a class. A class that is held stays in the table.
    pub(super) fn tags_of(&self, class: &Arc<Class>) -> Vec<Box<str>> {
        let mut rows = self.by_market.values().flatten();
        let found = rows.find(|(_, entry)| Arc::ptr_eq(&entry.class, class));
        found.map_or_else(Vec::new, |(tags, _)| tags.to_vec())
    }

    /// Kills the entries of some classes. Returns how many lived.
    pub(super) fn kill(&self, sequence: &Sequence, which: impl Fn(&ClassEntry) -> bool) -> u64 {
        let seq = sequence.next();
        self.entries().filter(|e| which(e)).map(|e| e.class.kill(seq)).sum()
    }

    /// Expires the entries of all classes.
    pub(super) fn expire(&self, sequence: &Sequence) {
        let seq = sequence.next();
        self.entries().for_each(|entry| entry.class.expire(seq));
    }

    /// A class that only this table refers to has no entry and no running compute. What it had
    /// been told is lost with it, and covers nothing: a class made in its place captures later.
    pub(super) fn reclaim(&mut self) {
        for by_tags in self.by_market.values_mut() {
            by_tags.retain(|_, entry| Arc::strong_count(&entry.class) > 1);
        }
        self.count = self.by_market.values().map(BTreeMap::len).sum();
        self.reclaim_at = (self.count * 2).max(CLASSES_BEFORE_RECLAIM);
    }

    fn entries(&self) -> impl Iterator<Item = &ClassEntry> {
        self.by_market.values().flat_map(BTreeMap::values)
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
        let mut classes = Classes::new();
        let mut class = |tag: &str| {
            let class = classes.find_or_create(None, &[tag.into()], &graph, |_| Arc::default());
            (class, classes.count)
        };
        let (kept, _) = class("kept");
        let most = (0..10_000).map(|i| class(&format!("tag{i}")).1).max();
        assert_eq!(most, Some(CLASSES_BEFORE_RECLAIM));
        classes.reclaim();
        assert_eq!(classes.count, 1);
        assert_eq!(classes.tags_of(&kept), [Box::from("kept")]);
    }
}
