// The bookmaker's news: a blocking thread that tells the cache of kickoffs, prices and events.
// Never knows: who reads what it makes known.
// Read next: `lib.rs`, which starts and ends it.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use kairos_cache::{Context, ErrorKind, Parts};

use crate::CACHE;

/// Obeys each line of news until the bookmaker or the end of the service closes the stream. Lines that
/// make no sense are reported and passed over.
///
/// # Errors
/// The stream breaks.
pub(crate) fn follow(stream: TcpStream) -> anyhow::Result<()> {
    for line in BufReader::new(stream).lines() {
        let line = line.context("the news broke off")?;
        if let Err(error) = obey(&line) {
            eprintln!("news {line:?}: {error:#}");
        }
    }
    Ok(())
}

/// Times are in milliseconds since the Unix epoch:
/// `kickoff FIXTURE MS`, `odds FIXTURE MARKET PRICE MS`, `event FIXTURE EVENT`.
fn obey(line: &str) -> anyhow::Result<()> {
    let words: Vec<&str> = line.split(' ').collect();
    match *words {
        ["kickoff", fixture, at] => CACHE.scope(fixture).set_kickoff(time(at)?)?,
        ["odds", fixture, market, price, at] => {
            CACHE.observe_odds(&CACHE.scope(fixture), market, price.parse()?, time(at)?)?;
        }
        ["event", fixture, event] => apply(fixture, event)?,
        _ => anyhow::bail!("no such news"),
    }
    Ok(())
}

/// Kills the prices that an event concerns, and reads the new ones before a customer has to wait for
/// them.
fn apply(fixture: &str, event: &str) -> anyhow::Result<()> {
    let scope = CACHE.scope(fixture);
    let outcome = CACHE.invalidate_event(&scope, event)?;
    for market in outcome.markets.iter() {
        let context = Context::new(&scope).market(market);
        match CACHE.blocking().read(&Parts((fixture, &**market)), &context) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Nothing => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn time(ms: &str) -> anyhow::Result<SystemTime> {
    Ok(SystemTime::UNIX_EPOCH + Duration::from_millis(ms.parse()?))
}
