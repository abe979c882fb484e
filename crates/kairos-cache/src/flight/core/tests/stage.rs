// A flight and its users: readers with their tickets, the one that runs a compute, those that hold the flight.
// Never knows: what an event should lead to.
// Read next: `life.rs`, the events that are played here.

use std::cell::RefCell;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::life::{
    By, Caller, Effect, Event, Grant, Phase, Reply, Side, State, View, Wanted, Which, Whose,
};
use crate::contain::caught;
use crate::flight::{self, After, Flight, Join, Kind, Launch, Refresh, Run, Seat, Ticket};
use crate::truth::{Capture, Class, KeyMarks, Mark, Sequence};

pub(super) struct Stage {
    world: Rc<World>,
    flight: Flight<Offer, u32>,
    /// The readers that wait for an answer.
    readers: Vec<Reader>,
    /// The numbers of those that asked for the pending compute, also of those that have departed.
    callers: Vec<u64>,
    /// The running compute, for the user that is to end it.
    launch: Option<Launch<Offer, u32>>,
    /// The number of the sequence that was current when the running compute started or began.
    started_at: u64,
    holds: usize,
    marks: KeyMarks,
    /// How many offers have been made.
    offers: u64,
}

type Compute = Arc<Run<u32>>;

struct Reader {
    number: u64,
    ticket: Ticket<u32>,
}

/// The job of a reader or refresh.
struct Offer {
    number: u64,
    kind: Kind,
    world: Rc<World>,
}

struct World {
    sequence: Sequence,
    everything: Arc<Mark>,
    class: Arc<Class>,
    /// What the step that is being played has done so far.
    effects: RefCell<Vec<Effect>>,
}

/// A state, and what the flight goes on recording of a doomed compute. No step may go by that: states
/// that differ in it alone are told apart, so that each of them is explored.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Seen {
    pub(super) state: State,
    doomed: Option<(Wanted, bool)>,
}

impl flight::Launchable for Offer {
    fn capture(&self) -> Capture {
        self.world.did(Effect::Captures);
        Capture::take(&self.world.sequence, &self.world.class)
    }
}

impl World {
    fn did(&self, effect: Effect) {
        self.effects.borrow_mut().push(effect);
    }
}

impl Stage {
    /// A new flight after these events.
    pub(super) fn after(events: &[Event]) -> Stage {
        let everything = Arc::<Mark>::default();
        let world = World {
            sequence: Sequence::new(),
            class: Arc::new(Class::new([Arc::clone(&everything)])),
            everything,
            effects: RefCell::default(),
        };
        let mut stage = Stage {
            world: Rc::new(world),
            flight: Flight::new(),
            readers: vec![],
            callers: vec![],
            launch: None,
            started_at: 0,
            holds: 0,
            marks: KeyMarks::default(),
            offers: 0,
        };
        for event in events {
            stage.play(*event);
        }
        stage
    }

    /// Whether the event has a user that could cause it.
    pub(super) fn can(&self, event: Event) -> bool {
        match event {
            Event::Leave(which) | Event::Depart(which) => match which {
                Which::Running => self.waiter().is_some(),
                Which::Pending(place) => self.caller(place).is_some(),
                Which::Late => true,
            },
            Event::Queue(which)
            | Event::Begin(which)
            | Event::Finish(which)
            | Event::Doom(which)
            | Event::CheckStuck(which) => which == Which::Late || self.launch.is_some(),
            Event::Unhold => self.holds > 0,
            _ => true,
        }
    }

    /// Plays an event; returns the step's reply and its effects.
    pub(super) fn play(&mut self, event: Event) -> (Reply, Vec<Effect>) {
        let (running, pending) = self.runs();
        let sides = [(Side::Running, running), (Side::Pending, pending)];
        let unanswered = sides.map(|(side, run)| (side, run.filter(|run| result(run).is_none())));
        let reply = self.step(event);
        for (side, run) in unanswered {
            if run.is_some_and(|run| result(&run).is_some()) {
                self.world.did(Effect::Answers(side));
            }
        }
        let mut effects = self.world.effects.take();
        effects.sort_unstable();
        (reply, effects)
    }

