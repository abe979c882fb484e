// The claims of `slot.rs`, each as a test.
// Never knows: anything beyond the module it tests.
// Read next: `slot.rs`.

use super::*;
use crate::truth::generation::{Class, Sequence};

struct World {
    sequence: Sequence,
    class: Arc<Class>,
}

impl World {
    fn new() -> World {
        World { sequence: Sequence::new(), class: Arc::new(Class::new([])) }
    }

    fn held(&self, value: u32) -> Held<u32> {
        let capture = Capture::take(&self.sequence, &self.class);
        Held { entry: Arc::new(value), capture }
    }

    fn kill(&self) -> u64 {
        self.class.kill(self.sequence.next())
    }
}

fn value(slot: &Slot<u32>) -> Option<u32> {
    slot.read().filter(|held| !held.capture.is_killed()).map(|held| *held.entry)
}

#[test]
fn replacing_in_place_moves_the_version_and_keeps_the_count() {
    let world = World::new();
    let slot = Slot::with_entry(world.held(1), 0).expect("nothing covers it");
    let before = slot.version();
    assert!(matches!(slot.replace(world.held(2)), Replaced::Yes(old) if *old.entry == 1));
    assert_ne!(slot.version(), before);
    assert_eq!(value(&slot), Some(2));
    assert_eq!(world.kill(), 1);
    assert_eq!(value(&slot), None);
}

#[test]
fn a_covered_entry_neither_starts_nor_replaces() {
    let world = World::new();
    let (first, second) = (world.held(1), world.held(2));
    world.kill();
    assert!(Slot::with_entry(first, 0).is_none());
    let slot = Slot::with_entry(world.held(3), 0).expect("captured after the kill");
    assert!(matches!(slot.replace(second), Replaced::Covered(None)));
    assert_eq!(value(&slot), Some(3));
}

#[test]
fn moving_to_another_class_moves_the_count() {
    let world = World::new();
    let other = World { class: Arc::new(Class::new([])), ..World::new() };
    let slot = Slot::with_entry(world.held(1), 0).expect("nothing covers it");
    let elsewhere = Capture::take(&world.sequence, &other.class);
    let held = Held { entry: Arc::new(2), capture: elsewhere };
    assert!(matches!(slot.replace(held), Replaced::Yes(_)));
    assert_eq!(world.kill(), 0);
    assert_eq!(value(&slot), Some(2));
    assert_eq!(other.class.kill(world.sequence.next()), 1);
}

#[test]
fn a_dead_slot_dies_once_and_stays_dead() {
    let world = World::new();
    let slot = Slot::with_entry(world.held(1), 0).expect("nothing covers it");
    assert_eq!(slot.kill().map(|held| *held.entry), Some(1));
    assert!(slot.kill().is_none());
    assert_eq!(slot.version(), DEAD);
    assert!(matches!(slot.replace(world.held(2)), Replaced::Dead(held) if *held.entry == 2));
    assert_eq!(world.kill(), 0, "it left the count when it died");
}

#[test]
fn a_value_is_put_in_place_only_in_the_generation_that_counts_the_one_before() {
    let world = World::new();
    let slot = Slot::with_entry(world.held(1), 0).expect("nothing covers it");
    let put = |new: u32| {
        let put = |entry: &mut Arc<u32>, _: &Class| Some(std::mem::replace(entry, Arc::new(new)));
        slot.renew(&world.sequence, put).map(|old| *old)
    };
    let version = slot.version();
    assert_eq!((put(2), value(&slot)), (Some(1), Some(2)));
    assert_ne!(slot.version(), version);
    slot.expire(world.sequence.next());
    assert!(slot.read().is_some_and(|held| held.is_expired_in(&slot)));
    assert_eq!(put(3), Some(2));
    assert!(slot.read().is_some_and(|held| !held.is_expired_in(&slot)), "captured since");
    let version = slot.version();
    assert_eq!(slot.renew(&world.sequence, |_, _| None::<()>), None);
    assert_eq!((slot.version(), value(&slot)), (version, Some(3)), "nothing was put");
    assert_eq!(world.kill(), 1, "they count once");
    assert_eq!(put(4), None, "it would be dead as it comes");
    assert!(slot.kill().is_some());
    assert_eq!(put(5), None);
}
