// A validated configuration in the units of the hot path.
// Never knows: TOML, builders, or how a rule is applied.
// Read next: `fields.rs` for the fields, `../policy/decide.rs` for the use of the rules.

use kairos_metrics::Precision;

use super::events::event_graph;
use super::moves::{drift, feed, require_quiet};
use super::range::{positive, require};
use super::sections::{
    BoundsConfig, BreakerConfig, Config, EventsConfig, GoldenHourConfig, MetricsConfig,
    XFetchConfig,
};
use crate::error::Error;
use crate::matches::OddsRule;
use crate::policy::{
    BreakerRule, FreshnessPolicy, GoldenHour, MatchFacts, ReadPolicy, ScoreRule, StaleRule,
    XFetchRule, ZoneRule,
};
use crate::runtime::nanos;

/// More would be a second store in each thread.
const MOST_NEAR_SLOTS: usize = 1_000_000;

/// What the engine decides by.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) read: ReadPolicy,
    pub(crate) odds: OddsRule,
    pub(crate) max_concurrent_refreshes: usize,
    pub(crate) refresh_timeout_ns: u64,
    pub(crate) hard_timeout_ns: u64,
    pub(crate) throttle_ns: u64,
    pub(crate) enabled: bool,
    pub(crate) negative_ttl_ns: u64,
    pub(crate) error_ttl_ns: u64,
    pub(crate) jitter: f64,
    /// Whether a hit may take a published time.
    pub(crate) coarse_time: bool,
    pub(crate) soft_timeout_ns: u64,
    pub(crate) max_concurrent_computes: usize,
    pub(crate) compute_queue: usize,
    pub(crate) queue_timeout_ns: u64,
    pub(crate) finish_abandoned: bool,
    pub(crate) latency_sampling: u32,
    pub(crate) bounds: Bounds,
}

/// Bounds of what is kept besides entries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) matches: usize,
    pub(crate) tags: usize,
    pub(crate) flights: usize,
    /// Beside the feed `default`.
    pub(crate) feeds: usize,
}

impl Rules {
    /// Validates a configuration.
    pub(crate) fn new(config: &Config) -> Result<Rules, Error> {
        require(config.cache.max_capacity >= 1, "cache.max_capacity", "at least 1")?;
        let swr = &config.swr;
        require(
            swr.stale_multiplier.is_finite() && swr.stale_multiplier >= 1.0,
            "swr.stale_multiplier",
            "a finite number of at least 1.0",
        )?;
        let cache = &config.cache;
        require((0.0..1.0).contains(&cache.jitter), "cache.jitter", "at least 0 and below 1")?;
        require(config.near.slots <= MOST_NEAR_SLOTS, "near.slots", "at most 1000000")?;
        let default_ttl = positive(config.cache.default_ttl, "cache.default_ttl")?;
        let golden_hour = golden_hour(&config.golden_hour, default_ttl)?;
        let odds = odds(config)?;
        require_quiet(config, &golden_hour)?;
        Ok(Rules {
            read: ReadPolicy {
                freshness: FreshnessPolicy {
                    golden_hour,
                    evaluate: config.golden_hour.evaluate.into(),
                    stale: StaleRule {
                        multiplier: swr.stale_multiplier,
                        max_stale_ns: nanos(swr.max_stale),
                    },
                },
                warning_ttl_ns: positive(config.volatility.warning_ttl, "volatility.warning_ttl")?,
                breaker: breaker(&config.breaker)?,
                silent_ttl_ns: positive(config.feed.silent_ttl, "feed.silent_ttl")?,
                xfetch: xfetch(&config.xfetch)?,
                max_stale_if_error_ns: nanos(config.fail_safe.max_stale_if_error),
            },
            odds,
            max_concurrent_refreshes: swr.max_concurrent_refreshes,
            refresh_timeout_ns: positive(swr.refresh_timeout, "swr.refresh_timeout")?,
            hard_timeout_ns: positive(config.computes.hard_timeout, "computes.hard_timeout")?,
            throttle_ns: nanos(config.fail_safe.throttle),
            enabled: cache.enabled,
            negative_ttl_ns: nanos(cache.negative_ttl),
            error_ttl_ns: nanos(cache.error_ttl),
            jitter: cache.jitter,
            coarse_time: cache.coarse_time,
            soft_timeout_ns: nanos(config.computes.soft_timeout),
            max_concurrent_computes: config.computes.max_concurrent,
            compute_queue: config.computes.queue,
            queue_timeout_ns: match nanos(config.computes.queue_timeout) {
                0 => nanos(config.computes.hard_timeout),
                limit_ns => limit_ns,
            },
            finish_abandoned: config.computes.finish_abandoned,
            latency_sampling: latency_sampling(&config.metrics)?,
            bounds: bounds(&config.bounds)?,
        })
    }
}

