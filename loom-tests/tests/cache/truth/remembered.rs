// Models of what threads remember of a key: two of them remember it beside each change, eviction and replacement.
// Never knows: tables of threads, which no other thread touches, or the rules of a read.

use std::sync::Arc;

use kairos_cache::model::KeyMarks;

use crate::stage::{FAR, Memory, NEAR, Place, Remember, TAG, World, model};

/// What is stored first, and in its place.
const OLD: u64 = 0;
const NEW: u64 = 7;

fn stored(world: &World) {
    assert!(world.compute_and_store(&world.class()), "nothing covers it");
}

fn replace(world: &World) {
    assert!(world.store(NEW, &world.capture(), KeyMarks::default()), "nothing covers it");
}

/// Two threads remember the key and read it again, beside a change. Meanwhile each is served the old or
/// what the change `leaves`, and never the old one again; after it, what it leaves.
fn two_remember_beside(change: fn(&World), leaves: Option<u64>, how: Remember) {
    model(move |world| {
        stored(world);
        let reading = [(); 2].map(|()| {
            world.beside(move |world| {
                world.turn.take();
                let mut memory = Memory::new(world, how);
                let served = memory.read(world);
                assert!(served == Some(OLD) || served == leaves, "{served:?} beside the change");
                memory
            })
        });
        world.turn.take();
        change(world);
        for memory in reading {
            let mut memory = memory.join().unwrap();
            assert_eq!(memory.read(world), leaves, "after the change");
        }
    });
}

macro_rules! beside {
    ($($name:ident: $change:expr, $leaves:expr;)*) => {$(
        #[test]
        fn $name() {
            two_remember_beside($change, $leaves, Remember::InOrder);
            two_remember_beside($change, $leaves, Remember::AtAGlance);
        }
    )*};
}

beside! {
    two_remember_beside_an_invalidation_of_the_key: World::kill_key, None;
    two_remember_beside_an_invalidation_of_the_match: |world| {
        world.scope.kill_all(world.invalidations.sequence());
    }, None;
    two_remember_beside_an_event: |world| {
        world.scope.kill_event(world.event, world.invalidations.sequence());
    }, None;
    two_remember_beside_an_invalidation_of_a_tag: |world| {
        world.invalidations.kill_tag(&world.tags, TAG);
    }, None;
    two_remember_beside_an_invalidation_of_everything: |world| {
        world.invalidations.kill_everything();
    }, None;
    two_remember_beside_a_hard_move: |world| {
        world.observe(FAR);
    }, None;
    two_remember_beside_a_soft_move: |world| {
        world.observe(NEAR);
    }, None;
    two_remember_beside_an_expiry_of_the_key: World::expire_key, None;
    two_remember_beside_an_eviction: evict, None;
    two_remember_beside_a_replacement: replace, Some(NEW);
}

#[test]
#[should_panic(expected = "after the change")]
fn a_memory_that_goes_by_no_count_misses_an_invalidation_of_everything() {
    let invalidate = |world: &World| world.invalidations.kill_everything();
    two_remember_beside(invalidate, None, Remember::WithoutCounts);
}

#[test]
#[should_panic(expected = "after the change")]
fn a_memory_that_goes_by_no_count_misses_a_hard_move() {
    let observe = |world: &World| {
        world.observe(FAR);
    };
    two_remember_beside(observe, None, Remember::WithoutCounts);
}

#[test]
#[should_panic(expected = "after the change")]
fn a_glance_that_reads_the_count_of_all_changes_late_misses_an_invalidation_of_the_match() {
    let invalidate = |world: &World| {
        world.scope.kill_all(world.invalidations.sequence());
    };
    two_remember_beside(invalidate, None, Remember::GlancedLate);
}

#[test]
#[should_panic(expected = "after the change")]
fn a_memory_that_goes_by_no_word_misses_a_replacement() {
    two_remember_beside(replace, Some(NEW), Remember::WithoutWord);
}

#[test]
#[should_panic(expected = "after the change")]
fn a_memory_that_goes_by_no_word_misses_an_eviction() {
    two_remember_beside(evict, None, Remember::WithoutWord);
}

/// How the store lets a row go.
type Eviction = fn(&World);

