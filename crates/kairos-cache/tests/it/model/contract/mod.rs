// The contract as a sequential program: one thing at a time, linear scans, integers of nanoseconds.
// Never knows: the engine. What it says was worked out from the contract alone.
// Read next: `reads.rs` for reads, `flights.rs` for computes.

mod breaker;
mod calls;
mod changes;
mod counts;
mod decide;
mod ends;
mod entries;
mod feeds;
mod flights;
mod gate;
mod golden_hour;
mod loads;
mod lots;
mod odds;
mod prices;
mod reads;
mod said;
mod shutdown;

use std::collections::{BTreeMap, VecDeque};

use kairos_cache::{BreakerLevel, Reason, TradingStatus};

use crate::model::answer::{Answer, News, Progress, Told};
use crate::model::operation::{
    FEEDS, KEYS, MARKETS, MATCHES, Named, SECOND, SLOTS, STEP, TAGS, Work,
};
use crate::model::setup::Setup;

use breaker::Breaker;
use calls::{Call, Group};
pub(crate) use changes::Died;
use counts::Counts;
pub(crate) use counts::tolerance;
use entries::{Begun, Entry, Home};
use feeds::Feed;
use flights::{Arrival, By, Flight, Next};
use loads::Pin;
use lots::Lots;
use odds::{Book, Signal};
use prices::{Moves, Prices};
use said::{Class, Covering};

/// Where the wall clock stands when the monotonic one stands at zero.
pub(crate) const START_SECONDS: u64 = 1_900_000_000;

/// One reading of both clocks, in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Instant {
    mono: u64,
    wall: i64,
}

#[derive(Debug, Default)]
struct Match {
    kickoff: Option<i64>,
    lineup: bool,
    status: TradingStatus,
    market_status: [TradingStatus; MARKETS.len()],
    odds: Book,
    prices: Prices,
}

/// A read that has arrived and waits for a compute.
#[derive(Debug)]
struct Waiting {
    key: usize,
    context: Named,
    arrived: u64,
    reason: Reason,
    signal: Signal,
    /// The cap on its TTL by warning and breaker when it arrived.
    cap: u64,
    /// When it takes the old value, and its place among timers of the same instant.
    soft: Option<(u64, u64)>,
}

/// A value on its way in from outside.
#[derive(Debug)]
struct Fill {
    home: Home,
    killed: bool,
    expired: bool,
    began: u64,
    begun: Begun,
}

#[derive(Debug)]
pub(crate) struct Model {
    setup: Setup,
    enabled: bool,
    now: u64,
    wall_ahead: i64,
    matches: [Match; MATCHES],
    feeds: [Feed; FEEDS.len()],
    /// How many silences have been told.
    silences: u64,
    moves: Moves,
    /// What has taken a number, in order.
    coverings: Vec<Covering>,
    /// What is covered by itself, and since which number.
    classes: BTreeMap<Class, usize>,
    entries: [Option<Entry>; KEYS],
    /// Where the dead entry of a key belonged, unless the key itself was invalidated.
    graves: [Option<Home>; KEYS],
    flights: [Flight; KEYS],
    calls: BTreeMap<u64, Call>,
    calls_made: u64,
    groups: BTreeMap<usize, Group>,
    /// Reads that are to look again.
    looks: BTreeMap<usize, By>,
    /// What waits for its turn.
    gate: Vec<Arrival>,
    /// What takes no time: it happens once what is happening now has happened.
    ready: VecDeque<Next>,
    waiting: BTreeMap<usize, Waiting>,
    fills: [Option<Fill>; SLOTS],
    /// How many computes and fills have begun.
    begun: u64,
    /// For each key, the newest of them whose result stands or was found missing.
    stands: [u64; KEYS],
    pins: [Option<Pin>; SLOTS],
    /// How the loader fares with a key, how often it was asked, and until when it is not.
    works: [Work; KEYS],
    loads: [u64; KEYS],
    load_not_before: [u64; KEYS],
    breaker: Breaker,
    counts: Counts,
    lots: Lots,
    timers_set: u64,
    closed: bool,
    is_over: bool,
    /// A caller is going away, who had made so much progress by then.
    leaving_since: Option<usize>,
    answers: Vec<Answer>,
    progress: Vec<Progress>,
    told: Vec<Told>,
    offered: Vec<(usize, Option<u64>)>,
    over: Option<u64>,
}

