//! A cache on virtual time whose loader does what the test says, and writes down what it was asked.
//! Never knows: the insides of the cache.
//! Read next: `../loader.rs`.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kairos_cache::{Builder, Cache, Computed, Context, Error, Hit, Runtime as _, Sim};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) type Outcome = Arc<Mutex<Option<Result<Hit<u64>, Error>>>>;

/// How a load ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Load {
    /// With the number of the load, counted from 1.
    Value,
    Nothing,
    Fails,
    Panics,
    /// Before there is a future.
    PanicsAtOnce,
    Hangs,
}

struct Script {
    end: Load,
    takes: Duration,
    log: Vec<String>,
    context: Option<Context>,
    running: usize,
}

pub(crate) struct Stage {
    pub(crate) sim: Sim,
    pub(crate) cache: Cache<String, u64>,
    script: Arc<Mutex<Script>>,
}

/// A read that may have finished.
pub(crate) struct Read(Outcome);

impl Stage {
    pub(crate) fn new(
        configure: impl FnOnce(Builder<String, u64>) -> Builder<String, u64>,
    ) -> Stage {
        let sim = Sim::new(start());
        let script = Arc::new(Mutex::new(Script {
            end: Load::Value,
            takes: Duration::ZERO,
            log: Vec::new(),
            context: None,
            running: 0,
        }));
        let (own_sim, own_script) = (sim.clone(), Arc::clone(&script));
        let load = move |key: String, context: Context| {
            let (end, takes, number) = note(&own_script, &key, &context);
            assert!(!matches!(end, Load::PanicsAtOnce), "a loader that panics at once");
            let (sim, running) = (own_sim.clone(), Running::start(&own_script));
            async move {
                let _running = running;
                sim.sleep(takes).await;
                match end {
                    Load::Value => Ok(Computed::Value(number)),
                    Load::Nothing => Ok(Computed::None),
                    Load::Fails => Err("refused"),
                    Load::Panics | Load::PanicsAtOnce => panic!("a loader that panics"),
                    Load::Hangs => std::future::pending().await,
                }
            }
        };
        let builder = configure(Cache::builder().sim(&sim).seed(1)).loader(load);
        let cache = builder.build().expect("in range");
        Stage { sim, cache, script }
    }

    /// Starts a read by the loader and runs until nothing can go on.
    pub(crate) fn read(&self, key: &str, context: &Context) -> Read {
        let (cache, key, context) = (self.cache.clone(), key.to_owned(), context.clone());
        let outcome = Outcome::default();
        let own = Arc::clone(&outcome);
        let _task = self.sim.spawn(Box::pin(async move {
            let answer = cache.read(key.as_str(), &context).await;
            *own.lock().expect("no panic") = Some(answer);
        }));
        self.sim.run_until_idle();
        Read(outcome)
    }

    pub(crate) fn at(&self, second: u64) {
        self.sim.advance_to(Duration::from_secs(second));
    }

    pub(crate) fn loads_take(&self, takes: Duration) {
        self.script.lock().expect("no panic").takes = takes;
    }

    pub(crate) fn loads_end_with(&self, end: Load) {
        self.script.lock().expect("no panic").end = end;
    }

    /// How many loads have begun.
    pub(crate) fn loads(&self) -> u64 {
        self.script.lock().expect("no panic").log.len() as u64
    }

    /// How many loads have begun and are neither finished nor dropped.
    pub(crate) fn running(&self) -> usize {
        self.script.lock().expect("no panic").running
    }

    /// What the last load was asked: key, match, market, tags.
    pub(crate) fn last_load(&self) -> String {
        self.script.lock().expect("no panic").log.last().cloned().expect("there was one")
    }

    /// Everything that the last load was told, to be compared.
    pub(crate) fn last_context(&self) -> String {
        format!("{:?}", self.script.lock().expect("no panic").context.as_ref().expect("loaded"))
    }
}

impl Read {
    /// The hit, if the read has finished; it must have succeeded.
    pub(crate) fn hit(&self) -> Option<Hit<u64>> {
        self.0.lock().expect("no panic").clone().map(|outcome| outcome.expect("a value"))
    }

    /// The value, if the read has finished; it must have succeeded.
    pub(crate) fn value(&self) -> Option<u64> {
        self.hit().map(|hit| *hit)
    }

    /// The error, if the read has finished; it must have failed.
    pub(crate) fn error(&self) -> Option<Error> {
        self.0.lock().expect("no panic").clone().map(|outcome| outcome.expect_err("an error"))
    }
}

pub(crate) fn start() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(2_000_000_000)
}

fn note(script: &Mutex<Script>, key: &str, context: &Context) -> (Load, Duration, u64) {
    let scope = context.scope().map_or("-", |scope| scope.name());
    let market = context.market_name().unwrap_or("-");
    let tags: Vec<&str> = context.tags().collect();
    let mut script = script.lock().expect("no panic");
    script.context = Some(context.clone());
    script.log.push(format!("{key} in {scope} {market} [{}]", tags.join(" ")));
    (script.end, script.takes, script.log.len() as u64)
}

/// A load's presence: it ends with the load's future, however that ends.
struct Running(Arc<Mutex<Script>>);

impl Running {
    fn start(script: &Arc<Mutex<Script>>) -> Running {
        script.lock().expect("no panic").running += 1;
        Running(Arc::clone(script))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.lock().expect("no panic").running -= 1;
    }
}
