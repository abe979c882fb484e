// Models of values that threads hold: each with its own deadline, valid while it is held, dropped once.
// Never knows: how a value is judged; here each that stands is remembered.

use std::sync::{Arc, Weak};

use kairos_cache::model::{Capture, Class, Invalidations, Shelf, Sighting, Stamp};
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::stage::{Place, StageRow};

/// What is stored first, and in its place.
const OLD: u64 = 0;
const NEW: u64 = 7;

/// A value with its deadline, which counts its drops.
struct Timed {
    value: u64,
    until: u64,
    drops: Arc<AtomicUsize>,
}

impl Timed {
    fn new(value: u64, drops: &Arc<AtomicUsize>) -> Timed {
        Timed { value, until: value + 10, drops: Arc::clone(drops) }
    }

    fn is_whole(&self) -> bool {
        self.until == self.value + 10
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        self.until = 0;
        // Relaxed: what is counted is looked at by who has joined the thread.
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

/// A key of which timed values are stored.
struct Shop {
    invalidations: Invalidations,
    class: Arc<Class>,
    place: Place<Timed>,
}

impl Shop {
    fn new() -> Shop {
        let class = Arc::new(Class::new([]));
        Shop { invalidations: Invalidations::new(), class, place: Place::new() }
    }

    fn capture(&self) -> Capture {
        self.invalidations.capture(&self.class)
    }

    fn store(&self, timed: Timed) {
        assert!(self.place.store(timed, &self.capture(), || false), "nothing covers it");
    }

    fn sight(&self) -> Option<(Sighting<Timed, StageRow<Timed>>, Arc<Timed>)> {
        let own = |_: &Timed| Arc::default();
        let (seen, view) =
            Sighting::of(Stamp::of([self.invalidations.changes()]), || self.place.row(), own, [])?;
        Some((seen, Arc::clone(view.entry())))
    }

    /// What a thread remembers that takes the deadline from another look than the value.
    fn sight_twice(&self) -> Option<(Sighting<Timed, StageRow<Timed>>, u64, u64)> {
        let (_, first) = self.sight()?;
        let (seen, second) = self.sight()?;
        Some((seen, first.value, second.until))
    }
}

/// A value is replaced beside two threads: each finds the old or the new one with the deadline of that, and
/// while its word stands a later look finds the same.
#[test]
fn a_replacement_leaves_each_thread_a_value_with_its_own_deadline() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let shop = Arc::new(Shop::new());
        shop.store(Timed::new(OLD, &drops));
        let remembering = [(); 2].map(|()| {
            let shop = Arc::clone(&shop);
            thread::spawn(move || {
                let (seen, timed) = shop.sight().expect("a replacement leaves no gap");
                assert!(timed.is_whole(), "the deadline of another value");
                let (_, again) = shop.sight().expect("a replacement leaves no gap");
                assert!(!seen.stands() || Arc::ptr_eq(&timed, &again), "two under one word");
                (seen, timed)
            })
        });
        shop.store(Timed::new(NEW, &drops));
        for thread in remembering {
            let (seen, timed) = thread.join().unwrap();
            assert_eq!(seen.stands(), timed.value == NEW);
            assert!(timed.is_whole(), "dropped while a thread held it");
        }
        assert_eq!(drops.load(Ordering::Relaxed), 1, "the old one"); // Relaxed: joined.
        drop(shop);
        assert_eq!(drops.load(Ordering::Relaxed), 2, "both"); // Relaxed: as above.
    });
}

#[test]
#[should_panic(expected = "of another value")]
fn a_deadline_from_another_look_than_the_value_is_mixed_with_it() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let shop = Arc::new(Shop::new());
        shop.store(Timed::new(OLD, &drops));
        let remembering = {
            let shop = Arc::clone(&shop);
            thread::spawn(move || {
                let (_, value, until) = shop.sight_twice().expect("a replacement leaves no gap");
                assert_eq!(until, value + 10, "the deadline of another value");
            })
        };
        shop.store(Timed::new(NEW, &drops));
        remembering.join().unwrap();
    });
}

/// How a thread holds the value that it remembers.
#[derive(Clone, Copy)]
enum Hold {
    Shared,
    /// The mistake that models must find.
    Weak,
}

enum Share {
    Value(Arc<Timed>),
    Weak(Weak<Timed>),
}

/// Two threads remember what a cache holds that ends its entry and is dropped: the value is valid while they
/// hold it, dead by its word, and dropped once.
fn what_is_remembered_outlives_its_cache(hold: Hold) {
    loom::model(move || {
        let drops = Arc::new(AtomicUsize::new(0));
        let shop = Arc::new(Shop::new());
        shop.store(Timed::new(OLD, &drops));
        let remembering = [(); 2].map(|()| {
            let shop = Arc::clone(&shop);
            thread::spawn(move || {
                let (seen, timed) = shop.sight()?;
                let share = match hold {
                    Hold::Shared => Share::Value(timed),
                    Hold::Weak => Share::Weak(Arc::downgrade(&timed)),
                };
                Some((seen, share))
            })
        });
        shop.place.evict();
        drop(shop);
        for thread in remembering {
            let Some((seen, share)) = thread.join().unwrap() else { continue };
            assert!(!seen.stands(), "a dead slot looks unchanged");
            let timed = match share {
                Share::Value(timed) => timed,
                Share::Weak(weak) => weak.upgrade().expect("the value has gone"),
            };
            assert!(timed.is_whole(), "dropped while a thread held it");
            assert_eq!(drops.load(Ordering::Relaxed), 0); // Relaxed: joined.
        }
        assert_eq!(drops.load(Ordering::Relaxed), 1, "dropped once"); // Relaxed: as above.
    });
}

#[test]
fn what_a_thread_remembers_outlives_its_cache_and_is_dropped_once() {
    what_is_remembered_outlives_its_cache(Hold::Shared);
}

#[test]
#[should_panic(expected = "the value has gone")]
fn what_a_thread_remembers_without_a_share_goes_with_its_cache() {
    what_is_remembered_outlives_its_cache(Hold::Weak);
}
