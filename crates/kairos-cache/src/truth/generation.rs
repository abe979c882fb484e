// Sequence, marks and class words: capture before compute, check when publishing and when reading.
// Never knows: keys, values, matches, time, or tasks.
// Read next: `slot.rs`, which holds a captured value; `shelf.rs` for how it becomes visible.
// Why: `docs/decisions/0001-sequence-and-marks-beside-the-generation.md`.
// Why: `docs/decisions/0019-tags-of-a-result-are-judged-from-its-start.md`.
//
// The whole argument for "no lost invalidation" stands here. Every invalidation first takes a
// number from the [`Sequence`], then raises the [`Mark`] of what it covers to that number. Every
// compute captures the sequence before it starts ([`Capture::take`]). A result is served only
// while every mark that covers it is at most the captured number. Let an invalidation return,
// and a read begin after that: the read sees the raised mark, so it can serve only a result
// whose capture already saw the invalidation's number, that is a compute which started after
// the invalidation had begun and saw everything that its caller did before it.
//
// A class of entries is stricter, so that its dead can be counted: besides the mark, a result
// must have been captured in the generation that still lives. One exchange ends a generation
// and takes its count, so the entries counted and the entries that die by it are the same.
//
// A compute may name tags that it has found. Its result then belongs to a class that holds their
// marks too, which the compute has not captured: another compute's, or one made at its end. What it
// captured before its start is moved to that class ([`Capture::moved_to`]) with the number as it was.
// That is safe if each mark of the class is at least as high as every invalidation since that number
// which covers the result. It is, because a mark that is made starts at its floor: the newest
// invalidation that would have raised it, had it been there. An invalidation takes its number, then
// raises the mark or, where there is none, the floor, in one step of the lock under which marks are
// made and forgotten; and a mark that is forgotten leaves its numbers to the floor. So one that
// returned before the mark was made stands in the floor, one that came since stands in the mark, and
// one that has not come to its step yet will find the mark, and covers the result then.
//
// The floor of a tag is its shard's in `tags.rs`. The floor of a class is its market's row in
// `../matches/classes.rs`: it is as old as any compute of the row, since a compute holds a class of
// it. The generation of the new class is read under the lock that its kills hold, so that a kill has
// either raised the mark already or will end this generation: what is counted has not died by it. A
// compute that captures after a floor was raised has seen its number, so no floor covers it.
//
// A move of prices beyond a bound is a kill (hard) or an expiry (soft) of the match, by the numbers and
// marks above and nothing else, so what is said of an invalidation that has returned holds of it. What
// is new is who relies on it. By the promise of drift that is whoever has observed any price, also one
// that was no move: its price is then within half a bound of its reference, and so is each price since
// the reference was set; only what was computed before that must be covered, by the move that set it.
// So that move has to have returned before an observation judged by its references does. It has: an
// observation is judged, every newest price made a reference, the number taken and the marks raised
// under one lock of the match (`../matches/judged.rs`), in this order. Whoever finds a renewed
// reference has taken the lock after the mover gave it back, with the marks standing.
//
// A compute that captures between the acceptance of the price and the number has not seen the move; it
// is covered, though it may have read the new price: too much is covered, never too little. One that
// captures after the number has seen, by the Release in `next`, all that the mover saw before it took
// the number: under the lock, every observation before it. What it answers is from after the prices
// became references.

use std::sync::Arc;

use crate::sync::{AtomicU64, Ordering};

/// The number line of invalidations. One per cache.
#[derive(Debug)]
pub struct Sequence(AtomicU64);

impl Sequence {
    /// A sequence at zero.
    pub fn new() -> Sequence {
        Sequence(AtomicU64::new(0))
    }

    /// Takes the next number, which no capture has seen yet.
    pub fn next(&self) -> u64 {
        // Release: publishes what the invalidating caller wrote before; pairs with the Acquire in
        // `current`, also through the numbers taken since. Model: publish_or_die_under_*.
        self.0.fetch_add(1, Ordering::Release) + 1
    }

    /// The newest number taken: what a compute that starts now has seen.
    pub fn current(&self) -> u64 {
        // Acquire: a compute that captures n sees all that was done before invalidation n; pairs
        // with the Release in `next`. Model: publish_or_die_under_*.
        self.0.load(Ordering::Acquire)
    }
}

impl Default for Sequence {
    fn default() -> Self {
        Self::new()
    }
}

/// The newest kill and the newest expiry of one thing: a class, a tag, the whole cache.
#[derive(Debug)]
pub struct Mark {
    killed: AtomicU64,
    expired: AtomicU64,
}

