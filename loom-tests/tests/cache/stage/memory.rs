// What a read remembers of the key on the stage: the production sighting, and the decision made on its view.
// Never knows: the rules; here an entry is served while it lives, is fresh, trades and nothing is known of its match.

use std::sync::Arc;

use kairos_cache::model::{MatchFacts, Row, Shelf, Sighting, Slot, Stamp, Version, View};

use super::World;

/// The row of a key on the stage.
pub(crate) type StageRow<E = u64> = Arc<Slot<E>>;

/// How a read remembers: as production does, or with one of the mistakes that models must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remember {
    /// Word, entry and stamp under the slot's lock, and the decision after them.
    InOrder,
    /// The stamp after the decision that it vouches for.
    StampedLate,
    /// The row before the counts that are to vouch for what is found in it.
    FoundEarly,
    /// The word after the entry, outside of the slot's lock.
    WordApart,
    /// By no count of the kills that met no entry.
    WithoutMisses,
    /// By the word alone, as if no change were counted.
    WithoutCounts,
    /// By the counts alone, as if the word never moved.
    WithoutWord,
}

/// What vouches for a decision.
enum Vouching {
    Sighted(Sighting<u64, StageRow>),
    /// The parts of a sighting, put together by a mistake.
    Mistaken(StageRow, u64, Stamp),
}

/// One thread's memory of the key, as a table of it or a pin holds it.
pub(crate) struct Memory {
    how: Remember,
    kept: Option<(Vouching, Arc<u64>)>,
}

impl Memory {
    /// What a read that looks now remembers.
    pub(crate) fn new(world: &World, how: Remember) -> Memory {
        let mut memory = Memory { how, kept: None };
        memory.look(world);
        memory
    }

    /// What a read is served: what is remembered if that still holds, else what it finds.
    pub(crate) fn read(&mut self, world: &World) -> Option<u64> {
        if !self.holds(world) {
            self.look(world);
        }
        self.kept.as_ref().map(|(_, value)| **value)
    }

    /// Whether what is remembered would be served.
    pub(crate) fn holds(&self, world: &World) -> bool {
        let Some((vouching, _)) = &self.kept else { return false };
        match (vouching, self.how) {
            (Vouching::Sighted(seen), Remember::WithoutMisses) => seen.holds([world.versions()[0]]),
            (Vouching::Sighted(seen), Remember::WithoutCounts) => seen.stands(),
            (Vouching::Sighted(seen), _) => seen.holds(world.versions()),
            (Vouching::Mistaken(_, _, stamp), Remember::WithoutWord) => stamp_of(world) == *stamp,
            (Vouching::Mistaken(row, word, stamp), _) => {
                row.slot().version() == *word && stamp_of(world) == *stamp
            }
        }
    }

    fn look(&mut self, world: &World) {
        let vouched = match self.how {
            Remember::InOrder | Remember::WithoutCounts => sight(world, world.versions()),
            Remember::WithoutMisses => sight(world, [world.versions()[0]]),
            Remember::StampedLate => stamp_late(world),
            Remember::FoundEarly => found_early(world),
            Remember::WordApart | Remember::WithoutWord => word_apart(world),
        };
        self.kept = vouched.map(|(vouching, view)| (vouching, Arc::clone(view.entry())));
    }
}

fn sight<const N: usize>(world: &World, versions: [&Version; N]) -> Option<(Vouching, View<u64>)> {
    let own = |_: &u64| Arc::clone(world.scope.version());
    let (seen, view) = Sighting::of(|| world.place.row(), own, versions)?;
    is_served(world, &view).then_some((Vouching::Sighted(seen), view))
}

fn found_early(world: &World) -> Option<(Vouching, View<u64>)> {
    let found = world.place.row();
    let own = |_: &u64| Arc::clone(world.scope.version());
    let (seen, view) = Sighting::of(|| found, own, world.versions())?;
    is_served(world, &view).then_some((Vouching::Sighted(seen), view))
}

fn stamp_late(world: &World) -> Option<(Vouching, View<u64>)> {
    let row = world.place.row()?;
    let word = row.slot().version();
    let view = View::of(row.slot()).filter(|view| is_served(world, view))?;
    Some((Vouching::Mistaken(row, word, stamp_of(world)), view))
}

fn word_apart(world: &World) -> Option<(Vouching, View<u64>)> {
    let row = world.place.row()?;
    let stamp = stamp_of(world);
    let view = View::of(row.slot()).filter(|view| is_served(world, view))?;
    let word = row.slot().version();
    Some((Vouching::Mistaken(row, word, stamp), view))
}

fn stamp_of(world: &World) -> Stamp {
    Stamp::take(world.scope.version(), world.versions())
}

/// What a read decides on an entry that it has seen.
fn is_served(world: &World, view: &View<u64>) -> bool {
    !view.is_expired() && !world.is_barred() && world.scope.facts() == MatchFacts::default()
}
