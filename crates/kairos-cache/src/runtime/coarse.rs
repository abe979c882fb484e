// The time as it is published to hits: one word, and the processor's counter at its publication.
// Never knows: where readings come from, which thread ticks, or how it parks.
// Read next: `machine_time.rs`, which reads and publishes; `ticker.rs`, which ticks.
// Why: `docs/decisions/0020-a-hit-takes-a-published-time.md`.
//
// The word is the newest reading that was published, and in its low bits what it is worth:
//
//   known    a hit may take it for the time.
//   asked    the ticker asks whether anybody reads: the first hit that finds this answers by publishing.
//   parked   nobody answered, and the ticker parks; a hit that publishes over this wakes it.
//
// Every change is one exchange of the word that its maker has seen, and leaves a reading which is no
// older. A hit takes what it has published, or found there. So for hits of one thread the time never goes
// back; what was read before a question or a parking does not undo it, however late it is published; and
// exactly one hit ends a parking, which wakes the ticker.

use crate::sync::{AtomicU64, Ordering};

/// Set in a word that is known.
const KNOWN: u64 = 0b01;

/// Set in a word that is asked, or known.
const AWAKE: u64 = 0b10;

/// A precise reading publishes itself where the word is further behind than this: far less than the
/// millisecond that a hit may be behind, and far more than the line's way between two processors (0.1
/// µs), so that threads which only read precisely hardly ever take it from each other.
const FOLLOW_NS: u64 = 50_000;

/// A reading of the process's monotonic clock as the word holds it: in nanoseconds, the last two bits set.
pub fn reading(ns: u64) -> u64 {
    ns | KNOWN | AWAKE
}

/// At most the nanoseconds of a reading.
pub fn unmarked(reading: u64) -> u64 {
    reading & !(KNOWN | AWAKE)
}

/// The word as one thread has seen it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen(u64);

impl Seen {
    /// Whether a hit may take it for the time.
    pub fn is_known(self) -> bool {
        self.0 & KNOWN != 0
    }

    /// The time for a hit, if it may take it: what is known has both bits set, as a reading has.
    #[inline]
    pub fn known(self) -> Option<u64> {
        self.is_known().then_some(self.0)
    }

    /// Whether the ticker is parked, or about to park.
    pub fn is_parked(self) -> bool {
        self.0 & (KNOWN | AWAKE) == 0
    }

    /// The newest reading that was published.
    pub fn reading(self) -> u64 {
        reading(self.0)
    }
}

/// The published time. A hit reads the word, and one that looks the stamp; both are written together, and
/// nothing else stands on their line.
#[derive(Debug)]
#[repr(align(128))]
pub struct Coarse {
    word: AtomicU64,
    /// The processor's counter, before the reading of the word or of one that has come before it.
    stamp: AtomicU64,
}

impl Coarse {
    /// Nothing is published, and the ticker has not started: it is as good as parked.
    pub fn new() -> Coarse {
        Coarse { word: AtomicU64::new(0), stamp: AtomicU64::new(0) }
    }

    /// The published time. Never older than at an earlier look of the same thread.
    #[inline]
    pub fn seen(&self) -> Seen {
        // Acquire: a step of the wall clock that the reading showed has been counted; pairs with the
        // Release in `exchange`. Model: a_published_time_from_beyond_a_step_finds_it_counted.
        Seen(self.word.load(Ordering::Acquire))
    }

    /// A count of the processor before the word that is seen after this was read.
    pub fn stamp(&self) -> u64 {
        // Acquire: the word is at least as new as the stamp; pairs with the Release in `stamp_with`.
        // Model: a_published_time_is_no_older_than_its_stamp.
        self.stamp.load(Ordering::Acquire)
    }

    /// A hit publishes its reading, with a count of the processor from before it. Beside a parked ticker
    /// only one that `wakes` it does; another leaves it parked, and sees to it that nothing older is
    /// published. Returns the time for the hit, and whether it has to wake the ticker.
    pub fn publish(&self, reading: u64, stamp: u64, wakes: bool) -> (u64, bool) {
        loop {
            let seen = self.seen();
            let newest = seen.reading();
            if newest > reading || newest == reading && seen.is_known() {
                return (newest, false);
            }
            let leaves = seen.is_parked() && !wakes;
            let becomes = if leaves { reading & !(KNOWN | AWAKE) } else { reading };
            if self.exchange(seen, becomes) {
                if !leaves {
                    self.stamp_with(stamp);
                }
                return (reading, seen.is_parked() && wakes);
            }
            // Whoever was first has published; that is seen at once.
        }
    }

    /// A precise reading that is no hit's publishes itself where that pays, and does not answer the
    /// ticker. Returns the reading, or a later one that was published before.
    ///
    /// The stamp stays as it is: it makes the word seem older than it is.
    pub fn follow(&self, reading: u64) -> u64 {
        let seen = self.seen();
        if seen.is_known() && reading.saturating_sub(seen.reading()) > FOLLOW_NS {
            self.exchange(seen, reading);
        }
        reading.max(seen.reading())
    }

    /// The reading, or a later one that was published before; `None` where a precise one would publish itself.
    pub fn newest(&self, reading: u64) -> Option<u64> {
        let seen = self.seen();
        let follows = seen.is_known() && reading.saturating_sub(seen.reading()) > FOLLOW_NS;
        (!follows).then(|| reading.max(seen.reading()))
    }

    /// The ticker publishes its reading, or `asks` whether anybody reads. Once nobody has answered when
    /// it asks again, it is to park: until the word is no longer parked.
    pub fn tick(&self, reading: u64, stamp: u64, asks: bool) -> Seen {
        let seen = self.seen();
        let newest = reading.max(seen.reading());
        let becomes = match (seen.is_known(), asks) {
            (true, false) => newest,
            (true, true) => newest & !KNOWN,
            (false, true) => newest & !(KNOWN | AWAKE),
            (false, false) => return seen,
        };
        if self.exchange(seen, becomes) {
            self.stamp_with(stamp);
        }
        // Whatever else has been published meanwhile is newer, and an answer.
        self.seen()
    }

    /// There is no thread that ticks.
    pub fn park(&self) {
        // Relaxed: a word that is parked publishes nothing; what was published before by others stays so
        // through this exchange.
        self.word.fetch_and(!(KNOWN | AWAKE), Ordering::Relaxed);
    }

    fn exchange(&self, seen: Seen, becomes: u64) -> bool {
        // Release: publishes that the steps which the reading shows are counted; pairs with the Acquire
        // in `seen`. Relaxed: a word that another has published meanwhile is not looked at here.
        self.word.compare_exchange(seen.0, becomes, Ordering::Release, Ordering::Relaxed).is_ok()
    }

    fn stamp_with(&self, stamp: u64) {
        // Release: after the word; pairs with the Acquire in `stamp`.
        self.stamp.store(stamp, Ordering::Release);
    }
}

impl Default for Coarse {
    fn default() -> Self {
        Self::new()
    }
}
