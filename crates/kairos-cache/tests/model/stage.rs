//! The real cache on the deterministic executor, spoken to in the words of the model.
//! Never knows: the model, or what an answer should have been.
//! Read next: `drive.rs`, which holds the two against each other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kairos_cache::{
    Cache, Computed, Context, Error, Fill, Hit, Pinned, Runtime, Scope, Sim, Task, TradingStatus,
    Volatility,
};

use crate::answer::{Answer, OfValue, Outcome, Progress, Receipt, Stage as Step};
use crate::model::START_SECONDS;
use crate::operation::{
    EVENTS, Ending, MARKETS, MATCHES, Named, PRICED, SECOND, SLOTS, TAGS, Target, Work,
};
use crate::setup::Setup;

/// What readers and computes report, in the order in which they do.
#[derive(Default)]
struct Log {
    answers: Vec<Answer>,
    progress: Vec<Progress>,
}

pub(crate) struct Stage {
    pub(crate) sim: Sim,
    pub(crate) cache: Cache<u32, u64>,
    scopes: Vec<Scope>,
    /// Wall minus monotonic, in nanoseconds.
    wall_ahead: i64,
    tasks: BTreeMap<usize, Task>,
    pins: [Option<Pinned<u32, u64>>; SLOTS],
    fills: [Option<Fill<u32, u64>>; SLOTS],
    log: Arc<Mutex<Log>>,
}

impl Stage {
    pub(crate) fn new(setup: &Setup) -> Stage {
        let sim = Sim::new(UNIX_EPOCH + Duration::from_secs(START_SECONDS));
        let cache: Cache<u32, u64> = Cache::builder()
            .config(setup.config())
            .sim(&sim)
            .seed(1)
            .build()
            .expect("sequences are drawn within the allowed ranges");
        let scopes = (0..MATCHES).map(|of| cache.scope(&format!("match {of}"))).collect();
        Stage {
            sim,
            cache,
            scopes,
            wall_ahead: (START_SECONDS * SECOND).cast_signed(),
            tasks: BTreeMap::new(),
            pins: Default::default(),
            fills: Default::default(),
            log: Arc::default(),
        }
    }

    /// Lets everything happen that can happen now, and says what has finished since the last call.
    pub(crate) fn settle(&mut self) -> (Vec<Answer>, Vec<Progress>) {
        self.sim.run_until_idle();
        self.cache.run_pending_tasks();
        let log = std::mem::take(&mut *lock(&self.log));
        for answer in &log.answers {
            self.tasks.remove(&answer.read);
        }
        (log.answers, log.progress)
    }

    pub(crate) fn read(
        &mut self,
        read: usize,
        key: usize,
        context: &Named,
        work: Work,
        hit_only: bool,
    ) {
        let (cache, sim, log) = (self.cache.clone(), self.sim.clone(), Arc::clone(&self.log));
        let context = self.context(context);
        let key = key as u32;
        let compute = self.compute(read, work);
        let task = self.sim.spawn(Box::pin(async move {
            let (outcome, receipt) = if hit_only {
                match cache.get_or_compute(&key, &context, compute).await {
                    Ok(hit) => (Ok(*hit), Some(*hit.receipt())),
                    Err(error) => (Err(error), None),
                }
            } else {
                let answer = cache.explain(&key, &context, compute).await;
                let answer = answer.expect("contexts name what exists");
                (answer.outcome.map(|value| *value), Some(answer.receipt))
            };
            let value = outcome.as_ref().ok().copied();
            let receipt = receipt.map(|receipt| receipt_of(&receipt, value.is_some()));
            let outcome = outcome_of(outcome.err().as_ref());
            let answer = Answer { read, done: nanoseconds(&sim), outcome, value, receipt };
            lock(&log).answers.push(answer);
        }));
        self.tasks.insert(read, task);
    }

