// What began last stands: a result never replaces what was stored by a compute or fill that began later.
// Never knows: the insides of the cache.
// Read next: `../model/contract/ends.rs`, the same rule among all others.

use std::sync::Arc;
use std::time::Duration;

use kairos_cache::{Builder, Computed, Context};

use crate::stage::{Failure, Read, SECOND, Stage, Work};

/// A read of `k` whose compute comes to nothing or to a value once it is let go.
fn slow(stage: &Stage, work: &Arc<Work>, value: Option<u64>, context: Context) -> Read {
    let (cache, work) = (stage.cache.clone(), Arc::clone(work));
    stage.start(async move {
        let compute = move || async move {
            work.compute().await?;
            Ok::<_, Failure>(value.map_or(Computed::None, Computed::value))
        };
        cache.get_or_compute("k", &context, compute).await
    })
}

fn none() -> Context {
    Context::none()
}

fn stored(stage: &Stage) -> Option<u64> {
    stage.cache.peek("k").map(|hit| *hit)
}

#[test]
fn a_running_compute_leaves_a_newer_insert_alone_and_answers_its_own_waiters() {
    for found in [Some(1), None] {
        let (stage, work) = (Stage::new(), Work::gated());
        let read = slow(&stage, &work, found, none());
        assert!(stage.cache.insert("k", &none(), 2).expect("no match is named"));
        stage.open(&work, 1);
        assert_eq!(stored(&stage), Some(2), "{found:?}");
        match found {
            Some(value) => assert_eq!(read.value(), Some(value)),
            None => assert!(read.error().is_some()),
        }
    }
}

#[test]
fn a_bypass_and_a_refresh_leave_a_newer_insert_alone() {
    let (stage, work) = (Stage::new(), Work::gated());
    stage.cache.insert("k", &none(), 0).expect("no match is named");
    let _bypass = slow(&stage, &work, Some(1), none().force_refresh(true));
    assert!(stage.cache.insert("k", &none(), 2).expect("no match is named"));
    stage.open(&work, 1);
    assert_eq!(stored(&stage), Some(2));

    stage.seconds(61);
    let read = slow(&stage, &work, Some(3), none());
    assert_eq!(read.value(), Some(2), "stale, and refreshed behind the read");
    assert!(stage.cache.insert("k", &none(), 4).expect("no match is named"));
    stage.open(&work, 1);
    assert_eq!(stored(&stage), Some(4));
}

#[test]
fn a_fill_that_began_before_a_compute_is_refused_once_that_is_stored() {
    let (stage, work) = (Stage::new(), Work::gated());
    let fill = stage.cache.begin("k", &none()).expect("no match is named");
    let read = slow(&stage, &work, Some(1), none());
    stage.open(&work, 1);
    assert_eq!(read.value(), Some(1));
    assert!(!fill.insert(2), "it began first");
    assert_eq!(stored(&stage), Some(1));
}

#[test]
fn of_two_fills_the_one_that_began_last_stands_in_either_order() {
    for older_first in [true, false] {
        let stage = Stage::new();
        let older = stage.cache.begin("k", &none()).expect("no match is named");
        let newer = stage.cache.begin("k", &none()).expect("no match is named");
        if older_first {
            assert!(older.insert(1) && newer.insert(2));
        } else {
            assert!(newer.insert(2));
            assert!(!older.insert(1));
        }
        assert_eq!(stored(&stage), Some(2));
    }
}

/// The newer result need not be there any more for the older one to be too late.
#[test]
fn what_began_later_bars_an_older_result_also_when_it_found_nothing_or_is_gone() {
    let stage =
        Stage::with(|builder| builder.default_ttl(60 * SECOND).negative_ttl(Duration::ZERO));
    let (older, newer) = (Work::at_once(), Work::gated());
    let fill = stage.cache.begin("k", &none()).expect("no match is named");
    let read = slow(&stage, &newer, None, none());
    stage.open(&newer, 1);
    assert!(read.error().is_some());
    assert!(!fill.insert(1), "the newer compute found that there is none");
    assert_eq!(stored(&stage), None);

    let fill = stage.cache.begin("k", &none()).expect("no match is named");
    assert_eq!(slow(&stage, &older, Some(2), none()).value(), Some(2));
    stage.cache.invalidate("k");
    assert!(!fill.insert(1), "covered, and older");
    assert_eq!(stored(&stage), None);
}

/// A value of a weight that cannot be kept takes the old one along, and bars one that is older still.
#[test]
fn what_began_later_bars_an_older_result_also_when_it_cannot_be_kept() {
    let heavy = |value: &u64| u32::try_from(*value).expect("light enough");
    let weighed = |builder: Builder<String, u64>| {
        builder.default_ttl(60 * SECOND).max_weight(100).weigher(move |_, value| heavy(value))
    };
    // A compute, and an insert that is too heavy.
    let (stage, work) = (Stage::with(weighed), Work::gated());
    let read = slow(&stage, &work, Some(1), none());
    assert!(!stage.cache.insert("k", &none(), 500).expect("no match is named"));
    stage.open(&work, 1);
    assert_eq!((read.value(), stored(&stage)), (Some(1), None), "answered, and not stored");
    // A fill, and a compute whose result is too heavy.
    let fill = stage.cache.begin("k", &none()).expect("no match is named");
    let read = slow(&stage, &Work::at_once(), Some(500), none());
    assert_eq!(read.value(), Some(500));
    assert!(!fill.insert(2), "it began first");
    // And for what begins later it bars nothing.
    assert!(stage.cache.insert("k", &none(), 3).expect("no match is named"));
    assert_eq!(stored(&stage), Some(3));
}

/// What a newer compute failed to find does not count.
#[test]
fn a_failure_that_began_later_bars_nothing() {
    let stage = Stage::new();
    let fill = stage.cache.begin("k", &none()).expect("no match is named");
    let cache = stage.cache.clone();
    let read: Read = stage.start(async move {
        let fail = || async { Err::<u64, _>(Failure::other("down")) };
        cache.get_or_compute("k", &none(), fail).await
    });
    assert!(read.error().is_some());
    assert!(fill.insert(1));
    assert_eq!(stored(&stage), Some(1));
}

/// A pending compute begins when the running one has ended, after what was inserted meanwhile.
#[test]
fn a_pending_compute_begins_after_what_was_inserted_before_its_turn() {
    let (stage, work) = (Stage::new(), Work::gated());
    let _first = slow(&stage, &work, Some(1), none());
    let pending = slow(&stage, &work, Some(3), none().force_refresh(true));
    assert!(stage.cache.insert("k", &none(), 2).expect("no match is named"));
    stage.open(&work, 1);
    assert_eq!(stored(&stage), Some(2));
    stage.open(&work, 1);
    assert_eq!(pending.value(), Some(3));
    assert_eq!(stored(&stage), Some(3));
}
