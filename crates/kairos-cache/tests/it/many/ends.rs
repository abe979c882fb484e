// How a call for many keys ends: failure, panic, timeout, cancellation, the gate, the shutdown.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `effort.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context as Task, Waker};

use kairos_cache::Error;

use super::none;
use crate::stage::{Desk, Does, SECOND};

#[test]
fn a_failure_is_that_of_each_key_in_the_call_and_of_no_other() {
    for (does, message) in [
        (Does::Fails, "refused"),
        (Does::PanicsAtOnce, "the compute panicked: the call panics"),
        (Does::Panics, "the compute panicked: the backend panics"),
    ] {
        let desk = Desk::new();
        let other = desk.one("c", &none());
        desk.backend.does(does);
        let many = desk.many("a b c");
        desk.open(2);
        let errors: Vec<_> = many.got().into_iter().map(|(_, value)| value).collect();
        assert_eq!(errors, [Err(message.into()), Err(message.into()), Ok(1)], "{does:?}");
        assert_eq!(other.values(), [1]);
        assert_eq!(desk.cache.stats().cache_errors, 2, "one for each compute of a key");
        // The keys are usable at once.
        desk.backend.does(Does::Answers);
        let again = desk.many("a b");
        desk.open(1);
        assert_eq!(again.values(), [3, 3], "{does:?}");
    }
}

#[test]
fn a_failed_call_is_answered_with_old_values_where_fail_safe_allows_it() {
    let desk = Desk::with(|b| b.max_stale_if_error(600 * SECOND));
    desk.store("old", &none(), 7);
    desk.seconds(200);
    desk.backend.does(Does::Fails);
    let many = desk.many("old new");
    desk.open(1);
    let got: Vec<_> = many.got().into_iter().map(|(_, value)| value.ok()).collect();
    assert_eq!(got, [Some(7), None]);
}

#[test]
fn keys_without_an_answer_have_nothing_and_answers_without_a_key_are_ignored() {
    let desk = Desk::new();
    desk.store("lost", &none(), 7);
    desk.backend.does(Does::Lacks("lost"));
    let forced = none().force_refresh(true);
    let many = desk.many_with([("lost", forced), ("lost_too", none()), ("found", none())]);
    desk.open(1);
    let got: Vec<_> = many.got().into_iter().map(|(_, value)| value.ok()).collect();
    assert_eq!(got, [None, None, Some(1)]);
    let keys = "lost lost_too found not asked for".split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(desk.stored(&keys), [None, None, Some(1), None, None, None]);
    assert!(desk.cache.peek("not asked for").is_none());
    assert_eq!(desk.cache.stats().cache_errors, 0);
}

#[test]
fn a_call_that_hangs_times_out_once_for_all_and_frees_every_key() {
    let desk = Desk::with(|b| b.hard_timeout(5 * SECOND));
    desk.backend.does(Does::Hangs);
    desk.backend.let_go(1);
    let many = desk.many("a b");
    desk.seconds(3);
    let joining = desk.one("b", &none());
    desk.seconds(1);
    assert!(many.take().is_none());
    desk.seconds(1);
    assert_eq!(many.errors(), [Error::Timeout.to_string(), Error::Timeout.to_string()]);
    assert_eq!(joining.errors(), [Error::Timeout.to_string()], "by the time of the call");
    assert_eq!((desk.backend.running(), desk.cache.stats().cache_errors), (String::new(), 2));
    desk.backend.does(Does::Answers);
    let again = desk.many("a b");
    desk.open(1);
    assert_eq!(again.values(), [2, 2]);
}

#[test]
fn a_cancelled_read_of_many_aborts_the_call_and_counts_nothing() {
    let desk = Desk::new();
    let many = desk.many("a b");
    assert_eq!(desk.backend.running(), "a b");
    desk.cancel(&many);
    assert_eq!(desk.backend.running(), "");
    assert_eq!(desk.cache.stats().total_requests, 0);
    desk.open(1);
    let again = desk.many("b a");
    assert_eq!(again.values(), [2, 2], "the keys are free");
}

