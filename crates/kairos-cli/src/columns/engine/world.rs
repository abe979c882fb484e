// A cache on virtual time, and what each operation does to it.
// Never decides what a read returns or why: that is the cache's answer.
// Read next: `caller.rs` for a read, `decisions.rs` for what is written.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;
use kairos_cache::{
    self as cache, Cache, Config, EventGraph, Notice, Scope, Sim, Subscription, Volatility,
};

use crate::advice::Observed;
use crate::report::Run;
use crate::scenario::{Get, Mode, Name, Op, OpKind, ReadId, Target};

use super::caller::{self, Callers, Pending};
use super::decisions::{Change, Decisions};
use super::error::{Error, refused};
use super::feeds::Feeds;
use super::quote::{Quote, Starts};
use super::tally::Tally;
use super::wall::time_of;

/// The cache and its surroundings, which exist from the time of the first operation.
pub(super) struct World {
    sim: Sim,
    start_ms: i64,
    /// The time of the newest operation.
    last_ms: i64,
    cache: Cache<Name, Quote>,
    feeds: Feeds,
    /// Tells the scores of panics.
    notices: Subscription<Name>,
    starts: Starts,
    callers: Callers,
    /// The textual ids of the reads so far, so that a cancellation can be checked.
    ids: HashSet<Name, FixedState>,
    reads_started: u64,
    tally: Tally,
    /// Whether every operation so far came from before the time of the report.
    is_before_report: bool,
}

impl World {
    pub(super) fn new(config: &Config, seed: u64, start_ms: i64) -> Result<World, Error> {
        let sim = Sim::new(time_of(start_ms));
        let mut builder = Cache::builder().config(config.clone()).sim(&sim).seed(seed);
        if config.cache.max_weight > 0 {
            builder = builder.weigher(|_, quote: &Quote| quote.length());
        }
        let cache = builder.build().map_err(Error::Config)?;
        Ok(World {
            start_ms,
            last_ms: start_ms,
            notices: cache.subscribe(),
            feeds: Feeds::new(&cache),
            cache,
            starts: Starts::default(),
            callers: Callers::new(&sim),
            sim,
            ids: HashSet::default(),
            reads_started: 0,
            tally: Tally::new(config),
            is_before_report: false,
        })
    }

    pub(super) fn event_graph(&self) -> &EventGraph {
        self.cache.event_graph()
    }

    /// Whether a read had this id.
    pub(super) fn has_read(&self, id: &Name) -> bool {
        self.ids.contains(id)
    }

    /// Runs everything that is due by the operation's time, then the operation, then everything that can run then.
    pub(super) fn apply(&mut self, op: &Op, decisions: &mut Decisions) -> Result<(), Error> {
        if std::mem::take(&mut self.is_before_report) {
            self.tally.begin(op.t_ms, &self.cache);
        }
        self.step(op, decisions)
    }

    fn step(&mut self, op: &Op, decisions: &mut Decisions) -> Result<(), Error> {
        self.last_ms = op.t_ms;
        let since_start = u64::try_from(op.t_ms.saturating_sub(self.start_ms)).unwrap_or(0);
        self.sim.advance_to(Duration::from_millis(since_start));
        self.collect(decisions)?;
        self.act(op, decisions)?;
        self.sim.run_until_idle();
        self.cache.run_pending_tasks();
        self.collect(decisions)
    }

    /// Applies an operation from before the time of the report: a price or a status, of which nothing is written, and
    /// whose refusal is not counted.
    pub(super) fn prepare(&mut self, op: &Op) -> Result<(), Error> {
        self.is_before_report = true;
        self.step(op, &mut Decisions::new(None))
    }

    /// Runs until nothing is left to run, cancels the reads that still wait, and returns the sums as the column `name`.
    pub(super) fn finish(
        mut self,
        name: &str,
        decisions: &mut Decisions,
    ) -> Result<(Run, Observed), Error> {
        self.sim.run_to_end();
        self.collect(decisions)?;
        let now_ms = self.now_ms();
        for pending in self.callers.cancel_all() {
            self.tally.cancelled();
            decisions.cancelled(&pending, now_ms)?;
        }
        let most_running = self.starts.most_running();
        Ok(self.tally.sum_up(name, &self.cache, most_running, self.last_ms))
    }

