// The values of a registry at one time, as plain data: differences and sums.
// Never knows: cells, locks, formats.
// Read next: `hdr.rs`, the distributions in a snapshot.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::hdr::HistogramSnapshot;
use crate::buckets::Precision;
use crate::names::{Kind, OVERFLOW, Unit};

/// The values of all metrics of a registry when it was read.
///
/// Each series is exact; counters and histograms grow from snapshot to snapshot. Series are read one
/// after another: two of them may show moments that are a few microseconds apart.
///
/// ```
/// use kairos_metrics::{Registry, Value};
///
/// let registry = Registry::new();
/// let orders = registry.counter_family("orders", "Orders accepted", ["venue"])?;
/// orders.with(["xlon"]).add(2);
/// registry.gauge("open_positions", "Open positions")?.set(3);
/// registry.fraction_gauge("load_ratio", "Busy workers")?.set(0.5);
/// let before = registry.snapshot();
/// orders.with(["xpar"]).inc();
///
/// let now = registry.snapshot();
/// assert_eq!((now.counter("orders"), now.since(&before).counter("orders")), (3, 1));
/// assert_eq!((now.gauge("open_positions"), now.fraction("load_ratio")), (3, 0.5));
/// assert!(now.histogram("unknown").is_empty());
/// assert_eq!(now.value("orders", &["xlon"]), Some(&Value::Counter(2)));
/// assert_eq!(now.metrics().count(), 3);
/// assert_eq!(now.merge(&before).counter("orders"), 5);
/// # Ok::<(), kairos_metrics::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub(crate) metrics: BTreeMap<String, MetricSnapshot>,
}

/// One metric of a [`Snapshot`]: its description and its series.
///
/// ```
/// use kairos_metrics::{Kind, Registry, Unit, Value};
///
/// let registry = Registry::new();
/// registry.gauge_family("open", "Open orders", ["venue"])?.with(["xlon"]).set(3);
/// let snapshot = registry.snapshot();
/// let (name, metric) = snapshot.metrics().next().expect("one");
/// assert_eq!((name, metric.help()), ("open", "Open orders"));
/// assert_eq!((metric.kind(), metric.unit()), (Kind::Gauge, Unit::Plain));
/// let series = &metric.series()[0];
/// assert_eq!((metric.labels(), series.values()), (&["venue".to_owned()][..], &["xlon".to_owned()][..]));
/// assert_eq!(series.value(), &Value::Gauge(3));
/// # Ok::<(), kairos_metrics::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricSnapshot {
    pub(crate) help: String,
    pub(crate) kind: Kind,
    pub(crate) unit: Unit,
    pub(crate) labels: Vec<String>,
    pub(crate) series: Vec<SeriesSnapshot>,
}

/// One series of a [`MetricSnapshot`]: its label values and its value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesSnapshot {
    pub(crate) values: Vec<String>,
    /// Tells a series from an earlier one of the same labels that was removed.
    pub(crate) birth: u64,
    pub(crate) value: Value,
}

/// The value of one series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Value {
    /// A counter's total.
    Counter(u64),
    /// A whole gauge's level.
    Gauge(i64),
    /// A fraction gauge's level.
    Fraction(#[serde(with = "super::fraction")] f64),
    /// A histogram's distribution.
    Histogram(HistogramSnapshot),
    /// Info, which has labels only.
    Info,
}

impl Snapshot {
    /// Returns a counter's total, of a family the sum of its series; 0 for an unknown name.
    ///
    /// The name may include `_total` or not, whichever way the counter was registered.
    pub fn counter(&self, name: &str) -> u64 {
        let values =
            self.values(name).map(|value| if let Value::Counter(n) = value { *n } else { 0 });
        values.fold(0, u64::saturating_add)
    }

    /// Returns a gauge's level, of a family the sum of its series; 0 for an unknown name.
    pub fn gauge(&self, name: &str) -> i64 {
        let values =
            self.values(name).map(|value| if let Value::Gauge(n) = value { *n } else { 0 });
        values.fold(0, i64::wrapping_add)
    }

