// Keys whose own code breaks the rules of maps: they are computed, and cost nobody else anything.
// Never knows: how keys are hashed.
// Read next: `keys.rs`; `../faults/sweeps.rs`, keys whose code panics.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use kairos_cache::{Builder, Cache, Context, Error, Key, Sim};

use crate::stage::{Running, SECOND, start};

/// Unequal to itself if it is not a number.
#[derive(Debug, Clone)]
struct Float(f64);

impl Hash for Float {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl PartialEq for Float {
    fn eq(&self, other: &Float) -> bool {
        self.0 == other.0
    }
}

impl Eq for Float {}

/// Unequal to its clones, which differ by more than a hundred.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Counting(u32);

impl Clone for Counting {
    fn clone(&self) -> Counting {
        Counting(self.0 + 100)
    }
}

/// Equal to its clones, and hashed otherwise.
#[derive(Debug, PartialEq, Eq)]
struct Rehashed(u32, u32);

impl Clone for Rehashed {
    fn clone(&self) -> Rehashed {
        Rehashed(self.0, self.1 + 1)
    }
}

impl Hash for Rehashed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.1.hash(state);
    }
}

/// What it is equal to can be changed.
#[derive(Debug, Clone)]
struct Mutable(Arc<AtomicU32>);

impl Mutable {
    fn new(is: u32) -> Mutable {
        Mutable(Arc::new(AtomicU32::new(is)))
    }

    fn is(&self) -> u32 {
        self.0.load(Ordering::Relaxed) // Relaxed, here and below: one thread.
    }

    fn becomes(&self, is: u32) {
        self.0.store(is, Ordering::Relaxed);
    }
}

impl Hash for Mutable {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.is().hash(state);
    }
}

impl PartialEq for Mutable {
    fn eq(&self, other: &Mutable) -> bool {
        self.is() == other.is()
    }
}

impl Eq for Mutable {}

fn cache<K: Key>(
    configure: impl FnOnce(Builder<K, u32>) -> Builder<K, u32>,
) -> (Sim, Cache<K, u32>) {
    let sim = Sim::new(start());
    let cache = configure(Cache::builder().sim(&sim).seed(1)).build().expect("in range");
    (sim, cache)
}

/// Reads a key by a compute of this value.
fn read<K: Key>(sim: &Sim, cache: &Cache<K, u32>, key: K, value: u32) -> Option<u32> {
    let cache = cache.clone();
    let read = Running::start(sim, async move {
        let compute = move || async move { Ok::<u32, Error>(value) };
        cache.get_or_compute(&key, &Context::none(), compute).await.map(|hit| *hit)
    });
    read.take().expect("it has ended").ok()
}

/// A strange key is computed by each read, stored by none, and takes no room.
fn check<K: Key + Sync>(strange: impl Fn() -> K, plain: &K) {
    let (sim, cache) = cache(|builder| builder.max_flights(1).negative_ttl(SECOND));
    for round in 0..100 {
        assert_eq!(read(&sim, &cache, strange(), round), Some(round), "computed anew");
        assert_eq!(cache.sizes().flights, 0);
        drop(cache.begin(&strange(), &Context::none()).expect("room"));
        assert_eq!(cache.sizes().flights, 0);
        assert!(!cache.insert(&strange(), &Context::none(), 1).expect("room"), "nothing kept");
        assert!(cache.get(&strange()).is_none() && cache.pin(&strange()).is_none());
        assert!(!cache.invalidate(&strange()));
        cache.expire(&strange());
    }
    cache.run_pending_tasks();
    assert_eq!(cache.entry_count(), 0);
    let held = cache.begin(&strange(), &Context::none()).expect("room");
    assert_eq!(cache.sizes().flights, 1);
    assert!(matches!(cache.begin(plain, &Context::none()), Err(Error::Overloaded)));
    assert!(!held.insert(1));
    assert_eq!(cache.sizes().flights, 0);
}

#[test]
fn a_key_unequal_to_itself_is_computed_and_never_stored() {
    check(|| Float(f64::NAN), &Float(1.0));
    let (_sim, cache) = cache(|builder| builder);
    assert!(cache.insert(&Float(1.0), &Context::none(), 1).expect("room"));
    assert_eq!(cache.get(&Float(1.0)).map(|hit| *hit), Some(1));
}

#[test]
fn a_key_unequal_to_its_clone_is_computed_and_never_stored() {
    check(|| Counting(1), &Counting(2));
}

#[test]
fn a_key_hashed_otherwise_than_its_clone_is_computed_and_never_stored() {
    check(|| Rehashed(1, 1), &Rehashed(2, 1));
}

#[test]
fn a_key_that_finds_nothing_remembers_nothing_either() {
    let (sim, cache) = cache(|builder| builder.negative_ttl(60 * SECOND));
    let cache = cache.clone();
    let own = cache.clone();
    let _read = Running::start(&sim, async move {
        let compute = || async { Ok::<_, Error>(kairos_cache::Computed::<u32>::None) };
        own.get_or_compute(&Float(f64::NAN), &Context::none(), compute).await.map(|hit| *hit)
    });
    cache.run_pending_tasks();
    assert_eq!((cache.entry_count(), cache.sizes().flights), (0, 0));
}

#[test]
fn a_flight_whose_key_has_changed_takes_no_room_when_it_ends() {
    let (_sim, cache) = cache(|builder| builder.max_flights(1));
    for round in 0..1_000 {
        let key = Mutable::new(round);
        let fill = cache.begin(&key, &Context::none()).expect("room");
        key.becomes(round + 1_000_000);
        drop(fill);
        assert_eq!(cache.sizes().flights, 0);
        // Back to what it was, it finds no flight that has ended.
        key.becomes(round);
        drop(cache.begin(&key, &Context::none()).expect("room"));
    }
}

#[test]
fn an_entry_whose_key_has_changed_goes_with_the_next_sweep_and_others_stay() {
    let (sim, cache) = cache(|builder| builder);
    let keys: Vec<Mutable> = (0..10).map(Mutable::new).collect();
    for key in &keys {
        assert!(cache.insert(key, &Context::none().tag("t"), key.is()).expect("room"));
    }
    keys[3].becomes(1_000);
    assert!(cache.get(&Mutable::new(3)).is_none() && cache.get(&keys[3]).is_none());
    cache.insert(&Mutable::new(20), &Context::none().tag("dies"), 20).expect("room");
    cache.invalidate_tag("dies");
    sim.advance_to(sim.now() + Duration::from_secs(2));
    cache.run_pending_tasks();
    assert_eq!(cache.entry_count(), 9);
    assert!(cache.get(&keys[4]).is_some());
    // Those that have died go although their keys have changed.
    keys[5].becomes(2_000);
    cache.invalidate_all();
    sim.advance_to(sim.now() + Duration::from_secs(200));
    cache.run_pending_tasks();
    assert_eq!(cache.entry_count(), 0);
    assert_eq!(cache.activity().evictions, 0);
}
