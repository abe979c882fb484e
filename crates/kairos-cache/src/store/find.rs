// How a row is found: by its key, or by itself. moka takes no notice of a look.
// Never knows: what is done with a row.
// Read next: `key.rs`, by whose answers moka tells what it has.

use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;

use super::key::{Probe, Seeking, Standing};
use super::{SharedRow, Store, Table};
use crate::truth::Row;

impl<K, E> Store<K, E>
where
    K: Hash + Eq + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// The row of a key, whose slot may have died. moka takes no notice. Locks nothing.
    pub(crate) fn find<Q>(&self, probe: Probe<'_, Q>) -> Option<SharedRow<K, E>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let tables = self.tables.load();
        let Some(before) = &tables.before else { return seek(&tables.current, probe, Arc::clone) };
        // One that has died in the table before may have another in its place.
        let alive = |row: &SharedRow<K, E>| !row.slot().is_dead();
        let found = seek(before, probe, Arc::clone).filter(alive);
        found.or_else(|| seek(&tables.current, probe, Arc::clone))
    }

    /// What `see` makes of the row of a key where it stands, without a share in it. It is called in the middle
    /// of a look of moka's, and waits for nothing.
    pub(crate) fn see<Q, T>(
        &self,
        probe: Probe<'_, Q>,
        see: impl FnOnce(&SharedRow<K, E>) -> T,
    ) -> Option<T>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let tables = self.tables.load();
        match &tables.before {
            None => seek(&tables.current, probe, see),
            Some(_) => self.find(probe).map(|row| see(&row)),
        }
    }

    /// Whether a row stands in its key's place. Calls nothing of the key's.
    pub(crate) fn has(&self, row: &SharedRow<K, E>) -> bool {
        self.tables.load().both().any(|table| stands(table, row))
    }

    /// Whether entries have weights.
    pub(crate) fn is_weighed(&self) -> bool {
        self.weight_of.is_some()
    }

    /// A clone of the key as it is stored, for a caller that has only a borrowed form of it.
    pub(crate) fn key<Q>(&self, key: &Q) -> Option<K>
    where
        K: Clone,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let row = self.find(self.probe(key))?;
        (!row.slot().is_dead()).then(|| row.key().clone())
    }
}

/// Whether a row stands in its key's place in a table.
pub(super) fn stands<K, E>(table: &Table<K, E>, row: &SharedRow<K, E>) -> bool
where
    K: Hash + Eq + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let standing = Standing::new(row);
    let _never = table.contains_key(&standing);
    standing.is_there()
}

/// What `see` makes of the row of a key in a table.
fn seek<K, E, Q, T>(
    table: &Table<K, E>,
    probe: Probe<'_, Q>,
    see: impl FnOnce(&SharedRow<K, E>) -> T,
) -> Option<T>
where
    K: Hash + Eq + Send + Sync + 'static,
    E: Send + Sync + 'static,
    Q: Hash + Equivalent<K> + ?Sized,
{
    let seeking = Seeking::new(probe, see);
    let _never = table.contains_key(&seeking);
    seeking.into_seen()
}
