// What counts: counters, gauges, histograms and their timers, each a kind of series of a metric.
// Never knows: registries, and which names are taken.
// Read next: `instrument.rs`, what the kinds have in common; `counter.rs`, the simplest one.

#[cfg(feature = "facade")]
mod beyond;
mod counter;
mod description;
mod gauge;
mod histogram;
mod info;
mod instrument;
mod rounding;
mod series;
mod timer;
mod values;
mod view;

pub use counter::Counter;
pub use gauge::{FractionGauge, Gauge};
pub use histogram::{Histogram, HistogramConfig};
pub use timer::{Skip, Timer};

pub(crate) use description::{Constant, Description};
pub(crate) use histogram::HistogramSpec;
pub(crate) use info::Info;
pub(crate) use instrument::{Handle, Instrument, Metric};
#[cfg(kairos_loom)]
pub(crate) use series::SeriesMap;
pub(crate) use values::{Brief, Sought};
pub(crate) use view::{AnyMetric, Turns, View};
