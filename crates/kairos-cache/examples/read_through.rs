//! Read through: one compute however many callers wait, and a receipt with every answer.
//! Never knows: a real backend; the price takes 40 ms of virtual time.
//! Read next: `kickoff.rs`, for how long a value stays fresh.
#![expect(clippy::disallowed_methods, reason = "virtual time, and a kickoff from now")]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use kairos_cache::{Cache, Clock, Context, Reason};

static ASKED: AtomicU32 = AtomicU32::new(0);

async fn backend() -> Result<f64, io::Error> {
    // Relaxed: a count, read by the same thread.
    ASKED.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(40)).await;
    Ok(1.85)
}

fn asked() -> u32 {
    // Relaxed: as above.
    ASKED.load(Ordering::Relaxed)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cache: Cache<String, f64> = Cache::builder().clock(Clock::tokio()).seed(1).build()?;
    let kickoff = SystemTime::now() + Duration::from_secs(45 * 60);
    let btts = Context::new(&cache.scope("12345")).market("btts").kickoff(kickoff);

    let (one, two) = tokio::join!(
        cache.get_or_compute("12345:btts", &btts, backend),
        cache.get_or_compute("12345:btts", &btts, backend),
    );
    assert_eq!((*one?, *two?, asked()), (1.85, 1.85, 1));
    println!("two readers at once, {} compute", asked());

    tokio::time::advance(Duration::from_secs(12)).await;
    let hit = cache.get_or_compute("12345:btts", &btts, backend).await?;
    assert_eq!((hit.receipt().reason, asked()), (Reason::Fresh, 1));
    println!("after 12 s: {}", serde_json::to_string_pretty(&hit)?);

    // In the golden hour a value is fresh for 60 s, and then served for 60 s more while it is refreshed.
    tokio::time::advance(Duration::from_secs(50)).await;
    let hit = cache.get_or_compute("12345:btts", &btts, backend).await?;
    assert_eq!(hit.receipt().reason, Reason::Stale);
    assert!(hit.receipt().refresh_started);
    println!("after 62 s: {}, and a refresh has begun", hit.receipt().reason);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let hit = cache.get_or_compute("12345:btts", &btts, backend).await?;
    assert_eq!((hit.receipt().reason, asked()), (Reason::Fresh, 2));
    println!("a second later: {}, by compute {}", hit.receipt().reason, asked());
    Ok(())
}
