// The real cache on the deterministic executor, spoken to in the words of the model.
// Never knows: the model, or what an answer should have been.
// Read next: `../drive/mod.rs`, which holds the two against each other.

mod feeds;
mod words;
mod work;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kairos_cache::{Cache, Context, Fill, Notice, Pinned, Runtime, Scope, Sim, Subscription, Task};

use crate::model::answer::{Answer, News, Outcome, Receipt};
use crate::model::contract::START_SECONDS;
use crate::model::operation::{
    EVENTS, Ending, KEYS, MARKETS, MATCHES, Named, PRICED, SECOND, SLOTS, TAGS, Target, Work,
};
use crate::model::setup::Setup;

use words::{Said, explained, hit_or_error, served};
use work::{Shared, nanoseconds};

pub(crate) struct Stage {
    pub(crate) sim: Sim,
    pub(crate) cache: Cache<u32, u64>,
    scopes: Vec<Scope>,
    /// Wall minus monotonic, in nanoseconds.
    wall_ahead: i64,
    tasks: BTreeMap<usize, Task>,
    pins: [Option<Pinned<u32, u64>>; SLOTS],
    fills: [Option<Fill<u32, u64>>; SLOTS],
    /// Of a cache in which there is not room for all keys.
    notices: Option<Subscription<u32>>,
    log: Shared,
}

impl Stage {
    pub(crate) fn new(setup: &Setup) -> Stage {
        let sim = Sim::new(UNIX_EPOCH + Duration::from_secs(START_SECONDS));
        let log = Shared::new();
        let mut builder = Cache::builder().config(setup.config()).sim(&sim).seed(setup.seed);
        if setup.loader {
            builder = builder.loader(log.loader(&sim));
        }
        let cache = builder.build().expect("sequences are drawn within the allowed ranges");
        let scopes: Vec<Scope> =
            (0..MATCHES).map(|of| cache.scope(&format!("match {of}"))).collect();
        // Each tag has a mark of its own from the start, by a class that the first match keeps: by what
        // of their shard's tags without one are covered, is not to be foretold.
        for tag in TAGS {
            let context = Context::new(&scopes[0]).tag(tag);
            drop(cache.begin(&(KEYS as u32), &context).expect("as above"));
        }
        let notices = setup.evicts().then(|| cache.subscribe());
        Stage {
            sim,
            cache,
            scopes,
            wall_ahead: (START_SECONDS * SECOND).cast_signed(),
            tasks: BTreeMap::new(),
            pins: Default::default(),
            fills: Default::default(),
            notices,
            log,
        }
    }

    /// Lets everything happen that can happen now, and says what has finished since the last call.
    pub(crate) fn settle(&mut self) -> News {
        self.sim.run_until_idle();
        self.cache.run_pending_tasks();
        let mut news = std::mem::take(&mut self.log.lock().news);
        while let Some(notice) = self.notices.as_mut().and_then(Subscription::try_next) {
            if let Notice::Evicted { key } = notice {
                news.evicted.push(key as usize);
            }
        }
        for answer in &news.answers {
            self.tasks.remove(&answer.read);
        }
        news
    }

    pub(crate) fn read(
        &mut self,
        read: usize,
        key: usize,
        context: &Named,
        work: Work,
        hit_only: bool,
    ) {
        let (cache, context, key) = (self.cache.clone(), self.context(context), key as u32);
        let compute = self.log.closure(&self.sim, read, work);
        self.spawn(read, async move {
            let said = match (work.asks, hit_only) {
                (true, true) => hit_or_error(&cache.get_or_refresh(&key, &context, compute).await),
                (true, false) => explained(cache.explain_refresh(&key, &context, compute).await),
                (false, _) => {
                    let compute = move || compute(None);
                    if hit_only {
                        hit_or_error(&cache.get_or_compute(&key, &context, compute).await)
                    } else {
                        explained(cache.explain(&key, &context, compute).await)
                    }
                }
            };
            vec![(read, said)]
        });
    }

    /// A read that finds its answer at once, on this thread.
    pub(crate) fn block(
        &self,
        read: usize,
        key: usize,
        context: &Named,
        ends: Ending,
        hit_only: bool,
    ) {
        let (cache, context, key) = (self.cache.blocking(), self.context(context), key as u32);
        let compute = self.log.blocking(&self.sim, read, ends);
        let (outcome, value, receipt) = if hit_only {
            hit_or_error(&cache.get_or_compute(&key, &context, compute))
        } else {
            explained(cache.explain(&key, &context, compute))
        };
        let answer = Answer { read, done: nanoseconds(&self.sim), outcome, value, receipt };
        self.log.lock().news.answers.push(answer);
    }

