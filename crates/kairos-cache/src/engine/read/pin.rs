// A pinned key: remembers its entry and until when nothing can have changed, so that a read is a few loads.
// Never knows: how a decision is made; where the few loads do not suffice it asks for one.
// Read next: `vouched.rs` for what must still be so; `mod.rs`, whose read it shortens.
// Why: `docs/decisions/0007-get-fills-only-while-the-slot-is-there.md`.
// Why: `docs/decisions/0016-draws-by-seed-key-and-instant.md`.

use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;
use kairos_metrics::Counter;

use crate::engine::kept::{Glance, Vouched};
use crate::engine::read::reading::{Reading, Request};
use crate::engine::{Engine, Moment};
use crate::flight::Home;
use crate::policy::{MonoNs, Reason};
use crate::receipt::{Guard, Receipt, Served};
use crate::runtime::Deadline;
use crate::stats::Score;
use crate::store::Probe;
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
    /// What the last reading was served, if that was fresh.
    fresh: Option<Fresh<K, V>>,
    /// The last reading that was served otherwise.
    stale: Option<Reading<V>>,
    key: K,
    hash: u64,
    /// Where the last entry belonged, if there is a loader to fill its place again.
    home: Option<Home>,
}

/// A fresh value, as long as it may be served.
struct Fresh<K, V> {
    vouched: Vouched<Glance<K, V>>,
    served: Served<V>,
    /// At the end of the second at the latest, in which the breaker is to be evaluated anew.
    until: MonoNs,
    /// The same by the published time, if hits go by that.
    deadline: Option<Deadline>,
    score: Score,
    /// Counts reads that are served this.
    count: Counter,
    /// How many reads are served this before moka is told.
    left: u8,
}

/// moka is told of one in so many reads.
const TOLD: u8 = 64;

impl<K: Key, V: Value> Engine<K, V> {
    /// Until when what a pin remembers holds as far as the clock is concerned.
    fn until<S>(&self, vouched: &Vouched<S>, served: &Served<V>) -> MonoNs {
        let due_from = if self.loader.is_some() { served.due_from() } else { MonoNs::MAX };
        vouched.until().min(due_from).min(self.evaluated_until())
    }

    /// Whether what a pin remembers holds as far as the clock is concerned, once the breaker has been
    /// evaluated.
    #[cold]
    fn is_still_in_time(&self, fresh: &mut Fresh<K, V>, now: MonoNs) -> bool {
        if now >= self.evaluated_until() {
            self.begin_second();
        }
        fresh.until = self.until(&fresh.vouched, &fresh.served);
        now < fresh.until
    }

    /// Whether what a pin remembers holds, if a few loads tell and nothing else is to be done; counts the read
    /// then, and returns its time. Runs no code of the user's.
    #[expect(
        clippy::inline_always,
        reason = "as a call it saves registers and makes a time nobody asks for"
    )]
    #[inline(always)]
    fn holds_at_once(&self, fresh: &mut Fresh<K, V>) -> Option<MonoNs> {
        // The time before the counts: a step of the wall clock is counted before a time from beyond it is
        // published.
        let now = fresh.deadline.as_ref()?.is_ahead()?;
        if !fresh.vouched.seen.is_untouched() || !self.stats.passes_fresh_over() {
            return None;
        }
        fresh.count.inc();
        self.tells(fresh);
        Some(now)
    }

    /// Counts a read of what a pin remembers, of which moka may be told.
    #[inline]
    fn tells(&self, fresh: &mut Fresh<K, V>) {
        fresh.left -= 1;
        if fresh.left == 0 {
            self.tell(fresh);
        }
    }

    #[cold]
    #[inline(never)]
    fn tell(&self, fresh: &mut Fresh<K, V>) {
        self.store.touch(fresh.vouched.seen.sighting().row());
        fresh.left = TOLD;
    }

    fn deadline(&self, until: MonoNs) -> Option<Deadline> {
        self.clock.deadline(until, self.is_time_coarse())
    }
}