impl Model {
    pub(crate) fn new(setup: &Setup) -> Model {
        Model {
            enabled: setup.enabled,
            setup: setup.clone(),
            now: 0,
            wall_ahead: (START_SECONDS * SECOND).cast_signed(),
            matches: Default::default(),
            feeds: Default::default(),
            silences: 0,
            moves: Moves::default(),
            coverings: Vec::new(),
            classes: known_from_the_start(),
            entries: Default::default(),
            graves: Default::default(),
            flights: Default::default(),
            calls: BTreeMap::new(),
            calls_made: 0,
            groups: BTreeMap::new(),
            looks: BTreeMap::new(),
            gate: Vec::new(),
            ready: VecDeque::new(),
            waiting: BTreeMap::new(),
            fills: Default::default(),
            begun: 0,
            stands: [0; KEYS],
            pins: Default::default(),
            works: [Work::USUAL; KEYS],
            loads: [0; KEYS],
            load_not_before: [0; KEYS],
            breaker: Breaker::new(),
            counts: Counts::default(),
            lots: Lots::new(setup.seed),
            timers_set: 0,
            closed: false,
            is_over: false,
            leaving_since: None,
            answers: Vec::new(),
            progress: Vec::new(),
            told: Vec::new(),
            offered: Vec::new(),
            over: None,
        }
    }

    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    pub(crate) fn wall(&self) -> i64 {
        self.instant().wall
    }

    pub(crate) fn step_wall(&mut self, by: i64) {
        self.wall_ahead += by;
    }

    /// When the next timer is due.
    pub(crate) fn next_timer_at(&self) -> Option<u64> {
        self.next_due().map(|(due, _)| due)
    }

    /// The operations whose reads wait, in order of arrival.
    pub(crate) fn waiting(&self) -> Vec<usize> {
        let mut waiting: Vec<usize> = self.waiting.keys().map(|read| read - read % STEP).collect();
        waiting.dedup();
        waiting
    }

    /// What has finished since the last call.
    pub(crate) fn take_news(&mut self) -> News {
        News {
            answers: std::mem::take(&mut self.answers),
            progress: std::mem::take(&mut self.progress),
            told: std::mem::take(&mut self.told),
            offered: std::mem::take(&mut self.offered),
            evicted: Vec::new(),
            over: self.over.take(),
        }
    }

    /// How many TTLs jitter has shortened since the last call.
    pub(crate) fn take_jittered(&mut self) -> usize {
        std::mem::take(&mut self.lots.jittered)
    }

    pub(crate) fn breaker_level(&self) -> BreakerLevel {
        self.breaker.level(&self.setup)
    }

    pub(crate) fn moves(&self) -> &Moves {
        &self.moves
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Moves time to `target`, through every timer on the way.
    pub(crate) fn advance_to(&mut self, target: u64) {
        while let Some((due, what)) = self.next_due().filter(|(due, _)| *due <= target) {
            self.now = due;
            self.tick();
            self.fire(what);
            self.end_ready();
        }
        self.now = target;
    }

    fn instant(&self) -> Instant {
        Instant { mono: self.now, wall: self.now.cast_signed() + self.wall_ahead }
    }

    fn tick(&mut self) {
        self.breaker.tick(&self.setup, self.now);
    }

    fn next_timer(&mut self) -> u64 {
        self.timers_set += 1;
        self.timers_set
    }

    fn count_read(&mut self, reason: Reason, signal: Signal, took: u64) {
        self.counts.read(reason, signal, took);
        if signal.scored {
            self.breaker.read(signal.status, self.now);
        }
    }
}

/// Each tag is known in the first match, so that the marks of all of them are there from the start.
fn known_from_the_start() -> BTreeMap<Class, usize> {
    (0..TAGS.len()).map(|tag| ((Some(0), None, vec![tag]), 0)).collect()
}
