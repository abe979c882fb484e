//! The claims of `scope.rs`, each as a test.
//! Never knows: anything beyond the module it tests.
//! Read next: `scope.rs`.

use foldhash::fast::FixedState;

use super::*;
use crate::generation::Capture;
use crate::tags::{TagMarks, mark_of};

struct World {
    scope: ScopeState,
    graph: EventGraph,
    marks: TagMarks,
    sequence: Sequence,
    everything: Arc<Mark>,
}

impl World {
    fn new() -> World {
        let graph = EventGraph::football();
        World {
            scope: ScopeState::new("m", graph.market_count()),
            graph,
            marks: TagMarks::with_hasher(FixedState::default()),
            sequence: Sequence::new(),
            everything: Arc::default(),
        }
    }

    fn class(&self, market: &str, tags: &[&str]) -> Arc<Class> {
        let tags: Vec<Box<str>> = tags.iter().map(|t| (*t).into()).collect();
        self.scope
            .class(self.graph.market(market), &tags, &self.graph, |tag| mark_of(&self.marks, tag))
    }

    /// Captures and counts one entry.
    fn store(&self, market: &str, tags: &[&str]) -> Capture {
        let class = self.class(market, tags);
        let capture = Capture::take(&self.sequence, &self.everything, &class);
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
    let early = Capture::take(&world.sequence, &world.everything, &world.class("btts", &[]));
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
    let capture = Capture::take(&world.sequence, &world.everything, &world.class("btts", &[]));
    world.scope.set_status(None, TradingStatus::Open, &world.sequence);
    assert!(capture.is_killed());
}

#[test]
fn a_tag_is_shared_by_every_match_that_names_it() {
    let world = World::new();
    let other = ScopeState::new("n", world.graph.market_count());
    let tags: [Box<str>; 1] = ["team:a".into()];
    let class = other.class(None, &tags, &world.graph, |tag| mark_of(&world.marks, tag));
    let theirs = Capture::take(&world.sequence, &world.everything, &class);
    let ours = world.store("btts", &["team:a"]);
    let untagged = world.store("btts", &[]);
    world.marks.get("team:a").expect("named").kill(world.sequence.next());
    assert!(theirs.is_killed() && ours.is_killed() && !untagged.is_killed());
}

#[test]
fn classes_that_nothing_refers_to_are_reclaimed() {
    let world = World::new();
    let kept = world.store("btts", &["kept"]);
    for i in 0..10_000 {
        world.class("btts", &[&format!("tag{i}")]);
    }
    assert!(world.scope.classes.lock().entries.len() <= 2 * CLASSES_BEFORE_RECLAIM);
    world.event("goalkeeper_change");
    assert!(kept.is_killed());
}

#[test]
fn the_last_writer_of_kickoff_and_line_up_wins() {
    let world = World::new();
    let before = world.scope.version().current();
    world.scope.publish(Some(5), None);
    world.scope.publish(Some(7), Some(true));
    world.scope.publish(None, None);
    assert_eq!(world.scope.facts(), MatchFacts { kickoff: Some(7), lineup_confirmed: true });
    let after = world.scope.version().current();
    assert!(after > before);
    world.scope.publish(Some(7), Some(true));
    assert_eq!(world.scope.version().current(), after, "what is published already changes nothing");
}
