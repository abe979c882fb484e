//! Questions to a flight: their answers may be out of date as soon as they are given.
//! Never knows: what is done upon an answer.
//! Read next: `../flight.rs`, the steps, which ask again under the lock.

use std::sync::Arc;

use super::{Flight, Run};

impl<J, R> Flight<J, R> {
    /// Whether a launched compute is still wanted.
    pub fn wants(&self, run: &Arc<Run<R>>) -> bool {
        let state = self.state.lock();
        state.running.as_ref().is_some_and(|r| Arc::ptr_eq(&r.run, run) && !r.doomed)
    }

    /// Whether a compute of the key runs or waits for its turn.
    pub fn is_running(&self) -> bool {
        self.state.lock().running.is_some()
    }
}
