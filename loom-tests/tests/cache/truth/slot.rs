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
                invalidations.kill_key(&*place, |_| {}, |_| ());
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

/// Of two kills of a key one ends its entry, and neither what was captured after both.
#[test]
fn one_of_two_kills_ends_an_entry() {
    loom::model(|| {
        let invalidations = Arc::new(Invalidations::new());
        let class = Arc::new(Class::new([]));
        let place = Arc::new(Place::new());
        assert!(place.store(0, &invalidations.capture(&class), || false), "nothing covers it");
        let killing = {
            let (place, invalidations) = (Arc::clone(&place), Arc::clone(&invalidations));
            thread::spawn(move || invalidations.kill_key(&*place, |_| {}, |held| *held.entry))
        };
        let own = invalidations.kill_key(&*place, |_| {}, |held| *held.entry);
        let stored = place.store(1, &invalidations.capture(&class), || false);
        let other = killing.join().unwrap();
        let ended = |value| usize::from(own == Some(value)) + usize::from(other == Some(value));
        assert_eq!(ended(0), 1, "by {own:?} and {other:?}");
        let stands = place.slot().is_some_and(|slot| slot.read().is_some());
        assert_eq!(usize::from(stored), usize::from(stands) + ended(1));
    });
}
