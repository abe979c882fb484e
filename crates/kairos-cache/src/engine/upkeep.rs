// The task of a cache's own that does what is due in moka: asked for by those who leave something, it ends with its round.
// Never knows: what is due, or when.
// Read next: `../store/upkeep.rs`, which does.
// Why: `docs/decisions/0022-a-task-keeps-moka-up.md`.

use std::sync::{Arc, Weak};

use crate::contain::shielded;
use crate::engine::Engine;
use crate::store::{Due, Upkeep};
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Engine<K, V> {
    /// Has done what is due in moka, by a task if one comes in time. For a caller that may have put a row in,
    /// and holds no lock.
    pub(crate) fn keep_up(&self) {
        let has_task = match self.store.due(|| self.clock.now().mono) {
            Due::Nothing => return,
            Due::Task if self.asks_for_upkeep() => return,
            Due::Caller => !self.drain.is_closed(),
            Due::Task | Due::Alone => false,
        };
        self.store.keep_up_itself(has_task);
    }

    /// Has a task drop what has been left for one: a read runs no other entry's destructor.
    #[inline]
    pub(crate) fn release_behind(&self) {
        if self.store.has_left() {
            self.asks_for_upkeep();
        }
    }

    /// Has a task take out what is dead, if that is much and none has been asked for lately: to wake one costs
    /// ten times what it costs to end a key.
    pub(crate) fn take_out_behind(&self) {
        if self.store.has_dead() && self.store.due(|| self.clock.now().mono) == Due::Task {
            self.asks_for_upkeep();
        }
    }

    /// Has a task come, unless one is to. Returns whether one may: not after a shutdown.
    fn asks_for_upkeep(&self) -> bool {
        if self.drain.is_closed() {
            return false;
        }
        if self.store.upkeep().ask() {
            let waits = Some(Arc::clone(self.store.upkeep()));
            let asked = Asked { engine: Weak::clone(&self.this), waits };
            shielded(|| drop(self.runtime.spawn(Box::pin(async move { asked.run() }))));
        }
        true
    }
}

/// A round that has been asked for. Dropped without having begun, as by a runtime that has ended, it lets
/// another be asked for. Holds nothing of the cache.
struct Asked<K: Key, V: Value> {
    engine: Weak<Engine<K, V>>,
    /// Until it begins.
    waits: Option<Arc<Upkeep>>,
}

impl<K: Key, V: Value> Asked<K, V> {
    fn run(mut self) {
        // First: what is left from here on asks for another round, unless this one finds it.
        if let Some(upkeep) = self.waits.take() {
            upkeep.answer();
        }
        let Some(engine) = self.engine.upgrade() else { return };
        // A shutdown waits for a round that has begun.
        if let Some(_underway) = engine.drain.enter() {
            engine.store.keep_up();
        }
    }
}

impl<K: Key, V: Value> Drop for Asked<K, V> {
    fn drop(&mut self) {
        if let Some(upkeep) = self.waits.take() {
            upkeep.answer();
        }
    }
}
