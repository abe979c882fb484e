//! A running compute's end: what it found becomes an entry, or does not, and the key is free.
//! Never knows: how a compute came to run, or how a read decided that it needs one.
//! Read next: `generation.rs` for what may be stored, `launch.rs` for how a compute begins.

use std::sync::Arc;

use crate::contain::{caught, shielded};
use crate::engine::{Engine, rules_view};
use crate::error::Error;
use crate::flight::job::{Done, Found, Home, KeyFlight};
use crate::flight::turn::Turn;
use crate::flight::{Kind, Run};
use crate::policy::freshness::{EntryView, shortened};
use crate::policy::golden_hour::{Zone, ZoneTtl};
use crate::policy::{MonoNs, Now};
use crate::receipt::Computed;
use crate::runtime::Task;
use crate::stats::notices::Notice;
use crate::store::entry::Entry;
use crate::store::weight::weigh;
use crate::sync::AtomicU64;
use crate::to_key::{Key, Value};
use crate::truth::generation::Capture;
use crate::truth::slot::Held;
use crate::truth::{self, KeyMarks};

impl<K: Key, V: Value> Engine<K, V> {
    /// Counts a failed compute, and puts off the next refresh of a value that can still be served,
    /// or the loader's next try for a key that has none.
    pub(crate) fn compute_failed(&self, key: &K, kind: Kind, now: Now) {
        self.stats.compute_failed(kind);
        shielded(|| self.put_off(key, now));
    }

    fn put_off(&self, key: &K, now: Now) {
        let rules = self.rules();
        let until = now.mono.saturating_add(rules.throttle_ns);
        let servable = self.inspect(key, None, |slot, held| {
            let facts = held.entry.place.facts();
            let servable = rules.read.servable(&rules_view(slot, held), facts, now);
            if servable {
                held.entry.put_off_refresh(until);
            }
            servable
        });
        match &self.loader {
            Some(loader) if servable != Some(true) => {
                loader.put_off(key, now.mono, until, self.rules().bounds.flights);
            }
            _ => {}
        }
    }

    fn compute_succeeded(&self, key: &K, kind: Kind, stored: Option<Zone>) {
        self.stats.compute_succeeded(kind, stored);
        if let Some(loader) = &self.loader {
            shielded(|| loader.succeeded(key));
        }
    }

    /// Tells subscribers of a refresh that failed.
    pub(crate) fn tell_failure(&self, key: &K, kind: Kind, error: &Error) {
        if kind == Kind::Refresh {
            self.notices.tell(|| Notice::RefreshFailed { key: key.clone(), error: error.clone() });
        }
    }

    /// Stores a result unless something forbids it; says whether it did. Called under the flight's
    /// lock, which serialises the writers of a key. What it displaces is dropped when the caller
    /// has left the lock and releases it; the result itself is the caller's to drop.
    pub(crate) fn store_result(
        &self,
        key: &K,
        result: &Fresh<V>,
        home: &Home,
        capture: &Capture,
        marks: KeyMarks,
    ) -> bool {
        if !self.is_enabled() || result.rules_view.at_insert.ttl_ns == 0 {
            return false;
        }
        let entry = Arc::new(Entry {
            weight: result.weight,
            value: result.value.clone(),
            rules_view: result.rules_view,
            place: home.place.clone(),
            refresh_not_before: AtomicU64::new(0),
        });
        let held = Held { entry, capture: capture.clone() };
        truth::publish(&self.store.shelf(key), held, marks, || home.place.is_barred())
    }

    /// What a value weighs. Not to be called under a lock.
    pub(crate) fn weight(&self, key: &K, value: &V) -> u32 {
        weigh(self.weigher.as_ref(), key, Some(value))
    }
}

/// A result that has just been found.
pub(crate) struct Fresh<V> {
    /// Nothing, where it is known that there is nothing.
    pub(crate) value: Option<Arc<V>>,
    pub(crate) rules_view: EntryView,
    pub(crate) weight: u32,
}

impl<V> Fresh<V> {
    /// A value found at `now`, its TTL not yet shortened, not yet weighed.
    pub(crate) fn value(value: Arc<V>, now: Now, at_insert: ZoneTtl, compute_ns: u64) -> Fresh<V> {
        let rules_view = EntryView {
            stored_at: now.mono,
            stored_wall: now.wall,
            at_insert,
            expired: false,
            ttl_factor: 1.0,
            ttl_limit_ns: u64::MAX,
            compute_ns,
        };
        Fresh { value: Some(value), rules_view, weight: 1 }
    }

    /// The same with the share of its TTL that jitter leaves.
    pub(crate) fn with_jitter(mut self, factor: f64) -> Fresh<V> {
        let at_insert = &mut self.rules_view.at_insert;
        at_insert.ttl_ns = shortened(at_insert.ttl_ns, factor);
        self.rules_view.ttl_factor = factor;
        self
    }

