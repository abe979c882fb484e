// Typed label sets: labels whose names, order and values a type fixes.
// Never knows: series, and how anything is counted.
// Read next: `family.rs`, for label values that are plain strings.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::family::SeriesOf;
use super::registration::Registration;
use super::registry::Registry;
use crate::error::Error;
use crate::instrument::{Counter, FractionGauge, Gauge, Handle, Histogram, HistogramConfig};
use crate::names::Unit;

/// A label as a type: its name, and the text of each of its values.
///
/// Tuples of up to six labels are [`LabelSet`]s.
pub trait Label {
    /// The label's name, which is checked when a family is registered.
    const NAME: &'static str;

    /// Returns the label's value as text.
    fn value(&self) -> &str;
}

/// Labels as one type: a family of it does not take values in the wrong order, or of another label.
///
/// ```
/// use kairos_metrics::{Label, Registry};
///
/// enum Side { Buy, Sell }
///
/// impl Label for Side {
///     const NAME: &'static str = "side";
///
///     fn value(&self) -> &str {
///         match self {
///             Side::Buy => "buy",
///             Side::Sell => "sell",
///         }
///     }
/// }
///
/// struct Venue(String);
///
/// impl Label for Venue {
///     const NAME: &'static str = "venue";
///
///     fn value(&self) -> &str {
///         &self.0
///     }
/// }
///
/// let registry = Registry::new();
/// let fills = registry.counters_by::<(Venue, Side)>("fills", "Fills")?;
/// let buys = fills.with(&(Venue("xlon".to_owned()), Side::Buy));
/// buys.inc();
/// fills.with(&(Venue("xlon".to_owned()), Side::Sell)).add(2);
/// assert!(registry.encode_prometheus().contains("fills_total{venue=\"xlon\",side=\"sell\"} 2\n"));
/// # Ok::<(), kairos_metrics::Error>(())
/// ```
///
/// In the other order the same values have another type, which does not compile:
///
/// ```compile_fail,E0308
/// # use kairos_metrics::{Label, Registry};
/// # struct Side;
/// # impl Label for Side { const NAME: &'static str = "side"; fn value(&self) -> &str { "buy" } }
/// # struct Venue;
/// # impl Label for Venue { const NAME: &'static str = "venue"; fn value(&self) -> &str { "xlon" } }
/// let fills = Registry::new().counters_by::<(Venue, Side)>("fills", "Fills").unwrap();
/// fills.with(&(Side, Venue));
/// ```
///
/// A struct with a field for each label implements the trait itself; its type
/// [`Each`](LabelSet::Each) makes the compiler compare the number of names with that of the values.
///
/// ```
/// use kairos_metrics::{LabelSet, Registry};
///
/// struct Route {
///     method: &'static str,
///     path: String,
/// }
///
/// impl LabelSet for Route {
///     type Each<T> = [T; 2];
///
///     const NAMES: [&'static str; 2] = ["method", "path"];
///
///     fn values(&self) -> [&str; 2] {
///         [self.method, &self.path]
///     }
/// }
///
/// let registry = Registry::new();
/// let requests = registry.counters_by::<Route>("requests", "Requests")?;
/// requests.with(&Route { method: "GET", path: "/".to_owned() }).inc();
/// assert_eq!(registry.snapshot().counter("requests"), 1);
/// # Ok::<(), kairos_metrics::Error>(())
/// ```
pub trait LabelSet {
    /// An array of one element for each label.
    type Each<T>: AsRef<[T]>;

    /// The names of the labels, in order.
    const NAMES: Self::Each<&'static str>;

    /// Returns the values of the labels, in the order of the names.
    fn values(&self) -> Self::Each<&str>;
}

impl<L: Label> LabelSet for L {
    type Each<T> = [T; 1];