impl Mark {
    /// A mark that covers nothing.
    pub fn new() -> Mark {
        Mark { killed: AtomicU64::new(0), expired: AtomicU64::new(0) }
    }

    /// A mark that covers what this floor covers.
    pub fn from_floor(floor: &Mark) -> Mark {
        let mark = Mark::new();
        mark.take_over(floor);
        mark
    }

    /// Covers all that another mark covers. The caller serialises the changes of that one.
    pub fn take_over(&self, other: &Mark) {
        // Relaxed, both loads: the lock that serialises the other's changes has published them.
        // Model: a_tag_found_by_a_compute_*.
        self.kill(other.killed.load(Ordering::Relaxed));
        self.expire(other.expired.load(Ordering::Relaxed)); // Relaxed: as above.
    }

    /// Kills everything captured before `seq`.
    pub fn kill(&self, seq: u64) {
        // Release: a read that sees the mark sees the number and what the caller did before; the
        // maximum keeps the newest of two racing kills. Pairs with `killed_after`.
        // Models: what_replaces_an_entry_killed_by_its_tag_is_new,
        // of_two_kills_by_one_tag_the_newer_stands.
        self.killed.fetch_max(seq, Ordering::Release);
    }

    /// Expires everything captured before `seq`.
    pub fn expire(&self, seq: u64) {
        // Release: as in `kill`. Pairs with `expired_after`.
        // Model: what_replaces_an_entry_expired_by_its_tag_is_new.
        self.expired.fetch_max(seq, Ordering::Release);
    }

    /// Whether a kill has covered what was captured at `seq`.
    pub fn killed_after(&self, seq: u64) -> bool {
        // Acquire: a compute that starts because of the kill captures its number and sees what it
        // was about; pairs with the Release in `kill`.
        // Model: what_replaces_an_entry_killed_by_its_tag_is_new.
        self.killed.load(Ordering::Acquire) > seq
    }

    /// Whether an expiry has covered what was captured at `seq`.
    pub fn expired_after(&self, seq: u64) -> bool {
        // Acquire: as in `killed_after`; pairs with the Release in `expire`.
        // Model: what_replaces_an_entry_expired_by_its_tag_is_new.
        self.expired.load(Ordering::Acquire) > seq
    }
}

impl Default for Mark {
    fn default() -> Self {
        Self::new()
    }
}

/// Bits of a class word that count live entries; the generation lies above them.
const LIVE_BITS: u32 = 32;
const LIVE_MASK: u64 = (1 << LIVE_BITS) - 1;

/// The entries of one match that share market and tags: one mark, and one word that counts them.
///
/// The word holds the generation above and how many of its entries live below: one exchange ends
/// the generation, its entries with it, and returns how many they were. The mark covers entries so
/// old that the bits of the generation have come round.
#[derive(Debug)]
pub struct Class {
    mark: Mark,
    word: AtomicU64,
    /// The mark of everything, and those of its tags.
    others: Box<[Arc<Mark>]>,
    /// The tags by which it is found among those of its match and market.
    names: Arc<[Box<str>]>,
}

impl Class {
    /// A class whose entries also carry these marks: that of everything, and those of their tags.
    pub fn new(others: impl IntoIterator<Item = Arc<Mark>>) -> Class {
        Class::from_floor(&Mark::new(), others)
    }

    /// A class that covers what this floor covers, whose entries also carry these marks.
    pub fn from_floor(floor: &Mark, others: impl IntoIterator<Item = Arc<Mark>>) -> Class {
        let (mark, others) = (Mark::from_floor(floor), others.into_iter().collect());
        Class { mark, word: AtomicU64::new(0), others, names: Arc::default() }
    }

    /// The same, found by these tags.
    #[must_use]
    pub fn named(self, names: &Arc<[Box<str>]>) -> Class {
        Class { names: Arc::clone(names), ..self }
    }

    /// The tags by which it is found.
    pub fn names(&self) -> &[Box<str>] {
        &self.names
    }

    /// Kills every entry captured before `seq`. Returns how many lived. The caller serialises kills
    /// of one class, from the taking of their numbers on.
    pub fn kill(&self, seq: u64) -> u64 {
        // Relaxed: a first guess for the exchange below.
        let mut word = self.word.load(Ordering::Relaxed);
        let died = loop {
            let next = (word >> LIVE_BITS).wrapping_add(1) << LIVE_BITS;
            // Release: a capture that reads the new generation sees the number and what the caller
            // did before. Pairs with `generation`. Relaxed on failure: only another guess.
            // Model: a_kill_counts_exactly_the_entries_that_are_dead_after_it.
            match self.word.compare_exchange_weak(word, next, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => break word & LIVE_MASK,
                Err(now) => word = now,
            }
        };
        self.mark.kill(seq);
        died
    }

