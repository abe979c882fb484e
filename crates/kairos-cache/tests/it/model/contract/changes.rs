// What comes from outside: invalidation, expiry, status, odds, fills, the switch, configurations.
// Never knows: how reads are decided.
// Read next: `entries.rs`, for what each reaches.

use kairos_cache::{Category, TradingStatus, Volatility};

use crate::model::operation::{MARKETS, Named, Target};
use crate::model::setup::Setup;

use super::ends::shortened;
use super::entries::{Entry, Home, Reach, affected_markets};
use super::odds::may_be_price;
use super::prices::{Beyond, Observed};
use super::{Fill, Model};

/// How many entries died: at least those that were alive, at most those too that were not
/// reclaimed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Died {
    pub(crate) least: u64,
    pub(crate) most: u64,
}

impl Model {
    /// Says whether a live entry died.
    pub(crate) fn invalidate_key(&mut self, key: usize) -> bool {
        self.kill(Reach::Key(key)).least > 0
    }

    pub(crate) fn invalidate_tag(&mut self, tag: usize) {
        self.kill(Reach::Tag(tag));
    }

    pub(crate) fn invalidate_match(&mut self, of: usize) -> Died {
        self.counts.add("full_invalidation", 1.0);
        self.kill(Reach::Match(of))
    }

    pub(crate) fn invalidate_all(&mut self) {
        self.counts.add("full_invalidation", 1.0);
        self.kill(Reach::All);
    }

    /// The affected markets, the percentage saved, and how many died.
    pub(crate) fn invalidate_event(&mut self, of: usize, event: usize) -> (usize, f64, Died) {
        let affected = affected_markets(event);
        let impact = (1000.0 * affected as f64 / MARKETS.len() as f64).round() / 10.0;
        let died = self.kill(Reach::Event { of, event });
        self.counts.add("surgical_invalidation", 1.0);
        self.counts.add("markets_preserved", (MARKETS.len() - affected) as f64);
        self.counts.add("cpu_saved_total", 100.0 - impact);
        self.counts.add("cpu_saved_count", 1.0);
        (affected, 100.0 - impact, died)
    }

    /// What the cache says has died by an event, once it has been found to be possible.
    pub(crate) fn count_died(&mut self, died: u64) {
        self.counts.add("markets_invalidated", died as f64);
    }

    pub(crate) fn expire(&mut self, target: Target) {
        self.tick();
        let reach = match target {
            Target::Key(key) => Reach::Key(key),
            Target::Tag(tag) => Reach::Tag(tag),
            Target::Match(of) => Reach::Match(of),
            Target::All => Reach::All,
        };
        self.expire_reach(reach);
    }

    pub(super) fn expire_reach(&mut self, reach: Reach) {
        self.note(Some(reach), false);
        for entry in self.entries.iter_mut().flatten().filter(|e| reach.covers(&e.home)) {
            entry.expired = true;
        }
        for compute in self.flights.iter_mut().filter_map(|flight| flight.current.as_mut()) {
            compute.expired |= compute.is_started() && reach.covers(compute.home());
        }
        for fill in self.fills.iter_mut().flatten().filter(|f| reach.covers(&f.home)) {
            fill.expired = true;
        }
    }

    pub(crate) fn set_status(
        &mut self,
        of: usize,
        market: Option<usize>,
        status: TradingStatus,
    ) -> Died {
        self.tick();
        let level = match market {
            Some(market) => &mut self.matches[of].market_status[market],
            None => &mut self.matches[of].status,
        };
        if *level == status {
            self.note(None, false);
            return Died { least: 0, most: 0 };
        }
        *level = status;
        self.kill(market.map_or(Reach::Match(of), |market| Reach::Market { of, market }))
    }

    /// Nothing if the observation is refused.
    pub(crate) fn observe(
        &mut self,
        of: usize,
        feed: usize,
        price: (usize, f64),
        at: i64,
    ) -> Option<Volatility> {
        self.observe_many(of, feed, &[price], at)[0]
    }

