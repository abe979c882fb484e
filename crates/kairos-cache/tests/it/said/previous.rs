// The old value that a compute is given, and that it may say stands.
// Never knows: the insides of the cache.

use std::sync::{Arc, Mutex};

use kairos_cache::{Builder, Computed, Context, Error, Reason, Source, TradingStatus};

use super::{Said, none};
use crate::stage::{Failure, HOUR, SECOND, Stage, Work, start};

fn forced(context: &Context) -> Context {
    context.clone().force_refresh(true)
}

#[test]
fn a_compute_is_given_the_live_value_that_it_would_replace() {
    let said = Said::new();
    said.run(&none(), 1);
    assert_eq!(said.given(), [None], "a miss");
    said.seconds(61);
    said.run(&none(), 2);
    assert_eq!(said.given(), [Some(1)], "stale");
    said.seconds(121);
    said.run(&none(), 3);
    assert_eq!(said.given(), [Some(2)], "too stale");
    said.run(&forced(&none()), 4);
    assert_eq!(said.given(), [Some(3)], "bypassed");
    said.cache.invalidate("k");
    said.run(&none(), Computed::None);
    assert_eq!(said.given(), [None], "invalidated");
}

/// A read that found nothing waits behind a compute that an expiry has covered, and that stores a value.
#[test]
fn a_compute_that_waited_is_given_what_was_stored_since_its_reader_found_nothing() {
    let (stage, work) = (Stage::new(), Work::gated());
    let _first = stage.read("k", &none(), &work);
    stage.cache.expire("k");
    let (cache, given) = (stage.cache.clone(), Arc::new(Mutex::new(None)));
    let told = Arc::clone(&given);
    let second = stage.start(async move {
        let compute = move |previous: Option<Arc<u64>>| async move {
            *told.lock().expect("no panic") = Some(previous.as_deref().copied());
            Ok::<u64, Failure>(7)
        };
        cache.get_or_refresh("k", &none(), compute).await.is_ok()
    });
    stage.open(&work, 1);
    assert_eq!(second.take(), Some(true));
    assert_eq!(*given.lock().expect("no panic"), Some(Some(1)));
}

#[test]
fn a_compute_is_given_no_cached_none_no_value_of_another_match_and_none_while_nothing_is_stored() {
    let said = Said::on(Stage::with(|builder| builder.negative_ttl(60 * SECOND)));
    said.run(&none(), Computed::None);
    said.run(&forced(&none()), 1);
    assert_eq!(said.given(), [None, None], "a cached none");
    let (one, other) = (said.cache.scope("one"), said.cache.scope("other"));
    said.run(&forced(&Context::new(&one)), 2);
    assert_eq!(said.given(), [None], "of no match");
    said.run(&forced(&Context::new(&other)), 3);
    assert_eq!(said.given(), [None], "of another match");
    said.run(&forced(&none()), 4);
    assert_eq!(said.given(), [Some(3)], "a read without a match obeys that of the entry");
    said.cache.set_enabled(false);
    said.run(&none(), 5);
    assert_eq!(said.given(), [None], "switched off");
}

#[test]
fn a_value_that_kickoff_has_ended_is_not_given() {
    let said = Said::on(Stage::with(|builder| builder.default_ttl(60 * SECOND)));
    let scope = said.cache.scope("m");
    let context = Context::new(&scope).kickoff(start() + 10 * SECOND);
    said.run(&context, 1);
    assert_eq!(said.stored(), Some(1));
    said.seconds(11);
    said.run(&context, 2);
    assert_eq!(said.given(), [None, None]);
}

#[test]
fn not_modified_stores_the_old_value_as_if_it_had_just_been_computed() {
    let said = Said::new();
    let context = Context::new(&said.cache.scope("m")).kickoff(start() + HOUR / 2);
    said.run(&context, Computed::value(1).ttl(40 * SECOND).tags(["team:arsenal"]));
    let golden = said.cache.stats().golden_hour_golden;
    said.seconds(100);
    let read = said.run(&context, Computed::NotModified).hit().expect("the old value");
    assert_eq!((*read, read.receipt().source), (1, Source::Computed));
    let stored = said.cache.get("k").expect("fresh again");
    assert_eq!((*stored, stored.receipt().age), (1, std::time::Duration::ZERO));
    assert_eq!(stored.receipt().ttl, 40 * SECOND, "its own TTL");
    assert_eq!(said.cache.stats().golden_hour_golden, golden + 1, "a stored result");
    assert_eq!(said.cache.stats().cache_errors, 0);
    said.cache.invalidate_tag("team:arsenal");
    assert_eq!(said.stored(), None, "with its tags");
}

