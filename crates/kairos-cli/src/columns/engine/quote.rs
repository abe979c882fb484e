// What a simulated compute does and returns: a value with the time at which its compute ended.
// Never knows: whether the value is stored or served.
// Read next: `caller.rs`, which hands the compute to the cache.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::fast::FixedState;
use kairos_cache::{Computed, Sim};
use serde::{Serialize, Serializer};

use crate::scenario::{Compute, ComputeResult, Get, Name};

/// A cached value: its text, and the instant whose prices it represents.
#[derive(Clone, Debug)]
pub(super) struct Quote {
    text: Text,
    /// When its compute ended, in ms since the Unix epoch: its age counts from then.
    pub(super) computed_ms: i64,
}

#[derive(Clone, Debug)]
enum Text {
    Given(Name),
    Numbered(Name, u64),
}

impl Quote {
    /// The length of its text in bytes, which is its weight where the configuration bounds weights.
    pub(super) fn length(&self) -> u32 {
        u32::try_from(self.to_string().len()).unwrap_or(u32::MAX)
    }
}

impl Serialize for Quote {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Text::Given(text) => f.write_str(text),
            Text::Numbered(key, n) => write!(f, "{key}#{n}"),
        }
    }
}

/// The error of a simulated compute.
#[derive(Debug, thiserror::Error)]
#[error("the scenario makes this compute fail")]
pub(super) struct Failed;

impl From<Infallible> for Failed {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

pub(super) type Found = Result<Computed<Quote>, Failed>;
pub(super) type Work = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Found> + Send>> + Send>;

/// Counts of the computes that have started and of those that are running.
#[derive(Clone, Debug, Default)]
pub(super) struct Starts(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    /// Computes that have started, by key.
    by_key: HashMap<Name, u64, FixedState>,
    running: u64,
    most_running: u64,
}

/// A running compute: counted until this is dropped, however the compute ends.
struct Run(Starts);

impl Drop for Run {
    fn drop(&mut self) {
        self.0.lock().running -= 1;
    }
}

impl Starts {
    /// The largest number of computes that have run at the same time.
    pub(super) fn most_running(&self) -> u64 {
        self.lock().most_running
    }

    /// The compute of a read, which is counted when it starts.
    pub(super) fn compute(&self, sim: &Sim, start_ms: i64, get: &Get) -> Work {
        let Compute { ms, result, value } = get.compute.clone().unwrap_or_default();
        let (starts, sim, key) = (self.clone(), sim.clone(), Arc::clone(&get.key));
        Box::new(move || {
            let (n, run) = starts.begin(&key);
            Box::pin(async move {
                let _run = run;
                sim.sleep(Duration::from_millis(ms)).await;
                match result {
                    ComputeResult::Ok => {
                        let text = value.map_or(Text::Numbered(key, n), Text::Given);
                        let now = i64::try_from(sim.now().as_millis()).unwrap_or(i64::MAX);
                        Ok(Computed::value(Quote { text, computed_ms: start_ms + now }))
                    }
                    ComputeResult::Nothing => Ok(Computed::None),
                    ComputeResult::Error => Err(Failed),
                    // Unwinds like any panic, without a message on standard error.
                    ComputeResult::Panic => {
                        resume_unwind(Box::new("the scenario makes this compute panic"))
                    }
                    ComputeResult::Hang => std::future::pending().await,
                }
            })
        })
    }

    fn begin(&self, key: &Name) -> (u64, Run) {
        let mut counts = self.lock();
        counts.running += 1;
        counts.most_running = counts.most_running.max(counts.running);
        let n = counts.by_key.entry(Arc::clone(key)).or_insert(0);
        *n += 1;
        (*n, Run(self.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
