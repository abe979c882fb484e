//! A running compute's end: what it found becomes an entry, or does not, and the key is free.
//! Never knows: how a compute came to run, or how a read decided that it needs one.
//! Read next: `generation.rs` for what may be stored, `launch.rs` for how a compute begins.

use std::sync::Arc;

use crate::contain::{caught, shielded};
use crate::engine::Engine;
use crate::engine::compute::publish::Fresh;
use crate::error::Error;
use crate::flight::job::{Done, Found, Home, KeyFlight};
use crate::flight::turn::Turn;
use crate::flight::{Kind, Run};
use crate::policy::golden_hour::ZoneTtl;
use crate::policy::{MonoNs, Now};
use crate::receipt::Computed;
use crate::runtime::Task;
use crate::to_key::{Key, Value};
use crate::truth::KeyMarks;
use crate::truth::generation::Capture;

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
