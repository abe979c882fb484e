// The promise of drift, by brute force: no answer is served whose prices have moved by more than the bound.
// Never knows: references, marks, or when a move is made.
// Read next: `moves.rs`, which shows single moves.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kairos_cache::{Reason, Runtime as _, Strategy};
use proptest::prelude::{Just, ProptestConfig, Strategy as _, prop, prop_oneof, proptest};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::{Failure, Market, SECOND};

const MARKETS: [&str; 3] = ["home", "draw", "away"];

#[derive(Debug, Clone)]
enum Step {
    /// A market's price moves by so many thousandths.
    Price(usize, i32),
    /// All of them do, told together.
    Together([i32; 3]),
    /// A read, with a compute of so many milliseconds, and whether that fails.
    Read(usize, u64, bool),
    Get(usize),
    /// A value that is stored at once.
    Insert(usize),
    Wait(u64),
}

fn step() -> impl proptest::strategy::Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_usize, -30..=30).prop_map(|(market, by)| Step::Price(market, by)),
        1 => [-30..=30, -30..=30, -30..=30].prop_map(Step::Together),
        4 => (0..2_usize, 0..40_u64, prop::bool::weighted(0.3))
            .prop_map(|(key, takes, fails)| Step::Read(key, takes, fails)),
        3 => (0..2_usize).prop_map(Step::Get),
        1 => (0..2_usize).prop_map(Step::Insert),
        3 => (0..50_u64).prop_map(Step::Wait),
    ]
}

/// The accepted prices of a market with the number of the step that told each.
type History = Vec<(u64, f64)>;

/// An answer: the steps at which its compute began and its read arrived, and by which way it came.
struct Served {
    began: u64,
    arrived: u64,
    reason: Reason,
}

/// By how much the newest price at `arrived` differs from what it was at any step since `began`.
fn moved(history: &History, began: u64, arrived: u64) -> f64 {
    let known: Vec<_> = history.iter().filter(|(at, _)| *at <= arrived).collect();
    let Some((_, newest)) = known.last() else { return 0.0 };
    // The price that was in force when the compute began, and all since.
    let first = known.iter().rposition(|(at, _)| *at <= began).unwrap_or(0);
    let differences = known[first..].iter().map(|(_, price)| (newest.ln() - price.ln()).abs());
    differences.fold(0.0, f64::max)
}

/// By which way reads were served.
type Ways = HashSet<Reason>;

fn check(steps: &[Step], soft: f64, hard: f64, ttl: Duration) -> Ways {
    let market = Market::new(|b| {
        let b = b.drift_soft(soft).drift_hard(hard).default_ttl(ttl);
        let b = b.soft_timeout(Duration::from_millis(10)).throttle(Duration::from_millis(20));
        b.max_stale_if_error(9 * 3600 * SECOND)
    });
    let mut ways = Ways::new();
    let mut prices = [2.0, 3.0, 4.0];
    let mut history: [History; 3] = Default::default();
    let served: Arc<Mutex<Vec<Served>>> = Arc::default();
    let number = Arc::new(Mutex::new(0_u64));
    for step in steps {
        let now = {
            let mut number = number.lock().expect("no panic");
            *number += 1;
            *number
        };
        let changed = |price: f64, by: i32| price * (f64::from(by) / 1000.0).exp();
        match step {
            Step::Price(of, by) => {
                prices[*of] = changed(prices[*of], *by).max(1.01);
                market.price(MARKETS[*of], prices[*of]);
                history[*of].push((now, prices[*of]));
            }
            Step::Together(by) => {
                for of in 0..3 {
                    prices[of] = changed(prices[of], by[of]).max(1.01);
                    history[of].push((now, prices[of]));
                }
                let all = MARKETS.into_iter().zip(prices);
                let told = market.cache.observe_many(&market.scope, all, market.wall());
                assert!(told.expect("its own").iter().all(Result::is_ok));
            }
            Step::Read(key, takes, fails) => {
                let (cache, context, sim) =
                    (market.cache.clone(), market.context(), market.sim.clone());
                let (log, clock, key) = (Arc::clone(&served), Arc::clone(&number), key.to_string());
                let (takes, fails) = (Duration::from_millis(*takes), *fails);
                let _read = market.sim.spawn(Box::pin(async move {
                    let compute = move || {
                        let began = *clock.lock().expect("no panic");
                        async move {
                            sim.sleep(takes).await;
                            if fails { Err(Failure::other("down")) } else { Ok(began) }
                        }
                    };
                    let hit = cache.get_or_compute(&key, &context, compute).await;
                    if let Ok(hit) = hit {
                        let one =
                            Served { began: *hit, arrived: now, reason: hit.receipt().reason };
                        log.lock().expect("no panic").push(one);
                    }
                }));
                market.sim.run_until_idle();
            }
            Step::Get(key) => {
                if let Some(hit) = market.cache.get(&key.to_string()) {
                    let one = Served { began: *hit, arrived: now, reason: hit.receipt().reason };
                    served.lock().expect("no panic").push(one);
                }
            }
            Step::Insert(key) => market.store(&key.to_string(), now),
            Step::Wait(ms) => market.sim.advance(Duration::from_millis(*ms)),
        }
    }
    market.sim.run_to_end();
    for Served { began, arrived, reason } in &*served.lock().expect("no panic") {
        ways.insert(*reason);
        // What a read waited for is fresh, also where another read had started it.
        let is_fresh = reason.strategy() != Strategy::ServeStale;
        for (name, history) in MARKETS.iter().zip(&history) {
            let by = moved(history, *began, *arrived);
            let slack = 2e-12;
            assert!(hard == 0.0 || by <= hard + slack, "{name} by {by}: served beyond {hard}");
            let within = !is_fresh || soft == 0.0 || by <= soft + slack;
            assert!(within, "{name} by {by}: fresh beyond {soft}");
        }
    }
    ways
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_is_served_whose_prices_have_moved_beyond_a_bound(
        steps in prop::collection::vec(step(), 1..80),
        (soft, hard) in prop_oneof![Just((0.01, 0.0)), Just((0.0, 0.02)), Just((0.01, 0.03))],
        ttl in prop_oneof![Just(3600 * SECOND), Just(Duration::from_millis(20))],
    ) {
        check(&steps, soft, hard, ttl);
    }
}

/// The promise is about all of them, so the steps must be able to bring about each.
#[test]
fn drawn_steps_serve_by_every_way() {
    let mut runner = TestRunner::deterministic();
    let drawn = prop::collection::vec(step(), 40..80);
    let mut ways = Ways::new();
    for _ in 0..60 {
        let steps = drawn.new_tree(&mut runner).expect("drawn").current();
        ways.extend(check(&steps, 0.01, 0.03, Duration::from_millis(20)));
    }
    for way in [
        Reason::Fresh,
        Reason::Stale,
        Reason::Miss,
        Reason::TooStale,
        Reason::StaleIfError,
        Reason::SoftTimeout,
    ] {
        assert!(ways.contains(&way), "{way} among {ways:?}");
    }
}
