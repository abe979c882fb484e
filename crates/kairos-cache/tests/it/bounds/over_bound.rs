// A match beyond the bound is not cached: its reads compute together and store nothing, the rest is refused.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `../../../src/matches/handle.rs`, whose promises these are.

use std::cell::Cell;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kairos_cache::{
    Answer, Builder, Cache, Context, Error, Reason, Receipt, Runtime, Scope, Sim, Source, Strategy,
    TradingStatus, Volatility, Zone,
};

const START: SystemTime = UNIX_EPOCH;
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

type Answers = Arc<Mutex<Vec<(&'static str, Answer<u32>)>>>;

/// A cache with room for one match, which is taken until `make_room`.
struct World {
    sim: Sim,
    cache: Cache<String, u32>,
    answers: Answers,
    taken: Cell<Option<Scope>>,
}

impl World {
    fn new() -> World {
        World::with(|builder| builder)
    }

    fn with(configure: impl FnOnce(Builder<String, u32>) -> Builder<String, u32>) -> World {
        let sim = Sim::new(START);
        let builder = Cache::builder().sim(&sim).seed(1).max_matches(1);
        let cache = configure(builder).build().expect("in range");
        let taken = Cell::new(Some(cache.scope("taken")));
        World { sim, cache, answers: Arc::default(), taken }
    }

    /// The handle of a match that has no state.
    fn beyond(&self, name: &str) -> Scope {
        let scope = self.cache.scope(name);
        assert!(scope.is_over_bound(), "{name}");
        assert_eq!(scope.name(), name);
        scope
    }

    /// Gives the one place to a match.
    fn make_room(&self, name: &str) -> Scope {
        drop(self.taken.take());
        let resolve = || self.cache.try_scope(name).ok();
        (0..10).find_map(|_| resolve()).expect("nobody holds the other match")
    }

    /// Starts a read of "k" whose compute takes a second.
    fn read(&self, name: &'static str, context: &Context, value: u32) {
        let (cache, sim, context) = (self.cache.clone(), self.sim.clone(), context.clone());
        let answers = Arc::clone(&self.answers);
        let _task = self.sim.spawn(Box::pin(async move {
            let compute = move || async move {
                sim.sleep(SECOND).await;
                Ok::<_, std::io::Error>(value)
            };
            let answer = cache.explain("k", &context, compute).await.expect("a plain context");
            answers.lock().expect("no panic").push((name, answer));
        }));
        self.sim.run_until_idle();
    }

    fn after(&self, time: Duration) {
        let then = self.sim.now() + time;
        self.sim.advance_to(then);
    }

    /// What has been answered since the last call.
    fn got(&self) -> Vec<(&'static str, Answer<u32>)> {
        std::mem::take(&mut *self.answers.lock().expect("no panic"))
    }

    fn values(&self) -> Vec<(&'static str, u32)> {
        let value = |answer: Answer<u32>| *answer.outcome.expect("a value");
        self.got().into_iter().map(|(name, answer)| (name, value(answer))).collect()
    }

    /// Reads "k", and waits for the answer.
    fn read_now(&self, context: &Context, value: u32) -> (u32, Receipt) {
        self.read("now", context, value);
        self.after(SECOND);
        let (_, answer) = self.got().pop().expect("the compute has ended");
        (*answer.outcome.expect("a value"), answer.receipt)
    }
}

fn is_refused<T>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::TooManyMatches))
}

#[test]
fn a_read_computes_stores_nothing_and_is_counted_as_a_miss() {
    let world = World::new();
    let context = Context::new(&world.beyond("a")).market("btts").kickoff(START + HOUR);
    for value in [1, 2] {
        let (got, receipt) = world.read_now(&context, value);
        assert_eq!((got, receipt.source), (value, Source::Computed));
        assert_eq!((receipt.strategy, receipt.reason), (Strategy::Compute, Reason::OverBound));
        assert_eq!((receipt.ttl, receipt.age), (Duration::ZERO, Duration::ZERO));
        assert_eq!(receipt.reason.to_string(), "over_bound");
    }
    assert!(world.cache.get("k").is_none() && world.cache.peek("k").is_none());
    assert!(world.cache.pin("k").is_none());
    assert_eq!((world.cache.sizes().entries, world.cache.sizes().flights), (0, 0));
    let stats = world.cache.stats();
    assert_eq!((stats.total_requests, stats.strategy_compute, stats.cache_miss), (2, 2, 2));
    assert_eq!((stats.golden_hour_total, stats.swr_too_stale, stats.vix_normal), (0, 0, 0));
    assert!((stats.hit_rate_pct - 0.0).abs() < f64::EPSILON);
    let labels = r#"strategy="compute",reason="over_bound",volatility="unscored""#;
    let exposed = world.cache.registry().encode_prometheus();
    assert!(exposed.contains(&format!("kairos_cache_requests_total{{{labels}}} 2")), "{exposed}");
    assert_eq!(world.cache.activity().matches_over_bound, 1);
}

