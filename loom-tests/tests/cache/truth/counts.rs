// Models of the count of the dead: every entry that dies with its class is counted by one kill.
// Never knows: what kills a class; kills of one class are serialised, as a match's lock does.

use std::sync::Arc;

use kairos_cache::model::{Class, Invalidations, Shelf, View};
use loom::thread;

use crate::stage::Place;

/// One class of entries, each at a place of its own.
struct World {
    invalidations: Invalidations,
    class: Arc<Class>,
}

impl World {
    fn new() -> Arc<World> {
        let class = Arc::new(Class::new([]));
        Arc::new(World { invalidations: Invalidations::new(), class })
    }

    /// Stores a value of a class that is computed now. Says whether it did.
    fn publish(&self, place: &Place, class: &Arc<Class>) -> bool {
        place.store(0, &self.invalidations.capture(class), || false)
    }

    /// A place with an entry of the class.
    fn stored(&self) -> Arc<Place> {
        let place = Arc::new(Place::new());
        assert!(self.publish(&place, &self.class), "nothing covers it yet");
        place
    }

    /// Kills the class; returns how many entries died.
    fn kill_class(&self) -> u64 {
        self.kill(&self.class)
    }

    fn kill(&self, class: &Class) -> u64 {
        class.kill(self.invalidations.sequence().next())
    }

    /// Two computes of the class that end meanwhile. Each returns the place of its entry, if it was
    /// stored.
    fn two_computes(self: &Arc<Self>) -> [thread::JoinHandle<Option<Place>>; 2] {
        [(); 2].map(|()| {
            let world = Arc::clone(self);
            thread::spawn(move || {
                let place = Place::new();
                world.publish(&place, &world.class).then_some(place)
            })
        })
    }
}

fn is_alive(place: &Place) -> bool {
    place.row().is_some_and(|row| View::of(&row).is_some())
}

/// Ends the slot of a place as the store's eviction does, which leaves it there for a while. Returns
/// whether it has ended an entry.
fn evict(place: &Place) -> bool {
    place.row().is_some_and(|row| row.kill().is_some())
}

#[test]
fn a_kill_counts_exactly_the_entries_that_are_dead_after_it() {
    loom::model(|| {
        let world = World::new();
        let computing = world.two_computes();
        let died = world.kill_class();
        let places: Vec<_> = computing.into_iter().filter_map(|t| t.join().unwrap()).collect();
        let alive = places.iter().filter(|place| is_alive(place)).count();
        assert_eq!(died, (places.len() - alive) as u64);
        assert_eq!(world.kill_class(), alive as u64, "the rest dies later");
        assert_eq!(world.kill_class(), 0);
    });
}

#[test]
fn two_kills_share_the_entries_between_them() {
    loom::model(|| {
        let world = World::new();
        let computing = world.two_computes();
        let died = world.kill_class() + world.kill_class();
        let places: Vec<_> = computing.into_iter().filter_map(|t| t.join().unwrap()).collect();
        let alive = places.iter().filter(|place| is_alive(place)).count() as u64;
        assert_eq!(died + alive, places.len() as u64);
        assert_eq!(world.kill_class(), alive);
    });
}

#[test]
fn an_entry_replaced_in_place_is_counted_once() {
    loom::model(|| {
        let world = World::new();
        let place = world.stored();
        let replacing = {
            let (world, place) = (Arc::clone(&world), Arc::clone(&place));
            thread::spawn(move || world.publish(&place, &world.class))
        };
        let first = world.kill_class();
        let replaced = replacing.join().unwrap();
        assert_eq!(first, 1, "the old entry or the new one, never both");
        let alive = is_alive(&place);
        assert!(replaced || !alive);
        assert_eq!(world.kill_class(), u64::from(alive));
    });
}

#[test]
fn an_entry_that_moves_to_another_class_is_counted_in_one_of_them() {
    loom::model(|| {
        let world = World::new();
        let other = Arc::new(Class::new([]));
        let place = world.stored();
        let moving = {
            let (world, other, place) =
                (Arc::clone(&world), Arc::clone(&other), Arc::clone(&place));
            thread::spawn(move || world.publish(&place, &other))
        };
        let died = world.kill(&other);
        let moved = moving.join().unwrap();
        let alive = u64::from(is_alive(&place));
        if moved {
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
        let place = world.stored();
        let evicting = {
            let place = Arc::clone(&place);
            thread::spawn(move || evict(&place))
        };
        let first = world.kill_class();
        assert!(first <= 1);
        let next = world.stored();
        assert!(evicting.join().unwrap(), "it is ended once");
        assert!(is_alive(&next));
        assert_eq!(world.kill_class(), 1, "the entry that came after the first kill");
    });
}

/// The new entry goes with the slot in which it replaced the old one, or gets a slot of its own.
#[test]
fn an_eviction_beside_a_replacement_ends_one_of_the_two_entries() {
    loom::model(|| {
        let world = World::new();
        let place = world.stored();
        let evicting = {
            let place = Arc::clone(&place);
            thread::spawn(move || {
                let row = place.row().expect("nothing takes it out");
                row.kill().map(|_| row)
            })
        };
        assert!(world.publish(&place, &world.class), "nothing covers it");
        let evicted = evicting.join().unwrap().expect("a slot that lived");
        let stands = place.row().expect("nothing takes it out");
        let is_evicted = Arc::ptr_eq(&stands, &evicted);
        assert_eq!(is_alive(&place), !is_evicted);
        assert_eq!(world.kill_class(), u64::from(!is_evicted), "what was evicted is not counted");
    });
}

#[test]
fn of_two_who_end_a_slot_one_does() {
    loom::model(|| {
        let world = World::new();
        let (place, _other) = (world.stored(), world.stored());
        let ending = {
            let place = Arc::clone(&place);
            thread::spawn(move || evict(&place))
        };
        let own = evict(&place);
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
        let place = world.stored();
        let replacing = {
            let (world, place) = (Arc::clone(&world), Arc::clone(&place));
            thread::spawn(move || {
                world.publish(&place, &world.class);
            })
        };
        let coming = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let place = Place::new();
                let came = world.publish(&place, &world.class);
                // Whether it leaves by eviction before or after a kill, it is counted once.
                (came, evict(&place))
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
