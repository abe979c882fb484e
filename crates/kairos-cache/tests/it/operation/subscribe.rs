// Subscriptions: what is told, in which order, and what a slow reader loses.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `../resilience/breaker.rs`, of which some notices tell.

use std::sync::Arc;

use kairos_cache::{
    BreakerLevel, Cache, Computed, Config, Context, Error, Notice, Runtime, Sim, Subscription,
    TradingStatus,
};

use crate::stage::{Running, SECOND, Work, start};

fn cache(sim: &Sim) -> Cache<String, u32> {
    let builder = Cache::builder().sim(sim).seed(1).max_capacity(2);
    builder.default_ttl(10 * SECOND).xfetch_enabled(false).build().expect("in range")
}

fn all(subscription: &mut Subscription<String>) -> Vec<Notice<String>> {
    std::iter::from_fn(|| subscription.try_next()).collect()
}

/// A read whose compute does as `outcome` says, run until nothing more can happen.
fn read(sim: &Sim, cache: &Cache<String, u32>, key: &str, outcome: Result<u32, &'static str>) {
    let (cache, key) = (cache.clone(), key.to_owned());
    let _task = sim.spawn(Box::pin(async move {
        let compute = move || async move { outcome.map(Computed::value) };
        let _answer = cache.get_or_compute(&key, &Context::none(), compute).await;
    }));
    sim.run_until_idle();
}

#[test]
fn a_panic_an_event_and_a_suspension_are_told_in_order_and_calm_is_not() {
    let sim = Sim::new(start());
    let cache = cache(&sim);
    let scope = cache.scope("m");
    let mut told = cache.subscribe();
    for _ in 0..5 {
        cache.observe_odds(&scope, "home_win", 2.0, start()).expect("in order");
    }
    cache.observe_odds(&scope, "home_win", 9.0, start()).expect("in order");
    cache.insert("k", &Context::new(&scope).market("btts"), 1).expect("known");
    cache.invalidate_event(&scope, "goalkeeper_change").expect("known");
    cache.set_status(&scope, Some("btts"), TradingStatus::Suspended).expect("known");
    cache.set_status(&scope, Some("btts"), TradingStatus::Suspended).expect("known");
    let told = all(&mut told);
    let [
        Notice::Panic { scope: panicking, market, price, z },
        Notice::Event { scope: of, event, died },
        Notice::Status { market: Some(suspended), status, .. },
    ] = &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!((&**panicking, &**market, *price), ("m", "home_win", 9.0));
    assert!(*z > 2.0);
    assert_eq!((&**of, &**event, *died), ("m", "goalkeeper_change", 1));
    assert_eq!((&**suspended, *status), ("btts", TradingStatus::Suspended));
}

