// What bars a result by its key alone: the newest kill and expiry, and a result that began later.
// Never knows: the key, or what is under way for it.

use super::generation::Capture;

/// The newest kill and expiry of one key, kept while something of it is under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyMarks {
    /// The number of the newest kill.
    pub killed: u64,
    /// The number of the newest expiry.
    pub expired: u64,
    /// What is to be stored began before what has been stored, or found missing, since it began.
    pub older: bool,
}

impl KeyMarks {
    /// Whether a kill or an expiry has covered what was captured, by the key or otherwise.
    pub fn cover(self, capture: &Capture) -> bool {
        self.killed > capture.seq()
            || self.expired > capture.seq()
            || capture.is_killed()
            || capture.is_expired()
    }
}
