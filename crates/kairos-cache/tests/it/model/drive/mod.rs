// Runs one sequence on the cache and on the model, and stops where they differ.
// Never knows: what either does inside.
// Read next: `../stage/mod.rs` for the cache's side, `../contract/mod.rs` for the other.

mod change;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::model::answer::{Answer, News, Progress, Receipt, Stage as Step};
use crate::model::contract::{Died, Model, tolerance};
use crate::model::coverage::{Coverage, Matter};
use crate::model::operation::{Op, STEP, Sequence, TAGS, Target, Wait, Work};
use crate::model::stage::Stage;

/// Where cache and model part.
#[derive(Debug)]
pub(crate) struct Difference {
    /// The place of the operation; the sequence's length for what comes after the last.
    pub(crate) at: usize,
    pub(crate) text: String,
}

/// Runs a sequence to its end, and on until no timer is left.
pub(crate) fn run(sequence: &Sequence, coverage: &mut Coverage) -> Result<(), Difference> {
    let mut at = 0;
    let text = match catch_unwind(AssertUnwindSafe(|| run_through(sequence, coverage, &mut at))) {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(text)) => text,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            format!("panic: {}", text.unwrap_or_default())
        }
    };
    Err(Difference { at, text })
}

fn run_through(sequence: &Sequence, coverage: &mut Coverage, at: &mut usize) -> Result<(), String> {
    let (stage, model) = (Stage::new(&sequence.setup), Model::new(&sequence.setup));
    coverage.begin();
    let capacity = sequence.setup.evicts().then_some(sequence.setup.capacity);
    let mut pair = Pair { stage, model, capacity, ending_since: None, is_over: false, coverage };
    for op in &sequence.ops {
        // Nothing is told any more, and so not which key has made room.
        if pair.is_over && capacity.is_some() {
            break;
        }
        let done = pair.apply(*at * STEP, op).and_then(|()| pair.settle());
        done.map_err(|text| format!("{op:?} at {} ns: {text}", pair.model.now()))?;
        *at += 1;
    }
    pair.run_to_end().map_err(|text| format!("after the last operation: {text}"))
}

/// A value served without a compute.
type Hit = Option<(u64, Receipt)>;

struct Pair<'a> {
    stage: Stage,
    model: Model,
    /// If there is not room for all keys.
    capacity: Option<u64>,
    ending_since: Option<u64>,
    is_over: bool,
    coverage: &'a mut Coverage,
}

