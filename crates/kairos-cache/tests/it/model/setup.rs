// The configuration of a sequence, in the model's integers and as the cache's own.
// Never knows: what a field does to a read.
// Read next: `generate/mod.rs`, which draws them.

use std::collections::BTreeMap;
use std::time::Duration;

use kairos_cache::{Config, DriftMeasure, EvaluateAt};

use crate::model::operation::{EVENTS, KEYS, MARKETS};

/// Times are nanoseconds. What is not here has its default.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "a configuration has switches")]
pub(crate) struct Setup {
    /// Of the lots that jitter and early refresh draw.
    pub(crate) seed: u64,
    pub(crate) loader: bool,
    pub(crate) capacity: u64,
    pub(crate) enabled: bool,
    pub(crate) default_ttl: u64,
    pub(crate) jitter: f64,
    pub(crate) negative_ttl: u64,
    pub(crate) in_play_ttl: u64,
    pub(crate) evaluate: EvaluateAt,
    pub(crate) volatility: bool,
    pub(crate) min_relative_sigma: f64,
    pub(crate) max_samples: usize,
    pub(crate) breaker: bool,
    pub(crate) breaker_min_reads: u64,
    pub(crate) max_stale: u64,
    pub(crate) max_concurrent_refreshes: usize,
    pub(crate) xfetch: bool,
    pub(crate) soft_timeout: u64,
    pub(crate) max_concurrent: usize,
    pub(crate) queue: usize,
    pub(crate) max_stale_if_error: u64,
    pub(crate) throttle: u64,
    pub(crate) soft: f64,
    pub(crate) hard: f64,
    pub(crate) measure: DriftMeasure,
    pub(crate) dry_run: bool,
    pub(crate) silence_after: u64,
    pub(crate) silent_ttl: u64,
    pub(crate) max_feeds: usize,
    /// Quiet TTLs, from in play to standard; 0 for none.
    pub(crate) quiet: [u64; 6],
}

impl Setup {
    /// Whether there is not room for all keys.
    pub(crate) fn evicts(&self) -> bool {
        self.capacity < KEYS as u64
    }

    /// Whether a bound on drift is on.
    pub(crate) fn has_bounds(&self) -> bool {
        self.soft > 0.0 || self.hard > 0.0
    }

    /// Where a price stands in the measure of drift.
    pub(crate) fn measure(&self, price: f64) -> f64 {
        if self.measure == DriftMeasure::Probability { 1.0 / price } else { price.ln() }
    }

    /// Takes away the quiet TTLs where they have no ground to stand on.
    pub(crate) fn grounded(mut self) -> Setup {
        let at_read = self.evaluate == EvaluateAt::Read;
        if !at_read || !self.has_bounds() || self.silence_after == 0 {
            self.quiet = [0; 6];
        }
        self
    }

    /// The same configuration, as the cache takes it.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::default();
        config.cache.enabled = self.enabled;
        config.cache.max_capacity = self.capacity;
        config.cache.default_ttl = Duration::from_nanos(self.default_ttl);
        config.cache.jitter = self.jitter;
        config.cache.negative_ttl = Duration::from_nanos(self.negative_ttl);
        config.golden_hour.in_play_ttl = Duration::from_nanos(self.in_play_ttl);
        config.golden_hour.evaluate = self.evaluate;
        config.volatility.enabled = self.volatility;
        config.volatility.min_relative_sigma = self.min_relative_sigma;
        config.volatility.max_samples = self.max_samples;
        config.breaker.enabled = self.breaker;
        config.breaker.min_reads = self.breaker_min_reads;
        config.swr.max_stale = Duration::from_nanos(self.max_stale);
        config.swr.max_concurrent_refreshes = self.max_concurrent_refreshes;
        config.xfetch.enabled = self.xfetch;
        config.computes.soft_timeout = Duration::from_nanos(self.soft_timeout);
        config.computes.max_concurrent = self.max_concurrent;
        config.computes.queue = self.queue;
        // Longer than any sequence: what waits for its turn has no timer in the model.
        config.computes.queue_timeout = Duration::from_secs(1 << 32);
        config.fail_safe.max_stale_if_error = Duration::from_nanos(self.max_stale_if_error);
        config.fail_safe.throttle = Duration::from_nanos(self.throttle);
        config.drift.soft = self.soft;
        config.drift.hard = self.hard;
        config.drift.measure = self.measure;
        config.drift.dry_run = self.dry_run;
        config.feed.silence_after = Duration::from_nanos(self.silence_after);
        config.feed.silent_ttl = Duration::from_nanos(self.silent_ttl);
        config.bounds.feeds = self.max_feeds;
        let [in_play, rows @ .., standard] = self.quiet.map(Duration::from_nanos);
        config.golden_hour.in_play_quiet_ttl = in_play;
        for (row, quiet_ttl) in config.golden_hour.zones.iter_mut().zip(rows) {
            row.quiet_ttl = quiet_ttl;
        }
        config.golden_hour.standard_quiet_ttl = standard;
        config.events.markets = Some(table(&MARKETS));
        config.events.events = Some(table(&EVENTS));
        config
    }
}

fn table(rows: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
    let names = |tags: &[&str]| tags.iter().map(ToString::to_string).collect();
    rows.iter().map(|(name, tags)| (name.to_string(), names(tags))).collect()
}
