// One key's place in the store, and the steps between a slot and the entry that reads see there.
// Never knows: how the place is found, how slots are bounded, or who reads.
// Read next: `slot.rs` for the slot, `generation.rs` for why the steps suffice.
// Why: `docs/decisions/0015-one-function-from-slot-to-visible-entry.md`.
//
// The engine and the models run the same steps: only the store behind [`Shelf`] differs, which is
// moka's there and a lock around an option here.

use std::sync::Arc;

use super::key::KeyMarks;
use crate::truth::generation::Capture;
use crate::truth::slot::{Held, Replaced, Row, Slot, View};

/// One key's place in a store, which finds and forgets the key's slot and decides nothing.
pub trait Shelf<E> {
    /// What the store keeps for a key, with the key's slot in it.
    type Row: Row<E>;

    /// The key's row.
    fn row(&self) -> Option<Self::Row>;

    /// What `see` makes of the key's row, where it is.
    fn see<T>(&self, see: impl FnOnce(&Self::Row) -> T) -> Option<T> {
        self.row().map(|row| see(&row))
    }

    /// The key's hash.
    fn hash(&self) -> u64;

    /// Takes the key's row out, which has died, here or behind the caller, unless another stands in its
    /// place by then. Called once by whoever has ended the row.
    fn take_out(&self, row: &Self::Row);

    /// Keeps an entry that has left its slot until it can be dropped under no lock.
    fn displace(&self, held: Held<E>);
}

/// A place in which a slot can be put.
pub trait Keep<E>: Shelf<E> {
    /// Puts a slot in the key's place, from where every reader finds it. `dead` is what was found there
    /// before.
    fn keep(&self, slot: Admitted<E>, dead: Option<&Self::Row>);

    /// Called after an entry was replaced in the slot of a row, which stays where it is.
    fn replaced(&self, row: &Self::Row, old: &E, new: &E);
}

/// A slot whose entry [`conclude`] has admitted. Nothing else makes one, so nothing else has a slot
/// put where readers find it.
#[derive(Debug)]
pub struct Admitted<E>(Slot<E>);

impl<E> Admitted<E> {
    /// The slot.
    pub fn into_slot(self) -> Slot<E> {
        self.0
    }
}

/// What a compute has found, with the entry for it unless it may not be stored.
#[derive(Debug)]
pub enum Finding<E> {
    /// A value.
    Value(Option<Arc<E>>),
    /// That the key has no value.
    Nothing(Option<Arc<E>>),
}

/// What became of a result at its key's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is visible, or the key is known to have no value.
    Stands,
    /// It is not visible, and what stood there before is gone with it.
    Gone,
    /// It was given no entry: what stood there before stays.
    NotStorable,
    /// The match bars storing, or a kill has covered it.
    Covered,
    /// A result that began later stands.
    Older,
}

/// Brings what a compute has found to its key's place, and says what became of it. `capture` is the
/// compute's; for the rest see `publish`.
pub fn conclude<E>(
    shelf: &impl Keep<E>,
    finding: Finding<E>,
    capture: &Capture,
    marks: KeyMarks,
    is_barred: impl FnOnce() -> bool,
) -> Fate {
    // What began last stands. Model: a_result_leaves_what_began_later.
    if marks.older {
        return Fate::Older;
    }
    let has_value = matches!(finding, Finding::Value(_));
    let (Finding::Value(entry) | Finding::Nothing(entry)) = finding;
    let fate = match entry.map(|entry| Held { entry, capture: capture.clone() }) {
        None => Fate::NotStorable,
        Some(held) => {
            let stands = publish(shelf, held, marks, is_barred);
            if stands { Fate::Stands } else { Fate::Covered }
        }
    };
    // A key that has no value is not served its old one, whatever forbids to remember that. Model:
    // a_remembered_read_after_a_compute_that_found_nothing_serves_nothing.
    if !has_value && fate != Fate::Stands {
        remove(shelf);
        return Fate::Gone;
    }
    fate
}

impl Fate {
    /// Whether the result is visible at its key's place.
    pub fn stands(self) -> bool {
        self == Fate::Stands
    }

    /// Whether it bars what began before it: it has taken the place of that, with or without an entry.
    pub fn bars_older(self) -> bool {
        matches!(self, Fate::Stands | Fate::Gone)
    }
}

/// Makes a result visible unless something forbids it. Returns whether it is visible. The caller
/// serialises the writers of a key.
///
/// `is_barred` is whether the match of the result bars storing.
fn publish<E>(
    shelf: &impl Keep<E>,
    held: Held<E>,
    marks: KeyMarks,
    is_barred: impl FnOnce() -> bool,
) -> bool {
    // 1. The flag, and the key's own kill. The flag is looked at before the entry is admitted: what
    // was captured before the flag was raised and slips past it here dies by the kill that follows
    // the flag. Model: nothing_is_stored_through_a_suspension_*.
    if is_barred() || marks.killed > held.capture.seq() {
        return false;
    }
    if let Some(row) = shelf.row() {
        let slot = row.slot();
        // 2. The key's own expiry, before the entry can be seen. It covers the old entry just as
        // well. Model: an_expiry_is_seen_with_the_entry_that_replaces_an_old_one.
        slot.note_expiry(marks.expired);
        // 3. The entry, admitted to its class and visible in one step.
        let new = Arc::clone(&held.entry);
        match slot.replace(held) {
            Replaced::Yes(old) => {
                shelf.replaced(&row, &old.entry, &new);
                shelf.displace(old);
                return true;
            }
            Replaced::Covered(old) => {
                if let Some(old) = old {
                    shelf.take_out(&row);
                    shelf.displace(old);
                }
                return false;
            }
            Replaced::Dead(again) => return publish_first(shelf, again, marks.expired, Some(&row)),
        }
    }
    publish_first(shelf, held, marks.expired, None)
}