impl<K: Key, V: Value> Pinned<K, V> {
    pub(crate) fn new<Q>(engine: Arc<Engine<K, V>>, key: &Q) -> Option<Pinned<K, V>>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        let hash = engine.store.probe(key).hash();
        let key = key.to_key();
        let mut pinned = Pinned { engine, fresh: None, stale: None, key, hash, home: None };
        pinned.look();
        (pinned.fresh.is_some() || pinned.stale.is_some()).then_some(pinned)
    }

    /// Returns the value, fresh or stale; `None` where a compute would be needed.
    #[inline]
    pub fn get(&mut self) -> Option<&V> {
        if let Some(fresh) = &mut self.fresh
            && self.engine.holds_at_once(fresh).is_some()
        {
            return self.fresh.as_ref().map(|fresh| &**fresh.served.value());
        }
        self.get_at_length()
    }

    #[inline(never)]
    fn get_at_length(&mut self) -> Option<&V> {
        if self.holds().is_none() {
            self.renew()?;
        }
        match &self.fresh {
            Some(fresh) => Some(fresh.served.value()),
            None => self.stale.as_ref()?.view.as_ref()?.entry().value.as_deref(),
        }
    }

    /// Returns the value with its receipt; `None` where a compute would be needed.
    pub fn read(&mut self) -> Option<Guard<V>> {
        let at_once = self.fresh.as_mut().and_then(|fresh| self.engine.holds_at_once(fresh));
        let held = at_once.or_else(|| self.holds());
        let refresh_started = held.is_none() && self.renew()?;
        if let Some(Fresh { served, .. }) = &self.fresh {
            let receipt = held.map_or(*served.receipt(), |now| served.receipt_at(now));
            let receipt = Receipt { refresh_started, ..receipt };
            return Some(Guard::new(Arc::clone(served.value()), receipt));
        }
        let stale = self.stale.as_ref()?;
        let value = stale.view.as_ref()?.entry().value.clone()?;
        Some(Guard::new(value, stale.receipt(refresh_started)))
    }

    /// Returns the key.
    pub fn key(&self) -> &K {
        &self.key
    }

    /// Whether what is remembered holds; counts the read then, and returns its time.
    #[inline(never)]
    fn holds(&mut self) -> Option<MonoNs> {
        let (engine, fresh) = (&*self.engine, self.fresh.as_mut()?);
        let timed = engine.time_fresh();
        let now = engine.hit_time(timed);
        let holds = (now < fresh.until || engine.is_still_in_time(fresh, now))
            && fresh.vouched.seen.holds(engine.versions(self.hash));
        if !holds {
            return None;
        }
        fresh.count.inc();
        engine.end_timing(timed);
        engine.tells(fresh);
        // After the counts, which count a reload.
        fresh.deadline = engine.deadline(fresh.until);
        Some(now)
    }

    /// Looks anew and counts the read, or gives the reading up. Returns whether a refresh was started.
    #[cold]
    fn renew(&mut self) -> Option<bool> {
        let arrived = self.engine.now();
        let refresh_started = self.look();
        let engine = &*self.engine;
        match (&self.fresh, &self.stale) {
            (Some(fresh), _) => engine.count_as(Reason::Fresh, fresh.score, arrived),
            (None, Some(stale)) => engine.count(stale, arrived),
            (None, None) => return None,
        }
        Some(refresh_started)
    }

    /// Decides anew, and starts the load that the decision calls for. Returns whether it was started.
    fn look(&mut self) -> bool {
        let Pinned { engine, key, hash, fresh, stale, home } = self;
        let (moment, probe) = (engine.moment(), Probe::again(&*key, *hash));
        let request = Request::of_stored(&*key, moment.now);
        let (sighting, reading) = engine.sighted_reading(probe, &request, &moment);
        let refresh_started = load(engine, key, home, &reading, &moment);
        (*fresh, *stale) = (None, None);
        if reading.is_served(&moment) {
            let vouched = sighting.and_then(|seen| {
                let seen = truth::Glance::new(seen, engine.all_changes(), moment.counted.all);
                engine.vouch(&*key, seen, &reading, &moment)
            });
            *fresh = vouched.map(|(vouched, served, score)| {
                let until = engine.until(&vouched, &served);
                let (deadline, count) = (engine.deadline(until), engine.stats.fresh(score).clone());
                Fresh { vouched, served, until, deadline, score, count, left: TOLD }
            });
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
