// Background loads behind reads without a closure: the loader refreshes, and fills again.
// Never knows: how a value is loaded, or what the read is answered.
// Read next: `join.rs`, whose claim a background load takes; `../../flight/loader.rs`, which it runs.
// Why: `docs/decisions/0007-get-fills-only-while-the-slot-is-there.md`.

use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;

use crate::config::Rules;
use crate::context::Context;
use crate::engine::compute::Alone;
use crate::engine::read::reading::{Next, Reading, Request};
use crate::engine::{Engine, Moment};
use crate::flight::{Home, Job, Kind};
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Engine<K, V> {
    /// Whether the reading of a read without a closure calls for the loader. Without a loader this
    /// costs one look at an option.
    pub(super) fn calls_for_load<Q>(&self, key: &Q, reading: &Reading<V>, moment: &Moment) -> bool
    where
        Q: Hash + ?Sized,
    {
        self.loader.is_some()
            && match reading.next(moment) {
                Next::ServeFresh => self.is_due_early(key, reading, moment),
                Next::ServeStale | Next::Compute(Kind::Miss) => true,
                Next::ServeOld | Next::Compute(_) => false,
            }
    }

    /// Starts the load that a read by `get` calls for. Returns whether it was started. The home of
    /// the value is that of the entry in the key's slot, also of a dead one not reclaimed yet.
    pub(super) fn load_behind<Q>(
        self: &Arc<Self>,
        request: &Request<'_, Q>,
        reading: &Reading<V>,
        moment: &Moment,
    ) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let key = request.key;
        if !self.calls_for_load(key, reading, moment) || self.is_computing(key) {
            return false;
        }
        let home = match &reading.view {
            Some(view) => Some(self.home_of(view.held())),
            None => self.last_home(key),
        };
        let Some(home) = home else { return false };
        self.store.key(key).is_some_and(|key| self.load(&key, reading, &home, moment))
    }

    /// Starts a load under the rules of a refresh, if its result could be stored and no panic
    /// would send readers around it. Returns whether it was started.
    pub(super) fn load(
        self: &Arc<Self>,
        key: &K,
        reading: &Reading<V>,
        home: &Home,
        moment: &Moment,
    ) -> bool {
        let Some(loader) = &self.loader else { return false };
        // First, because it costs a reader the least while a load is under way.
        if self.is_computing(key)
            || !loader.may_load(key, reading.now.mono)
            || !self.may_fill(&home.place, moment)
        {
            return false;
        }
        let mut job = |_: &Rules| {
            let work = loader.work(key.clone(), self.background_context(home));
            Job::new(work, home.clone())
        };
        let request = Request::of_stored(key, moment.now);
        self.refresh(&request, reading, moment, &mut job, &mut Alone::default())
    }

    fn is_computing<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
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