/// What became of an entry that was to take the place of another.
#[derive(Debug)]
pub enum Renewed<E> {
    /// It is visible in the place of this one.
    Stands(Held<E>),
    /// The match bars storing, or a kill has covered it. With it goes an old entry that could not go on
    /// living: its row is to be taken out.
    Covered(Option<Held<E>>),
    /// The row has died.
    NoRow,
}

/// Makes an entry visible in the place of the one that stands in a row, as [`conclude`] does, for a key of
/// which nothing is under way: no result of the key can be older. The caller serialises the writers of a key. A
/// kill or an expiry of it takes its number before it looks for the row, and meets the entry there. Models:
/// `an_entry_is_renewed_beside_*`.
pub fn renew<E>(
    row: &impl Row<E>,
    entry: Arc<E>,
    capture: Capture,
    is_barred: impl FnOnce() -> bool,
) -> Renewed<E> {
    // 1. The flag, before the entry is admitted: as in `publish`.
    if is_barred() {
        return Renewed::Covered(None);
    }
    // 2. and 3. The key's own expiry stands in the slot.
    match row.slot().replace(Held { entry, capture }) {
        Replaced::Yes(old) => Renewed::Stands(old),
        Replaced::Covered(old) => Renewed::Covered(old),
        Replaced::Dead(_) => Renewed::NoRow,
    }
}

/// Makes a result visible for a key without a living slot.
fn publish_first<E, S: Keep<E>>(
    shelf: &S,
    held: Held<E>,
    expired: u64,
    dead: Option<&S::Row>,
) -> bool {
    // 2. and 3. The slot is made with the expiry and the admitted entry in it.
    let Some(slot) = Slot::with_entry(held, expired) else { return false };
    // 4. From here on readers see it. Model: an_expiry_is_seen_with_the_first_entry.
    shelf.keep(Admitted(slot), dead);
    true
}

/// Calls `ask` with the entry at a place, unless a kill has covered it, under the slot's lock. Under a
/// flight's lock this is the way to look: a view could hold the last share in its value.
pub fn inspect<E, T>(
    shelf: &impl Shelf<E>,
    ask: impl FnOnce(&Slot<E>, &Held<E>) -> T,
) -> Option<T> {
    let found = shelf.see(|row| {
        let slot = row.slot();
        slot.inspect(|held| (!held.capture.is_killed()).then(|| ask(slot, held)))?
    });
    found.flatten()
}

/// Whether a reader that looks again would see the same entry, or none again. `is_for` is whether an
/// entry may answer that reader.
pub fn is_unchanged<E>(
    shelf: &impl Shelf<E>,
    is_for: impl FnOnce(&E) -> bool,
    seen: Option<&View<E>>,
) -> bool {
    let found = inspect(shelf, |_, held| {
        let is_seen = |seen: &View<E>| Arc::ptr_eq(seen.entry(), &held.entry);
        is_for(&held.entry).then(|| seen.is_some_and(is_seen))
    });
    found.flatten().unwrap_or(seen.is_none())
}

/// Ends the entry of a key, whatever its state. Returns whether the key had a slot.
fn remove<E>(shelf: &impl Shelf<E>) -> bool {
    !matches!(remove_if(shelf, |_| true, |_| ()), Removed::NoSlot)
}

/// What a removal has found at a key's place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Removed<T> {
    /// No slot.
    NoSlot,
    /// A slot that goes on living, or that another has ended.
    Nothing,
    /// An entry, which this removal alone has ended, and what was asked of it.
    Ended(T),
}

/// Ends the entry of a key if `should_go` returns true for it. `ask` gets the entry that was ended.
pub(super) fn remove_if<E, T>(
    shelf: &impl Shelf<E>,
    should_go: impl FnOnce(&Held<E>) -> bool,
    ask: impl FnOnce(&Held<E>) -> T,
) -> Removed<T> {
    let ended = shelf.see(|row| {
        // Dead first: whoever remembers the slot goes by its word.
        let held = row.slot().kill_if(should_go)?;
        // By itself: a newer slot may stand in the key's place by now.
        shelf.take_out(row);
        Some(held)
    });
    let Some(ended) = ended else { return Removed::NoSlot };
    let Some(held) = ended else { return Removed::Nothing };
    let answer = ask(&held);
    shelf.displace(held);
    Removed::Ended(answer)
}
