// What a thread remembers of its reads: served where a read may be served it, and otherwise never.
// Never knows: the insides of the cache. Everything but the futures runs on virtual time.
// Read next: `pins.rs`, which remember too; `../invalidation/races.rs`, changes by other threads.

use std::pin::pin;
use std::task::{Context as Cx, Poll, Waker};
use std::time::Duration;

use kairos_cache::{
    Cache, Clock, Context, Error, Hit, Key, ManualClock, Reason, Receipt, Refused, Scope, Sim,
    TradingStatus, Value, Zone,
};

use crate::stage::{HOUR, SECOND, start};

const MINUTE: Duration = Duration::from_secs(60);

/// A cache with a value of a match, which this thread has been served twice.
struct World {
    sim: Sim,
    cache: Cache<u64, u64>,
    scope: Scope,
    btts: Context,
}

/// What is stored. A compute of a test finds something else.
const STORED: u64 = 10;
const FOUND: u64 = 20;

impl World {
    fn new() -> World {
        let sim = Sim::new(start());
        let cache: Cache<u64, u64> = Cache::builder().sim(&sim).build().expect("in range");
        let scope = cache.scope("m");
        for _ in 0..5 {
            cache.observe_odds(&scope, "home", 2.0, start()).expect("in order");
        }
        let btts = Context::new(&scope).market("btts").kickoff(start() + 5 * HOUR);
        assert!(cache.insert(&1, &btts, STORED).expect("known"));
        let world = World { sim, cache, scope, btts };
        world.remember();
        world
    }

    /// Has this thread be served the value twice: the second time it is remembered.
    fn remember(&self) {
        for _ in 0..2 {
            assert_eq!(self.read(&self.btts).expect("fresh"), (Reason::Fresh, STORED));
        }
    }

    fn read(&self, context: &Context) -> Result<(Reason, u64), Error> {
        let hit = self.hit(context)?;
        Ok((hit.receipt().reason, *hit))
    }

    fn hit(&self, context: &Context) -> Result<Hit<u64>, Error> {
        self.cache.blocking().get_or_compute(&1, context, || Ok::<_, std::io::Error>(FOUND))
    }
}

#[test]
fn a_read_with_a_limit_is_served_what_is_remembered_up_to_its_limit_alone() {
    let world = World::new();
    world.sim.advance(5 * SECOND);
    world.remember();
    let at_most = |age| world.btts.clone().max_age(age);
    let young = at_most(Duration::from_nanos(4_999_999_999));
    assert!(matches!(world.cache.check(&1, &young), Err(Refused::TooStale { .. })));
    let hit = world.hit(&at_most(5 * SECOND)).expect("fresh");
    assert_eq!((hit.receipt().reason, hit.receipt().age), (Reason::Fresh, 5 * SECOND));
    assert_eq!(world.read(&young).expect("computed"), (Reason::TooStale, FOUND));
}

#[test]
fn a_forced_read_is_not_served_what_is_remembered() {
    let world = World::new();
    let forced = world.btts.clone().force_refresh(true);
    let refused = world.cache.check(&1, &forced).map(|hit| *hit);
    assert!(matches!(refused, Err(Refused::TooStale { limit: Duration::ZERO, .. })));
    assert_eq!(world.read(&forced).expect("computed"), (Reason::Forced, FOUND));
    assert_eq!(world.read(&world.btts).expect("stored"), (Reason::Fresh, FOUND));
}

#[test]
fn a_read_with_prices_of_its_own_is_judged_by_them() {
    let world = World::new();
    let panics = world.btts.clone().current_odds("home", 9.0);
    assert_eq!(world.read(&panics).expect("computed"), (Reason::Panic, FOUND));
    // What that read found stands, and is served to others as before.
    assert_eq!(world.read(&world.btts).expect("stored"), (Reason::Fresh, FOUND));
    let calm = world.btts.clone().current_odds("home", 2.0);
    assert_eq!(world.read(&calm).expect("stored"), (Reason::Fresh, FOUND));
    assert_eq!(world.read(&panics).expect("computed"), (Reason::Panic, FOUND), "nor what calm was");
}

#[test]
fn a_read_of_another_market_is_not_served_what_is_remembered_where_that_market_is_suspended() {
    let world = World::new();
    let status = TradingStatus::Suspended;
    world.cache.set_status(&world.scope, Some("over_under_25"), status).expect("known");
    world.remember();
    let other = Context::new(&world.scope).market("over_under_25");
    assert_eq!(world.read(&other).expect("computed"), (Reason::Suspended, FOUND));
    let whole = Context::new(&world.scope);
    assert_eq!(world.read(&whole).expect("stored"), (Reason::Fresh, STORED));
    assert_eq!(world.read(&world.btts).expect("stored"), (Reason::Fresh, STORED));
}

