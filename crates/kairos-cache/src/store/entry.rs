// A stored value, the match and market it belongs to, and how soon it may be computed again.
// Never knows: keys, or how it is found.
// Read next: `../flight/job.rs` for values on their way, `../engine/find.rs` for how an entry is looked at.

use std::sync::{Arc, OnceLock};

use crate::contain::shielded;
use crate::matches::Place;
use crate::policy::{EntryView, MonoNs, Now, WallNs, Zone, ZoneTtl};
use crate::sync::{AtomicU64, Ordering};

/// A stored value and what was known when it was stored: as small as it can be told.
pub(crate) struct Entry<V> {
    /// `None` where the key is known to have no value.
    pub(crate) value: Option<Arc<V>>,
    known: Known,
    pub(crate) place: Place,
    refresh_not_before: AtomicU64,
    /// What is to be told when the entry goes, if fail-safe has served it.
    fail_safe: OnceLock<Box<FailSafe>>,
    pub(crate) weight: u32,
    zone_at_insert: Zone,
    names_ttl: bool,
    is_nothing: bool,
}

/// The numbers of an [`EntryView`].
struct Known {
    stored_at: MonoNs,
    stored_wall: WallNs,
    ttl_at_insert_ns: u64,
    ttl_factor: f64,
    ttl_limit_ns: u64,
    compute_ns: u64,
    took_ns: u64,
    /// [`NO_KICKOFF`] where none was known.
    kickoff_at_begin: WallNs,
}

/// No match is given this one.
const NO_KICKOFF: WallNs = WallNs::MIN;

impl Known {
    fn of(view: &EntryView) -> Known {
        Known {
            stored_at: view.stored_at,
            stored_wall: view.stored_wall,
            ttl_at_insert_ns: view.at_insert.ttl_ns,
            ttl_factor: view.ttl_factor,
            ttl_limit_ns: view.ttl_limit_ns,
            compute_ns: view.compute_ns,
            took_ns: view.took_ns,
            kickoff_at_begin: view.kickoff_at_begin.unwrap_or(NO_KICKOFF),
        }
    }
}

/// What is left of an entry when another value stands in its place. To be dropped under no lock.
pub(crate) enum Left<V> {
    /// Its value.
    Value(Option<Arc<V>>),
    /// A share in all of it.
    Entry(#[expect(dead_code, reason = "it is kept to be dropped")] Arc<Entry<V>>),
}

impl<V> Drop for Left<V> {
    /// Contained, as the drop of an entry.
    fn drop(&mut self) {
        if let Left::Value(value) = self
            && let Some(value) = value.take().and_then(Arc::into_inner)
        {
            shielded(|| drop(value));
        }
    }
}

/// Tells by its drop that fail-safe serves the entry no more.
pub(crate) struct FailSafe(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Drop for FailSafe {
    fn drop(&mut self) {
        if let Some(ends) = self.0.take() {
            shielded(ends);
        }
    }
}

impl<V> Drop for Entry<V> {
    /// Contained: whatever lets go of an entry may hold others, or be in the middle of its own work.
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            shielded(|| drop(value));
        }
    }
}

impl<V> Entry<V> {
    pub(crate) fn new(
        value: Option<Arc<V>>,
        rules_view: EntryView,
        place: Place,
        weight: u32,
    ) -> Entry<V> {
        Entry {
            value,
            known: Known::of(&rules_view),
            place,
            refresh_not_before: AtomicU64::new(0),
            fail_safe: OnceLock::new(),
            weight,
            zone_at_insert: rules_view.at_insert.zone,
            names_ttl: rules_view.names_ttl,
            is_nothing: rules_view.is_nothing,
        }
    }

    /// What the rules need to know of the entry, as it was when it was stored: not expired.
    pub(crate) fn rules_view(&self) -> EntryView {
        let known = &self.known;
        let kickoff = known.kickoff_at_begin;
        EntryView {
            stored_at: known.stored_at,
            stored_wall: known.stored_wall,
            at_insert: ZoneTtl { zone: self.zone_at_insert, ttl_ns: known.ttl_at_insert_ns },
            expired: false,
            ttl_factor: known.ttl_factor,
            ttl_limit_ns: known.ttl_limit_ns,
            names_ttl: self.names_ttl,
            compute_ns: known.compute_ns,
            took_ns: known.took_ns,
            kickoff_at_begin: (kickoff != NO_KICKOFF).then_some(kickoff),
            is_nothing: self.is_nothing,
        }
    }

    /// When its compute finished.
    pub(crate) fn stored_at(&self) -> MonoNs {
        self.known.stored_at
    }

    /// Puts a value in the place of the one that stands here, in the same match and market: in the same memory
    /// if nobody else holds that. Returns what held the old one, to be dropped under no lock. Calls nothing of
    /// the user's.
    pub(crate) fn renew(this: &mut Arc<Entry<V>>, value: Arc<V>, rules_view: EntryView) -> Left<V> {
        if let Some(own) = Arc::get_mut(this) {
            own.known = Known::of(&rules_view);
            own.zone_at_insert = rules_view.at_insert.zone;
            own.names_ttl = rules_view.names_ttl;
            own.is_nothing = rules_view.is_nothing;
            own.put_off_refresh(0);
            return Left::Value(own.value.replace(value));
        }
        let new = Entry::new(Some(value), rules_view, this.place.clone(), this.weight);
        Left::Entry(std::mem::replace(this, Arc::new(new)))
    }

    /// Whether fail-safe has served the entry, and that was told.
    pub(crate) fn is_kept_by_fail_safe(&self) -> bool {
        self.fail_safe.get().is_some()
    }

    /// Fail-safe serves the entry: `ends` is called when it goes, under whatever lock it goes. Returns
    /// whether this is the first time.
    pub(crate) fn keep_by_fail_safe(&self, ends: impl FnOnce() + Send + Sync + 'static) -> bool {
        let mut is_first = false;
        self.fail_safe.get_or_init(|| {
            is_first = true;
            Box::new(FailSafe(Some(Box::new(ends))))
        });
        is_first
    }

    pub(crate) fn put_off_refresh(&self, until: MonoNs) {
        // Relaxed: a hint about pace; nothing is published by it.
        self.refresh_not_before.store(until, Ordering::Relaxed);
    }

    pub(crate) fn may_compute(&self, now: Now) -> bool {
        // Relaxed: as in `put_off_refresh`.
        now.mono >= self.refresh_not_before.load(Ordering::Relaxed)
    }
}
