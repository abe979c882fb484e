//! What the loader does by itself behind reads that bring no closure: it refreshes, and fills again.
//! Never knows: how a value is loaded, or what the read is answered.
//! Read next: `join.rs`, whose claim a background load takes; `loader.rs`, which it runs.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;

use crate::context::Context;
use crate::engine::Engine;
use crate::engine::read::join::Alone;
use crate::engine::read::reading::{NO_PLACE, Reading};
use crate::flight::job::{Home, Job};
use crate::policy::MonoNs;
use crate::policy::decide::Reason;
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Engine<K, V> {
    /// Whether what a read without a closure has found calls for the loader. Costs one look at an
    /// option where there is none.
    pub(crate) fn calls_for_load(&self, reading: &Reading<V>) -> bool {
        self.loader.is_some()
            && match reading.verdict.reason {
                Reason::Fresh => self.is_due_early(reading),
                Reason::Stale | Reason::TooStale | Reason::Miss => true,
                _ => false,
            }
    }

    /// The first instant at which a reading that is fresh until `fresh_until` can call for the
    /// loader.
    pub(crate) fn early_from(&self, fresh_until: MonoNs, compute_ns: u64) -> MonoNs {
        match self.rules().read.xfetch {
            Some(xfetch) if self.loader.is_some() => xfetch.horizon(fresh_until, compute_ns),
            _ => fresh_until,
        }
    }

    /// Starts the load that a read by `get` calls for; says whether it did. The home of the value
    /// is that of the entry in the key's slot, also of a dead one that is not reclaimed yet.
    pub(crate) fn load_stored<Q>(self: &Arc<Self>, key: &Q, reading: &Reading<V>) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if !self.calls_for_load(reading) || self.is_computing(key) {
            return false;
        }
        let home = match &reading.view {
            Some(view) => Some(self.home_of(view.held())),
            None => self.last_home(key),
        };
        let Some(home) = home else { return false };
        self.store.key(key).is_some_and(|key| self.load(&key, reading, &home))
    }

    /// Starts a load under the rules of a refresh, if its result could be stored and no panic
    /// would send readers around it; says whether it did.
    pub(crate) fn load(self: &Arc<Self>, key: &K, reading: &Reading<V>, home: &Home) -> bool {
        let Some(loader) = &self.loader else { return false };
        // Asked first, because it costs a reader the least while a load is under way.
        if self.is_computing(key)
            || !loader.may_load(key, reading.now.mono)
            || !self.may_fill(&home.place, reading.now)
        {
            return false;
        }
        let mut job = || {
            let work = loader.work(key.clone(), self.background_context(home));
            Job { work, home: home.clone() }
        };
        self.refresh(key, &NO_PLACE, reading, &mut job, &mut Alone::default())
    }

    fn is_computing<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.flights.find(key).is_some_and(|flight| flight.is_running())
    }

    /// The context of a load that no reader's context asked for.
    fn background_context(&self, home: &Home) -> Context {
        let place = &home.place;
        Context {
            scope: place.scope.clone(),
            market: place.market.map(|market| self.graph.market_name(market).into()),
            tags: self.matches.tags_of(place, &home.class),
            ..Context::default()
        }
    }
}
