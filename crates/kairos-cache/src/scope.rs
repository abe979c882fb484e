//! One match: its classes of entries, kickoff and line-up, trading status, odds.
//! Never knows: keys, values, the store, or time.
//! Read next: `generation.rs` for what a class is, `cache.rs` for who asks.

use std::fmt;
use std::sync::Arc;

use dashmap::DashMap;

use crate::generation::{Class, Mark, Sequence};
use crate::market::OddsBook;
use crate::policy::events::{EventGraph, EventId, MarketId};
use crate::policy::{MatchFacts, WallNs};
use crate::sync::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Mutex, Ordering};

/// Whether a market trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum TradingStatus {
    /// It trades: values may be stored and served.
    #[default]
    Open,
    /// Trading is suspended: every read goes around the cache.
    Suspended,
    /// Trading has ended: as suspended.
    Closed,
}

/// `AtomicI64` has no `Option`: this stands for "no kickoff given".
const NO_KICKOFF: i64 = i64::MIN;

/// Below this many classes a match does not look for ones that nothing refers to.
const CLASSES_BEFORE_RECLAIM: usize = 64;

/// The marks of tags, by name, across matches. Classes hold the marks of their tags.
pub(crate) type TagMarks = DashMap<Box<str>, Arc<Mark>, foldhash::fast::FixedState>;

/// A match. Entries and contexts hold it, so that one in use is never forgotten.
pub(crate) struct ScopeState {
    name: Box<str>,
    /// Moves after every change that could alter a decision; see [`ScopeState::version`].
    version: AtomicU64,
    kickoff: AtomicI64,
    lineup_confirmed: AtomicBool,
    status: AtomicU8,
    market_status: Box<[AtomicU8]>,
    classes: Mutex<Classes>,
    pub(crate) odds: OddsBook,
}

struct Classes {
    entries: Vec<ClassEntry>,
    reclaim_at: usize,
}

struct ClassEntry {
    market: Option<MarketId>,
    /// Tags of the context beyond the market's own, sorted.
    tags: Box<[Box<str>]>,
    events: Box<[EventId]>,
    class: Arc<Class>,
}

