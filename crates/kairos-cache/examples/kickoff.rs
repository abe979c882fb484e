//! Kickoff: a value's TTL shrinks as its match comes near, and after kickoff nothing is stored.
//! Never knows: real time; the clock is moved by hand.
//! Read next: `volatility.rs`, for what prices do to it.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::io;
use std::time::{Duration, UNIX_EPOCH};

use kairos_cache::{Cache, Context, Reason, Sim, Zone};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

fn main() -> Result<(), kairos_cache::Error> {
    // A simulation has a clock of its own, here one that begins in 2033.
    let start = UNIX_EPOCH + Duration::from_secs(2_000_000_000);
    let sim = Sim::new(start);
    let cache: Cache<&str, f64> = Cache::builder().sim(&sim).build()?;
    let match_ = cache.scope("12345");
    match_.set_kickoff(start + 30 * HOUR)?;
    let btts = Context::new(&match_).market("btts");
    let read = || cache.blocking().get_or_compute(&"btts", &btts, || Ok::<_, io::Error>(1.85));

    for (to_kickoff, zone, ttl) in [
        (30 * HOUR, Zone::Standard, 6 * HOUR),
        (20 * HOUR, Zone::Prematch, HOUR),
        (5 * HOUR, Zone::Active, 15 * MINUTE),
        (50 * MINUTE, Zone::Golden, MINUTE),
        (10 * MINUTE, Zone::Warmup, MINUTE / 2),
    ] {
        sim.advance_to((30 * HOUR).saturating_sub(to_kickoff));
        let receipt = *read()?.receipt();
        assert_eq!((receipt.zone, receipt.ttl), (zone, ttl));
        let minutes = |time: Duration| time.as_secs_f64() / 60.0;
        println!(
            "{:>4} min to kickoff: {zone}, fresh for {} min",
            minutes(to_kickoff),
            minutes(ttl)
        );
    }

    // A match that is put off is far from its kickoff again, at once and for every reader.
    match_.set_kickoff(start + 32 * HOUR)?;
    let receipt = *cache.get(&"btts").expect("computed just now").receipt();
    assert_eq!((receipt.zone, receipt.reason), (Zone::Active, Reason::Fresh));
    println!("put off by two hours: {}, {}", receipt.zone, receipt.reason);

    // In play every read computes: what was stored before kickoff is not served, and nothing is stored.
    sim.advance_to(32 * HOUR + MINUTE);
    for _ in 0..2 {
        assert_eq!(read()?.receipt().reason, Reason::Miss);
    }
    println!("in play: each read computes");

    // Who wants values to be kept in play says for how long.
    let mut config = kairos_cache::Config::default();
    config.golden_hour.in_play_ttl = Duration::from_secs(2);
    cache.reload(&config)?;
    read()?;
    assert_eq!(read()?.receipt().reason, Reason::Fresh);
    println!("with golden_hour.in_play_ttl of 2 s: fresh");
    Ok(())
}
