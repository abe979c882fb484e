// The claims of `state.rs`, each as a test.
// Never knows: anything beyond the module it tests.
// Read next: `state.rs`.

use foldhash::fast::FixedState;

use super::*;
use crate::truth::{Capture, Tags};

struct World {
    scope: ScopeState,
    graph: EventGraph,
    tags: Tags,
    sequence: Sequence,
}

impl World {
    fn new() -> World {
        let graph = EventGraph::football();
        World {
            scope: ScopeState::new("m", graph.market_count()),
            graph,
            tags: Tags::new(FixedState::default(), 4),
            sequence: Sequence::new(),
        }
    }

    fn class(&self, market: &str, tags: &[&str]) -> Arc<Class> {
        let tags: Vec<Box<str>> = tags.iter().map(|t| (*t).into()).collect();
        self.class_of(&self.scope, self.graph.market(market), &tags)
    }

    fn class_of(
        &self,
        scope: &ScopeState,
        market: Option<MarketId>,
        tags: &[Box<str>],
    ) -> Arc<Class> {
        scope.class(market, tags, &self.graph, |tag| self.tags.mark(tag, usize::MAX).mark)
    }

    /// Captures and counts one entry.
    fn store(&self, market: &str, tags: &[&str]) -> Capture {
        let class = self.class(market, tags);
        let capture = Capture::take(&self.sequence, &class);
        assert!(capture.admit());
        capture
    }

    fn event(&self, name: &str) -> u64 {
        self.scope.kill_event(self.graph.event(name).expect("known"), &self.sequence)
    }
}

#[test]
fn an_event_kills_exactly_the_entries_that_share_a_tag() {
    let world = World::new();
    let hit = [
        world.store("btts", &[]),
        world.store("btts", &["team:a"]),
        world.store("clean_sheet", &[]),
    ];
    let spared = [world.store("penalty", &[]), world.store("no such market", &[])];
    let by_own_tag = world.store("penalty", &["lineup"]);
    assert_eq!(world.event("goalkeeper_change"), 4);
    assert!(hit.iter().all(Capture::is_killed));
    assert!(by_own_tag.is_killed());
    assert!(!spared.iter().any(Capture::is_killed));
    assert_eq!(world.event("goalkeeper_change"), 0);
}

#[test]
fn an_entry_that_left_is_not_counted_as_dead() {
    let world = World::new();
    let (gone, _stays) = (world.store("btts", &[]), world.store("btts", &[]));
    gone.release();
    assert_eq!(world.scope.kill_all(&world.sequence), 1);
    gone.release();
    assert_eq!(world.scope.kill_all(&world.sequence), 0);
}

#[test]
fn what_was_captured_before_a_kill_is_not_admitted_after_it() {
    let world = World::new();
    let early = Capture::take(&world.sequence, &world.class("btts", &[]));
    world.event("goalkeeper_change");
    assert!(!early.admit());
    assert!(early.is_killed());
}

#[test]
fn a_status_change_kills_its_market_and_only_a_real_change_does() {
    let world = World::new();
    let btts = world.graph.market("btts");
    let (_own, other) = (world.store("btts", &[]), world.store("penalty", &[]));
    let set = |market, status| world.scope.set_status(market, status, &world.sequence);
    assert_eq!(set(btts, TradingStatus::Open), None);
    assert_eq!(set(btts, TradingStatus::Suspended), Some(1));
    assert_eq!(set(btts, TradingStatus::Suspended), None);
    assert!(world.scope.is_suspended(btts) && !world.scope.is_suspended(None));
    assert!(!other.is_killed());
    assert_eq!(set(None, TradingStatus::Closed), Some(1));
    assert!(other.is_killed());
    assert_eq!(set(None, TradingStatus::Open), Some(0));
    // The market's own status is the other level: it still rules.
    assert!(world.scope.is_suspended(btts) && !world.scope.is_suspended(None));
}

#[test]
fn what_was_captured_while_suspended_is_dead_once_open() {
    let world = World::new();
    world.scope.set_status(None, TradingStatus::Suspended, &world.sequence);
    let capture = Capture::take(&world.sequence, &world.class("btts", &[]));
    world.scope.set_status(None, TradingStatus::Open, &world.sequence);
    assert!(capture.is_killed());
}