impl fmt::Debug for ScopeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ScopeState {
    pub(crate) fn new(name: &str, markets: usize) -> ScopeState {
        ScopeState {
            name: name.into(),
            version: AtomicU64::new(0),
            kickoff: AtomicI64::new(NO_KICKOFF),
            lineup_confirmed: AtomicBool::new(false),
            status: AtomicU8::new(TradingStatus::Open as u8),
            market_status: (0..markets).map(|_| AtomicU8::new(0)).collect(),
            classes: Mutex::new(Classes {
                entries: Vec::new(),
                reclaim_at: CLASSES_BEFORE_RECLAIM,
            }),
            odds: OddsBook::new(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A number that is unchanged while nothing about the match has changed a decision.
    pub(crate) fn version(&self) -> u64 {
        // Acquire: who sees the number unchanged has missed no change that had returned; pairs
        // with the Release in `touch`.
        self.version.load(Ordering::Acquire)
    }

    /// Tells readers with remembered decisions to work them out again.
    pub(crate) fn touch(&self) {
        // Release: publishes the change made before; pairs with the Acquire in `version`.
        self.version.fetch_add(1, Ordering::Release);
    }

    /// Kickoff and line-up as last published.
    pub(crate) fn facts(&self) -> MatchFacts {
        // Acquire: a reader that begins after `publish` returned sees it; pairs with the Release
        // stores there. The two words are independent of one another.
        let kickoff = self.kickoff.load(Ordering::Acquire);
        MatchFacts {
            kickoff: (kickoff != NO_KICKOFF).then_some(kickoff),
            lineup_confirmed: self.lineup_confirmed.load(Ordering::Acquire), // Acquire: as above.
        }
    }

    /// Publishes what a context says of its match; the last writer wins.
    pub(crate) fn publish(&self, kickoff: Option<WallNs>, lineup_confirmed: Option<bool>) {
        let mut changed = false;
        if let Some(kickoff) = kickoff.map(|k| k.max(NO_KICKOFF + 1))
            // Relaxed: spares a write that would change nothing.
            && self.kickoff.load(Ordering::Relaxed) != kickoff
        {
            self.kickoff.store(kickoff, Ordering::Release); // Release: pairs with `facts`.
            changed = true;
        }
        if let Some(confirmed) = lineup_confirmed
            // Relaxed: spares a write that would change nothing.
            && self.lineup_confirmed.load(Ordering::Relaxed) != confirmed
        {
            self.lineup_confirmed.store(confirmed, Ordering::Release); // Release: pairs with `facts`.
            changed = true;
        }
        if changed {
            self.touch();
        }
    }

    /// Whether the match, or this market of it, is suspended or closed.
    pub(crate) fn is_suspended(&self, market: Option<MarketId>) -> bool {
        const OPEN: u8 = TradingStatus::Open as u8;
        // Acquire: a compute that starts while suspended sees the flag when it publishes; pairs
        // with the Release in `set_status`.
        self.status.load(Ordering::Acquire) != OPEN
            || market.is_some_and(|m| {
                // Acquire: as above.
                self.market_status[usize::from(m.0)].load(Ordering::Acquire) != OPEN
            })
    }

    /// Sets the status of the match or of one market. Returns how many entries died by it, or
    /// nothing if it was set already.
    pub(crate) fn set_status(
        &self,
        market: Option<MarketId>,
        status: TradingStatus,
        sequence: &Sequence,
    ) -> Option<u64> {
        let classes = self.classes.lock();
        let flag = market.map_or(&self.status, |m| &self.market_status[usize::from(m.0)]);
        // Relaxed: every writer holds the lock.
        if flag.load(Ordering::Relaxed) == status as u8 {
            return None;
        }
        // Release, and before the kill: a result that is stored in spite of the flag was captured
        // before the kill and dies by it; one captured later sees the flag. Pairs with
        // `is_suspended`.
        flag.store(status as u8, Ordering::Release);
        let died = classes.kill(sequence, |entry| market.is_none() || entry.market == market);
        drop(classes);
        self.touch();
        Some(died)
    }

    /// Kills every entry of the match; returns how many lived.
    pub(crate) fn kill_all(&self, sequence: &Sequence) -> u64 {
        let died = self.classes.lock().kill(sequence, |_| true);
        self.touch();
        died
    }

    /// Kills the entries that carry a tag of the event; returns how many lived.
    pub(crate) fn kill_event(&self, event: EventId, sequence: &Sequence) -> u64 {
        let died = self.classes.lock().kill(sequence, |entry| entry.events.contains(&event));
        self.touch();
        died
    }

    /// Expires every entry of the match.
    pub(crate) fn expire_all(&self, sequence: &Sequence) {
        let classes = self.classes.lock();
        let seq = sequence.next();
        classes.entries.iter().for_each(|entry| entry.class.expire(seq));
        drop(classes);
        self.touch();
    }

    /// The tags of a class beyond its market's own. Whoever holds a class keeps it in the table.
    pub(crate) fn tags_of(&self, class: &Arc<Class>) -> Vec<Box<str>> {
        let classes = self.classes.lock();
        let found = classes.entries.iter().find(|entry| Arc::ptr_eq(&entry.class, class));
        found.map_or_else(Vec::new, |entry| entry.tags.to_vec())
    }

    /// The class of entries with this market and these extra tags; created if it is new.
    ///
    /// Taken under the lock that kills hold: a compute whose class a kill did not find had not
    /// started when that kill began.
    pub(crate) fn class(
        &self,
        market: Option<MarketId>,
        tags: &[Box<str>],
        graph: &EventGraph,
        marks: &TagMarks,
    ) -> Arc<Class> {
        let mut classes = self.classes.lock();
        let found = classes.entries.iter().find(|e| e.market == market && *e.tags == *tags);
        if let Some(entry) = found {
            return Arc::clone(&entry.class);
        }
        if classes.entries.len() >= classes.reclaim_at {
            // A class that only this table refers to has no entry and no running compute.
            classes.entries.retain(|entry| Arc::strong_count(&entry.class) > 1);
            classes.reclaim_at = (classes.entries.len() * 2).max(CLASSES_BEFORE_RECLAIM);
        }
        let of_market = market.into_iter().flat_map(|m| graph.market_tags(m));
        let mut names: Vec<&str> = of_market.chain(tags.iter().map(|t| &**t)).collect();
        names.sort_unstable();
        names.dedup();
        let class = Arc::new(Class::new(names.iter().map(|name| mark_of(marks, name))));
        classes.entries.push(ClassEntry {
            market,
            tags: tags.into(),
            events: graph.events_naming(&names).into(),
            class: Arc::clone(&class),
        });
        class
    }
}

impl Classes {
    fn kill(&self, sequence: &Sequence, which: impl Fn(&ClassEntry) -> bool) -> u64 {
        let seq = sequence.next();
        self.entries.iter().filter(|e| which(e)).map(|e| e.class.kill(seq)).sum()
    }
}

fn mark_of(marks: &TagMarks, name: &str) -> Arc<Mark> {
    if let Some(mark) = marks.get(name) {
        return Arc::clone(&mark);
    }
    Arc::clone(&marks.entry(name.into()).or_default())
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
