// Families: instruments of one name told apart by label values, bounded in number.
// Never knows: how a series counts.
// Read next: `instrument/series.rs`, the map behind a family.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::instrument::{Brief, Counter, FractionGauge, Gauge, Handle, Histogram, Metric, Sought};

/// A family of counters with `N` labels.
pub type CounterFamily<const N: usize> = Family<Counter, N>;
/// A family of gauges with `N` labels.
pub type GaugeFamily<const N: usize> = Family<Gauge, N>;
/// A family of fraction gauges with `N` labels.
pub type FractionGaugeFamily<const N: usize> = Family<FractionGauge, N>;
/// A family of histograms with `N` labels.
pub type HistogramFamily<const N: usize> = Family<Histogram, N>;

/// A family: instruments `H` under one name, told apart by the values of `N` labels.
///
/// The number of series is limited (see [`Family::set_limit`]); label values beyond the limit share
/// one overflow series, in which the value of every label is [`OVERFLOW`](crate::OVERFLOW). Cloning
/// is cheap, and clones are the same family.
///
/// ```
/// use kairos_metrics::{OVERFLOW, Registry};
/// use std::time::Duration;
///
/// let registry = Registry::new();
/// let fills = registry.counter_family("fills", "Fills", ["venue"])?;
/// assert!(fills.is_empty());
/// fills.set_limit(2);
/// for venue in ["xlon", "xpar", "xams", "xbru"] {
///     fills.with([venue]).inc();
/// }
/// assert_eq!(fills.len(), 3, "two and the overflow");
/// assert_eq!(fills.with([OVERFLOW]).value(), 2);
/// assert!(fills.remove(["xpar"]) && !fills.remove(["xpar"]));
/// assert_eq!(fills.expire_idle(Duration::from_secs(600)), 0);
/// # Ok::<(), kairos_metrics::Error>(())
/// ```
pub struct Family<H, const N: usize>(Arc<dyn SeriesOf<H>>);

impl<H, const N: usize> Family<H, N> {
    pub(super) fn new(series: Arc<dyn SeriesOf<H>>) -> Family<H, N> {
        Family(series)
    }

    /// Returns the instrument of these label values, which is made on first use.
    ///
    /// Takes a lock and searches; keep the handle where it is used often. Once the limit is
    /// reached, new label values get the overflow series.
    #[expect(clippy::inline_always, reason = "as a call it copies the values and saves registers")]
    #[inline(always)]
    pub fn with(&self, values: [&str; N]) -> H {
        let briefs = values.map(Brief::of);
        match self.0.find(&Sought::new(&values, &briefs)) {
            Some(found) => found,
            None => self.make(&values),
        }
    }

    #[cold]
    #[inline(never)]
    fn make(&self, values: &[&str; N]) -> H {
        self.0.with(values)
    }

    /// Removes the series of these label values; returns `false` if there is none.
    ///
    /// Its handles go on counting, but are no longer exposed; [`Family::with`] then makes a new
    /// series, which starts at zero.
    pub fn remove(&self, values: [&str; N]) -> bool {
        self.0.remove(&values)
    }

    /// Removes the series that have no handle left and have been idle for at least `idle`; returns
    /// their number.
    ///
    /// A series is idle since the last call of this method that saw it change, or else since it was
    /// made: call this periodically. A gauge changes with each write, and as long as its level is
    /// not zero: a gauge that holds a level does not expire. O(series × live threads).
    pub fn expire_idle(&self, idle: Duration) -> usize {
        self.0.expire_idle(idle)
    }

    /// Sets how many series the family has at most, not including the overflow series; existing
    /// series stay.
    ///
    /// The default is the registry's limit; see
    /// [`RegistryBuilder::family_limit`](crate::RegistryBuilder::family_limit).
    pub fn set_limit(&self, series: usize) {
        self.0.set_limit(series);
    }

    /// Returns the number of series, including the overflow series.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no series.
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

/// A metric whose series have handles `H`.
pub(crate) trait SeriesOf<H>: Send + Sync {
    /// The handle of a series that there is.
    fn find(&self, sought: &Sought<'_>) -> Option<H>;
    fn with(&self, values: &[&str]) -> H;
    fn remove(&self, values: &[&str]) -> bool;
    fn expire_idle(&self, idle: Duration) -> usize;
    fn set_limit(&self, limit: usize);
    #[cfg(feature = "facade")]
    fn relabel(&self, labels: Vec<String>, from: &[Option<usize>]);
    /// The values of all series.
    #[cfg(feature = "facade")]
    fn values(&self) -> Vec<Vec<String>>;
    #[cfg(feature = "facade")]
    fn with_told(&self, values: &[&str]) -> (H, bool);
    #[cfg(feature = "facade")]
    fn set_help(&self, help: &str);
    fn len(&self) -> usize;
}

impl<H: Handle> SeriesOf<H> for Metric<H::Cells> {
    fn find(&self, sought: &Sought<'_>) -> Option<H> {
        self.find(sought).map(H::new)
    }

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
    fn relabel(&self, labels: Vec<String>, from: &[Option<usize>]) {
        Metric::relabel(self, labels, from);
    }

    #[cfg(feature = "facade")]
    fn values(&self) -> Vec<Vec<String>> {
        self.values()
    }

    #[cfg(feature = "facade")]
    fn with_told(&self, values: &[&str]) -> (H, bool) {
        let series = self.series(values);
        let is_overflow = self.is_overflow(&series);
        (H::new(series), is_overflow)
    }

    #[cfg(feature = "facade")]
    fn set_help(&self, help: &str) {
        Metric::set_help(self, help);
    }

    fn len(&self) -> usize {
        Metric::len(self)
    }
}