#[test]
fn reads_of_one_match_share_a_compute_and_those_of_two_do_not() {
    let world = World::new();
    for name in ["first", "joins", "by another handle"] {
        world.read(name, &Context::new(&world.beyond("a")), 1);
    }
    world.read("other", &Context::new(&world.beyond("b")), 2);
    world.read("names none", &Context::none(), 3);
    world.after(SECOND);
    let of_a = [("first", 1), ("joins", 1), ("by another handle", 1), ("names none", 1)];
    assert_eq!(world.values(), of_a);
    world.after(SECOND);
    assert_eq!(world.values(), [("other", 2)]);
    assert_eq!(world.cache.stats().strategy_compute, 5);
    assert_eq!(world.cache.activity().computes_for_misses, 2);
}

#[test]
fn reads_in_one_pass_share_one_call_and_store_nothing() {
    let world = World::new();
    let (cache, context) = (world.cache.clone(), Context::new(&world.beyond("a")));
    let answers = Arc::clone(&world.answers);
    let _task = world.sim.spawn(Box::pin(async move {
        let calls = Mutex::new(0);
        let compute = move |keys: Vec<String>| {
            let mut calls = calls.lock().expect("no panic");
            *calls += 1;
            let call = *calls;
            async move { Ok::<_, std::io::Error>(keys.into_iter().map(move |key| (key, call))) }
        };
        let reads = [("j", &context), ("k", &context)];
        for answer in cache.explain_many(reads, compute).await {
            answers.lock().expect("no panic").push(("many", answer.expect("a plain context")));
        }
    }));
    world.sim.run_until_idle();
    let got = world.got();
    assert!(got.iter().all(|(_, answer)| answer.receipt.reason == Reason::OverBound), "{got:?}");
    assert_eq!(got.len(), 2);
    assert!(got.iter().all(|(_, answer)| answer.outcome.as_deref().is_ok_and(|call| *call == 1)));
    assert_eq!(world.cache.sizes().entries, 0);
}

#[test]
fn the_switch_comes_before_it_and_it_before_force_refresh_and_an_open_market() {
    let world = World::new();
    let context = Context::new(&world.beyond("a")).force_refresh(true).max_age(Duration::ZERO);
    assert_eq!(world.read_now(&context, 1).1.reason, Reason::OverBound);
    world.cache.set_enabled(false);
    assert_eq!(world.read_now(&context, 2).1.reason, Reason::Disabled);
    let stats = world.cache.stats();
    assert_eq!((stats.strategy_compute, stats.cache_miss, stats.strategy_bypass), (2, 1, 0));
}

#[test]
fn kickoff_and_line_up_count_for_the_read_that_gives_them() {
    let world = World::new();
    let handle = world.beyond("a");
    let context = || Context::new(&handle);
    world.read("golden", &context().kickoff(START + HOUR / 2), 1);
    world.read("standard", &context().kickoff(START + 48 * HOUR).lineup_confirmed(true), 2);
    world.read("says nothing", &context(), 3);
    world.read("in play", &context().kickoff(START - HOUR), 4);
    world.after(SECOND);
    let zones: Vec<_> =
        world.got().into_iter().map(|(name, answer)| (name, answer.receipt.zone)).collect();
    let expected = [
        ("golden", Zone::Golden),
        ("standard", Zone::Standard),
        ("says nothing", Zone::Unknown),
        ("in play", Zone::MatchStarted),
    ];
    assert_eq!(zones, expected);
    assert_eq!(world.read_now(&context(), 5).1.zone, Zone::Unknown, "nothing was published");
    let own = world.make_room("a");
    let (_, receipt) = world.read_now(&Context::new(&own), 6);
    assert_eq!((receipt.reason, receipt.zone), (Reason::Miss, Zone::Unknown));
}

#[test]
fn prices_of_a_read_are_scored_without_windows() {
    let world = World::new();
    let context = Context::new(&world.beyond("a")).current_odds("home_win", 9.0);
    let (_, receipt) = world.read_now(&context, 1);
    assert_eq!((receipt.volatility, receipt.z), (Volatility::Normal, 0.0));
    assert_eq!(world.cache.stats().vix_normal, 1);
}