#[test]
fn evictions_and_refreshes_that_fail_are_told_with_their_key() {
    let sim = Sim::new(start());
    let cache = cache(&sim);
    read(&sim, &cache, "a", Ok(1));
    let mut told = cache.subscribe();
    sim.advance_to(15 * SECOND);
    read(&sim, &cache, "a", Err("refused"));
    for key in ["b", "c", "d"] {
        read(&sim, &cache, key, Ok(2));
        cache.run_pending_tasks();
    }
    let told = all(&mut told);
    let failed: Vec<_> = told
        .iter()
        .filter_map(|notice| match notice {
            Notice::RefreshFailed { key, error: Error::Compute(e) } => {
                Some((&**key, e.to_string()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(failed, [("a", "refused".to_owned())]);
    let evicted = told.iter().filter(|n| matches!(n, Notice::Evicted { .. })).count();
    assert_eq!((evicted, cache.activity().evictions), (2, 2), "{told:?}");
}

#[test]
fn what_an_operator_does_and_the_breaker_are_told() {
    let sim = Sim::new(start());
    let cache = cache(&sim);
    let scope = cache.scope("m");
    let mut told = cache.subscribe();
    cache.set_enabled(false);
    cache.set_enabled(false);
    let mut config = Config::default();
    config.cache.max_capacity = 2;
    cache.reload(&config).expect("in range");
    let told_so_far = all(&mut told);
    assert!(
        matches!(told_so_far[..], [Notice::Switched { enabled: false }, Notice::Reloaded]),
        "{told_so_far:?}"
    );
    cache.set_enabled(true);
    assert!(matches!(all(&mut told)[..], [Notice::Switched { enabled: true }]));
    for _ in 0..5 {
        cache.observe_odds(&scope, "home_win", 2.0, start()).expect("in order");
    }
    let panicking = Context::new(&scope).current_odds("home_win", 9.0);
    for _ in 0..60 {
        let (cache, context) = (cache.clone(), panicking.clone());
        let _task = sim.spawn(Box::pin(async move {
            let compute = || async { Ok::<u32, Error>(1) };
            cache.get_or_compute("k", &context, compute).await.expect("a value");
        }));
    }
    sim.advance_to(SECOND);
    read(&sim, &cache, "k", Ok(1));
    let told = all(&mut told);
    assert!(
        matches!(told[..], [Notice::Breaker(BreakerLevel::HighVolatility)]),
        "read prices are not observations: {told:?}"
    );
}

#[test]
fn a_subscriber_that_stops_holds_up_nobody_and_learns_how_much_it_lost() {
    let sim = Sim::new(start());
    let cache = cache(&sim);
    let scope = cache.scope("m");
    let stopped: Vec<_> = (0..10_000).map(|_| cache.subscribe()).collect();
    let mut slow = cache.subscribe();
    for _ in 0..1_000_000 {
        cache.invalidate_event(&scope, "odds_steam").expect("known");
    }
    let Some(Notice::Lost(lost)) = slow.try_next() else { panic!("nothing was lost") };
    let kept = all(&mut slow);
    assert_eq!(lost + kept.len() as u64, 1_000_000);
    assert!(!kept.is_empty() && kept.len() <= 1024, "{}", kept.len());
    drop(stopped);
    cache.invalidate_event(&scope, "odds_steam").expect("known");
    assert_eq!(all(&mut slow).len(), 1);
}

#[test]
fn a_subscription_wakes_its_reader_and_ends_with_the_cache() {
    let sim = Sim::new(start());
    let cache = cache(&sim);
    let scope = cache.scope("m");
    let mut told = cache.subscribe();
    let (seen, ended) = std::sync::mpsc::channel();
    let _task = sim.spawn(Box::pin(async move {
        while let Some(notice) = told.next().await {
            seen.send(Some(notice)).expect("the test listens");
        }
        seen.send(None).expect("the test listens");
    }));
    sim.run_until_idle();
    cache.invalidate_event(&scope, "odds_steam").expect("known");
    sim.run_until_idle();
    assert!(matches!(ended.try_recv(), Ok(Some(Notice::Event { .. }))));
    drop(cache);
    sim.run_until_idle();
    assert!(matches!(ended.try_recv(), Ok(None)));
}

/// Reads notices until there will be no more; how many there were.
fn count(sim: &Sim, mut told: Subscription<String>) -> Running<u32> {
    Running::start(sim, async move {
        let mut notices = 0;
        while told.next().await.is_some() {
            notices += 1;
        }
        notices
    })
}

#[test]
fn a_shutdown_ends_every_subscription_after_what_was_told() {
    for is_waited_for in [true, false] {
        let (sim, work) = (Sim::new(start()), Work::gated());
        let cache = cache(&sim);
        let scope = cache.scope("m");
        let (waiting, late) = (count(&sim, cache.subscribe()), cache.subscribe());
        let (own, compute) = (cache.clone(), Arc::clone(&work));
        let read = Running::start(&sim, async move {
            let compute = || async { compute.compute().await.map(|found| found as u32) };
            own.get_or_compute("k", &Context::none(), compute).await.map(|hit| *hit)
        });
        let own = cache.clone();
        let shutdown = Running::start(&sim, async move { own.shutdown().await });
        if !is_waited_for {
            shutdown.cancel();
        }
        cache.invalidate_event(&scope, "odds_steam").expect("known");
        sim.run_until_idle();
        assert!(!waiting.has_ended(), "a compute is under way");
        work.let_go(1);
        sim.run_until_idle();
        assert_eq!(read.take().expect("it has ended").ok(), Some(1));
        assert_eq!((waiting.take(), count(&sim, late).take()), (Some(1), Some(1)));
        // Notices that come after the end are told to nobody.
        cache.invalidate_event(&scope, "odds_steam").expect("known");
        assert_eq!(count(&sim, cache.subscribe()).take(), Some(0), "{is_waited_for}");
    }
}

#[test]
fn who_is_the_first_to_subscribe_after_a_shutdown_hears_the_end() {
    let sim = Sim::new(start());
    let cache = cache(&sim);
    let own = cache.clone();
    assert!(Running::start(&sim, async move { own.shutdown().await }).has_ended());
    assert_eq!(count(&sim, cache.subscribe()).take(), Some(0));
}
