// Every field of the configuration, once: its docs, type and default, and the builder's setter for it.
// Never knows: what is generated from the list, or which values are allowed.
// Read next: `sections.rs`, which makes the types; `rules.rs`, which checks the values.

/// Expands the macro of this name with the list of fields. `sections.rs` makes the types and the
/// comments of a written configuration from it, `cache/builder.rs` the setters.
///
/// The docs of a field are also those of its setter, and its comment in TOML. Both docs end with the
/// default as it is written here.
macro_rules! with_fields {
    ($generate:ident) => {
        $generate! {
            /// Capacity and default TTL.
            [cache] CacheConfig {
                /// Whether the cache is switched on.
                enabled: bool = true, set by enabled;
                /// How many entries are kept.
                max_capacity: u64 = 10_000, set by max_capacity;
                /// How much the entries may weigh together, by the builder's weigher; bounds them in place of
                /// `max_capacity`. 0 without a weigher.
                max_weight: u64 = 0, set by max_weight;
                /// TTL where no kickoff is known.
                #[serde(with = "humantime_serde")]
                default_ttl: Duration = 1 h, set by default_ttl;
                /// How long it is remembered that there is nothing for a key; zero for not at all.
                #[serde(with = "humantime_serde")]
                negative_ttl: Duration = 0 s, set by negative_ttl;
                /// By up to this share a TTL is shortened at random; 0 for not at all.
                jitter: f64 = 0.0, set by jitter;
            }

            /// TTL by time to kickoff.
            [golden_hour] GoldenHourConfig {
                /// When the zone of an entry is looked up.
                evaluate: EvaluateAt = Read, set by evaluate;
                /// The table, nearest to kickoff first; TTLs never grow towards kickoff.
                zones: Vec<ZoneConfig> = [
                    Warmup below 15 min for 30 s,
                    Golden below 1 h for 1 min,
                    Active below 6 h for 15 min,
                    Prematch below 24 h for 1 h
                ], set by zones;
                /// TTL beyond the last zone.
                #[serde(with = "humantime_serde")]
                standard_ttl: Duration = 6 h, set by standard_ttl;
                /// Factor for a confirmed line-up in active, prematch and standard.
                lineup_multiplier: f64 = 2.0, set by lineup_multiplier;
                /// Upper bound of a TTL so lengthened.
                #[serde(with = "humantime_serde")]
                lineup_cap: Duration = 24 h, set by lineup_cap;
                /// TTL once kickoff has passed; zero stores nothing.
                #[serde(with = "humantime_serde")]
                in_play_ttl: Duration = 0 s, set by in_play_ttl;
            }

            /// Odds windows and thresholds.
            [volatility] VolatilityConfig {
                /// Whether prices are scored at all.
                enabled: bool = true, set by volatility_enabled;
                /// How long a sample counts.
                #[serde(with = "humantime_serde")]
                window: Duration = 30 min, set by volatility_window;
                /// How many samples count at most.
                max_samples: usize = 100, set by max_samples;
                /// Fewer samples score nothing.
                min_samples: u32 = 3, set by min_samples;
                /// z from which a price is a warning.
                warning_sigma: f64 = 1.5, set by warning_sigma;
                /// z from which a price is a panic.
                panic_sigma: f64 = 2.0, set by panic_sigma;
                /// Cap on the TTL while a warning lasts.
                #[serde(with = "humantime_serde")]
                warning_ttl: Duration = 1 min, set by warning_ttl;
                /// Floor of the standard deviation, relative to the mean.
                min_relative_sigma: f64 = 0.005, set by min_relative_sigma;
                /// How long the status of an observation holds.
                #[serde(with = "humantime_serde")]
                status_hold: Duration = 30 s, set by status_hold;
            }

            /// The panic breaker.
            [breaker] BreakerConfig {
                /// Whether lasting panic opens the breaker.
                enabled: bool = true, set by breaker_enabled;
                /// How long a read counts.
                #[serde(with = "humantime_serde")]
                window: Duration = 30 min, set by breaker_window;
                /// Fewer scored reads within the window open nothing.
                min_reads: u64 = 60, set by breaker_min_reads;
                /// Above this ratio: normal to high volatility.
                high_enter: f64 = 0.5, set by breaker_high_enter;
                /// Below this ratio: high volatility to normal.
                high_exit: f64 = 0.3, set by breaker_high_exit;
                /// Above this ratio: high volatility to circuit open.
                open_enter: f64 = 0.8, set by breaker_open_enter;
                /// Below this ratio: circuit open to high volatility.
                open_exit: f64 = 0.6, set by breaker_open_exit;
                /// Cap on a panicking read's TTL in high volatility.
                #[serde(with = "humantime_serde")]
                high_panic_ttl: Duration = 5 s, set by breaker_high_panic_ttl;
                /// Cap on a warned read's TTL in high volatility.
                #[serde(with = "humantime_serde")]
                high_warning_ttl: Duration = 10 s, set by breaker_high_warning_ttl;
                /// Cap on a panicking read's TTL while the circuit is open.
                #[serde(with = "humantime_serde")]
                open_panic_ttl: Duration = 10 s, set by breaker_open_panic_ttl;
                /// Cap on a warned read's TTL while the circuit is open.
                #[serde(with = "humantime_serde")]
                open_warning_ttl: Duration = 30 s, set by breaker_open_warning_ttl;
                /// Cap on a calm read's TTL while the circuit is open.
                #[serde(with = "humantime_serde")]
                open_normal_ttl: Duration = 1 min, set by breaker_open_normal_ttl;
            }

            /// Stale-while-revalidate.
            [swr] SwrConfig {
                /// The stale limit as a multiple of the TTL.
                stale_multiplier: f64 = 2.0, set by stale_multiplier;
                /// At most this long past the TTL.
                #[serde(with = "humantime_serde")]
                max_stale: Duration = 1 h, set by max_stale;
                /// How many refreshes run at once; beyond it they are skipped.
                max_concurrent_refreshes: usize = 5, set by max_concurrent_refreshes;
                /// How long a refresh may take before it is aborted.
                #[serde(with = "humantime_serde")]
                refresh_timeout: Duration = 10 s, set by refresh_timeout;
            }

            /// Early refresh.
            [xfetch] XFetchConfig {
                /// Whether fresh values are refreshed early, at random, the sooner the longer they take.
                enabled: bool = true, set by xfetch_enabled;
                /// How eagerly; 1 is the optimum.
                beta: f64 = 1.0, set by xfetch_beta;
            }

            /// Computes.
            [computes] ComputesConfig {
                /// How long a read with an old value at hand waits before it takes that; zero for to the end.
                #[serde(with = "humantime_serde")]
                soft_timeout: Duration = 0 s, set by soft_timeout;
                /// How long a compute may take before it is aborted.
                #[serde(with = "humantime_serde")]
                hard_timeout: Duration = 30 s, set by hard_timeout;
                /// How many computes run at once, refreshes included; 0 for any number.
                max_concurrent: usize = 0, set by max_concurrent_computes;
                /// How many may wait for that; beyond it reads get `Error::Overloaded`.
                queue: usize = 1000, set by compute_queue;
            }

            /// What happens after a failure.
            [fail_safe] FailSafeConfig {
                /// Up to this age an old value is served when its compute fails; zero for never.
                #[serde(with = "humantime_serde")]
                max_stale_if_error: Duration = 0 s, set by max_stale_if_error;
                /// How long the next refresh waits after a failure.
                #[serde(with = "humantime_serde")]
                throttle: Duration = 5 s, set by throttle;
            }

            /// The cache's own numbers.
            [metrics] MetricsConfig {
                /// One in so many served reads is timed; reads that wait for a compute always are. Thins the
                /// latency histograms, never the counters.
                latency_sampling: u32 = 1, set by latency_sampling;
                /// Precision of the latency histograms: 1, 2 or 3 significant digits.
                significant_digits: u8 = 2, set by significant_digits;
            }

            /// How much is kept besides entries.
            [bounds] BoundsConfig {
                /// How many matches have a state of their own; those beyond it share one.
                matches: usize = 10_000, set by max_matches;
                /// How many odds markets of a match have a window; observations beyond it are refused.
                markets: usize = 64, set by max_markets;
                /// How many tags have a mark of their own; those beyond it share one.
                tags: usize = 100_000, set by max_tags;
                /// How many keys may have a compute running, waiting or held; beyond it `Error::Overloaded`.
                flights: usize = 100_000, set by max_flights;
            }

            /// The event graph.
            [events] EventsConfig {
                /// A TOML file with the tables `markets` and `events`, relative to the configuration's file;
                /// instead of the two tables here.
                #[serde(skip_serializing_if = "Option::is_none")]
                graph: Option<PathBuf> = None;
                /// Market name to its tags.
                #[serde(skip_serializing_if = "Option::is_none")]
                markets: Option<BTreeMap<String, Vec<String>>> = None;
                /// Event name to its tags.
                #[serde(skip_serializing_if = "Option::is_none")]
                events: Option<BTreeMap<String, Vec<String>>> = None;
            }
        }
    };
}

pub(crate) use with_fields;