    fn act(&mut self, op: &Op, decisions: &mut Decisions) -> Result<(), Error> {
        if op.is_row {
            self.feeds.default.heartbeat();
        }
        match &op.kind {
            OpKind::Get(get) => self.read(op.t_ms, get),
            OpKind::Odds { match_id, market, price } => {
                let scope = self.scope(match_id);
                let at = time_of(op.t_ms);
                let observed = match &op.feed {
                    Some(name) => {
                        self.feeds.of(&self.cache, name).observe_odds(&scope, market, *price, at)
                    }
                    None => self.cache.observe_odds(&scope, market, *price, at),
                };
                let status = observed.as_ref().ok().copied();
                self.tally.price(match_id, market, (op.t_ms, *price), status);
                match observed {
                    Ok(Volatility::Panic) => self.hear_scores(),
                    Err(cache::Error::TooManyMatches) => self.tally.over_bound(),
                    // Any other price that is refused is counted by the cache and changes nothing.
                    Ok(_) | Err(_) => {}
                }
            }
            OpKind::Event { match_id, event } => {
                let scope = self.scope(match_id);
                match self.cache.invalidate_event(&scope, event) {
                    Ok(outcome) => decisions.event(op.t_ms, match_id, event, &outcome)?,
                    Err(cache::Error::TooManyMatches) => self.tally.over_bound(),
                    Err(error) => return Err(refused(error)),
                }
            }
            OpKind::Invalidate { target, mode } => {
                let died = self.invalidate(target, *mode);
                let change = Change::invalidate(target, *mode, died);
                decisions.change(op.t_ms, &change)?;
            }
            OpKind::Cancel { id } => {
                // A read that has finished can no longer be cancelled.
                if let Some(pending) = self.callers.cancel(id) {
                    self.tally.cancelled();
                    decisions.cancelled(&pending, op.t_ms)?;
                }
            }
            OpKind::Status { match_id, market, status } => {
                let scope = self.scope(match_id);
                let set = match &op.feed {
                    Some(name) => self.feeds.of(&self.cache, name).set_status(
                        &scope,
                        market.as_deref(),
                        *status,
                    ),
                    None => self.cache.set_status(&scope, market.as_deref(), *status),
                };
                match set {
                    Ok(died) => {
                        let change = Change::status(match_id, market.as_ref(), *status, died);
                        decisions.change(op.t_ms, &change)?;
                    }
                    Err(cache::Error::TooManyMatches) => self.tally.over_bound(),
                    Err(error) => return Err(refused(error)),
                }
            }
            OpKind::Heartbeat if op.is_row => {}
            OpKind::Heartbeat => match &op.feed {
                Some(name) => self.feeds.of(&self.cache, name).heartbeat(),
                None => self.feeds.default.heartbeat(),
            },
            OpKind::Metrics => decisions.metrics(op.t_ms, &self.cache.stats())?,
            OpKind::Reset { category: None } => self.cache.stats_reset(),
            OpKind::Reset { category: Some(category) } => {
                self.cache.reset_category(*category);
            }
        }
        Ok(())
    }

    /// Hands the scores of panics on. The newest notice is never lost, and a price is heard at once.
    fn hear_scores(&mut self) {
        while let Some(notice) = self.notices.try_next() {
            if let Notice::Panic { z, .. } = notice {
                self.tally.panic(z);
            }
        }
    }

    fn read(&mut self, t_ms: i64, get: &Get) {
        let scope = get.match_id.as_ref().map(|name| self.scope(name));
        if let Some(ReadId::Text(name)) = &get.id {
            self.ids.insert(Arc::clone(name));
        }
        let pending = Pending {
            order: self.reads_started,
            id: get.id.clone(),
            t_ms,
            key: Arc::clone(&get.key),
            match_id: get.match_id.clone(),
            market: get.market.clone(),
            kickoff_ms: get.kickoff_ms,
        };
        self.reads_started += 1;
        let context = caller::context(get, scope.as_ref());
        let compute = self.starts.compute(&self.sim, self.start_ms, get);
        self.callers.start(&self.cache, pending, context, compute);
    }

    fn invalidate(&mut self, target: &Target, mode: Mode) -> Option<u64> {
        let cache = self.cache.clone();
        match (target, mode) {
            (Target::Key(key), Mode::Kill) => Some(u64::from(cache.invalidate(key))),
            (Target::Match(name), Mode::Kill) => Some(cache.invalidate_match(&self.scope(name))),
            (Target::Tag(tag), Mode::Kill) => {
                cache.invalidate_tag(tag);
                None
            }
            (Target::All, Mode::Kill) => {
                cache.invalidate_all();
                None
            }
            (Target::Key(key), Mode::Expire) => {
                cache.expire(key);
                Some(0)
            }
            (Target::Match(name), Mode::Expire) => {
                cache.expire_match(&self.scope(name));
                Some(0)
            }
            (Target::Tag(tag), Mode::Expire) => {
                cache.expire_tag(tag);
                Some(0)
            }
            (Target::All, Mode::Expire) => {
                cache.expire_all();
                Some(0)
            }
        }
    }

    /// Hands finished reads to the tally and the decisions.
    fn collect(&mut self, decisions: &mut Decisions) -> Result<(), Error> {
        for (pending, done_ns, answer) in self.callers.finished() {
            let took_ms = i64::try_from(done_ns / 1_000_000).unwrap_or(i64::MAX);
            let done_ms = self.start_ms.saturating_add(took_ms);
            self.tally.answer(&pending, done_ms, &answer);
            decisions.answer(&pending, done_ms, &answer)?;
        }
        Ok(())
    }

    /// The match, resolved anew by each operation: a handle that is kept keeps the match, and those that are over have to
    /// make room.
    fn scope(&self, name: &Name) -> Scope {
        self.cache.scope(name)
    }

    fn now_ms(&self) -> i64 {
        let elapsed = i64::try_from(self.sim.now().as_millis()).unwrap_or(i64::MAX);
        self.start_ms.saturating_add(elapsed)
    }
}