    pub(crate) fn cancel(&mut self, read: usize) {
        self.tasks.remove(&read).expect("it waits").abort();
        let outcome = Outcome::Cancelled;
        let done = nanoseconds(&self.sim);
        lock(&self.log).answers.push(Answer { read, done, outcome, value: None, receipt: None });
    }

    pub(crate) fn get(&self, key: usize) -> Option<(u64, Receipt)> {
        self.cache.get(&(key as u32)).map(|hit| served(&hit))
    }

    pub(crate) fn peek(&self, key: usize) -> Option<(u64, Receipt)> {
        self.cache.peek(&(key as u32)).map(|hit| served(&hit))
    }

    /// Whether there was something to pin.
    pub(crate) fn pin(&mut self, slot: usize, key: usize) -> bool {
        self.pins[slot] = self.cache.pin(&(key as u32));
        self.pins[slot].is_some()
    }

    /// The pinned key and what its read gave; nothing if nothing is pinned.
    pub(crate) fn read_pin(&mut self, slot: usize) -> Option<(usize, Option<(u64, Receipt)>)> {
        let pin = self.pins[slot].as_mut()?;
        let hit = pin.read().map(|hit| served(&hit));
        Some((*pin.key() as usize, hit))
    }

    pub(crate) fn begin(&mut self, slot: usize, key: usize, context: &Named) {
        let context = self.context(context);
        let fill = self.cache.begin(&(key as u32), &context).expect("contexts name what exists");
        self.fills[slot] = Some(fill);
    }

    /// Whether the value was stored; nothing if no fill has begun.
    pub(crate) fn insert(&mut self, slot: usize, value: u64) -> Option<bool> {
        Some(self.fills[slot].take()?.insert(value))
    }

    /// Nothing if the observation is refused.
    pub(crate) fn observe(
        &self,
        of: usize,
        priced: usize,
        price: f64,
        at: i64,
    ) -> Option<Volatility> {
        self.cache.observe_odds(&self.scopes[of], PRICED[priced], price, time(at)).ok()
    }

    pub(crate) fn set_status(
        &self,
        of: usize,
        market: Option<usize>,
        status: TradingStatus,
    ) -> u64 {
        let market = market.map(|market| MARKETS[market].0);
        self.cache.set_status(&self.scopes[of], market, status).expect("the market exists")
    }

    /// The number of affected markets, the percentage saved, and how many died.
    pub(crate) fn event(&self, of: usize, event: usize) -> (usize, f64, u64) {
        let name = EVENTS[event].0;
        let outcome = self.cache.invalidate_event(&self.scopes[of], name);
        let outcome = outcome.expect("the event exists");
        (outcome.markets.len(), outcome.cpu_saved_pct, outcome.died)
    }

    pub(crate) fn invalidate_key(&self, key: usize) -> bool {
        self.cache.invalidate(&(key as u32))
    }

    pub(crate) fn invalidate_match(&self, of: usize) -> u64 {
        self.cache.invalidate_match(&self.scopes[of])
    }

    pub(crate) fn expire(&self, target: Target) {
        match target {
            Target::Key(key) => self.cache.expire(&(key as u32)),
            Target::Tag(tag) => self.cache.expire_tag(TAGS[tag]),
            Target::Match(of) => self.cache.expire_match(&self.scopes[of]),
            Target::All => self.cache.expire_all(),
        }
    }

    fn context(&self, named: &Named) -> Context {
        let mut context = match named.in_match {
            Some(of) => Context::new(&self.scopes[of]),
            None => Context::none(),
        };
        if let Some(market) = named.market {
            context = context.market(MARKETS[market].0);
        }
        if let Some(ahead) = named.kickoff_in {
            context = context.kickoff(time(self.wall() + ahead));
        }
        if let Some(lineup) = named.lineup {
            context = context.lineup_confirmed(lineup);
        }
        for tag in &named.tags {
            context = context.tag(TAGS[*tag]);
        }
        for (priced, price) in &named.odds {
            context = context.current_odds(PRICED[*priced], *price);
        }
        if let Some(max_age) = named.max_age {
            context = context.max_age(Duration::from_nanos(max_age));
        }
        context.force_refresh(named.force)
    }