impl Config {
    /// Checks the range of every field and the event graph, as
    /// [`Builder::build`](crate::Builder::build) does.
    ///
    /// # Errors
    /// [`Error::Config`] with the field and its allowed range; [`Error::Graph`].
    pub fn validate(&self) -> Result<(), Error> {
        let _rules = Rules::new(self)?;
        let _graph = event_graph(&self.events)?;
        Ok(())
    }
}

/// The fields that are fixed when a cache is built.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fixed {
    max_capacity: u64,
    max_weight: u64,
    significant_digits: u8,
    pub(crate) near_slots: usize,
    events: EventsConfig,
}

impl Fixed {
    pub(crate) fn of(config: &Config) -> Fixed {
        Fixed {
            max_capacity: config.cache.max_capacity,
            max_weight: config.cache.max_weight,
            significant_digits: config.metrics.significant_digits,
            near_slots: config.near.slots,
            events: config.events.clone(),
        }
    }

    pub(crate) fn require_same(&self, new: &Fixed) -> Result<(), Error> {
        let allowed = "the same as when the cache was built";
        require(self.max_capacity == new.max_capacity, "cache.max_capacity", allowed)?;
        require(self.max_weight == new.max_weight, "cache.max_weight", allowed)?;
        let digits = self.significant_digits == new.significant_digits;
        require(digits, "metrics.significant_digits", allowed)?;
        require(self.near_slots == new.near_slots, "near.slots", allowed)?;
        require(self.events == new.events, "events", allowed)
    }
}

/// The precision of the latency histograms.
pub(crate) fn latency_precision(config: &MetricsConfig) -> Result<Precision, Error> {
    match config.significant_digits {
        1 => Ok(Precision::one_digit()),
        2 => Ok(Precision::two_digits()),
        3 => Ok(Precision::three_digits()),
        _ => Err(Error::Config { field: "metrics.significant_digits", allowed: "1, 2 or 3" }),
    }
}

fn latency_sampling(config: &MetricsConfig) -> Result<u32, Error> {
    require(config.latency_sampling >= 1, "metrics.latency_sampling", "at least 1")?;
    Ok(config.latency_sampling)
}

fn golden_hour(config: &GoldenHourConfig, default_ttl_ns: u64) -> Result<GoldenHour, Error> {
    let mut rules: Vec<ZoneRule> = Vec::with_capacity(config.zones.len());
    for row in &config.zones {
        let rule = ZoneRule {
            zone: row.name.zone(),
            below_ns: positive(row.below, "golden_hour.zones.below")?,
            ttl_ns: positive(row.ttl, "golden_hour.zones.ttl")?,
            quiet_ttl_ns: nanos(row.quiet_ttl),
        };
        if let Some(nearer) = rules.last() {
            require(
                nearer.below_ns < rule.below_ns,
                "golden_hour.zones.below",
                "longer than in the row before",
            )?;
            require(
                nearer.ttl_ns <= rule.ttl_ns,
                "golden_hour.zones.ttl",
                "at least as long as in the row before, which is nearer to kickoff",
            )?;
        }
        require(
            rules.iter().all(|known| known.zone != rule.zone),
            "golden_hour.zones.name",
            "a zone that no other row names",
        )?;
        rules.push(rule);
    }
    let standard_ttl_ns = positive(config.standard_ttl, "golden_hour.standard_ttl")?;
    require(
        rules.last().is_none_or(|last| last.ttl_ns <= standard_ttl_ns),
        "golden_hour.standard_ttl",
        "at least as long as the TTL of the last zone",
    )?;
    require(
        config.lineup_multiplier.is_finite() && config.lineup_multiplier >= 1.0,
        "golden_hour.lineup_multiplier",
        "a finite number of at least 1.0",
    )?;
    let table = GoldenHour {
        rules,
        standard_ttl_ns,
        default_ttl_ns,
        standard_quiet_ttl_ns: nanos(config.standard_quiet_ttl),
        in_play_ttl_ns: nanos(config.in_play_ttl),
        in_play_quiet_ttl_ns: nanos(config.in_play_quiet_ttl),
        lineup_multiplier: config.lineup_multiplier,
        lineup_cap_ns: positive(config.lineup_cap, "golden_hour.lineup_cap")?,
    };
    // A confirmed line-up lengthens the TTLs of some zones only: they must stay ordered then, too.
    let confirmed = MatchFacts { lineup_confirmed: true, ..MatchFacts::default() };
    let lengthened: Vec<u64> = table.stretches(confirmed).map(|(_, ttl)| ttl).collect();
    require(
        lengthened.is_sorted(),
        "golden_hour.lineup_cap",
        "long enough that no TTL grows towards kickoff once the line-up is confirmed",
    )?;
    Ok(table)
}

