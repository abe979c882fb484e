// The claims of `mod.rs`, each as a test.
// Never knows: anything beyond the module it tests.
// Read next: `mod.rs`.

use super::*;
use crate::config::Config;
use crate::config::Rules;
use crate::policy::{EventGraph, MatchFacts, Signal, Standing, Volatility};
use crate::truth::{Capture, Mark, Tags};

const HOUR: i64 = 3600 * 1_000_000_000;

fn at(hour: i64) -> Now {
    Now { mono: (hour * HOUR).unsigned_abs(), wall: hour * HOUR }
}

/// A table and the handle of each name that was resolved.
struct World {
    matches: Matches,
    bound: usize,
    graph: EventGraph,
    tags: Tags,
}

impl World {
    fn new(bound: usize) -> World {
        let graph = EventGraph::football();
        let (markets, invalidations) = (graph.market_count(), Invalidations::new());
        let matches = Matches::new(1, FixedState::with_seed(7), markets, &invalidations, || at(0));
        World { matches, bound, graph, tags: Tags::new(FixedState::default(), 4) }
    }

    fn own(&self, name: &str, hour: i64) -> Option<Scope> {
        self.matches.find_or_create(name, self.bound, at(hour))
    }

    fn scope(&self, name: &str) -> Scope {
        self.own(name, 0).unwrap_or_else(|| self.matches.over_bound(name))
    }

    fn known(&self, name: &str) -> Arc<Match> {
        Arc::clone(self.scope(name).of().expect("there is room"))
    }

    fn mark(&self, tag: &str) -> Arc<Mark> {
        self.tags.mark(tag, usize::MAX).mark
    }
}

#[test]
fn a_held_match_is_kept_and_one_that_nobody_holds_makes_room() {
    let world = World::new(2);
    let held = world.scope("held");
    for name in ["a", "b", "c"] {
        assert!(!world.scope(name).is_over_bound(), "{name}");
    }
    assert!(world.scope("held").is(&held));
    assert_eq!(world.matches.len(), 2);
}

#[test]
fn a_call_that_finds_no_room_looks_at_a_bounded_number_of_matches() {
    let world = World::new(6_400);
    let mut held: Vec<Scope> = (0..6_400).map(|i| world.scope(&format!("m{i}"))).collect();
    assert!(world.own("x", 0).is_none(), "it looks at 256");
    assert!((0..3).all(|_| world.own("x", 0).is_none()), "these look at none");
    drop(held.split_off(6_000));
    assert!(world.own("x", 0).is_some(), "one in sixteen may be forgotten");
    assert!((6_400 - 16..6_400).contains(&world.matches.len()), "{}", world.matches.len());
    held.clear();
    world.matches.make_room(100, at(0));
    assert_eq!(world.matches.len(), 0);
}

#[test]
fn kickoffs_ahead_are_forgotten_last_and_only_as_many_as_need_be() {
    let world = World::new(128);
    for i in 0..128 {
        let mut scope = world.scope(&format!("m{i}"));
        if i >= 10 {
            scope.publish(Some(Given::now(5 * HOUR)), None);
        }
    }
    assert!(world.own("x", 0).is_some());
    assert_eq!(world.matches.len(), 119, "the ten without a kickoff went");
    for i in 0..9 {
        world.scope(&format!("n{i}")).publish(Some(Given::now(5 * HOUR)), None);
    }
    world.scope("x").publish(Some(Given::now(5 * HOUR)), None);
    assert!(world.own("y", 0).is_some());
    assert_eq!(world.matches.len(), 127, "a sixty-fourth of the table went");
    // In play nothing is stored, and forgetting must not revive that.
    let (full, later) = (World::new(1), at(6));
    full.scope("m").publish(Some(Given::now(5 * HOUR)), None);
    assert!(full.own("x", 6).is_none());
    full.matches.make_room(1, later);
    assert_eq!(full.matches.len(), 1);
}

#[test]
fn a_suspended_match_is_never_forgotten() {
    let world = World::new(1);
    let sequence = Sequence::new();
    world.known("a").set_status(None, TradingStatus::Suspended, &sequence);
    assert!(world.own("b", 1_000).is_none());
    assert_eq!(world.scope("a").standing(None), Standing::Suspended);
}

