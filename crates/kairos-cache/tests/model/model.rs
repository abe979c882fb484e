//! The contract as a sequential program: one thing at a time, linear scans, integers of nanoseconds.
//! Never knows: the engine. What it says was worked out from the contract alone.
//! Read next: `model/decide.rs` for a read's decision, `model/flights.rs` for computes.

mod breaker;
mod changes;
mod counts;
mod decide;
mod entries;
mod flights;
mod golden_hour;
mod odds;

use std::collections::{BTreeMap, VecDeque};

use kairos_cache::{BreakerLevel, Reason, Source, TradingStatus};

use crate::answer::{Answer, OfValue, Outcome, Progress, Receipt};
use crate::operation::{KEYS, MARKETS, MATCHES, Named, SECOND, SLOTS, Work};
use crate::setup::Setup;

use breaker::Breaker;
pub(crate) use changes::Died;
use counts::Counts;
pub(crate) use counts::tolerance;
use entries::{Entry, Home};
use flights::{Flight, Next};
use odds::{Book, Signal};

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
}

/// A read that has arrived and waits for a compute.
#[derive(Debug)]
struct Waiting {
    key: usize,
    context: Named,
    arrived: u64,
    reason: Reason,
    signal: Signal,
    /// The cap on its TTL when it arrived.
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
}

#[derive(Debug)]
pub(crate) struct Model {
    setup: Setup,
    enabled: bool,
    now: u64,
    wall_ahead: i64,
    matches: [Match; MATCHES],
    entries: [Option<Entry>; KEYS],
    flights: [Flight; KEYS],
    /// Keys whose compute waits for its turn.
    gate: Vec<usize>,
    /// What takes no time: it happens once what is happening now has happened.
    ready: VecDeque<Next>,
    waiting: BTreeMap<usize, Waiting>,
    fills: [Option<Fill>; SLOTS],
    breaker: Breaker,
    counts: Counts,
    timers_set: u64,
    answers: Vec<Answer>,
    progress: Vec<Progress>,
}

impl Model {
    pub(crate) fn new(setup: &Setup) -> Model {
        Model {
            enabled: setup.enabled,
            setup: setup.clone(),
            now: 0,
            wall_ahead: (START_SECONDS * SECOND).cast_signed(),
            matches: Default::default(),
            entries: Default::default(),
            flights: Default::default(),
            gate: Vec::new(),
            ready: VecDeque::new(),
            waiting: BTreeMap::new(),
            fills: Default::default(),
            breaker: Breaker::new(),
            counts: Counts::default(),
            timers_set: 0,
            answers: Vec::new(),
            progress: Vec::new(),
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

    /// The reads that wait, in order of arrival.
    pub(crate) fn waiting(&self) -> Vec<usize> {
        self.waiting.keys().copied().collect()
    }

    /// What has finished since the last call.
    pub(crate) fn take_news(&mut self) -> (Vec<Answer>, Vec<Progress>) {
        (std::mem::take(&mut self.answers), std::mem::take(&mut self.progress))
    }

    pub(crate) fn breaker_level(&self) -> BreakerLevel {
        self.breaker.level(&self.setup)
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// `get_or_compute`, to its end or to where it waits.
    pub(crate) fn read(&mut self, read: usize, key: usize, context: &Named, work: Work) {
        self.tick();
        self.publish(context);
        self.look(read, key, context, work, self.now);
        self.end_ready();
    }

    /// Decides a read that arrived at that instant, as of now.
    pub(in crate::model) fn look(
        &mut self,
        read: usize,
        key: usize,
        context: &Named,
        work: Work,
        arrived: u64,
    ) {
        let took = self.now - arrived;
        let signal = self.signal(key, context);
        let (reason, found) = self.decide(key, context, signal);
        let answer = |outcome, value, refresh_started, found: &decide::Found| Answer {
            read,
            done: self.now,
            outcome,
            value,
            receipt: Some(found.receipt(reason, signal, refresh_started)),
        };
        match (reason, found) {
            (Reason::Fresh | Reason::StaleIfError, Some(found)) => {
                let answer = answer(found.outcome(), found.value, false, &found);
                self.finish_read(answer, reason, signal, took);
            }
            (Reason::Stale, Some(found)) => {
                let refreshes = self.may_refresh(key);
                let answer = answer(found.outcome(), found.value, refreshes, &found);
                self.finish_read(answer, reason, signal, took);
                if refreshes {
                    self.refresh(read, key, context, work);
                }
            }
            _ => {
                let soft = (reason == Reason::TooStale && self.setup.soft_timeout > 0)
                    .then(|| (arrived + self.setup.soft_timeout, self.next_timer()));
                let context = context.clone();
                let cap = self.breaker.cap(&self.setup, signal.status);
                let waiting = Waiting { key, context, arrived, reason, signal, cap, soft };
                self.waiting.insert(read, waiting);
                self.join(read, work);
                // One that looks again may have waited for long enough, unless it was turned away.
                let still_waits = self.waiting.contains_key(&read);
                if still_waits && soft.is_some_and(|(at, _)| at <= self.now) {
                    self.soft_timeout(read);
                }
            }
        }
    }

    /// `get`, and a read through a pin; `peek` where nothing is counted.
    pub(crate) fn get(&mut self, key: usize, counted: bool) -> Option<(u64, Receipt)> {
        self.tick();
        let context = Named::default();
        let signal = self.signal(key, &context);
        let (reason, found) = self.decide(key, &context, signal);
        let found = found.filter(|_| matches!(reason, Reason::Fresh | Reason::Stale))?;
        let value = found.value?;
        if counted {
            self.count_read(reason, signal, 0);
        }
        Some((value, found.receipt(reason, signal, false)))
    }

    /// The caller of a read goes away. By itself that is nothing that happens to the cache.
    pub(crate) fn cancel(&mut self, read: usize) {
        let waiting = self.waiting.remove(&read).expect("only reads that wait are cancelled");
        let outcome = Outcome::Cancelled;
        self.answers.push(Answer { read, done: self.now, outcome, value: None, receipt: None });
        self.leave(read, waiting.key);
        self.end_ready();
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

    /// Moves time from timer to timer until none is left.
    pub(crate) fn run_to_end(&mut self) {
        while let Some((due, _)) = self.next_due() {
            self.advance_to(due);
        }
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

    /// Kickoff and line-up belong to the match: the last writer wins.
    fn publish(&mut self, context: &Named) {
        let wall = self.instant().wall;
        let Some(of) = context.in_match else { return };
        if let Some(ahead) = context.kickoff_in {
            self.matches[of].kickoff = Some(wall + ahead);
        }
        if let Some(lineup) = context.lineup {
            self.matches[of].lineup = lineup;
        }
    }

    fn finish_read(&mut self, answer: Answer, reason: Reason, signal: Signal, took: u64) {
        self.answers.push(answer);
        self.count_read(reason, signal, took);
    }

    fn count_read(&mut self, reason: Reason, signal: Signal, took: u64) {
        self.counts.read(reason, signal, took);
        if signal.scored {
            self.breaker.read(signal.status, self.now);
        }
    }
}

/// The receipt of an answer that a compute gave.
fn computed(reason: Reason, signal: Signal, of_value: Option<OfValue>) -> Receipt {
    Receipt {
        strategy: reason.strategy(),
        source: Source::Computed,
        reason,
        volatility: signal.status,
        z: signal.z,
        refresh_started: false,
        of_value,
    }
}