fn breaker(config: &BreakerConfig) -> Result<BreakerRule, Error> {
    let ratio = |x: f64| (0.0..=1.0).contains(&x);
    let share = "between 0 and 1";
    require(ratio(config.high_enter), "breaker.high_enter", share)?;
    require(ratio(config.open_enter), "breaker.open_enter", share)?;
    require(
        ratio(config.high_exit) && config.high_exit < config.high_enter,
        "breaker.high_exit",
        "at least 0 and below breaker.high_enter",
    )?;
    require(
        ratio(config.open_exit) && config.open_exit < config.open_enter,
        "breaker.open_exit",
        "at least 0 and below breaker.open_enter",
    )?;
    require(config.window.as_secs() >= 1, "breaker.window", "at least 1s")?;
    require(config.min_reads >= 1, "breaker.min_reads", "at least 1")?;
    Ok(BreakerRule {
        enabled: config.enabled,
        window_s: config.window.as_secs(),
        min_reads: config.min_reads,
        high_enter: config.high_enter,
        high_exit: config.high_exit,
        open_enter: config.open_enter,
        open_exit: config.open_exit,
        high_panic_ttl_ns: positive(config.high_panic_ttl, "breaker.high_panic_ttl")?,
        high_warning_ttl_ns: positive(config.high_warning_ttl, "breaker.high_warning_ttl")?,
        open_panic_ttl_ns: positive(config.open_panic_ttl, "breaker.open_panic_ttl")?,
        open_warning_ttl_ns: positive(config.open_warning_ttl, "breaker.open_warning_ttl")?,
        open_normal_ttl_ns: positive(config.open_normal_ttl, "breaker.open_normal_ttl")?,
    })
}

fn xfetch(config: &XFetchConfig) -> Result<Option<XFetchRule>, Error> {
    let ok = config.beta.is_finite() && config.beta > 0.0;
    require(ok, "xfetch.beta", "a finite number above 0")?;
    Ok(config.enabled.then_some(XFetchRule { beta: config.beta }))
}

fn bounds(config: &BoundsConfig) -> Result<Bounds, Error> {
    require(config.matches >= 1, "bounds.matches", "at least 1")?;
    require(config.tags >= 1, "bounds.tags", "at least 1")?;
    require(config.flights >= 1, "bounds.flights", "at least 1")?;
    let &BoundsConfig { matches, tags, flights, feeds, .. } = config;
    Ok(Bounds { matches, tags, flights, feeds })
}

fn odds(config: &Config) -> Result<OddsRule, Error> {
    let (drift, feed) = (drift(&config.drift)?, feed(config));
    let (max_markets, config) = (config.bounds.markets, &config.volatility);
    require(max_markets >= 1, "bounds.markets", "at least 1")?;
    let finite_positive = |x: f64| x.is_finite() && x > 0.0;
    require(
        finite_positive(config.warning_sigma),
        "volatility.warning_sigma",
        "a finite number above 0",
    )?;
    require(
        config.panic_sigma.is_finite() && config.panic_sigma > config.warning_sigma,
        "volatility.panic_sigma",
        "a finite number above volatility.warning_sigma",
    )?;
    require(
        (0.0..=1.0).contains(&config.min_relative_sigma),
        "volatility.min_relative_sigma",
        "between 0 and 1",
    )?;
    require(config.min_samples >= 2, "volatility.min_samples", "at least 2")?;
    require(
        config.max_samples >= config.min_samples as usize && config.max_samples <= 1_000_000,
        "volatility.max_samples",
        "between volatility.min_samples and 1000000",
    )?;
    Ok(OddsRule {
        enabled: config.enabled,
        window_ns: positive(config.window, "volatility.window")?,
        max_samples: config.max_samples,
        max_markets,
        status_hold_ns: nanos(config.status_hold),
        score: ScoreRule {
            min_samples: config.min_samples,
            warning_sigma: config.warning_sigma,
            panic_sigma: config.panic_sigma,
            min_relative_sigma: config.min_relative_sigma,
        },
        drift,
        drift_epoch: 0,
        feed,
    })
}

#[cfg(all(test, feature = "toml", not(kairos_loom)))]
mod tests;
