// The size of a cache changed while it is in use: what stays, what goes, and what is still true of it.
// Never knows: the insides of the cache.
// Read next: `evictions.rs`, what goes because the cache is full.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use kairos_cache::{Cache, Context, Error, Notice};

fn none() -> Context {
    Context::none()
}

fn filled(entries: u32) -> Cache<u32, u32> {
    let cache = Cache::builder().max_capacity(entries.into()).build().expect("in range");
    for key in 0..entries {
        cache.insert(&key, &none(), key * 10).expect("no match is named");
    }
    cache.run_pending_tasks();
    cache
}

#[test]
fn a_cache_that_grows_keeps_what_it_has_and_takes_more() {
    let cache = filled(50);
    let mut pinned = cache.pin(&7).expect("fresh");
    cache.resize(100).expect("in range");
    for key in 50..100 {
        cache.insert(&key, &none(), key * 10).expect("no match is named");
    }
    cache.run_pending_tasks();
    assert!((0..100).all(|key| cache.get(&key).is_some_and(|hit| *hit == key * 10)));
    assert_eq!((cache.entry_count(), cache.activity().evictions), (100, 0));
    assert_eq!(pinned.get(), Some(&70));
    assert!(cache.invalidate(&7) && pinned.get().is_none());
}

#[test]
fn a_cache_that_shrinks_evicts_what_finds_no_room_and_tells_of_it() {
    let cache = filled(100);
    let mut told = cache.subscribe();
    let mut pins: Vec<_> = (0..100).map(|key| cache.pin(&key).expect("fresh")).collect();
    cache.resize(30).expect("in range");
    let kept: BTreeSet<u32> = cache.keys().into_iter().collect();
    assert_eq!((kept.len(), cache.activity().evictions), (30, 70));
    let evicted = std::iter::from_fn(|| told.try_next()).filter_map(|notice| match notice {
        Notice::Evicted { key } => Some(key),
        _ => None,
    });
    let evicted: BTreeSet<u32> = evicted.collect();
    assert_eq!(evicted, (0..100).filter(|key| !kept.contains(key)).collect());
    for (key, pin) in (0..).zip(&mut pins) {
        assert_eq!(pin.get().copied(), kept.contains(&key).then_some(key * 10));
        assert_eq!(cache.get(&key).is_some(), kept.contains(&key));
    }
    for key in 200..300 {
        cache.insert(&key, &none(), key).expect("no match is named");
    }
    cache.run_pending_tasks();
    assert!(cache.entry_count() <= 30);
}

#[test]
fn a_sum_of_weights_is_bounded_anew() {
    let builder = Cache::builder().max_weight(1000).weigher(|_: &u32, value: &u32| *value);
    let cache: Cache<u32, u32> = builder.build().expect("in range");
    for key in 0..10 {
        assert!(cache.insert(&key, &none(), 100).expect("no match is named"));
    }
    cache.resize(350).expect("in range");
    assert_eq!(cache.keys().len(), 3);
    assert!(!cache.insert(&20, &none(), 351).expect("no match is named"), "it cannot fit");
    assert!(cache.insert(&20, &none(), 350).expect("no match is named"));
    let refused = cache.resize(0).expect_err("nothing could be kept");
    assert_eq!(refused.to_string(), "configuration: cache.max_weight must be at least 1");
    let refused = filled(1).resize(0);
    assert!(matches!(refused, Err(Error::Config { field: "cache.max_capacity", .. })));
}

/// Whatever is stored, invalidated and read meanwhile: nothing invalidated is served, nothing that had
/// room is lost, and a match counts its living entries.
#[test]
fn a_cache_in_use_is_resized_without_losing_an_invalidation_or_an_entry() {
    const ROUNDS: u32 = 300;
    let cache: Cache<u32, u32> = Cache::builder().max_capacity(5000).build().expect("in range");
    let scope = cache.scope("m");
    let ended = AtomicBool::new(false);
    thread::scope(|threads| {
        let writers = [0, 1].map(|writer| {
            let (cache, context) = (&cache, Context::new(&scope));
            threads.spawn(move || {
                for round in 0..ROUNDS {
                    for key in (writer..40).step_by(2) {
                        cache.insert(&key, &context, round).expect("its own");
                        assert_eq!(cache.get(&key).map(|hit| *hit), Some(round), "{key}");
                        let mut pinned = cache.pin(&key).expect("fresh");
                        assert!(cache.invalidate(&key), "{key}");
                        assert!(cache.get(&key).is_none() && pinned.get().is_none(), "{key}");
                        assert!(!cache.contains_key(&key));
                    }
                    let stays = 1000 + writer * ROUNDS + round;
                    cache.insert(&stays, &context, round).expect("its own");
                }
            })
        });
        let resizes = threads.spawn(|| {
            // Relaxed: the loop ends some time after.
            while !ended.load(Ordering::Relaxed) {
                for most in [4000, 6000] {
                    cache.resize(most).expect("in range");
                }
            }
        });
        for writer in writers {
            writer.join().expect("no panic");
        }
        ended.store(true, Ordering::Relaxed); // Relaxed: as above.
        resizes.join().expect("no panic");
    });
    let keys: BTreeSet<u32> = cache.keys().into_iter().collect();
    assert_eq!(keys, (1000..1000 + 2 * ROUNDS).collect());
    assert_eq!(cache.activity().evictions, 0);
    assert_eq!(cache.invalidate_match(&scope), u64::from(2 * ROUNDS));
    assert!(cache.keys().is_empty());
}
