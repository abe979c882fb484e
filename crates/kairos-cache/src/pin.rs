//! A pinned key: remembers its entry and until when nothing can have changed, so that a read is a few loads.
//! Never knows: how a decision is made; where the few loads do not suffice it asks for one.
//! Read next: `cache.rs`, whose read it shortens; `policy/freshness.rs` for the instant.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;

use crate::engine::Engine;
use crate::entry::Place;
use crate::job::Home;
use crate::policy::MonoNs;
use crate::policy::decide::Reason;
use crate::reading::Reading;
use crate::receipt::Hit;

/// A key whose reads hash nothing and touch no shared structure while its value stays fresh.
///
/// Reads through a pin are counted as reads through [`crate::Cache::get`] are, and leave the same
/// work to a [`loader`](crate::Builder::loader). A pin knows besides where the entry that it last
/// saw belonged: however that entry went, the pin fills the key again.
pub struct Pinned<K, V> {
    engine: Arc<Engine<K, V>>,
    key: K,
    reading: Option<Reading<V>>,
    /// Where the last entry belonged that called for the loader or could not be served.
    home: Option<Home>,
    stamp: Stamp,
}

/// What must be unchanged for the remembered reading to be served as fresh again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    slot: u64,
    place: u64,
    everywhere: u64,
    clock_steps: u64,
    /// The first instant at which the decision could be another.
    valid_until: MonoNs,
}

impl<K, V> Pinned<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    pub(crate) fn new<Q>(engine: Arc<Engine<K, V>>, key: &Q) -> Option<Pinned<K, V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let stamp = Stamp { slot: 0, place: 0, everywhere: 0, clock_steps: 0, valid_until: 0 };
        let mut pinned = Pinned { engine, key: key.to_owned(), reading: None, home: None, stamp };
        pinned.look();
        pinned.reading.is_some().then_some(pinned)
    }

    /// The value, fresh or stale; nothing where a compute would be needed.
    pub fn get(&mut self) -> Option<&V> {
        self.renew()?;
        self.reading.as_ref()?.view.as_ref()?.entry().value.as_deref()
    }

    /// The value with its receipt.
    pub fn read(&mut self) -> Option<Hit<V>> {
        let refresh_started = self.renew()?;
        let reading = self.reading.as_mut()?;
        self.engine.restate(reading);
        let value = reading.view.as_ref()?.entry().value.clone()?;
        Some(Hit::new(value, reading.receipt(refresh_started)))
    }

    /// The key.
    pub fn key(&self) -> &K {
        &self.key
    }

    /// Makes the remembered reading that of now, counts it, or gives it up. Says whether that
    /// started a background refresh.
    fn renew(&mut self) -> Option<bool> {
        let now = self.engine.now();
        let remembered = self.reading.as_mut().filter(|reading| {
            let Some(view) = &reading.view else { return false };
            let stamp = &self.stamp;
            now.mono < stamp.valid_until
                && view.slot.version() == stamp.slot
                && view.entry().place.version() == stamp.place
                && self.engine.version() == stamp.everywhere
                && self.engine.clock.steps() == stamp.clock_steps
        });
        let refresh_started = match remembered {
            Some(reading) => {
                reading.now = now;
                false
            }
            None => self.look(),
        };
        let reading = self.reading.as_ref()?;
        let took = || self.engine.clock.now().mono.saturating_sub(now.mono);
        self.engine.stats.read(reading.verdict.reason, reading.signals.signal, took);
        Some(refresh_started)
    }

    /// Decides anew, and leaves to the loader what that calls for; says whether that started a
    /// refresh. The versions are read first: what changes after them is noticed next time.
    fn look(&mut self) -> bool {
        let engine = &self.engine;
        let everywhere = engine.version();
        let clock_steps = engine.clock.steps();
        let place =
            self.reading.as_ref().and_then(|r| r.view.as_ref()).map(|v| v.entry().place.clone());
        let place_version = place.as_ref().map(Place::version);
        let now = engine.now();
        let reading = engine.read_stored(self.key.borrow(), now);
        let refresh_started = self.load(&reading);
        self.reading = Some(reading).filter(Reading::is_served);
        let engine = &self.engine;
        let Some(reading) = &self.reading else { return refresh_started };
        let Some(view) = &reading.view else { return refresh_started };
        let entry = view.entry();
        // Another match than before: its version was not read in time, so look again next time.
        let same_place = match (&place, &entry.place) {
            (Some(before), after) => before.is_same(after),
            (None, _) => false,
        };
        let valid_until = if reading.verdict.reason == Reason::Fresh && same_place {
            let rules = engine.rules();
            let signals = &reading.signals;
            let cap = rules.read.cap_ns(signals.signal.status(), signals.level);
            let rules_view = view.rules_view();
            let facts = entry.place.facts();
            let fresh = rules.read.freshness.fresh_until(&rules_view, facts, now, cap);
            let early = engine.early_from(fresh, rules_view.compute_ns);
            early.min(entry.place.published(now).1)
        } else {
            0
        };
        self.stamp = Stamp {
            slot: view.version,
            place: place_version.unwrap_or(0),
            everywhere,
            clock_steps,
            valid_until,
        };
        refresh_started
    }

    /// Starts the load that a reading calls for; says whether it did.
    fn load(&mut self, reading: &Reading<V>) -> bool {
        if self.engine.loader.is_none() {
            return false;
        }
        let calls = self.engine.calls_for_load(reading);
        if calls || !reading.is_served() {
            let last = || self.reading.as_ref().and_then(|last| last.view.as_ref());
            if let Some(view) = reading.view.as_ref().or_else(last) {
                self.home = Some(self.engine.home_of(view.held()));
            }
        }
        calls && self.home.as_ref().is_some_and(|home| self.engine.load(&self.key, reading, home))
    }
}
