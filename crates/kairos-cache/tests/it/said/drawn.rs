// Drawn orders of computes that name tags, invalidations of all kinds and forgotten tags, against a list of what covers what.
// Never knows: marks, floors or classes.
// Read next: `tags.rs`, the same one at a time.

use std::sync::{Arc, Mutex};

use kairos_cache::{Cache, Computed, Context, EventGraph, Reason, Scope};
use proptest::prelude::*;
use tokio::sync::Semaphore;

use crate::stage::{Failure, HOUR, Read, Stage};

/// Tags that contexts and computes name. The first two are those of a market and of an event.
const TAGS: [&str; 5] = ["goals", "bookings", "a", "b", "c"];
const MARKETS: [&str; 2] = ["btts", "cards"];
const EVENTS: [&str; 2] = ["goal", "booking"];
const KEYS: [&str; 2] = ["k", "l"];

#[derive(Debug, Clone, Copy)]
enum Cover {
    Key(usize),
    Tag(usize),
    Event(usize),
    Match,
    All,
}

#[derive(Debug, Clone)]
enum Op {
    /// A read, what its context names, and what its compute will say if it gets to run.
    Read {
        key: usize,
        place: Option<usize>,
        context: u8,
        forced: bool,
        found: u8,
        stands: bool,
    },
    /// The compute that has run for longest ends, or that which has begun last.
    End {
        newest: bool,
    },
    Kill(Cover),
    Expire(Cover),
    /// Tags come and go, so that those are forgotten that nothing holds.
    Flood,
}

