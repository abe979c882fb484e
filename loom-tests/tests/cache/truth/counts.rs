// Models of the count of the dead: every entry that dies with its class is counted by one kill.
// Never knows: what kills a class; kills of one class are serialised, as a match's lock does.

use std::sync::Arc;

use kairos_cache::model::{Class, Held, Invalidations, Replaced, Slot};
use loom::thread;

/// One class of entries, in slots of their own.
struct World {
    invalidations: Invalidations,
    class: Arc<Class>,
}

impl World {
    fn new() -> Arc<World> {
        let class = Arc::new(Class::new([]));
        Arc::new(World { invalidations: Invalidations::new(), class })
    }

    fn held(&self, class: &Arc<Class>, value: u64) -> Held<u64> {
        Held { entry: Arc::new(value), capture: self.invalidations.capture(class) }
    }

    /// Kills the class; returns how many entries died.
    fn kill_class(&self) -> u64 {
        self.kill(&self.class)
    }

    fn kill(&self, class: &Class) -> u64 {
        class.kill(self.invalidations.sequence().next())
    }
}

fn publish(world: &World) -> Option<Slot<u64>> {
    Slot::with_entry(world.held(&world.class, 0), 0)
}

fn is_dead(slot: &Slot<u64>) -> bool {
    slot.read().is_none_or(|(_, held)| held.capture.is_killed())
}

#[test]
fn a_kill_counts_exactly_the_entries_that_are_dead_after_it() {
    loom::model(|| {
        let world = World::new();
        let publishing = [(); 2].map(|()| {
            let world = Arc::clone(&world);
            thread::spawn(move || publish(&world))
        });
        let died = world.kill_class();
        let slots: Vec<_> = publishing.into_iter().filter_map(|t| t.join().unwrap()).collect();
        let dead = slots.iter().filter(|slot| is_dead(slot)).count();
        assert_eq!(died, dead as u64);
        assert_eq!(world.kill_class(), (slots.len() - dead) as u64, "the rest dies later");
        assert_eq!(world.kill_class(), 0);
    });
}

#[test]
fn two_kills_share_the_entries_between_them() {
    loom::model(|| {
        let world = World::new();
        let publishing = [(); 2].map(|()| {
            let world = Arc::clone(&world);
            thread::spawn(move || publish(&world))
        });
        let died = world.kill_class() + world.kill_class();
        let slots: Vec<_> = publishing.into_iter().filter_map(|t| t.join().unwrap()).collect();
        let alive = slots.iter().filter(|slot| !is_dead(slot)).count() as u64;
        assert_eq!(died + alive, slots.len() as u64);
        assert_eq!(world.kill_class(), alive);
    });
}

#[test]
fn an_entry_replaced_in_place_is_counted_once() {
    loom::model(|| {
        let world = World::new();
        let slot = Arc::new(publish(&world).expect("nothing covers it yet"));
        let replacing = {
            let (world, slot) = (Arc::clone(&world), Arc::clone(&slot));
            thread::spawn(move || slot.replace(world.held(&world.class, 1)))
        };
        let first = world.kill_class();
        let replaced = replacing.join().unwrap();
        assert_eq!(first, 1, "the old entry or the new one, never both");
        let alive = u64::from(!is_dead(&slot));
        assert!(alive == 0 || matches!(replaced, Replaced::Yes(_)));
        assert_eq!(world.kill_class(), alive);
    });
}

#[test]
fn an_entry_that_moves_to_another_class_is_counted_in_one_of_them() {
    loom::model(|| {
        let world = World::new();
        let other = Arc::new(Class::new([]));
        let slot = Arc::new(publish(&world).expect("nothing covers it yet"));
        let moving = {
            let (world, other, slot) = (Arc::clone(&world), Arc::clone(&other), Arc::clone(&slot));
            thread::spawn(move || slot.replace(world.held(&other, 1)))
        };
        let died = world.kill(&other);
        let replaced = moving.join().unwrap();
        let alive = u64::from(!is_dead(&slot));
        if matches!(replaced, Replaced::Yes(_)) {
            assert_eq!(died + alive, 1, "the new entry, before the kill or after it");
            assert_eq!(world.kill_class(), 0, "the old entry has left its class");
            assert_eq!(world.kill(&other), alive);
        } else {
            assert_eq!(died, 0, "the new entry was refused");
            assert_eq!(world.kill_class(), alive, "the old entry, unless it was given up");
        }
    });
}

#[test]
fn an_eviction_beside_a_kill_takes_nobody_elses_place() {
    loom::model(|| {
        let world = World::new();
        let slot = Arc::new(publish(&world).expect("nothing covers it yet"));
        let evicting = {
            let slot = Arc::clone(&slot);
            thread::spawn(move || slot.kill().is_some())
        };
        let first = world.kill_class();
        assert!(first <= 1);
        let next = publish(&world).expect("captured after the kill");
        assert!(evicting.join().unwrap(), "it is ended once");
        assert!(!is_dead(&next));
        assert_eq!(world.kill_class(), 1, "the entry that came after the first kill");
    });
}

#[test]
fn of_two_who_end_a_slot_one_does() {
    loom::model(|| {
        let world = World::new();
        let slot = Arc::new(publish(&world).expect("nothing covers it yet"));
        let _other = publish(&world).expect("nothing covers it yet");
        let ending = {
            let slot = Arc::clone(&slot);
            thread::spawn(move || slot.kill().is_some())
        };
        let own = slot.kill().is_some();
        assert!(own ^ ending.join().unwrap());
        assert_eq!(world.kill_class(), 1, "the other entry is still counted");
    });
}

/// Entries come, are replaced and leave while the class is killed: what died and what is left add up
/// to what was admitted.
#[test]
fn died_is_exact() {
    loom::model(|| {
        let world = World::new();
        let slot = Arc::new(publish(&world).expect("nothing covers it yet"));
        let replacing = {
            let (world, slot) = (Arc::clone(&world), Arc::clone(&slot));
            thread::spawn(move || {
                slot.replace(world.held(&world.class, 1));
            })
        };
        let coming = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let slot = publish(&world);
                let came = slot.is_some();
                // Whether it leaves by eviction before or after a kill, it is counted once.
                let left = slot.as_ref().and_then(Slot::kill).is_some();
                (came, left)
            })
        };
        let died = world.kill_class();
        replacing.join().unwrap();
        let (came, left) = coming.join().unwrap();
        assert_eq!(came, left);
        let alive = world.kill_class();
        // The first entry died by the first kill, whichever value it had; a value computed after
        // that kill may have taken its place. The other came and went, or died in between.
        assert!((1..=2).contains(&died), "{died} died");
        assert!(alive <= 1, "{alive} were left");
    });
}