    /// The state of the flight.
    pub(super) fn seen(&self) -> Seen {
        let core = self.flight.core.lock();
        let running = core.running.as_ref().map(|running| {
            let covered = core.key.cover(&running.capture);
            (running, Wanted { waiters: running.waiters, kept: running.kept, covered })
        });
        let phase = match running {
            _ if core.retired => Phase::Retired,
            None => Phase::Idle,
            Some((running, _)) if running.doomed => Phase::Doomed,
            Some((running, wanted)) if running.queued => Phase::Queued(wanted),
            Some((_, wanted)) => Phase::Begun(wanted),
        };
        let doomed = running
            .filter(|(running, _)| running.doomed)
            .map(|(running, wanted)| (wanted, running.queued));
        let jobs = core.pending.iter().flat_map(|pending| pending.jobs.values());
        let caller = |departed| if departed { Caller::Departed } else { Caller::Waits };
        let state = State {
            phase,
            callers: jobs.map(|offered| caller(offered.departed)).collect(),
            seen_stuck: core.pending.as_ref().is_some_and(|pending| pending.seen_stuck),
            holds: core.holds,
        };
        Seen { state, doomed }
    }

    /// Checks what holds in every state.
    pub(super) fn check(&self) {
        let core = self.flight.core.lock();
        let (running, pending) = (core.running.as_ref(), core.pending.as_ref());
        let readers = |run: &Compute| {
            self.readers.iter().filter(|r| Arc::ptr_eq(&r.ticket.run, run)).collect::<Vec<_>>()
        };
        if core.retired {
            assert!(running.is_none() && pending.is_none(), "a retired flight is idle");
            assert_eq!(core.holds, 0, "a retired flight is not held");
        }
        assert_eq!(core.holds, self.holds, "holds are counted");
        assert_eq!(core.key, self.marks, "no mark of the key is lost");

        let launch = self.launch.as_ref();
        assert_eq!(
            running.is_some(),
            launch.is_some(),
            "each compute that runs has a user that will end it"
        );
        if let (Some(running), Some(launch)) = (running, launch) {
            assert!(Arc::ptr_eq(&running.run, &launch.run), "at most one compute runs");
            assert_eq!(running.capture.seq(), self.started_at, "capture before compute");
            let readers = readers(&running.run);
            if running.doomed {
                assert!(readers.is_empty(), "no reader waits for a doomed compute");
            } else {
                assert_eq!(running.waiters, readers.len(), "waiters are counted");
                assert!(running.waiters > 0 || running.kept, "what runs is wanted, or is doomed");
            }
            for Reader { number, ticket } in readers {
                assert_eq!(ticket.led(), *number == launch.job.number, "a reader knows its job");
            }
        }

        assert!(pending.is_none() || running.is_some(), "a compute is pending only behind another");
        let jobs = pending.iter().flat_map(|pending| pending.jobs.values());
        assert!(jobs.map(|offered| &offered.job.number).eq(&self.callers), "callers are in order");
        if let Some(pending) = pending {
            assert!(!pending.jobs.is_empty(), "a pending compute has a job");
            let still = pending.jobs.values().filter(|offered| !offered.departed);
            let still = still.map(|offered| offered.job.number);
            let waiting = readers(&pending.run).into_iter().map(|reader| reader.number);
            assert!(waiting.eq(still), "a caller waits or has departed");
        }
        let runs = [running.map(|r| &r.run), pending.map(|p| &p.run)];
        for Reader { number, ticket } in &self.readers {
            let stays = runs.iter().flatten().any(|run| Arc::ptr_eq(run, &ticket.run));
            assert!(stays, "reader {number} waits for a compute that will not end");
        }
    }

