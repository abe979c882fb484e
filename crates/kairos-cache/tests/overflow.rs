//! Matches beyond the bound share a state: invalidated and barred too often, never too seldom.
//! Never knows: the insides of the cache. Everything runs on virtual time.
//! Read next: `../src/overflow.rs`, whose rules these are.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kairos_cache::{Builder, Cache, Context, Scope, Sim, TradingStatus, Zone};

const START: SystemTime = UNIX_EPOCH;
const HOUR: Duration = Duration::from_secs(3600);

/// A cache with room for one match, which is taken.
struct World {
    sim: Sim,
    cache: Cache<String, u32>,
    _taken: Scope,
}

impl World {
    fn new(configure: impl FnOnce(Builder<String, u32>) -> Builder<String, u32>) -> World {
        let sim = Sim::new(START);
        let builder = Cache::builder().sim(&sim).seed(1).max_matches(1);
        let cache = configure(builder).build().expect("in range");
        let taken = cache.scope("taken");
        World { sim, cache, _taken: taken }
    }

    fn overflow(&self, name: &str) -> Context {
        let scope = self.cache.scope(name);
        assert!(scope.is_overflow(), "{name}");
        assert_eq!(scope.name(), name);
        Context::new(&scope)
    }

    fn insert(&self, key: &str, context: &Context) -> bool {
        self.cache.insert(key, context, 1).expect("a plain context")
    }

    fn serves(&self, key: &str) -> bool {
        self.cache.peek(key).is_some()
    }

    /// Whether a read with a context is served what is stored.
    fn serves_to(&self, key: &str, context: &Context) -> bool {
        let compute = || async { Ok::<u32, std::io::Error>(2) };
        let (cache, key, context) = (self.cache.clone(), key.to_owned(), context.clone());
        let (send, receive) = std::sync::mpsc::channel();
        let _read = kairos_cache::Runtime::spawn(
            &self.sim,
            Box::pin(async move {
                let hit = cache.get_or_compute(&key, &context, compute).await.expect("it ends");
                send.send(*hit == 1).expect("the test waits");
            }),
        );
        self.sim.run_until_idle();
        receive.recv().expect("the read has ended")
    }
}

#[test]
fn a_read_that_names_another_match_misses() {
    let world = World::new(|builder| builder);
    let (a, b) = (world.overflow("a"), world.overflow("b"));
    world.insert("k", &a);
    assert!(world.serves_to("k", &world.overflow("a")), "another handle of the same match");
    assert!(!world.serves_to("k", &b));
}

#[test]
fn an_event_an_invalidation_and_an_expiry_reach_all() {
    let world = World::new(|builder| builder);
    let (a, b) = (world.overflow("a").market("btts"), world.cache.scope("b"));
    world.insert("k", &a);
    let outcome = world.cache.invalidate_event(&b, "goalkeeper_change").expect("known");
    assert_eq!((outcome.died, world.serves("k")), (1, false));
    world.insert("k", &a);
    world.cache.expire_match(&b);
    assert_eq!(world.cache.peek("k").map(|hit| hit.receipt().freshness), Some(0.0));
    world.insert("k", &a);
    assert_eq!(world.cache.invalidate_match(&b), 1);
    assert!(!world.serves("k"));
}

#[test]
fn nothing_is_served_past_the_earliest_kickoff() {
    let world = World::new(|builder| builder);
    let a = world.overflow("a").kickoff(START + 5 * HOUR).lineup_confirmed(true);
    world.insert("k", &a);
    assert!(world.serves("k"));
    world.insert("j", &world.overflow("b").kickoff(START + HOUR));
    world.sim.advance_to(HOUR);
    assert!(world.insert("k", &a) && world.serves("k"));
    world.sim.advance_to(HOUR + Duration::from_nanos(1));
    assert!(!world.serves("k") && !world.serves("j"));
    assert!(!world.insert("k", &a), "in play nothing is stored");
}

