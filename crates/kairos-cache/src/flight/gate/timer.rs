// The timer of what waits at a gate: whether there is one, when it rings, and which bell is its own.
// Never knows: the gate's lock, who sets a timer, or what waits.
// Read next: `../gate.rs`, under whose lock each step is taken.

use crate::policy::MonoNs;
use crate::runtime::Task;

/// At most one timer. Whatever leaves it is handed out, to be ended or dropped outside the lock.
pub(super) struct Timer {
    /// The number of the newest bell: an older one says nothing any more.
    newest: u64,
    state: State,
}

enum State {
    /// Nothing waits, or it is still to be set.
    None,
    /// A thread is setting it.
    Coming,
    /// It rings at that instant.
    Set(Task, MonoNs),
}

impl Timer {
    pub(super) fn new() -> Timer {
        Timer { newest: 0, state: State::None }
    }

    /// A thread begins to set a timer for `deadline`: the number of its bell, and the timer that rings
    /// later than that. `None` if one rings early enough, or is being set by a thread, which looks
    /// again when it has done so.
    pub(super) fn begin(&mut self, deadline: MonoNs) -> Option<(u64, Option<Task>)> {
        match self.state {
            State::Coming => return None,
            State::Set(_, at) if at <= deadline => return None,
            State::None | State::Set(..) => {}
        }
        let later = std::mem::replace(&mut self.state, State::Coming).into_task();
        self.newest += 1;
        Some((self.newest, later))
    }

    /// The thread has set the timer of this number, or could not. An error with what was set, if its
    /// bell has rung or is lost by now.
    pub(super) fn finish(
        &mut self,
        number: u64,
        deadline: MonoNs,
        set: Option<Task>,
    ) -> Result<(), Option<Task>> {
        let is_awaited = number == self.newest && matches!(self.state, State::Coming);
        match set {
            Some(timer) if is_awaited => self.state = State::Set(timer, deadline),
            None if is_awaited => {
                self.state = State::None;
                return Err(None);
            }
            _ => return Err(set),
        }
        Ok(())
    }

    /// The bell of this number has rung or is lost. Returns its timer, unless another has replaced it.
    pub(super) fn forget(&mut self, number: u64) -> Option<Task> {
        if number != self.newest {
            return None;
        }
        std::mem::replace(&mut self.state, State::None).into_task()
    }

    /// Takes the timer that is set.
    pub(super) fn take(&mut self) -> Option<Task> {
        match self.state {
            State::Set(..) => std::mem::replace(&mut self.state, State::None).into_task(),
            State::None | State::Coming => None,
        }
    }
}

impl State {
    fn into_task(self) -> Option<Task> {
        match self {
            State::Set(timer, _) => Some(timer),
            State::None | State::Coming => None,
        }
    }
}