    fn step(&mut self, event: Event) -> Reply {
        match event {
            Event::Join(kind, view) => self.join(kind, view, Some),
            Event::JoinPanics(kind) => self.join(kind, View::Holds, |_| None),
            Event::Refresh(grant) => self.refresh(grant),
            Event::Leave(which) => {
                let ticket = self.take_ticket(which);
                let after = self.flight.leave(&ticket);
                if let Which::Pending(place) = which {
                    self.callers.remove(place);
                }
                self.follow(after)
            }
            Event::Depart(which) => {
                let ticket = self.take_ticket(which);
                self.flight.depart(&ticket);
                Reply::Nothing
            }
            Event::Queue(which) => {
                self.flight.queue(&self.run(which));
                Reply::Nothing
            }
            Event::Begin(which) => {
                let offer = self.offer(Kind::Miss);
                let begins = self.flight.begin(&self.run(which), &offer);
                if begins {
                    self.started_at = self.world.sequence.current();
                }
                yes(begins)
            }
            Event::Finish(which) => {
                let after = self.flight.finish(&self.run(which), |capture, marks| {
                    self.world.did(Effect::Publishes);
                    assert_eq!((capture.seq(), marks), (self.started_at, self.marks));
                    (200, false)
                });
                self.collect(200);
                if which == Which::Running {
                    self.launch = None;
                }
                self.follow(after)
            }
            Event::Doom(which) => {
                let dooms = self.flight.doom(&self.run(which), |_, _| 408);
                self.collect(408);
                yes(dooms)
            }
            Event::CheckStuck(which) => {
                let runs = self.flight.check_stuck(&self.run(which), 504);
                self.collect(504);
                self.forget_callers();
                yes(runs)
            }
            // Two at a time, whose numbers arrive in the wrong order.
            Event::KillKey => {
                let (older, newer) = (self.world.sequence.next(), self.world.sequence.next());
                self.marks.killed = newer;
                yes([newer, older].map(|number| self.flight.kill_key(number)) == [true; 2])
            }
            Event::ExpireKey => {
                let (older, newer) = (self.world.sequence.next(), self.world.sequence.next());
                self.marks.expired = newer;
                yes([newer, older].map(|number| self.flight.expire_key(number)) == [true; 2])
            }
            Event::Invalidate(by) => {
                self.invalidate(by);
                Reply::Nothing
            }
            Event::Hold => {
                let held = self.flight.begin_fill(|| ()).is_some();
                self.holds += usize::from(held);
                yes(held)
            }
            Event::Unhold => {
                self.holds -= 1;
                yes(self.flight.unhold())
            }
            Event::Publish => {
                self.flight.publish(0, |marks| {
                    self.world.did(Effect::Publishes);
                    assert_eq!(marks, self.marks);
                    (false, false)
                });
                Reply::Nothing
            }
            Event::IsRunning => yes(self.flight.is_running()),
            Event::Retire => yes(self.flight.retire()),
            Event::TurnAway => {
                let after = self.flight.turn_away(|job| {
                    assert!(self.callers.contains(&job.number), "the job is a caller's");
                    503
                });
                self.collect(503);
                let reply = self.follow(after);
                self.forget_callers();
                reply
            }
        }
    }

    fn join(&mut self, kind: Kind, view: View, give: fn(Offer) -> Option<Offer>) -> Reply {
        let (running, pending) = self.runs();
        let offer = self.offer(kind);
        let number = offer.number;
        let world = &self.world;
        let unchanged = || {
            world.did(Effect::AsksView);
            view == View::Holds
        };
        let job = || {
            world.did(Effect::AsksJob);
            give(offer).unwrap_or_else(|| resume_unwind(Box::new("no job")))
        };
        let (ticket, launch) = match caught(|| self.flight.join(kind, unchanged, job)) {
            Ok(Join::Wait(ticket, launch)) => (ticket, launch),
            Ok(Join::LookAgain) => return Reply::LookAgain,
            Ok(Join::Retired) => return Reply::FlightRetired,
            Err(_) => return Reply::Panics,
        };
        let is = |run: Option<Compute>| run.is_some_and(|r| Arc::ptr_eq(&r, &ticket.run));
        let queued = ticket.queued;
        let reply = if let Some(launch) = launch {
            assert!(Arc::ptr_eq(&launch.run, &ticket.run), "the reader waits for its own compute");
            self.start(launch, Whose::Own, number);
            Reply::Starts
        } else if is(running) {
            Reply::WaitsForRunning
        } else {
            assert!(pending.is_none() || is(pending), "at most one compute is pending");
            self.callers.push(number);
            Reply::WaitsForPending
        };
        assert_eq!(queued, reply == Reply::WaitsForPending);
        self.readers.push(Reader { number, ticket });
        reply
    }

    fn refresh(&mut self, grant: Grant) -> Reply {
        let offer = self.offer(Kind::Refresh);
        let number = offer.number;
        let world = &self.world;
        let unchanged = || {
            world.did(Effect::AsksView);
            grant != Grant::ViewChanged
        };
        let job = || {
            world.did(Effect::AsksJob);
            if grant == Grant::Panics {
                resume_unwind(Box::new("no job"));
            }
            (grant == Grant::Granted).then_some(offer)
        };
        match caught(|| self.flight.refresh(unchanged, job)) {
            Ok(Refresh::Started(launch)) => {
                self.start(launch, Whose::Own, number);
                Reply::Starts
            }
            Ok(Refresh::No) => Reply::No,
            Ok(Refresh::Retired) => Reply::FlightRetired,
            Err(_) => Reply::Panics,
        }
    }