#[test]
fn not_modified_may_name_another_ttl_and_further_tags() {
    let said = Said::new();
    said.run(&none(), Computed::value(1).ttl(40 * SECOND).tags(["a"]));
    for tag in ["a", "b"] {
        said.run(&none(), Computed::value(1).ttl(40 * SECOND).tags(["a"]));
        said.seconds(41);
        assert_eq!(
            said.read(&none(), Computed::NotModified.ttl(7 * SECOND).tags(["b"])).value(),
            Some(1)
        );
        said.go();
        assert_eq!(said.cache.get("k").expect("fresh").receipt().ttl, 7 * SECOND);
        said.cache.invalidate_tag(tag);
        assert_eq!(said.stored(), None, "{tag}");
    }
}

#[test]
fn not_modified_without_an_old_value_is_nothing_and_a_failed_compute() {
    let said = Said::new();
    let read = said.run(&none(), Computed::NotModified);
    assert!(matches!(read.error(), Some(Error::Nothing)));
    assert_eq!(said.cache.stats().cache_errors, 1);
    assert_eq!(said.number("kairos_cache_computes_none_total"), 0);
    // The old value was there, but went before the compute started.
    said.run(&none(), 1);
    said.cache.invalidate("k");
    assert!(said.run(&none(), Computed::NotModified).error().is_some());
    assert_eq!(said.cache.stats().cache_errors, 2);
}

#[test]
fn an_invalidation_during_the_compute_covers_an_old_value_that_stands() {
    type Cover = fn(&Said);
    let covers: [(&str, Cover); 5] = [
        ("its key", |said| assert!(said.cache.invalidate("k"))),
        ("a tag of its own", |said| said.cache.invalidate_tag("a")),
        ("everything", |said| said.cache.invalidate_all()),
        ("its match", |said| assert_eq!(said.cache.invalidate_match(&said.cache.scope("m")), 1)),
        ("an event", |said| {
            let scope = said.cache.scope("m");
            said.cache.invalidate_event(&scope, "goalkeeper_change").expect("known");
        }),
    ];
    for (what, cover) in covers {
        let said = Said::new();
        let context = Context::new(&said.cache.scope("m")).market("btts");
        said.run(&context, Computed::value(1).tags(["a"]));
        let read = said.read(&forced(&context), Computed::NotModified);
        cover(&said);
        said.go();
        assert_eq!(read.value(), Some(1), "{what}: its waiters get it");
        assert_eq!(said.stored(), None, "{what}: and it is not stored");
        assert_eq!(said.number("kairos_cache_results_discarded_total{reason=\"covered\"}"), 1);
    }
}

/// The old value was evicted, or replaced by what began before, while the compute ran: it stands again.
#[test]
fn an_old_value_that_has_left_meanwhile_comes_back() {
    let said = Said::new();
    said.run(&none(), 1);
    let fill = said.cache.begin("k", &none()).expect("room");
    let read = said.read(&forced(&none()), Computed::NotModified);
    assert!(fill.insert(2));
    said.go();
    assert_eq!((read.value(), said.stored()), (Some(1), Some(1)));
}

#[test]
fn what_was_inserted_after_the_start_stands_against_not_modified() {
    let said = Said::new();
    said.run(&none(), 1);
    let read = said.read(&forced(&none()), Computed::NotModified);
    assert!(said.cache.insert("k", &none(), 2).expect("no match is named"));
    said.go();
    assert_eq!((read.value(), said.stored()), (Some(1), Some(2)));
}

