// What computes on the cache's side: closures, calls for many keys, the loader; each reports how it fares.
// Never knows: which read asked for it, or what the model expects.
// Read next: `mod.rs`, which hands them to the cache.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kairos_cache::{Computed, Context, Sim};

use crate::model::answer::{News, Progress, Stage as Step, Told};
use crate::model::operation::{Ending, KEYS, MARKETS, TAGS, Work, called, loaded};

pub(super) type Compute<T> = Pin<Box<dyn Future<Output = Result<T, &'static str>> + Send>>;

/// What readers and computes report, in the order in which they do; and how the loader fares.
pub(super) struct Log {
    pub(super) news: News,
    pub(super) works: [Work; KEYS],
    loads: [u64; KEYS],
}

#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Log>>);

impl Shared {
    pub(super) fn new() -> Shared {
        let (works, loads) = ([Work::USUAL; KEYS], [0; KEYS]);
        Shared(Arc::new(Mutex::new(Log { news: News::default(), works, loads })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The closure of a read.
    pub(super) fn closure(
        &self,
        sim: &Sim,
        read: usize,
        work: Work,
    ) -> impl FnOnce(Option<Arc<u64>>) -> Compute<Computed<u64>> + Send + use<> {
        let (sim, log) = (sim.clone(), self.clone());
        move |previous| {
            Box::pin(async move {
                if work.asks {
                    log.lock().news.offered.push((read, previous.as_deref().copied()));
                }
                let ends = run(&sim, log, (read as u64, 0), work).await?;
                Ok(said(ends.then_some(read as u64), work))
            })
        }
    }

    /// The closure of a blocking read.
    pub(super) fn blocking(
        &self,
        sim: &Sim,
        read: usize,
        ends: Ending,
    ) -> impl FnOnce() -> Result<Computed<u64>, &'static str> + Send + use<> {
        let (sim, log) = (sim.clone(), self.clone());
        move || {
            let found = end(Running::new((read as u64, 0), &sim, log), ends)?;
            Ok(if found { Computed::value(read as u64) } else { Computed::None })
        }
    }

    /// The closure of a read of many keys.
    pub(super) fn call(
        &self,
        sim: &Sim,
        operation: usize,
        work: Work,
        absent: Option<usize>,
    ) -> impl Fn(Vec<u32>) -> Compute<Vec<(u32, Computed<u64>)>> + Send + Sync + use<> {
        let (sim, log) = (sim.clone(), self.clone());
        move |keys| {
            let (sim, log) = (sim.clone(), log.clone());
            Box::pin(async move {
                let mask = keys.iter().fold(0, |mask, key| mask | 1 << key);
                let ends = run(&sim, log, (operation as u64, mask), work).await?;
                let there = |key: &u32| ends && absent != Some(*key as usize);
                let found = keys.into_iter().filter(there);
                let value = |key: u32| said(Some(called(operation, key as usize)), work);
                Ok(found.map(|key| (key, value(key))).collect())
            })
        }
    }

    /// The loader of the cache.
    pub(super) fn loader(
        &self,
        sim: &Sim,
    ) -> impl Fn(u32, Context) -> Compute<Computed<u64>> + Send + Sync + use<> {
        let (sim, log) = (sim.clone(), self.clone());
        move |key, context| {
            let (sim, log) = (sim.clone(), log.clone());
            Box::pin(async move {
                let (of, work) = {
                    let mut log = log.lock();
                    log.loads[key as usize] += 1;
                    let of = loaded(key as usize, log.loads[key as usize]);
                    log.news.told.push(told(of, &context));
                    (of, log.works[key as usize])
                };
                let ends = run(&sim, log, (of, 0), work).await?;
                Ok(said(ends.then_some(of), work))
            })
        }
    }
}

/// Says whether there is a value.
async fn run(sim: &Sim, log: Shared, of: (u64, u16), work: Work) -> Result<bool, &'static str> {
    let running = Running::new(of, sim, log);
    sim.sleep(Duration::from_nanos(work.takes)).await;
    if work.ends == Ending::Never {
        std::future::pending::<()>().await;
    }
    end(running, work.ends)
}

/// What a compute says that has found this.
fn said(found: Option<u64>, work: Work) -> Computed<u64> {
    let mut said = match found {
        Some(_) if work.ends == Ending::NotModified => Computed::NotModified,
        found => Computed::from(found),
    };
    if let Some(ttl) = work.ttl {
        said = said.ttl(Duration::from_nanos(ttl));
    }
    said.tags(work.tag.map(|tag| TAGS[tag]))
}

fn end(mut running: Running, ends: Ending) -> Result<bool, &'static str> {
    running.ended = true;
    match ends {
        Ending::Value | Ending::NotModified => Ok(true),
        Ending::Nothing => Ok(false),
        Ending::Failure => Err("refused"),
        // Not `panic!`: that would print two million operations' worth of messages.
        Ending::Panic | Ending::Never => std::panic::resume_unwind(Box::new("broken")),
    }
}

/// Reports the start of a compute, and by its drop how the compute ended.
struct Running {
    of: (u64, u16),
    sim: Sim,
    log: Shared,
    ended: bool,
}

impl Running {
    fn new(of: (u64, u16), sim: &Sim, log: Shared) -> Running {
        let running = Running { of, sim: sim.clone(), log, ended: false };
        running.report(Step::Started);
        running
    }

    fn report(&self, stage: Step) {
        let (of, keys) = self.of;
        let progress = Progress { at: nanoseconds(&self.sim), of, keys, stage };
        self.log.lock().news.progress.push(progress);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.report(if self.ended { Step::Ended } else { Step::Aborted });
    }
}

pub(super) fn nanoseconds(sim: &Sim) -> u64 {
    sim.now().as_nanos() as u64
}

fn told(of: u64, context: &Context) -> Told {
    let in_match = context.scope().map(|scope| {
        let number = scope.name().strip_prefix("match ").expect("matches are named so");
        number.parse().expect("matches are numbered")
    });
    let place = |name: &str| MARKETS.iter().position(|(market, _)| *market == name);
    let market = context.market_name().map(|name| place(name).expect("the market exists"));
    let tag = |name: &str| TAGS.iter().position(|tag| *tag == name).expect("the tag exists");
    Told { of, in_match, market, tags: context.tags().map(tag).collect() }
}
