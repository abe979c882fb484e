//! Events: news end exactly the values that it concerns, and so do tags, matches and statuses.
//! Never knows: where news come from.
//! Read next: `subscribe` in `operate.rs`, for who wants to be told.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use kairos_cache::{Cache, Context, Error, Reason, TradingStatus};

fn main() -> Result<(), Error> {
    let cache: Cache<String, f64> = Cache::builder().build()?;
    let arsenal_chelsea = cache.scope("arsenal-chelsea");
    let context = |market| Context::new(&arsenal_chelsea).market(market).tag("team:arsenal");
    let markets = ["btts", "match_result", "corners_over_under", "penalty"];
    for market in markets {
        cache.insert(market, &context(market), 1.85)?;
    }
    // A standing that belongs to no match, but to the team.
    cache.insert("table:arsenal", &Context::none().tag("team:arsenal"), 2.0)?;

    // The event shares a tag with some markets: their values die, in one step for all of them.
    let outcome = cache.invalidate_event(&arsenal_chelsea, "goalkeeper_change")?;
    let alive: Vec<&str> = markets.into_iter().filter(|key| cache.peek(*key).is_some()).collect();
    assert_eq!((outcome.died, alive), (2, vec!["corners_over_under", "penalty"]));
    println!(
        "goalkeeper_change: {} died, {} % of the work saved",
        outcome.died, outcome.cpu_saved_pct
    );

    // A suspended market serves and stores nothing until it is open again.
    cache.set_status(&arsenal_chelsea, Some("penalty"), TradingStatus::Suspended)?;
    let read = || cache.blocking().get_with("penalty", &context("penalty"), || 4.0);
    assert_eq!(read()?.receipt().reason, Reason::Suspended);
    cache.set_status(&arsenal_chelsea, Some("penalty"), TradingStatus::Open)?;
    assert_eq!((read()?.receipt().reason, read()?.receipt().reason), (Reason::Miss, Reason::Fresh));
    println!("penalty suspended: computed and not stored; open: stored");

    // A soft end: what is expired is served once more while it is refreshed.
    cache.expire("penalty");
    assert_eq!(read()?.receipt().reason, Reason::Stale);
    println!("penalty expired: stale");

    // A tag reaches across matches, and what belongs to none.
    cache.invalidate_tag("team:arsenal");
    assert!(cache.peek("table:arsenal").is_none() && cache.peek("corners_over_under").is_none());
    println!("team:arsenal: nothing of it is left");
    Ok(())
}
