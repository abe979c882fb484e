// Reclaims what has died: entries that no read will be served again leave the store, behind the operation that killed them.
// Never knows: why an entry died, or who would have read it.
// Read next: `../store/mod.rs`, which walks its slots.
//
// Invalidation is O(1), so the dead stay where they are: they hold memory, and places for which
// newcomers have to outrank them. A kill asks for a sweep, and so does a read that finds the store
// full again and again. However many requests there are, one sweep follows, a second later, and
// sweeps of a large store take at most a fiftieth of the time.

use std::sync::{Arc, Weak};

use crate::contain::shielded;
use crate::engine::Engine;
use crate::policy::Now;
use crate::runtime::Runtime;
use crate::store::{Entry, Sweeper};
use crate::to_key::{Key, Value};
use crate::truth::Held;

/// A sweep begins at least this long after the first request.
const DELAY_NS: u64 = 1_000_000_000;

/// A sweep for want of room looks at no more than this many slots for each newcomer.
const LOOKS: u64 = 8;

/// Sweeps take at most 1 part in this many of the time.
const SHARE: u64 = 50;

impl<K: Key, V: Value> Engine<K, V> {
    /// Asks for a sweep, because something in the store has died. O(1).
    pub(crate) fn sweep_soon(self: &Arc<Self>) {
        self.ask_for_sweep(true);
    }

    fn ask_for_sweep(self: &Arc<Self>, tries_again: bool) {
        self.sweeper.ask(|not_before| {
            let at = self.clock.now().mono.saturating_add(DELAY_NS).max(not_before);
            let (runtime, timer) = (Arc::clone(&self.runtime), self.runtime.sleep_until(at));
            let waits = Some(Arc::clone(&self.sweeper));
            let engine = Arc::downgrade(self);
            let sweep = Sweep { engine, waits, tries_again, runtime: Arc::clone(&self.runtime) };
            self.runtime.spawn_timer(Box::pin(async move {
                timer.await;
                // Where it holds up no reader and no timer: it is as long as the store is large.
                shielded(|| drop(runtime.spawn_blocking(Box::new(move || sweep.run()))));
            }))
        });
    }

    /// Asks for a sweep if any entries have died.
    pub(crate) fn sweep_dead(self: &Arc<Self>, died: u64) {
        if died > 0 {
            self.sweep_soon();
        }
    }

    /// Asks for a sweep if a key has died and there was no room for its row among those that are taken out
    /// behind. One load if not.
    pub(super) fn sweep_left(self: &Arc<Self>) {
        if self.store.leaves_dead() {
            self.sweep_soon();
        }
    }

    /// Asks for a sweep if the store is full, so that dead entries go before living ones, and so
    /// often since the last sweep that looking at every slot costs each newcomer a few looks. Asks too
    /// for what was wanted under a lock.
    pub(crate) fn sweep_if_full(self: &Arc<Self>) {
        self.reclaim_if_wanted();
        self.sweep_left();
        if self.store.is_full() && self.sweeper.is_full_often(self.store.len() / LOOKS) {
            self.sweep_soon();
        }
    }

    fn sweep(&self) {
        let began = self.clock.now();
        // What kickoff has ended would live again if the match were put off: it goes only where its
        // place is needed.
        let full = self.store.is_full();
        self.store.sweep(|held| held.capture.is_killed() || full && is_dead(held, began));
        self.sweep_near();
        self.flights.forget_strays();
        self.notices.wake();
        let ended = self.clock.now().mono;
        let took = ended.saturating_sub(began.mono);
        self.sweeper.rest_until(ended.saturating_add(took.saturating_mul(SHARE)));
    }
}

/// A sweep that has been asked for. Dropped without having begun, as by a runtime that has ended, it
/// asks for another once, which runs on the next runtime, and lets others be asked for.
struct Sweep<K: Key, V: Value> {
    engine: Weak<Engine<K, V>>,
    /// Until it begins.
    waits: Option<Arc<Sweeper>>,
    tries_again: bool,
    runtime: Arc<dyn Runtime>,
}

impl<K: Key, V: Value> Sweep<K, V> {
    fn run(mut self) {
        // First: what dies from here on is found below, or asks for another sweep.
        if let Some(sweeper) = self.waits.take() {
            sweeper.answer();
        }
        let Some(engine) = self.engine.upgrade() else { return };
        // A shutdown waits for a sweep that has begun.
        if let Some(_underway) = engine.drain.enter() {
            shielded(|| engine.sweep());
        }
    }
}

impl<K: Key, V: Value> Drop for Sweep<K, V> {
    fn drop(&mut self) {
        let Some(sweeper) = self.waits.take() else { return };
        sweeper.answer();
        if self.tries_again {
            // Not here, which may be the thread of timers: this could be the last share in the engine.
            let engine = Weak::clone(&self.engine);
            let again = move || {
                if let Some(engine) = engine.upgrade() {
                    engine.ask_for_sweep(false);
                }
            };
            shielded(|| drop(self.runtime.alarm(0, Box::new(again))));
        }
    }
}

/// Whether no read would be served this entry.
pub(crate) fn is_dead<V>(held: &Held<Entry<V>>, now: Now) -> bool {
    let entry = &held.entry;
    held.capture.is_killed() || entry.rules_view().ended_by_kickoff(entry.place.facts(), now)
}
