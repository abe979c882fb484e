//! A running compute's end: what it found becomes an entry, or does not, and the key is free.
//! Never knows: how a compute came to run, or how a read decided that it needs one.
//! Read next: `generation.rs` for what may be stored, `launch.rs` for how a compute begins.

use std::hash::Hash;
use std::sync::Arc;

use crate::engine::Engine;
use crate::entry::Entry;
use crate::error::Error;
use crate::flight::{KeyMarks, Kind, Run};
use crate::gate::Pass;
use crate::generation::Capture;
use crate::job::{Done, Found, Home, KeyFlight};
use crate::notices::Notice;
use crate::permits::Permit;
use crate::policy::freshness::{EntryView, shortened};
use crate::policy::golden_hour::{Zone, ZoneTtl};
use crate::policy::{MonoNs, Now};
use crate::receipt::Computed;
use crate::runtime::Task;
use crate::slot::{Held, Replaced, Slot};
use crate::sync::AtomicU64;
use crate::weight::weigh;

impl<K, V> Engine<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Counts a failed compute, and puts off the next refresh of a value that can still be served,
    /// or the loader's next try for a key that has none.
    pub(crate) fn compute_failed(&self, key: &K, kind: Kind, now: Now) {
        self.stats.compute_failed(kind);
        let rules = self.rules();
        let until = now.mono.saturating_add(rules.throttle_ns);
        let view = self.view(key, None).filter(|view| {
            rules.read.servable(&view.rules_view(), view.entry().place.facts(), now)
        });
        match (view, &self.loader) {
            (Some(view), _) => view.entry().put_off_refresh(until),
            (None, Some(loader)) => loader.put_off(key, now.mono, until),
            (None, None) => {}
        }
    }

    fn compute_succeeded(&self, key: &K, kind: Kind, stored: Option<Zone>) {
        self.stats.compute_succeeded(kind, stored);
        if let Some(loader) = &self.loader {
            loader.succeeded(key);
        }
    }

    /// Tells subscribers of a refresh that failed.
    pub(crate) fn tell_failure(&self, key: &K, kind: Kind, error: &Error) {
        if kind == Kind::Refresh {
            self.notices.tell(|| Notice::RefreshFailed { key: key.clone(), error: error.clone() });
        }
    }

    /// Stores a result unless something forbids it; says whether it did. Called under the flight's
    /// lock, which serialises the writers of a key.
    pub(crate) fn store_result(
        &self,
        key: &K,
        result: Fresh<V>,
        home: &Home,
        capture: &Capture,
        marks: KeyMarks,
    ) -> bool {
        let may_store = self.is_enabled()
            && result.rules_view.at_insert.ttl_ns > 0
            // The flag is looked at before the entry is admitted: see `ScopeState::set_status`.
            && !home.place.is_suspended()
            && marks.killed <= capture.seq();
        if !may_store {
            return false;
        }
        let weight = weigh(self.weigher.as_ref(), key, result.value.as_deref());
        let mut rules_view = result.rules_view;
        if home.place.is_overflow() {
            // Another match's kickoff may be what its zone goes by: its own could be unknown.
            let limit_ns = self.rules().read.freshness.golden_hour.default_ttl_ns;
            rules_view = rules_view.limited_to(limit_ns);
        }
        let entry = Arc::new(Entry {
            weight,
            value: result.value,
            rules_view,
            place: home.place.clone(),
            refresh_not_before: AtomicU64::new(0),
        });
        let held = Held { entry, capture: capture.clone() };
        let slot = self.store.get(key);
        let before = slot.as_ref().and_then(|slot| self.weight_of(slot));
        let slot = match slot.map(|slot| (slot.replace(held.clone()), slot)) {
            Some((Replaced::Yes, slot)) => {
                if before.is_some_and(|before| before != weight) {
                    self.store.reweigh(key.clone(), Arc::clone(&slot));
                }
                slot
            }
            Some((Replaced::Covered, _)) => return false,
            Some((Replaced::Dead, _)) | None => {
                let Some(slot) = Slot::with_entry(held).map(Arc::new) else { return false };
                self.store.insert(key.clone(), Arc::clone(&slot));
                slot
            }
        };
        if marks.expired > capture.seq() {
            slot.expire(marks.expired);
        }
        true
    }
}

