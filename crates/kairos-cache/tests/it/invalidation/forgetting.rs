// Forgetting never revives: with room for almost nothing, random feeds and readers lose no invalidation.
// Never knows: the insides of the cache, or which matches and tags are forgotten when.
// Read next: `../../../src/matches/mod.rs` and `../../../src/truth/tags.rs`, whose arguments this tries.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kairos_cache::{Cache, Context, Error, Scope, Sim, TradingStatus};
use proptest::collection::vec;
use proptest::prelude::*;

const START: SystemTime = UNIX_EPOCH;
const MINUTE: Duration = Duration::from_secs(60);

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
const TAGS: [&str; 4] = ["w", "x", "y", "z"];

#[derive(Debug, Clone, Copy)]
enum Op {
    Store { key: u8, name: usize, tag: usize },
    Tag(usize),
    Match(usize),
    Event(usize),
    Status(usize, TradingStatus),
    Hold(usize),
    LetGo,
    Wait(u8),
}

fn op() -> impl Strategy<Value = Op> {
    let (name, tag) = (0..NAMES.len(), 0..TAGS.len());
    let status = prop_oneof![
        Just(TradingStatus::Open),
        Just(TradingStatus::Open),
        Just(TradingStatus::Suspended),
        Just(TradingStatus::Closed),
    ];
    prop_oneof![
        8 => (0u8..8, name.clone(), tag.clone())
            .prop_map(|(key, name, tag)| Op::Store { key, name, tag }),
        2 => tag.prop_map(Op::Tag),
        1 => name.clone().prop_map(Op::Match),
        1 => name.clone().prop_map(Op::Event),
        1 => (name.clone(), status).prop_map(|(name, status)| Op::Status(name, status)),
        2 => name.prop_map(Op::Hold),
        2 => Just(Op::LetGo),
        1 => (1u8..90).prop_map(Op::Wait),
    ]
}

/// Each match kicks off at its own time, and every context says so.
fn kickoff(name: usize) -> SystemTime {
    START + MINUTE * (100 + 50 * u32::try_from(name).expect("few names"))
}

/// What may be served at most: the entry of each key that nothing has covered.
struct Model {
    stored: HashMap<u8, (usize, usize)>,
    barred: [bool; NAMES.len()],
}

struct World {
    sim: Sim,
    cache: Cache<u8, u8>,
    held: Vec<Scope>,
    model: Model,
    resolved: u32,
}

impl World {
    fn new() -> World {
        let sim = Sim::new(START);
        let builder = Cache::builder().sim(&sim).seed(1).max_capacity(4);
        let cache = builder.max_matches(2).max_tags(2).build().expect("in range");
        let model = Model { stored: HashMap::new(), barred: [false; NAMES.len()] };
        World { sim, cache, held: Vec::new(), model, resolved: 0 }
    }

    /// A handle of the match: every other time the oldest one that is held, if there is one.
    fn scope(&mut self, name: usize) -> Scope {
        self.resolved += 1;
        let held = self.held.iter().find(|scope| scope.name() == NAMES[name]);
        match held {
            Some(held) if self.resolved.is_multiple_of(2) => held.clone(),
            _ => self.cache.scope(NAMES[name]),
        }
    }

    /// Whether the match took what it was told. One that is not known has nothing to be told of.
    fn took<T>(&self, name: usize, outcome: Result<T, Error>) -> bool {
        match outcome {
            Ok(_) => true,
            Err(Error::TooManyMatches) => {
                assert!(!self.model.barred[name], "a barred match was forgotten");
                let stored = self.model.stored.iter().filter(|(_, (own, _))| *own == name);
                for (key, _) in stored {
                    assert!(self.cache.get(key).is_none(), "key {key} of no match is served");
                }
                false
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Store { key, name, tag } => {
                let scope = self.scope(name);
                let context =
                    Context::new(&scope).market("btts").tag(TAGS[tag]).kickoff(kickoff(name));
                let stored = self.cache.insert(&key, &context, key).expect("a plain context");
                assert!(!(stored && self.model.barred[name]), "stored in a barred match");
                if stored {
                    self.model.stored.insert(key, (name, tag));
                }
            }
            Op::Tag(tag) => {
                self.cache.invalidate_tag(TAGS[tag]);
                self.model.stored.retain(|_, (_, own)| *own != tag);
            }
            Op::Match(name) => {
                let scope = self.scope(name);
                self.cache.invalidate_match(&scope);
                self.model.stored.retain(|_, (own, _)| *own != name);
            }
            Op::Event(name) => {
                let scope = self.scope(name);
                let outcome = self.cache.invalidate_event(&scope, "goalkeeper_change");
                if self.took(name, outcome) {
                    self.model.stored.retain(|_, (own, _)| *own != name);
                }
            }
            Op::Status(name, status) => {
                let scope = self.scope(name);
                let outcome = self.cache.set_status(&scope, None, status);
                let barred = status != TradingStatus::Open;
                if self.took(name, outcome)
                    && std::mem::replace(&mut self.model.barred[name], barred) != barred
                {
                    self.model.stored.retain(|_, (own, _)| *own != name);
                }
            }
            Op::Hold(name) => {
                let scope = self.scope(name);
                self.held.push(scope);
            }
            Op::LetGo => {
                self.held.pop();
            }
            Op::Wait(minutes) => {
                let now = self.sim.now() + MINUTE * u32::from(minutes);
                self.sim.advance_to(now);
            }
        }
        self.check();
    }

    fn check(&self) {
        for key in 0..8 {
            let Some(hit) = self.cache.get(&key) else { continue };
            assert_eq!(*hit, key);
            let Some(&(name, _)) = self.model.stored.get(&key) else {
                panic!("key {key} was served after it had been invalidated");
            };
            assert!(START + self.sim.now() <= kickoff(name), "key {key} past its kickoff");
        }
        let sizes = self.cache.sizes();
        assert!(sizes.matches <= 2 && sizes.tags <= 2, "{sizes:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_covered_is_never_served_again_however_little_is_remembered(
        ops in vec(op(), 1..120)
    ) {
        let mut world = World::new();
        for op in ops {
            world.apply(op);
        }
    }
}
