// What happens when computes fail, hang or pile up, and when the market does not calm down.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `old_values.rs`.

mod breaker;
mod errors;
mod old_values;
mod queue;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kairos_cache::{Answer, Builder, Cache, Computed, Context, Reason, Runtime as _, Sim};

use crate::stage::{SECOND, Stage};

/// A cache on virtual time and a log of what its readers got.
struct World {
    sim: Sim,
    cache: Cache<String, u32>,
    answers: Arc<Mutex<HashMap<&'static str, Answer<u32>>>>,
}

#[derive(Clone, Copy)]
enum Outcome {
    Value(u32),
    Nothing,
    Failure,
    Hang,
}

impl World {
    fn new(configure: impl FnOnce(Builder<String, u32>) -> Builder<String, u32>) -> World {
        let Stage { sim, cache } =
            Stage::with(|builder| configure(builder.seed(1).xfetch_enabled(false)));
        World { sim, cache, answers: Arc::default() }
    }

    /// Starts a read of `key`; its answer is kept under `name`.
    fn read(&self, name: &'static str, key: &'static str, takes: Duration, outcome: Outcome) {
        self.read_with(name, key, &Context::none(), takes, outcome);
    }

    fn read_with(
        &self,
        name: &'static str,
        key: &'static str,
        context: &Context,
        takes: Duration,
        outcome: Outcome,
    ) {
        let (cache, sim, answers) = (self.cache.clone(), self.sim.clone(), self.answers.clone());
        let context = context.clone();
        let _task = self.sim.spawn(Box::pin(async move {
            let compute = move || async move {
                sim.sleep(takes).await;
                match outcome {
                    Outcome::Value(value) => Ok(Computed::value(value)),
                    Outcome::Nothing => Ok(Computed::None),
                    Outcome::Failure => Err("refused"),
                    Outcome::Hang => std::future::pending().await,
                }
            };
            let answer = cache.explain(key, &context, compute).await.expect("a plain context");
            answers.lock().expect("no panic").insert(name, answer);
        }));
        self.sim.run_until_idle();
    }

    fn at(&self, second: u64) {
        self.sim.advance_to(Duration::from_secs(second));
    }

    /// Reason, value and age in seconds of a finished read; the error's text where there is none.
    fn got(&self, name: &str) -> Option<(Reason, Result<u32, String>, u64)> {
        let answers = self.answers.lock().expect("no panic");
        let answer = answers.get(name)?;
        let value = answer.outcome.as_ref().map(|v| **v).map_err(ToString::to_string);
        Some((answer.receipt.reason, value, answer.receipt.age.as_secs()))
    }

    fn is_waiting(&self, name: &str) -> bool {
        !self.answers.lock().expect("no panic").contains_key(name)
    }
}

fn minute_ttl(builder: Builder<String, u32>) -> Builder<String, u32> {
    builder.default_ttl(60 * SECOND)
}
