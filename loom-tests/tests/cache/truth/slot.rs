// Models of a slot's word: a remembered version names one entry, and a dead slot looks dead.
// Never knows: what ends a slot.

use std::sync::Arc;

use kairos_cache::model::{Class, Invalidations, Shelf, Sighting, Stamp};
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::stage::{Place, StageRow};

/// A read remembers word and entry; once a kill has returned it serves nothing, and what it serves is
/// what the word stands for.
#[test]
fn slot_replace() {
    loom::model(|| {
        let invalidations = Invalidations::new();
        let capture = invalidations.capture(&Arc::new(Class::new([])));
        let (place, killed) = (Arc::new(Place::new()), Arc::new(AtomicBool::new(false)));
        assert!(place.store(0, &capture, || false), "nothing covers it");
        let row = place.row().expect("stored");
        let sight = |row: &StageRow| {
            Sighting::of(Stamp::of([]), || Some(Arc::clone(row)), |_| Arc::default(), [])
        };
        let (seen, first) = sight(&row).expect("stored");
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
        let stood = seen.stands();
        assert!(!(was_killed && stood), "a dead slot looks unchanged");
        if let Some((_, second)) = sight(&row) {
            let is_same = Arc::ptr_eq(first.entry(), second.entry());
            assert!(stood || !is_same, "the entry of a word that has gone");
            assert!(is_same || !seen.stands(), "another entry under the same word");
        }
        writing.join().unwrap();
        assert!(row.read().is_none());
        assert!(!seen.stands());
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
        let stands = place.row().is_some_and(|row| row.read().is_some());
        assert_eq!(usize::from(stored), usize::from(stands) + ended(1));
    });
}
