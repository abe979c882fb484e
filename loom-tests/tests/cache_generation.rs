//! Models of the promise: no lost invalidation, exact counts, no torn slot.
//! Never knows: the store; a slot in an `Arc` plays the key's place.
//! Read next: `crates/kairos-cache/src/generation.rs`.
#![cfg(kairos_loom)]

use std::sync::Arc as StdArc;

use kairos_cache::model::{Capture, Class, Held, Mark, Published, Replaced, Sequence, Slot};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use loom::thread;

/// What an invalidation may cover an entry by.
#[derive(Clone, Copy)]
enum Covers {
    Class,
    Tag,
    Everything,
}

struct World {
    sequence: Sequence,
    everything: StdArc<Mark>,
    tag: StdArc<Mark>,
    class: StdArc<Class>,
    /// The backend: what a compute reads. Relaxed, so that only the protocol orders it.
    source: AtomicU64,
    slot: Slot<u64>,
}

impl World {
    fn new() -> World {
        let tag = StdArc::new(Mark::new());
        let class = StdArc::new(Class::new([StdArc::clone(&tag)]));
        let (sequence, everything) = (Sequence::new(), StdArc::new(Mark::new()));
        let capture = Capture::take(&sequence, &everything, &class);
        let first = Held { entry: StdArc::new(0), capture };
        let slot = Slot::with_entry(first).expect("nothing has been killed");
        World { sequence, everything, tag, class, source: AtomicU64::new(0), slot }
    }

    fn capture(&self) -> Capture {
        Capture::take(&self.sequence, &self.everything, &self.class)
    }

    /// Captures, computes, publishes.
    fn compute(&self) -> Replaced {
        let capture = self.capture();
        let entry = StdArc::new(self.source.load(Ordering::Relaxed));
        self.slot.replace(Held { entry, capture })
    }

    /// The same with the capture after the compute: the mistake that the models must find.
    fn compute_before_capture(&self) -> Replaced {
        let entry = StdArc::new(self.source.load(Ordering::Relaxed));
        let capture = self.capture();
        self.slot.replace(Held { entry, capture })
    }

    fn invalidate(&self, covers: Covers) {
        let seq = self.sequence.next();
        match covers {
            Covers::Class => {
                self.class.kill(seq);
            }
            Covers::Tag => self.tag.kill(seq),
            Covers::Everything => self.everything.kill(seq),
        }
    }

    fn served(&self) -> Option<u64> {
        let (_, held) = self.slot.read()?;
        (!held.capture.is_killed()).then_some(*held.entry)
    }
}

/// The source changes, the change is invalidated, and then nobody is served what was before it.
fn publish_or_die(covers: Covers, compute: fn(&World) -> Replaced) {
    loom::model(move || {
        let world = Arc::new(World::new());
        let computing = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                compute(&world);
            })
        };
        world.source.store(1, Ordering::Relaxed);
        world.invalidate(covers);
        let served = world.served();
        assert!(served != Some(0), "served the value from before the invalidation");
        computing.join().unwrap();
        let served = world.served();
        assert!(served != Some(0), "stored the value from before the invalidation");
    });
}

#[test]
fn publish_or_die_by_class() {
    publish_or_die(Covers::Class, World::compute);
}

#[test]
fn publish_or_die_by_tag() {
    publish_or_die(Covers::Tag, World::compute);
}

#[test]
fn publish_or_die_by_everything() {
    publish_or_die(Covers::Everything, World::compute);
}

#[test]
#[should_panic(expected = "before the invalidation")]
fn a_capture_after_the_compute_loses_an_invalidation_by_class() {
    publish_or_die(Covers::Class, World::compute_before_capture);
}

#[test]
#[should_panic(expected = "before the invalidation")]
fn a_capture_after_the_compute_loses_an_invalidation_by_tag() {
    publish_or_die(Covers::Tag, World::compute_before_capture);
}

/// Entries come, are replaced and leave while the class is killed: what died and what is left
/// add up to what was admitted.
#[test]
fn died_is_exact() {
    loom::model(|| {
        let world = Arc::new(World::new());
        let replacing = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.compute();
            })
        };
        let coming = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let held = Held { entry: StdArc::new(9), capture: world.capture() };
                let slot = Slot::with_entry(held);
                let came = slot.is_some();
                // Whether it leaves by eviction before or after a kill, it is counted once.
                let left = slot.as_ref().and_then(Slot::kill).is_some();
                (came, left)
            })
        };
        let died = world.class.kill(world.sequence.next());
        replacing.join().unwrap();
        let (came, left) = coming.join().unwrap();
        assert_eq!(came, left);
        let alive = world.class.kill(world.sequence.next());
        // The first entry died by the first kill, whichever value it had; a value computed after
        // that kill may have taken its place. The other came and went, or died in between.
        let in_place = u64::from(world.slot.read().is_some_and(|(_, held)| *held.entry == 0));
        assert!(in_place <= 1);
        assert!((1..=2).contains(&died), "{died} died");
        assert!(alive <= 1, "{alive} were left");
    });
}

/// A pin remembers word and entry; once a kill has returned it serves nothing, and what it serves
/// is what the word stood for.
#[test]
fn slot_replace() {
    loom::model(|| {
        let world = Arc::new(World::new());
        let killed = Arc::new(AtomicBool::new(false));
        let (version, held) = world.slot.read().expect("present");
        let writing = {
            let (world, killed) = (Arc::clone(&world), Arc::clone(&killed));
            thread::spawn(move || {
                world.source.store(1, Ordering::Relaxed);
                world.compute();
                world.slot.kill();
                killed.store(true, Ordering::Release);
            })
        };
        let was_killed = killed.load(Ordering::Acquire);
        let unchanged = world.slot.version() == version;
        assert!(!(was_killed && unchanged), "a dead slot looks unchanged");
        if let Some((now, again)) = world.slot.read() {
            assert_eq!(now == version, StdArc::ptr_eq(&again.entry, &held.entry));
        }
        writing.join().unwrap();
        assert!(world.slot.read().is_none());
    });
}

/// Words are read as they were written together, however many writes overtake the reader.
#[test]
fn published_words() {
    loom::model(|| {
        let words = Arc::new(Published::new([0, 0]));
        let writing = {
            let words = Arc::clone(&words);
            thread::spawn(move || {
                words.store([1, 1]);
                words.store([2, 2]);
                words.store([3, 3]);
            })
        };
        let [a, b] = words.load();
        assert_eq!(a, b, "torn");
        let [c, _] = words.load();
        assert!(c >= a, "went back");
        writing.join().unwrap();
        assert_eq!(words.load(), [3, 3]);
    });
}