    const NAMES: [&'static str; 1] = [L::NAME];

    fn values(&self) -> [&str; 1] {
        [self.value()]
    }
}

/// Makes a tuple of labels a set of them; each label is given with its place in the tuple.
macro_rules! tuple_of_labels {
    ($len:literal: $($label:ident $at:tt),+) => {
        impl<$($label: Label),+> LabelSet for ($($label,)+) {
            type Each<T> = [T; $len];

            const NAMES: [&'static str; $len] = [$($label::NAME),+];

            fn values(&self) -> [&str; $len] {
                [$(self.$at.value()),+]
            }
        }
    };
}

tuple_of_labels!(2: A 0, B 1);
tuple_of_labels!(3: A 0, B 1, C 2);
tuple_of_labels!(4: A 0, B 1, C 2, D 3);
tuple_of_labels!(5: A 0, B 1, C 2, D 3, E 4);
tuple_of_labels!(6: A 0, B 1, C 2, D 3, E 4, F 5);

/// A family whose labels are a type: instruments `H` under one name, told apart by label sets `L`;
/// in all else like [`Family`](crate::Family).
///
/// ```
/// use kairos_metrics::{Label, Registry};
/// use std::time::Duration;
///
/// struct Venue(&'static str);
///
/// impl Label for Venue {
///     const NAME: &'static str = "venue";
///
///     fn value(&self) -> &str {
///         self.0
///     }
/// }
///
/// let registry = Registry::new();
/// let fills = registry.counters_by::<Venue>("fills", "Fills")?;
/// assert!(fills.is_empty());
/// fills.set_limit(100);
/// fills.with(&Venue("xlon")).inc();
/// assert_eq!((fills.len(), fills.expire_idle(Duration::from_secs(600))), (1, 0));
/// assert!(fills.remove(&Venue("xlon")));
/// # Ok::<(), kairos_metrics::Error>(())
/// ```
pub struct TypedFamily<H, L> {
    series: Arc<dyn SeriesOf<H>>,
    labels: PhantomData<fn(&L)>,
}

impl<H, L: LabelSet> TypedFamily<H, L> {
    /// Returns the instrument of these labels, which is made on first use.
    ///
    /// Takes a lock and searches; keep the handle where it is used often. Once the limit is
    /// reached, new label sets get the overflow series.
    pub fn with(&self, labels: &L) -> H {
        self.series.with(labels.values().as_ref())
    }

    /// Removes the series of these labels, as [`Family::remove`](crate::Family::remove) does.
    pub fn remove(&self, labels: &L) -> bool {
        self.series.remove(labels.values().as_ref())
    }

    /// Removes idle series, as [`Family::expire_idle`](crate::Family::expire_idle) does.
    pub fn expire_idle(&self, idle: Duration) -> usize {
        self.series.expire_idle(idle)
    }

    /// Sets how many series there are at most, as [`Family::set_limit`](crate::Family::set_limit)
    /// does.
    pub fn set_limit(&self, series: usize) {
        self.series.set_limit(series);
    }

    /// Returns the number of series, including the overflow series.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Returns whether there are no series.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<H, L> Clone for TypedFamily<H, L> {
    fn clone(&self) -> Self {
        TypedFamily { series: Arc::clone(&self.series), labels: PhantomData }
    }
}

impl<H, L: LabelSet> fmt::Debug for TypedFamily<H, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedFamily").field("series", &self.len()).finish_non_exhaustive()
    }
}

impl<H: Handle> Registration<'_, H> {
    /// Registers a family with the labels of a type.
    pub(super) fn typed<L: LabelSet>(self) -> Result<TypedFamily<H, L>, Error> {
        Ok(TypedFamily { series: self.series(L::NAMES.as_ref())?, labels: PhantomData })
    }
}

impl Registry {
    /// Registers a family of counters with a typed label set.
    ///
    /// # Errors
    /// As [`Registry::counter_family`].
    pub fn counters_by<L: LabelSet>(
        &self,
        name: &str,
        help: &str,
    ) -> Result<TypedFamily<Counter, L>, Error> {
        self.registration(name, help, Unit::Plain).typed()
    }

    /// Registers a family of gauges with a typed label set.
    ///
    /// # Errors
    /// As [`Registry::counter_family`].
    pub fn gauges_by<L: LabelSet>(
        &self,
        name: &str,
        help: &str,
    ) -> Result<TypedFamily<Gauge, L>, Error> {
        self.registration(name, help, Unit::Plain).typed()
    }

    /// Registers a family of fraction gauges with a typed label set.
    ///
    /// # Errors
    /// As [`Registry::counter_family`].
    pub fn fraction_gauges_by<L: LabelSet>(
        &self,
        name: &str,
        help: &str,
    ) -> Result<TypedFamily<FractionGauge, L>, Error> {
        self.registration(name, help, Unit::Plain).typed()
    }

    /// Registers a family of histograms with a typed label set.
    ///
    /// ```
    /// use kairos_metrics::{Label, Precision, Registry};
    ///
    /// struct Pool;
    ///
    /// impl Label for Pool {
    ///     const NAME: &'static str = "pool";
    ///
    ///     fn value(&self) -> &str {
    ///         "main"
    ///     }
    /// }
    ///
    /// let registry = Registry::new();
    /// registry.gauges_by::<Pool>("workers", "Workers")?.with(&Pool).set(4);
    /// registry.fraction_gauges_by::<Pool>("load_ratio", "Busy workers")?.with(&Pool).set(0.5);
    /// let jobs = registry.histograms_by::<Pool>("job", "Jobs", Precision::one_digit())?;
    /// jobs.with(&Pool).record(1_000);
    /// assert!(registry.encode_prometheus().contains("job_seconds_count{pool=\"main\"} 1\n"));
    /// # Ok::<(), kairos_metrics::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Registry::histogram_family`].
    pub fn histograms_by<L: LabelSet>(
        &self,
        name: &str,
        help: &str,
        config: impl Into<HistogramConfig>,
    ) -> Result<TypedFamily<Histogram, L>, Error> {
        self.histogram_registration(name, help, &config.into())?.typed()
    }
}
