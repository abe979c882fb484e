// A value that takes the place of a live one, by `insert`: where it belongs, and what of the old one goes on.
// Never knows: whether the place, the class or the memory of the old one is taken over.
// Read next: `../stress/renewals.rs`, several threads that store one key.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use kairos_cache::{Cache, Clock, Context, Scope, TradingStatus};

struct World {
    cache: Cache<u8, u64>,
    scope: Scope,
}

impl World {
    fn new() -> World {
        let cache: Cache<u8, u64> = Cache::builder().build().expect("the defaults");
        let scope = cache.scope("m");
        World { cache, scope }
    }

    fn context(&self, tag: &str) -> Context {
        Context::new(&self.scope).market("btts").tag(tag)
    }

    fn store(&self, context: &Context, value: u64) {
        assert!(self.cache.insert(&1, context, value).expect("a known market"), "{value}");
    }

    fn stored(&self) -> Option<u64> {
        self.cache.peek(&1).map(|hit| *hit)
    }
}

#[test]
fn who_is_served_the_old_value_keeps_it_and_everybody_else_has_the_new_one() {
    let world = World::new();
    let context = world.context("a");
    world.store(&context, 1);
    let (guard, mut pin) = (world.cache.get(&1), world.cache.pin(&1).expect("stored"));
    assert_eq!(pin.get(), Some(&1));
    for value in 2..5 {
        world.store(&context, value);
        assert_eq!((world.stored(), pin.get()), (Some(value), Some(&value)));
        assert_eq!(world.cache.get(&1).map(|hit| *hit), Some(value));
    }
    assert_eq!(guard.map(|hit| *hit), Some(1));
    assert_eq!(world.cache.invalidate_match(&world.scope), 1, "it counts once");
}

#[test]
fn a_value_goes_by_its_own_tags_market_and_match_and_no_longer_by_those_before_it() {
    let world = World::new();
    let other = Context::new(&world.cache.scope("other")).market("btts").tag("b");
    let goals = Context::new(&world.scope).market("over_under_25").tag("b");
    for (next, value) in [(world.context("b"), 2), (other, 3), (goals, 4), (Context::none(), 5)] {
        world.store(&world.context("a"), 1);
        world.store(&next, value);
        world.store(&next, value + 10);
        world.cache.invalidate_tag("a");
        assert_eq!(world.stored(), Some(value + 10));
        if next.scope().is_none() {
            continue;
        }
        world.cache.invalidate_tag("b");
        assert_eq!(world.stored(), None);
    }
}

/// A row that an invalidation of its match or by an event has ended still stands in its place.
#[test]
fn a_value_that_comes_after_an_invalidation_is_served_and_dies_by_the_next() {
    let world = World::new();
    let context = world.context("a");
    for value in 0..3 {
        world.store(&context, value);
        world.store(&context, value + 10);
        assert_eq!(world.stored(), Some(value + 10));
        assert_eq!(world.cache.invalidate_match(&world.scope), 1);
        assert_eq!(world.stored(), None);
        world.store(&context, value + 20);
        assert_eq!(world.stored(), Some(value + 20));
        world.cache.invalidate_all();
        assert_eq!(world.stored(), None);
    }
}

#[test]
fn an_old_value_is_dropped_once_the_new_one_stands() {
    let cache: Cache<u8, Arc<()>> = Cache::builder().build().expect("the defaults");
    let (first, second) = (Arc::new(()), Arc::new(()));
    let context = Context::none();
    assert!(cache.insert(&1, &context, Arc::clone(&first)).expect("room"));
    assert!(cache.insert(&1, &context, Arc::clone(&second)).expect("room"));
    assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (1, 2));
}

#[test]
fn nothing_takes_the_place_of_what_a_suspension_or_the_switch_bars() {
    let world = World::new();
    let context = world.context("a");
    world.store(&context, 1);
    world.cache.set_enabled(false);
    assert!(!world.cache.insert(&1, &context, 2).expect("a known market"));
    world.cache.set_enabled(true);
    world.store(&context, 3);
    let market = Some("btts");
    world.cache.set_status(&world.scope, market, TradingStatus::Suspended).expect("known");
    assert!(!world.cache.insert(&1, &context, 4).expect("a known market"));
    assert_eq!(world.stored(), None);
}

#[test]
fn a_value_has_the_age_and_the_zone_of_its_own_insertion() {
    let (clock, hand) = Clock::manual(UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let cache: Cache<u8, u64> = Cache::builder().clock(clock).build().expect("the defaults");
    let context = Context::none();
    assert!(cache.insert(&1, &context, 1).expect("room"));
    cache.expire(&1);
    hand.advance(Duration::from_secs(7));
    assert!(cache.insert(&1, &context, 2).expect("room"));
    hand.advance(Duration::from_secs(1));
    let hit = cache.get(&1).expect("what was expired is gone");
    assert_eq!((*hit, hit.receipt().age), (2, Duration::from_secs(1)));
}