/// Where abandoned computes are finished a call is one of them, whether it has begun or waits at the gate.
#[test]
fn a_cancelled_read_of_many_is_finished_where_the_configuration_says_so() {
    let desk = Desk::with(|b| b.max_concurrent_computes(1).finish_abandoned(true));
    let (running, queued) = (desk.many("a b"), desk.many("c d"));
    desk.cancel(&running);
    desk.cancel(&queued);
    assert_eq!(desk.backend.running(), "a b");
    // Whoever comes meanwhile joins it.
    let joins = desk.one("b", &none());
    desk.open(1);
    assert_eq!(joins.values(), [1]);
    assert_eq!(
        (desk.stored("a b c d"), desk.backend.running()),
        (vec![Some(1), Some(1), None, None], "c d".into())
    );
    desk.open(1);
    assert_eq!(desk.stored("a b c d"), [Some(1), Some(1), Some(2), Some(2)]);
    assert_eq!(desk.backend.calls(), ["a b", "c d"]);
    assert_eq!((desk.cache.sizes().flights, desk.cache.stats().total_requests), (0, 1));
}

#[test]
fn a_cancelled_read_of_many_harms_nobody_who_waits_for_one_of_its_keys() {
    let desk = Desk::new();
    let many = desk.many("a b c");
    let other = desk.one("b", &none());
    desk.cancel(&many);
    assert_eq!(desk.backend.running(), "a b c", "somebody waits for b");
    // a is unwanted and stays occupied until the call ends: whoever comes now waits for the next.
    let late = desk.one("a", &none());
    assert_eq!(desk.backend.calls(), ["a b c"]);
    desk.open(1);
    assert_eq!((other.values(), late.values()), (vec![1], vec![]));
    assert_eq!(desk.stored("a b c"), [None, Some(1), None]);
    assert_eq!(desk.backend.calls(), ["a"]);
    desk.open(1);
    assert_eq!(late.values(), [2]);
}

#[test]
fn the_last_to_go_aborts_the_call_whoever_that_is() {
    let desk = Desk::new();
    let many = desk.many("a b");
    let (one, two) = (desk.one("a", &none()), desk.one("b", &none()));
    desk.cancel(&one);
    desk.cancel(&many);
    assert_eq!(desk.backend.running(), "a b");
    desk.cancel(&two);
    assert_eq!(desk.backend.running(), "");
}

#[test]
fn a_read_of_many_passes_the_gate_as_one_and_captures_when_its_turn_comes() {
    let desk = Desk::with(|b| b.max_concurrent_computes(1).compute_queue(1));
    let before = desk.one("first", &none());
    let many = desk.many_with([("a", none()), ("b", none()), ("b", none().force_refresh(true))]);
    let full = desk.many("c d");
    assert_eq!(full.errors(), [Error::Overloaded.to_string(), Error::Overloaded.to_string()]);
    desk.cache.invalidate("a");
    desk.cache.invalidate_all();
    let joining = desk.one("a", &none().force_refresh(true));
    assert_eq!(desk.backend.calls(), ["first"]);
    desk.open(1);
    assert_eq!((before.values(), desk.stored("first")), (vec![1], vec![None]));
    assert_eq!(desk.backend.calls(), ["a b"], "who arrived before it starts has joined it");
    desk.open(1);
    assert_eq!((many.values(), joining.values()), (vec![2, 2, 2], vec![2]));
    assert_eq!(desk.stored("a b"), [Some(2), Some(2)], "it started after the invalidations");
    let activity = desk.cache.activity();
    assert_eq!((activity.computes_queued, activity.computes_refused), (2, 2), "by key");
}

#[test]
fn an_invalidation_before_the_call_is_made_does_not_spoil_its_results() {
    let (desk, context) = (Desk::new(), none());
    desk.backend.let_go(1);
    let (cache, backend) = (desk.cache.clone(), Arc::clone(&desk.backend));
    let reads = ["a", "b", "c"].into_iter().map(|key| {
        // By now the keys before this one are claimed.
        cache.invalidate("a");
        cache.invalidate_all();
        (key, &context)
    });
    let read = desk.cache.get_many(reads, move |keys| Arc::clone(&backend).call(keys));
    let mut read = Box::pin(read);
    let mut task = Task::from_waker(Waker::noop());
    assert!(read.as_mut().poll(&mut task).is_pending());
    desk.sim.run_until_idle();
    assert!(read.as_mut().poll(&mut task).is_ready());
    assert_eq!(desk.stored("a b c"), [Some(1); 3]);
}

