// Keys and values whose own code panics in a sweep: that sweep leaves one row, and later ones run.
// Never knows: when a sweep looks at what. Everything runs on virtual time.
// Read next: `drops.rs`.

use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use kairos_cache::{Cache, Context, Sim};

use crate::stage::{HOUR, SECOND, start};

const HASH: u8 = 1;
const EQ: u8 = 2;
const DROP: u8 = 4;

/// A key whose code panics while it is armed.
#[derive(Debug, Clone)]
struct Touchy(u32, Arc<AtomicU8>);

impl Touchy {
    fn may_panic(&self, in_what: u8) {
        // Relaxed: one thread.
        let armed = self.1.load(Ordering::Relaxed) & in_what != 0;
        assert!(!(armed && self.0.is_multiple_of(3) && !std::thread::panicking()), "a key's code");
    }
}

impl Hash for Touchy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.may_panic(HASH);
        self.0.hash(state);
    }
}

impl PartialEq for Touchy {
    fn eq(&self, other: &Touchy) -> bool {
        self.may_panic(EQ);
        self.0 == other.0
    }
}

impl Eq for Touchy {}

impl Drop for Touchy {
    fn drop(&mut self) {
        self.may_panic(DROP);
    }
}

/// A value whose drop panics, for some.
struct Value(u32);

impl Drop for Value {
    fn drop(&mut self) {
        assert!(!self.0.is_multiple_of(3) || std::thread::panicking(), "a value's drop");
    }
}

struct World {
    sim: Sim,
    cache: Cache<Touchy, Value>,
    armed: Arc<AtomicU8>,
}

impl World {
    fn new() -> World {
        let sim = Sim::new(start());
        let builder = Cache::builder().sim(&sim).seed(7).max_capacity(100);
        let cache = builder.max_matches(2).default_ttl(HOUR).build().expect("in range");
        World { sim, cache, armed: Arc::default() }
    }

    fn put(&self, keys: std::ops::Range<u32>, tag: &str) {
        let scope = self.cache.scope("m");
        for key in keys {
            let touchy = Touchy(key, Arc::clone(&self.armed));
            let context = Context::new(&scope).tag(tag);
            assert!(self.cache.insert(&touchy, &context, Value(key)).expect("room"));
        }
        self.cache.run_pending_tasks();
    }

    fn arm(&self, in_what: u8) {
        self.armed.store(in_what, Ordering::Relaxed); // Relaxed: one thread.
    }

    fn run(&self, seconds: u32) {
        let until = self.sim.now() + SECOND * seconds;
        let ran = catch_unwind(AssertUnwindSafe(|| self.sim.advance_to(until)));
        assert!(ran.is_ok(), "a panic left the sweep");
        let _drops = catch_unwind(AssertUnwindSafe(|| self.cache.run_pending_tasks()));
    }
}

#[test]
fn a_sweep_that_meets_a_panic_is_followed_by_others() {
    for in_what in [0, HASH, EQ, DROP, HASH | EQ | DROP] {
        let world = World::new();
        world.put(0..30, "dies");
        world.put(30..40, "lives");
        world.cache.invalidate_tag("dies");
        world.arm(in_what);
        world.run(2);
        assert_eq!(world.cache.entry_count(), 10, "{in_what}: what has died is gone");
        world.arm(0);
        world.put(0..30, "dies");
        world.cache.invalidate_tag("dies");
        world.run(200);
        assert_eq!(world.cache.entry_count(), 10, "{in_what}: by the next sweep too");
        let alive = (30..40)
            .filter(|key| world.cache.peek(&Touchy(*key, Arc::clone(&world.armed))).is_some());
        assert_eq!(alive.count(), 10, "{in_what}");
    }
}

#[test]
fn a_table_that_is_full_is_swept_again_after_a_panic() {
    for in_what in [HASH, EQ, DROP] {
        let world = World::new();
        world.put(0..30, "dies");
        let _other = world.cache.scope("other");
        world.cache.invalidate_all();
        world.arm(in_what);
        let swept = catch_unwind(AssertUnwindSafe(|| world.cache.try_scope("new").is_ok()));
        assert!(matches!(swept, Ok(true)), "{in_what}");
        world.arm(0);
    }
}
