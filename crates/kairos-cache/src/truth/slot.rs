// One key's value in the store: a version word over the entry, replaced in place, dead once; and a look at it.
// Never knows: moka, matches, policy, or time.
// Read next: `shelf.rs` for the steps around it.
// Why: `docs/decisions/0014-moka-bounds-and-ranks.md`.

use std::sync::Arc;

use crate::sync::{AtomicU64, Mutex, Ordering};
use crate::truth::generation::{Capture, Class, Sequence};

/// The version word of a slot that will never hold a value again.
const DEAD: u64 = u64::MAX;

/// A slot holds one entry of type `E` and the capture under which it was computed.
///
/// The word counts the entries that have stood here and is [`u64::MAX`] once the slot is dead. A
/// reader that remembers word and entry learns with one load whether they still belong together.
#[derive(Debug)]
#[repr(C)]
pub struct Slot<E> {
    word: AtomicU64,
    /// The newest expiry of this key alone; see [`Slot::expire`].
    expired: AtomicU64,
    content: Mutex<Option<Held<E>>>,
}

/// A share in what a store keeps for a key, with the key's slot in it.
pub trait Row<E>: Clone {
    /// The slot.
    fn slot(&self) -> &Slot<E>;
}

impl<E> Row<E> for Arc<Slot<E>> {
    fn slot(&self) -> &Slot<E> {
        self
    }
}

/// An entry together with what it was captured under.
#[derive(Debug)]
pub struct Held<E> {
    /// The entry, shared with the reads that serve it.
    pub entry: Arc<E>,
    /// The capture of its compute.
    pub capture: Capture,
}

impl<E> Held<E> {
    /// Whether an expiry has covered the entry, which stands in this slot, since it was captured.
    pub fn is_expired_in(&self, slot: &Slot<E>) -> bool {
        self.capture.is_expired() || slot.expired_after(self.capture.seq())
    }
}

impl<E> Clone for Held<E> {
    fn clone(&self) -> Self {
        Held { entry: Arc::clone(&self.entry), capture: self.capture.clone() }
    }
}

/// The outcome of an attempt to put an entry into a slot, with what must not be dropped under a
/// lock.
#[derive(Debug)]
pub(super) enum Replaced<E> {
    /// The entry stands in the place of this one.
    Yes(Held<E>),
    /// A kill had covered the entry, or its class could not count it: the entry does not stand.
    /// With it goes an old entry that could not go on living.
    Covered(Option<Held<E>>),
    /// The slot is dead; the entry needs a new one.
    Dead(Held<E>),
}

impl<E> Slot<E> {
    /// A slot with its first entry and the newest expiry of its key, or none if a kill has covered
    /// the entry. A step of `publish`, as `replace` is: nothing else makes an entry visible.
    pub(super) fn with_entry(held: Held<E>, expired: u64) -> Option<Slot<E>> {
        if held.capture.is_killed() || !held.capture.admit() {
            return None;
        }
        Some(Slot {
            word: AtomicU64::new(0),
            expired: AtomicU64::new(expired),
            content: Mutex::new(Some(held)),
        })
    }

    /// The version word: equal to one remembered while the entry remembered with it stands.
    #[inline]
    pub fn version(&self) -> u64 {
        // Relaxed: a reader that begins after a change has returned sees the word changed by that
        // alone; one that sees it changed gets the entry under the lock. Model: slot_replace.
        self.word.load(Ordering::Relaxed)
    }

    /// The entry, unless the slot is dead. Checks no invalidation.
    pub fn read(&self) -> Option<Held<E>> {
        self.read_with(|_, _| ()).map(|(held, ())| held)
    }

    /// The entry with what `note` makes of it and of the version, under the slot's lock.
    pub(super) fn read_with<T>(
        &self,
        note: impl FnOnce(u64, &Held<E>) -> T,
    ) -> Option<(Held<E>, T)> {
        let content = self.content.lock();
        let held = content.as_ref()?;
        let noted = note(self.version(), held);
        Some((held.clone(), noted))
    }

    /// Calls `ask` with the entry under the slot's lock, so that the caller holds no share in it
    /// and is never the last to drop it. `ask` must drop nothing of the user's.
    pub fn inspect<T>(&self, ask: impl FnOnce(&Held<E>) -> T) -> Option<T> {
        self.content.lock().as_ref().map(ask)
    }