#[test]
fn keys_that_nobody_wants_by_its_turn_are_not_asked_for() {
    let desk = Desk::with(|b| b.max_concurrent_computes(1));
    let first = desk.one("first", &none());
    let (many, given_up) = (desk.many("a b c"), desk.many("d e"));
    let other = desk.one("b", &none());
    desk.cancel(&many);
    desk.cancel(&given_up);
    // Its key is free: this one queues anew.
    let late = desk.one("a", &none());
    desk.open(1);
    assert_eq!(first.values(), [1]);
    assert_eq!(desk.backend.calls(), ["first", "b"]);
    desk.open(2);
    assert_eq!(desk.backend.calls(), ["a"], "d and e are never asked for");
    assert_eq!((other.values().len(), late.values().len()), (1, 1));
}

#[test]
fn a_read_of_many_dropped_at_any_await_leaves_no_claim() {
    for polls in 0..9 {
        let desk = Desk::with(|b| b.max_concurrent_computes(1).max_concurrent_refreshes(1));
        "old older".split(' ').for_each(|key| desk.store(key, &none(), 7));
        desk.seconds(70);
        let first = desk.one("a", &none());
        let contexts = [none(), none(), none(), none()];
        let (cache, backend) = (desk.cache.clone(), Arc::clone(&desk.backend));
        let reads = ["a", "old", "b", "c"].into_iter().zip(&contexts);
        let mut read = Box::pin(cache.get_many(reads, move |keys| Arc::clone(&backend).call(keys)));
        let mut finished = false;
        for _ in 0..polls {
            let poll = read.as_mut().poll(&mut Task::from_waker(Waker::noop()));
            finished = poll.is_ready();
            if finished {
                break;
            }
            desk.open(1);
        }
        drop(read);
        desk.sim.run_until_idle();
        desk.open(3);
        assert_eq!((first.values().len(), desk.backend.running()), (1, String::new()));
        let again = desk.many_with("a b c".split(' ').map(|k| (k, none().force_refresh(true))));
        desk.open(3);
        assert_eq!(again.values().len(), 3, "after {polls} polls the keys and the gate are free");
        let before = desk.cache.activity().computes_for_refreshes;
        desk.many("older");
        let refreshes = desk.cache.activity().computes_for_refreshes - before;
        assert_eq!(refreshes, 1, "after {polls} polls the place of a refresh is free");
        if finished {
            assert!(polls > 2, "it waited at the gate, then for its call");
            return;
        }
    }
    panic!("it does not finish");
}

#[test]
fn a_panic_in_the_pass_frees_the_keys_that_it_has_claimed() {
    let desk = Desk::new();
    let context = none();
    let reads = ["a", "b", "boom"].into_iter().map(|key| {
        assert_ne!(key, "boom", "the iterator panics");
        (key, &context)
    });
    let backend = Arc::clone(&desk.backend);
    let read = desk.cache.get_many(reads, move |keys| Arc::clone(&backend).call(keys));
    let mut read = Box::pin(read);
    let poll = AssertUnwindSafe(|| read.as_mut().poll(&mut Task::from_waker(Waker::noop())));
    assert!(catch_unwind(poll).is_err());
    desk.open(1);
    assert_eq!(desk.many("a b").values(), [1, 1]);
}

#[test]
fn a_shutdown_refuses_what_would_begin_and_ends_refreshes_of_many() {
    let desk = Desk::with(|b| b.max_concurrent_computes(2));
    "old older".split(' ').for_each(|key| desk.store(key, &none(), 7));
    desk.seconds(70);
    assert_eq!(desk.many("old older").values(), [7, 7]);
    let (running, queued) = (desk.many("a b"), desk.many("c d"));
    assert_eq!(desk.backend.running(), "a b old older");
    let cache = desk.cache.clone();
    let done = Arc::new(());
    let not_done = Arc::clone(&done);
    let _task = kairos_cache::Runtime::spawn(
        &desk.sim,
        Box::pin(async move {
            cache.shutdown().await.expect("outside of any compute");
            drop(not_done);
        }),
    );
    desk.sim.run_until_idle();
    let refused = || vec![Error::ShutDown.to_string(); 2];
    assert_eq!((queued.errors(), desk.many("e f").errors()), (refused(), refused()));
    assert_eq!(desk.backend.running(), "a b");
    let late = desk.many("a old");
    assert_eq!(Arc::strong_count(&done), 2);
    desk.open(1);
    assert_eq!((running.values(), late.values()), (vec![2, 2], vec![2, 7]));
    assert_eq!(Arc::strong_count(&done), 1, "the shutdown has resolved");
}
