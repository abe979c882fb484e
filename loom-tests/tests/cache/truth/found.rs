// Models of tags that a compute finds: its result is judged by them from the compute's start.
// Never knows: how a result comes to name tags, or who waits for it.

use std::sync::Arc;

use kairos_cache::model::{Capture, Class, KeyMarks, Mark};

use crate::stage::{FAR, NEAR, World, model};

/// A tag that no context names.
const FOUND: &str = "team:arsenal";

/// How many tags have a mark of their own: that of the market, and one more; or that of the market.
const ROOM: usize = 2;
const FULL: usize = 1;

fn mark(world: &World, bound: usize) -> impl Fn(&str) -> Arc<Mark> {
    move |name| world.tags.mark(name, bound).mark
}

/// The class of the market's entries that carry the tag.
fn tagged(world: &World, tag: &str, bound: usize) -> Arc<Class> {
    world.scope.class(Some(world.market), &[tag.into()], &world.graph, mark(world, bound))
}

/// What a compute has captured, for a result that carries the tag.
fn recapture(world: &World, capture: &Capture, tag: &str, bound: usize) -> Capture {
    let (market, tags) = (Some(world.market), [tag.into()]);
    world.scope.recapture(capture, market, &tags, &world.graph, mark(world, bound))
}

/// Captures without the tag, computes, stores with it.
fn compute_and_store(world: &World, tag: &str, bound: usize) -> bool {
    world.turn.take();
    let capture = world.capture();
    let value = world.source.read();
    let capture = recapture(world, &capture, tag, bound);
    world.store(value, &capture, KeyMarks::default())
}

/// A change is invalidated by a tag that a running compute will name, while others meet or forget it.
fn nothing_from_before_is_served(
    bound: usize,
    tag: &'static str,
    others: fn(&World, usize),
    cover: fn(&World),
) {
    model(move |world| {
        let _known = world.class();
        let computing = world.beside(move |world| compute_and_store(world, tag, bound));
        let other = world.beside(move |world| {
            world.turn.take();
            others(world, bound);
        });
        world.turn.take();
        world.source.write(1);
        cover(world);
        assert_ne!(world.alive(), Some(0), "read at once");
        computing.join().unwrap();
        other.join().unwrap();
        assert_ne!(world.alive(), Some(0), "read later");
    });
}

fn by_tag(world: &World) {
    world.invalidations.kill_tag(&world.tags, FOUND);
}

fn by_event(world: &World) {
    world.scope.kill_event(world.event, world.invalidations.sequence());
}

/// The tag is met by another, who lets go of it; then it is forgotten.
fn meet_and_forget(world: &World, bound: usize) {
    drop(world.tags.mark(FOUND, bound));
    world.tags.forget_unheld();
}

/// Another compute makes the class, which is then forgotten.
fn make_and_reclaim(world: &World, bound: usize) {
    drop(tagged(world, FOUND, bound));
    world.scope.reclaim_classes();
}

#[test]
fn a_tag_found_by_a_compute_covers_it_though_nobody_knew_the_tag() {
    nothing_from_before_is_served(ROOM, FOUND, |_, _| {}, by_tag);
}

#[test]
fn a_tag_found_by_a_compute_covers_it_though_it_was_forgotten() {
    nothing_from_before_is_served(ROOM, FOUND, meet_and_forget, by_tag);
}

/// The invalidation meets the mark, and takes it along.
#[test]
fn a_tag_found_by_a_compute_covers_it_by_a_mark_that_was_forgotten() {
    model(|world| {
        let _class = world.class();
        let known = world.tags.mark(FOUND, ROOM);
        let computing = world.beside(|world| compute_and_store(world, FOUND, ROOM));
        world.turn.take();
        world.source.write(1);
        by_tag(world);
        drop(known);
        world.tags.forget_unheld();
        assert_ne!(world.alive(), Some(0), "read at once");
        computing.join().unwrap();
        assert_ne!(world.alive(), Some(0), "read later");
    });
}

#[test]
fn a_tag_found_by_a_compute_covers_it_beyond_the_bound() {
    nothing_from_before_is_served(FULL, FOUND, |_, _| {}, by_tag);
}

#[test]
fn an_event_covers_what_comes_to_a_class_that_was_not_there() {
    nothing_from_before_is_served(ROOM, FOUND, make_and_reclaim, by_event);
}

#[test]
fn a_kill_of_the_match_covers_what_comes_to_a_class_that_was_not_there() {
    nothing_from_before_is_served(ROOM, FOUND, make_and_reclaim, |world| {
        world.scope.kill_all(world.invalidations.sequence());
    });
}

/// What an event counts and what is dead after it are the same, also of a result that has moved.
fn counted_is_what_lives(moved: fn(&World, &Capture, &Arc<Class>) -> Capture) {
    model(move |world| {
        let (capture, class) = (world.capture(), tagged(world, FOUND, ROOM));
        let storing = world.beside(move |world| {
            world.turn.take();
            let capture = moved(world, &capture, &class);
            world.store(world.source.read(), &capture, KeyMarks::default());
        });
        world.turn.take();
        let died = world.scope.kill_event(world.event, world.invalidations.sequence());
        storing.join().unwrap();
        let alive = world.alive().is_some();
        let again = world.scope.kill_event(world.event, world.invalidations.sequence());
        assert_eq!(again, u64::from(alive), "counted as living: what lives");
        assert!(died + again <= 1, "one entry dies once");
    });
}

#[test]
fn a_result_that_moves_to_another_class_is_counted_there_unless_it_is_dead() {
    counted_is_what_lives(|world, capture, _| recapture(world, capture, FOUND, ROOM));
}

/// Beside a kill that has ended the generation and has not raised the mark yet.
#[test]
#[should_panic(expected = "counted as living: what lives")]
fn a_result_that_moves_without_the_lock_is_counted_though_it_is_dead() {
    counted_is_what_lives(|_, capture, class| capture.moved_to(class));
}

/// An expiry comes beside a compute that names a tag, and beside those who meet or make what it needs.
fn nothing_from_before_is_fresh(others: fn(&World, usize), cover: fn(&World)) {
    model(move |world| {
        let _known = world.class();
        let computing = world.beside(|world| compute_and_store(world, FOUND, ROOM));
        let other = world.beside(move |world| {
            world.turn.take();
            others(world, ROOM);
        });
        world.turn.take();
        world.source.write(1);
        cover(world);
        assert_ne!(world.fresh(), Some(0), "read at once");
        computing.join().unwrap();
        other.join().unwrap();
        assert_ne!(world.fresh(), Some(0), "read later");
    });
}

#[test]
fn an_expiry_by_a_found_tag_leaves_nothing_fresh_from_before() {
    nothing_from_before_is_fresh(meet_and_forget, |world| {
        world.invalidations.expire_tag(&world.tags, FOUND);
    });
}

#[test]
fn a_soft_move_covers_what_comes_to_a_class_that_was_not_there() {
    nothing_from_before_is_fresh(make_and_reclaim, |world| {
        world.observe(NEAR).expect("beyond the soft bound");
    });
}

#[test]
fn a_hard_move_covers_what_comes_to_a_class_that_was_not_there() {
    nothing_from_before_is_served(ROOM, FOUND, make_and_reclaim, |world| {
        world.observe(FAR).expect("beyond the hard bound");
    });
}
