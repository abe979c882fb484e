// A pinned key: remembers its entry and until when nothing can have changed, so that a read is a few loads.
// Never knows: how a decision is made; where the few loads do not suffice it asks for one.
// Read next: `mod.rs`, whose read it shortens; `../../policy/freshness.rs` for the instant.
// Why: `docs/decisions/0007-get-fills-only-while-the-slot-is-there.md`.
// Why: `docs/decisions/0016-draws-by-seed-key-and-instant.md`.

use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;

use crate::engine::find::View;
use crate::engine::read::reading::{Reading, Request};
use crate::engine::{Engine, Moment};
use crate::flight::Home;
use crate::matches::Place;
use crate::policy::{MonoNs, Now, Reason, Signals};
use crate::receipt::Guard;
use crate::runtime::Purpose;
use crate::to_key::{Key, ToKey, Value};
use crate::truth::{Remembered, Stamp, Version};

/// A pinned key: its reads hash nothing and touch no shared structure while the value is fresh.
///
/// Reads through a pin are counted as reads through [`crate::Cache::get`] are, and leave the same
/// work to a [`loader`](crate::Builder::loader). A pin also remembers where the entry that it last
/// saw belonged, and so fills the key again however that entry went.
///
/// ```
/// use kairos_cache::{Cache, Context, Pinned, Reason};
///
/// let cache: Cache<u8, u32> = Cache::builder().build()?;
/// cache.insert(&1, &Context::none(), 10)?;
/// let mut pinned: Pinned<u8, u32> = cache.pin(&1).expect("stored");
/// assert_eq!((*pinned.key(), pinned.get().copied()), (1, Some(10)));
/// assert_eq!(pinned.read().expect("fresh").receipt().reason, Reason::Fresh);
/// cache.invalidate(&1);
/// assert!(pinned.get().is_none());
/// # Ok::<_, kairos_cache::Error>(())
/// ```
pub struct Pinned<K, V> {
    engine: Arc<Engine<K, V>>,
    key: K,
    /// The last reading that was served.
    reading: Remembered<Reading<V>, Place, 3>,
    /// Where the last entry belonged that called for the loader or could not be served.
    home: Option<Home>,
    /// The first instant at which the reading could be another.
    valid_until: MonoNs,
}

/// How a pin came to the reading that it serves.
enum Renewed {
    /// The remembered one holds as of now.
    Held(Now),
    /// It was decided anew.
    Decided { refresh_started: bool },
}

impl<K: Key, V: Value> Pinned<K, V> {
    pub(crate) fn new<Q>(engine: Arc<Engine<K, V>>, key: &Q) -> Option<Pinned<K, V>>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        let mut pinned = Pinned {
            engine,
            key: key.to_key(),
            reading: Remembered::new(),
            home: None,
            valid_until: 0,
        };
        pinned.look();
        pinned.reading.decision().is_some().then_some(pinned)
    }

    /// Returns the value, fresh or stale; `None` where a compute would be needed.
    pub fn get(&mut self) -> Option<&V> {
        self.renew()?;
        self.reading.decision()?.view.as_ref()?.entry().value.as_deref()
    }

    /// Returns the value with its receipt; `None` where a compute would be needed.
    pub fn read(&mut self) -> Option<Guard<V>> {
        let renewed = self.renew()?;
        let reading = self.reading.decision_mut()?;
        let refresh_started = match renewed {
            Renewed::Held(now) => {
                reading.restate(&self.engine.moment_at(now));
                false
            }
            Renewed::Decided { refresh_started } => refresh_started,
        };
        let value = reading.view.as_ref()?.entry().value.clone()?;
        Some(Guard::new(value, reading.receipt(refresh_started)))
    }

    /// Returns the key.
    pub fn key(&self) -> &K {
        &self.key
    }

    /// Brings the remembered reading to the present and counts it, or gives it up.
    fn renew(&mut self) -> Option<Renewed> {
        let now = self.engine.now();
        let holds = now.mono < self.valid_until
            && self.reading.holds(
                |reading| reading.view.as_ref().is_some_and(View::stands),
                |place| self.engine.versions(place),
            );
        let renewed = if holds { Renewed::Held(now) } else { self.look() };
        let reading = self.reading.decision_mut()?;
        if holds {
            reading.now = now;
        }
        let took = || self.engine.clock.now().mono.saturating_sub(now.mono);
        self.engine.stats.read(reading.verdict.reason, reading.signals.signal, took);
        Some(renewed)
    }

    /// Decides anew, and starts the load that the decision calls for.
    fn look(&mut self) -> Renewed {
        let Pinned { engine, key, reading, home, valid_until } = self;
        let (mut refresh_started, mut valid) = (false, 0);
        let vouched_for = reading.decide(
            |place| Stamp::take(engine.versions(place)),
            |last| {
                // Another reading of the clock than the caller's: a step that came between that
                // one and the stamp would be vouched for unseen.
                let moment = engine.moment();
                let reading = engine.reading(&Request::of_stored(&*key, moment.now), &moment);
                refresh_started = load(engine, key, home, last, &reading, &moment);
                let view = reading.view.as_ref()?;
                if reading.verdict.reason == Reason::Fresh {
                    valid = engine.valid_until(key, view, &reading.signals, &moment);
                }
                let place = view.entry().place.clone();
                reading.is_served(&moment).then_some((reading, place))
            },
        );
        *valid_until = if vouched_for { valid } else { 0 };
        Renewed::Decided { refresh_started }
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// The counts of the changes that could alter a decision about an entry of this place, except
    /// those of the entry itself.
    fn versions<'a>(&'a self, place: &'a Place) -> [&'a Version; 3] {
        [self.matches.version(place), self.invalidations.changes(), self.clock.steps()]
    }

    /// The first instant at which a pinned read could be decided otherwise than as fresh, if
    /// nothing of what its stamp vouches for changes.
    fn valid_until(&self, key: &K, view: &View<V>, signals: &Signals, moment: &Moment) -> MonoNs {
        let (rules, entry, place) = (&moment.rules.read, view.rules_view(), &view.entry().place);
        let (facts, _, same_feeds_until) = place.facts_at(moment.now, &moment.rules.odds);
        let cap = rules.cap_ns(signals);
        let fresh = rules.freshness.fresh_until(&entry, facts, moment.now, cap);
        let early = match rules.xfetch {
            Some(xfetch) if self.loader.is_some() => {
                let draw = self.draws.draw(Purpose::EarlyRefresh, key, entry.stored_at);
                xfetch.instant(fresh, entry.compute_ns, draw)
            }
            _ => fresh,
        };
        early.min(place.published(moment.now).1).min(same_feeds_until)
    }
}

/// Starts the load that a pin's reading calls for. Returns whether it was started. `home` is where
/// the last entry belonged, by which an entry that is gone is filled again.
fn load<K: Key, V: Value>(
    engine: &Arc<Engine<K, V>>,
    key: &K,
    home: &mut Option<Home>,
    last: Option<&Reading<V>>,
    reading: &Reading<V>,
    moment: &Moment,
) -> bool {
    if engine.loader.is_none() {
        return false;
    }
    let calls = engine.calls_for_load(key, reading, moment);
    if calls || !reading.is_served(moment) {
        let view = reading.view.as_ref().or_else(|| last?.view.as_ref());
        if let Some(view) = view {
            *home = Some(engine.home_of(view.held()));
        }
    }
    calls && home.as_ref().is_some_and(|home| engine.load(key, reading, home, moment))
}
