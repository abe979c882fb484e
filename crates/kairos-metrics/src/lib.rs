//! Counters, gauges and latency histograms that cost a plain add to count with.
//! Never knows: any other crate of this workspace; it is usable alone.
//! Read next: `registry.rs` for the surface, `process.rs` and `cell.rs` for how counting works.
//!
//! Every thread counts in cells of its own, which readers add up: no lock prefix, no shared
//! cache line. When a thread ends its counts are kept and its cells go to the next thread.

#![allow(
    clippy::module_inception,
    reason = "a room is named as the file in it that is asked for first"
)]

mod buckets;
mod clock;
mod encode;
mod error;
mod instrument;
#[cfg(kairos_loom)]
#[doc(hidden)]
pub mod model;
mod names;
#[cfg(feature = "facade")]
mod recorder;
mod registry;
mod shard;
mod snapshot;
mod sync;

pub use buckets::{HOUR_NS, Precision};
pub use clock::{Clock, ManualClock};
pub use error::Error;
pub use instrument::{Counter, FractionGauge, Gauge, Histogram, HistogramConfig, Timer};
pub use names::{Kind, OVERFLOW, Unit};
#[cfg(feature = "facade")]
pub use recorder::{Recorder, Renamed};
pub use registry::{
    CounterFamily, DEFAULT_FAMILY_LIMIT, Family, FractionGaugeFamily, GaugeFamily, HistogramFamily,
    Label, LabelSet, Measured, Registry, RegistryBuilder, TypedFamily,
};
pub use shard::shards;
pub use snapshot::{HistogramSnapshot, MetricSnapshot, SeriesSnapshot, Snapshot, Value};
#[cfg(feature = "hdr-log")]
pub use snapshot::{Interval, write_interval_log};