    /// Replaces the entry in place, keeping the class counts exact. A caller under a lock keeps a
    /// share in the new value, so that it is not dropped here.
    pub(super) fn replace(&self, held: Held<E>) -> Replaced<E> {
        let mut content = self.content.lock();
        let Some(old) = content.as_mut() else { return Replaced::Dead(held) };
        if held.capture.is_killed() {
            return Replaced::Covered(None);
        }
        // In the same class and generation the count stands for the key, whichever value it has.
        if !held.capture.counts_with(&old.capture) {
            old.capture.release();
            if !held.capture.admit() {
                // The old entry is no longer counted, so it may not go on living either.
                self.word.store(DEAD, Ordering::Relaxed); // Relaxed: as in `version`.
                return Replaced::Covered(content.take());
            }
        }
        self.step();
        Replaced::Yes(std::mem::replace(old, held))
    }

    /// Puts another in the place of the entry, if it may be counted there: `put` is given the entry and its
    /// class, and puts nothing where it returns nothing. What it puts is captured before it is called. Neither
    /// the word of the class nor a share in anything is written.
    pub(super) fn renew<T>(
        &self,
        sequence: &Sequence,
        put: impl FnOnce(&mut Arc<E>, &Class) -> Option<T>,
    ) -> Option<T> {
        let mut content = self.content.lock();
        let Held { entry, capture } = content.as_mut()?;
        let seq = capture.again(sequence)?;
        let left = put(entry, capture.class())?;
        capture.renew(seq);
        self.step();
        Some(left)
    }

    /// Ends the slot. Returns the entry to the one caller that ended it.
    pub fn kill(&self) -> Option<Held<E>> {
        self.kill_if(|_| true)
    }

    /// Ends the slot if `should_go` returns true for its entry.
    pub fn kill_if(&self, should_go: impl FnOnce(&Held<E>) -> bool) -> Option<Held<E>> {
        let mut content = self.content.lock();
        let held = content.take_if(|held| should_go(held))?;
        self.word.store(DEAD, Ordering::Relaxed); // Relaxed: as in `version`.
        held.capture.release();
        Some(held)
    }

    /// Whether the slot has ended.
    pub fn is_dead(&self) -> bool {
        self.version() == DEAD
    }

    /// Expires the entry if it was captured before `seq`: the version changes, so that whoever remembers
    /// the entry looks again. Returns whether there was an entry.
    pub fn expire(&self, seq: u64) -> bool {
        let content = self.content.lock();
        // Release: as in `Mark::expire`; the newest expiry wins. Pairs with `expired_after`.
        // Model: what_replaces_an_entry_expired_by_its_key_is_new.
        self.expired.fetch_max(seq, Ordering::Release);
        if content.is_some() {
            self.step();
        }
        content.is_some()
    }

    /// What is known of the key's own expiry, for an entry that is yet to be put in.
    pub(super) fn note_expiry(&self, seq: u64) {
        // Release: as above.
        self.expired.fetch_max(seq, Ordering::Release);
    }

    /// Another version, for whoever remembers this one. The caller holds the lock.
    fn step(&self) {
        // Relaxed: only holders of the lock write the word; readers as in `version`.
        self.word.store(self.word.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Whether this key was expired after `seq`.
    pub fn expired_after(&self, seq: u64) -> bool {
        // Acquire: as in `Mark::expired_after`; pairs with the Release in `expire`.
        // Model: what_replaces_an_entry_expired_by_its_key_is_new.
        self.expired.load(Ordering::Acquire) > seq
    }
}

/// An entry that no kill had covered when it was looked at.
#[derive(Debug)]
pub struct View<E> {
    held: Held<E>,
    is_expired: bool,
}

impl<E> View<E> {
    /// Looks at the entry of a slot. Not to be called under a lock: the view could hold the last
    /// share in its value.
    pub fn of(slot: &Slot<E>) -> Option<View<E>> {
        View::judged(slot.read()?, slot)
    }

    /// An entry that has been read in this slot, unless a kill has covered it.
    pub(super) fn judged(held: Held<E>, slot: &Slot<E>) -> Option<View<E>> {
        if held.capture.is_killed() {
            return None;
        }
        let is_expired = held.is_expired_in(slot);
        Some(View { held, is_expired })
    }

    /// The entry.
    pub fn entry(&self) -> &Arc<E> {
        &self.held.entry
    }

    /// The entry with its capture.
    pub fn held(&self) -> &Held<E> {
        &self.held
    }

    /// Whether an expiry had covered the entry when it was looked at.
    pub fn is_expired(&self) -> bool {
        self.is_expired
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