fn cover() -> impl Strategy<Value = Cover> {
    prop_oneof![
        1 => (0..KEYS.len()).prop_map(Cover::Key),
        6 => (0..TAGS.len()).prop_map(Cover::Tag),
        1 => Just(Cover::Match),
        1 => Just(Cover::All),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let place = prop_oneof![1 => Just(None), 3 => (0..=MARKETS.len()).prop_map(Some)];
    let tags = prop_oneof![Just(0u8), 0u8..1 << TAGS.len()];
    let read = (0..KEYS.len(), place, tags.clone(), any::<bool>(), tags, 0..4u8).prop_map(
        |(key, place, context, forced, found, stands)| Op::Read {
            key,
            place,
            context,
            forced,
            found,
            stands: stands == 0,
        },
    );
    prop_oneof![
        5 => read,
        4 => any::<bool>().prop_map(|newest| Op::End { newest }),
        3 => cover().prop_map(Op::Kill),
        2 => (0..EVENTS.len()).prop_map(|event| Op::Kill(Cover::Event(event))),
        1 => cover().prop_map(Op::Expire),
        1 => Just(Op::Flood),
    ]
}

/// A compute that has begun.
#[derive(Clone)]
struct Begun {
    key: usize,
    began: usize,
    /// Whether it names the match, and a market of it.
    within: bool,
    market: Option<usize>,
    tags: u8,
    /// The value that it makes, or says still stands.
    value: u64,
    stands: bool,
    has_ended: bool,
    gate: Arc<Semaphore>,
}

impl Begun {
    fn is_covered_by(&self, cover: Cover) -> bool {
        let names = |tag: usize| self.tags & 1 << tag != 0;
        match cover {
            Cover::Key(key) => key == self.key,
            Cover::Tag(tag) => names(tag) || self.market == Some(tag),
            // The events name the tags of the markets, in this order.
            Cover::Event(event) => self.within && (names(event) || self.market == Some(event)),
            Cover::Match => self.within,
            Cover::All => true,
        }
    }
}

#[derive(Default)]
struct Ledger {
    step: usize,
    begun: Vec<Begun>,
    values: u64,
}

struct World {
    stage: Stage,
    scope: Scope,
    ledger: Arc<Mutex<Ledger>>,
    running: Vec<Begun>,
    /// What was invalidated, when, and whether it killed.
    covers: Vec<(usize, Cover, bool)>,
    reads: Vec<(usize, usize, Read)>,
    floods: usize,
}

impl World {
    fn new(room: usize) -> World {
        let market = |i: usize| (MARKETS[i], [TAGS[i]]);
        let event = |i: usize| (EVENTS[i], [TAGS[i]]);
        let graph = EventGraph::new([0, 1].map(market), [0, 1].map(event)).expect("unlike names");
        let stage = Stage::with(|builder| {
            let builder = builder.seed(1).event_graph(graph).max_tags(room).default_ttl(HOUR);
            builder.xfetch_enabled(false).hard_timeout(24 * HOUR)
        });
        let scope = stage.cache.scope("m");
        let (ledger, running, covers) = (Arc::default(), Vec::new(), Vec::new());
        World { stage, scope, ledger, running, covers, reads: Vec::new(), floods: 0 }
    }

    fn ledger(&self) -> std::sync::MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("no panic")
    }

    fn context(&self, place: Option<usize>, tags: u8) -> Context {
        let context = match place {
            None => Context::none(),
            Some(market) => match MARKETS.get(market) {
                None => Context::new(&self.scope),
                Some(market) => Context::new(&self.scope).market(market),
            },
        };
        named(tags).fold(context, Context::tag)
    }

    fn read(&mut self, op: &Op) {
        let &Op::Read { key, place, context: own, forced, found, stands } = op else { return };
        let context = self.context(place, own).force_refresh(forced);
        let (cache, ledger): (Cache<String, u64>, _) =
            (self.stage.cache.clone(), Arc::clone(&self.ledger));
        let (within, market) = (place.is_some(), place.filter(|market| *market < MARKETS.len()));
        let compute = move |previous: Option<Arc<u64>>| {
            let mut ledger = ledger.lock().expect("no panic");
            ledger.values += 1;
            // A refresh by a read that names no match leaves the tags of that read aside.
            let refreshes = !within && !forced && previous.is_some();
            let own = if refreshes { 0 } else { own };
            let stands = stands && previous.is_some();
            let value = previous.filter(|_| stands).map_or(ledger.values, |value| *value);
            let (began, gate) = (ledger.step, Arc::new(Semaphore::new(0)));
            let (tags, own_gate) = (own | found, Arc::clone(&gate));
            let has_ended = false;
            ledger.begun.push(Begun {
                key,
                began,
                within,
                market,
                tags,
                value,
                stands,
                has_ended,
                gate,
            });
            async move {
                own_gate.acquire().await.expect("never closed").forget();
                let said = if stands { Computed::NotModified } else { Computed::value(value) };
                Ok::<_, Failure>(said.tags(named(found)))
            }
        };
        let arrived = self.ledger().step;
        let read = self
            .stage
            .start(async move { cache.get_or_refresh(KEYS[key], &context, compute).await });
        self.reads.push((arrived, key, read));
    }

    /// Ends a compute. What nothing has covered since it began is stored.
    fn end(&mut self, newest: bool) {
        let running = &self.running;
        if running.is_empty() {
            return;
        }
        let ended = self.running.remove(if newest { running.len() - 1 } else { 0 });
        for begun in &mut self.ledger().begun {
            begun.has_ended |= Arc::ptr_eq(&begun.gate, &ended.gate);
        }
        self.stage.open_gate(&ended.gate);
        if self.covers.iter().all(|(step, ..)| *step < ended.began) {
            let stored = self.stage.cache.peek(KEYS[ended.key]).map(|value| *value);
            assert_eq!(stored, Some(ended.value), "nothing was invalidated since it began");
        }
    }

    fn cover(&mut self, cover: Cover, kills: bool) {
        let (cache, scope) = (&self.stage.cache, &self.scope);
        match (cover, kills) {
            (Cover::Key(key), true) => _ = cache.invalidate(KEYS[key]),
            (Cover::Key(key), false) => cache.expire(KEYS[key]),
            (Cover::Tag(tag), true) => cache.invalidate_tag(TAGS[tag]),
            (Cover::Tag(tag), false) => cache.expire_tag(TAGS[tag]),
            (Cover::Event(event), _) => _ = cache.invalidate_event(scope, EVENTS[event]),
            (Cover::Match, true) => _ = cache.invalidate_match(scope),
            (Cover::Match, false) => cache.expire_match(scope),
            (Cover::All, true) => cache.invalidate_all(),
            (Cover::All, false) => cache.expire_all(),
        }
        let step = self.ledger().step;
        self.covers.push((step, cover, kills));
    }

    fn flood(&mut self) {
        for _ in 0..20 {
            self.floods += 1;
            let context = Context::none().tag(&format!("t{}", self.floods));
            self.stage.cache.insert("flood", &context, 0).expect("no match is named");
        }
        self.stage.cache.invalidate("flood");
    }

    /// Whether a value may answer a read that arrived at this step: one of the computes that made it,
    /// or said that it stands, has begun after whatever covers it. `fresh` if no expiry may cover it.
    fn may_answer(&self, key: usize, value: u64, arrived: usize, fresh: bool) -> bool {
        let ledger = self.ledger();
        let made = ledger.begun.iter().find(|begun| begun.value == value && !begun.stands);
        let made = made.expect("a compute made it");
        let said = |begun: &&Begun| begun.has_ended && begun.value == value && begun.key == key;
        // What stands keeps its tags and those of its market and, if no other is named, its match.
        let of_market = made.market.map_or(0, |market| 1 << market);
        ledger.begun.iter().filter(said).any(|begun| {
            let kept = if begun.stands { made.tags | of_market } else { 0 };
            let within = begun.within || begun.stands && made.within;
            let begun = Begun { tags: begun.tags | kept, within, ..begun.clone() };
            let since = |step: usize| step >= begun.began && step < arrived;
            let covers = |&(step, cover, kills): &(usize, Cover, bool)| {
                since(step) && (kills || fresh) && begun.is_covered_by(cover)
            };
            !self.covers.iter().any(covers)
        })
    }

    fn check(&mut self) {
        let mut begun = std::mem::take(&mut self.running);
        {
            let ledger = self.ledger();
            let known = begun.iter().map(|b| Arc::as_ptr(&b.gate)).collect::<Vec<_>>();
            let new = ledger.begun.iter().filter(|b| Arc::strong_count(&b.gate) > 1);
            begun.extend(new.filter(|b| !known.contains(&Arc::as_ptr(&b.gate))).cloned());
        }
        self.running = begun;
        for (arrived, key, read) in std::mem::take(&mut self.reads) {
            let Some(ended) = read.take() else {
                self.reads.push((arrived, key, read));
                continue;
            };
            let hit = ended.expect("computes do not fail");
            let fresh = hit.receipt().reason != Reason::Stale;
            assert!(self.may_answer(key, *hit, arrived, fresh), "{hit:?} at {arrived}");
        }
        let now = self.ledger().step + 1;
        for (key, name) in KEYS.iter().enumerate() {
            if let Some(hit) = self.stage.cache.peek(*name) {
                let fresh = hit.receipt().reason == Reason::Fresh;
                assert!(self.may_answer(key, *hit, now, fresh), "{hit:?} is stored");
            }
        }
        self.ledger().step += 1;
    }
}

impl Stage {
    fn open_gate(&self, gate: &Semaphore) {
        gate.add_permits(1);
        self.sim.run_until_idle();
    }
}

fn named(tags: u8) -> impl Iterator<Item = &'static str> {
    TAGS.iter().enumerate().filter(move |(i, _)| tags & 1 << i != 0).map(|(_, tag)| *tag)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// No read that begins after an invalidation returned gets a value whose compute began before it
    /// and that carries what it covers, by its context or by what the compute has found.
    #[test]
    fn no_read_gets_what_an_invalidation_before_it_covers(
        room in prop_oneof![Just(1usize), Just(8), Just(100_000)],
        ops in prop::collection::vec(op(), 1..60),
    ) {
        let mut world = World::new(room);
        for op in &ops {
            match op {
                Op::Read { .. } => world.read(op),
                Op::End { newest } => world.end(*newest),
                Op::Kill(cover) => world.cover(*cover, true),
                Op::Expire(cover) => world.cover(*cover, false),
                Op::Flood => world.flood(),
            }
            world.check();
        }
        while !world.running.is_empty() {
            world.end(false);
            world.check();
        }
        prop_assert!(world.reads.is_empty(), "every read is answered");
    }
}