/// A result whose class is made at its end is covered by what could have covered that since it began.
#[test]
fn a_result_that_moves_to_a_new_class_is_covered_by_what_came_since_it_began() {
    type Cover<'a> = (&'a str, &'a dyn Fn(&World), bool);
    let event = |world: &World| {
        let event = world.graph.event("goalkeeper_change").expect("known");
        world.scope.kill_event(event, &world.sequence);
    };
    let suspends = |market| {
        move |world: &World| {
            let market = Some(world.graph.market(market).expect("known"));
            world.scope.set_status(market, TradingStatus::Suspended, &world.sequence);
        }
    };
    let (own, other) = (suspends("btts"), suspends("match_result"));
    let whole = |world: &World| _ = world.scope.kill_all(&world.sequence);
    let covers: [Cover<'_>; 5] = [
        ("nothing", &|_| (), false),
        ("an event", &event, true),
        ("a status of its market", &own, true),
        ("a status of another market", &other, false),
        ("a kill of the match", &whole, true),
    ];
    for (what, cover, covered) in covers {
        let world = World::new();
        let _other = world.class("match_result", &[]);
        let class = world.class("btts", &["own"]);
        // The class that is captured is in another generation than the one to come.
        whole(&world);
        let began = Capture::take(&world.sequence, &class);
        cover(&world);
        let (market, tags) = (world.graph.market("btts"), ["found".into(), "own".into()]);
        let mark = |_: &str| Arc::default();
        let moved = world.scope.recapture(&began, market, &tags, &world.graph, mark);
        assert_eq!((moved.is_killed(), moved.is_expired()), (covered, false), "{what}");
        assert!(moved.admit(), "{what}: of the generation that lives");
        assert_eq!(world.scope.tags_of(market, moved.class()), tags);
        world.scope.expire_all(&world.sequence);
        assert!(moved.is_expired());
    }
}

#[test]
fn a_tag_is_shared_by_every_match_that_names_it() {
    let world = World::new();
    let other = ScopeState::new("n", world.graph.market_count());
    let tags: [Box<str>; 1] = ["team:a".into()];
    let class = world.class_of(&other, None, &tags);
    let theirs = Capture::take(&world.sequence, &class);
    let ours = world.store("btts", &["team:a"]);
    let untagged = world.store("btts", &[]);
    let seq = world.sequence.next();
    world.tags.raise("team:a", |mark| mark.kill(seq));
    assert!(theirs.is_killed() && ours.is_killed() && !untagged.is_killed());
}

#[test]
fn the_last_writer_of_kickoff_and_line_up_wins() {
    let world = World::new();
    let before = world.scope.version().current();
    world.scope.publish(Some(Given::now(5)), None);
    world.scope.publish(Some(Given::now(7)), Some(Given::now(true)));
    world.scope.publish(None, None);
    assert_eq!(
        world.scope.facts(),
        MatchFacts { kickoff: Some(7), lineup_confirmed: true, is_watched: false }
    );
    let after = world.scope.version().current();
    assert!(after > before);
    world.scope.publish(Some(Given::now(7)), Some(Given::now(true)));
    assert_eq!(world.scope.version().current(), after, "what is published already changes nothing");
}

const HOUR: i64 = 3600 * 1_000_000_000;

fn at(wall: i64) -> Now {
    Now { mono: wall.unsigned_abs(), wall }
}

/// What forgetting the match would lose, hour by hour.
fn check_loss(scope: &ScopeState, expected: &[(i64, Loss)]) {
    for &(hour, expected) in expected {
        assert_eq!(scope.loss(at(hour * HOUR), || true), expected, "at {hour} h");
    }
}

#[test]
fn a_match_is_forgotten_before_its_kickoff_at_a_price_and_freely_a_day_after_it() {
    let world = World::new();
    check_loss(&world.scope, &[(0, Loss::Nothing)]);
    world.scope.publish(Some(Given::now(10 * HOUR)), Some(Given::now(true)));
    check_loss(
        &world.scope,
        &[(9, Loss::Kickoff), (10, Loss::Bar), (33, Loss::Bar), (34, Loss::Nothing)],
    );
}

#[test]
fn a_suspension_is_never_forgotten_and_a_closed_match_a_day_after_its_kickoff() {
    let world = World::new();
    let btts = world.graph.market("btts");
    let set = |market, status| world.scope.set_status(market, status, &world.sequence);
    world.scope.publish(Some(Given::now(0)), None);
    let later = 1_000_000;
    set(btts, TradingStatus::Closed);
    check_loss(&world.scope, &[(1, Loss::Bar), (later, Loss::Bar)]);
    set(None, TradingStatus::Closed);
    check_loss(&world.scope, &[(23, Loss::Bar), (24, Loss::Nothing)]);
    set(None, TradingStatus::Suspended);
    check_loss(&world.scope, &[(later, Loss::Bar)]);
    set(None, TradingStatus::Open);
    set(btts, TradingStatus::Open);
    check_loss(&world.scope, &[(later, Loss::Nothing)]);
}

#[test]
fn closed_without_a_kickoff_is_closed_for_good() {
    let world = World::new();
    world.scope.set_status(None, TradingStatus::Closed, &world.sequence);
    check_loss(&world.scope, &[(0, Loss::Bar), (1_000_000, Loss::Bar)]);
}
