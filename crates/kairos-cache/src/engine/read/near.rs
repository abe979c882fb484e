// Reads that are served from what their thread remembers, and what it is given to remember.
// Never knows: how a value is decided to be fresh.
// Read next: `vouched.rs` for what must still be so, `../../store/near.rs` for where a thread remembers.
// Why: `docs/decisions/0021-each-thread-remembers-what-it-was-served.md`.

use std::hash::Hash;
use std::rc::Rc;
use std::sync::Arc;

use equivalent::Equivalent;

use crate::context::Context;
use crate::engine::kept::{Kept, Sighting, Spare, Timed, Vouched};
use crate::engine::read::reading::Reading;
use crate::engine::{Engine, Moment};
use crate::policy::{MarketId, MonoNs, Reason};
use crate::receipt::Served;
use crate::runtime::Timing;
use crate::stats::Score;
use crate::store::{IntoRest as _, Probe, Remains, forget_gone};
use crate::sync::Ordering;
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Engine<K, V> {
    /// What a read is served from what its thread remembers. `suits` is whether the read may be served
    /// that, as far as it is not the same for all. Counts the read. Locks nothing, allocates nothing, and
    /// runs no code but the key's.
    #[inline]
    pub(super) fn remembered<Q>(
        &self,
        probe: Probe<'_, Q>,
        now: MonoNs,
        may_refresh: bool,
        timed: Timed,
        suits: impl FnOnce(&Vouched<Sighting<K, V>>, &Served<V>) -> bool,
    ) -> Option<Rc<Served<V>>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let (served, is_due) = self.near.with(|table| {
            let kept = table.find(probe.hash(), |kept| kept.is(&probe))?;
            let vouched = &kept.vouched;
            let holds = now < vouched.until()
                && (!may_refresh || now < kept.served.due_from())
                && vouched.seen.holds(self.versions(probe.hash()))
                && suits(vouched, &kept.served);
            if !holds {
                return None;
            }
            self.stats.fresh(kept.score).inc();
            self.end_timing(timed);
            // Of every read, as long as moka is asked for room: what is seldom read ranks by few.
            self.store.touch(kept.vouched.seen.row());
            let is_due = kept.counts();
            Some((Rc::clone(&kept.served), is_due))
        })??;
        if is_due {
            self.tend();
        }
        Some(served)
    }

    /// What a read for a context is served from what its thread remembers: the value and its receipt. Nothing
    /// if it has a kickoff or a line-up to tell.
    #[inline]
    pub(super) fn read_near<Q>(
        &self,
        key: &Q,
        context: &Context,
        may_refresh: bool,
    ) -> Option<(Rc<Served<V>>, MonoNs)>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if !self.near.is_on() || context.force_refresh || !context.current_odds.is_empty() {
            return None;
        }
        let own = match &context.scope {
            Some(scope) => {
                let state = scope.state().filter(|_| self.matches.own(scope))?;
                // What it has to tell it tells once all of its names are known.
                let tells_nothing = state.knows(context.kickoff, context.lineup_confirmed);
                Some(tells_nothing.then(|| state.version())?)
            }
            None if context.needs_match().is_some() => return None,
            None => None,
        };
        let suits = |vouched: &Vouched<Sighting<K, V>>, served: &Served<V>, now| {
            let is_within = own.is_none_or(|own| {
                vouched.seen.is_of(own) && self.is_market(served.market(), context)
            });
            let max_age = context.max_age;
            is_within && max_age.is_none_or(|max| u128::from(served.age_ns(now)) <= max.as_nanos())
        };
        let timed = self.time_fresh();
        let now = self.time_of_hit();
        let suits = |vouched: &_, served: &_| suits(vouched, served, now);
        let served = self.remembered(self.store.probe(key), now, may_refresh, timed, suits)?;
        Some((served, now))
    }

    /// Whether a context names this market of the match.
    pub(in crate::engine) fn is_market(&self, market: Option<MarketId>, context: &Context) -> bool {
        match (market, &context.market) {
            (None, None) => true,
            (Some(market), Some(name)) => *self.graph.market_name(market) == **name,
            _ => false,
        }
    }

    /// The time of a read that is served what is remembered: the published one.
    #[inline]
    pub(in crate::engine) fn time_of_hit(&self) -> MonoNs {
        let now = self.clock.of_hit(self.is_time_coarse());
        if now >= self.evaluated_until() {
            self.begin_second();
        }
        now
    }

    /// The same for a read that sees to the breaker by itself, and may have read the processor's counter.
    pub(super) fn hit_time(&self, timed: Timed) -> MonoNs {
        match timed {
            Timed::Skipped(_) => self.clock.of_hit(self.is_time_coarse()),
            Timed::From(begun) => self.clock.of_hit_begun(begun, self.is_time_coarse()),
        }
    }

    /// Whether a hit may take a published time.
    #[inline]
    pub(super) fn is_time_coarse(&self) -> bool {
        self.coarse_time.load(Ordering::Relaxed) // Relaxed: as where it is stored.
    }

    /// Until when the breaker has been evaluated.
    #[inline]
    pub(super) fn evaluated_until(&self) -> MonoNs {
        self.evaluated_until.load(Ordering::Relaxed) // Relaxed: as where it is stored.
    }

    /// Has the breaker evaluate in seconds in which there are only hits, too.
    #[cold]
    #[inline(never)]
    pub(super) fn begin_second(&self) {
        self.moment();
    }

    /// Starts to time a read, if its time is to be taken should it be served fresh.
    #[inline]
    pub(super) fn time_fresh(&self) -> Timed {
        match self.stats.skips_fresh() {
            Some(skip) => Timed::Skipped(skip),
            None => Timed::From(self.clock.begin()),
        }
    }

    /// Ends the timing of a read that was served fresh.
    #[inline]
    pub(super) fn end_timing(&self, timed: Timed) {
        match timed {
            Timed::Skipped(skip) => skip.count(),
            Timed::From(start) => self.record_fresh(start),
        }
    }

    #[inline(never)]
    fn record_fresh(&self, start: Timing) {
        if let Some(weight) = self.stats.times_fresh() {
            self.stats.took_fresh(self.clock.took(start), weight);
        }
    }

    /// Whether the calling thread is to remember what it is served under a hash that it does not know. To be
    /// asked once a read: who asks again is remembered.
    pub(super) fn is_to_remember(&self, hash: u64) -> bool {
        self.near.is_on() && self.near.with(|table| table.admits(hash)).unwrap_or(true)
    }

    /// Has the calling thread remember a reading that it is served as fresh.
    pub(super) fn remember<Q>(
        &self,
        probe: Probe<'_, Q>,
        sighting: Option<Sighting<K, V>>,
        reading: &Reading<V>,
        moment: &Moment,
    ) where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if reading.verdict.reason != Reason::Fresh || !self.near.is_on() {
            return;
        }
        let vouched = sighting.and_then(|seen| self.vouch(probe.key(), seen, reading, moment));
        let (mut all, mut spare) = (vouched, None);
        if all.is_none() {
            return;
        }
        let mut keep = || {
            self.near.with(|table| {
                let is = |kept: &Kept<K, V>| kept.is(&probe);
                table.put(probe.hash(), Kept::is_dead, is, |before| {
                    let (vouched, served, score) = all.take().expect("made once");
                    let Some(before) = before else {
                        return Kept::new(vouched, Rc::new(served), score);
                    };
                    let (kept, left) = Self::in_place_of(before, vouched, served, score);
                    spare = Some(left);
                    kept
                });
            })
        };
        if keep().is_none() {
            self.leave_all(self.near.open());
            keep();
        }
        if let Some(spare) = spare {
            self.let_go(spare);
        }
        // A key's own code reads the cache: nothing is remembered of that.
        if let Some((vouched, served, _)) = all {
            self.let_go((vouched.seen.into_row(), Some(served.into_arc())));
        }
    }

    /// Remembers this in the place of something, whose memory it takes if no guard holds it.
    fn in_place_of(
        before: Kept<K, V>,
        vouched: Vouched<Sighting<K, V>>,
        served: Served<V>,
        score: Score,
    ) -> (Kept<K, V>, Spare<K, V>) {
        let Kept { vouched: old, served: mut place, .. } = before;
        let row = old.seen.into_row();
        match Rc::get_mut(&mut place) {
            Some(own) => {
                let value = std::mem::replace(own, served).into_arc();
                (Kept::new(vouched, place, score), (row, Some(value)))
            }
            // The guard drops it.
            None => (Kept::new(vouched, Rc::new(served), score), (row, None)),
        }
    }

    /// Forgets what the calling thread remembers of a key.
    pub(in crate::engine) fn forget_near<Q>(&self, probe: Probe<'_, Q>)
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let kept = self.near.with(|table| table.take(probe.hash(), |kept| kept.is(&probe)));
        if let Some(kept) = kept.flatten() {
            self.let_go(kept.into_rest());
        }
    }

    /// Forgets all that is dead of what the calling thread remembers. O(places of the thread).
    pub(crate) fn sweep_near(&self) {
        for kept in self.near.with(|table| table.sweep(Kept::is_dead)).unwrap_or_default() {
            self.let_go(kept.into_rest());
        }
    }

    /// Forgets what is dead of one part of what the calling thread remembers.
    #[cold]
    fn tend(&self) {
        let Some((swept, is_through)) = self.near.with(|table| table.sweep_next(Kept::is_dead))
        else {
            return;
        };
        for kept in swept.into_iter().flatten() {
            self.let_go(kept.into_rest());
        }
        if is_through {
            self.leave_all(forget_gone());
        }
        self.release_behind();
    }

    /// What caches that are gone have left is not for a reader to drop, either.
    fn leave_all(&self, gone: Vec<Remains>) {
        for remains in gone {
            self.store.leave(remains);
        }
    }

    /// Lets go of shares. A read runs no other entry's destructor: what it is the last to hold is dropped
    /// behind it.
    pub(super) fn let_go(&self, (row, value): Spare<K, V>) {
        if let Some(value) = value.and_then(Arc::into_inner) {
            self.store.leave(value);
        }
        if let Some(row) = Arc::into_inner(row) {
            self.store.leave(row);
        }
    }
}
