// A fresh value that a read was served, with all that must still be so for another read to be served the same.
// Never knows: who remembers it.
// Read next: `near.rs` and `pin.rs`, which remember; `../../truth/sighting.rs` for the loads.

use std::hash::Hash;

use crate::engine::find::View;
use crate::engine::kept::Vouched;
use crate::engine::read::reading::Reading;
use crate::engine::{Engine, Moment};
use crate::policy::{MonoNs, Reason};
use crate::receipt::Served;
use crate::runtime::Purpose;
use crate::stats::Score;
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Engine<K, V> {
    /// What vouches for a reading and for how long, with what it serves and how that is scored; nothing
    /// unless it is fresh.
    pub(super) fn vouch<S>(
        &self,
        key: &(impl Hash + ?Sized),
        seen: S,
        reading: &Reading<V>,
        moment: &Moment,
    ) -> Option<(Vouched<S>, Served<V>, Score)> {
        let view = reading.view.as_ref().filter(|_| reading.verdict.reason == Reason::Fresh)?;
        let value = view.entry().value.clone()?;
        let entry = view.entry();
        let (until, due_from) = self.steady_until(key, view, reading, moment);
        let stored_at = entry.stored_at();
        let receipt = reading.receipt(false);
        let served = Served::new(value, stored_at, due_from, entry.place.market, receipt);
        let score = Score::of(reading.signals.signal);
        Some((Vouched::new(seen, until), served, score))
    }

    /// The first instant at which a read of a fresh value could be decided otherwise, if nothing of what
    /// its stamp vouches for changes, and the first at which it could be refreshed early.
    fn steady_until(
        &self,
        key: &(impl Hash + ?Sized),
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
