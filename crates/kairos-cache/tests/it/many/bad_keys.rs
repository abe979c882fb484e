// Keys of a call for many whose own code panics: each ends its own read, and no other.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `../reads/strange_keys.rs`, keys that break the rules of maps.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use kairos_cache::{Builder, Cache, Computed, Context, Error, Sim};

use crate::stage::{Failure, Running, start};

/// What the key numbered 2 does, once the test says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Panics {
    Never,
    InHash,
    InEq,
    InClone,
}

/// A number, and what its code does.
#[derive(Debug)]
struct Key(u8, Arc<AtomicU8>);

impl Key {
    fn may(&self, panics: Panics) {
        // Relaxed, here and below: one thread.
        assert!(self.0 != 2 || self.1.load(Ordering::Relaxed) != panics as u8, "{panics:?}");
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.may(Panics::InHash);
        self.0.hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.may(Panics::InEq);
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Clone for Key {
    fn clone(&self) -> Key {
        self.may(Panics::InClone);
        Key(self.0, Arc::clone(&self.1))
    }
}

struct World {
    sim: Sim,
    cache: Cache<Key, u8>,
    panics: Arc<AtomicU8>,
}

impl World {
    fn new(configure: impl FnOnce(Builder<Key, u8>) -> Builder<Key, u8>) -> World {
        let sim = Sim::new(start());
        let cache = configure(Cache::builder().sim(&sim)).build().expect("in range");
        World { sim, cache, panics: Arc::new(AtomicU8::new(Panics::Never as u8)) }
    }

    fn set(&self, panics: Panics) {
        self.panics.store(panics as u8, Ordering::Relaxed);
    }

    /// Reads the keys 1 to 3, and 4 for which nothing is found; the second panics once the call has
    /// found them.
    fn read(&self, panics: Panics) -> Running<Vec<Result<u8, Error>>> {
        let (cache, when) = (self.cache.clone(), Arc::clone(&self.panics));
        Running::start(&self.sim, async move {
            let keys: Vec<Key> = (1..=4).map(|number| Key(number, Arc::clone(&when))).collect();
            let none = Context::none();
            let call = move |keys: Vec<Key>| {
                let when = Arc::clone(&when);
                async move {
                    let found = keys.into_iter().filter(|key| key.0 < 4);
                    let found: Vec<_> =
                        found.map(|key| (Key(key.0, key.1.clone()), key.0)).collect();
                    when.store(panics as u8, Ordering::Relaxed);
                    Ok::<_, Failure>(found.into_iter().map(|(key, n)| (key, Computed::value(n))))
                }
            };
            let hits = cache.get_many(keys.iter().map(|key| (key, &none)), call).await;
            hits.into_iter().map(|hit| hit.map(|hit| *hit)).collect()
        })
    }
}

/// The answers of the keys 1 to 4, of which the second panics.
fn check(outcomes: &[Result<u8, Error>], panics: Panics) {
    assert!(matches!(outcomes[0], Ok(1)), "{panics:?}: {outcomes:?}");
    assert!(matches!(outcomes[1], Err(Error::Panicked(_))), "{panics:?}: {outcomes:?}");
    assert!(matches!(outcomes[2], Ok(3)), "{panics:?}: {outcomes:?}");
}

#[test]
fn a_key_that_panics_when_its_result_is_looked_up_takes_no_other_with_it() {
    for panics in [Panics::InEq, Panics::InHash] {
        let world = World::new(|builder| builder);
        let outcomes = world.read(panics).take().expect("it has ended");
        check(&outcomes, panics);
        world.set(Panics::Never);
        assert_eq!(world.cache.sizes().flights, 0, "{panics:?}");
        let key = |number| Key(number, Arc::clone(&world.panics));
        assert_eq!(world.cache.get(&key(1)).map(|hit| *hit), Some(1), "{panics:?}: stored");
    }
}

/// Where a key was lost on the way, none is said to have no value.
#[test]
fn a_key_is_said_to_have_no_value_only_if_no_other_was_lost() {
    for (panics, is_none) in [(Panics::Never, true), (Panics::InEq, true), (Panics::InHash, false)]
    {
        let world = World::new(|builder| builder);
        let last = world.read(panics).take().expect("it has ended").pop().expect("four keys");
        match last.expect_err("nothing was found") {
            Error::Nothing => assert!(is_none, "{panics:?}"),
            error => assert!(!is_none && matches!(error, Error::Panicked(_)), "{panics:?}"),
        }
    }
}

#[test]
fn a_key_that_panics_as_its_call_begins_takes_no_other_with_it() {
    let world = World::new(|builder| builder.max_concurrent_computes(1));
    let (cache, cell) = (world.cache.clone(), Arc::clone(&world.panics));
    let sim = world.sim.clone();
    let _before = Running::start(&world.sim, async move {
        let compute = move || async move {
            sim.sleep(crate::stage::SECOND).await;
            Ok::<_, Failure>(9)
        };
        cache.get_or_compute(&Key(9, cell), &Context::none(), compute).await.map(|hit| *hit)
    });
    let read = world.read(Panics::Never);
    assert!(!read.has_ended(), "it waits for its turn");
    world.set(Panics::InClone);
    world.sim.advance_to(crate::stage::SECOND);
    check(&read.take().expect("it has ended"), Panics::InClone);
    assert_eq!(world.cache.sizes().flights, 0);
}