impl Pair<'_> {
    fn apply(&mut self, id: usize, op: &Op) -> Result<(), String> {
        let (stage, model) = (&mut self.stage, &mut self.model);
        match op {
            Op::Read { key, context, work, hit_only } => {
                stage.read(id, *key, context, *work, *hit_only);
                model.read(id, *key, context, *work);
            }
            Op::Block { key, context, ends, hit_only } => {
                if model.computes_at_once(*key) {
                    self.coverage.met(Matter::Blocking, 1);
                    stage.block(id, *key, context, *ends, *hit_only);
                    model.read(id, *key, context, Work { takes: 0, ends: *ends, ..Work::USUAL });
                }
            }
            Op::Load { key, context, hit_only } => {
                self.coverage.met(Matter::Read, 1);
                stage.load(id, *key, context, *hit_only);
                model.load(id, *key, context);
            }
            Op::Source { key, work } => {
                stage.source(*key, *work);
                model.source(*key, *work);
            }
            Op::Many { reads, work, absent, hit_only } => {
                self.coverage.met(Matter::Many, 1);
                stage.many(id, reads, (*work, *absent), *hit_only);
                model.many(id, reads, *work, *absent);
            }
            Op::Get { key } => {
                let (hit, has_begun) = stage.get(*key);
                self.coverage.met(Matter::LoadBehindGet, usize::from(has_begun));
                if let Some((_, receipt)) = &hit {
                    self.coverage.served(receipt);
                }
                same_hit(&model.get(*key, has_begun), &hit)?;
            }
            Op::Peek { key } => same_hit(&model.peek(*key), &stage.peek(*key))?,
            Op::Pin { slot, key } => {
                same("pin", &model.pin(*slot, *key), &stage.pin(*slot, *key))?;
                self.coverage.met(Matter::LoadBehindPin, stage.loads_begun());
            }
            Op::ReadPin { slot, hit_only } => self.read_pin(*slot, *hit_only)?,
            Op::Begin { slot, key, context } => {
                stage.begin(*slot, *key, context);
                model.begin(*slot, *key, context);
            }
            Op::Insert { slot } => {
                if let Some(stored) = stage.insert(*slot, id as u64) {
                    same("stored", &model.insert(*slot, id as u64), &stored)?;
                }
            }
            Op::Cancel { nth } => {
                let waiting = model.waiting();
                if !waiting.is_empty() {
                    let read = waiting[nth % waiting.len()];
                    stage.cancel(read);
                    model.cancel(read);
                }
            }
            Op::Odds { .. }
            | Op::Bulk { .. }
            | Op::Heartbeat { .. }
            | Op::Retire { .. }
            | Op::Status { .. }
            | Op::Event { .. }
            | Op::Invalidate(_)
            | Op::Expire(_)
            | Op::Switch(_)
            | Op::Reload(_) => self.change(op)?,
            Op::Pass(wait) => self.pass(*wait)?,
            Op::StepWall(by) => {
                stage.step_wall(*by);
                model.step_wall(*by);
            }
            Op::Stats => {
                self.compare_counts()?;
                self.compare_watched()?;
            }
            Op::Reset(category) => {
                match category {
                    Some(category) => stage.cache.reset_category(*category),
                    None => stage.cache.stats_reset(),
                }
                model.reset(*category);
            }
            Op::Shutdown => {
                self.ending_since = Some(model.now());
                stage.shut_down();
                model.shut_down();
            }
        }
        Ok(())
    }

    fn read_pin(&mut self, slot: usize, hit_only: bool) -> Result<(), String> {
        let (is_pinned, model) = self.model.read_pin(slot);
        let same = if hit_only {
            let value = model.map(|(value, _)| value);
            same("pinned", &(is_pinned, value), &self.stage.get_pinned(slot))
        } else {
            let (cache_has, cache) = self.stage.read_pin(slot);
            if let Some((_, receipt)) = &cache {
                self.coverage.met(Matter::Pinned, 1);
                self.coverage.served(receipt);
            }
            same("pinned", &is_pinned, &cache_has).and_then(|()| same_hit(&model, &cache))
        };
        self.coverage.met(Matter::LoadBehindPin, self.stage.loads_begun());
        same
    }

    fn invalidate(&mut self, target: Target) -> Result<(), String> {
        let (stage, model) = (&self.stage, &mut self.model);
        match target {
            Target::Key(key) => {
                same("lived", &model.invalidate_key(key), &stage.invalidate_key(key))?;
            }
            Target::Tag(tag) => {
                stage.cache.invalidate_tag(TAGS[tag]);
                model.invalidate_tag(tag);
            }
            Target::Match(of) => {
                let died = stage.invalidate_match(of);
                may_have_died(model.invalidate_match(of), died)?;
            }
            Target::All => {
                stage.cache.invalidate_all();
                model.invalidate_all();
            }
        }
        Ok(())
    }

    fn pass(&mut self, wait: Wait) -> Result<(), String> {
        let now = self.model.now();
        let target = match wait {
            Wait::For(nanoseconds) => now + nanoseconds,
            Wait::NextTimer(beyond) => match self.model.next_timer_at() {
                Some(due) => due + beyond,
                None => now + 1_000_000,
            },
            Wait::Edge { key, edge, beyond } => {
                let edges = self.model.edges(key);
                let edge = edges.get(edge % edges.len().max(1)).copied().unwrap_or(now);
                edge.saturating_add_signed(beyond).max(now)
            }
        };
        self.advance_to(target)
    }

    /// Where entries are evicted, from timer to timer: what has made room is known before the next.
    fn advance_to(&mut self, target: u64) -> Result<(), String> {
        while self.capacity.is_some()
            && let Some(due) = self.model.next_timer_at().filter(|due| *due < target)
        {
            self.stage.sim.advance_to(Duration::from_nanos(due));
            self.model.advance_to(due);
            self.settle()?;
        }
        self.stage.sim.advance_to(Duration::from_nanos(target));
        self.model.advance_to(target);
        Ok(())
    }

    /// Compares what has finished on both sides.
    fn settle(&mut self) -> Result<(), String> {
        let News { mut answers, mut progress, mut told, mut offered, evicted, over } =
            self.stage.settle();
        let model = self.model.take_news();
        let (mut model_answers, mut model_progress) = (model.answers, model.progress);
        progress.sort_unstable();
        model_progress.sort_unstable();
        if model_progress != progress {
            return Err(format!("computes: model {model_progress:?}, cache {progress:?}"));
        }
        let mut model_offered = model.offered;
        offered.sort_unstable();
        model_offered.sort_unstable();
        same("offered", &model_offered, &offered)?;
        self.coverage.met(Matter::Offered, offered.iter().filter(|(_, old)| old.is_some()).count());
        let mut model_told = model.told;
        told.sort_unstable();
        model_told.sort_unstable();
        same("told the loader", &model_told, &told)?;
        same("over", &model.over, &over)?;
        if let Some(over) = over {
            self.end(over)?;
        }
        for key in evicted {
            self.coverage.met(Matter::Evicted, 1);
            same("an entry makes room that lives", &self.model.evict(key), &true)?;
        }
        if self.capacity.is_some_and(|capacity| self.stage.cache.entry_count() > capacity) {
            return Err("there are more entries than there is room".into());
        }
        let called = |progress: &&Progress| progress.keys.count_ones() > 1;
        for progress in progress.iter().filter(called) {
            match progress.stage {
                Step::Started => self.coverage.met(Matter::Call, 1),
                Step::Aborted => self.coverage.met(Matter::CallAborted, 1),
                Step::Ended => {}
            }
        }
        let order = |answer: &Answer| (answer.done, answer.read);
        answers.sort_unstable_by_key(order);
        model_answers.sort_unstable_by_key(order);
        let agree = model_answers.len() == answers.len()
            && model_answers.iter().zip(&answers).all(|(model, cache)| model.agrees(cache));
        if !agree {
            return Err(format!("answers:\n  model {model_answers:?}\n  cache {answers:?}"));
        }
        same("breaker", &self.model.breaker_level(), &self.stage.cache.breaker_level())?;
        self.compare_moves()?;
        self.coverage.met(Matter::Jitter, self.model.take_jittered());
        for answer in &answers {
            self.coverage.count(answer);
        }
        Ok(())
    }

    /// The shutdown is complete: no task and no timer is left.
    fn end(&mut self, over: u64) -> Result<(), String> {
        self.coverage.met(Matter::Over, 1);
        self.is_over = true;
        let later = self.ending_since.is_some_and(|since| since < over);
        self.coverage.met(Matter::OverLater, usize::from(later));
        self.stage.sim.run_to_end();
        same("the end of time", &self.model.now(), &(self.stage.sim.now().as_nanos() as u64))
    }

    fn compare_counts(&mut self) -> Result<(), String> {
        let keys = self.model.counts().keys();
        let stats = serde_json::to_value(self.stage.cache.stats()).expect("plain numbers");
        let stats: BTreeMap<String, f64> = serde_json::from_value(stats).expect("plain numbers");
        let names = |keys: &BTreeMap<&str, f64>| keys.keys().map(ToString::to_string).collect();
        same::<Vec<_>>("keys", &names(&keys), &stats.keys().cloned().collect())?;
        for (name, model) in keys {
            let cache = stats[name];
            if (model - cache).abs() > tolerance(name, model) {
                return Err(format!("{name}: model {model}, cache {cache}"));
            }
        }
        Ok(())
    }

    fn run_to_end(&mut self) -> Result<(), String> {
        while let Some(due) = self.model.next_timer_at() {
            self.advance_to(due)?;
            self.settle()?;
        }
        self.stage.sim.run_to_end();
        self.settle()?;
        for read in self.model.waiting() {
            self.stage.cancel(read);
            self.model.cancel(read);
        }
        self.settle()?;
        self.compare_counts()
    }
}

fn same<T: PartialEq + Debug>(what: &str, model: &T, cache: &T) -> Result<(), String> {
    if model == cache { Ok(()) } else { Err(format!("{what}: model {model:?}, cache {cache:?}")) }
}

fn same_hit(model: &Hit, cache: &Hit) -> Result<(), String> {
    let agree = match (model, cache) {
        (Some((a, model)), Some((b, cache))) => a == b && model.agrees(cache),
        (model, cache) => model.is_none() && cache.is_none(),
    };
    if agree { Ok(()) } else { Err(format!("hit: model {model:?}, cache {cache:?}")) }
}

fn may_have_died(model: Died, cache: u64) -> Result<(), String> {
    let possible = (model.least..=model.most).contains(&cache);
    if possible { Ok(()) } else { Err(format!("died: model {model:?}, cache {cache}")) }
}
