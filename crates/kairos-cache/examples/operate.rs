//! Operation: the metrics page, notices for subscribers, a new configuration, the switch, the end.
//! Never knows: the server that answers a scrape; `examples/odds-service` has one.
//! Read next: `docs/operations.md`, for what to watch.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use kairos_cache::{Cache, Config, Context, Error, Notice, Reason};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let cache: Cache<String, f64> = Cache::builder().name("prices").build()?;
    let none = Context::none();
    let mut notices = cache.subscribe();

    // What a scraper is answered: the format that it asks for, and the header to send with it.
    for _ in 0..3 {
        cache.get_with("btts", &none, || async { 1.85 }).await?;
    }
    let page = cache.registry().respond(Some("text/plain;version=0.0.4"));
    let line = r#"kairos_cache_computes_total{cache="prices",kind="miss"} 1"#;
    assert!(page.body.lines().any(|other| other == line));
    println!("{}\n{line}", page.content_type);

    // The same counts as plain data.
    let (stats, sizes) = (cache.stats(), cache.sizes());
    assert_eq!((stats.total_requests, stats.strategy_serve_fresh, sizes.flights), (3, 2, 0));
    println!("{} reads, {} of them fresh", stats.total_requests, stats.strategy_serve_fresh);

    // A configuration that is out of range changes nothing and says what it should be.
    let mut config = Config::default();
    config.swr.stale_multiplier = 0.5;
    println!("{}", cache.reload(&config).expect_err("it is below 1"));
    config.swr.stale_multiplier = 1.0;
    config.computes.hard_timeout = Duration::from_secs(3);
    cache.reload(&config)?;

    // The kill switch: every read computes, and nothing is stored or served until it is on again.
    cache.set_enabled(false);
    let hit = cache.get_with("btts", &none, || async { 1.90 }).await?;
    assert_eq!((*hit, hit.receipt().reason), (1.90, Reason::Disabled));
    cache.set_enabled(true);
    let hit = cache.get("btts").expect("what was stored before is there still");
    assert_eq!((*hit, hit.receipt().reason), (1.85, Reason::Fresh));
    drop(hit);

    // The end: stored values are served, no compute begins, and subscribers hear no more.
    cache.shutdown().await?;
    let refused = cache.get_with("corners", &none, || async { 3.0 }).await;
    assert!(matches!(refused, Err(Error::ShutDown)));
    let mut told = Vec::new();
    while let Some(notice) = notices.next().await {
        println!("notice: {notice:?}");
        told.push(notice);
    }
    let [Notice::Reloaded, Notice::Switched { enabled: false }, Notice::Switched { enabled: true }] =
        told[..]
    else {
        panic!("other notices: {told:?}")
    };
    Ok(())
}