fn evict(world: &World) {
    world.place.evict();
}

/// The mistake that models must find: not under the lock of the key.
fn evict_without_the_lock(world: &World) {
    Place::give_notice(world.place.let_go());
}

/// The store lets the key's row go while a thread remembers it or looks for it, and another changes the key.
/// When the change has returned, reads find what it `leaves`, whether the notice of the row has been given or
/// not.
fn a_row_is_let_go_beside(
    change: fn(&World),
    leaves: fn(Option<u64>) -> bool,
    let_go: Eviction,
    how: Remember,
) {
    let check = move |world: &World, memory: &mut Memory, who| {
        let served = memory.read(world);
        assert!(leaves(served), "{served:?} by who remembered it {who}");
    };
    let let_go = move |world: &Arc<World>| {
        world.beside(move |world| {
            world.turn.take();
            let_go(world);
        })
    };
    // Two models: a read of who remembered it before would hide from loom when the other looked.
    model(move |world| {
        stored(world);
        let mut memory = Memory::new(world, how);
        let letting_go = let_go(world);
        world.turn.take();
        change(world);
        check(world, &mut memory, "before");
        letting_go.join().unwrap();
        check(world, &mut memory, "at last");
    });
    // Who looks is the thread that the others interrupt: so few interruptions suffice.
    model(move |world| {
        stored(world);
        let letting_go = let_go(world);
        let changing = world.beside(move |world| {
            world.turn.take();
            change(world);
        });
        world.turn.take();
        let mut memory = Memory::new(world, how);
        changing.join().unwrap();
        check(world, &mut memory, "meanwhile");
        letting_go.join().unwrap();
        check(world, &mut memory, "at last");
    });
}

fn nothing(served: Option<u64>) -> bool {
    served.is_none()
}

/// Evicted again, or there.
fn nothing_old(served: Option<u64>) -> bool {
    served != Some(OLD)
}

#[test]
fn an_invalidation_of_a_key_that_is_let_go_reaches_who_remembers_it() {
    a_row_is_let_go_beside(World::kill_key, nothing, evict, Remember::InOrder);
    a_row_is_let_go_beside(World::kill_key, nothing, evict, Remember::AtAGlance);
}

#[test]
fn an_expiry_of_a_key_that_is_let_go_reaches_who_remembers_it() {
    a_row_is_let_go_beside(World::expire_key, nothing, evict, Remember::InOrder);
    a_row_is_let_go_beside(World::expire_key, nothing, evict, Remember::AtAGlance);
}

#[test]
fn a_row_that_takes_the_place_of_one_that_is_let_go_reaches_who_remembers_that() {
    a_row_is_let_go_beside(replace, nothing_old, evict, Remember::InOrder);
}

/// What came in its place is what the invalidation meets: it counts no miss.
#[test]
fn an_invalidation_of_what_takes_the_place_of_a_row_that_is_let_go_reaches_who_remembers_that() {
    let change = |world: &World| {
        replace(world);
        world.kill_key();
    };
    a_row_is_let_go_beside(change, nothing, evict, Remember::InOrder);
}

#[test]
#[should_panic(expected = "by who remembered it meanwhile")]
fn a_row_found_before_the_counts_hides_an_invalidation_that_meets_none() {
    a_row_is_let_go_beside(World::kill_key, nothing, evict, Remember::FoundEarly);
}

#[test]
#[should_panic(expected = "by who remembered it")]
fn an_invalidation_of_a_key_that_is_let_go_is_lost_without_the_count_of_misses() {
    a_row_is_let_go_beside(World::kill_key, nothing, evict, Remember::WithoutMisses);
}

#[test]
#[should_panic(expected = "by who remembered it")]
fn an_expiry_of_a_key_that_is_let_go_is_lost_without_the_count_of_misses() {
    a_row_is_let_go_beside(World::expire_key, nothing, evict, Remember::WithoutMisses);
}

#[test]
#[should_panic(expected = "by who remembered it")]
fn a_row_that_takes_the_place_of_one_that_is_let_go_fails_without_the_lock_of_the_key() {
    a_row_is_let_go_beside(replace, nothing_old, evict_without_the_lock, Remember::InOrder);
}
