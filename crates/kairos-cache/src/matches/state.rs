// The state of one match: its classes of entries, kickoff and line-up, trading status.
// Never knows: odds, keys, values, the store, or time.
// Read next: `classes.rs` for what it locks, `handle.rs` for the way to it.

use std::fmt;
use std::sync::Arc;

use crate::matches::classes::{Classes, Reach};
use crate::matches::given::Given;
use crate::policy::{EventGraph, EventId, MarketId, MatchFacts, Now, WallNs};
use crate::sync::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Mutex, Ordering};
use crate::truth::{Capture, Class, Mark, Sequence, Version};

/// The trading status of a match or of one of its markets.
///
/// ```
/// use kairos_cache::TradingStatus;
///
/// assert_eq!((TradingStatus::Closed.name(), "open".parse()), ("closed", Ok(TradingStatus::Open)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum TradingStatus {
    /// Trading is open: values may be stored and served.
    #[default]
    Open,
    /// Trading is suspended: every read goes around the cache.
    Suspended,
    /// Trading has ended: every read goes around the cache.
    Closed,
}

impl TradingStatus {
    /// Every status.
    pub const ALL: [TradingStatus; 3] =
        [TradingStatus::Open, TradingStatus::Suspended, TradingStatus::Closed];

    /// Returns the status's name in scenarios, decisions and notices.
    pub const fn name(self) -> &'static str {
        match self {
            TradingStatus::Open => "open",
            TradingStatus::Suspended => "suspended",
            TradingStatus::Closed => "closed",
        }
    }
}

/// `AtomicI64` has no `Option`: this stands for "no kickoff given".
const NO_KICKOFF: i64 = i64::MIN;

/// A match is over this long after its kickoff.
const OVER_AFTER_NS: i64 = 24 * 3600 * 1_000_000_000;

/// What forgetting a match would lose, from the least on. The caller alone holds the match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Loss {
    /// Nothing that decides anything.
    Nothing,
    /// A kickoff that lies ahead.
    Kickoff,
    /// A status that bars storing or serving: the match is not forgotten.
    Bar,
}

/// What is known of a match besides its odds.
pub struct ScopeState {
    name: Box<str>,
    version: Arc<Version>,
    kickoff: AtomicI64,
    lineup_confirmed: AtomicBool,
    /// When the kickoff was given, in the order of [`Given`]. Stored once the change is counted.
    kickoff_order: AtomicU64,
    /// As for the kickoff.
    lineup_order: AtomicU64,
    status: AtomicU8,
    market_status: Box<[AtomicU8]>,
    classes: Mutex<Classes>,
}

impl fmt::Debug for ScopeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ScopeState {
    /// A match of which nothing is known, with a status for each market of the event graph.
    pub fn new(name: &str, markets: usize) -> ScopeState {
        ScopeState {
            name: name.into(),
            version: Arc::default(),
            kickoff: AtomicI64::new(NO_KICKOFF),
            lineup_confirmed: AtomicBool::new(false),
            kickoff_order: AtomicU64::new(0),
            lineup_order: AtomicU64::new(0),
            status: AtomicU8::new(TradingStatus::Open as u8),
            market_status: (0..markets).map(|_| AtomicU8::new(0)).collect(),
            classes: Mutex::new(Classes::new(&Arc::default())),
        }
    }

