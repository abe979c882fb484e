// The claims of `mod.rs`, each as a test.
// Never knows: anything beyond the module it tests.
// Read next: `mod.rs`.

use std::task::{Context, Poll, Waker};

use super::*;
use crate::truth::{Class, Mark, Sequence};

#[derive(Clone)]
struct World {
    sequence: Arc<Sequence>,
    everything: Arc<Mark>,
    class: Arc<Class>,
}

struct Named {
    name: &'static str,
    world: World,
}

impl Job for Named {
    fn capture(&self) -> Capture {
        Capture::take(&self.world.sequence, &self.world.everything, &self.world.class)
    }
}

type TestFlight = Flight<Named, u32>;

impl World {
    fn new() -> World {
        World {
            sequence: Arc::default(),
            everything: Arc::default(),
            class: Arc::new(Class::new([])),
        }
    }

    fn join(
        &self,
        flight: &TestFlight,
        kind: Kind,
        name: &'static str,
    ) -> (Ticket<u32>, Option<Launch<Named, u32>>) {
        match flight.join(kind, || true, || Named { name, world: self.clone() }) {
            Join::Wait(ticket, launch) => (ticket, launch),
            Join::LookAgain | Join::Retired => panic!("{name} was turned away"),
        }
    }
}

fn result(ticket: &mut Ticket<u32>) -> Option<u32> {
    match ticket.run.poll(&mut ticket.seat, &Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}

fn finish(flight: &TestFlight, run: &Arc<Run<u32>>, value: u32) -> After<Named, u32> {
    flight.finish(run, |_, _| value)
}

#[test]
fn misses_share_the_running_compute() {
    let (world, flight) = (World::new(), Flight::new());
    let (mut first, launch) = world.join(&flight, Kind::Miss, "first");
    let (mut second, none) = world.join(&flight, Kind::Miss, "second");
    assert!(none.is_none());
    let after = finish(&flight, &launch.expect("the first starts it").run, 7);
    assert!(after.retired && after.launch.is_none());
    assert_eq!((result(&mut first), result(&mut second)), (Some(7), Some(7)));
    assert!(first.led() && !second.led());
}

#[test]
fn a_bypass_waits_for_a_compute_that_starts_after_it_arrived() {
    let (world, flight) = (World::new(), Flight::new());
    let (mut first, launch) = world.join(&flight, Kind::Bypass, "first");
    let (mut second, none) = world.join(&flight, Kind::Bypass, "second");
    let (mut third, also_none) = world.join(&flight, Kind::Bypass, "third");
    assert!(none.is_none() && also_none.is_none());
    let after = finish(&flight, &launch.expect("idle").run, 1);
    assert_eq!(result(&mut first), Some(1));
    assert_eq!(result(&mut second), None);
    let next = after.launch.expect("the pending compute starts");
    assert_eq!(next.job.name, "second");
    let _idle = finish(&flight, &next.run, 2);
    assert_eq!((result(&mut second), result(&mut third)), (Some(2), Some(2)));
}

#[test]
fn a_miss_does_not_join_a_compute_that_was_invalidated() {
    for invalidate in [
        |w: &World, _: &TestFlight| {
            w.class.kill(w.sequence.next());
        },
        |w: &World, _: &TestFlight| w.class.expire(w.sequence.next()),
        |w: &World, _: &TestFlight| w.everything.kill(w.sequence.next()),
        |w: &World, f: &TestFlight| {
            f.kill_key(w.sequence.next());
        },
        |w: &World, f: &TestFlight| {
            f.expire_key(w.sequence.next());
        },
    ] {
        let (world, flight) = (World::new(), Flight::new());
        let (_first, launch) = world.join(&flight, Kind::Miss, "first");
        let run = launch.expect("idle").run;
        invalidate(&world, &flight);
        let (mut second, _) = world.join(&flight, Kind::Miss, "second");
        let next = finish(&flight, &run, 1).launch.expect("the second waits for its own");
        assert_eq!((next.job.name, result(&mut second)), ("second", None));
    }
}

#[test]
fn the_pending_compute_uses_the_first_closure_still_waited_for() {
    let (world, flight) = (World::new(), Flight::new());
    let (_running, launch) = world.join(&flight, Kind::Bypass, "running");
    let (second, _) = world.join(&flight, Kind::Bypass, "second");
    let (_third, _) = world.join(&flight, Kind::Bypass, "third");
    let left = flight.leave(&second);
    assert!(left.abort.is_none() && left.spare.len() == 1);
    let next = finish(&flight, &launch.expect("idle").run, 1).launch;
    assert_eq!(next.expect("the third still waits").job.name, "third");
}

#[test]
fn the_last_waiter_to_leave_dooms_the_compute_and_nobody_joins_it() {
    let (world, flight) = (World::new(), Flight::new());
    let (first, launch) = world.join(&flight, Kind::Miss, "first");
    let (second, _) = world.join(&flight, Kind::Miss, "second");
    assert!(flight.leave(&first).abort.is_none());
    assert!(flight.leave(&second).abort.is_some());
    let (mut third, _) = world.join(&flight, Kind::Miss, "third");
    // The aborted task ends; what it might still have found is not published.
    let run = launch.expect("idle").run;
    let after = flight.finish(&run, |_, _| panic!("a doomed compute publishes nothing"));
    let next = after.launch.expect("the third gets a compute of its own");
    let _idle = finish(&flight, &next.run, 3);
    assert_eq!(result(&mut third), Some(3));
}

#[test]
fn the_pending_compute_runs_the_closure_of_the_first_caller_who_still_waits() {
    let (world, flight) = (World::new(), Flight::new());
    let (_first, launch) = world.join(&flight, Kind::Miss, "first");
    let mut run = launch.expect("idle").run;
    for (stays, runs) in [(true, "stays"), (false, "departs")] {
        let (departs, _) = world.join(&flight, Kind::Bypass, "departs");
        let stayed = stays.then(|| world.join(&flight, Kind::Bypass, "stays"));
        flight.depart(&departs);
        let launch = finish(&flight, &run, 1).launch.expect("it is wanted");
        assert_eq!(launch.job.name, runs);
        if let Some((stays, _)) = stayed {
            assert!(flight.leave(&stays).abort.is_none(), "who departed wants it to go on");
        }
        run = launch.run;
    }
}

#[test]
fn a_refresh_outlives_its_joiners_and_starts_only_when_nothing_runs() {
    let (world, flight) = (World::new(), Flight::new());
    let refresh = |name| {
        let world = world.clone();
        match flight.refresh(|| true, move || Some(Named { name, world })) {
            Refresh::Started(launch) => Some(launch),
            Refresh::No | Refresh::Retired => None,
        }
    };
    let launch = refresh("one").expect("idle");
    assert!(refresh("two").is_none());
    let (joiner, none) = world.join(&flight, Kind::Miss, "joiner");
    assert!(none.is_none());
    assert!(flight.leave(&joiner).abort.is_none());
    assert!(finish(&flight, &launch.run, 1).retired);
}

#[test]
fn waiters_behind_a_compute_that_never_ends_are_answered() {
    let (world, flight) = (World::new(), Flight::new());
    let (mut first, launch) = world.join(&flight, Kind::Miss, "first");
    let run = launch.expect("idle").run;
    assert!(flight.doom(&run, || 408));
    assert!(!flight.doom(&run, || 409), "it is answered once");
    assert_eq!(result(&mut first), Some(408));
    let (mut second, _) = world.join(&flight, Kind::Miss, "second");
    assert!(flight.check_stuck(&run, 408));
    assert_eq!(result(&mut second), None);
    assert!(flight.check_stuck(&run, 408));
    assert_eq!(result(&mut second), Some(408));
    assert!(finish(&flight, &run, 1).retired);
    assert!(!flight.check_stuck(&run, 408));
}

#[test]
fn a_retired_flight_takes_nobody_and_a_held_one_does_not_retire() {
    let (world, flight) = (World::new(), TestFlight::new());
    assert!(flight.hold());
    assert!(!flight.retire());
    assert!(flight.unhold());
    let join = flight.join(Kind::Miss, || true, || Named { name: "late", world });
    assert!(matches!(join, Join::Retired));
    assert!(!flight.hold());
}

#[test]
fn a_view_that_no_longer_holds_starts_nothing() {
    let (world, flight) = (World::new(), TestFlight::new());
    let job = || -> Named { panic!("the job is not asked for: {}", world.sequence.current()) };
    assert!(matches!(flight.join(Kind::Miss, || false, job), Join::LookAgain));
    assert!(flight.retire());
}

#[test]
fn a_compute_that_waits_for_its_turn_ends_with_its_last_waiter_and_frees_the_key() {
    let (world, flight) = (World::new(), Flight::new());
    let (first, launch) = world.join(&flight, Kind::Miss, "first");
    let (second, _) = world.join(&flight, Kind::Miss, "second");
    let launch = launch.expect("the first starts it");
    flight.queue(&launch.run);
    assert!(!flight.leave(&first).retired && !launch.run.is_given_up());
    let after = flight.leave(&second);
    assert!(after.retired && after.abort.is_none(), "there is no task to abort");
    assert!(launch.run.is_given_up());
    assert!(!flight.begin(&launch.run, &launch.job), "its turn comes too late");
}

#[test]
fn a_compute_that_has_begun_keeps_the_key_until_it_ends() {
    let (world, flight) = (World::new(), Flight::new());
    let (ticket, launch) = world.join(&flight, Kind::Miss, "only");
    let launch = launch.expect("it starts it");
    flight.queue(&launch.run);
    assert!(flight.begin(&launch.run, &launch.job));
    let after = flight.leave(&ticket);
    assert!(!after.retired && after.abort.is_some());
    assert!(finish(&flight, &launch.run, 1).retired);
}

#[test]
fn a_queued_compute_that_a_reader_wants_to_go_on_outlives_its_waiters() {
    let (world, flight) = (World::new(), Flight::new());
    let (impatient, launch) = world.join(&flight, Kind::Miss, "impatient");
    let (cancelled, _) = world.join(&flight, Kind::Miss, "cancelled");
    let launch = launch.expect("the first starts it");
    flight.queue(&launch.run);
    flight.depart(&impatient);
    assert!(!flight.leave(&cancelled).retired);
    assert!(flight.begin(&launch.run, &launch.job));
}

#[test]
fn turning_away_answers_the_pending_and_ends_what_runs_for_nobody() {
    let (world, flight) = (World::new(), Flight::new());
    let (mut first, launch) = world.join(&flight, Kind::Miss, "first");
    let (mut second, _) = world.join(&flight, Kind::Bypass, "second");
    let after = flight.turn_away(|job| if job.name == "second" { 503 } else { 0 });
    assert!(after.abort.is_none() && !after.retired && after.spare.len() == 1);
    assert_eq!((result(&mut first), result(&mut second)), (None, Some(503)));
    flight.depart(&first);
    let after = flight.turn_away(|_| panic!("nobody is pending"));
    assert!(after.abort.is_some());
    assert!(finish(&flight, &launch.expect("idle").run, 1).retired);
}

#[test]
fn turning_away_leaves_what_waits_for_its_turn_to_be_refused_there() {
    let (world, flight) = (World::new(), Flight::new());
    let (ticket, launch) = world.join(&flight, Kind::Miss, "only");
    let launch = launch.expect("idle");
    flight.queue(&launch.run);
    flight.depart(&ticket);
    assert!(flight.turn_away(|_| 503).abort.is_none());
    assert!(flight.begin(&launch.run, &launch.job));
}

#[test]
fn turning_away_ends_what_began_for_nobody_but_those_who_had_departed() {
    let (world, flight) = (World::new(), Flight::new());
    let (_first, launch) = world.join(&flight, Kind::Miss, "first");
    let (departs, _) = world.join(&flight, Kind::Bypass, "departs");
    let (stays, _) = world.join(&flight, Kind::Bypass, "stays");
    flight.depart(&departs);
    let begun = finish(&flight, &launch.expect("idle").run, 1).launch.expect("it is pending");
    assert_eq!(begun.job.name, "stays");
    assert!(flight.leave(&stays).abort.is_none(), "who departed wants it to go on");
    assert!(flight.turn_away(|_| panic!("nobody is pending")).abort.is_some());
    assert!(finish(&flight, &begun.run, 1).retired);
}