impl<K, V> Engine<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// What a slot was weighed with; nothing where entries are not weighed.
    fn weight_of(&self, slot: &Slot<Entry<V>>) -> Option<u32> {
        self.weigher.as_ref()?;
        slot.read().map(|(_, held)| held.entry.weight)
    }
}

/// A result that has just been found.
pub(crate) struct Fresh<V> {
    /// Nothing, where it is known that there is nothing.
    pub(crate) value: Option<Arc<V>>,
    pub(crate) rules_view: EntryView,
}

impl<V> Fresh<V> {
    /// A value found at `now`, its TTL not yet shortened.
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
        Fresh { value: Some(value), rules_view }
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
        Fresh { value: None, rules_view }
    }
}

/// A running compute's task. However it ends, dropping this frees the key.
pub(crate) struct Running<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
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
    pub(crate) permits: Option<(Pass, Option<Permit>)>,
}

impl<K, V> Running<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    pub(crate) fn finish(mut self, found: Found<V>) {
        self.end(Some(found));
    }

    /// Frees the key; `None` for a task that was dropped before its compute finished.
    fn end(&mut self, found: Option<Found<V>>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        if let Some(timer) = self.timer.take() {
            timer.abort();
        }
        self.run.clear_abort();
        let engine = &self.engine;
        let now = engine.now();
        let zone = engine.zone_of(&self.home.place, now);
        let mut failed = None;
        let after = self.flight.finish(&self.run, |capture, marks| {
            let done = self.conclude(found, capture, marks, now, zone);
            failed = done.outcome.as_ref().err().filter(|e| e.is_compute_failure()).cloned();
            done
        });
        if let Some(error) = failed {
            engine.tell_failure(&self.key, self.kind, &error);
        }
        drop(self.permits.take());
        engine.settle(&self.key, &self.flight, after);
        engine.sweep_if_full();
    }

    fn conclude(
        &self,
        found: Option<Found<V>>,
        capture: &Capture,
        marks: KeyMarks,
        now: Now,
        zone: ZoneTtl,
    ) -> Done<V> {
        let (engine, kind) = (&self.engine, self.kind);
        match found {
            None => Done { outcome: Err(Error::Aborted), zone },
            Some(Err(error)) => {
                engine.compute_failed(&self.key, kind, now);
                Done { outcome: Err(error), zone }
            }
            Some(Ok(Computed::None)) => {
                let limit_ns = engine.rules().negative_ttl_ns;
                let remembered = limit_ns > 0 && {
                    let nothing = Fresh::nothing(now, zone, limit_ns);
                    engine.store_result(&self.key, nothing, &self.home, capture, marks)
                };
                if !remembered {
                    engine.remove_entry(&self.key);
                }
                engine.compute_succeeded(&self.key, kind, None);
                Done { outcome: Err(Error::Nothing), zone }
            }
            Some(Ok(Computed::Value(value))) => {
                let value = Arc::new(value);
                let took = now.mono.saturating_sub(self.started);
                let fresh =
                    Fresh::value(Arc::clone(&value), now, zone, took).with_jitter(engine.jitter());
                let zone = fresh.rules_view.at_insert;
                let stored = engine.store_result(&self.key, fresh, &self.home, capture, marks);
                engine.compute_succeeded(&self.key, kind, stored.then_some(zone.zone));
                Done { outcome: Ok(value), zone }
            }
        }
    }
}

impl<K, V> Drop for Running<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn drop(&mut self) {
        self.end(None);
    }
}
