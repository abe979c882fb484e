// What a cache knows of its invalidations across matches, and the order of steps in each of them.
// Never knows: matches and their classes, flights, or who asked.
// Read next: `generation.rs` for numbers and marks, `stamp.rs` for counts of changes.
// Why: `docs/decisions/0001-sequence-and-marks-beside-the-generation.md`.
// Why: `docs/decisions/0015-one-function-from-slot-to-visible-entry.md`.
//
// Each takes the number first, raises the mark second and counts the change last: a compute that
// captures the number has seen what the caller did before, and a reader with a remembered decision
// finds the change counted only once it has been made.

use std::sync::Arc;

use super::shelf::{Removed, Shelf, remove_if};
use super::slot::Row;
use crate::truth::generation::{Capture, Class, Mark, Sequence};
use crate::truth::slot::{Held, Slot};
use crate::truth::stamp::Version;
use crate::truth::tags::Tags;

/// The number line, the mark that covers everything, and the count of changes that reach across
/// matches. One per cache.
#[derive(Debug)]
pub struct Invalidations {
    sequence: Sequence,
    everything: Arc<Mark>,
    /// Whatever changes in the cache.
    all: Arc<Version>,
    changes: Version,
    /// Invalidations of keys that met no entry, by the keys' hashes: so many that one of them makes few
    /// readers look again.
    misses: [Version; MISSES],
}

/// A power of two.
const MISSES: usize = if cfg!(kairos_loom) { 1 } else { 64 };

impl Invalidations {
    /// Nothing has been invalidated yet.
    pub fn new() -> Invalidations {
        let all: Arc<Version> = Arc::default();
        Invalidations {
            sequence: Sequence::new(),
            everything: Arc::default(),
            changes: Version::within(&all),
            misses: std::array::from_fn(|_| Version::within(&all)),
            all,
        }
    }

    /// The number line.
    pub fn sequence(&self) -> &Sequence {
        &self.sequence
    }

    /// The mark that covers everything: each class holds it.
    pub fn everything(&self) -> &Arc<Mark> {
        &self.everything
    }

    /// The count of all changes that could alter decisions, of the matches that count theirs in it too.
    #[inline]
    pub fn all(&self) -> &Arc<Version> {
        &self.all
    }

    /// The count of the changes that could alter decisions across matches.
    #[inline]
    pub fn changes(&self) -> &Version {
        &self.changes
    }

    /// The count of the invalidations of keys of this hash, and of some others, that met no entry.
    #[inline]
    pub fn misses(&self, hash: u64) -> &Version {
        // The low bits find the key's row.
        &self.misses[(hash >> 40) as usize % MISSES]
    }

    /// Captures the present of a class. Must happen before the compute starts.
    pub fn capture(&self, class: &Arc<Class>) -> Capture {
        Capture::take(&self.sequence, class)
    }

    /// Puts an entry in the place of the one that lives in a slot, if it is of the same class: captured now,
    /// by a caller that has begun now. `put` gets the entry and its class under the slot's lock, looks whether
    /// the match bars storing, then puts; where it returns nothing it has put nothing. It drops nothing of the
    /// user's.
    ///
    /// No lock but the slot's: a kill or an expiry of the key takes its number, then the slot's lock, and finds
    /// what was captured before it, or has ended what this would replace. One of the class, of a tag or of
    /// everything raises its mark, and covers by that what was captured before its number. Models:
    /// `an_entry_is_renewed_in_place_beside_*`.
    pub fn renew<E, T>(
        &self,
        slot: &Slot<E>,
        put: impl FnOnce(&mut Arc<E>, &Class) -> Option<T>,
    ) -> Option<T> {
        slot.renew(&self.sequence, put)
    }

    /// Kills everything.
    pub fn kill_everything(&self) {
        self.everything.kill(self.sequence.next());
        self.changes.touch();
    }

    /// Expires everything.
    pub fn expire_everything(&self) {
        self.everything.expire(self.sequence.next());
        self.changes.touch();
    }

    /// Kills every entry that carries a tag.
    pub fn kill_tag(&self, tags: &Tags, name: &str) {
        let seq = self.sequence.next();
        tags.raise(name, |mark| mark.kill(seq));
        self.changes.touch();
    }

    /// Expires every entry that carries a tag.
    pub fn expire_tag(&self, tags: &Tags, name: &str) {
        let seq = self.sequence.next();
        tags.raise(name, |mark| mark.expire(seq));
        self.changes.touch();
    }

    /// Kills the entry of a key. `tell` records the number with what is under way for the key. `ask`
    /// gets the entry that this call ended; of calls that race, one.
    pub fn kill_key<E, T>(
        &self,
        place: &impl Shelf<E>,
        tell: impl FnOnce(u64),
        ask: impl FnOnce(&Held<E>) -> T,
    ) -> Option<T> {
        // A compute that runs now is refused when it publishes; one that has published is found on
        // the shelf; one that starts after this look started after the call.
        let seq = self.sequence.next();
        tell(seq);
        // What was captured since the number was taken has seen the kill, and stays.
        match remove_if(place, |held| held.capture.seq() < seq, ask) {
            Removed::Ended(answer) => return Some(answer),
            // A slot that the store is letting go lives until its notice is given, and a reader may
            // remember it: the reader must look again, and finds that the key has none.
            Removed::NoSlot => self.misses(place.hash()).touch(),
            Removed::Nothing => {}
        }
        None
    }

    /// Expires the entry of a key; `tell` as in `kill_key`.
    pub fn expire_key<E>(&self, place: &impl Shelf<E>, tell: impl FnOnce(u64)) {
        let seq = self.sequence.next();
        tell(seq);
        if !place.row().is_some_and(|row| row.slot().expire(seq)) {
            self.misses(place.hash()).touch(); // As for a kill.
        }
    }
}

impl Default for Invalidations {
    fn default() -> Self {
        Self::new()
    }
}
