// Rows that have died, until somebody takes them out of moka.
// Never knows: why a row has died, or who takes it out.
// Read next: `leaving.rs`, which does.

use std::sync::Arc;

use crossbeam_queue::ArrayQueue;

use super::key::Stored;
use crate::sync::{AtomicBool, Ordering};

/// At most so many dead rows wait to be taken out.
const MOST: usize = 512;

/// Dead rows that moka still holds.
pub(super) struct Dead<K, E> {
    rows: ArrayQueue<Arc<Stored<K, E>>>,
    /// There was no room for one.
    is_left: AtomicBool,
}

impl<K, E> Dead<K, E> {
    pub(super) fn new() -> Dead<K, E> {
        Dead { rows: ArrayQueue::new(MOST), is_left: AtomicBool::new(false) }
    }

    /// Has a row wait, or leaves it where there is no room.
    pub(super) fn push(&self, row: &Arc<Stored<K, E>>) {
        if self.rows.push(Arc::clone(row)).is_err() {
            // Relaxed: a hint. A sweep finds the row wherever it is.
            self.is_left.store(true, Ordering::Relaxed);
        }
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether one has been left since this was asked last. One load if not.
    pub(super) fn takes_left(&self) -> bool {
        // Relaxed, both: as above.
        self.is_left.load(Ordering::Relaxed) && self.is_left.swap(false, Ordering::Relaxed)
    }

    /// At most so many rows that wait, and no more than can wait at once.
    pub(super) fn take(&self, most: usize) -> impl Iterator<Item = Arc<Stored<K, E>>> {
        (0..most.min(MOST)).map_while(|_| self.rows.pop())
    }
}
