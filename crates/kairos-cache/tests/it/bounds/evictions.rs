// What counts as an eviction: a live entry that had to make room, and nothing else that goes.
// Never knows: which entries the store ranks last.
// Read next: `weight.rs`.

use kairos_cache::{Cache, Context, Notice, Sim, Subscription};

use crate::stage::{HOUR, start};

type Small = Cache<u64, u64>;

fn small(capacity: u64) -> (Sim, Small, Subscription<u64>) {
    let sim = Sim::new(start());
    let builder = Cache::builder().sim(&sim).seed(1).max_capacity(capacity);
    let cache: Small = builder.default_ttl(100 * HOUR).build().expect("in range");
    let told = cache.subscribe();
    (sim, cache, told)
}

/// How many evictions were counted; as many must have been told.
fn evictions(cache: &Small, told: &mut Subscription<u64>) -> u64 {
    cache.run_pending_tasks();
    let notices = std::iter::from_fn(|| told.try_next());
    let told = notices.filter(|notice| matches!(notice, Notice::Evicted { .. })).count();
    assert_eq!(cache.activity().evictions, told as u64);
    told as u64
}

fn put(cache: &Small, keys: std::ops::Range<u64>, context: &Context) {
    for key in keys {
        cache.insert(&key, context, key).expect("room for a flight");
    }
    cache.run_pending_tasks();
}

#[test]
fn what_is_invalidated_replaced_or_swept_is_not_evicted() {
    let (sim, cache, mut told) = small(10);
    let scope = cache.scope("m");
    let context = Context::new(&scope).market("btts").kickoff(start() + HOUR);
    for _ in 0..3 {
        put(&cache, 0..10, &context);
        put(&cache, 0..10, &context);
        assert!((0..10).all(|key| cache.invalidate(&key)));
        put(&cache, 0..10, &context);
        cache.invalidate_match(&scope);
        put(&cache, 0..10, &context);
        cache.invalidate_all();
        sim.advance_to(sim.now() + HOUR / 6);
        put(&cache, 0..10, &context);
        cache.invalidate_tag("goals");
        put(&cache, 0..10, &Context::none());
    }
    assert_eq!(evictions(&cache, &mut told), 0);
    put(&cache, 10..12, &Context::none());
    assert_eq!(evictions(&cache, &mut told), 2, "these had to make room");
}

#[test]
fn the_dead_that_make_room_are_not_evicted() {
    let (_sim, cache, mut told) = small(10);
    put(&cache, 0..10, &Context::none().tag("t"));
    cache.invalidate_tag("t");
    put(&cache, 10..20, &Context::none());
    let living = (10..20).filter(|key| cache.peek(key).is_some()).count() as u64;
    assert_eq!(evictions(&cache, &mut told), 10 - living);
}

#[test]
fn what_is_refused_is_not_evicted_and_evicts_nobody() {
    let sim = Sim::new(start());
    let cache: Small = Cache::builder()
        .sim(&sim)
        .max_weight(100)
        .weigher(|_, value: &u64| {
            assert_ne!(*value, 13);
            u32::try_from(*value).unwrap_or(u32::MAX)
        })
        .build()
        .expect("in range");
    let mut told = cache.subscribe();
    for key in 0..9 {
        assert!(cache.insert(&key, &Context::none(), 10).expect("room"));
    }
    for (key, value) in [(0, 101), (1, 13), (2, u64::MAX), (20, 101), (21, 13)] {
        assert!(!cache.insert(&key, &Context::none(), value).expect("room"), "{value}");
        cache.run_pending_tasks();
    }
    let alive: Vec<u64> = (0..30).filter(|key| cache.peek(key).is_some()).collect();
    assert_eq!(alive, [3, 4, 5, 6, 7, 8]);
    assert_eq!(evictions(&cache, &mut told), 0);
    assert_eq!(cache.entry_count(), 6);
}