    /// Returns a fraction gauge's level, of a family the sum of its series; 0 for an unknown name.
    pub fn fraction(&self, name: &str) -> f64 {
        self.values(name).map(|value| if let Value::Fraction(x) = value { *x } else { 0.0 }).sum()
    }

    /// Returns a histogram's distribution, of a family the series merged; empty for an unknown
    /// name.
    ///
    /// O(buckets).
    pub fn histogram(&self, name: &str) -> HistogramSnapshot {
        let mut histograms = self.values(name).filter_map(|value| match value {
            Value::Histogram(histogram) => Some(histogram),
            _ => None,
        });
        let first = histograms.next().cloned();
        let first = first.unwrap_or(HistogramSnapshot::empty(Precision::two_digits()));
        histograms.fold(first, |merged, next| merged.merge(next))
    }

    /// Returns the value of one series, by its label values in the order of the labels.
    pub fn value(&self, name: &str, values: &[&str]) -> Option<&Value> {
        let series = &self.metrics.get(name)?.series;
        series.iter().find(|series| series.values == values).map(|series| &series.value)
    }

    /// Returns the metrics in the order of their names.
    pub fn metrics(&self) -> impl Iterator<Item = (&str, &MetricSnapshot)> {
        self.metrics.iter().map(|(name, metric)| (name.as_str(), metric))
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &Value> {
        let found = self.metrics.get(name).or_else(|| match name.strip_suffix("_total") {
            Some(stem) => self.metrics.get(stem),
            None => self.metrics.get(&format!("{name}_total")),
        });
        let series = found.map_or(&[][..], |metric| &metric.series);
        series.iter().map(|series| &series.value)
    }

    /// Returns what was counted after `earlier`, an earlier snapshot of the same registry.
    ///
    /// This serves where others reset their metrics. Counters and histograms are exact; gauges keep
    /// their level. A series is the same under a label that was added, or another name. It counts
    /// from zero if it is new, was removed and made again, or is one of another process in
    /// `earlier`; a counter that is higher in `earlier` gives zero.
    #[must_use]
    pub fn since(&self, earlier: &Snapshot) -> Snapshot {
        let mut delta = self.clone();
        // Of a snapshot that was merged, a birth may be that of several series: then the labels tell.
        let mut by_birth: BTreeMap<u64, Vec<_>> = BTreeMap::new();
        for (name, metric) in &earlier.metrics {
            for series in &metric.series {
                by_birth.entry(series.birth).or_default().push((name, &metric.labels, series));
            }
        }
        for (name, metric) in &mut delta.metrics {
            for series in &mut metric.series {
                let before = match by_birth.get(&series.birth).map(Vec::as_slice) {
                    None => continue,
                    Some([only]) => Some(only),
                    Some(several) => {
                        let identity = series.identity(&metric.labels);
                        several.iter().find(|(known, labels, before)| {
                            *known == name && before.identity(labels) == identity
                        })
                    }
                };
                if let Some((_, _, before)) = before {
                    series.value = series.value.since(&before.value);
                }
            }
        }
        delta
    }

    /// Returns the sum of both snapshots, as of two processes or two registries: counters and
    /// gauges are added, histograms merged.
    ///
    /// A metric has the labels of both sides; a series that lacks one of them has it empty, as in
    /// Prometheus. The sum is associative, but for the rounding of fractions. Of two metrics under
    /// one name that cannot be added, one stays, whichever side it is on: the one that sorts first
    /// by kind (counter, gauge, histogram, info), then by unit; of a whole and a fraction gauge, the
    /// whole one.
    ///
    /// Take differences before merging: a merged series does not know which of its parts was made
    /// again.
    #[must_use]
    pub fn merge(&self, other: &Snapshot) -> Snapshot {
        let mut merged = self.clone();
        for (name, metric) in &other.metrics {
            merged.add(name, metric.clone());
        }
        merged
    }

    /// Adds one metric to those there are.
    pub(crate) fn add(&mut self, name: &str, metric: MetricSnapshot) {
        match self.metrics.get_mut(name) {
            Some(mine) if mine.shape() < metric.shape() => {}
            Some(mine) if mine.shape() == metric.shape() => mine.absorb(metric),
            _ => {
                self.metrics.insert(name.to_owned(), metric);
            }
        }
    }
}

impl MetricSnapshot {
    /// Returns the help text.
    pub fn help(&self) -> &str {
        &self.help
    }

