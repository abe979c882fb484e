//! The claims of `matches.rs`, each as a test.
//! Never knows: anything beyond the module it tests.
//! Read next: `matches.rs`.

use super::*;
use crate::matches::state::TradingStatus;
use crate::truth::generation::Sequence;

const HOUR: i64 = 3600 * 1_000_000_000;

fn at(hour: i64) -> Now {
    Now { mono: (hour * HOUR).unsigned_abs(), wall: hour * HOUR }
}

/// A table and the handle of each name that was resolved.
struct World {
    matches: Matches,
    bound: usize,
}

impl World {
    fn new(bound: usize) -> World {
        World { matches: Matches::new(1, FixedState::with_seed(7), 12), bound }
    }

    fn own(&self, name: &str, hour: i64) -> Option<Scope> {
        self.matches.find_or_create(name, self.bound, at(hour))
    }

    fn scope(&self, name: &str) -> Scope {
        self.own(name, 0).unwrap_or_else(|| self.matches.find_or_share(name))
    }
}

#[test]
fn a_held_match_is_kept_and_one_that_nobody_holds_makes_room() {
    let world = World::new(2);
    let held = world.scope("held");
    for name in ["a", "b", "c"] {
        assert!(!world.scope(name).is_overflow(), "{name}");
    }
    assert!(world.scope("held").is(&held));
    assert_eq!(world.matches.len(), 2);
}

#[test]
fn the_table_is_swept_now_and_then_and_not_each_time_that_it_is_full() {
    let world = World::new(640);
    let held: Vec<Scope> = (0..640).map(|i| world.scope(&format!("m{i}"))).collect();
    assert!(world.own("x", 0).is_none());
    drop(held);
    let refused = (0..100).take_while(|_| world.own("x", 0).is_none()).count();
    assert_eq!(refused, 10);
    assert_eq!(world.matches.len(), 1);
}

#[test]
fn kickoffs_ahead_are_forgotten_last_and_only_as_many_as_need_be() {
    let world = World::new(128);
    for i in 0..128 {
        let scope = world.scope(&format!("m{i}"));
        if i >= 10 {
            scope.publish(Some(5 * HOUR), None);
        }
    }
    assert!(world.own("x", 0).is_some());
    assert_eq!(world.matches.len(), 119, "the ten without a kickoff went");
    for i in 0..10 {
        world.scope(&format!("n{i}")).publish(Some(5 * HOUR), None);
    }
    world.scope("x").publish(Some(5 * HOUR), None);
    assert!(world.own("y", 0).is_some());
    assert_eq!(world.matches.len(), 127, "a sixty-fourth of the table went");
    // In play nothing is stored, and forgetting must not revive that.
    let (full, later) = (World::new(1), at(6));
    full.scope("m").publish(Some(5 * HOUR), None);
    assert!(full.own("x", 6).is_none());
    full.matches.make_room(1, later);
    assert_eq!(full.matches.len(), 1);
}

#[test]
fn a_suspended_match_is_never_forgotten() {
    let world = World::new(1);
    let sequence = Sequence::new();
    world.scope("a").set_status(None, TradingStatus::Suspended, 9, &sequence);
    assert!(world.own("b", 1_000).is_none());
    assert!(world.scope("a").is_suspended(None));
}

#[test]
fn beyond_the_bound_matches_share_a_state_and_keep_their_names() {
    let world = World::new(1);
    let own = world.scope("own");
    let (a, b) = (world.scope("a"), world.scope("b"));
    assert!(!own.is_overflow() && a.is_overflow() && b.is_overflow());
    assert!(std::ptr::eq(a.state(), b.state()));
    assert_eq!((a.name(), b.name()), ("a", "b"));
    assert!(a.is(&world.scope("a")) && !a.is(&b) && !a.is(&own));
}

#[test]
fn a_name_beyond_the_bound_stays_there_while_anybody_holds_anything_there() {
    let world = World::new(1);
    let own = world.scope("own");
    let (a, b) = (world.scope("a"), world.scope("b"));
    drop((own, a));
    // There is room again, but whoever stored under the first handle of `a` must be reached by it.
    assert!(world.scope("a").is_overflow());
    assert!(!world.scope("new").is_overflow(), "a name that was never there");
    drop(b);
    assert!(!world.scope("a").is_overflow());
}

#[test]
fn a_name_that_got_its_own_state_meanwhile_does_not_share_one() {
    let world = World::new(1);
    let own = world.scope("own");
    assert!(world.matches.find_or_share("own").is(&own));
}

#[test]
fn a_hundred_thousand_names_leave_nine_in_ten_free() {
    let (mut names, hasher) = (Names::new(), FixedState::with_seed(7));
    let hash = |i: u32| hasher.hash_one(i);
    (0..100_000).for_each(|i| names.insert(hash(i)));
    assert!((0..100_000).all(|i| names.may_hold(hash(i))));
    let free = (100_000..200_000).filter(|i| !names.may_hold(hash(*i))).count();
    assert!((90_000..92_000).contains(&free), "{free}");
}
