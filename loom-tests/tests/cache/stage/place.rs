// A key's place in the store: two locks around an option play moka.
// Never knows: what is stored there, or which interleaving a model is about.
//
// moka puts a row in, and lets one go and gives notice of it, under a lock of the key: whoever puts a row in
// waits for the notice of the one before. Looks take no lock of the key.

use std::sync::Arc;

use kairos_cache::model::{Admitted, Capture, Finding, Held, Keep, KeyMarks, Shelf, conclude};
use loom::sync::{Mutex, MutexGuard};

use super::StageRow;

/// The key's place.
pub(crate) struct Place<E = u64> {
    row: Mutex<Option<StageRow<E>>>,
    /// moka's lock of the key.
    key: Mutex<()>,
}

impl<E> Place<E> {
    pub(crate) fn new() -> Place<E> {
        Place { row: Mutex::new(None), key: Mutex::new(()) }
    }

    /// Stores a value; says whether it did.
    pub(crate) fn store(
        &self,
        value: E,
        capture: &Capture,
        is_barred: impl FnOnce() -> bool,
    ) -> bool {
        let finding = Finding::Value(Some(Arc::new(value)));
        conclude(self, finding, capture, KeyMarks::default(), is_barred).stands()
    }

    /// Lets the row go, as moka does to make room: it is out, and dies by the notice of that.
    pub(crate) fn evict(&self) {
        let _key = self.key();
        Place::give_notice(self.let_go());
    }

    /// Takes the row out; its slot lives.
    pub(crate) fn let_go(&self) -> Option<StageRow<E>> {
        self.row.lock().unwrap().take()
    }

    /// Ends the slot of a row that has been let go, as moka's listener does.
    pub(crate) fn give_notice(row: Option<StageRow<E>>) {
        drop(row.and_then(|row| row.kill()));
    }

    fn key(&self) -> MutexGuard<'_, ()> {
        self.key.lock().unwrap()
    }
}

impl<E> Shelf<E> for Place<E> {
    type Row = StageRow<E>;

    fn row(&self) -> Option<StageRow<E>> {
        self.row.lock().unwrap().clone()
    }

    fn hash(&self) -> u64 {
        0
    }

    fn take_out(&self, row: &StageRow<E>) {
        let mut place = self.row.lock().unwrap();
        if place.as_ref().is_some_and(|current| Arc::ptr_eq(current, row)) {
            *place = None;
        }
    }

    fn displace(&self, held: Held<E>) {
        drop(held);
    }
}

impl<E> Keep<E> for Place<E> {
    fn keep(&self, slot: Admitted<E>, _: Option<&StageRow<E>>) {
        let _key = self.key();
        *self.row.lock().unwrap() = Some(Arc::new(slot.into_slot()));
    }

    fn replaced(&self, _: &StageRow<E>, _: &E, _: &E) {}
}
