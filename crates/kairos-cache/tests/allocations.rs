//! Claim: a thread that has been served a value once is served it again without allocating.
// Never knows: what is remembered; it counts what its own thread asks the allocator for.
// Read next: `../src/store/near.rs`.
#![cfg(not(kairos_loom))]

use std::pin::pin;
use std::task::{Context as Cx, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kairos_cache::{Builder, Cache, Clock, Context, Key, Pinned, Reason};

/// How often this thread allocates in `work`.
fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

const KEYS: u64 = 100;

/// How often each key is read: often enough for moka to be told of reads, and for places to be looked after.
const ROUNDS: usize = 300;

/// A cache whose values belong to a match with a kickoff, a line-up and tags.
struct World<K> {
    cache: Cache<K, u64>,
    context: Context,
    keys: Vec<K>,
}

impl<K: Key> World<K> {
    /// Reads are hardly ever timed: the histogram grows where it meets times of another order.
    fn new(builder: Builder<K, u64>, now: SystemTime, key: impl Fn(u64) -> K) -> World<K> {
        let builder = builder.xfetch_enabled(false).latency_sampling(u32::MAX);
        let cache = builder.build().unwrap();
        let scope = cache.scope("m");
        let kickoff = now + Duration::from_secs(20 * 3600);
        let context = Context::new(&scope).market("btts").kickoff(kickoff).tag("a").tag("b");
        let context = context.lineup_confirmed(true);
        let keys: Vec<K> = (0..KEYS).map(key).collect();
        for key in &keys {
            assert!(cache.insert(key, &context, 1).unwrap());
        }
        World { cache, context, keys }
    }

    /// Reads each key in every way that may be served what is remembered.
    fn read_all(&self, pins: &mut [Pinned<K, u64>]) {
        let (cache, context) = (&self.cache, &self.context);
        for (key, pin) in self.keys.iter().zip(pins) {
            assert_eq!(cache.get(key).map(|hit| (*hit, hit.receipt().reason)), FRESH);
            assert_eq!(
                cache.check(key, context).ok().map(|hit| (*hit, hit.receipt().reason)),
                FRESH
            );
            for context in [context, &Context::none()] {
                let found = || async { Ok::<_, std::io::Error>(2) };
                let read = pin!(cache.get_or_compute(key, context, found));
                let Poll::Ready(Ok(hit)) = read.poll(&mut Cx::from_waker(Waker::noop())) else {
                    panic!("a fresh value waits for nothing");
                };
                assert_eq!(Some((*hit, hit.receipt().reason)), FRESH);
            }
            let found = || Ok::<_, std::io::Error>(2);
            assert_eq!(
                cache.blocking().get_or_compute(key, context, found).ok().map(|hit| *hit),
                Some(1)
            );
            assert_eq!(pin.get(), Some(&1));
            assert_eq!(pin.read().map(|hit| (*hit, hit.receipt().reason)), FRESH);
        }
    }

    /// How often it allocates to read each key so often, after each has been read once; `between` comes
    /// between one time and the next.
    fn allocations(&self, rounds: usize, between: impl Fn()) -> u64 {
        let mut pins: Vec<_> = self.keys.iter().map(|key| self.cache.pin(key).unwrap()).collect();
        self.read_all(&mut pins);
        let mut counted = 0;
        for _ in 0..rounds {
            between();
            counted += allocations(|| self.read_all(&mut pins));
        }
        counted
    }
}

const FRESH: Option<(u64, Reason)> = Some((1, Reason::Fresh));

#[expect(clippy::disallowed_methods, reason = "the cache goes by the clocks of the machine here")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// By hand, so that seconds begin in between: the first hit of each has the breaker evaluate. That counts the
/// seconds in which a match with prices was read, and takes memory until its window is full.
fn by_hand<K: Key>(key: impl Fn(u64) -> K) -> u64 {
    let start = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let (clock, hand) = Clock::manual(start);
    let window = Duration::from_secs(60);
    let world = World::new(Cache::builder().clock(clock).breaker_window(window), start, key);
    for price in [2.0, 2.01, 2.0, 2.01, 2.0] {
        world.cache.observe_odds(world.context.scope().unwrap(), "home", price, start).unwrap();
    }
    let step = || hand.advance(Duration::from_millis(300));
    world.allocations(ROUNDS, step);
    world.allocations(ROUNDS, step)
}

/// By the clocks of the machine: the thread that publishes the time starts with one of the hits.
fn by_machine<K: Key>(key: impl Fn(u64) -> K) -> u64 {
    let world = World::new(Cache::builder(), now(), key);
    world.allocations(1, || {});
    world.allocations(ROUNDS, || {})
}

#[test]
fn what_a_thread_was_served_it_is_served_again_without_allocating() {
    let kept = || drop(std::hint::black_box(Box::new(1)));
    assert_ne!(allocations(kept), 0, "the counting works");
    let text = |n| format!("match:{n}:both teams to score");
    assert_eq!([by_hand(|n| n), by_hand(text)], [0, 0], "by hand");
    assert_eq!([by_machine(|n| n), by_machine(text)], [0, 0], "by the machine");
}

/// What the claim rests on: that the reads which are counted are served what is remembered.
#[test]
fn a_first_read_allocates_and_a_second_one_does_not() {
    let world = World::new(Cache::builder(), now(), |n| n);
    let cache = &world.cache;
    let read = || assert_eq!(cache.get(&1).map(|hit| *hit), Some(1));
    assert_ne!(allocations(read), 0, "what it remembers has to be somewhere");
    assert_eq!(allocations(read), 0);
}

/// The value itself is its caller's.
#[test]
fn a_value_takes_the_place_of_one_of_its_class_without_allocating() {
    fn stored_anew<K: Key>(key: impl Fn(u64) -> K) -> u64 {
        let World { cache, context, keys } = World::new(Cache::builder(), now(), key);
        let mut values = (0..).map(std::sync::Arc::new).take(2 * keys.len()).collect::<Vec<_>>();
        let mut store = || {
            for key in &keys {
                let value = values.pop().unwrap();
                assert!(cache.insert_arc(key, &context, value).unwrap());
            }
        };
        store();
        allocations(store)
    }
    assert_eq!([stored_anew(|n| n), stored_anew(|n| u64::MAX - n)], [0, 0]);
    assert_eq!(stored_anew(|n| format!("match:{n}:both teams to score")), 0);
}
