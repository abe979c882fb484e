// Every configuration field, once: its docs, type, default, and the builder's setter for it.
// Never knows: what is generated from the list, or which values are allowed.
// Read next: `sections.rs`, which makes the types; `rules.rs`, which checks the values.

/// Expands the macro of this name with the list of fields. `sections.rs` makes the types and the
/// comments of a written configuration from it, `cache/builder.rs` the setters.
///
/// The docs of a field are also those of its setter, and its comment in TOML: the first sentence
/// makes sense without the section. The docs in Rust end with the default as it is written here.
macro_rules! with_fields {
    ($generate:ident) => {
        $generate! {
            /// Switch, capacity, and the TTLs that do not depend on a match.
            [cache] CacheConfig {
                /// Whether the cache begins to store and serve values; if not, every read computes. A
                /// reload leaves the switch as it is.
                enabled: bool = true, set by enabled;
                /// Maximum number of entries; with a weigher, `max_weight` applies instead. Fixed
                /// when the cache is built.
                max_capacity: u64 = 10_000, set by max_capacity;
                /// Maximum total weight of the entries, in the units of the builder's weigher. At
                /// least 1 with a weigher, 0 without. Fixed when the cache is built.
                max_weight: u64 = 0, set by max_weight;
                /// TTL of an entry without a known kickoff.
                #[serde(with = "humantime_serde")]
                default_ttl: Duration = 1 h, set by default_ttl;
                /// How long the cache remembers that a key has no value; 0s: not at all.
                #[serde(with = "humantime_serde")]
                negative_ttl: Duration = 0 s, set by negative_ttl;
                /// How long reads of a key without a servable value get the error of its failed
                /// compute again, without another compute; 0s: not at all.
                #[serde(with = "humantime_serde")]
                error_ttl: Duration = 0 s, set by error_ttl;
                /// Largest fraction by which a TTL is shortened at random, at least 0 and below 1.
                jitter: f64 = 0.0, set by jitter;
                /// Whether a hit may take a published time, which a thread of the process advances twice
                /// a millisecond while there are hits; if not, every hit reads the clock.
                coarse_time: bool = true, set by coarse_time;
            }

            /// TTL by time to kickoff.
            [golden_hour] GoldenHourConfig {
                /// When the zone of an entry is determined: `read`, at every read; `insert`, once,
                /// when the value is stored.
                evaluate: EvaluateAt = Read, set by evaluate;
                /// Zone table, nearest to kickoff first. A zone applies while the time to kickoff
                /// is less than its `below`; no TTL is longer than in a zone farther from kickoff.
                zones: Vec<ZoneConfig> = [
                    Warmup below 15 min for 30 s,
                    Golden below 1 h for 1 min,
                    Active below 6 h for 15 min,
                    Prematch below 24 h for 1 h
                ], set by zones;
                /// TTL while kickoff is farther away than the last zone of the table reaches.
                #[serde(with = "humantime_serde")]
                standard_ttl: Duration = 6 h, set by standard_ttl;
                /// The same while the match is watched, if that is longer; 0s: no longer. A match is
                /// watched while a drift bound is on, its feeds are alive, and none of its prices can
                /// have been missed; this needs `feed.silence_after`, and `evaluate` at `read`.
                #[serde(with = "humantime_serde")]
                standard_quiet_ttl: Duration = 0 s, set by standard_quiet_ttl;
                /// Factor by which a confirmed line-up lengthens the TTL in the zones active,
                /// prematch and standard; at least 1.
                lineup_multiplier: f64 = 2.0, set by lineup_multiplier;
                /// Upper bound of a TTL that a confirmed line-up lengthens.
                #[serde(with = "humantime_serde")]
                lineup_cap: Duration = 24 h, set by lineup_cap;
                /// TTL after kickoff; 0s: values are not stored after kickoff.
                #[serde(with = "humantime_serde")]
                in_play_ttl: Duration = 0 s, set by in_play_ttl;
                /// The same while the match is watched, if that is longer; 0s: no longer.
                #[serde(with = "humantime_serde")]
                in_play_quiet_ttl: Duration = 0 s, set by in_play_quiet_ttl;
            }

            /// Windows of observed odds, and the scores that make a price a warning or a panic.
            [volatility] VolatilityConfig {
                /// Whether prices are scored; if not, no read meets a warning or a panic.
                enabled: bool = true, set by volatility_enabled;
                /// How long an observed price stays in the window of its odds market.
                #[serde(with = "humantime_serde")]
                window: Duration = 30 min, set by volatility_window;
                /// Maximum number of prices in the window of an odds market, from `min_samples` to
                /// 1000000.
                max_samples: usize = 100, set by max_samples;
                /// Minimum number of prices in a window for a score other than 0; at least 2.
                min_samples: u32 = 3, set by min_samples;
                /// Score from which a price is a warning: its distance from the mean of the window,
                /// in standard deviations.
                warning_sigma: f64 = 1.5, set by warning_sigma;
                /// Score from which a price is a panic; above `warning_sigma`.
                panic_sigma: f64 = 2.0, set by panic_sigma;
                /// Upper bound of the TTL during a warning.
                #[serde(with = "humantime_serde")]
                warning_ttl: Duration = 1 min, set by warning_ttl;
                /// Lower bound of the standard deviation of a window, as a fraction of its mean,
                /// from 0 to 1.
                min_relative_sigma: f64 = 0.005, set by min_relative_sigma;
                /// How long an observation keeps its match in a warning or a panic.
                #[serde(with = "humantime_serde")]
                status_hold: Duration = 30 s, set by status_hold;
            }

            /// Panic breaker: while panic lasts, reads get short TTLs instead of bypassing the
            /// cache. Its ratio is that of panicking to scored reads.
            [breaker] BreakerConfig {
                /// Whether lasting panic opens the breaker; if not, every panicking read bypasses.
                enabled: bool = true, set by breaker_enabled;
                /// How long a scored read counts towards the breaker's ratio; at least 1s, and in
                /// whole seconds.
                #[serde(with = "humantime_serde")]
                window: Duration = 30 min, set by breaker_window;
                /// Minimum number of scored reads in the window for a ratio other than 0; at least
                /// 1.
                min_reads: u64 = 60, set by breaker_min_reads;
                /// Ratio above which the breaker goes from normal to high volatility.
                high_enter: f64 = 0.5, set by breaker_high_enter;
                /// Ratio below which the breaker returns from high volatility to normal; below
                /// `high_enter`.
                high_exit: f64 = 0.3, set by breaker_high_exit;
                /// Ratio above which the breaker goes from high volatility to circuit open.
                open_enter: f64 = 0.8, set by breaker_open_enter;
                /// Ratio below which the breaker returns from circuit open to high volatility;
                /// below `open_enter`.
                open_exit: f64 = 0.6, set by breaker_open_exit;
                /// Upper bound of the TTL of a panicking read in high volatility.
                #[serde(with = "humantime_serde")]
                high_panic_ttl: Duration = 5 s, set by breaker_high_panic_ttl;
                /// Upper bound of the TTL of a read with a warning in high volatility.
                #[serde(with = "humantime_serde")]
                high_warning_ttl: Duration = 10 s, set by breaker_high_warning_ttl;
                /// Upper bound of the TTL of a panicking read while the circuit is open.
                #[serde(with = "humantime_serde")]
                open_panic_ttl: Duration = 10 s, set by breaker_open_panic_ttl;
                /// Upper bound of the TTL of a read with a warning while the circuit is open.
                #[serde(with = "humantime_serde")]
                open_warning_ttl: Duration = 30 s, set by breaker_open_warning_ttl;
                /// Upper bound of the TTL of any other read while the circuit is open.
                #[serde(with = "humantime_serde")]
                open_normal_ttl: Duration = 1 min, set by breaker_open_normal_ttl;
            }

            /// Stale-while-revalidate: a stale value is served while one refresh of it runs.
            [swr] SwrConfig {
                /// Stale limit as a multiple of the TTL, at least 1. A value of that age is
                /// computed anew before the read is answered.
                stale_multiplier: f64 = 2.0, set by stale_multiplier;
                /// Upper bound of the time from the TTL to the stale limit.
                #[serde(with = "humantime_serde")]
                max_stale: Duration = 1 h, set by max_stale;
                /// Maximum number of background refreshes at once; further ones are skipped.
                max_concurrent_refreshes: usize = 5, set by max_concurrent_refreshes;
                /// How long a background refresh may run before it is aborted.
                #[serde(with = "humantime_serde")]
                refresh_timeout: Duration = 10 s, set by refresh_timeout;
            }

            /// Early refresh of fresh values (X-Fetch).
            [xfetch] XFetchConfig {
                /// Whether fresh values are refreshed early, at random; the longer a value took to
                /// compute, the earlier.
                enabled: bool = true, set by xfetch_enabled;
                /// Factor on the time by which a refresh is early, above 0; 1 is the optimum.
                beta: f64 = 1.0, set by xfetch_beta;
            }

            /// Time limits of computes, and the number that run at once.
            [computes] ComputesConfig {
                /// How long a read waits for a compute before it serves the old value that it has;
                /// 0s: until the compute ends.
                #[serde(with = "humantime_serde")]
                soft_timeout: Duration = 0 s, set by soft_timeout;
                /// How long a compute may run before it is aborted and its reads get
                /// `Error::Timeout`.
                #[serde(with = "humantime_serde")]
                hard_timeout: Duration = 30 s, set by hard_timeout;
                /// Maximum number of computes at once, including refreshes; 0: no limit.
                max_concurrent: usize = 0, set by max_concurrent_computes;
                /// Maximum number of computes that wait for their turn; reads that need one more
                /// get `Error::Overloaded`.
                queue: usize = 1000, set by compute_queue;
                /// How long a compute may wait for its turn before its reads get `Error::Timeout`;
                /// 0s: as long as `hard_timeout`.
                #[serde(with = "humantime_serde")]
                queue_timeout: Duration = 0 s, set by queue_timeout;
                /// Whether a compute goes on, and is stored, when its last reader has been dropped.
                finish_abandoned: bool = false, set by finish_abandoned;
            }

            /// What follows a failed compute.
            [fail_safe] FailSafeConfig {
                /// Maximum age of a value that is served because its compute failed; 0s: none is.
                #[serde(with = "humantime_serde")]
                max_stale_if_error: Duration = 0 s, set by max_stale_if_error;
                /// Minimum time from a failed compute of a key to its next refresh.
                #[serde(with = "humantime_serde")]
                throttle: Duration = 5 s, set by throttle;
            }

            /// Latency histograms.
            [metrics] MetricsConfig {
                /// One in this many served reads is timed, at least 1; of reads that wait for a
                /// compute, every one. Counters stay exact.
                latency_sampling: u32 = 1, set by latency_sampling;
                /// Significant digits of the latency histograms: 1, 2 or 3. Fixed when the cache is
                /// built.
                significant_digits: u8 = 2, set by significant_digits;
            }

            /// What each thread remembers of the values that it was served fresh, so that it is served
            /// them again by a few loads.
            [near] NearConfig {
                /// Maximum number of values that a thread remembers, rounded up to a power of two and to
                /// 8, at most 1000000; 0: none. Each takes some 180 bytes beside the value. A thread
                /// that does nothing keeps them. Fixed when the cache is built.
                slots: usize = 4096, set by near_slots;
            }

            /// Bounds of what is kept besides entries; each at least 1.
            [bounds] BoundsConfig {
                /// Maximum number of matches with a state of their own; `Cache::scope` says what
                /// holds for further ones.
                matches: usize = 10_000, set by max_matches;
                /// Maximum number of odds markets with a window, for each match; the prices of
                /// further ones are refused.
                markets: usize = 64, set by max_markets;
                /// Maximum number of tags with a mark of their own; entries with further tags are
                /// covered by the invalidation of any tag.
                tags: usize = 100_000, set by max_tags;
                /// Maximum number of keys that are being computed or filled; reads and fills of
                /// further ones get `Error::Overloaded`.
                flights: usize = 100_000, set by max_flights;
                /// Maximum number of feeds beside `default`; further ones are never alive or silent.
                feeds: usize = 64, set by max_feeds;
            }

            /// Drift: what a price that moves does to the entries of its match, which were computed
            /// by it.
            [drift] DriftConfig {
                /// By how much a price may differ from what it was at any time since an answer's
                /// compute began before the answer is no longer fresh, from 1e-9 to 1; 0 switches
                /// this off.
                soft: f64 = 0.0, set by drift_soft;
                /// The same, before the answer is not served at all; at least `soft`, and 0 switches
                /// it off.
                hard: f64 = 0.0, set by drift_hard;
                /// Measure of the difference: `price`, of the logarithms of the prices; `probability`,
                /// of their inverses.
                measure: DriftMeasure = Price, set by drift_measure;
                /// Whether moves are counted and told of only, and expire and kill nothing.
                dry_run: bool = false, set by drift_dry_run;
            }

            /// Feeds that tell prices, and what their silence does.
            [feed] FeedConfig {
                /// How long after its last word a feed is silent; 0s: never.
                #[serde(with = "humantime_serde")]
                silence_after: Duration = 0 s, set by silence_after;
                /// Upper bound of the TTL, and of the age of what is served, while a feed that has
                /// priced the match is silent.
                #[serde(with = "humantime_serde")]
                silent_ttl: Duration = 1 min, set by silent_ttl;
            }

            /// Event graph: both tables, or a file that holds them; without either, the football
            /// graph. Fixed when the cache is built.
            [events] EventsConfig {
                /// Path of a TOML file with the tables `markets` and `events`, relative to the
                /// folder of this file. Excludes the two tables here.
                #[serde(skip_serializing_if = "Option::is_none")]
                graph: Option<PathBuf> = None;
                /// Tags of each market.
                #[serde(skip_serializing_if = "Option::is_none")]
                markets: Option<BTreeMap<String, Vec<String>>> = None;
                /// Tags of each event; an event affects the markets that share a tag with it.
                #[serde(skip_serializing_if = "Option::is_none")]
                events: Option<BTreeMap<String, Vec<String>>> = None;
            }
        }
    };
}

pub(crate) use with_fields;
