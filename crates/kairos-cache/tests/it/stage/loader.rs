// A stage whose cache has a loader that does what the test says, and writes down what it was asked.
// Never knows: what a test claims.
// Read next: `../loader/mod.rs`.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kairos_cache::{Builder, Computed, Context, Sim};

use super::{Present, Read, Stage, start};

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
}

/// A stage with a loader.
pub(crate) struct Loading {
    stage: Stage,
    script: Arc<Mutex<Script>>,
    running: Arc<AtomicU64>,
}

impl Deref for Loading {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.stage
    }
}

impl Loading {
    pub(crate) fn new(
        configure: impl FnOnce(Builder<String, u64>) -> Builder<String, u64>,
    ) -> Loading {
        let sim = Sim::new(start());
        let script = Arc::new(Mutex::new(Script {
            end: Load::Value,
            takes: Duration::ZERO,
            log: Vec::new(),
            context: None,
        }));
        let running = Arc::default();
        let (own_sim, own_script, own_running) =
            (sim.clone(), Arc::clone(&script), Arc::clone(&running));
        let load = move |key: String, context: Context| {
            let (end, takes, number) = note(&own_script, &key, &context);
            assert!(!matches!(end, Load::PanicsAtOnce), "a loader that panics at once");
            let (sim, present) = (own_sim.clone(), Present::enter(&own_running));
            async move {
                let _present = present;
                sim.sleep(takes).await;
                match end {
                    Load::Value => Ok(Computed::value(number)),
                    Load::Nothing => Ok(Computed::None),
                    Load::Fails => Err("refused"),
                    Load::Panics | Load::PanicsAtOnce => panic!("a loader that panics"),
                    Load::Hangs => std::future::pending().await,
                }
            }
        };
        let stage = Stage::on(sim, |builder| configure(builder.seed(1)).loader(load));
        Loading { stage, script, running }
    }

    /// Starts a read by the loader and runs until nothing can go on.
    pub(crate) fn read(&self, key: &str, context: &Context) -> Read {
        let (cache, key, context) = (self.cache.clone(), key.to_owned(), context.clone());
        self.start(async move { cache.read(key.as_str(), &context).await })
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
    pub(crate) fn running(&self) -> u64 {
        self.running.load(Ordering::Acquire) // Acquire: pairs with `Present`.
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

fn note(script: &Mutex<Script>, key: &str, context: &Context) -> (Load, Duration, u64) {
    let scope = context.scope().map_or("-", |scope| scope.name());
    let market = context.market_name().unwrap_or("-");
    let tags: Vec<&str> = context.tags().collect();
    let mut script = script.lock().expect("no panic");
    script.context = Some(context.clone());
    script.log.push(format!("{key} in {scope} {market} [{}]", tags.join(" ")));
    (script.end, script.takes, script.log.len() as u64)
}