#[test]
fn a_read_of_another_match_is_not_served_what_is_remembered() {
    let world = World::new();
    let other = Context::new(&world.cache.scope("n")).market("btts");
    assert!(matches!(world.cache.check(&1, &other), Err(Refused::Absent)));
    assert_eq!(world.read(&other).expect("computed"), (Reason::Miss, FOUND));
    for _ in 0..2 {
        assert_eq!(world.read(&other).expect("stored"), (Reason::Fresh, FOUND));
    }
    // Its own match has lost it, and a read of no match is served whatever is there.
    assert!(matches!(world.cache.check(&1, &world.btts), Err(Refused::Absent)));
    assert_eq!(world.read(&Context::none()).expect("stored"), (Reason::Fresh, FOUND));
}

#[test]
fn a_read_with_wrong_names_is_refused_beside_what_is_remembered() {
    let world = World::new();
    let stranger = Cache::<u64, u64>::builder().build().expect("in range");
    let of = stranger.scope("m");
    let foreign = Context::new(&of).market("btts").kickoff(start() + HOUR);
    assert!(matches!(world.read(&foreign), Err(Error::ForeignScope(_))));
    let refused = world.cache.check(&1, &foreign).map(|hit| *hit);
    assert!(matches!(refused, Err(Refused::Context(Error::ForeignScope(_)))));
    assert_eq!(of.kickoff(), None, "nor is another cache's match told anything");
    let unknown = Context::new(&world.scope).market("no such market");
    assert!(matches!(world.read(&unknown), Err(Error::UnknownMarket(_))));
    let no_match = Context::none().market("btts");
    assert!(matches!(world.read(&no_match), Err(Error::NoMatch(_))));
    assert!(matches!(world.read(&Context::none().kickoff(start())), Err(Error::NoMatch(_))));
}

#[test]
fn a_read_that_brings_a_kickoff_or_a_line_up_tells_its_match_and_obeys_it() {
    let world = World::new();
    let ttl_of = |context: &Context| {
        let hit = world.hit(context).expect("fresh");
        assert_eq!((hit.receipt().reason, *hit), (Reason::Fresh, STORED));
        (hit.receipt().zone, hit.receipt().ttl)
    };
    assert_eq!(ttl_of(&world.btts), (Zone::Active, 15 * MINUTE));
    assert_eq!(ttl_of(&world.btts.clone().lineup_confirmed(true)), (Zone::Active, 30 * MINUTE));
    let nearer = world.btts.clone().kickoff(start() + 30 * MINUTE);
    assert_eq!(ttl_of(&nearer), (Zone::Golden, MINUTE));
    assert_eq!(world.scope.kickoff(), Some(start() + 30 * MINUTE));
    // The kickoff of the context that was made first is the older one.
    assert_eq!(ttl_of(&world.btts), (Zone::Golden, MINUTE));
}

/// What a read says: its value and receipt.
type Said = Option<(u64, Receipt)>;

/// One cache of a pair that differ in what their threads remember.
struct Twin {
    cache: Cache<u64, u64>,
    hand: ManualClock,
    scope: Scope,
    context: Context,
}

impl Twin {
    fn new(slots: usize) -> Twin {
        let (clock, hand) = Clock::manual(start());
        let builder = Cache::builder().clock(clock).seed(7).near_slots(slots);
        let cache: Cache<u64, u64> = builder.build().expect("in range");
        let scope = cache.scope("m");
        for _ in 0..5 {
            cache.observe_odds(&scope, "home", 2.0, start()).expect("in order");
        }
        let context = Context::new(&scope).market("btts").kickoff(start() + 7 * HOUR);
        for key in 0..8 {
            assert!(cache.insert(&key, &context, key).expect("known"));
        }
        Twin { cache, hand, scope, context }
    }

