// The life of a flight as a table: the state that follows a state by an event, the step's reply, and its effects.
// Never knows: the state machine that it describes.
// Read next: `stage.rs`, which plays the events; `../tests.rs`, which compares.

use super::life::Effect::{
    Aborts, Answers, AsksJob, AsksView, Captures, GivesUp, Launches, Publishes, Retires, Spares,
};
use super::life::Event::{
    Begin, CheckStuck, Depart, Doom, ExpireKey, Finish, Hold, Invalidate, IsRunning, Join,
    JoinPanics, KillKey, Leave, Publish, Queue, Refresh, Retire, TurnAway, Unhold,
};
use super::life::Grant::{self, Granted, Refused, ViewChanged};
use super::life::Phase::{Begun, Doomed, Idle, Queued, Retired};
use super::life::Reply::{
    FlightRetired, LookAgain, No, Nothing, Panics, Starts, WaitsForPending, WaitsForRunning, Yes,
};
use super::life::View::{Changed, Holds};
use super::life::Which::{Late, Pending, Running};
use super::life::Whose::{self, Own};
use super::life::{Caller, Effect, Event, Phase, Reply, Side, State, Wanted};
use crate::flight::Kind::Miss;

/// The next state, the reply, the effects.
pub(super) type Row = (State, Reply, Vec<Effect>);

