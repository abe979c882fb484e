// A running compute: what it found becomes an entry, or does not, and the key is free.
// Never knows: how a compute came to run, or the task that runs it.
// Read next: `publish.rs` for what may be stored, `settle.rs` for what follows.

use std::sync::Arc;

use super::claim::{Claim, Launched};
use super::publish::{Began, Fresh};
use crate::contain::{caught, shielded};
use crate::engine::Moment;
use crate::engine::failure::{Failed, Failure};
use crate::error::Error;
use crate::flight::{After, Done, Found, Home, Job, Kind, Launch, Run, Work};
use crate::policy::{MonoNs, ZoneTtl};
use crate::receipt::Computed;
use crate::stats::Discarded;
use crate::to_key::{Key, Value};
use crate::truth::{Capture, KeyMarks};

/// A compute that its task runs. However the task ends, dropping this frees the key.
pub(super) struct Running<K: Key, V: Value> {
    claim: Arc<Claim<K, V>>,
    run: Arc<Run<Done<V>>>,
    kind: Kind,
    home: Home,
    began: Began,
    /// The weight of the value that was found, if it can be kept.
    weight: Option<u32>,
    end: End<V>,
}

/// How far a compute's end has come.
#[expect(clippy::large_enum_variant, reason = "every compute comes to its large variant")]
enum End<V> {
    /// The compute runs.
    Open,
    /// The waiters have their answer.
    Published {
        after: After<Job<V>, Done<V>>,
        failed: Option<Error>,
        found: Result<Fresh<V>, Error>,
    },
    /// Nothing is left to be done.
    Settled,
}

impl<K: Key, V: Value> Running<K, V> {
    /// Takes a compute over from its launch, with the work to be run.
    pub(super) fn new(compute: Launched<K, V>, started: MonoNs) -> (Running<K, V>, Work<V>) {
        let (claim, Launch { run, kind, job: Job { work, home } }) = compute.take();
        claim.engine().stats.compute_started(kind);
        let began = Began { at: started, kickoff: home.place.facts().kickoff };
        (Running { claim, run, kind, home, began, weight: None, end: End::Open }, work)
    }

    pub(super) fn key(&self) -> &K {
        self.claim.key()
    }

    /// Sets how the compute is aborted once it has no waiter.
    pub(super) fn set_abort(&self, abort: impl FnOnce() + Send + 'static) {
        self.run.set_abort(abort);
    }

    /// Weighs what was found. A weigher is its user's code, and has the time of the compute.
    pub(super) fn weigh(&mut self, found: &Computed<V>) {
        if let Computed::Value(value) = found {
            self.weight = self.claim.engine().weight(self.claim.key(), value);
        }
    }

    /// Stores what was found, and answers the waiters.
    pub(super) fn publish(&mut self, found: Found<V>) {
        if !matches!(self.end, End::Open) {
            return;
        }
        shielded(|| self.run.clear_abort());
        let moment = self.claim.engine().moment();
        let zone = moment.zone_of(&self.home.place);
        // The user's code may panic here: that is the compute's error, and the key is free.
        let found = caught(|| self.prepare(found, &moment, zone)).and_then(|prepared| prepared);
        let (mut failed, mut spare, mut is_wanted) = (None, None, false);
        let after = self.claim.flight().finish(&self.run, |capture, marks| {
            is_wanted = true;
            let concluded = self.conclude(&found, capture, marks, &moment, zone);
            let Concluded { outcome, zone, bars_older, forgotten } = concluded;
            failed = outcome.as_ref().err().filter(|error| self.is_failure(error)).cloned();
            spare = forgotten;
            (Done { outcome, zone, place: Some(self.home.place.clone()) }, bars_older)
        });
        shielded(|| drop(spare));
        if !is_wanted && !self.run.is_overdue() {
            // Its last waiter has left; one that has used up its time is counted already.
            self.claim.engine().stats.accounts().aborted();
        }
        // Last: until here dropping this would still free the key.
        self.end = End::Published { after, failed, found };
    }