    /// That there is nothing, to be remembered for at most `limit_ns`.
    fn nothing(now: Now, at_insert: ZoneTtl, limit_ns: u64) -> Fresh<V> {
        let at_insert = ZoneTtl { ttl_ns: at_insert.ttl_ns.min(limit_ns), ..at_insert };
        let rules_view = EntryView {
            stored_at: now.mono,
            stored_wall: now.wall,
            at_insert,
            expired: false,
            ttl_factor: 1.0,
            ttl_limit_ns: limit_ns,
            compute_ns: 0,
        };
        Fresh { value: None, rules_view, weight: 1 }
    }
}

/// A running compute's task. However it ends, dropping this frees the key.
pub(crate) struct Running<K: Key, V: Value> {
    pub(crate) engine: Arc<Engine<K, V>>,
    pub(crate) key: K,
    pub(crate) flight: Arc<KeyFlight<V>>,
    pub(crate) run: Arc<Run<Done<V>>>,
    pub(crate) kind: Kind,
    pub(crate) home: Home,
    pub(crate) started: MonoNs,
    pub(crate) ended: bool,
    /// Its own; none for one of many that share a task.
    pub(crate) timer: Option<Task>,
    /// Given back before the pending compute of the key asks for its turn: a full queue then has
    /// room for it.
    pub(crate) turn: Option<Turn>,
}

impl<K: Key, V: Value> Running<K, V> {
    pub(crate) fn finish(mut self, found: Found<V>) {
        self.end(Some(found));
    }

    /// Frees the key; `None` for a task that was dropped before its compute finished.
    fn end(&mut self, found: Option<Found<V>>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        if let Some(timer) = self.timer.take() {
            shielded(|| timer.abort());
        }
        shielded(|| self.run.clear_abort());
        let engine = &self.engine;
        let now = engine.now();
        let zone = engine.zone_of(&self.home.place, now);
        let found = self.prepare(found, now, zone);
        let mut failed = None;
        let after = self.flight.finish(&self.run, |capture, marks| {
            let (outcome, zone) = self.conclude(&found, capture, marks, now, zone);
            failed = outcome.as_ref().err().filter(|e| e.is_compute_failure()).cloned();
            Done { outcome, zone, place: Some(self.home.place.clone()) }
        });
        drop(self.turn.take());
        engine.settle(&self.key, &self.flight, after);
        if let Some(error) = failed {
            shielded(|| engine.tell_failure(&self.key, self.kind, &error));
        }
        shielded(|| drop(found));
        engine.store.displaced.release();
        engine.sweep_if_full();
    }

    /// What was found, made ready to be stored: what calls the user's code is done here, before
    /// the flight's lock is taken.
    fn prepare(&self, found: Option<Found<V>>, now: Now, zone: ZoneTtl) -> Result<Fresh<V>, Error> {
        let engine = &self.engine;
        match found.unwrap_or(Err(Error::Aborted))? {
            Computed::None => Ok(Fresh::nothing(now, zone, engine.rules().negative_ttl_ns)),
            Computed::Value(value) => {
                let weight = engine.weight(&self.key, &value);
                let took = now.mono.saturating_sub(self.started);
                let fresh = Fresh::value(Arc::new(value), now, zone, took);
                Ok(Fresh { weight, ..fresh.with_jitter(engine.jitter()) })
            }
        }
    }

    /// Stores what was found, and counts what became of it. Called under the flight's lock, and
    /// panics for nothing.
    fn conclude(
        &self,
        found: &Result<Fresh<V>, Error>,
        capture: &Capture,
        marks: KeyMarks,
        now: Now,
        zone: ZoneTtl,
    ) -> (Result<Arc<V>, Error>, ZoneTtl) {
        let (engine, key, kind) = (&self.engine, &self.key, self.kind);
        let stored = found.as_ref().map_err(Error::clone).and_then(|fresh| {
            let store = || {
                let stored = engine.store_result(key, fresh, &self.home, capture, marks);
                if fresh.value.is_none() && !stored {
                    engine.remove_entry(key);
                }
                (fresh, stored)
            };
            caught(store)
        });
        match stored {
            Err(error) => {
                if error.is_compute_failure() {
                    engine.compute_failed(key, kind, now);
                }
                (Err(error), zone)
            }
            Ok((fresh, stored)) => match &fresh.value {
                None => {
                    engine.compute_succeeded(key, kind, None);
                    (Err(Error::Nothing), zone)
                }
                Some(value) => {
                    let zone = fresh.rules_view.at_insert;
                    engine.compute_succeeded(key, kind, stored.then_some(zone.zone));
                    (Ok(Arc::clone(value)), zone)
                }
            },
        }
    }
}

impl<K: Key, V: Value> Drop for Running<K, V> {
    fn drop(&mut self) {
        shielded(|| self.end(None));
    }
}
