// Changes that a key's own code makes in the middle of a read: what the read leaves with its thread knows of them.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `near.rs`, what a thread remembers; `strange_keys.rs`, other things that a key's code may do.

use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};

use kairos_cache::{Builder, Cache, Config, Context, Pinned, Reason, Sim};

use crate::stage::{HOUR, SECOND, start};

/// A key whose own code does something once, at one of its calls.
#[derive(Clone)]
struct Watched(u64);

type Deed = Box<dyn FnOnce()>;

thread_local! {
    static HASHED: Cell<usize> = const { Cell::new(0) };
    static COMPARED: Cell<usize> = const { Cell::new(0) };
    /// After so many more calls.
    static DEED: RefCell<Option<(usize, Deed)>> = const { RefCell::new(None) };
}

/// At the end of a call: what has been done by then was done before the read went on.
fn called() {
    let due = DEED.with(|deed| {
        let mut deed = deed.borrow_mut();
        match deed.as_mut() {
            Some((0, _)) => deed.take(),
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        }
    });
    if let Some((_, deed)) = due {
        deed();
    }
}

impl Hash for Watched {
    fn hash<H: Hasher>(&self, state: &mut H) {
        HASHED.set(HASHED.get() + 1);
        self.0.hash(state);
        called();
    }
}

impl PartialEq for Watched {
    fn eq(&self, other: &Watched) -> bool {
        COMPARED.set(COMPARED.get() + 1);
        called();
        self.0 == other.0
    }
}

impl Eq for Watched {}

const KEY: Watched = Watched(1);

/// A cache with one value of a match, and a pin on it that looks at it last.
struct World {
    sim: Sim,
    cache: Cache<Watched, u64>,
    context: Context,
    pin: Pinned<Watched, u64>,
}

type Way = fn(&mut World) -> Option<Reason>;

/// The ways to read it.
const WAYS: [Way; 3] = [
    |world| world.cache.get(&KEY).map(|hit| hit.receipt().reason),
    |world| {
        let found = || Ok::<_, std::io::Error>(2);
        let hit = world.cache.blocking().get_or_compute(&KEY, &world.context, found);
        hit.ok().map(|hit| hit.receipt().reason)
    },
    |world| world.pin.read().map(|hit| hit.receipt().reason),
];

impl World {
    fn new(configure: fn(Builder<Watched, u64>) -> Builder<Watched, u64>) -> World {
        let sim = Sim::new(start());
        let builder = Cache::builder().sim(&sim).xfetch_enabled(false).default_ttl(HOUR);
        let cache: Cache<Watched, u64> = configure(builder).build().expect("in range");
        let scope = cache.scope("m");
        let context = Context::new(&scope).market("btts");
        assert!(cache.insert(&KEY, &context, 1).expect("a known market"));
        let pin = cache.pin(&KEY).expect("stored");
        // Whatever the pin remembers has changed, and nobody else has looked.
        scope.set_kickoff(start() + 2 * HOUR).expect("its own");
        World { sim, cache, context, pin }
    }

    /// Reads in one way while the key's code does `deed` at one of its calls. Returns whether it came to that.
    fn read_with(&mut self, read: Way, at: usize, deed: Deed) -> bool {
        DEED.set(Some((at, deed)));
        // Which of the two it goes by is not said.
        let _reason = read(self);
        DEED.take().is_none()
    }
}

/// Has `deed` done at each call of the key's code in a first read. `then` says what a second one is to find.
fn at_each_call(
    configure: fn(Builder<Watched, u64>) -> Builder<Watched, u64>,
    deed: impl Fn(&World) -> Deed,
    then: impl Fn(&World, Option<Reason>),
) {
    for (way, read) in WAYS.into_iter().enumerate() {
        let mut calls = 0;
        loop {
            let mut world = World::new(configure);
            let deed = deed(&world);
            if !world.read_with(read, calls, deed) {
                break;
            }
            world.sim.advance(20 * SECOND);
            let reason = read(&mut world);
            then(&world, reason);
            calls += 1;
        }
        assert!(calls > 0 || way == 2, "a key is hashed, but a pin's");
    }
}

#[test]
fn a_configuration_that_came_in_the_middle_of_a_read_holds_for_the_next() {
    let deed = |world: &World| -> Deed {
        let cache = world.cache.clone();
        Box::new(move || {
            let mut config = Config::default();
            config.xfetch.enabled = false;
            for zone in &mut config.golden_hour.zones {
                zone.ttl = zone.ttl.min(10 * SECOND);
            }
            config.golden_hour.standard_ttl = 10 * SECOND;
            config.cache.default_ttl = 10 * SECOND;
            cache.reload(&config).expect("in range");
        })
    };
    at_each_call(|builder| builder, deed, |_, reason| assert_ne!(reason, Some(Reason::Fresh)));
}

#[test]
fn a_wall_clock_that_steps_past_kickoff_in_the_middle_of_a_read_ends_the_value_for_the_next() {
    let deed = |world: &World| -> Deed {
        let sim = world.sim.clone();
        Box::new(move || sim.step_wall(start() + 3 * HOUR))
    };
    at_each_call(|builder| builder, deed, |_, reason| assert_ne!(reason, Some(Reason::Fresh)));
}

/// One hash and one comparison: what a key's own code costs stands in each hit.
#[test]
fn a_value_that_is_remembered_costs_one_hash_and_one_comparison_of_its_key() {
    let mut world = World::new(|builder| builder);
    for way in WAYS {
        way(&mut world);
        way(&mut world);
    }
    for (way, calls) in WAYS.into_iter().zip([1, 1, 0]) {
        HASHED.set(0);
        COMPARED.set(0);
        assert_eq!(way(&mut world), Some(Reason::Fresh));
        assert_eq!((HASHED.get(), COMPARED.get()), (calls, calls));
    }
}

#[test]
fn how_much_a_thread_remembers_is_bounded_and_fixed() {
    let built = |slots| Cache::<u8, u8>::builder().near_slots(slots).build();
    assert!(built(1_000_000).is_ok());
    let refused = built(1_000_001).expect_err("too many").to_string();
    assert!(refused.contains("near.slots") && refused.contains("1000000"), "{refused}");
    let cache = built(64).expect("in range");
    let mut config = Config::default();
    config.near.slots = 128;
    let refused = cache.reload(&config).expect_err("fixed").to_string();
    assert!(refused.contains("near.slots"), "{refused}");
    config.near.slots = 64;
    assert!(cache.reload(&config).is_ok());
}
