// What a compute says is taken in: the value that it found or that stands, its own TTL, where its tags put it.
// Never knows: flights, or whether the result will be stored.
// Read next: `running.rs`, which stores it; `publish.rs` for what is stored; `../../computed.rs` for the words.
// Why: `docs/decisions/0019-tags-of-a-result-are-judged-from-its-start.md`.

use std::sync::Arc;

use super::publish::{Began, Fresh, Lasts};
use crate::computed::{Notes, Outcome};
use crate::engine::find::live_value;
use crate::engine::{Engine, Moment};
use crate::error::Error;
use crate::flight::{Found, Home};
use crate::matches::Place;
use crate::policy::Now;
use crate::runtime::nanos;
use crate::store::Entry;
use crate::to_key::{Key, Value};
use crate::truth::{Capture, Held, inspect};

/// A running compute, as far as its result depends on it.
pub(super) struct Begun<'a, K, V> {
    pub(super) key: &'a K,
    pub(super) home: &'a Home,
    pub(super) began: Began,
    pub(super) previous: Option<&'a Held<Entry<V>>>,
    /// The weight of a value that was found, if it can be kept.
    pub(super) weight: Option<u32>,
}

/// The result of a compute, with where it belongs if that is not its compute's home.
pub(super) struct Taken<V> {
    pub(super) fresh: Fresh<V>,
    pub(super) moved: Option<Moved>,
}

/// Where a result belongs by what its compute has found.
pub(super) struct Moved {
    pub(super) place: Place,
    /// Beyond the market's own: those of the context, those found, those of the value that stands.
    tags: Vec<Box<str>>,
}

impl<K: Key, V: Value> Engine<K, V> {
    /// The entry with the live value that a compute for this place would replace. Not to be called under
    /// a lock: it may come to be the last share.
    pub(super) fn previous(&self, key: &K, place: &Place, now: Now) -> Option<Held<Entry<V>>> {
        if !self.is_enabled() || place.is_barred() {
            return None;
        }
        let is_for = |held: &Held<Entry<V>>| {
            place.scope.as_ref().is_none_or(|scope| held.entry.place.is_within(scope))
        };
        inspect(&self.store.shelf(key), |_, held| {
            live_value(held, now).is_some_and(|_| is_for(held)).then(|| held.clone())
        })?
    }

    /// Takes in what a compute has found. Calls user code; not to be called under a lock.
    pub(super) fn take_in(
        &self,
        found: Found<V>,
        begun: &Begun<'_, K, V>,
        moment: &Moment,
    ) -> Result<Taken<V>, Error> {
        let &Begun { key, home, began, previous, weight } = begun;
        let (outcome, Notes { ttl, tags }) = found?.into_parts();
        let named = ttl.map(nanos);
        let (value, weight, own_ttl_ns, kept) = match outcome {
            Outcome::Nothing => {
                let zone = moment.zone_of_nothing(&home.place);
                let fresh = Fresh::nothing(moment.now, zone, began, moment.rules.negative_ttl_ns);
                return Ok(Taken { fresh, moved: None });
            }
            Outcome::Value(value) => (Arc::new(value), weight, named, None),
            Outcome::NotModified => {
                let held = previous.ok_or(Error::Nothing)?;
                let value = held.entry.value.clone().ok_or(Error::Nothing)?;
                let weight = Some(held.entry.weight).filter(|weight| self.store.can_hold(*weight));
                let view = held.entry.rules_view();
                let own = view.names_ttl.then_some(view.ttl_limit_ns);
                (value, weight, named.or(own), Some(held))
            }
        };
        let moved = self.moved(home, tags, kept);
        let place = moved.as_ref().map_or(&home.place, |moved| &moved.place);
        let (now, zone) = (moment.now, moment.zone_of(place));
        let took = now.mono.saturating_sub(began.at);
        let lasts = Lasts { own_ttl_ns, jitter: self.jitter(key, moment) };
        let fresh = Fresh { weight, ..Fresh::value(value, now, zone, began, took, lasts) };
        Ok(Taken { fresh, moved })
    }

    /// Where a result belongs that carries these tags beside those of its home, and the tags of the
    /// entry whose value stands; `None` if that is its home.
    fn moved(
        &self,
        home: &Home,
        mut found: Vec<Box<str>>,
        kept: Option<&Held<Entry<V>>>,
    ) -> Option<Moved> {
        let kept = kept.filter(|held| !Arc::ptr_eq(held.capture.class(), &home.class));
        if found.is_empty() && kept.is_none() {
            return None;
        }
        // A compute that names no match leaves the value that stands in its own, as a refresh does.
        let place = match kept {
            Some(held) if home.place.scope.is_none() => held.entry.place.clone(),
            _ => home.place.clone(),
        };
        let of_market = |place: &Place| {
            place.market.into_iter().flat_map(|market| self.graph.market_tags(market))
        };
        found.retain(|tag| of_market(&place).all(|own| *own != **tag));
        let own = self.matches.tags_of(&home.place, &home.class);
        let mut tags = own.clone();
        tags.append(&mut found);
        if let Some(held) = kept {
            let from = &held.entry.place;
            tags.extend(self.matches.tags_of(from, held.capture.class()));
            if from.market != place.market {
                tags.extend(of_market(from).map(Box::from));
            }
        }
        tags.sort_unstable();
        tags.dedup();
        (tags != own || place != home.place).then_some(Moved { place, tags })
    }

    /// What a compute captured, for its result. Takes the lock of the match's classes.
    pub(super) fn recapture(&self, moved: &Moved, capture: &Capture, moment: &Moment) -> Capture {
        let mark = |tag: &str| self.tag_mark(tag, &moment.rules);
        self.matches.recapture(capture, &moved.place, &moved.tags, &self.graph, mark)
    }
}
