// What counts: counters, gauges, histograms and their timers, each a kind of series of a metric.
// Never knows: registries, which names are taken.
// Read next: `instrument.rs`, what the kinds have in common; `counter.rs`, the simplest one.

mod counter;
mod gauge;
mod histogram;
mod instrument;
mod series;
mod timer;

pub use counter::Counter;
pub use gauge::{FractionGauge, Gauge};
pub use histogram::{Histogram, HistogramConfig};
pub use timer::Timer;

pub(crate) use counter::CounterCells;
pub(crate) use gauge::{Fraction, GaugeCell, Whole};
pub(crate) use histogram::{HistogramCells, HistogramSpec};
pub(crate) use instrument::{AnyMetric, Description, Instrument, Metric, Series, Stamp};
#[cfg(kairos_loom)]
pub(crate) use series::SeriesMap;
