// What a read remembers of the key on the stage: the production sighting, and the decision made on its view.
// Never knows: the rules; here an entry is served while it lives, is fresh, trades and nothing is known of its match.

use std::sync::Arc;

use kairos_cache::model::{Glance, MatchFacts, Row, Shelf, Sighting, Slot, Stamp, Version, View};

use super::World;

/// The row of a key on the stage.
pub(crate) type StageRow<E = u64> = Arc<Slot<E>>;

/// How a read remembers: as production does, or with one of the mistakes that models must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remember {
    /// The counts, the row, then word, entry and the match's count under the slot's lock; the decision last.
    InOrder,
    /// The same, and the count of all changes before it, by which it is looked at first.
    AtAGlance,
    /// The count of all changes after what was looked at.
    GlancedLate,
    /// The stamp after the decision that it vouches for.
    StampedLate,
    /// The rules before the counts that are to tell of others.
    RuledEarly,
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
    Glanced(Glance<u64, StageRow>),
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
    pub(crate) fn holds(&mut self, world: &World) -> bool {
        let Some((vouching, _)) = &mut self.kept else { return false };
        match (vouching, self.how) {
            (Vouching::Sighted(seen), Remember::WithoutMisses) => seen.holds([world.versions()[0]]),
            (Vouching::Sighted(seen), Remember::WithoutCounts) => seen.stands(),
            (Vouching::Sighted(seen), _) => seen.holds(world.versions()),
            (Vouching::Glanced(seen), _) => seen.is_untouched() || seen.holds(world.versions()),
            (Vouching::Mistaken(_, _, stamp), Remember::WithoutWord) => stamp_of(world) == *stamp,
            (Vouching::Mistaken(row, word, stamp), _) => {
                row.slot().version() == *word && stamp_of(world) == *stamp
            }
        }
    }

    fn look(&mut self, world: &World) {
        let vouched = match self.how {
            Remember::InOrder => ruled(world, || {
                let before = world.counted_across();
                (world.is_open(), before)
            }),
            Remember::WithoutCounts => sight(world, world.versions()),
            Remember::WithoutMisses => sight(world, [world.versions()[0]]),
            Remember::AtAGlance => glance(world, || look(world, world.versions())),
            Remember::GlancedLate => {
                let found = look(world, world.versions());
                glance(world, || found)
            }
            Remember::StampedLate => stamp_late(world),
            Remember::RuledEarly => ruled(world, || (world.is_open(), world.counted_across())),
            Remember::FoundEarly => found_early(world),
            Remember::WordApart | Remember::WithoutWord => word_apart(world),
        };
        self.kept = vouched.map(|(vouching, view)| (vouching, Arc::clone(view.entry())));
    }
}

/// What production looks at.
fn look<const N: usize>(
    world: &World,
    versions: [&Version; N],
) -> Option<(Sighting<u64, StageRow>, View<u64>)> {
    let own = |_: &u64| Arc::clone(world.scope.version());
    let seen = Sighting::of(Stamp::of(versions), || world.place.row(), own, [])?;
    is_served(world, &seen.1).then_some(seen)
}

/// What production looks at by the rules of its moment, with the counts of that.
fn ruled(world: &World, moment: impl FnOnce() -> (bool, Stamp)) -> Option<(Vouching, View<u64>)> {
    let (is_open, before) = moment();
    let own = |_: &u64| Arc::clone(world.scope.version());
    let [_, misses] = world.versions();
    let (seen, view) = Sighting::of(before, || world.place.row(), own, [misses])?;
    (is_open && is_served(world, &view)).then_some((Vouching::Sighted(seen), view))
}

fn sight<const N: usize>(world: &World, versions: [&Version; N]) -> Option<(Vouching, View<u64>)> {
    look(world, versions).map(|(seen, view)| (Vouching::Sighted(seen), view))
}

/// The count of all changes; there are no steps of a clock on the stage.
fn all(world: &World) -> [&Arc<Version>; 2] {
    [world.invalidations.all(), &world.steps]
}

fn glance(
    world: &World,
    look: impl FnOnce() -> Option<(Sighting<u64, StageRow>, View<u64>)>,
) -> Option<(Vouching, View<u64>)> {
    let before = Stamp::of(all(world).map(|version| &**version));
    let (seen, view) = look()?;
    Some((Vouching::Glanced(Glance::new(seen, all(world), before)), view))
}

fn found_early(world: &World) -> Option<(Vouching, View<u64>)> {
    let found = world.place.row();
    let own = |_: &u64| Arc::clone(world.scope.version());
    let (seen, view) = Sighting::of(Stamp::of(world.versions()), || found, own, [])?;
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
