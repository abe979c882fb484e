// A stored value, the match and market it belongs to, and how soon it may be computed again.
// Never knows: keys, or how it is found.
// Read next: `../flight/job.rs` for values on their way, `../engine/find.rs` for how an entry is looked at.

use std::sync::{Arc, OnceLock};

use crate::contain::shielded;
use crate::matches::Place;
use crate::policy::{EntryView, MonoNs, Now};
use crate::sync::{AtomicU64, Ordering};

/// A stored value and what was known when it was stored.
pub(crate) struct Entry<V> {
    /// `None` where the key is known to have no value.
    pub(crate) value: Option<Arc<V>>,
    pub(crate) rules_view: EntryView,
    pub(crate) place: Place,
    pub(crate) refresh_not_before: AtomicU64,
    pub(crate) weight: u32,
    /// What is to be told when the entry goes, if fail-safe has served it.
    pub(crate) fail_safe: OnceLock<FailSafe>,
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
        let (refresh_not_before, fail_safe) = (AtomicU64::new(0), OnceLock::new());
        Entry { value, rules_view, place, refresh_not_before, weight, fail_safe }
    }

    /// Puts a value in the place of the one that stands here, in the same match and market: in the same memory
    /// if nobody else holds that. Returns what held the old one, to be dropped under no lock. Calls nothing of
    /// the user's.
    pub(crate) fn renew(this: &mut Arc<Entry<V>>, value: Arc<V>, rules_view: EntryView) -> Left<V> {
        if let Some(own) = Arc::get_mut(this) {
            own.rules_view = rules_view;
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
            FailSafe(Some(Box::new(ends)))
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
