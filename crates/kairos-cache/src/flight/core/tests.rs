// The whole life of a flight: every event in every state that a new flight can reach, compared with the table.
// Never knows: how a step is taken.
// Read next: `tests/table.rs`, the table.

mod life;
mod stage;
mod table;

use std::collections::HashSet;

use super::*;
use life::{By, Caller, Event, Grant, Phase, State, View, Wanted, Which};
use stage::{Seen, Stage};

/// At most this number of waiters, of callers and of holds has a state that is explored. Events that
/// lead out of these bounds are compared all the same.
const MOST: usize = 2;

fn events() -> Vec<Event> {
    let (mut events, late) = (Vec::new(), [Which::Running, Which::Late]);
    for view in [View::Holds, View::Changed] {
        events.extend([Kind::Miss, Kind::Bypass].map(|kind| Event::Join(kind, view)));
    }
    events.extend([Kind::Miss, Kind::Bypass].map(Event::JoinPanics));
    events.extend(
        [Grant::Granted, Grant::Refused, Grant::Panics, Grant::ViewChanged].map(Event::Refresh),
    );
    for goes in [Event::Leave, Event::Depart] {
        events.extend(late.map(goes));
        events.extend((0..MOST).map(Which::Pending).map(goes));
    }
    for step in [Event::Queue, Event::Begin, Event::Finish, Event::Doom, Event::CheckStuck] {
        events.extend(late.map(step));
    }
    events.extend([Event::KillKey, Event::ExpireKey]);
    events.extend(
        [By::ClassKill, By::ClassExpiry, By::KillOfAll, By::ExpiryOfAll].map(Event::Invalidate),
    );
    events.extend([Event::Hold, Event::Publish, Event::Unhold]);
    events.extend([Event::IsRunning, Event::Retire, Event::TurnAway]);
    events
}

/// Every state within the bounds that makes sense: of a flight that has not retired, whatever runs is
/// wanted or doomed, beside any callers and holds.
fn states() -> HashSet<State> {
    let mut wanted = Vec::new();
    for (kept, covered) in [(false, false), (false, true), (true, false), (true, true)] {
        let fewest = usize::from(!kept);
        wanted.extend((fewest..=MOST).map(|waiters| Wanted { waiters, kept, covered }));
    }
    let each = |phase: fn(Wanted) -> Phase| wanted.iter().map(move |wanted| phase(*wanted));
    let running = each(Phase::Queued).chain(each(Phase::Begun)).chain([Phase::Doomed]);

    let (waits, departed) = (Caller::Waits, Caller::Departed);
    let mut pending = vec![(vec![], false)];
    for callers in [
        vec![waits],
        vec![departed],
        vec![waits, waits],
        vec![waits, departed],
        vec![departed, waits],
        vec![departed, departed],
    ] {
        pending.extend([false, true].map(|seen_stuck| (callers.clone(), seen_stuck)));
    }

    let nothing = |phase, holds| State { phase, callers: vec![], seen_stuck: false, holds };
    let mut states = HashSet::from([nothing(Phase::Retired, 0)]);
    states.extend((0..=MOST).map(|holds| nothing(Phase::Idle, holds)));
    for phase in running {
        for (callers, seen_stuck) in &pending {
            let (callers, seen_stuck) = (callers.clone(), *seen_stuck);
            states.extend((0..=MOST).map(|holds| {
                let callers = callers.clone();
                State { phase, callers, seen_stuck, holds }
            }));
        }
    }
    states
}

fn is_explored(state: &State) -> bool {
    let waiters = match state.phase {
        Phase::Queued(wanted) | Phase::Begun(wanted) => wanted.waiters,
        Phase::Retired | Phase::Idle | Phase::Doomed => 0,
    };
    [waiters, state.callers.len(), state.holds].iter().all(|count| *count <= MOST)
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Retired => "retired",
        Phase::Idle => "idle",
        Phase::Queued(_) => "queued",
        Phase::Begun(_) => "begun",
        Phase::Doomed => "doomed",
    }
}

#[test]
fn a_flight_does_in_every_state_what_the_table_says() {
    let events = events();
    let mut known: HashSet<Seen> = HashSet::from([Stage::after(&[]).seen()]);
    let mut met: HashSet<(&str, usize)> = HashSet::new();
    // A shortest way to each state, in the order in which they were found.
    let mut ways: Vec<Vec<Event>> = vec![vec![]];
    let mut explored = 0;
    while let Some(way) = ways.get(explored).cloned() {
        explored += 1;
        let before = Stage::after(&way);
        let state = before.seen().state;
        for (number, event) in events.iter().enumerate().filter(|(_, event)| before.can(**event)) {
            met.insert((name(state.phase), number));
            let mut played = Stage::after(&way);
            let (reply, effects) = played.play(*event);
            let (next, expected_reply, mut expected) = table::row(&state, *event);
            expected.sort_unstable();
            let seen = played.seen();
            assert_eq!(
                (&seen.state, reply, effects),
                (&next, expected_reply, expected),
                "{event:?} in {state:?}, reached by {way:?}"
            );
            played.check();
            if is_explored(&next) && known.insert(seen) {
                ways.push([&way[..], &[*event]].concat());
            }
        }
    }

    let reached: HashSet<State> = known.into_iter().map(|seen| seen.state).collect();
    assert_eq!(reached.len(), 823);
    assert_eq!(reached, states(), "every state that there should be, and no other");
    // Every event was met in every phase, but for those that have no user there: where nothing runs,
    // the eleven of computes and their readers; behind a doomed compute, the two of its waiters; the
    // end of a hold on a retired flight.
    let mut kinds = BTreeMap::new();
    for (phase, _) in met {
        *kinds.entry(phase).or_insert(0) += 1;
    }
    let phases = [("begun", 40), ("doomed", 38), ("idle", 29), ("queued", 40), ("retired", 28)];
    assert_eq!(kinds, BTreeMap::from(phases));
}
