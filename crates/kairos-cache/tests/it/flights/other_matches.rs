// Readers of one key that name different matches: each gets the value of its own.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `../../../src/engine/read/waiting.rs`, where a read finds that it waited for another's value.

use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use kairos_cache::{Cache, Context, Error, Runtime, Sim};

const SECOND: Duration = Duration::from_secs(1);

type Answers = Arc<Mutex<Vec<(&'static str, Result<u32, String>)>>>;

struct World {
    sim: Sim,
    cache: Cache<String, u32>,
    answers: Answers,
}

impl World {
    fn new() -> World {
        let sim = Sim::new(UNIX_EPOCH);
        let builder = Cache::builder().sim(&sim).hard_timeout(SECOND * 10).xfetch_enabled(false);
        World { cache: builder.build().expect("in range"), sim, answers: Arc::default() }
    }

    fn of(&self, match_name: &str) -> Context {
        Context::new(&self.cache.scope(match_name))
    }

    /// Starts a read of "k" whose compute takes a second.
    fn read(&self, name: &'static str, context: &Context, result: Result<u32, &'static str>) {
        self.read_taking(SECOND, name, context, result);
    }

    fn read_taking(
        &self,
        takes: Duration,
        name: &'static str,
        context: &Context,
        result: Result<u32, &'static str>,
    ) {
        let (cache, sim, context) = (self.cache.clone(), self.sim.clone(), context.clone());
        let answers = Arc::clone(&self.answers);
        let _task = self.sim.spawn(Box::pin(async move {
            let compute = move || async move {
                sim.sleep(takes).await;
                result
            };
            let hit = cache.get_or_compute("k", &context, compute).await;
            let answer = hit.map(|hit| *hit).map_err(|error| match error {
                Error::Compute(error) => error.to_string(),
                other => other.to_string(),
            });
            answers.lock().expect("no panic").push((name, answer));
        }));
        self.sim.run_until_idle();
    }

    fn at(&self, second: u32) {
        self.sim.advance_to(SECOND * second);
    }

    fn got(&self) -> Vec<(&'static str, Result<u32, String>)> {
        std::mem::take(&mut *self.answers.lock().expect("no panic"))
    }
}

#[test]
fn a_reader_is_not_answered_by_a_running_compute_of_another_match() {
    for result in [Ok(1), Err("the first fails")] {
        for second in [Ok(2), Err("the second fails")] {
            let world = World::new();
            let (one, two) = (world.of("one"), world.of("two"));
            world.read("first", &one, result);
            world.read("joins", &one, Ok(7));
            world.read("other", &two, second);
            world.at(1);
            let first = result.map_err(str::to_owned);
            assert_eq!(world.got(), [("first", first.clone()), ("joins", first)]);
            world.at(2);
            assert_eq!(world.got(), [("other", second.map_err(str::to_owned))]);
            let stats = world.cache.stats();
            let computed = u64::from(result.is_ok()) + u64::from(second.is_ok());
            assert_eq!((stats.total_requests, stats.strategy_compute), (3, 3));
            assert_eq!((stats.cache_miss, stats.cache_errors), (3, 2 - computed));
            assert_eq!(world.cache.get("k").map(|hit| *hit), second.or(result).ok());
        }
    }
}

#[test]
fn a_reader_is_not_answered_by_a_pending_compute_of_another_match() {
    let world = World::new();
    let forced = |name| world.of(name).force_refresh(true);
    world.read("running", &world.of("one"), Ok(1));
    for (name, of, value) in [
        ("first of two", "two", Ok(2)),
        ("of one", "one", Ok(3)),
        ("second of two", "two", Ok(4)),
        ("of three", "three", Err("the third fails")),
    ] {
        world.read(name, &forced(of), value);
    }
    world.at(1);
    assert_eq!(world.got(), [("running", Ok(1))]);
    world.at(2);
    assert_eq!(world.got(), [("first of two", Ok(2)), ("second of two", Ok(2))]);
    world.at(3);
    assert_eq!(world.got(), [("of one", Ok(3))]);
    world.at(4);
    assert_eq!(world.got(), [("of three", Err("the third fails".to_owned()))]);
    let stats = world.cache.stats();
    assert_eq!((stats.total_requests, stats.strategy_bypass, stats.cache_errors), (5, 4, 1));
}

#[test]
fn a_reader_that_names_no_match_takes_the_value_of_any() {
    for result in [Ok(1), Err("it fails")] {
        let world = World::new();
        world.read("names one", &world.of("one"), result);
        world.read("names none", &Context::none(), Ok(2));
        world.at(1);
        let expected = result.map_err(str::to_owned);
        assert_eq!(world.got(), [("names one", expected.clone()), ("names none", expected)]);
    }
}

#[test]
fn a_reader_that_names_a_match_does_not_take_the_value_of_none() {
    let world = World::new();
    world.read("names none", &Context::none(), Ok(1));
    world.read("names one", &world.of("one"), Ok(2));
    world.at(5);
    assert_eq!(world.got(), [("names none", Ok(1)), ("names one", Ok(2))]);
}

#[test]
fn a_reader_joins_no_refresh_of_another_match() {
    let world = World::new();
    world.read("stores", &world.of("one"), Ok(1));
    world.at(3600 + 60);
    world.read("refreshes", &world.of("one"), Ok(2));
    world.read("other", &world.of("two"), Ok(3));
    world.at(3600 + 70);
    assert_eq!(world.got(), [("stores", Ok(1)), ("refreshes", Ok(1)), ("other", Ok(3))]);
}

/// A timeout answers readers of the compute's own match; the others have a compute to come.
#[test]
fn a_timeout_of_another_match_is_not_a_readers_own() {
    let world = World::new();
    let text = Error::Timeout.to_string();
    world.read_taking(SECOND * 100, "slow", &world.of("one"), Ok(1));
    world.read("other", &world.of("two"), Ok(2));
    world.at(30);
    assert_eq!(world.got(), [("slow", Err(text)), ("other", Ok(2))]);
}

#[test]
fn a_reader_of_another_match_that_goes_away_leaves_the_compute_to_its_own_readers() {
    let world = World::new();
    world.read("first", &world.of("one"), Ok(1));
    let (cache, two) = (world.cache.clone(), world.of("two"));
    let leaves = world.sim.spawn(Box::pin(async move {
        let compute = || async { Ok::<_, std::io::Error>(2) };
        let _never = cache.get_or_compute("k", &two, compute).await;
    }));
    world.sim.run_until_idle();
    leaves.abort();
    world.at(5);
    assert_eq!(world.got(), [("first", Ok(1))]);
    assert_eq!(world.cache.stats().total_requests, 1);
}

#[test]
fn readers_of_many_matches_behind_one_key_are_all_answered() {
    let world = World::new();
    for round in 0..3 {
        for (index, name) in ["a", "b", "c", "d", "e", "f", "g", "h"].into_iter().enumerate() {
            let forced = round == 1;
            let context = world.of(name).force_refresh(forced);
            world.read(name, &context, Ok(u32::try_from(index).expect("few")));
        }
    }
    world.at(60);
    let got = world.got();
    assert_eq!(got.len(), 24);
    for (name, value) in got {
        let own = u32::from(name.as_bytes()[0] - b'a');
        assert_eq!(value, Ok(own), "of {name}");
    }
    assert_eq!(world.cache.stats().total_requests, 24);
}

#[test]
fn readers_of_every_match_are_told_of_a_shutdown() {
    let world = World::new();
    let text = Error::ShutDown.to_string();
    let forced = |name| world.of(name).force_refresh(true);
    world.read("running", &world.of("one"), Ok(1));
    world.read("joined", &world.of("two"), Ok(2));
    world.read("pending", &forced("one"), Ok(3));
    world.read("behind it", &forced("two"), Ok(4));
    let cache = world.cache.clone();
    let shutdown = async move { cache.shutdown().await.expect("outside of any compute") };
    let _task = world.sim.spawn(Box::pin(shutdown));
    world.sim.run_until_idle();
    assert_eq!(world.got(), [("pending", Err(text.clone())), ("behind it", Err(text.clone()))]);
    world.at(1);
    assert_eq!(world.got(), [("running", Ok(1)), ("joined", Err(text))]);
}

#[test]
fn reads_of_one_key_for_two_matches_in_one_pass_each_get_their_own() {
    let world = World::new();
    let (cache, one, two) = (world.cache.clone(), world.of("one"), world.of("two"));
    let answers = Arc::clone(&world.answers);
    let calls = Arc::new(Mutex::new(0));
    let _task = world.sim.spawn(Box::pin(async move {
        let reads = [("k", &one), ("k", &two), ("k", &one)];
        let compute = move |keys: Vec<String>| {
            let mut calls = calls.lock().expect("no panic");
            *calls += 1;
            let call = *calls;
            async move { Ok::<_, std::io::Error>(keys.into_iter().map(move |key| (key, call))) }
        };
        for (name, hit) in
            ["first", "second", "third"].iter().zip(cache.get_many(reads, compute).await)
        {
            let answer = hit.map(|hit| *hit).map_err(|error| error.to_string());
            answers.lock().expect("no panic").push((name, answer));
        }
    }));
    world.at(1);
    assert_eq!(world.got(), [("first", Ok(1)), ("second", Ok(2)), ("third", Ok(1))]);
    assert_eq!(world.cache.stats().total_requests, 3);
}