    /// The same, of a cache that counts all changes here, and covers everything by this mark.
    #[must_use]
    pub fn within(self, all: &Arc<Version>, everything: &Arc<Mark>) -> ScopeState {
        let classes = Mutex::new(Classes::new(everything));
        ScopeState { version: Arc::new(Version::within(all)), classes, ..self }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The count of the changes about the match that could alter a decision.
    pub fn version(&self) -> &Arc<Version> {
        &self.version
    }

    /// Kickoff and line-up as last published.
    pub fn facts(&self) -> MatchFacts {
        // Relaxed: a reader that begins after `publish` returned sees what it stored by that alone,
        // and neither word publishes anything else; pins go by the version.
        // Model: a_remembered_read_after_*.
        let kickoff = self.kickoff.load(Ordering::Relaxed);
        MatchFacts {
            kickoff: (kickoff != NO_KICKOFF).then_some(kickoff),
            lineup_confirmed: self.lineup_confirmed.load(Ordering::Relaxed), // Relaxed: as above.
            // Said of an instant, by the feeds.
            is_watched: false,
        }
    }

    /// Whether to publish these would change nothing: what is published was given later, or is the same.
    /// Two loads.
    #[inline]
    pub fn knows(
        &self,
        kickoff: Option<Given<WallNs>>,
        lineup_confirmed: Option<Given<bool>>,
    ) -> bool {
        !kickoff.is_some_and(|given| newer(given.order, &self.kickoff_order))
            && !lineup_confirmed.is_some_and(|given| newer(given.order, &self.lineup_order))
    }

    /// Publishes kickoff and line-up, each unless one is published that was given later.
    #[inline]
    pub fn publish(&self, kickoff: Option<Given<WallNs>>, lineup_confirmed: Option<Given<bool>>) {
        if !self.knows(kickoff, lineup_confirmed) {
            self.publish_newer(kickoff, lineup_confirmed);
        }
    }

    #[cold]
    #[inline(never)]
    fn publish_newer(&self, kickoff: Option<Given<WallNs>>, lineup_confirmed: Option<Given<bool>>) {
        let _alone = self.classes.lock();
        let kickoff = kickoff.filter(|given| newer(given.order, &self.kickoff_order));
        let lineup = lineup_confirmed.filter(|given| newer(given.order, &self.lineup_order));
        // Relaxed, both words: as in `facts`.
        let moved = kickoff.is_some_and(|given| {
            let kickoff = given.value.max(NO_KICKOFF + 1);
            self.kickoff.swap(kickoff, Ordering::Relaxed) != kickoff
        });
        let confirmed = lineup.is_some_and(|given| {
            self.lineup_confirmed.swap(given.value, Ordering::Relaxed) != given.value // Relaxed: as above.
        });
        if moved || confirmed {
            self.version.touch();
        }
        // Last. Release: publishes the count; pairs with the Acquire in `is_newer`.
        if let Some(given) = kickoff {
            self.kickoff_order.store(given.order, Ordering::Release);
        }
        if let Some(given) = lineup {
            self.lineup_order.store(given.order, Ordering::Release); // Release: as above.
        }
    }

    /// Whether the match, or this market of it, is suspended or closed.
    pub fn is_suspended(&self, market: Option<MarketId>) -> bool {
        const OPEN: u8 = TradingStatus::Open as u8;
        // Acquire: a read that sees the flag computes what came before the change; pairs with the
        // Release in `set_status`. Model: a_read_that_sees_a_suspension_*.
        self.status.load(Ordering::Acquire) != OPEN
            || market.is_some_and(|m| {
                // Acquire: as above.
                self.market_status[usize::from(m.0)].load(Ordering::Acquire) != OPEN
            })
    }

    /// The status of the match as a whole.
    pub fn status(&self) -> TradingStatus {
        const SUSPENDED: u8 = TradingStatus::Suspended as u8;
        const CLOSED: u8 = TradingStatus::Closed as u8;
        // Acquire: as in `is_suspended`.
        match self.status.load(Ordering::Acquire) {
            SUSPENDED => TradingStatus::Suspended,
            CLOSED => TradingStatus::Closed,
            _ => TradingStatus::Open,
        }
    }

    /// Sets the status of the match or of one market. Returns how many entries died by it, or
    /// `None` if the status was set already.
    pub fn set_status(
        &self,
        market: Option<MarketId>,
        status: TradingStatus,
        sequence: &Sequence,
    ) -> Option<u64> {
        let classes = self.classes.lock();
        let flag = market.map_or(&self.status, |m| &self.market_status[usize::from(m.0)]);
        // Before the kill: a result that is stored in spite of the flag was captured before the
        // kill and dies by it; one captured later sees the flag. Release: publishes what the caller
        // did before; pairs with `is_suspended`. An exchange, since loom takes a look before the
        // store for the last access, and tries no reader before it.
        // Model: nothing_is_stored_through_a_suspension_*.
        if flag.swap(status as u8, Ordering::Release) == status as u8 {
            return None;
        }
        let died = classes.kill(sequence, market.map_or(Reach::Match, Reach::Market));
        // Under the lock: a caller that finds the status set already finds the change counted.
        self.version.touch();
        Some(died)
    }

    /// Kills every entry of the match. Returns how many lived.
    pub fn kill_all(&self, sequence: &Sequence) -> u64 {
        let died = self.classes.lock().kill(sequence, Reach::Match);
        self.version.touch();
        died
    }

    /// Kills the entries that carry a tag of the event. Returns how many lived.
    pub fn kill_event(&self, event: EventId, sequence: &Sequence) -> u64 {
        let died = self.classes.lock().kill(sequence, Reach::Event(event));
        self.version.touch();
        died
    }

    /// Expires every entry of the match.
    pub fn expire_all(&self, sequence: &Sequence) {
        self.classes.lock().expire(sequence);
        self.version.touch();
    }

    /// The tags of a class of this market beyond the market's own. A class that is held stays in the
    /// table. O(classes of the market).
    pub(crate) fn tags_of(&self, market: Option<MarketId>, class: &Arc<Class>) -> Vec<Box<str>> {
        self.classes.lock().tags_of(market, class)
    }

    /// The class of entries with this market and these extra tags; created if it is new, from the
    /// marks of its tags.
    ///
    /// Taken under the lock that kills hold: a compute whose class a kill did not find had not
    /// started when that kill began.
    pub fn class(
        &self,
        market: Option<MarketId>,
        tags: &[Box<str>],
        graph: &EventGraph,
        mark: impl FnMut(&str) -> Arc<Mark>,
    ) -> Arc<Class> {
        self.classes.lock().find_or_create(market, tags, graph, mark)
    }

    /// What a compute captured, for a result of this market that carries these extra tags: they include
    /// those of the class that was captured.
    ///
    /// Taken under the lock that kills hold, as [`ScopeState::class`]: a kill since the capture stands
    /// in the class or in the floor that it was made from; a later one ends its generation.
    pub fn recapture(
        &self,
        capture: &Capture,
        market: Option<MarketId>,
        tags: &[Box<str>],
        graph: &EventGraph,
        mark: impl FnMut(&str) -> Arc<Mark>,
    ) -> Capture {
        self.classes.lock().recapture(capture, market, tags, graph, mark)
    }

    /// Forgets the classes without an entry and without a running compute. O(classes).
    pub fn reclaim_classes(&self) {
        self.classes.lock().reclaim();
    }

    /// What would be lost with this match, of which nothing else is held. `odds_are_over` returns
    /// whether no status holds and every window counts as empty.
    pub(crate) fn loss(&self, now: Now, odds_are_over: impl FnOnce() -> bool) -> Loss {
        let kickoff = self.facts().kickoff;
        let is_over = kickoff.is_some_and(|kickoff| is_over(kickoff, now));
        if self.is_barred() {
            // Relaxed: holding it alone has synchronised with every former holder.
            let closed = self.status.load(Ordering::Relaxed) == TradingStatus::Closed as u8;
            return if closed && is_over { Loss::Nothing } else { Loss::Bar };
        }
        match kickoff {
            _ if !odds_are_over() => Loss::Bar,
            None => Loss::Nothing,
            Some(_) if is_over => Loss::Nothing,
            Some(kickoff) if kickoff > now.wall => Loss::Kickoff,
            Some(_) => Loss::Bar,
        }
    }

    /// Whether the match or any market of it is suspended or closed.
    fn is_barred(&self) -> bool {
        const OPEN: u8 = TradingStatus::Open as u8;
        let flags = self.market_status.iter().chain([&self.status]);
        // Relaxed: as in `loss`.
        flags.into_iter().any(|flag| flag.load(Ordering::Relaxed) != OPEN)
    }
}

/// Whether a match is over: a day after its kickoff nothing that was published of it matters.
fn is_over(kickoff: WallNs, now: Now) -> bool {
    now.wall.saturating_sub(kickoff) >= OVER_AFTER_NS
}

/// Whether what was given in this order is newer than what is published.
#[inline]
fn newer(order: u64, published: &AtomicU64) -> bool {
    // Acquire: a caller that finds an order finds the change counted; pairs with the Release in
    // `publish_newer`. Model: a_publisher_with_*.
    order > published.load(Ordering::Acquire)
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
