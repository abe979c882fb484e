// Models of a slot's word: a remembered version names one entry, and a dead slot looks dead.
// Never knows: what ends a slot.

use std::sync::Arc;

use kairos_cache::model::{Class, Held, Invalidations, Slot};
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

/// A pin remembers word and entry; once a kill has returned it serves nothing, and what it serves is
/// what the word stood for.
#[test]
fn slot_replace() {
    loom::model(|| {
        let (invalidations, class) = (Invalidations::new(), Arc::new(Class::new([])));
        let held = |value| Held { entry: Arc::new(value), capture: invalidations.capture(&class) };
        let slot = Arc::new(Slot::with_entry(held(0), 0).expect("nothing has been killed"));
        let killed = Arc::new(AtomicBool::new(false));
        let (version, first) = slot.read().expect("present");
        let writing = {
            let (slot, killed, second) = (Arc::clone(&slot), Arc::clone(&killed), held(1));
            thread::spawn(move || {
                slot.replace(second);
                slot.kill();
                // Release: tells that the kill has returned; pairs with the load below.
                killed.store(true, Ordering::Release);
            })
        };
        // Acquire: pairs with the store above.
        let was_killed = killed.load(Ordering::Acquire);
        let unchanged = slot.version() == version;
        assert!(!(was_killed && unchanged), "a dead slot looks unchanged");
        if let Some((now, again)) = slot.read() {
            assert_eq!(now == version, Arc::ptr_eq(&again.entry, &first.entry));
        }
        writing.join().unwrap();
        assert!(slot.read().is_none());
    });
}