#[test]
fn beyond_the_bound_a_match_is_a_name_and_nothing_else() {
    let world = World::new(1);
    let own = world.scope("own");
    let (a, b) = (world.scope("a"), world.scope("b"));
    assert!(!own.is_over_bound() && a.is_over_bound() && b.is_over_bound());
    assert_eq!((a.name(), b.name()), ("a", "b"));
    assert!(a.is(&world.scope("a")) && !a.is(&b) && !a.is(&own));
    assert!(world.matches.known(&a).is_none() && world.matches.current(&a).is_over_bound());
    assert_eq!(a.standing(None), Standing::OverBound);
    assert_eq!(a.published(0), (Signal::Unscored, u64::MAX));
    assert_eq!(world.matches.len(), 1);
}

#[test]
fn a_name_has_a_state_as_soon_as_there_is_room_and_its_older_handles_reach_it() {
    let world = World::new(1);
    let own = world.scope("own");
    let early = world.scope("a");
    drop(own);
    assert!(world.matches.current(&early).is_over_bound(), "nobody has resolved it again");
    let late = world.scope("a");
    assert!(!late.is_over_bound() && early.is_over_bound());
    assert!(world.matches.current(&early).is(&late));
    let known = world.matches.known(&early).expect("it has a state");
    known.publish(Some(Given::now(5)), Some(Given::now(true)));
    assert_eq!(
        late.facts(),
        MatchFacts { kickoff: Some(5), lineup_confirmed: true, is_watched: false }
    );
    // An older handle keeps nothing: it holds a name.
    known.publish(Some(Given::now(-30 * HOUR)), None);
    drop((known, late));
    assert!(!world.scope("b").is_over_bound());
    assert!(world.matches.known(&early).is_none());
}

#[test]
fn what_a_read_beyond_the_bound_says_stays_with_that_read() {
    let world = World::new(0);
    let handle = world.scope("a");
    let mut of_one_read = world.matches.current(&handle);
    of_one_read.publish(Some(Given::now(5)), None);
    assert_eq!(
        of_one_read.facts(),
        MatchFacts { kickoff: Some(5), lineup_confirmed: false, is_watched: false }
    );
    assert!(of_one_read.is(&handle), "the same match all the same");
    for other in [&handle, &world.matches.current(&handle), &world.scope("a")] {
        assert_eq!(other.facts(), MatchFacts::default());
    }
}

#[test]
fn prices_of_a_read_beyond_the_bound_are_scored_as_markets_without_windows() {
    let (world, rule) = (World::new(0), Rules::new(&Config::default()).expect("in range").odds);
    let score =
        |prices: &[(&str, f64)]| world.scope("a").score(prices.iter().copied(), 0, &rule.score);
    assert_eq!(score(&[("home_win", 2.0), ("draw", 9.0)]), Signal::Scored(Volatility::Normal, 0.0));
    assert_eq!(score(&[]), Signal::Unscored);
}

/// What has been computed for a match without a state, before it is invalidated.
#[test]
fn a_compute_beyond_the_bound_is_covered_by_every_invalidation_of_a_match_and_by_its_tags() {
    type Cover = fn(&World, &Sequence);
    let covers: [(&str, Cover); 8] = [
        ("a kill of it", |world, sequence| {
            assert_eq!(world.matches.kill_all(&world.scope("a"), sequence), 0);
        }),
        ("an expiry of it", |world, sequence| {
            world.matches.expire_all(&world.scope("a"), sequence);
        }),
        ("a kill of one with a state", |world, sequence| {
            world.matches.kill_all(&world.scope("own"), sequence);
        }),
        ("an expiry of one with a state", |world, sequence| {
            world.matches.expire_all(&world.scope("own"), sequence);
        }),
        ("an event", |world, sequence| {
            let event = world.graph.event("goalkeeper_change").expect("known");
            world.known("own").kill_event(event, sequence);
        }),
        ("a status", |world, sequence| {
            world.known("own").set_status(None, TradingStatus::Suspended, sequence);
        }),
        ("its own tag", |world, sequence| world.mark("team:a").kill(sequence.next())),
        ("its market's tag", |world, sequence| {
            let btts = world.graph.market("btts").expect("known");
            let tag = world.graph.market_tags(btts).next().expect("it has some");
            world.mark(tag).kill(sequence.next());
        }),
    ];
    for (what, cover) in covers {
        let (world, sequence) = (World::new(1), Sequence::new());
        let _own = world.scope("own");
        let place = Place { scope: Some(world.scope("a")), market: world.graph.market("btts") };
        let class =
            || world.matches.class(&place, &["team:a".into()], &world.graph, |tag| world.mark(tag));
        let before = Capture::take(&sequence, &class());
        world.mark("team:b").kill(sequence.next());
        assert!(!before.is_killed(), "{what}");
        cover(&world, &sequence);
        assert!(before.is_killed(), "{what}");
        assert!(!Capture::take(&sequence, &class()).is_killed(), "{what}");
    }
}