    /// Expires every entry captured before `seq`.
    pub fn expire(&self, seq: u64) {
        self.mark.expire(seq);
    }

    fn generation(&self) -> u64 {
        // Acquire: a capture that reads generation g has seen the number of the kill that began it;
        // pairs with the Release in `kill`, also through the counts since.
        // Model: a_kill_counts_exactly_the_entries_that_are_dead_after_it.
        self.word.load(Ordering::Acquire) >> LIVE_BITS
    }

    /// Counts one more live entry if `generation` is still the current one.
    fn admit(&self, generation: u64) -> bool {
        self.step(generation, |live| live.checked_add(1).filter(|n| *n <= LIVE_MASK))
    }

    /// Counts one live entry less if `generation` is still the current one.
    fn release(&self, generation: u64) {
        self.step(generation, |live| live.checked_sub(1));
    }

    fn step(&self, generation: u64, change: impl Fn(u64) -> Option<u64>) -> bool {
        // Relaxed: a first guess for the exchange below.
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if word >> LIVE_BITS != generation {
                return false;
            }
            let Some(live) = change(word & LIVE_MASK) else { return false };
            let next = generation << LIVE_BITS | live;
            // Relaxed: nothing is published by a count. The exchanges of one word stand in one order
            // whatever theirs, so each admission falls before a kill and is counted by it, or after
            // and is refused. Model: a_kill_counts_exactly_the_entries_that_are_dead_after_it.
            match self.word.compare_exchange_weak(word, next, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
    }
}

/// What a compute saw before it started, and the only judge of whether its result may be served.
#[derive(Debug, Clone)]
pub struct Capture {
    class: Arc<Class>,
    generation: u64,
    seq: u64,
}

impl Capture {
    /// Captures the present of a class. Must happen before the compute starts.
    pub fn take(sequence: &Sequence, class: &Arc<Class>) -> Capture {
        // The generation first: one that is current when its entry is admitted was captured
        // after the kill that began it, so the sequence read next includes that kill, and what is
        // counted as living has not died by it.
        let generation = class.generation();
        let seq = sequence.current();
        Capture { class: Arc::clone(class), generation, seq }
    }

    /// The present of the class, for a result that is counted in the place of this one's: the newest
    /// invalidation that it has seen. `None` if a kill has ended the generation of this one.
    pub(super) fn again(&self, sequence: &Sequence) -> Option<u64> {
        // In the order of `take`.
        let generation = self.class.generation();
        let seq = sequence.current();
        (generation == self.generation).then_some(seq)
    }

    /// Goes on as what was captured of the same class and generation when this was the newest invalidation.
    pub(super) fn renew(&mut self, seq: u64) {
        self.seq = seq;
    }

    /// The same capture for a result that belongs to this class, by tags that its compute has found.
    /// The caller holds the lock that kills of the class hold. See the head of this file.
    pub fn moved_to(&self, class: &Arc<Class>) -> Capture {
        Capture { generation: class.generation(), class: Arc::clone(class), seq: self.seq }
    }

    /// The class that the result belongs to.
    pub fn class(&self) -> &Arc<Class> {
        &self.class
    }

    /// The newest invalidation that the compute has seen.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Whether a kill has covered the result since it was captured.
    pub fn is_killed(&self) -> bool {
        self.class.generation() != self.generation
            || self.marks().any(|mark| mark.killed_after(self.seq))
    }

    /// Whether an expiry has covered the result since it was captured.
    pub fn is_expired(&self) -> bool {
        self.marks().any(|mark| mark.expired_after(self.seq))
    }

    /// Counts the result as a live entry of its class; false if a kill of the class came first.
    pub fn admit(&self) -> bool {
        self.class.admit(self.generation)
    }

    /// Takes an admitted entry out of the count, unless a kill already did.
    pub fn release(&self) {
        self.class.release(self.generation);
    }

    /// Whether two results would be counted in the same place.
    pub fn counts_with(&self, other: &Capture) -> bool {
        self.generation == other.generation && Arc::ptr_eq(&self.class, &other.class)
    }

    fn marks(&self) -> impl Iterator<Item = &Mark> {
        std::iter::once(&self.class.mark).chain(self.class.others.iter().map(|mark| &**mark))
    }
}