#[test]
fn no_line_up_and_no_far_kickoff_lengthens_a_ttl_beyond_the_default() {
    let world = World::new(|builder| builder);
    // Another match's kickoff in three days means 6 h, doubled by its line-up.
    world.insert("j", &world.overflow("b").kickoff(START + 72 * HOUR).lineup_confirmed(true));
    world.insert("k", &world.overflow("a"));
    let receipt = *world.cache.peek("k").expect("stored").receipt();
    assert_eq!((receipt.zone, receipt.ttl), (Zone::Standard, HOUR));
}

#[test]
fn a_suspension_bars_its_name_until_it_is_open_by_name_and_kills_all() {
    let world = World::new(|builder| builder);
    let (a, b) = (world.overflow("a"), world.overflow("b"));
    world.insert("a", &a);
    world.insert("b", &b);
    let set = |name: &str, status| {
        let scope = world.cache.scope(name);
        world.cache.set_status(&scope, None, status).expect("known")
    };
    assert_eq!(set("a", TradingStatus::Suspended), 2);
    assert!(!world.insert("a", &a) && world.insert("b", &b));
    assert!(!world.serves("a") && world.serves("b"));
    assert_eq!(set("b", TradingStatus::Open), 0);
    assert!(!world.insert("a", &a));
    assert_eq!(set("a", TradingStatus::Open), 1, "a real change, so what was stored dies");
    assert!(world.insert("a", &a) && world.serves("a"));
}

#[test]
fn one_suspension_too_many_bars_all_for_good() {
    let world = World::new(|builder| builder);
    let (a, b, c) = (world.overflow("a"), world.overflow("b"), world.overflow("c"));
    let set = |name: &str, status| {
        let scope = world.cache.scope(name);
        world.cache.set_status(&scope, None, status).expect("known");
    };
    // As many names are kept as matches have a state of their own: one.
    set("a", TradingStatus::Suspended);
    assert!(world.insert("c", &c));
    set("b", TradingStatus::Suspended);
    set("a", TradingStatus::Open);
    set("b", TradingStatus::Open);
    assert!(![(&a, "a"), (&b, "b"), (&c, "c")].iter().any(|(at, key)| world.insert(key, at)));
}

#[test]
fn a_panic_of_one_sends_readers_of_all_around_and_windows_are_not_mixed() {
    let world = World::new(|builder| builder);
    let (a, b) = (world.cache.scope("a"), world.cache.scope("b"));
    let observe = |scope: &Scope, price| {
        world.cache.observe_odds(scope, "home", price, START + world.sim.now()).expect("in order")
    };
    for second in 0..10 {
        world.sim.advance_to(Duration::from_secs(second));
        assert_eq!(observe(&a, 2.0), kairos_cache::Volatility::Normal);
        assert_eq!(observe(&b, 8.0), kairos_cache::Volatility::Normal);
    }
    world.insert("b", &Context::new(&b));
    assert!(world.serves("b"));
    assert!(world.serves_to("b", &Context::new(&b).current_odds("home", 8.0)));
    assert_eq!(observe(&a, 8.0), kairos_cache::Volatility::Panic);
    assert!(!world.serves("b"));
}

#[test]
fn the_shared_state_is_left_as_soon_as_nobody_holds_it() {
    let world = World::new(|builder| builder.max_matches(2));
    let (own, a) = (world.cache.scope("own"), world.overflow("a").kickoff(START + HOUR));
    world.insert("k", &a);
    drop(own);
    assert!(world.cache.scope("a").is_overflow(), "a context and an entry hold it");
    assert!(!world.cache.scope("new").is_overflow(), "there is room for who never was there");
    drop(a);
    assert!(world.cache.scope("a").is_overflow(), "the entry holds it");
    // Past its kickoff the entry is served to nobody.
    world.sim.advance_to(2 * HOUR);
    let own_again = (0..10).find_map(|_| world.cache.try_scope("b").ok());
    assert!(own_again.is_some());
}