    /// Returns the metric's kind.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the unit in which the values of the snapshot are recorded.
    pub const fn unit(&self) -> Unit {
        self.unit
    }

    /// Returns the names of the labels; empty unless the metric is a family.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Returns the series in the order of their label values, the overflow series last.
    pub fn series(&self) -> &[SeriesSnapshot] {
        &self.series
    }

    /// What two metrics must have in common to be added up.
    fn shape(&self) -> (Kind, Unit) {
        (self.kind, self.unit)
    }

    /// Gives every series a value for each of `labels`, which are this metric's and others.
    fn widen(&mut self, labels: &[String]) {
        if self.labels == labels {
            return;
        }
        for series in &mut self.series {
            let is_overflow = series.is_overflow();
            let value = |label: &String| match self.labels.iter().position(|mine| mine == label) {
                Some(at) => series.values[at].clone(),
                None if is_overflow => OVERFLOW.to_owned(),
                None => String::new(),
            };
            series.values = labels.iter().map(value).collect();
        }
        labels.clone_into(&mut self.labels);
    }

    fn absorb(&mut self, mut other: MetricSnapshot) {
        if self.labels != other.labels {
            // In an order that does not depend on what was merged first.
            let all: BTreeSet<&String> = self.labels.iter().chain(&other.labels).collect();
            let all: Vec<String> = all.into_iter().cloned().collect();
            self.widen(&all);
            other.widen(&all);
        }
        // In the order of a registry: the overflow series last.
        let place = |series: &SeriesSnapshot| (series.is_overflow(), series.values.clone());
        let mut series: BTreeMap<_, SeriesSnapshot> =
            self.series.drain(..).map(|series| (place(&series), series)).collect();
        for theirs in other.series {
            match series.get_mut(&place(&theirs)) {
                None => {
                    series.insert(place(&theirs), theirs);
                }
                Some(mine) => {
                    mine.birth = mine.birth.max(theirs.birth);
                    mine.value = mine.value.merge(&theirs.value);
                }
            }
        }
        self.series = series.into_values().collect();
    }
}

impl SeriesSnapshot {
    /// The labels with a value, by name: what stays the same when the metric is given one more label.
    fn identity<'a>(&'a self, labels: &'a [String]) -> BTreeMap<&'a str, &'a str> {
        if self.is_overflow() {
            // Of however many labels.
            return BTreeMap::from([("", OVERFLOW)]);
        }
        let pairs = labels.iter().map(String::as_str).zip(self.values.iter().map(String::as_str));
        pairs.filter(|(_, value)| !value.is_empty()).collect()
    }

    fn is_overflow(&self) -> bool {
        !self.values.is_empty() && self.values.iter().all(|value| value == OVERFLOW)
    }

    /// Returns the label values, in the order of [`MetricSnapshot::labels`].
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// Returns the value of the series.
    pub const fn value(&self) -> &Value {
        &self.value
    }
}

impl Value {
    fn since(&self, earlier: &Value) -> Value {
        match (self, earlier) {
            (Value::Counter(now), Value::Counter(then)) => {
                Value::Counter(now.saturating_sub(*then))
            }
            (Value::Histogram(now), Value::Histogram(then)) => Value::Histogram(now.since(then)),
            _ => self.clone(),
        }
    }

    fn merge(&self, other: &Value) -> Value {
        match (self, other) {
            (Value::Counter(a), Value::Counter(b)) => Value::Counter(a.saturating_add(*b)),
            (Value::Gauge(a), Value::Gauge(b)) => Value::Gauge(a.wrapping_add(*b)),
            (Value::Fraction(a), Value::Fraction(b)) => Value::Fraction(a + b),
            (Value::Histogram(a), Value::Histogram(b)) => Value::Histogram(a.merge(b)),
            // Of one kind and yet different: a whole gauge and a fraction.
            (Value::Fraction(_), Value::Gauge(_)) => other.clone(),
            _ => self.clone(),
        }
    }
}
