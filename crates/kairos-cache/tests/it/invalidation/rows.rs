// The places of invalidated keys: they are taken out behind the call, and cost newcomers none of theirs.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `sweep.rs`, for what a match or a tag has ended.

use kairos_cache::{Cache, Context, Sim};

use crate::stage::{HOUR, SECOND, start};

fn full(keys: u64) -> (Sim, Cache<u64, u64>) {
    let sim = Sim::new(start());
    let builder = Cache::builder().sim(&sim).seed(7).max_capacity(keys);
    let cache: Cache<u64, u64> = builder.default_ttl(100 * HOUR).build().expect("in range");
    put(&cache, 0..keys);
    cache.run_pending_tasks();
    assert_eq!(cache.entry_count(), keys);
    (sim, cache)
}

fn put(cache: &Cache<u64, u64>, keys: std::ops::Range<u64>) {
    for key in keys {
        assert!(cache.insert(&key, &Context::none(), key).expect("room for a flight"));
    }
}

fn invalidate(cache: &Cache<u64, u64>, keys: std::ops::Range<u64>) {
    for key in keys {
        assert!(cache.invalidate(&key), "it was there");
        assert!(!cache.invalidate(&key) && cache.get(&key).is_none() && !cache.contains_key(&key));
    }
}

#[test]
fn an_invalidated_key_is_counted_until_its_place_is_taken_out() {
    let (_sim, cache) = full(100);
    invalidate(&cache, 0..40);
    assert_eq!(cache.entry_count(), 100, "the call has taken nothing out");
    assert_eq!(cache.keys().len(), 60);
    cache.run_pending_tasks();
    assert_eq!(cache.entry_count(), 60);
}

#[test]
fn newcomers_take_the_places_of_invalidated_keys() {
    let (_sim, cache) = full(400);
    invalidate(&cache, 0..400);
    put(&cache, 400..800);
    cache.run_pending_tasks();
    assert!((400..800).all(|key| cache.get(&key).is_some()), "each has found room");
    assert_eq!((cache.entry_count(), cache.activity().evictions), (400, 0));
}

#[test]
fn a_key_that_comes_back_stays() {
    let (_sim, cache) = full(100);
    invalidate(&cache, 0..100);
    put(&cache, 0..100);
    cache.run_pending_tasks();
    assert!((0..100).all(|key| cache.get(&key).is_some()));
    assert_eq!((cache.entry_count(), cache.activity().evictions), (100, 0));
}

#[test]
fn more_keys_than_wait_to_be_taken_out_are_swept() {
    let (sim, cache) = full(2_000);
    invalidate(&cache, 0..2_000);
    sim.advance_to(sim.now() + 2 * SECOND);
    sim.run_until_idle();
    cache.run_pending_tasks();
    assert_eq!(cache.entry_count(), 0);
    put(&cache, 0..2_000);
    cache.run_pending_tasks();
    assert_eq!((cache.entry_count(), cache.activity().evictions), (2_000, 0));
}

#[test]
fn a_heavy_newcomer_takes_the_places_of_many() {
    let sim = Sim::new(start());
    let cache: Cache<u64, u64> = Cache::builder()
        .sim(&sim)
        .max_weight(100)
        .weigher(|_, value: &u64| u32::try_from(*value).unwrap_or(u32::MAX))
        .build()
        .expect("in range");
    for key in 0..100 {
        assert!(cache.insert(&key, &Context::none(), 1).expect("room"));
    }
    cache.run_pending_tasks();
    for key in 0..100 {
        assert!(cache.invalidate(&key));
    }
    assert!(cache.insert(&100, &Context::none(), 90).expect("room"));
    cache.run_pending_tasks();
    assert!(cache.get(&100).is_some());
    assert_eq!((cache.entry_count(), cache.activity().evictions), (1, 0));
}
