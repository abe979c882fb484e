// Rows that leave: taken out of moka behind whoever ended them, by a round of upkeep and those who put rows in.
// Never knows: why a row has died.
// Read next: `place.rs`, whose rows these are; `../engine/sweep.rs`, which finds those for which there is no room.
//
// To take a row out costs moka a lock, a look-up and a word in its log: far more than the kill itself. A
// dead row harms nobody where it is. No reader is served by it, whoever has a new value for its key is
// told of it, and whoever needs a place takes dead rows out first.

use std::hash::Hash;

use super::find::stands;
use super::key::Itself;
use super::{SharedRow, Store};

/// Whoever puts a row in takes at most so many out: more than one, so that they become fewer.
const TAKEN: usize = 4;

impl<K, E> Store<K, E>
where
    K: Hash + Eq + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Has a dead row taken out by a round of upkeep, or by whoever puts one in. One exchange; calls nothing of moka's.
    pub(crate) fn take_out_behind(&self, row: &SharedRow<K, E>) {
        self.dead.push(row);
    }

    /// Whether a dead row is left for a sweep, which the caller is to ask for. One load if not.
    pub(crate) fn leaves_dead(&self) -> bool {
        self.dead.takes_left()
    }

    /// Takes dead rows out before a row is put in: it takes one of their places. All of them where
    /// entries have weights, of which it may take many. Not to be called by a read.
    pub(super) fn make_room(&self) {
        self.take_out_dead(if self.is_weighed() { usize::MAX } else { TAKEN });
    }

    /// Takes all dead rows out that wait for it. Not to be called by a read.
    pub(super) fn take_out_all_dead(&self) {
        self.take_out_dead(usize::MAX);
    }

    fn take_out_dead(&self, most: usize) {
        for row in self.dead.take(most) {
            self.take_out(&row);
        }
    }

    /// Takes a row out, unless another stands in the key's place by now.
    pub(super) fn take_out(&self, row: &SharedRow<K, E>) {
        let _alone = self.changing(row.hash).lock();
        for table in self.tables.load().both() {
            // Mostly a new one does: to ask costs a tenth of what it costs to find nothing to take out.
            if stands(table, row) {
                table.invalidate(&Itself(row));
            }
        }
    }
}
