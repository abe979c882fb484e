// A store that is bounded anew: its rows move to another table, while reads and writes go on.
// Never knows: freshness, invalidation, or matches.
// Read next: `mod.rs` for the two tables and the order in which rows are looked for.
// Why: `docs/decisions/0018-a-resize-moves-slots-to-a-new-table.md`.

use std::hash::Hash;
use std::sync::Arc;

use super::key::{Itself, Name, Stored};
use super::{Gone, Store, Table, Tables, table};
use crate::contain::shielded;
use crate::sync::Mutex;
use crate::truth::Row;

impl<K, E> Store<K, E>
where
    K: Hash + Eq + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Bounds the store anew. Reads and writes go on meanwhile. O(rows); if there is less room than
    /// before, whichever rows do not find any are evicted: the ranks of all begin anew.
    pub(crate) fn resize(&self, most: u64) {
        let _alone = self.resizing.lock();
        let old = self.tables.load_full().current.clone();
        // What the old table has still to evict by its own bound; most of it under no lock.
        old.run_pending_tasks();
        let new = table(most, self.weight_of, &self.evicted, &self.left);
        // 1. The new table, for whatever is put in from here on.
        self.replace_tables(new.clone(), Some(old.clone()));
        // 2. What stands in the old one and lives. A row that has died, or been replaced, stays behind.
        for (name, ()) in &old {
            let row = &name.0;
            let _alone = self.changing(row.hash).lock();
            if !row.slot().is_dead() {
                new.insert(Name(Arc::clone(row)), ());
            }
        }
        // 3. The new one alone.
        self.replace_tables(new.clone(), None);
        new.run_pending_tasks();
        // 4. The end of what has found no place in it.
        for (name, ()) in &old {
            let row: &Arc<Stored<K, E>> = &name.0;
            if !row.slot().is_dead()
                && !new.contains_key(&Itself(row))
                && let Some(held) = row.slot().kill()
            {
                shielded(|| (self.evicted)(row.key(), &held));
                self.displaced.keep(Gone::Entry(held));
            }
        }
    }

    /// Replaces the tables while no row is being put in or taken out.
    fn replace_tables(&self, current: Table<K, E>, before: Option<Table<K, E>>) {
        let _alone = self.changing.each_ref().map(Mutex::lock);
        // From here on the table before evicts nothing: whoever puts a row in the current one waits for no
        // notice of the other, and a slot would live beside another of its key. Model:
        // a_row_that_takes_the_place_of_one_that_is_let_go_fails_without_the_lock_of_the_key.
        before.as_ref().inspect(|before| before.run_pending_tasks());
        self.tables.store(Arc::new(Tables { current, before }));
    }
}
