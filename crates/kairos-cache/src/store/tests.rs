// The claims of `mod.rs`, each as a test.
// Never knows: anything beyond the module it tests.
// Read next: `mod.rs`.

use super::*;
use crate::truth::{Capture, Class, Finding, KeyMarks, Sequence, Shelf, conclude};

#[test]
fn the_stored_key_is_found_by_a_borrowed_form_that_has_no_owned_one() {
    let store: Store<Arc<str>, u32> =
        Store::new(&Bound::Entries(10), FixedState::default(), |_, _| {}, || {});
    let class = Arc::new(Class::new([]));
    let capture = Capture::take(&Sequence::new(), &Arc::default(), &class);
    let finding = Finding::Value(Some(Arc::new(1)));
    let stored: Arc<str> = "k".into();
    let marks = KeyMarks::default();
    assert!(conclude(&store.shelf(&stored), finding, &capture, marks, || false).stands());
    let found = store.key("k").expect("stored");
    assert!(Arc::ptr_eq(&found, &stored));
    assert!(store.key("other").is_none());
    let shelf = store.shelf("k");
    let row = shelf.row().expect("stored");
    assert!(row.slot().kill().is_some());
    shelf.take_out(&row);
    assert!(store.key("k").is_none());
}
#[test]
fn a_slot_is_not_taken_out_for_another_that_stood_in_its_place() {
    let store: Store<u32, u32> =
        Store::new(&Bound::Entries(10), FixedState::default(), |_, _| {}, || {});
    let (sequence, class) = (Sequence::new(), Arc::new(Class::new([])));
    let put = |value| {
        let capture = Capture::take(&sequence, &Arc::default(), &class);
        let finding = Finding::Value(Some(Arc::new(value)));
        let marks = KeyMarks::default();
        assert!(conclude(&store.shelf(&7), finding, &capture, marks, || false).stands());
        store.find(store.probe(&7)).expect("stored")
    };
    let old = put(1);
    assert!(old.slot().kill().is_some());
    let new = put(2);
    assert!(!Arc::ptr_eq(&old, &new));
    store.shelf(&7).take_out(&old);
    store.run_pending();
    assert_eq!(store.len(), 1);
    assert!(store.find(store.probe(&7)).is_some_and(|row| Arc::ptr_eq(&row, &new)));
    store.shelf(&7).take_out(&new);
    store.run_pending();
    assert_eq!(store.len(), 0);
}
