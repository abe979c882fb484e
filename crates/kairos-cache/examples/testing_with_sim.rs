//! Testing code that uses the cache: hours of time in no time, and the same order in every run.
//! Never knows: real time, threads or a runtime.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::io;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, UNIX_EPOCH};

use kairos_cache::{Cache, Context, Error, Hit, Reason, Runtime as _, Sim};

const SECOND: Duration = Duration::from_secs(1);

/// The code under test: a price that takes its backend a while.
async fn quote(cache: Cache<String, f64>, sim: Sim, takes: Duration) -> Result<Hit<f64>, Error> {
    let backend = move || async move {
        sim.sleep(takes).await;
        Ok::<_, io::Error>(1.85)
    };
    cache.get_or_compute("12345:btts", &Context::none(), backend).await
}

/// Starts a quote as a task; what it came to is in the receiver once it has ended.
fn ask(
    cache: &Cache<String, f64>,
    sim: &Sim,
    takes: Duration,
) -> Receiver<Result<Hit<f64>, Error>> {
    let (tell, told) = mpsc::channel();
    let quote = quote(cache.clone(), sim.clone(), takes);
    // The handle of a task is only for aborting it. Nobody may be left to be told.
    let _task = sim.spawn(Box::pin(async move { drop(tell.send(quote.await)) }));
    sim.run_until_idle();
    told
}

fn main() -> Result<(), Error> {
    let sim = Sim::new(UNIX_EPOCH + 2_000_000_000 * SECOND);
    let cache: Cache<String, f64> =
        Cache::builder().sim(&sim).seed(1).default_ttl(60 * SECOND).build()?;

    // A miss waits for its compute: 300 ms, not one less.
    let quote = ask(&cache, &sim, Duration::from_millis(300));
    sim.advance(Duration::from_millis(299));
    assert!(quote.try_recv().is_err());
    sim.advance(Duration::from_millis(1));
    assert_eq!(quote.try_recv().expect("it has ended")?.receipt().reason, Reason::Miss);
    println!("a miss is answered after exactly 300 ms");

    // A stale value is served at once while one refresh runs.
    sim.advance(61 * SECOND);
    let quotes = [(); 3].map(|()| ask(&cache, &sim, SECOND));
    let hits = quotes.map(|quote| quote.try_recv().expect("served at once").expect("stale"));
    assert!(hits.iter().all(|hit| hit.receipt().reason == Reason::Stale));
    assert_eq!(cache.activity().computes_for_refreshes, 1);
    sim.advance(SECOND);
    assert_eq!(cache.get("12345:btts").expect("refreshed").receipt().reason, Reason::Fresh);
    println!("three stale answers, one refresh");

    // A backend that never answers costs its readers the hard timeout, and no longer.
    cache.invalidate_all();
    let quote = ask(&cache, &sim, Duration::MAX);
    sim.advance(30 * SECOND);
    let error = quote.try_recv().expect("it has ended").expect_err("it has no value");
    assert!(matches!(error, Error::Timeout));
    println!("after 30 s: {error}");
    assert_eq!(sim.now(), Duration::from_millis(92_300));
    println!("{:.1?} have passed, on the clock of the simulation", sim.now());
    Ok(())
}