    /// Prices that are a move at most; nothing for each that is refused.
    pub(crate) fn observe_many(
        &mut self,
        of: usize,
        feed: usize,
        prices: &[(usize, f64)],
        at: i64,
    ) -> Vec<Option<Volatility>> {
        self.tick();
        let (now, feed) = (self.instant(), self.feed(feed));
        let odds = &mut self.matches[of].odds;
        let (mut statuses, mut observed) = (Vec::new(), Vec::new());
        for &(priced, price) in prices {
            let status = odds.observe(&self.setup, priced, price, at, now);
            statuses.push(status);
            observed.push((
                priced,
                match status {
                    Some(_) => Observed::Accepted(price),
                    None if may_be_price(price, at, now) => Observed::Doubtful,
                    None => Observed::Refused,
                },
            ));
        }
        self.take_in(of, feed, &observed);
        statuses
    }

    pub(crate) fn begin(&mut self, slot: usize, key: usize, context: &Named) {
        self.tick();
        self.publish(context);
        let home = Home::new(key, context);
        self.know(&home);
        self.begun += 1;
        let begun = self.begun_now(home.in_match);
        let (killed, expired) = (false, false);
        self.fills[slot] = Some(Fill { home, killed, expired, began: self.begun, begun });
    }

    /// Says whether the value was stored.
    pub(crate) fn insert(&mut self, slot: usize, value: u64) -> bool {
        self.tick();
        let fill = self.fills[slot].take().expect("it has begun");
        let (zone, ttl) = self.zone_and_ttl(&fill.home);
        let factor = self.lots.jitter(&self.setup, fill.home.key, self.now);
        let fixed = (zone, shortened(ttl, factor));
        let suspended = self.is_suspended(fill.home.place());
        let last = fill.began >= self.stands[fill.home.key];
        let Fill { home, expired, began, killed, begun } = fill;
        let (key, computed, value) = (home.key, (self.now, self.wall()), Some(value));
        let entry = Entry::new(value, home, computed, begun, fixed, expired);
        let past = self.is_past_kickoff(&entry, self.instant());
        let stored = self.enabled && !killed && !suspended && fixed.1 > 0 && last && !past;
        if stored {
            self.stands[key] = began;
            self.store(key, Some(Entry { factor, ..entry }));
        }
        stored
    }

    /// The entry of a key has had to make room; says whether there was a live one.
    pub(crate) fn evict(&mut self, key: usize) -> bool {
        let lived = self.find(key, None, u64::MAX).is_some();
        self.store(key, None);
        lived
    }

    pub(crate) fn switch(&mut self, on: bool) {
        self.tick();
        self.enabled = on;
    }

    pub(crate) fn reload(&mut self, setup: &Setup) {
        self.tick();
        let drift = |setup: &Setup| (setup.soft, setup.hard, setup.measure, setup.dry_run);
        let is_other_drift = drift(setup) != drift(&self.setup);
        self.setup = setup.clone();
        for of in (0..self.matches.len()).filter(|_| is_other_drift) {
            if self.matches[of].prices.has_any() {
                self.mark(of, Beyond::BOTH);
            }
        }
        self.open_gate();
        self.end_ready();
    }

    pub(crate) fn reset(&mut self, category: Option<Category>) {
        self.counts.reset(category);
    }

    /// Kills what lives, and covers what is under way. What is killed by key, match, event or
    /// status is gone; by tag or all it may linger.
    pub(super) fn kill(&mut self, reach: Reach) -> Died {
        self.tick();
        self.note(Some(reach), true);
        let lingers = matches!(reach, Reach::Tag(_) | Reach::All);
        let mut died = Died { least: 0, most: 0 };
        for key in 0..self.entries.len() {
            let covered = self.entries[key].as_ref().is_some_and(|e| reach.covers(&e.home));
            if !covered {
                continue;
            }
            died.least += u64::from(self.find(key, None, u64::MAX).is_some());
            died.most += 1;
            self.graves[key] = self.entries[key].as_ref().map(|entry| entry.home.clone());
            match &mut self.entries[key] {
                Some(entry) if lingers => entry.corpse = true,
                entry => *entry = None,
            }
        }
        if let Reach::Key(key) = reach {
            self.graves[key] = None;
        }
        for compute in self.flights.iter_mut().filter_map(|flight| flight.current.as_mut()) {
            compute.killed |= compute.is_started() && reach.covers(compute.home());
        }
        for fill in self.fills.iter_mut().flatten().filter(|f| reach.covers(&f.home)) {
            fill.killed = true;
        }
        died
    }
}