    pub(crate) fn load(&mut self, read: usize, key: usize, context: &Named, hit_only: bool) {
        let (cache, context, key) = (self.cache.clone(), self.context(context), key as u32);
        self.spawn(read, async move {
            vec![(
                read,
                if hit_only {
                    hit_or_error(&cache.read(&key, &context).await)
                } else {
                    explained(cache.explain_read(&key, &context).await)
                },
            )]
        });
    }

    pub(crate) fn many(
        &mut self,
        operation: usize,
        reads: &[(usize, Named)],
        (work, absent): (Work, Option<usize>),
        hit_only: bool,
    ) {
        let cache = self.cache.clone();
        let compute = self.log.call(&self.sim, operation, work, absent);
        let reads: Vec<(u32, Context)> =
            reads.iter().map(|(key, context)| (*key as u32, self.context(context))).collect();
        self.spawn(operation, async move {
            let reads = reads.iter().map(|(key, context)| (key, context));
            let said: Vec<Said> = if hit_only {
                cache.get_many(reads, compute).await.iter().map(hit_or_error).collect()
            } else {
                cache.explain_many(reads, compute).await.into_iter().map(explained).collect()
            };
            said.into_iter().enumerate().map(|(nth, said)| (operation + 1 + nth, said)).collect()
        });
    }

    /// Runs a reader, and reports what it is told when it is told that.
    fn spawn(
        &mut self,
        operation: usize,
        reader: impl Future<Output = Vec<(usize, Said)>> + Send + 'static,
    ) {
        let (sim, log) = (self.sim.clone(), self.log.clone());
        let task = self.sim.spawn(Box::pin(async move {
            let said = reader.await;
            let done = nanoseconds(&sim);
            let answers = said.into_iter().map(|(read, (outcome, value, receipt))| Answer {
                read,
                done,
                outcome,
                value,
                receipt,
            });
            log.lock().news.answers.extend(answers);
        }));
        self.tasks.insert(operation, task);
    }

    pub(crate) fn shut_down(&self) {
        let (cache, sim, log) = (self.cache.clone(), self.sim.clone(), self.log.clone());
        let _runs_on = self.sim.spawn(Box::pin(async move {
            cache.shutdown().await.expect("outside of any compute");
            log.lock().news.over = Some(nanoseconds(&sim));
        }));
    }

    pub(crate) fn cancel(&mut self, operation: usize) {
        self.tasks.remove(&operation).expect("it waits").abort();
        let (outcome, done) = (Outcome::Cancelled, nanoseconds(&self.sim));
        let answer = Answer { read: operation, done, outcome, value: None, receipt: None };
        self.log.lock().news.answers.push(answer);
    }

    pub(crate) fn source(&self, key: usize, work: Work) {
        self.log.lock().works[key] = work;
    }

    /// What was served, and whether a load has begun.
    pub(crate) fn get(&self, key: usize) -> (Option<(u64, Receipt)>, bool) {
        let hit = self.cache.get(&(key as u32)).map(|hit| served(&hit.into_hit()));
        (hit, self.loads_begun() > 0)
    }

    /// How many loads have begun since what happened was last asked for.
    pub(crate) fn loads_begun(&self) -> usize {
        self.sim.run_until_idle();
        self.log.lock().news.told.len()
    }

    pub(crate) fn peek(&self, key: usize) -> Option<(u64, Receipt)> {
        self.cache.peek(&(key as u32)).map(|hit| served(&hit.into_hit()))
    }

    /// Whether there was something to pin.
    pub(crate) fn pin(&mut self, slot: usize, key: usize) -> bool {
        self.pins[slot] = self.cache.pin(&(key as u32));
        self.pins[slot].is_some()
    }

    /// Whether anything is pinned, and what a read through the pin gave.
    pub(crate) fn read_pin(&mut self, slot: usize) -> (bool, Option<(u64, Receipt)>) {
        let Some(pin) = self.pins[slot].as_mut() else { return (false, None) };
        (true, pin.read().map(|hit| served(&hit.into_hit())))
    }

    /// The same with the value alone.
    pub(crate) fn get_pinned(&mut self, slot: usize) -> (bool, Option<u64>) {
        let Some(pin) = self.pins[slot].as_mut() else { return (false, None) };
        (true, pin.get().copied())
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
}

fn time(wall: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(u64::try_from(wall).expect("sequences begin late enough"))
}
