// Models of a slot's word: a remembered version names one entry, and a dead slot looks dead.
// Never knows: what ends a slot.

use std::sync::Arc;

use kairos_cache::model::{Class, Invalidations, Shelf, View};
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::stage::Place;

/// A pin remembers word and entry; once a kill has returned it serves nothing, and what it serves is
/// what the word stood for.
#[test]
fn slot_replace() {
    loom::model(|| {
        let invalidations = Invalidations::new();
        let capture = invalidations.capture(&Arc::new(Class::new([])));
        let (place, killed) = (Arc::new(Place::new()), Arc::new(AtomicBool::new(false)));
        assert!(place.store(0, &capture, || false), "nothing covers it");
        let slot = place.slot().expect("stored");
        let (version, first) = slot.read().expect("stored");
        let pinned = View::of(Arc::clone(&slot)).expect("stored");
        let writing = {
            let (place, killed) = (Arc::clone(&place), Arc::clone(&killed));
            thread::spawn(move || {
                assert!(place.store(1, &capture, || false), "nothing covers it");
                invalidations.kill_key(&*place, |_| {});
                // Release: tells that the kill has returned; pairs with the load below.
                killed.store(true, Ordering::Release);
            })
        };
        // Acquire: pairs with the store above.
        let was_killed = killed.load(Ordering::Acquire);
        assert!(!(was_killed && pinned.stands()), "a dead slot looks unchanged");
        if let Some((now, again)) = slot.read() {
            assert_eq!(now == version, Arc::ptr_eq(&again.entry, &first.entry));
        }
        writing.join().unwrap();
        assert!(slot.read().is_none());
        assert!(!pinned.stands());
    });
}
