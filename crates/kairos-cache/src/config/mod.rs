// What an operator may set, as data; the builder has a setter for each field, TOML a key.
// Never knows: what is built from it.
// Read next: `fields.rs` for the fields, `rules.rs` for what a read uses of them.

mod events;
mod fields;
#[cfg(feature = "toml")]
mod file;
mod golden_hour;
#[cfg(feature = "toml")]
mod locate;
mod moves;
mod preset;
mod presets;
mod range;
mod rules;
mod sections;
#[cfg(feature = "toml")]
mod text;

pub(crate) use events::event_graph;
pub(crate) use fields::with_fields;
pub(crate) use rules::{Fixed, Rules, latency_precision};

pub use golden_hour::{EvaluateAt, ZoneConfig, ZoneName};
pub use preset::Preset;
pub use sections::{
    BoundsConfig, BreakerConfig, CacheConfig, ComputesConfig, Config, DriftConfig, EventsConfig,
    FailSafeConfig, FeedConfig, GoldenHourConfig, MetricsConfig, NearConfig, SwrConfig,
    VolatilityConfig, XFetchConfig,
};
