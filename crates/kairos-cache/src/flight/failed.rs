// Keys whose last compute failed, each with what is to be remembered of that until an instant.
// Never knows: why a compute failed, or what follows from it.
// Read next: `loader.rs`, which waits before it tries again; `../engine/failing.rs`, which answers with errors.

use std::hash::{BuildHasher, Hash};

use dashmap::DashMap;
use equivalent::Equivalent;
use foldhash::fast::FixedState;

use crate::policy::MonoNs;
use crate::sync::{AtomicUsize, Ordering};
use crate::to_key::Key;

/// Below this many failed keys none is forgotten before its time.
const BEFORE_RECLAIM: usize = 1024;

/// Failed keys, at most as many as each caller's bound. A key that fails beyond it is not remembered.
pub(crate) struct FailedKeys<K, T> {
    table: DashMap<K, (MonoNs, T), FixedState>,
    /// The approximate number of keys.
    count: AtomicUsize,
    reclaim_at: AtomicUsize,
}

/// What follows from putting a failure in.
pub(crate) struct Put<T> {
    /// What was remembered of the key before, or what there was no room for: to be dropped under no lock.
    pub(crate) spare: Option<T>,
    /// Outdated failures should be looked for.
    pub(crate) is_crowded: bool,
}

impl<K: Key, T: Default> FailedKeys<K, T> {
    pub(crate) fn new(hasher: FixedState) -> FailedKeys<K, T> {
        let (count, reclaim_at) = (AtomicUsize::new(0), AtomicUsize::new(BEFORE_RECLAIM));
        FailedKeys { table: DashMap::with_hasher(hasher), count, reclaim_at }
    }

    /// Remembers a failure of a key until an instant.
    pub(crate) fn put(&self, key: &K, until: MonoNs, what: T, bound: usize) -> Put<T> {
        // Relaxed, each: a count that bounds memory, and a hint when to look for outdated failures.
        let count = self.count.load(Ordering::Relaxed);
        let is_crowded = count >= self.reclaim_at.load(Ordering::Relaxed).min(bound);
        if count >= bound {
            return Put { spare: Some(what), is_crowded };
        }
        let before = self.table.insert(key.clone(), (until, what));
        if before.is_none() {
            self.count.fetch_add(1, Ordering::Relaxed); // Relaxed: as above.
        }
        Put { spare: before.map(|(_, what)| what), is_crowded }
    }

    /// Asks what is remembered of a key whose time has not come. One load where no key has failed.
    pub(crate) fn find<Q, R>(&self, key: &Q, now: MonoNs, ask: impl FnOnce(&T) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if self.len() == 0 {
            return None;
        }
        let (hash, shard) = self.place(key);
        let rows = self.table.shards()[shard].read();
        let (_, row) = rows.get(hash, |(kept, _)| key.equivalent(kept))?;
        let (until, what) = row.get();
        (now < *until).then(|| ask(what))
    }

    /// Forgets a key, and returns what was remembered of it. One load where no key has failed.
    pub(crate) fn take<Q>(&self, key: &Q) -> Option<T>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if self.len() == 0 {
            return None;
        }
        let (hash, shard) = self.place(key);
        let removed =
            self.table.shards()[shard].write().remove_entry(hash, |(kept, _)| key.equivalent(kept));
        let (_key, row) = removed?;
        let one_less = |count: usize| Some(count.saturating_sub(1));
        // Relaxed: as in `put`. A sweep meanwhile leaves the count near enough.
        let _before = self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        Some(row.into_inner().1)
    }

    /// Forgets the failures whose time has come. O(failed keys).
    pub(crate) fn forget_outdated(&self, now: MonoNs) {
        let (mut kept, mut spare) = (0, Vec::new());
        self.table.retain(|_, (until, what)| {
            let keeps = *until > now;
            kept += usize::from(keeps);
            if !keeps {
                spare.push(std::mem::take(what));
            }
            keeps
        });
        self.count.store(kept, Ordering::Relaxed); // Relaxed: as in `put`.
        let next = (kept * 2).max(BEFORE_RECLAIM);
        self.reclaim_at.store(next, Ordering::Relaxed); // Relaxed: as in `put`.
        // Here, under no lock: an error is its user's.
        crate::contain::drop_each(spare);
    }

    /// The approximate number of keys.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed) // Relaxed: as in `put`.
    }

    fn place<Q: Hash + ?Sized>(&self, key: &Q) -> (u64, usize) {
        let hash = self.table.hasher().hash_one(key);
        (hash, self.table.determine_shard(hash as usize))
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    #[test]
    fn failures_are_bounded_and_the_outdated_are_forgotten_when_that_is_asked_for() {
        let failed: FailedKeys<u32, Option<u32>> = FailedKeys::new(FixedState::default());
        let put = |key: &u32| failed.put(key, 10, Some(*key), 100);
        let crowded = (0..200).filter(|key| put(key).is_crowded).count();
        assert_eq!((crowded, failed.len()), (100, 100));
        assert_eq!(put(&150).spare, Some(Some(150)), "there is no room for it");
        let find = |key: u32, now| failed.find(&key, now, |what| *what).flatten();
        assert_eq!([find(99, 9), find(99, 10), find(100, 9)], [Some(99), None, None]);
        failed.forget_outdated(9);
        assert_eq!(failed.len(), 100, "none is outdated");
        assert_eq!((failed.take(&99), failed.take(&99)), (Some(Some(99)), None));
        failed.forget_outdated(10);
        assert_eq!(failed.len(), 0);
        assert_eq!(failed.put(&100, 20, None, 100).spare, None);
        assert_eq!(failed.put(&100, 30, Some(1), 100).spare, Some(None), "what was known before");
        assert_eq!(find(100, 29), Some(1));
    }
}