    /// What every kind of read says of every key, one after the other.
    fn said(&self) -> Vec<Said> {
        let said = |value: &u64, receipt: &Receipt| Some((*value, *receipt));
        let mut all = Vec::new();
        for key in 0..8 {
            for _ in 0..3 {
                all.push(self.cache.get(&key).and_then(|hit| said(hit.value(), hit.receipt())));
                let checked = self.cache.check(&key, &self.context).ok();
                all.push(checked.and_then(|hit| said(hit.value(), hit.receipt())));
                let pinned = self.cache.pin(&key);
                let read = pinned.and_then(|mut pin| {
                    pin.get()?;
                    pin.read()
                });
                all.push(read.and_then(|hit| said(hit.value(), hit.receipt())));
            }
        }
        all
    }
}

#[test]
fn a_thread_that_remembers_nothing_is_served_the_same() {
    type Change = fn(&Twin);
    let changes: [(&str, Change); 12] = [
        ("time", |twin| twin.hand.advance(MINUTE)),
        ("key", |twin| assert!(twin.cache.invalidate(&1))),
        ("expired key", |twin| twin.cache.expire(&2)),
        ("replaced", |twin| assert!(twin.cache.insert(&3, &twin.context, 33).expect("known"))),
        ("removed", |twin| assert!(twin.cache.remove(&4).is_some())),
        ("tag of none", |twin| twin.cache.invalidate_tag("no such tag")),
        ("line-up", |twin| twin.cache.set_lineup_confirmed(&twin.scope, true).expect("its own")),
        ("panic", |twin| {
            twin.cache.observe_odds(&twin.scope, "home", 9.0, start()).expect("in order");
        }),
        ("calm", |twin| twin.hand.advance(30 * SECOND)),
        ("zone", |twin| twin.hand.advance(58 * MINUTE)),
        ("switched off", |twin| twin.cache.set_enabled(false)),
        ("switched on", |twin| twin.cache.set_enabled(true)),
    ];
    let (with, without) = (Twin::new(4096), Twin::new(0));
    assert!(with.said().iter().all(Option::is_some), "all are fresh");
    assert!(without.said().iter().all(Option::is_some), "all are fresh");
    let mut kinds = Vec::new();
    for (name, change) in changes {
        change(&with);
        change(&without);
        let said = with.said();
        assert_eq!(said, without.said(), "{name}");
        assert_eq!(with.cache.stats(), without.cache.stats(), "{name}");
        kinds.extend(said.into_iter().map(|said| said.map(|(_, receipt)| receipt.reason)));
    }
    for kind in [None, Some(Reason::Fresh), Some(Reason::Stale)] {
        assert!(kinds.contains(&kind), "{kind:?} is among what was said");
    }
}

fn is_send<T: Send>(sent: T) -> T {
    sent
}

/// The futures of reads may be sent whatever the key and value are, though what a thread remembers may not.
async fn reads_are_sent<K: Key, V: Value + Clone>(
    cache: &Cache<K, V>,
    key: &K,
    context: &Context,
    value: V,
) -> Result<Vec<Reason>, Error> {
    let found = || {
        let value = value.clone();
        move || async move { Ok::<_, std::io::Error>(value) }
    };
    let other = value.clone();
    let again = move |_| async move { Ok::<_, std::io::Error>(other) };
    let hits = [
        is_send(cache.get_or_compute(key, context, found())).await?,
        is_send(cache.get_or_refresh(key, context, again)).await?,
        is_send(cache.read(key, context)).await?,
    ];
    let all = move |keys: Vec<K>| {
        let found: Vec<_> = keys.into_iter().map(|key| (key, value.clone())).collect();
        async move { Ok::<_, std::io::Error>(found) }
    };
    let many = is_send(cache.get_many([(key, context)], all));
    let many = many.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(hits.iter().chain(&many).map(|hit| hit.receipt().reason).collect())
}

#[test]
fn a_future_that_is_served_what_is_remembered_may_be_sent_and_is_ready_at_once() {
    let sim = Sim::new(start());
    let loader = |_: String, _: Context| async { Ok::<_, std::io::Error>("loaded".to_owned()) };
    let builder = Cache::builder().sim(&sim).loader(loader);
    let cache: Cache<String, String> = builder.build().expect("in range");
    let (key, none) = ("a".to_owned(), Context::none());
    cache.insert("a", &none, "stored".to_owned()).expect("no match");
    for _ in 0..2 {
        assert!(cache.get("a").is_some());
    }
    let reads = pin!(is_send(reads_are_sent(&cache, &key, &none, "computed".to_owned())));
    let Poll::Ready(reasons) = reads.poll(&mut Cx::from_waker(Waker::noop())) else {
        panic!("a fresh value waits for nothing");
    };
    assert_eq!(reasons.expect("fresh"), [Reason::Fresh; 4]);
}