    fn invalidate(&self, by: By) {
        let World { sequence, everything, class, .. } = &*self.world;
        let number = sequence.next();
        match by {
            By::ClassKill => drop(class.kill(number)),
            By::ClassExpiry => class.expire(number),
            By::KillOfAll => everything.kill(number),
            By::ExpiryOfAll => everything.expire(number),
        }
    }

    /// Does what a step leaves to its caller.
    fn follow(&mut self, after: After<Offer, u32>) -> Reply {
        let After { launch, abort, retired, spare } = after;
        if let Some(given_up) = self.launch.take_if(|launch| launch.run.is_given_up()) {
            assert!(result(&given_up.run).is_none(), "it has no waiter to be answered");
            self.world.did(Effect::GivesUp);
        }
        if let Some(run) = abort {
            assert!(Arc::ptr_eq(&run, &self.run(Which::Running)), "what runs is aborted");
            self.world.did(Effect::Aborts);
        }
        if let Some(launch) = launch {
            let number = launch.job.number;
            let place = self.callers.iter().position(|caller| *caller == number);
            let place = place.expect("the job is a caller's");
            self.callers.clear();
            self.start(launch, Whose::Caller(place), number);
        }
        if !spare.is_empty() {
            self.world.did(Effect::Spares(spare.len()));
        }
        if retired {
            self.world.did(Effect::Retires);
        }
        Reply::Nothing
    }

    /// Takes over a compute that has been launched with the job of this number.
    fn start(&mut self, launch: Launch<Offer, u32>, whose: Whose, number: u64) {
        assert!(self.launch.is_none(), "at most one compute runs");
        assert_eq!((launch.kind, launch.job.number), (launch.job.kind, number));
        self.launch = Some(launch);
        self.started_at = self.world.sequence.current();
        self.world.did(Effect::Launches(whose));
    }

    /// Every reader whose compute has a result goes with it; the result is the expected one.
    fn collect(&mut self, expected: u32) {
        self.readers.retain(|Reader { ticket, .. }| {
            let answer = result(&ticket.run);
            assert!(answer.is_none_or(|answer| answer == expected), "the first answer stands");
            answer.is_none()
        });
    }

    /// A pending compute that is gone has no callers.
    fn forget_callers(&mut self) {
        if self.runs().1.is_none() {
            self.callers.clear();
        }
    }

    /// The running compute and the pending one.
    fn runs(&self) -> (Option<Compute>, Option<Compute>) {
        let core = self.flight.core.lock();
        let running = core.running.as_ref().map(|running| Arc::clone(&running.run));
        (running, core.pending.as_ref().map(|pending| Arc::clone(&pending.run)))
    }

    /// The running compute, or one that no longer runs.
    fn run(&self, which: Which) -> Compute {
        match (&self.launch, which) {
            (Some(launch), Which::Running) => Arc::clone(&launch.run),
            _ => Arc::default(),
        }
    }

    /// The job of the next reader or refresh.
    fn offer(&mut self, kind: Kind) -> Offer {
        self.offers += 1;
        Offer { number: self.offers, kind, world: Rc::clone(&self.world) }
    }

    fn waiter(&self) -> Option<usize> {
        let run = &self.launch.as_ref()?.run;
        self.readers.iter().position(|reader| Arc::ptr_eq(&reader.ticket.run, run))
    }

    fn caller(&self, place: usize) -> Option<usize> {
        let number = self.callers.get(place)?;
        self.readers.iter().position(|reader| reader.number == *number)
    }

    /// Takes the ticket of a reader that goes. One that is late may have its answer from a doomed
    /// compute that still runs.
    fn take_ticket(&mut self, which: Which) -> Ticket<u32> {
        let reader = match which {
            Which::Running => self.waiter(),
            Which::Pending(place) => self.caller(place),
            Which::Late => None,
        };
        if let Some(reader) = reader {
            return self.readers.remove(reader).ticket;
        }
        let answered = self.launch.as_ref().filter(|launch| result(&launch.run).is_some());
        let run = answered.map_or_else(Arc::default, |launch| Arc::clone(&launch.run));
        Ticket { run, seat: Seat::default(), queued: false, behind: None, id: u64::MAX }
    }
}

fn yes(yes: bool) -> Reply {
    if yes { Reply::Yes } else { Reply::No }
}

/// What the waiters of a compute get.
fn result(run: &Compute) -> Option<u32> {
    let mut seat = Seat::default();
    match run.poll(&mut seat, &Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => {
            run.leave(&seat);
            None
        }
    }
}
