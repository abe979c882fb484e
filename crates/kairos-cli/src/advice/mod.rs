// Advice on a configuration: what of it has no effect, what noise sets off, and what does not fit a feed.
// Never says that a configuration is wrong: it is valid, and its owner may know better.
// Read next: `limits.rs` and `noise.rs` for a configuration alone, `feed.rs` for one beside a feed.

mod feed;
mod limits;
mod noise;
mod observed;
mod wording;

use kairos_cache::Config;

pub(crate) use self::observed::Observed;
pub(crate) use self::wording::Advice;

/// What can be said of a valid configuration without a feed.
pub(crate) fn of_config(config: &Config) -> Vec<Advice> {
    let mut advice = limits::of(config);
    advice.extend(noise::of(&config.volatility));
    advice
}

/// What of a configuration does not fit the prices and reads of a run with it.
pub(crate) fn of_run(config: &Config, observed: &Observed) -> Vec<Advice> {
    feed::of_run(config, observed)
}

/// What can be said of a valid configuration beside a feed, of which a [probe] of it has seen every score.
pub(crate) fn of_feed(config: &Config, observed: &Observed) -> Vec<Advice> {
    let mut advice = limits::of(config);
    advice.extend(feed::of_feed(config, observed));
    advice
}

/// The configuration with thresholds so low that every price which can be scored is a panic, and is told with its score.
pub(crate) fn probe(config: &Config) -> Config {
    let mut config = config.clone();
    config.volatility.warning_sigma = 1e-9;
    config.volatility.panic_sigma = 2e-9;
    config
}
