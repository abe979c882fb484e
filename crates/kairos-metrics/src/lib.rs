//! Counters, gauges and latency histograms that cost a plain add to count with.
//! Never knows: any other crate of this workspace; it is usable alone.
//! Read next: `registry.rs` for the surface, `core.rs` and `cell.rs` for how counting works.
//!
//! Every thread counts in cells of its own, which readers add up: no lock prefix, no shared
//! cache line. When a thread ends its counts are kept and its cells go to the next thread.

// Loom runs this crate with the primitives of its shim; tests may use any.
#![cfg_attr(not(test), deny(clippy::disallowed_types))]

mod buckets;
mod catalog;
mod cell;
mod clock;
mod core;
mod counter;
mod encode;
mod error;
mod family;
#[cfg(unix)]
mod fork;
mod fraction;
mod gauge;
mod hdr;
#[cfg(feature = "hdr-log")]
mod hdr_log;
mod histogram;
mod info;
mod instrument;
mod labels;
mod local;
mod measured;
#[cfg(kairos_loom)]
#[doc(hidden)]
pub mod model;
mod names;
#[cfg(feature = "facade")]
mod recorder;
mod registry;
mod series;
mod shard;
mod snapshot;
mod sum;
mod sync;
mod tally;
mod timer;

pub use buckets::{HOUR_NS, Precision};
pub use clock::{Clock, ManualClock};
pub use counter::Counter;
pub use error::Error;
pub use family::{CounterFamily, Family, FractionGaugeFamily, GaugeFamily, HistogramFamily};
pub use gauge::{FractionGauge, Gauge};
pub use hdr::HistogramSnapshot;
#[cfg(feature = "hdr-log")]
pub use hdr_log::{Interval, write_interval_log};
pub use histogram::{Histogram, HistogramConfig};
pub use labels::{Label, LabelSet, TypedFamily};
pub use local::shards;
pub use measured::Measured;
pub use names::{Kind, OVERFLOW, Unit};
#[cfg(feature = "facade")]
pub use recorder::{Recorder, Renamed};
pub use registry::{DEFAULT_FAMILY_LIMIT, Registry, RegistryBuilder};
pub use snapshot::{MetricSnapshot, SeriesSnapshot, Snapshot, Value};
pub use timer::Timer;