    /// Does what the end has left to be done.
    pub(super) fn settle(&mut self) {
        let End::Published { after, failed, found } =
            std::mem::replace(&mut self.end, End::Settled)
        else {
            return;
        };
        let engine = self.claim.engine();
        let _released = engine.store.releasing();
        self.claim.settle(after);
        if let Some(error) = failed {
            shielded(|| engine.tell_failure(self.claim.key(), self.kind, &error));
        }
        shielded(|| drop(found));
        engine.sweep_if_full();
    }

    /// Whether the compute has failed by this error. A refresh that no runtime takes, or that its
    /// runtime drops, has failed; what readers wait for is aborted.
    fn is_failure(&self, error: &Error) -> bool {
        error.is_compute_failure()
            || (self.kind == Kind::Refresh && matches!(error, Error::Aborted))
    }

    /// Prepares what was found to be stored: user code is called here, before the flight's lock is
    /// taken.
    fn prepare(&self, found: Found<V>, moment: &Moment, zone: ZoneTtl) -> Result<Fresh<V>, Error> {
        let (engine, key, now) = (self.claim.engine(), self.claim.key(), moment.now);
        match found? {
            Computed::None => {
                Ok(Fresh::nothing(now, zone, self.began, moment.rules.negative_ttl_ns))
            }
            Computed::Value(value) => {
                let took = now.mono.saturating_sub(self.began.at);
                let fresh = Fresh::value(Arc::new(value), now, zone, self.began, took);
                Ok(Fresh { weight: self.weight, ..fresh.with_jitter(engine.jitter(key, moment)) })
            }
        }
    }

    /// Stores what was found, and counts the outcome. Called under the flight's lock; never panics.
    fn conclude(
        &self,
        found: &Result<Fresh<V>, Error>,
        capture: &Capture,
        marks: KeyMarks,
        moment: &Moment,
        zone: ZoneTtl,
    ) -> Concluded<V> {
        let (engine, key, kind) = (self.claim.engine(), self.claim.key(), self.kind);
        let stored = found.as_ref().map_err(Error::clone).and_then(|fresh| {
            caught(|| (fresh, engine.store_result(&self.claim, fresh, &self.home, capture, marks)))
        });
        match stored {
            Err(error) => {
                let mut forgotten = None;
                if self.is_failure(&error) {
                    let failed = Failed { error: &error, place: &self.home.place, capture, marks };
                    forgotten = engine.compute_failed(key, kind, &failed, moment);
                } else {
                    engine.compute_aborted(key, moment);
                }
                Concluded { outcome: Err(error), zone, bars_older: false, forgotten }
            }
            Ok((fresh, fate)) => {
                let forgotten = caught(|| engine.forget_failure(key)).unwrap_or(None);
                let bars_older = fate.bars_older();
                match &fresh.value {
                    None => {
                        engine.compute_found_nothing(key, kind);
                        Concluded { outcome: Err(Error::Nothing), zone, bars_older, forgotten }
                    }
                    Some(value) => {
                        let zone = fresh.rules_view.at_insert;
                        let stored = Discarded::of(fate).map_or(Ok(zone.zone), Err);
                        engine.compute_found(key, kind, stored);
                        let outcome = Ok(Arc::clone(value));
                        Concluded { outcome, zone, bars_older, forgotten }
                    }
                }
            }
        }
    }
}

/// What a compute came to.
struct Concluded<V> {
    outcome: Result<Arc<V>, Error>,
    zone: ZoneTtl,
    /// Whether the result bars what began before it.
    bars_older: bool,
    /// A failure that is no longer remembered: to be dropped under no lock.
    forgotten: Option<Failure>,
}

impl<K: Key, V: Value> Drop for Running<K, V> {
    fn drop(&mut self) {
        shielded(|| self.publish(Err(Error::Aborted)));
        shielded(|| self.settle());
    }
}