#[test]
fn what_the_match_is_told_is_refused_and_an_invalidation_of_it_finds_no_entries() {
    let world = World::new();
    let (cache, a) = (&world.cache, world.beyond("a"));
    assert!(is_refused(&cache.observe_odds(&a, "home_win", 2.0, START)));
    assert!(is_refused(&cache.set_status(&a, None, TradingStatus::Suspended)));
    assert!(is_refused(&cache.set_status(&a, Some("btts"), TradingStatus::Open)));
    assert!(is_refused(&cache.set_kickoff(&a, START + HOUR)));
    assert!(is_refused(&cache.set_lineup_confirmed(&a, true)));
    assert!(is_refused(&cache.invalidate_event(&a, "goalkeeper_change")));
    assert!(is_refused(&cache.try_scope("a")));
    // A name that is not known is told apart first.
    let unknown = cache.invalidate_event(&a, "no such event");
    assert!(matches!(unknown, Err(Error::UnknownEvent(_))));
    assert_eq!(cache.invalidate_match(&a), 0);
    cache.expire_match(&a);
    let stats = cache.stats();
    assert_eq!((stats.surgical_invalidation, stats.full_invalidation), (0, 1));
    assert_eq!(world.read_now(&Context::new(&a), 1).1.reason, Reason::OverBound);
}

#[test]
fn what_is_inserted_or_filled_is_not_stored() {
    let world = World::new();
    let context = Context::new(&world.beyond("a")).kickoff(START + HOUR);
    assert!(!world.cache.insert("k", &context, 1).expect("a plain context"));
    let fill = world.cache.begin("k", &context).expect("room for a flight");
    // The match gets its state too late: the fill captured nothing of it.
    let own = world.make_room("a");
    assert!(!fill.insert(1));
    assert!(world.cache.peek("k").is_none());
    assert!(world.cache.insert("k", &Context::new(&own), 1).expect("a plain context"));
}

#[test]
fn an_entry_of_another_match_is_neither_served_nor_replaced() {
    let world = World::new();
    let taken = world.taken.take().expect("held");
    assert!(world.cache.insert("k", &Context::new(&taken), 1).expect("a plain context"));
    let (got, receipt) = world.read_now(&Context::new(&world.beyond("a")), 2);
    assert_eq!((got, receipt.reason), (2, Reason::OverBound));
    assert_eq!(world.cache.get("k").map(|hit| *hit), Some(1));
}

#[test]
fn an_older_handle_reaches_the_match_as_soon_as_it_has_a_state() {
    let world = World::new();
    let (cache, old) = (&world.cache, world.beyond("a"));
    let own = world.make_room("a");
    assert!(old.is_over_bound() && !own.is_over_bound());
    let (btts, through_old) =
        (Context::new(&own).market("btts"), Context::new(&old).market("btts"));
    let store = |context| assert!(cache.insert("k", context, 1).expect("a plain context"));

    // Reads are of the match, and what they say of it is published.
    store(&btts);
    assert_eq!(world.read_now(&through_old, 2).1.reason, Reason::Fresh);
    let (_, receipt) = world.read_now(&through_old.clone().kickoff(START + HOUR / 2), 2);
    assert_eq!((receipt.reason, receipt.zone), (Reason::Fresh, Zone::Golden));
    assert_eq!(cache.get("k").map(|hit| hit.receipt().zone), Some(Zone::Golden));
    store(&through_old);

    // And so is whatever else is done.
    assert_eq!(cache.invalidate_event(&old, "goalkeeper_change").expect("known").died, 1);
    store(&btts);
    cache.expire_match(&old);
    assert_eq!(cache.get("k").map(|hit| hit.receipt().reason), Some(Reason::Stale));
    assert_eq!(cache.invalidate_match(&old), 1);
    cache.set_kickoff(&old, START + 48 * HOUR).expect("it has a state");
    cache.set_lineup_confirmed(&old, true).expect("it has a state");
    store(&btts);
    let receipt = *cache.get("k").expect("stored").receipt();
    assert_eq!((receipt.zone, receipt.ttl), (Zone::Standard, 12 * HOUR));
    let observe = |price| cache.observe_odds(&old, "home_win", price, START + world.sim.now());
    for _ in 0..10 {
        assert_eq!(observe(2.0).expect("in order"), Volatility::Normal);
    }
    assert_eq!(observe(9.0).expect("in order"), Volatility::Panic);
    assert!(cache.get("k").is_none(), "readers go around the cache");
    assert_eq!(cache.set_status(&old, None, TradingStatus::Closed).expect("known"), 1);
    assert_eq!(world.read_now(&btts, 3).1.reason, Reason::Suspended);
}

