// Keys whose compute has just failed: reads that get the error again, and notices of fail-safe.
// Never knows: how a compute fails, or what a read is answered else.
// Read next: `compute/outcome.rs`, which remembers failures; `read/mod.rs`, which asks for them.

use std::hash::Hash;

use equivalent::Equivalent;

use crate::engine::failure::{Failed, Failure};
use crate::engine::find::View;
use crate::engine::{Engine, Moment};
use crate::error::Error;
use crate::matches::Place;
use crate::policy::Now;
use crate::stats::Notice;
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Engine<K, V> {
    /// Remembers the failure of a key that has no servable value, if that is asked for and nothing has
    /// covered the compute. Returns what is to be dropped under no lock. Called under the flight's lock.
    pub(in crate::engine) fn remember_failure(
        &self,
        key: &K,
        failed: &Failed<'_>,
        moment: &Moment,
    ) -> Option<Failure> {
        let Failed { place, capture, marks, .. } = failed;
        let is_kept = moment.rules.error_ttl_ns > 0
            && self.is_enabled()
            && !place.is_over_bound()
            && !marks.cover(capture);
        if !is_kept {
            return None;
        }
        let failure = Failure::new(failed);
        let until = moment.now.mono.saturating_add(moment.rules.error_ttl_ns);
        let put = self.failures.put(key, until, Some(failure), moment.rules.bounds.flights);
        if put.is_crowded {
            self.forget_failed(self.failures.len());
        }
        put.spare.flatten()
    }

    /// The error that a read gets without a compute, because that of its key has just failed.
    pub(in crate::engine) fn remembered_error<Q>(
        &self,
        key: &Q,
        read: &Place,
        now: Now,
    ) -> Option<Error>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let answering = |failure: &Option<Failure>| failure.as_ref()?.answer(read);
        self.failures.find(key, now.mono, answering)?
    }

    /// Forgets the failure of a key that has a result, or was invalidated. What is returned is to be
    /// dropped under no lock.
    pub(in crate::engine) fn forget_failure<Q>(&self, key: &Q) -> Option<Failure>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.failures.take(key)?
    }

    /// Tells subscribers that reads of a key are served an old value because its computes fail, once
    /// for each value; the end is told when the value is replaced or leaves.
    pub(in crate::engine) fn tell_fail_safe<Q>(&self, key: &Q, view: &View<V>)
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if !self.notices.is_heard() || view.entry().is_kept_by_fail_safe() {
            return;
        }
        let Some(key) = self.store.key(key) else { return };
        let (notices, ended) = (self.notices.clone(), key.clone());
        let ends = move || notices.put(|| Notice::FailSafeEnded { key: ended });
        if view.entry().keep_by_fail_safe(ends) {
            self.notices.tell(|| Notice::FailSafeBegan { key });
        }
    }
}
