// The recorded answers of the system that Kairos replaces, reproduced through the public API.
// Never knows: the insides of the cache.
// Read next: `../../vectors/`, the recordings.

use std::time::{Duration, UNIX_EPOCH};

use kairos_cache::{Cache, Context, Sim, Volatility};
use serde_json::Value;

use crate::stage::{Running, start};

fn lines(text: &str) -> impl Iterator<Item = Value> + '_ {
    text.lines().map(|line| serde_json::from_str(line).expect("recorded line is JSON"))
}

/// Runs a read whose compute finishes at once, and returns its receipt.
fn receipt(sim: &Sim, cache: &Cache<String, u32>, context: &Context) -> kairos_cache::Receipt {
    let (cache, context) = (cache.clone(), context.clone());
    let read = Running::start(sim, async move {
        let compute = || async { Ok::<u32, std::io::Error>(1) };
        let hit = cache.get_or_compute("key", &context, compute).await;
        *hit.expect("the compute succeeds").receipt()
    });
    read.take().expect("it has ended")
}

#[test]
fn golden_hour_gives_the_recorded_ttl_and_zone() {
    let mut checked = 0;
    for vector in lines(include_str!("../../vectors/golden_hour.jsonl")) {
        let to_kickoff = vector["seconds_to_kickoff"].as_i64().expect("seconds");
        let start = start();
        let kickoff = if to_kickoff < 0 {
            start - Duration::from_secs(to_kickoff.unsigned_abs())
        } else {
            start + Duration::from_secs(to_kickoff.unsigned_abs())
        };
        let sim = Sim::new(start);
        let cache: Cache<String, u32> = Cache::builder().sim(&sim).build().expect("defaults");
        let lineup = vector["lineup_confirmed"].as_bool().expect("bool");
        let scope = cache.scope("m");
        let context = Context::new(&scope).kickoff(kickoff).lineup_confirmed(lineup);
        let receipt = receipt(&sim, &cache, &context);
        assert_eq!(receipt.zone.name(), vector["zone"], "{vector}");
        assert_eq!(receipt.ttl.as_secs(), vector["ttl_s"].as_u64().expect("ttl"), "{vector}");
        checked += 1;
    }
    assert!(checked > 600, "only {checked} vectors");
}

#[test]
fn volatility_gives_the_recorded_score_status_and_ttl() {
    let mut checked = 0;
    for vector in lines(include_str!("../../vectors/volatility.jsonl")) {
        let start = start();
        let sim = Sim::new(start);
        let cache: Cache<String, u32> =
            Cache::builder().sim(&sim).min_relative_sigma(0.0).build().expect("in range");
        let scope = cache.scope("m");
        let observations = vector["observations"].as_array().expect("observations");
        for observation in observations {
            let at = Duration::from_millis(observation[0].as_u64().expect("ms"));
            sim.advance_to(at);
            let price = observation[1].as_f64().expect("price");
            cache.observe_odds(&scope, "home_win", price, start + at).expect("in order");
        }
        let current = vector["current"].as_f64().expect("price");
        let context = Context::new(&scope).current_odds("home_win", current);
        let receipt = receipt(&sim, &cache, &context);
        let z = vector["z_score"].as_f64().expect("z");
        assert!((receipt.z - z).abs() < 0.0005 + 1e-9, "z {} for {vector}", receipt.z);
        assert_eq!(receipt.volatility.name(), vector["status"], "{vector}");
        let bypass = receipt.strategy == kairos_cache::Strategy::Bypass;
        assert_eq!(bypass, vector["bypass"].as_bool().expect("bool"), "{vector}");
        assert_eq!(receipt.volatility == Volatility::Panic, bypass);
        if receipt.volatility == Volatility::Warning {
            // There the warning's TTL was worked out for the stored value; here it caps the TTL
            // of the reads that follow while the warning lasts.
            let again = self::receipt(&sim, &cache, &context);
            assert_eq!(again.ttl.as_secs(), vector["ttl_s"].as_u64().expect("ttl"), "{vector}");
        }
        checked += 1;
    }
    assert!(checked >= 90, "only {checked} vectors");
}

#[test]
fn events_affect_the_recorded_markets() {
    let recorded: Value =
        serde_json::from_str(include_str!("../../vectors/events.json")).expect("recorded JSON");
    let sim = Sim::new(UNIX_EPOCH);
    let cache: Cache<String, u32> = Cache::builder().sim(&sim).build().expect("defaults");
    let scope = cache.scope("m");
    let recorded = recorded.as_object().expect("an object by event");
    assert_eq!(recorded.len(), cache.event_graph().event_names().len());
    for (event, expected) in recorded {
        let outcome = cache.invalidate_event(&scope, event).expect("a known event");
        let markets: Vec<&str> = outcome.markets.iter().map(|market| &**market).collect();
        let expected_markets: Vec<&str> = expected["markets"]
            .as_array()
            .expect("markets")
            .iter()
            .map(|market| market.as_str().expect("a name"))
            .collect();
        assert_eq!(markets, expected_markets, "{event}");
        assert_eq!(outcome.total_markets as u64, expected["total_markets"], "{event}");
        assert_eq!(Some(outcome.impact_pct), expected["impact_pct"].as_f64(), "{event}");
        assert_eq!(Some(outcome.cpu_saved_pct), expected["cpu_saving_pct"].as_f64(), "{event}");
    }
}

#[test]
fn the_default_graph_is_the_recorded_one() {
    let markets: Value = serde_json::from_str(include_str!("../../vectors/market_tags.json"))
        .expect("recorded JSON");
    let sim = Sim::new(UNIX_EPOCH);
    let cache: Cache<String, u32> = Cache::builder().sim(&sim).build().expect("defaults");
    let graph = cache.event_graph();
    assert_eq!(graph.market_names().len(), markets.as_object().expect("an object").len());
    for (market, tags) in markets.as_object().expect("an object") {
        let id = graph.market(market).expect("a known market");
        let own: Vec<&str> = graph.market_tags(id).collect();
        assert_eq!(serde_json::json!(own), *tags, "{market}");
    }
    let events: Value =
        serde_json::from_str(include_str!("../../vectors/event_tags.json")).expect("recorded JSON");
    assert_eq!(graph.event_names().len(), events.as_object().expect("an object").len());
    for (event, tags) in events.as_object().expect("an object") {
        let id = graph.event(event).expect("a known event");
        let own: Vec<&str> = graph.event_tags(id).collect();
        assert_eq!(serde_json::json!(own), *tags, "{event}");
    }
}
