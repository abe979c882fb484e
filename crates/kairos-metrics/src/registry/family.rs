// Families: instruments of one name told apart by label values, bounded in number.
// Never knows: how a series counts.
// Read next: `instrument/series.rs`, the map behind a family.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::instrument::{Counter, FractionGauge, Gauge, Handle, Histogram, Metric};

/// Counters told apart by `N` labels.
pub type CounterFamily<const N: usize> = Family<Counter, N>;
/// Gauges told apart by `N` labels.
pub type GaugeFamily<const N: usize> = Family<Gauge, N>;
/// Fraction gauges told apart by `N` labels.
pub type FractionGaugeFamily<const N: usize> = Family<FractionGauge, N>;
/// Histograms told apart by `N` labels.
pub type HistogramFamily<const N: usize> = Family<Histogram, N>;

/// Instruments `H` of one name, told apart by the values of `N` labels.
///
/// The number of series is bounded (see [`Family::set_limit`]); label sets beyond the bound share
/// one series whose labels all read [`OVERFLOW`](crate::OVERFLOW). Cloning is cheap.
pub struct Family<H, const N: usize>(Arc<dyn SeriesOf<H>>);

impl<H, const N: usize> Family<H, N> {
    pub(super) fn new(series: Arc<dyn SeriesOf<H>>) -> Family<H, N> {
        Family(series)
    }

    /// The instrument of these label values, made on first use.
    ///
    /// Takes a lock and searches; keep the handle where it is used often. With the bound
    /// reached, new values get the overflow series.
    pub fn with(&self, values: [&str; N]) -> H {
        self.0.with(&values)
    }

    /// Stops exposing these label values; `false` if there was no such series. Handles to it go
    /// on counting unseen, and [`Family::with`] makes a new series from zero.
    pub fn remove(&self, values: [&str; N]) -> bool {
        self.0.remove(&values)
    }

    /// Removes the series that no handle is left of and that counted nothing since the sweep
    /// that last saw them change, or their start, if that is `idle` ago or longer: call it
    /// periodically. A gauge counts with each write, and as long as its level is not zero: a level
    /// that is held does not expire. Returns how many were removed. O(series x live threads).
    pub fn expire_idle(&self, idle: Duration) -> usize {
        self.0.expire_idle(idle)
    }

    /// Bounds the number of series, the overflow series not counted; those that exist stay.
    /// The registry's bound is the default.
    pub fn set_limit(&self, series: usize) {
        self.0.set_limit(series);
    }

    /// How many series there are, the overflow series counted.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no series yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<H, const N: usize> Clone for Family<H, N> {
    fn clone(&self) -> Self {
        Family(Arc::clone(&self.0))
    }
}

impl<H, const N: usize> fmt::Debug for Family<H, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family").field("series", &self.len()).finish_non_exhaustive()
    }
}

/// A metric that hands out handles `H`.
pub(crate) trait SeriesOf<H>: Send + Sync {
    fn with(&self, values: &[&str]) -> H;
    fn remove(&self, values: &[&str]) -> bool;
    fn expire_idle(&self, idle: Duration) -> usize;
    fn set_limit(&self, limit: usize);
    #[cfg(feature = "facade")]
    fn insert_label(&self, at: usize, label: &str);
    fn len(&self) -> usize;
}

impl<H: Handle> SeriesOf<H> for Metric<H::Cells> {
    fn with(&self, values: &[&str]) -> H {
        H::new(self.series(values))
    }

    fn remove(&self, values: &[&str]) -> bool {
        Metric::remove(self, values)
    }

    fn expire_idle(&self, idle: Duration) -> usize {
        Metric::expire_idle(self, idle)
    }

    fn set_limit(&self, limit: usize) {
        Metric::set_limit(self, limit);
    }

    #[cfg(feature = "facade")]
    fn insert_label(&self, at: usize, label: &str) {
        Metric::insert_label(self, at, label);
    }

    fn len(&self) -> usize {
        Metric::len(self)
    }
}
