// What an operator may set: every field with its default, mirrored by the builder and by TOML.
// Never knows: what is built from it.
// Read next: `fields.rs` for the fields, `rules.rs` for what a read uses of them.

mod fields;
pub(crate) mod file;
mod golden_hour;
pub(crate) mod locate;
pub(crate) mod rules;
mod sections;
mod text;

pub(crate) use fields::with_fields;
pub(crate) use text::parse;

pub use golden_hour::{EvaluateAt, ZoneConfig, ZoneName};
pub use sections::{
    BoundsConfig, BreakerConfig, CacheConfig, ComputesConfig, Config, EventsConfig, FailSafeConfig,
    GoldenHourConfig, MetricsConfig, SwrConfig, VolatilityConfig, XFetchConfig,
};