    /// The wall clock alone moves.
    pub(crate) fn step_wall(&mut self, by: i64) {
        self.wall_ahead += by;
        self.sim.step_wall(time(self.wall()));
    }

    fn wall(&self) -> i64 {
        nanoseconds(&self.sim).cast_signed() + self.wall_ahead
    }

    fn compute(&self, read: usize, work: Work) -> impl FnOnce() -> runtime::Compute + Send + use<> {
        let (sim, log) = (self.sim.clone(), Arc::clone(&self.log));
        move || {
            Box::pin(async move {
                let mut running = Running::new(read, &sim, log);
                sim.sleep(Duration::from_nanos(work.takes)).await;
                if work.ends == Ending::Never {
                    std::future::pending::<()>().await;
                }
                running.ended = true;
                match work.ends {
                    Ending::Value => Ok(Computed::Value(read as u64)),
                    Ending::Nothing => Ok(Computed::None),
                    Ending::Failure => Err("refused"),
                    // Not `panic!`: that would print two million operations' worth of messages.
                    Ending::Panic | Ending::Never => std::panic::resume_unwind(Box::new("broken")),
                }
            })
        }
    }
}

mod runtime {
    //! The type of a compute's future.

    use std::pin::Pin;

    use kairos_cache::Computed;

    pub(super) type Compute =
        Pin<Box<dyn Future<Output = Result<Computed<u64>, &'static str>> + Send>>;
}

/// Reports the start of a compute, and by its drop how the compute ended.
struct Running {
    read: usize,
    sim: Sim,
    log: Arc<Mutex<Log>>,
    ended: bool,
}

impl Running {
    fn new(read: usize, sim: &Sim, log: Arc<Mutex<Log>>) -> Running {
        let running = Running { read, sim: sim.clone(), log, ended: false };
        running.report(Step::Started);
        running
    }

    fn report(&self, stage: Step) {
        let progress = Progress { at: nanoseconds(&self.sim), of: self.read, stage };
        lock(&self.log).progress.push(progress);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.report(if self.ended { Step::Ended } else { Step::Aborted });
    }
}

fn lock(log: &Mutex<Log>) -> std::sync::MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

fn nanoseconds(sim: &Sim) -> u64 {
    sim.now().as_nanos() as u64
}

fn time(wall: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(u64::try_from(wall).expect("sequences begin late enough"))
}

fn outcome_of(error: Option<&Error>) -> Outcome {
    match error {
        None => Outcome::Value,
        Some(Error::Nothing) => Outcome::Nothing,
        Some(Error::Compute(_)) => Outcome::Failed,
        Some(Error::Panicked(_)) => Outcome::Panicked,
        Some(Error::Timeout) => Outcome::TimedOut,
        Some(Error::Overloaded) => Outcome::Overloaded,
        Some(other) => panic!("no read of a sequence fails so: {other}"),
    }
}

fn served(hit: &Hit<u64>) -> (u64, Receipt) {
    (**hit, receipt_of(hit.receipt(), true))
}

fn receipt_of(receipt: &kairos_cache::Receipt, has_value: bool) -> Receipt {
    let of_value = OfValue {
        zone: receipt.zone,
        ttl: receipt.ttl.as_nanos() as u64,
        age: receipt.age.as_nanos() as u64,
        freshness: receipt.freshness,
    };
    Receipt {
        strategy: receipt.strategy,
        source: receipt.source,
        reason: receipt.reason,
        volatility: receipt.volatility,
        z: receipt.z,
        refresh_started: receipt.refresh_started,
        of_value: has_value.then_some(of_value),
    }
}
