// A pinned key: remembers its entry and until when nothing can have changed, so that a read is a few loads.
// Never knows: how a decision is made; where the few loads do not suffice it asks for one.
// Read next: `vouched.rs` for what must still be so; `mod.rs`, whose read it shortens.
// Why: `docs/decisions/0007-get-fills-only-while-the-slot-is-there.md`.
// Why: `docs/decisions/0016-draws-by-seed-key-and-instant.md`.

use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;

use crate::engine::kept::{Glance, Vouched};
use crate::engine::read::reading::{Reading, Request};
use crate::engine::{Engine, Moment};
use crate::flight::Home;
use crate::policy::{MonoNs, Reason};
use crate::receipt::{Guard, Served};
use crate::stats::Score;
use crate::to_key::{Key, ToKey, Value};
use crate::truth;

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
    hash: u64,
    /// The last reading that was served as fresh, with what vouches for it.
    fresh: Option<Fresh<K, V>>,
    /// The last reading that was served otherwise.
    stale: Option<Reading<V>>,
    /// Where the last entry belonged, if there is a loader to fill its place again.
    home: Option<Home>,
    /// How many reads have been served by the few loads.
    reads: u32,
}

/// A fresh value, with what vouches for it and how reads of it are scored.
type Fresh<K, V> = (Vouched<Glance<K, V>>, Served<V>, Score);

/// moka is told of one in so many reads.
const TOLD: u32 = 64;

impl<K: Key, V: Value> Pinned<K, V> {
    pub(crate) fn new<Q>(engine: Arc<Engine<K, V>>, key: &Q) -> Option<Pinned<K, V>>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        let hash = engine.store.probe(key).hash();
        let (key, reads) = (key.to_key(), 0);
        let mut pinned = Pinned { engine, key, hash, fresh: None, stale: None, home: None, reads };
        pinned.look();
        (pinned.fresh.is_some() || pinned.stale.is_some()).then_some(pinned)
    }

    /// Returns the value, fresh or stale; `None` where a compute would be needed.
    #[inline]
    pub fn get(&mut self) -> Option<&V> {
        if self.holds().is_some() {
            return self.fresh.as_ref().map(|(_, served, _)| &**served.value());
        }
        self.renew()?;
        match (&self.fresh, &self.stale) {
            (Some((_, served, _)), _) => Some(served.value()),
            (None, Some(stale)) => stale.view.as_ref()?.entry().value.as_deref(),
            (None, None) => None,
        }
    }

    /// Returns the value with its receipt; `None` where a compute would be needed.
    pub fn read(&mut self) -> Option<Guard<V>> {
        if let Some(now) = self.holds() {
            let (_, served, _) = self.fresh.as_ref()?;
            return Some(Guard::new(Arc::clone(served.value()), served.receipt_at(now)));
        }
        let refresh_started = self.renew()?;
        match (&self.fresh, &self.stale) {
            (Some((_, served, _)), _) => {
                let mut receipt = *served.receipt();
                receipt.refresh_started = refresh_started;
                Some(Guard::new(Arc::clone(served.value()), receipt))
            }
            (None, Some(stale)) => {
                let value = stale.view.as_ref()?.entry().value.clone()?;
                Some(Guard::new(value, stale.receipt(refresh_started)))
            }
            (None, None) => None,
        }
    }

    /// Returns the key.
    pub fn key(&self) -> &K {
        &self.key
    }

    /// Whether the remembered reading holds; counts the read then, and returns its time.
    #[inline]
    fn holds(&mut self) -> Option<MonoNs> {
        let (vouched, _, score) = self.fresh.as_mut()?;
        let engine = &*self.engine;
        let timing = engine.time_fresh();
        let now = engine.time_of_hit();
        let holds = vouched.is_in_time(now, engine.loader.is_some())
            && vouched.seen.holds(engine.all_changes(), engine.versions(self.hash));
        if !holds {
            return None;
        }
        self.reads = self.reads.wrapping_add(1);
        if self.reads & (TOLD - 1) == 0 {
            engine.store.touch(vouched.seen.sighting().row());
        }
        engine.count_fresh(*score, timing);
        Some(now)
    }

    /// Looks anew and counts the read, or gives the reading up. Returns whether a refresh was started.
    #[cold]
    fn renew(&mut self) -> Option<bool> {
        let arrived = self.engine.now();
        let refresh_started = self.look();
        let engine = &*self.engine;
        match (&self.fresh, &self.stale) {
            (Some((_, _, score)), _) => engine.count_as(Reason::Fresh, *score, arrived),
            (None, Some(stale)) => engine.count(stale, arrived),
            (None, None) => return None,
        }
        Some(refresh_started)
    }

    /// Decides anew, and starts the load that the decision calls for. Returns whether it was started.
    fn look(&mut self) -> bool {
        let Pinned { engine, key, fresh, stale, home, .. } = self;
        let moment = engine.moment();
        let request = Request::of_stored(&*key, moment.now);
        let mut reading = None;
        let glance = truth::Glance::of(engine.all_changes(), || {
            let (sighting, found) = engine.sighted_reading(&request, &moment);
            reading = Some(found);
            sighting.map(|sighting| (sighting, ()))
        });
        let reading = reading.expect("it is looked at once");
        let refresh_started = load(engine, key, home, &reading, &moment);
        (*fresh, *stale) = (None, None);
        if reading.is_served(&moment) {
            *fresh = glance.and_then(|(seen, ())| engine.vouch(&*key, seen, &reading, &moment));
            if fresh.is_none() {
                *stale = Some(reading);
            }
        }
        refresh_started
    }
}

/// Starts the load that a pin's reading calls for. Returns whether it was started. `home` is where
/// the last entry belonged, by which an entry that is gone is filled again.
fn load<K: Key, V: Value>(
    engine: &Arc<Engine<K, V>>,
    key: &K,
    home: &mut Option<Home>,
    reading: &Reading<V>,
    moment: &Moment,
) -> bool {
    if engine.loader.is_none() {
        return false;
    }
    if let Some(view) = &reading.view {
        *home = Some(engine.home_of(view.held()));
    }
    engine.calls_for_load(key, reading, moment)
        && home.as_ref().is_some_and(|home| engine.load(key, reading, home, moment))
}
