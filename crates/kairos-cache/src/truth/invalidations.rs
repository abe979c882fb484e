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

use super::shelf::{Shelf, remove};
use crate::truth::generation::{Capture, Class, Mark, Sequence};
use crate::truth::stamp::Version;
use crate::truth::tags::Tags;

/// The number line, the mark that covers everything, and the count of changes that reach across
/// matches. One per cache.
#[derive(Debug, Default)]
pub struct Invalidations {
    sequence: Sequence,
    everything: Arc<Mark>,
    changes: Version,
}

impl Invalidations {
    /// Nothing has been invalidated yet.
    pub fn new() -> Invalidations {
        Invalidations::default()
    }

    /// The number line.
    pub fn sequence(&self) -> &Sequence {
        &self.sequence
    }

    /// The count of the changes that could alter decisions across matches.
    pub fn changes(&self) -> &Version {
        &self.changes
    }

    /// Captures the present of a class. Must happen before the compute starts.
    pub fn capture(&self, class: &Arc<Class>) -> Capture {
        Capture::take(&self.sequence, &self.everything, class)
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

    /// Kills the entry of a key. `tell` records the number with what is under way for the key.
    pub fn kill_key<E>(&self, place: &impl Shelf<E>, tell: impl FnOnce(u64)) {
        // A compute that runs now is refused when it publishes; one that has published is found on
        // the shelf; one that starts after this look started after the call.
        tell(self.sequence.next());
        if !remove(place) {
            // A slot that the store is letting go lives until its notice is given, and a pin may
            // remember it: the pin must look again, and finds that the key has none.
            self.changes.touch();
        }
    }

    /// Expires the entry of a key; `tell` as in `kill_key`.
    pub fn expire_key<E>(&self, place: &impl Shelf<E>, tell: impl FnOnce(u64)) {
        let seq = self.sequence.next();
        tell(seq);
        if let Some(slot) = place.slot() {
            slot.expire(seq);
        }
        self.changes.touch();
    }
}
