// A fresh value that a read was served, with all that must still be so for another read to be served the same.
// Never knows: who remembers it.
// Read next: `near.rs` and `pin.rs`, which remember; `../../truth/sighting.rs` for the loads.

use crate::engine::find::{Sighting, View};
use crate::engine::read::reading::Reading;
use crate::engine::{Engine, Moment};
use crate::policy::{MarketId, MonoNs, Reason};
use crate::receipt::Served;
use crate::runtime::Purpose;
use crate::stats::Score;
use crate::to_key::{Key, Value};

/// What must still be so for a read to be served the same fresh value as before.
///
/// What comes unannounced is counted, and the counts are in the sighting. What comes by the clock
/// alone comes at an instant that is known: the end of freshness, of a zone, of a status that holds, of a
/// window of prices, of a feed's silence.
pub(super) struct Vouched<K, V> {
    pub(super) sighting: Sighting<K, V>,
    /// The first instant at which a read could be decided otherwise than as fresh, or in another zone.
    until: MonoNs,
    /// From here on a read that can compute, or has a loader behind it, refreshes early.
    due_from: MonoNs,
    score: Score,
    market: Option<MarketId>,
}

impl<K: Key, V: Value> Vouched<K, V> {
    /// How reads are scored that are served this.
    #[inline]
    pub(super) fn score(&self) -> Score {
        self.score
    }

    pub(super) fn market(&self) -> Option<MarketId> {
        self.market
    }

    /// Whether a read is served the same at `now`, as far as the clock is concerned. `may_refresh` is
    /// whether it could refresh the value early.
    #[inline]
    pub(super) fn is_in_time(&self, now: MonoNs, may_refresh: bool) -> bool {
        now < if may_refresh { self.due_from } else { self.until }
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// What vouches for a reading and for how long, with what it serves; nothing unless it is fresh.
    pub(super) fn vouch(
        &self,
        key: &(impl std::hash::Hash + ?Sized),
        sighting: Sighting<K, V>,
        reading: &Reading<V>,
        moment: &Moment,
    ) -> Option<(Vouched<K, V>, Served<V>)> {
        let view = reading.view.as_ref().filter(|_| reading.verdict.reason == Reason::Fresh)?;
        let value = view.entry().value.clone()?;
        let entry = view.entry();
        let (until, due_from) = self.steady_until(key, view, reading, moment);
        let (stored_at, ttl_ns) = (entry.rules_view.stored_at, reading.verdict.ttl_ns);
        let served = Served::new(value, stored_at, ttl_ns, reading.receipt(false));
        let (score, market) = (Score::of(reading.signals.signal), entry.place.market);
        Some((Vouched { sighting, until, due_from, score, market }, served))
    }

    /// The first instant at which a read of a fresh value could be decided otherwise, if nothing of what
    /// its stamp vouches for changes, and the first at which it could be refreshed early.
    fn steady_until(
        &self,
        key: &(impl std::hash::Hash + ?Sized),
        view: &View<V>,
        reading: &Reading<V>,
        moment: &Moment,
    ) -> (MonoNs, MonoNs) {
        let (now, rules) = (moment.now, &moment.rules.read);
        let (entry, place) = (view.rules_view(), &view.entry().place);
        let (facts, _, same_feeds_until) = place.facts_at(now, &moment.rules.odds);
        let fresh_until =
            rules.freshness.fresh_until(&entry, facts, now, rules.cap_ns(&reading.signals));
        let until = fresh_until
            .min(rules.freshness.same_zone_until(facts, now))
            .min(place.published(now).1)
            .min(same_feeds_until);
        let due_from = match rules.xfetch.filter(|_| entry.compute_ns > 0) {
            Some(xfetch) => {
                let draw = self.draws.draw(Purpose::EarlyRefresh, key, entry.stored_at);
                until.min(xfetch.instant(fresh_until, entry.compute_ns, draw))
            }
            None => until,
        };
        (until, due_from)
    }
}
