//! Questions to a flight: their answers may be out of date as soon as they are given.
//! Never knows: what is done upon an answer.
//! Read next: `../flight.rs`, the steps, which ask again under the lock.

use super::Flight;

impl<J, R> Flight<J, R> {
    /// Whether a compute of the key runs or waits for its turn.
    pub fn is_running(&self) -> bool {
        self.state.lock().running.is_some()
    }
}
