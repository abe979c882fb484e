// Pins against reads: at every moment a pin says what `get` says, receipt included.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `../loader/fills.rs`, pins that have their key loaded.

use std::time::{Duration, SystemTime};

use kairos_cache::{
    Cache, Clock, Context, ManualClock, Pinned, Receipt, Scope, TradingStatus, Zone,
};

use crate::stage::{HOUR, SECOND, start};

const MINUTE: Duration = Duration::from_secs(60);

struct World {
    cache: Cache<u64, u64>,
    hand: ManualClock,
    scope: Scope,
    pin: Pinned<u64, u64>,
}

impl World {
    /// A value of a match with this kickoff, stored now and pinned.
    fn new(kickoff: SystemTime) -> World {
        let (clock, hand) = Clock::manual(start());
        let cache: Cache<u64, u64> =
            Cache::builder().clock(clock).xfetch_enabled(false).build().expect("in range");
        let scope = cache.scope("m");
        for _ in 0..5 {
            cache.observe_odds(&scope, "home", 2.0, start()).expect("in order");
        }
        let context = Context::new(&scope).market("btts").kickoff(kickoff);
        assert!(cache.insert(&1, &context, 10).expect("known"));
        let pin = cache.pin(&1).expect("fresh");
        World { cache, hand, scope, pin }
    }

    /// What the pin says, which is what `get` says.
    fn agreed(&mut self) -> Option<Receipt> {
        let pinned = self.pin.read().map(|hit| *hit.receipt());
        assert_eq!(pinned, self.cache.get(&1).map(|hit| *hit.receipt()));
        assert_eq!(self.pin.get().is_some(), pinned.is_some());
        pinned
    }

    fn zone(&mut self) -> Option<Zone> {
        self.agreed().map(|receipt| receipt.zone)
    }
}

#[test]
fn a_pin_and_a_read_agree_at_every_minute_of_a_day_towards_kickoff() {
    let mut world = World::new(start() + 24 * HOUR + MINUTE);
    let mut zones = Vec::new();
    for minute in 0..26 * 60 {
        if minute % 20 == 0 {
            // A new value, so that something is fresh or stale most of the time.
            let context = Context::new(&world.scope).market("btts");
            world.cache.insert(&1, &context, minute).expect("known");
        }
        zones.extend(world.zone());
        world.hand.advance(MINUTE);
    }
    zones.dedup();
    let expected = [Zone::Standard, Zone::Prematch, Zone::Active, Zone::Golden, Zone::Warmup];
    assert_eq!(zones, expected, "and nothing once it has kicked off");
}

#[test]
fn a_value_that_stays_fresh_into_the_next_zone_reports_that_zone() {
    let mut world = World::new(start() + 24 * HOUR + MINUTE);
    assert_eq!(world.zone(), Some(Zone::Standard));
    assert_eq!(world.zone(), Some(Zone::Standard), "remembered");
    world.hand.advance(10 * MINUTE);
    let receipt = world.agreed().expect("fresh");
    assert_eq!((receipt.zone, receipt.ttl, receipt.age), (Zone::Prematch, HOUR, 10 * MINUTE));
    assert!((receipt.freshness - 50.0 / 60.0).abs() < 1e-9);
}

#[test]
fn a_pin_obeys_another_kickoff_a_line_up_and_a_step_of_the_wall_clock_at_once() {
    let mut world = World::new(start() + 5 * HOUR);
    assert_eq!(world.zone(), Some(Zone::Active));
    world.cache.set_lineup_confirmed(&world.scope, true).expect("its own match");
    assert_eq!(world.agreed().map(|receipt| receipt.ttl), Some(30 * MINUTE));
    world.cache.set_kickoff(&world.scope, start() + 30 * HOUR).expect("its own match");
    assert_eq!(world.zone(), Some(Zone::Standard));
    world.hand.step_wall(start() + 29 * HOUR + 30 * MINUTE);
    assert_eq!(world.zone(), Some(Zone::Golden));
    world.hand.step_wall(start() + 31 * HOUR);
    assert_eq!(world.zone(), None);
}

#[test]
fn a_pin_obeys_the_beginning_and_the_end_of_a_hold() {
    let mut world = World::new(start() + 5 * HOUR);
    assert!(world.agreed().is_some());
    let now = start();
    world.cache.observe_odds(&world.scope, "home", 9.0, now).expect("in order");
    assert!(world.agreed().is_none(), "panicking");
    world.hand.advance(Duration::from_nanos(29_999_999_999));
    assert!(world.agreed().is_none(), "to the last nanosecond");
    world.hand.advance(Duration::from_nanos(1));
    assert!(world.agreed().is_some(), "calm again");
    // Sigma is its floor, 0.01: 1.7 of them above the mean is a warning.
    world.cache.observe_odds(&world.scope, "draw", 2.0, now).expect("in order");
    for _ in 0..4 {
        world.cache.observe_odds(&world.scope, "draw", 2.0, now).expect("in order");
    }
    let at = now + 30 * SECOND;
    world.cache.observe_odds(&world.scope, "draw", 2.017, at).expect("in order");
    assert_eq!(world.agreed().map(|receipt| receipt.ttl), Some(MINUTE), "capped while it holds");
    world.hand.advance(30 * SECOND);
    assert_eq!(world.agreed().map(|receipt| receipt.ttl), Some(15 * MINUTE));
}

#[test]
fn a_pin_obeys_each_kind_of_invalidation_suspension_and_the_switch() {
    type Change = fn(&World);
    let changes: [(&str, Change); 8] = [
        ("key", |w| assert!(w.cache.invalidate(&1))),
        ("tag", |w| w.cache.invalidate_tag("goals")),
        ("match", |w| assert_eq!(w.cache.invalidate_match(&w.scope), 1)),
        ("all", |w| w.cache.invalidate_all()),
        ("event", |w| {
            assert_eq!(
                w.cache.invalidate_event(&w.scope, "lineup_confirmed").expect("known").died,
                1
            );
        }),
        ("market", |w| {
            let died = w.cache.set_status(&w.scope, Some("btts"), TradingStatus::Suspended);
            assert_eq!(died.expect("known"), 1);
        }),
        ("closed", |w| {
            let died = w.cache.set_status(&w.scope, None, TradingStatus::Closed);
            assert_eq!(died.expect("known"), 1);
        }),
        ("switch", |w| w.cache.set_enabled(false)),
    ];
    for (name, change) in changes {
        let mut world = World::new(start() + 5 * HOUR);
        assert!(world.agreed().is_some() && world.agreed().is_some(), "{name}");
        change(&world);
        assert!(world.agreed().is_none(), "{name}");
    }
}

#[test]
fn a_pin_obeys_each_kind_of_expiry() {
    type Change = fn(&World);
    let changes: [(&str, Change); 4] = [
        ("key", |w| w.cache.expire(&1)),
        ("tag", |w| w.cache.expire_tag("goals")),
        ("match", |w| w.cache.expire_match(&w.scope)),
        ("all", |w| w.cache.expire_all()),
    ];
    for (name, change) in changes {
        let mut world = World::new(start() + 5 * HOUR);
        assert_eq!(world.agreed().map(|receipt| receipt.freshness), Some(1.0), "{name}");
        change(&world);
        let receipt = world.agreed().expect("stale is served");
        assert_eq!((receipt.reason.name(), receipt.freshness), ("stale", 0.0), "{name}");
    }
}
