// What is stored, asked for without a read; shared values; notices as a stream.
// Never knows: the insides of the cache.
// Read next: `../invalidation/mod.rs`, the other ways out of the cache.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use futures_util::StreamExt;
use kairos_cache::{Cache, Computed, Context, Error, Notice, Reason};

use crate::stage::{SECOND, Stage, block_on, start};

/// What is live is there, whether or not a read would be served it.
#[test]
fn keys_and_membership_tell_what_is_live_however_old() {
    let stage = Stage::new();
    let builder = Cache::builder().sim(&stage.sim).negative_ttl(60 * SECOND);
    let cache: Cache<u8, u8> = builder.default_ttl(SECOND).build().expect("in range");
    let (none, scope) = (Context::none(), cache.scope("12345"));
    let soon = Context::new(&scope).kickoff(start() + Duration::from_secs(30));
    for (key, context) in [(1, &none), (2, &none), (3, &soon)] {
        assert!(cache.insert(&key, context, key).expect("a match of this cache"));
    }
    let own = cache.clone();
    stage.start(async move {
        let nothing = || async { Ok::<_, Error>(Computed::<u8>::None) };
        let found = own.get_or_compute(&4, &Context::none(), nothing).await;
        assert!(matches!(found, Err(Error::Nothing)));
    });
    stage.seconds(0);
    let live = || cache.keys().into_iter().collect::<BTreeSet<u8>>();
    let there = |keys: &[u8]| {
        assert_eq!(live(), keys.iter().copied().collect());
        for key in 0..6 {
            assert_eq!(cache.contains_key(&key), keys.contains(&key), "{key}");
        }
    };
    there(&[1, 2, 3]);
    cache.invalidate(&2);
    there(&[1, 3]);
    stage.seconds(40);
    assert!(cache.get(&1).is_none(), "too stale to be served");
    there(&[1]);
    cache.invalidate_all();
    there(&[]);
    let counted = cache.stats();
    assert_eq!(counted.total_requests, 1, "the read that found nothing");
}

#[test]
fn of_those_who_remove_one_entry_one_gets_its_value() {
    let cache: Cache<u8, u8> = Cache::builder().build().expect("in range");
    for round in 0..200 {
        cache.insert(&1, &Context::none(), round).expect("no match is named");
        let barrier = Barrier::new(3);
        let got = thread::scope(|threads| {
            let remove = || {
                barrier.wait();
                cache.remove(&1)
            };
            let removing = [(); 3].map(|()| threads.spawn(remove));
            removing.map(|thread| thread.join().expect("no panic"))
        });
        let got: Vec<u8> = got.into_iter().flatten().map(|value| *value).collect();
        assert_eq!(got, [round]);
        assert!(!cache.contains_key(&1));
    }
}

#[test]
fn what_has_ended_already_has_no_value_to_be_removed_with() {
    let cache: Cache<u8, u8> = Cache::builder().build().expect("in range");
    cache.insert(&1, &Context::none().tag("t"), 1).expect("no match is named");
    cache.invalidate_tag("t");
    assert!(cache.remove(&1).is_none());
    assert!(cache.remove(&2).is_none());
}

#[test]
fn a_shared_value_is_stored_as_it_is() {
    let cache: Cache<u8, String> = Cache::builder().build().expect("in range");
    let value = Arc::new("0.61".to_owned());
    let none = Context::none();
    assert!(cache.insert_arc(&1, &none, Arc::clone(&value)).expect("no match is named"));
    let fill = cache.begin(&2, &none).expect("no match is named");
    assert!(fill.insert_arc(Arc::clone(&value)));
    for key in [1, 2] {
        assert!(Arc::ptr_eq(&cache.get(&key).expect("fresh").into_arc(), &value));
    }
}

#[test]
fn a_compute_that_cannot_fail_needs_no_result_and_may_find_nothing_or_panic() {
    let cache: Cache<u8, u8> = Cache::builder().build().expect("in range");
    let none = Context::none();
    block_on(async {
        let hit = cache.get_with(&1, &none, || async { 7 }).await.expect("a value");
        assert_eq!((*hit, hit.receipt().reason), (7, Reason::Miss));
        let found = cache.get_with(&2, &none, || async { None::<u8> }).await;
        assert!(matches!(found, Err(Error::Nothing)));
        let panics = || async { panic!("no price") };
        let found = cache.get_with::<_, _, _, u8>(&3, &none, panics).await;
        assert!(matches!(found, Err(Error::Panicked(_))));
    });
}

#[test]
fn a_subscription_is_a_stream_that_ends_with_the_cache() {
    let cache: Cache<u8, u8> = Cache::builder().build().expect("in range");
    let notices = cache.subscribe();
    cache.set_enabled(false);
    cache.set_enabled(true);
    drop(cache);
    let switches = notices.filter_map(|notice| async move {
        match notice {
            Notice::Switched { enabled } => Some(enabled),
            _ => None,
        }
    });
    assert_eq!(block_on(switches.collect::<Vec<bool>>()), [false, true]);
}