/// An invalidation that finds nothing stored still finds what is being computed.
#[test]
fn a_compute_from_before_an_invalidation_is_joined_by_no_later_reader() {
    type Cover = fn(&World, &Scope);
    let covers: [(&str, Cover); 5] = [
        ("of the match", |world, a| assert_eq!(world.cache.invalidate_match(a), 0)),
        ("by an expiry", |world, a| world.cache.expire_match(a)),
        ("of the key", |world, _| assert!(!world.cache.invalidate("k"))),
        ("of a tag", |world, _| world.cache.invalidate_tag("team:a")),
        ("of all", |world, _| world.cache.invalidate_all()),
    ];
    for (what, cover) in covers {
        let world = World::new();
        let a = world.beyond("a");
        let context = Context::new(&a).tag("team:a");
        world.read("before", &context, 1);
        cover(&world, &a);
        world.read("after", &context, 2);
        world.read("names none", &Context::none(), 3);
        world.after(SECOND);
        assert_eq!(world.values(), [("before", 1)], "{what}");
        world.after(SECOND);
        assert_eq!(world.values(), [("after", 2), ("names none", 2)], "{what}");
    }
}

#[test]
fn a_compute_from_before_the_match_had_a_state_answers_nobody_after_an_invalidation() {
    type Cover = fn(&World, &Scope);
    let covers: [(&str, Cover); 4] = [
        ("of the match", |world, own| assert_eq!(world.cache.invalidate_match(own), 0)),
        ("by an expiry", |world, own| world.cache.expire_match(own)),
        ("by an event", |world, own| {
            world.cache.invalidate_event(own, "goalkeeper_change").expect("known");
        }),
        ("by a status", |world, own| {
            for status in [TradingStatus::Suspended, TradingStatus::Open] {
                world.cache.set_status(own, None, status).expect("known");
            }
        }),
    ];
    for (what, cover) in covers {
        let world = World::new();
        let old = world.beyond("a");
        world.read("before", &Context::new(&old), 1);
        let own = world.make_room("a");
        cover(&world, &own);
        // Forgotten, and beyond the bound once more.
        drop(own);
        let other = world.make_room("other");
        world.read("without a state again", &Context::new(&old), 2);
        world.read("names none", &Context::none(), 3);
        world.after(SECOND);
        assert_eq!(world.values(), [("before", 1)], "{what}");
        world.after(SECOND);
        assert_eq!(world.values(), [("without a state again", 2), ("names none", 2)], "{what}");
        drop(other);
    }
}

#[test]
fn readers_with_and_without_a_state_wait_for_their_own_computes() {
    let world = World::new();
    let old = world.beyond("a");
    world.read("without", &Context::new(&old), 1);
    let own = world.make_room("a");
    world.read("with", &Context::new(&own), 2);
    world.after(SECOND);
    assert_eq!(world.values(), [("without", 1)]);
    assert!(world.cache.peek("k").is_none());
    world.after(SECOND);
    assert_eq!(world.values(), [("with", 2)]);
    assert_eq!(world.cache.peek("k").map(|hit| *hit), Some(2));
}

#[test]
fn the_loader_answers_a_read_and_fills_nothing() {
    let world = World::with(|builder| {
        builder.loader(|key: String, context: Context| async move {
            assert_eq!(context.scope().map(Scope::name), Some("a"));
            Ok::<_, std::io::Error>(u32::try_from(key.len()).expect("short"))
        })
    });
    let (cache, context) = (world.cache.clone(), Context::new(&world.beyond("a")));
    let answers = Arc::clone(&world.answers);
    let _task = world.sim.spawn(Box::pin(async move {
        let answer = cache.explain_read("k", &context).await.expect("it has a loader");
        answers.lock().expect("no panic").push(("loaded", answer));
    }));
    world.sim.run_until_idle();
    let (_, answer) = world.got().pop().expect("loaded at once");
    assert_eq!(answer.receipt.reason, Reason::OverBound);
    assert_eq!(answer.outcome.map(|value| *value).ok(), Some(1));
    assert!(world.cache.get("k").is_none());
}

#[test]
fn a_bound_that_is_raised_gives_older_handles_a_state() {
    let world = World::new();
    let old = world.beyond("a");
    let mut config = kairos_cache::Config::default();
    config.bounds.matches = 2;
    world.cache.reload(&config).expect("in range");
    let own = world.cache.try_scope("a").expect("room for two");
    assert!(world.cache.insert("k", &Context::new(&old), 1).expect("a plain context"));
    assert_eq!(world.cache.invalidate_match(&own), 1);
}
