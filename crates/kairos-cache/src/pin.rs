//! A pinned key: remembers its entry and until when nothing can have changed, so that a read is a few loads.
//! Never knows: how a decision is made; where the few loads do not suffice it asks for one.
//! Read next: `cache.rs`, whose read it shortens; `policy/freshness.rs` for the instant.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;

use crate::engine::Engine;
use crate::job::Home;
use crate::policy::MonoNs;
use crate::policy::decide::Reason;
use crate::reading::Reading;
use crate::receipt::Hit;
use crate::stamp::Stamp;
use crate::to_key::ToKey;

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
    /// What the reading rests on; nothing if that was not known before it was made.
    stamp: Option<Stamp<3>>,
    /// The first instant at which the reading could be another.
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
        Q: Hash + Eq + ToKey<K> + ?Sized,
    {
        let mut pinned = Pinned {
            engine,
            key: key.to_key(),
            reading: None,
            home: None,
            stamp: None,
            valid_until: 0,
        };
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
            now.mono < self.valid_until
                && view.slot.version() == view.version
                && self.stamp.is_some_and(|s| s.holds(self.engine.versions(&view.entry().place)))
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
    /// refresh. The stamp is taken first: what changes after that is noticed next time.
    fn look(&mut self) -> bool {
        let engine = &self.engine;
        let before = self.reading.as_ref().and_then(|reading| reading.view.as_ref());
        let before = before.map(|view| view.entry().place.clone());
        self.stamp = before.as_ref().map(|place| Stamp::take(engine.versions(place)));
        self.valid_until = 0;
        let now = engine.now();
        let reading = engine.read_stored(self.key.borrow(), now);
        let refresh_started = self.load(&reading);
        self.reading = Some(reading).filter(Reading::is_served);
        let engine = &self.engine;
        let Some(reading) = &self.reading else { return refresh_started };
        let Some(view) = &reading.view else { return refresh_started };
        let entry = view.entry();
        // Another match than before: its version was not read in time, so look again next time.
        let same_place = before.is_some_and(|place| place.is_same(&entry.place));
        if reading.verdict.reason == Reason::Fresh && same_place {
            let rules = engine.rules();
            let signals = &reading.signals;
            let cap = rules.read.cap_ns(signals.signal.status(), signals.level);
            let rules_view = view.rules_view();
            let facts = entry.place.facts();
            let fresh = rules.read.freshness.fresh_until(&rules_view, facts, now, cap);
            let early = engine.early_from(fresh, rules_view.compute_ns);
            self.valid_until = early.min(entry.place.published(now).1);
        }
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
