//! Volatility: a price that jumps sends readers around the cache, and thresholds fit to the feed.
//! Never knows: a real feed; its prices are drawn, the same in every run.
//! Read next: `events.rs`, for news that are no prices.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::io;
use std::time::{Duration, UNIX_EPOCH};

use kairos_cache::{Builder, Cache, Context, Error, Reason, Scope, Sim, Strategy, Volatility};

type Prices = Cache<&'static str, f64>;

struct Desk {
    sim: Sim,
    cache: Prices,
    scope: Scope,
}

impl Desk {
    fn new(
        configure: impl FnOnce(Builder<&'static str, f64>) -> Builder<&'static str, f64>,
    ) -> Result<Desk, Error> {
        let sim = Sim::new(UNIX_EPOCH + Duration::from_secs(2_000_000_000));
        let cache = configure(Cache::builder().sim(&sim)).build()?;
        let scope = cache.scope("12345");
        Ok(Desk { sim, cache, scope })
    }

    /// A price of the feed, and one second.
    fn price(&self, price: f64) -> Result<Volatility, Error> {
        self.sim.advance(Duration::from_secs(1));
        let now = UNIX_EPOCH + Duration::from_secs(2_000_000_000) + self.sim.now();
        self.cache.observe_odds(&self.scope, "home_win", price, now)
    }

    fn read(&self) -> Result<(Strategy, Reason), Error> {
        let context = Context::new(&self.scope).market("match_result");
        let compute = || Ok::<_, io::Error>(1.85);
        let hit = self.cache.blocking().get_or_compute(&"home", &context, compute)?;
        Ok((hit.receipt().strategy, hit.receipt().reason))
    }
}

/// A jump out of a calm market: for half a minute every read goes to the backend.
fn a_jump() -> Result<(), Error> {
    let desk = Desk::new(|builder| builder)?;
    for _ in 0..10 {
        assert_eq!(desk.price(1.85)?, Volatility::Normal);
    }
    assert_eq!(desk.read()?.1, Reason::Miss);
    assert_eq!(desk.read()?.1, Reason::Fresh);
    assert_eq!(desk.price(2.40)?, Volatility::Panic);
    let (strategy, reason) = desk.read()?;
    assert_eq!((strategy, reason), (Strategy::Bypass, Reason::Panic));
    println!("1.85 jumps to 2.40: {strategy} because of {reason}");
    desk.sim.advance(Duration::from_secs(30));
    assert_eq!(desk.read()?.1, Reason::Fresh);
    println!("30 s later: fresh again");
    Ok(())
}

/// Noise that is about normal: the sum of twelve even draws.
struct Noise(u64);

impl Noise {
    fn even(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1u32 << 31)
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.even()).sum::<f64>() - 6.0
    }
}

/// What became of the reads of an hour, in percent of them.
struct Hour {
    bypassed: f64,
    computes: f64,
}

/// A price a second, each 1 % around the same value, and ten reads after each.
fn a_lively_hour(
    configure: impl FnOnce(Builder<&'static str, f64>) -> Builder<&'static str, f64>,
) -> Result<Hour, Error> {
    const SECONDS: u32 = 3600;
    const READS: u32 = 10;
    let (desk, mut noise) = (Desk::new(configure)?, Noise(1));
    for _ in 0..SECONDS {
        desk.price(2.0 * (1.0 + 0.01 * noise.normal()))?;
        for _ in 0..READS {
            desk.read()?;
        }
    }
    let (stats, activity) = (desk.cache.stats(), desk.cache.activity());
    let computes = activity.computes_for_misses
        + activity.computes_for_bypasses
        + activity.computes_for_refreshes;
    let percent = |count: u64| 100.0 * count as f64 / f64::from(SECONDS * READS);
    Ok(Hour { bypassed: percent(stats.strategy_bypass), computes: percent(computes) })
}

fn main() -> Result<(), Error> {
    a_jump()?;
    let rows = [
        ("as it comes", a_lively_hour(|builder| builder)?),
        ("breaker off", a_lively_hour(|b| b.breaker_enabled(false))?),
        ("min_relative_sigma 0.02", a_lively_hour(|b| b.min_relative_sigma(0.02))?),
        ("sigmas 3 and 4", a_lively_hour(|b| b.warning_sigma(3.0).panic_sigma(4.0))?),
        ("volatility off", a_lively_hour(|b| b.volatility_enabled(false))?),
    ];
    println!("a price a second with 1 % of noise, ten reads after each:");
    println!("{:24}{:>10}{:>10}", "", "bypassed", "computes");
    for (name, Hour { bypassed, computes }) in &rows {
        println!("{name:24}{bypassed:>8.2} %{computes:>8.2} %");
    }
    let [default, no_breaker, .., off] = &rows;
    assert!(no_breaker.1.bypassed > 50.0 && default.1.computes < no_breaker.1.computes);
    assert!(off.1.bypassed == 0.0);
    Ok(())
}
