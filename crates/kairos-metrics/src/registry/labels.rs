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

/// One label as a type: its name, and what each of its values reads.
///
/// Tuples of up to six labels are [`LabelSet`]s.
pub trait Label {
    /// The label's name; judged when a family is registered.
    const NAME: &'static str;

    /// The label's value.
    fn value(&self) -> &str;
}

/// Label names and values that belong together, so that a family cannot be asked for values in the
/// wrong order, or for those of another label.
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
/// The same values the other way round are of another type:
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
/// A struct with a field for each label implements the trait itself; the type [`Each`](LabelSet::Each)
/// has the compiler compare the number of names with that of values.
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
    /// An array with one element for each label.
    type Each<T>: AsRef<[T]>;

    /// The labels' names, in their order.
    const NAMES: Self::Each<&'static str>;

    /// The labels' values, in the order of the names.
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

/// Instruments `H` of one name, told apart by label sets `L`; in all else a
/// [`Family`](crate::Family).
pub struct TypedFamily<H, L> {
    series: Arc<dyn SeriesOf<H>>,
    labels: PhantomData<fn(&L)>,
}

impl<H, L: LabelSet> TypedFamily<H, L> {
    /// The instrument of these labels, made on first use.
    ///
    /// Takes a lock and searches; keep the handle where it is used often. With the bound
    /// reached, new label sets get the overflow series.
    pub fn with(&self, labels: &L) -> H {
        self.series.with(labels.values().as_ref())
    }

    /// Stops exposing these labels, as [`Family::remove`](crate::Family::remove) does.
    pub fn remove(&self, labels: &L) -> bool {
        self.series.remove(labels.values().as_ref())
    }

    /// Removes idle series, as [`Family::expire_idle`](crate::Family::expire_idle) does.
    pub fn expire_idle(&self, idle: Duration) -> usize {
        self.series.expire_idle(idle)
    }

    /// Bounds the number of series, as [`Family::set_limit`](crate::Family::set_limit) does.
    pub fn set_limit(&self, series: usize) {
        self.series.set_limit(series);
    }

    /// How many series there are, the overflow series counted.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether there are no series yet.
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
    /// Registers counters told apart by a typed label set.
    ///
    /// # Errors
    /// As [`Registry::counter_family`]; so for every typed family.
    pub fn counters_by<L: LabelSet>(
        &self,
        name: &str,
        help: &str,
    ) -> Result<TypedFamily<Counter, L>, Error> {
        self.registration(name, help, Unit::Plain).typed()
    }

    /// Registers gauges told apart by a typed label set.
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

    /// Registers fraction gauges told apart by a typed label set.
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

    /// Registers histograms told apart by a typed label set.
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
