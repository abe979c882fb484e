//! One key's value in the store: a version word over the entry, replaced in place, dead once.
//! Never knows: moka, matches, policy, or time.
//! Read next: `flight.rs`, which serialises the writers of a key.

use std::sync::Arc;

use crate::generation::Capture;
use crate::sync::{AtomicU64, Mutex, Ordering};

/// The version word of a slot that will never hold a value again.
const DEAD: u64 = u64::MAX;

/// A slot holds one entry of type `E` and the capture under which it was computed.
///
/// The word is even while the entry stands, odd while it is being replaced, [`u64::MAX`] once the
/// slot is dead. Who remembers word and entry learns with one load whether they still belong
/// together.
#[derive(Debug)]
pub struct Slot<E> {
    word: AtomicU64,
    /// Newest expiry of this key alone; see [`Slot::expire`].
    expired: AtomicU64,
    content: Mutex<Option<Held<E>>>,
}

/// An entry together with what it was captured under.
#[derive(Debug)]
pub struct Held<E> {
    /// The entry, shared with whoever serves it.
    pub entry: Arc<E>,
    /// The capture of its compute.
    pub capture: Capture,
}

impl<E> Clone for Held<E> {
    fn clone(&self) -> Self {
        Held { entry: Arc::clone(&self.entry), capture: self.capture.clone() }
    }
}

/// What became of an attempt to put an entry into a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// The entry stands.
    Yes,
    /// A kill had covered the entry, or its class could not count it: it does not stand.
    Covered,
    /// The slot is dead; the entry needs a new one.
    Dead,
}

impl<E> Slot<E> {
    /// A slot with its first entry, or none if a kill has covered it.
    pub fn with_entry(held: Held<E>) -> Option<Slot<E>> {
        if held.capture.is_killed() || !held.capture.admit() {
            return None;
        }
        Some(Slot {
            word: AtomicU64::new(0),
            expired: AtomicU64::new(0),
            content: Mutex::new(Some(held)),
        })
    }

    /// The version word: equal to one remembered while the entry remembered with it stands.
    pub fn version(&self) -> u64 {
        // Acquire: who sees the word unchanged may go on serving what it remembers; who sees it
        // changed sees the change. Pairs with the Release stores below. Model: slot_replace.
        self.word.load(Ordering::Acquire)
    }

    /// The entry with its version, unless the slot is dead. Says nothing about invalidations.
    pub fn read(&self) -> Option<(u64, Held<E>)> {
        let content = self.content.lock();
        let held = content.as_ref()?.clone();
        Some((self.version(), held))
    }

    /// Replaces the entry in place, keeping the class counts exact.
    pub fn replace(&self, held: Held<E>) -> Replaced {
        let mut content = self.content.lock();
        let Some(old) = content.as_ref() else { return Replaced::Dead };
        if held.capture.is_killed() {
            return Replaced::Covered;
        }
        // In the same class and generation the count stands for the key, whichever value it has.
        if !held.capture.counts_with(&old.capture) {
            old.capture.release();
            if !held.capture.admit() {
                // The old entry is no longer counted, so it may not go on living either.
                self.word.store(DEAD, Ordering::Release); // Release: as in `kill`.
                let _dead = content.take();
                return Replaced::Covered;
            }
        }
        // Relaxed: only holders of the lock write the word.
        let version = self.word.load(Ordering::Relaxed);
        // Release: pairs with the Acquire in `version`, so that a reader which sees the even word
        // after this sees the new entry's class admitted. Model: slot_replace.
        self.word.store(version + 1, Ordering::Release);
        let old = content.replace(held);
        self.word.store(version + 2, Ordering::Release); // Release: as above.
        drop(content);
        drop(old);
        Replaced::Yes
    }

    /// Ends the slot. Returns the entry to the one caller who ended it.
    pub fn kill(&self) -> Option<Held<E>> {
        let mut content = self.content.lock();
        let held = content.take()?;
        // Release: who reads DEAD serves nothing more from here; pairs with the Acquire in
        // `version`. Model: slot_replace.
        self.word.store(DEAD, Ordering::Release);
        held.capture.release();
        Some(held)
    }

    /// Expires the entry if it was captured before `seq`.
    pub fn expire(&self, seq: u64) {
        // AcqRel: the newest expiry wins; pairs with the Acquire in `expired_after`.
        self.expired.fetch_max(seq, Ordering::AcqRel);
    }

    /// Whether this key was expired after `seq`.
    pub fn expired_after(&self, seq: u64) -> bool {
        // Acquire: pairs with the AcqRel in `expire`.
        self.expired.load(Ordering::Acquire) > seq
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
