// What leaves a cache, written down with serde and read back.
// Never knows: the insides of the cache.
// Read next: `subscribe.rs`, the notices as they come.

use std::fmt::Debug;

use kairos_cache::{Activity, Cache, Context, EventOutcome, Receipt, Sim, Sizes, StatsSnapshot};
use serde::de::DeserializeOwned;
use serde_json::{from_str, json, to_string, to_value};

use crate::stage::start;

fn world() -> Cache<String, u32> {
    let sim = Sim::new(start());
    let cache: Cache<String, u32> = Cache::builder().sim(&sim).build().expect("defaults");
    let context = Context::new(&cache.scope("m")).market("btts");
    cache.insert("key", &context, 7).expect("a known market");
    cache
}

/// The text of `value`, which reads back as the same.
fn check<T: serde::Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> String {
    let text = to_string(value).expect("plain data");
    assert_eq!(&from_str::<T>(&text).expect("what was written"), value);
    text
}

#[test]
fn the_outcome_of_an_event_has_the_fields_of_its_decision() {
    let cache = world();
    let outcome = cache.invalidate_event(&cache.scope("m"), "weather_rain").expect("known");
    let markets = ["over_under_25", "corners_over_under", "cards_over_under", "clean_sheet"];
    let written = to_value(&outcome).expect("plain data");
    assert_eq!(written["markets"], json!(markets));
    assert_eq!((&written["died"], &written["cpu_saved_pct"]), (&json!(0), &json!(66.7)));
    check::<EventOutcome>(&outcome);
}

#[test]
fn counts_and_sizes_are_objects_of_their_fields() {
    let cache = world();
    let hit = cache.get("key").expect("stored");
    assert_eq!(to_value(&hit).expect("plain data")["value"], json!(7));
    assert_eq!(to_value(&hit).expect("plain data")["reason"], json!("fresh"));
    check::<Receipt>(hit.receipt());

    let stats = check::<StatsSnapshot>(&cache.stats());
    assert_eq!(from_str::<serde_json::Value>(&stats).expect("JSON")["cache_hit_fresh"], json!(1));
    cache.run_pending_tasks();
    let sizes = check::<Sizes>(&cache.sizes());
    assert_eq!(sizes, r#"{"entries":1,"matches":1,"tags":5,"flights":0}"#);
    let activity = check::<Activity>(&cache.activity());
    assert!(activity.contains(r#""observations_refused":0"#), "{activity}");
}

#[test]
fn counts_that_a_line_does_not_have_are_zero() {
    let activity: Activity = from_str(r#"{"evictions":3}"#).expect("an object");
    assert_eq!((activity.evictions, activity.computes_queued), (3, 0));
    let sizes: Sizes = from_str(r#"{"matches":2,"of a later version":9}"#).expect("an object");
    assert_eq!((sizes.matches, sizes.entries), (2, 0));
}