/// A read that names no match leaves an old value that stands where it belongs, though it waited for it.
#[test]
fn not_modified_without_a_match_keeps_the_match_and_market_of_the_value() {
    let said = Said::new();
    let scope = said.cache.scope("m");
    said.run(&Context::new(&scope).market("btts").tag("t"), 1);
    for event in [false, true] {
        said.run(&forced(&none()), Computed::NotModified);
        assert_eq!(said.stored(), Some(1));
        let outcome = if event {
            said.cache.invalidate_event(&scope, "goalkeeper_change").expect("known").died
        } else {
            said.cache.set_status(&scope, Some("btts"), TradingStatus::Suspended).expect("known");
            said.cache.set_status(&scope, Some("btts"), TradingStatus::Open).expect("known");
            1
        };
        assert_eq!((outcome, said.stored()), (1, None));
        said.run(&Context::new(&scope).market("btts").tag("t"), 1);
    }
    said.run(&forced(&none()), Computed::NotModified);
    said.cache.invalidate_tag("t");
    assert_eq!(said.stored(), None);
}

/// A market that a read gives up does not let its events go.
#[test]
fn not_modified_in_another_market_still_dies_by_the_events_of_the_first() {
    let said = Said::new();
    let scope = said.cache.scope("m");
    said.run(&Context::new(&scope).market("btts"), 1);
    said.run(&forced(&Context::new(&scope)), Computed::NotModified);
    assert_eq!(said.stored(), Some(1));
    let outcome = said.cache.invalidate_event(&scope, "goalkeeper_change").expect("known");
    assert_eq!((outcome.died, said.stored()), (1, None));
}

#[test]
fn a_loader_is_given_the_old_value_by_reads_by_get_and_by_pins() {
    let counting = |builder: Builder<String, u64>| {
        let load = |_: String, _: Context, previous: Option<Arc<u64>>| async move {
            Ok::<_, Failure>(Computed::value(previous.map_or(1, |value| *value + 1)))
        };
        builder.seed(1).xfetch_enabled(false).default_ttl(60 * SECOND).loader_with_previous(load)
    };
    let stage = Stage::with(counting);
    let cache = stage.cache.clone();
    let read = stage.start(async move { cache.read("k", &Context::none()).await });
    assert_eq!(read.value(), Some(1));
    let mut pinned = stage.cache.pin("k").expect("stored");
    stage.seconds(61);
    assert_eq!(stage.cache.get("k").map(|value| *value), Some(1));
    stage.seconds(1);
    assert_eq!(stage.cache.get("k").map(|value| *value), Some(2));
    stage.seconds(61);
    assert_eq!(pinned.get().copied(), Some(2));
    stage.seconds(1);
    assert_eq!(pinned.get().copied(), Some(3));
}

#[test]
fn keys_of_a_batch_may_be_not_modified_and_name_tags_each_its_own() {
    let stage = Stage::new();
    for (key, value) in [("a", 1), ("b", 2)] {
        stage.cache.insert(key, &none(), value).expect("no match is named");
    }
    let cache = stage.cache.clone();
    let call = |_: Vec<String>| async {
        let said = [
            ("a".to_owned(), Computed::NotModified.tags(["x"])),
            ("b".to_owned(), Computed::value(3).tags(["y"])),
            ("c".to_owned(), Computed::NotModified),
        ];
        Ok::<_, Failure>(said)
    };
    let hits = stage.start(async move {
        let forced = forced(&none());
        cache.get_many(["a", "b", "c"].map(|key| (key, &forced)), call).await
    });
    let hits = hits.take().expect("ended");
    let values: Vec<Option<u64>> = hits.iter().map(|hit| hit.as_ref().ok().map(|h| **h)).collect();
    assert_eq!(values, [Some(1), Some(3), None]);
    assert!(matches!(hits[2], Err(Error::Nothing)));
    let stored = || ["a", "b"].map(|key| stage.cache.peek(key).map(|value| *value));
    assert_eq!(stored(), [Some(1), Some(3)]);
    stage.cache.invalidate_tag("x");
    assert_eq!(stored(), [None, Some(3)]);
    stage.cache.invalidate_tag("y");
    assert_eq!(stored(), [None, None]);
}

/// A failure by it is remembered as any: with `error_ttl`, and for fail-safe's sake.
#[test]
fn not_modified_without_an_old_value_is_remembered_as_an_error() {
    let said = Said::on(Stage::with(|builder| builder.error_ttl(10 * SECOND)));
    said.run(&none(), Computed::NotModified);
    let again = said.read(&none(), 1);
    assert!(matches!(again.error(), Some(Error::Nothing)), "without a compute");
    said.seconds(11);
    let hit = said.run(&none(), 1).hit().expect("a value");
    assert_eq!(hit.receipt().reason, Reason::Miss);
}
