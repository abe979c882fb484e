// Models of moves: what was computed before prices moved is covered once an observation of the match returns.
// Never knows: who tells a price, or what a read does with an expired entry.

use kairos_cache::DriftBound;
use kairos_cache::model::{KeyMarks, Move};

use crate::stage::{FAR, NEAR, World, model};

/// A way to observe a price.
type Observe = fn(&World, f64) -> Option<Move>;

/// What is served from before: at all, or as fresh.
fn served(world: &World, bound: DriftBound) -> Option<u64> {
    match bound {
        DriftBound::Hard => world.alive(),
        DriftBound::Soft => world.fresh(),
    }
}

fn price(bound: DriftBound) -> f64 {
    match bound {
        DriftBound::Hard => FAR,
        DriftBound::Soft => NEAR,
    }
}

/// Prices move beside a compute: of a class that is there, or of one that it makes.
fn nothing_from_before_a_move_is_served(bound: DriftBound, known: bool) {
    model(move |world| {
        let class = known.then(|| world.class());
        let computing = world.beside(|world| {
            world.turn.take();
            let class = class.unwrap_or_else(|| world.class());
            world.compute_and_store(&class);
        });
        world.turn.take();
        world.source.write(1);
        let moved = world.observe(price(bound)).expect("beyond the bound");
        assert_eq!(moved.bound, bound);
        assert_ne!(served(world, bound), Some(0), "read at once");
        computing.join().unwrap();
        assert_ne!(served(world, bound), Some(0), "read later");
    });
}

#[test]
fn nothing_from_before_a_hard_move_is_served() {
    nothing_from_before_a_move_is_served(DriftBound::Hard, true);
}

#[test]
fn nothing_from_before_a_soft_move_is_served_as_fresh() {
    nothing_from_before_a_move_is_served(DriftBound::Soft, true);
}

#[test]
fn nothing_from_before_a_hard_move_is_served_by_a_new_class() {
    nothing_from_before_a_move_is_served(DriftBound::Hard, false);
}

#[test]
fn nothing_from_before_a_soft_move_is_served_as_fresh_by_a_new_class() {
    nothing_from_before_a_move_is_served(DriftBound::Soft, false);
}

/// A compute that captures after its value was read.
#[test]
#[should_panic(expected = "read later")]
fn a_move_misses_a_compute_that_captures_too_late() {
    model(|world| {
        let class = world.class();
        let computing = world.beside(move |world| {
            world.turn.take();
            let value = world.source.read();
            let capture = world.invalidations.capture(&class);
            world.store(value, &capture, KeyMarks::default());
        });
        world.turn.take();
        world.source.write(1);
        world.observe(FAR);
        computing.join().unwrap();
        assert_ne!(world.alive(), Some(0), "read later");
    });
}

/// Two observe the same price: the first is the move, the second none by the references that it has
/// renewed. Whichever returns, what was stored and what is computed from before is covered.
fn whoever_observes_may_count_on_the_move(bound: DriftBound, observe: Observe) {
    model(move |world| {
        let class = world.class();
        assert!(world.compute_and_store(&class));
        let other = world.beside(move |world| {
            world.turn.take();
            world.source.write(1);
            observe(world, price(bound))
        });
        world.turn.take();
        world.source.write(1);
        let own = observe(world, price(bound));
        assert_ne!(served(world, bound), Some(0), "read behind an observation");
        let others = other.join().unwrap();
        assert!(own.is_some() ^ others.is_some(), "one of them is the move");
        let died = own.or(others).map_or(0, |moved| moved.died);
        assert_eq!(died, u64::from(bound == DriftBound::Hard), "the entry dies once");
    });
}

#[test]
fn an_observation_that_is_no_move_returns_behind_the_kill_of_the_move_before_it() {
    whoever_observes_may_count_on_the_move(DriftBound::Hard, World::observe);
}

#[test]
fn an_observation_that_is_no_move_returns_behind_the_expiry_of_the_move_before_it() {
    whoever_observes_may_count_on_the_move(DriftBound::Soft, World::observe);
}

#[test]
#[should_panic(expected = "read behind an observation")]
fn an_observation_that_is_no_move_fails_for_a_kill_behind_the_lock() {
    whoever_observes_may_count_on_the_move(DriftBound::Hard, World::observe_and_mark_later);
}

#[test]
#[should_panic(expected = "read behind an observation")]
fn an_observation_that_is_no_move_fails_for_an_expiry_behind_the_lock() {
    whoever_observes_may_count_on_the_move(DriftBound::Soft, World::observe_and_mark_later);
}

/// The same beside a compute that ends at any time.
fn what_runs_is_covered_for_whoever_observes(bound: DriftBound, observe: Observe) {
    model(move |world| {
        let class = world.class();
        let computing = world.beside(move |world| {
            world.turn.take();
            world.compute_and_store(&class);
        });
        let other = world.beside(move |world| {
            world.turn.take();
            world.source.write(1);
            observe(world, price(bound));
        });
        world.turn.take();
        world.source.write(1);
        observe(world, price(bound));
        assert_ne!(served(world, bound), Some(0), "read behind an observation");
        computing.join().unwrap();
        other.join().unwrap();
        assert_ne!(served(world, bound), Some(0), "read later");
    });
}

#[test]
fn what_runs_is_killed_for_whoever_observes_no_move() {
    what_runs_is_covered_for_whoever_observes(DriftBound::Hard, World::observe);
}

#[test]
fn what_runs_is_expired_for_whoever_observes_no_move() {
    what_runs_is_covered_for_whoever_observes(DriftBound::Soft, World::observe);
}