/// What an event in a state leads to.
#[expect(clippy::match_same_arms, reason = "it is a table")]
pub(super) fn row(state: &State, event: Event) -> Row {
    let stays = |reply, effects: &[Effect]| (state.clone(), reply, effects.to_vec());
    let turns = |phase, reply, effects: &[Effect]| (state.turned(phase), reply, effects.to_vec());
    match (state.phase, event) {
        // A retired flight takes no reader and stays retired. A late step is told so once more.
        (Retired, Join(..) | Refresh(_)) => stays(FlightRetired, &[]),
        (Retired, KillKey | ExpireKey | Hold) => stays(No, &[]),
        (Retired, Retire) => stays(Yes, &[]),
        (Retired, Leave(Late) | Finish(Late) | TurnAway) => stays(Nothing, &[Retires]),

        // In an idle flight a reader starts a compute, unless its view has changed. A bypass goes
        // by no view. A refresh needs a view that holds, and then the permit that comes with its job.
        (Idle, Join(Miss, Changed)) => stays(LookAgain, &[AsksView]),
        (Idle, Join(Miss, Holds)) => {
            turns(Begun(READ), Starts, &[AsksView, AsksJob, Captures, Launches(Own)])
        }
        (Idle, Join(..)) => turns(Begun(READ), Starts, &[AsksJob, Captures, Launches(Own)]),
        (Idle, Refresh(ViewChanged)) => stays(No, &[AsksView]),
        (Idle, Refresh(Refused)) => stays(No, &[AsksView, AsksJob]),
        (Idle, Refresh(Grant::Panics)) => stays(Panics, &[AsksView, AsksJob]),
        (Idle, Refresh(Granted)) => {
            turns(Begun(REFRESH), Starts, &[AsksView, AsksJob, Captures, Launches(Own)])
        }

        // An idle flight retires by the next step that could have emptied it, unless it is held.
        (Idle, Leave(Late) | Finish(Late) | TurnAway) => state.rests(&[]),
        (Idle, Retire) if state.holds == 0 => turns(Retired, Yes, &[]),
        (Idle, Unhold) if state.holds == 1 => (state.held(0).turned(Retired), Yes, vec![]),
        (_, Retire) => stays(No, &[]),
        (_, Unhold) => (state.held(state.holds - 1), No, vec![]),
        (_, Hold) => (state.held(state.holds + 1), Yes, vec![]),

        // Beside a compute nothing is refreshed. A queued compute is shared by every reader that comes
        // before its turn; one that has begun by misses, until something covers it; a doomed one by
        // none. The others share the pending compute, which starts after they came.
        (_, Refresh(_)) => stays(No, &[]),
        (Queued(run), Join(..)) => turns(Queued(run.joined()), WaitsForRunning, &[]),
        (Begun(run), Join(Miss, _)) if !run.covered => {
            turns(Begun(run.joined()), WaitsForRunning, &[])
        }
        (Begun(_) | Doomed, Join(..)) => (state.called(), WaitsForPending, vec![AsksJob]),
        // Without a job a reader joins what runs, or changes nothing.
        (_, JoinPanics(kind)) => {
            let (joined, reply, effects) = row(state, Join(kind, Holds));
            match effects.iter().position(|effect| *effect == AsksJob) {
                Some(asks) => stays(Panics, &effects[..=asks]),
                None => (joined, reply, effects),
            }
        }

        // A compute that is not kept ends with its last waiter: at once while it is queued; later it
        // is aborted, and keeps the key until its task has ended. A reader that departs has it kept.
        (Queued(Wanted { waiters: 1, kept: false, .. }), Leave(Running)) => state.ends(&[GivesUp]),
        (Begun(Wanted { waiters: 1, kept: false, .. }), Leave(Running)) => {
            turns(Doomed, Nothing, &[Aborts])
        }
        (phase, Leave(Running)) => turns(phase.map(Wanted::left), Nothing, &[]),
        (phase, Depart(Running)) => turns(phase.map(Wanted::departed), Nothing, &[]),

        // The pending compute ends with its last caller. The job of a caller that departs stays.
        (_, Leave(Pending(place))) => (state.without(place), Nothing, vec![Spares(1)]),
        (_, Depart(Pending(place))) => (state.departed(place), Nothing, vec![]),

        // At its turn a compute captures anew: nothing has covered it yet.
        (Queued(run) | Begun(run), Queue(Running)) => turns(Queued(run), Nothing, &[]),
        (Queued(run) | Begun(run), Begin(Running)) => {
            turns(Begun(Wanted { covered: false, ..run }), Yes, &[Captures])
        }
        (Doomed, Queue(Running)) => stays(Nothing, &[]),
        (Doomed, Begin(Running)) => stays(No, &[]),

        // At its end every waiter gets its result, and the pending compute starts. A doomed compute
        // has no result.
        (Queued(_) | Begun(_), Finish(Running)) => state.ends(&[Publishes, Answers(Side::Running)]),
        (Doomed, Finish(Running)) => state.ends(&[]),

        // Out of time: every waiter gets an answer, once. What is pending behind the compute gets
        // one at the second check that finds it there.
        (Queued(_) | Begun(_), Doom(Running)) => turns(Doomed, Yes, &[Answers(Side::Running)]),
        (Doomed, Doom(Running)) => stays(No, &[]),
        (_, CheckStuck(Running)) if state.callers.is_empty() => stays(Yes, &[]),
        (_, CheckStuck(Running)) if state.seen_stuck => {
            (state.alone(), Yes, vec![Answers(Side::Pending)])
        }
        (_, CheckStuck(Running)) => (State { seen_stuck: true, ..state.clone() }, Yes, vec![]),

        // What invalidates the key, alone or with others, covers what runs.
        (phase, KillKey | ExpireKey) => turns(phase.map(Wanted::covered), Yes, &[]),
        (phase, Invalidate(_)) => turns(phase.map(Wanted::covered), Nothing, &[]),

        // Shut down: a compute that has begun goes on for its waiters alone; one that is queued will
        // be refused its turn; what is pending is refused now.
        (Begun(Wanted { waiters: 0, .. }), TurnAway) => state.turned(Doomed).refuses(&[Aborts]),
        (Begun(run), TurnAway) => state.turned(Begun(Wanted { kept: false, ..run })).refuses(&[]),
        (Queued(_) | Doomed, TurnAway) => state.refuses(&[]),

        // Steps for a compute that no longer runs change nothing.
        (_, Leave(Late) | Depart(Late) | Queue(Late) | Finish(Late)) => stays(Nothing, &[]),
        (_, Begin(Late) | Doom(Late) | CheckStuck(Late)) => stays(No, &[]),

        (_, Publish) => stays(Nothing, &[Publishes]),
        (Retired | Idle, IsRunning) => stays(No, &[]),
        (_, IsRunning) => stays(Yes, &[]),

        (_, event) => panic!("the table has no row for {event:?} in {state:?}"),
    }
}

