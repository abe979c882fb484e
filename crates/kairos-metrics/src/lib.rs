//! Counters, gauges and latency histograms in per-thread cells, exposed in two text formats.
//!
//! An increment is a plain add: each thread counts in cells of its own, without a lock prefix and
//! without a cache line that two threads write, and readers add the cells of all threads up. When a
//! thread ends, its counts are kept, and its cells are reused by the next thread.
//!
//! A [`Registry`] registers metrics and returns a handle for each: [`Counter`], [`Gauge`],
//! [`FractionGauge`], [`Histogram`], or a [`Family`] of them told apart by labels. Handles count; the
//! registry reads all of them as a [`Snapshot`], or as text for a scraper.
//!
//! ```
//! use kairos_metrics::{Precision, Registry};
//!
//! let registry = Registry::new();
//! let orders = registry.counter("orders", "Orders accepted")?;
//! let fills = registry.histogram("fill_latency", "Fill latency", Precision::two_digits())?;
//! orders.inc();
//! fills.time(|| { /* the work that is timed */ });
//! assert!(registry.encode_prometheus().contains("orders_total 1\n"));
//! # Ok::<(), kairos_metrics::Error>(())
//! ```
//!
//! # Features
//!
//! | feature | gives | brings |
//! |---|---|---|
//! | `hdrhistogram` (default) | `HistogramSnapshot::{to_hdr, percentile_table}` | hdrhistogram, byteorder, num-traits |
//! | `hdr-log` | `HistogramSnapshot::to_v2_deflate`, `write_interval_log`: the files of the HDR tools; turns `hdrhistogram` on | base64, flate2, nom |
//! | `facade` | `Recorder`, a recorder for the `metrics` crate | metrics |
//!
//! No feature changes what a count costs: recording, quantiles and both text formats are this crate's own.
// Never knows: any other crate of this workspace; it is usable alone.
// Read next: `registry/registry.rs` for the surface, `shard/local.rs` for how a count is made.
//
// Imports run one way: recorder, registry, instrument, encode, snapshot, shard, then the root's own
// files buckets, names, clock, error and sync; the models stand above all of them.
#![allow(
    clippy::module_inception,
    reason = "a room is named as the file in it that is asked for first"
)]
// Loom runs this crate with the primitives of its shim; tests may use any.
#![cfg_attr(not(test), deny(clippy::disallowed_types))]

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
pub use instrument::{Counter, FractionGauge, Gauge, Histogram, HistogramConfig, Skip, Timer};
pub use names::{Kind, OVERFLOW, Unit};
#[cfg(feature = "facade")]
pub use recorder::{Matcher, Recorder, RecorderBuilder, Renamed};
pub use registry::{
    CounterFamily, DEFAULT_FAMILY_LIMIT, Family, FractionGaugeFamily, GaugeFamily, HistogramFamily,
    Label, LabelSet, Measured, Registry, RegistryBuilder, Response, TypedFamily,
};
pub use shard::{forks, in_child, shards};
pub use snapshot::{HistogramSnapshot, MetricSnapshot, SeriesSnapshot, Snapshot, Value};
#[cfg(feature = "hdr-log")]
pub use snapshot::{Interval, write_interval_log};
