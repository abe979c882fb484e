// Reads that bring no closure, and what the loader does behind them.
// Never knows: how a load fares.
// Read next: `flights.rs`, where a load runs as a refresh.

use kairos_cache::{BreakerLevel, Reason, Volatility};

use crate::model::answer::Receipt;
use crate::model::operation::{Named, Work};

use super::Model;
use super::decide::Found;
use super::entries::Home;
use super::flights::By;

/// What a pin remembers of the entries that it has seen.
#[derive(Debug, Clone)]
pub(super) struct Pin {
    key: usize,
    home: Option<Home>,
}

type Hit = Option<(u64, Receipt)>;

impl Model {
    /// From now on the loader fares so with a key.
    pub(crate) fn source(&mut self, key: usize, work: Work) {
        self.works[key] = work;
    }

    /// `read`, to its end or to where it waits.
    pub(crate) fn load(&mut self, read: usize, key: usize, context: &Named) {
        self.read_by(read, key, context, By::Loader);
    }

    pub(crate) fn peek(&mut self, key: usize) -> Hit {
        self.tick();
        let (reason, found, signal) = self.look_plain(key);
        served(reason, found).map(|(value, found)| (value, found.receipt(reason, signal, false)))
    }

    /// `get`. Whether the home of a dead entry is still known is left open: `has_begun` says
    /// whether the cache has begun a load.
    pub(crate) fn get(&mut self, key: usize, has_begun: bool) -> Hit {
        self.tick();
        let home = self.live_home(key);
        let home = home.or_else(|| self.graves[key].clone().filter(|_| has_begun));
        let hit = self.look_and_load(key, home.as_ref());
        self.end_ready();
        hit
    }

    /// Whether a key is pinned.
    pub(crate) fn pin(&mut self, slot: usize, key: usize) -> bool {
        self.tick();
        let home = self.live_home(key);
        let (reason, found, _) = self.look_plain(key);
        self.load_if_due(key, reason, found.as_ref(), home.as_ref());
        let pinned = served(reason, found).is_some();
        self.pins[slot] = pinned.then_some(Pin { key, home });
        self.end_ready();
        pinned
    }

    /// Whether anything is pinned, and what a read through the pin gives.
    pub(crate) fn read_pin(&mut self, slot: usize) -> (bool, Hit) {
        let Some(Pin { key, home }) = self.pins[slot].clone() else { return (false, None) };
        self.tick();
        let home = self.live_home(key).or(home);
        let hit = self.look_and_load(key, home.as_ref());
        self.pins[slot] = Some(Pin { key, home });
        self.end_ready();
        (true, hit)
    }

    fn look_and_load(&mut self, key: usize, home: Option<&Home>) -> Hit {
        let (reason, found, signal) = self.look_plain(key);
        let loads = self.load_if_due(key, reason, found.as_ref(), home);
        let (value, found) = served(reason, found)?;
        self.count_read(reason, signal, 0);
        Some((value, found.receipt(reason, signal, loads)))
    }

    fn look_plain(&self, key: usize) -> (Reason, Option<Found>, super::Signal) {
        let context = Named::default();
        let signal = self.signal(key, &context);
        let (reason, found) = self.decide(key, &context, signal);
        // Fail-safe answers reads that would wait; these do not wait.
        let reason = if reason == Reason::StaleIfError { Reason::TooStale } else { reason };
        (reason, found, signal)
    }

    fn live_home(&self, key: usize) -> Option<Home> {
        let entry = self.entries[key].as_ref().filter(|entry| !entry.corpse)?;
        Some(entry.home.clone())
    }

    /// Starts the load that a read without a closure calls for; says whether it did.
    fn load_if_due(
        &mut self,
        key: usize,
        reason: Reason,
        found: Option<&Found>,
        home: Option<&Home>,
    ) -> bool {
        let due = self.setup.loader
            && match reason {
                Reason::Fresh => found.is_some_and(|found| self.is_due_early(key, found)),
                Reason::Stale | Reason::TooStale | Reason::Miss => true,
                _ => false,
            };
        let Some(home) = home.filter(|_| due) else { return false };
        let starts = self.load_not_before[key] <= self.now
            && self.may_fill(home)
            && self.may_refresh(key, None);
        if starts {
            self.refresh(0, home.clone(), By::Loader, None);
        }
        starts
    }

    /// Whether a result could be stored, and would be served.
    fn may_fill(&self, home: &Home) -> bool {
        let panics = self.published(home.in_match).status == Volatility::Panic
            && self.breaker.level(&self.setup) == BreakerLevel::Normal;
        let stored = self.enabled && !self.is_suspended(home.place());
        stored && !panics && self.zone_and_ttl(home).1 > 0
    }
}

/// What a read without a closure is served.
fn served(reason: Reason, found: Option<Found>) -> Option<(u64, Found)> {
    let found = found.filter(|_| matches!(reason, Reason::Fresh | Reason::Stale))?;
    Some((found.value?, found))
}
