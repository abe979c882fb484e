//! A loader, by which reads need no closure, and pins, for keys that are read all the time.
//! Never knows: a real backend.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use kairos_cache::{Cache, Clock, Context, Reason};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), kairos_cache::Error> {
    let loads = AtomicU32::new(0);
    let cache: Cache<String, String> = Cache::builder()
        .clock(Clock::tokio())
        .seed(1)
        .default_ttl(Duration::from_secs(60))
        .loader(move |key: String, context: Context| {
            // Relaxed: a count.
            let load = 1 + loads.fetch_add(1, Ordering::Relaxed);
            let market = context.market_name().unwrap_or("no market").to_owned();
            async move { Ok::<_, io::Error>(format!("{key} of {market}, load {load}")) }
        })
        .build()?;
    let match_ = cache.scope("12345");
    let btts = Context::new(&match_).market("btts");

    let hit = cache.read("12345:btts", &btts).await?;
    assert_eq!(*hit.value(), "12345:btts of btts, load 1");
    println!("{}: {}", hit.receipt().reason, *hit);

    // A pin hashes nothing: it remembers its entry, and notices when that has changed.
    let mut pin = cache.pin("12345:btts").expect("it was read just now");
    assert!(pin.get().is_some());

    // What is stale, the pin serves while the loader refreshes it behind.
    tokio::time::advance(Duration::from_secs(61)).await;
    let stale = pin.read().expect("for as long again as its TTL").into_hit();
    assert_eq!(stale.receipt().reason, Reason::Stale);
    until(&mut pin, "12345:btts of btts, load 2").await;
    println!("after 61 s: {} first, then {}", stale.receipt().reason, pin.get().expect("fresh"));

    // What an event has ended, it does not serve; the loader fills the key again.
    cache.invalidate_event(&match_, "goalkeeper_change")?;
    assert!(pin.get().is_none());
    until(&mut pin, "12345:btts of btts, load 3").await;
    println!("after an event: nothing first, then {}", pin.get().expect("fresh"));
    Ok(())
}

/// Lets the loads behind a pin come to their end.
async fn until(pin: &mut kairos_cache::Pinned<String, String>, expected: &str) {
    while pin.get().is_none_or(|value| value != expected) {
        tokio::task::yield_now().await;
    }
}
