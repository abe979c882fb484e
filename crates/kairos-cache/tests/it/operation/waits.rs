// The account of reads that wait: each is answered or cancelled, whatever answers it.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `../stress/chaos.rs`, the accounts after everything at once.

use std::sync::Arc;

use kairos_cache::{Context, Error, Reason};

use crate::stage::{Failure, Read, SECOND, Stage, Work};

fn none() -> Context {
    Context::none()
}

/// Reads that have waited, that were answered, and that were cancelled.
fn account(stage: &Stage) -> [u64; 3] {
    let text = stage.cache.registry().encode_prometheus();
    ["waited", "answered", "cancelled"].map(|what| {
        let name = format!("kairos_cache_reads_{what}_total ");
        let of = text.lines().find_map(|line| line.strip_prefix(&name)).expect("it is exposed");
        of.parse().expect("a count")
    })
}

/// A cache whose values are served for two minutes, and for ten after a failure.
fn stage() -> Stage {
    Stage::with(|builder| {
        builder
            .default_ttl(60 * SECOND)
            .soft_timeout(2 * SECOND)
            .max_stale_if_error(600 * SECOND)
            .hard_timeout(10 * SECOND)
            .xfetch_enabled(false)
    })
}

fn store(stage: &Stage, context: &Context) {
    assert!(stage.cache.insert("k", context, 7).expect("a known context"));
}

fn failing(stage: &Stage) -> Read {
    let cache = stage.cache.clone();
    stage.start(async move {
        let fail = || async { Err::<u64, _>(Failure::other("down")) };
        cache.get_or_compute("k", &none(), fail).await
    })
}

fn reason(read: &Read) -> Option<Reason> {
    read.hit().map(|hit| hit.receipt().reason)
}

#[test]
fn a_read_that_is_served_without_a_wait_is_in_no_account() {
    let stage = stage();
    store(&stage, &none());
    assert_eq!(stage.read("k", &none(), &Work::gated()).value(), Some(7));
    stage.seconds(90);
    assert_eq!(reason(&stage.read("k", &none(), &Work::at_once())), Some(Reason::Stale));
    assert_eq!(account(&stage), [0, 0, 0]);
}

#[test]
fn an_old_value_after_a_wait_is_an_answer_and_one_without_a_wait_is_in_no_account() {
    let stage = stage();
    store(&stage, &none());
    stage.seconds(150);
    let impatient = stage.read("k", &none(), &Work::gated());
    assert_eq!(account(&stage), [1, 0, 0], "it waits");
    stage.seconds(2);
    assert_eq!(reason(&impatient), Some(Reason::SoftTimeout));
    assert_eq!(account(&stage), [1, 1, 0]);
    stage.seconds(10);
    assert_eq!(reason(&stage.read("k", &none(), &Work::gated())), Some(Reason::StaleIfError));
    assert_eq!(account(&stage), [1, 1, 0], "within the throttle");
    stage.seconds(30);
    assert_eq!(reason(&failing(&stage)), Some(Reason::StaleIfError));
    assert_eq!(account(&stage), [2, 2, 0]);
}

/// A read waits for the computes of two other matches, one after the other, and is then served.
#[test]
fn a_read_that_looks_again_is_in_the_account_once() {
    let stage = stage();
    let [one, two, own] = ["one", "two", "own"].map(|name| Context::new(&stage.cache.scope(name)));
    let work = Work::gated();
    let _first = stage.read("k", &one, &work);
    let second = stage.read("k", &two, &work);
    let waits = stage.read("k", &own, &work);
    assert_eq!(account(&stage), [3, 0, 0]);
    stage.open(&work, 1);
    assert_eq!(account(&stage), [3, 1, 0]);
    // What is found when it looks again was stored elsewhere meanwhile.
    store(&stage, &own);
    stage.open(&work, 1);
    assert_eq!(second.value(), Some(2));
    stage.open(&work, 1);
    assert!(waits.has_ended());
    assert_eq!(account(&stage), [3, 3, 0]);
}

#[test]
fn errors_are_answers_and_who_leaves_is_cancelled() {
    let stage = stage();
    let work = Work::gated();
    assert!(failing(&stage).error().is_some());
    assert_eq!(account(&stage), [1, 1, 0]);
    let reads = ["a", "b", "c"].map(|key| stage.read(key, &none(), &Work::gated()));
    let joined = stage.read("a", &none(), &work);
    reads[0].cancel();
    stage.sim.run_until_idle();
    reads[1].cancel();
    stage.sim.run_until_idle();
    assert_eq!(account(&stage), [5, 1, 2]);
    stage.seconds(10);
    assert!(matches!(joined.error(), Some(Error::Timeout)));
    assert_eq!(account(&stage), [5, 3, 2]);
}

#[test]
fn reads_inside_computes_and_of_many_keys_are_in_the_account() {
    let stage = stage();
    let (cache, none) = (stage.cache.clone(), Arc::new(none()));
    let read = stage.start(async move {
        let within = cache.clone();
        let call = move |keys: Vec<String>| {
            let within = within.clone();
            async move {
                let own = || async { Ok::<_, Failure>(1) };
                let error = within.get_or_compute("a", &Context::none(), own).await;
                assert!(matches!(error, Err(Error::Reentrant)));
                Ok::<_, Failure>(keys.into_iter().map(|key| (key, 1)))
            }
        };
        cache.get_many([("a", &*none), ("b", &*none)], call).await
    });
    assert!(read.take().expect("it has ended").iter().all(Result::is_ok));
    assert_eq!(account(&stage), [3, 3, 0]);
}