/// A compute as a reader starts it.
const READ: Wanted = Wanted { waiters: 1, kept: false, covered: false };
/// A compute as a refresh starts it.
const REFRESH: Wanted = Wanted { waiters: 0, kept: true, covered: false };

impl Phase {
    fn map(self, change: fn(Wanted) -> Wanted) -> Phase {
        match self {
            Queued(run) => Queued(change(run)),
            Begun(run) => Begun(change(run)),
            Retired | Idle | Doomed => self,
        }
    }
}

impl Wanted {
    fn joined(self) -> Wanted {
        Wanted { waiters: self.waiters + 1, ..self }
    }

    fn left(self) -> Wanted {
        Wanted { waiters: self.waiters - 1, ..self }
    }

    fn departed(self) -> Wanted {
        Wanted { kept: true, ..self.left() }
    }

    fn covered(self) -> Wanted {
        Wanted { covered: true, ..self }
    }
}

impl State {
    fn turned(&self, phase: Phase) -> State {
        State { phase, ..self.clone() }
    }

    fn held(&self, holds: usize) -> State {
        State { holds, ..self.clone() }
    }

    /// Without a pending compute.
    fn alone(&self) -> State {
        State { callers: vec![], seen_stuck: false, ..self.clone() }
    }

    fn called(&self) -> State {
        let callers = [&self.callers[..], &[Caller::Waits]].concat();
        State { callers, ..self.clone() }
    }

    fn without(&self, place: usize) -> State {
        let mut state = self.clone();
        state.callers.remove(place);
        if state.callers.is_empty() { state.alone() } else { state }
    }

    fn departed(&self, place: usize) -> State {
        let mut state = self.clone();
        state.callers[place] = Caller::Departed;
        state
    }

    /// Nothing runs and nothing is pending: the flight retires, unless it is held.
    fn rests(&self, effects: &[Effect]) -> Row {
        if self.holds == 0 {
            (self.turned(Retired), Nothing, [effects, &[Retires]].concat())
        } else {
            (self.turned(Idle), Nothing, effects.to_vec())
        }
    }

    /// What runs has ended: the pending compute starts, with the job of the first caller that still
    /// waits; of the first, if all have departed. Callers that have departed have it kept.
    fn ends(&self, effects: &[Effect]) -> Row {
        if self.callers.is_empty() {
            return self.rests(effects);
        }
        let waits = |caller: &Caller| *caller == Caller::Waits;
        let waiters = self.callers.iter().filter(|caller| waits(caller)).count();
        let kept = self.callers.contains(&Caller::Departed);
        let leader = self.callers.iter().position(waits).unwrap_or(0);
        let begun = self.alone().turned(Begun(Wanted { waiters, kept, covered: false }));
        let starts = [Captures, Launches(Whose::Caller(leader))];
        (begun, Nothing, [effects, &starts[..], &spares(self.callers.len() - 1)].concat())
    }

    /// The pending compute, if there is one, is refused.
    fn refuses(&self, effects: &[Effect]) -> Row {
        let refused = if self.callers.is_empty() { vec![] } else { vec![Answers(Side::Pending)] };
        (self.alone(), Nothing, [effects, &refused[..], &spares(self.callers.len())].concat())
    }
}

fn spares(jobs: usize) -> Vec<Effect> {
    if jobs == 0 { vec![] } else { vec![Spares(jobs)] }
}
