// The one way into a registry, whatever the kind, the unit and the labels of a metric are.
// Never knows: which kinds there are, but for the configuration of histograms.
// Read next: `catalog.rs`, which takes the metric; `registry.rs` and `measured.rs`, the callers.

use std::sync::Arc;

use super::catalog::Catalog;
use super::family::{Family, SeriesOf};
use super::space::enter;
use crate::error::Error;
use crate::instrument::{
    Description, Handle, Histogram, HistogramConfig, HistogramSpec, Instrument, Metric,
};
use crate::names::{Unit, check_labels, check_metric, family_name};

/// A metric that is about to be registered, without its labels: a single handle, a family or a typed
/// family is registered from it.
pub(crate) struct Registration<'a, H: Handle> {
    catalog: &'a Arc<Catalog>,
    name: &'a str,
    help: &'a str,
    unit: Unit,
    spec: <H::Cells as Instrument>::Spec,
}

impl<'a, H: Handle<Cells: Instrument<Spec = ()>>> Registration<'a, H> {
    /// A metric without a configuration: anything but a histogram.
    pub(super) fn new(catalog: &'a Arc<Catalog>, name: &'a str, help: &'a str, unit: Unit) -> Self {
        Registration { catalog, name, help, unit, spec: () }
    }
}

impl<'a> Registration<'a, Histogram> {
    /// A histogram, whose configuration has its unit.
    ///
    /// # Errors
    /// [`Error::Bounds`] when the configured bounds are invalid.
    pub(super) fn histogram(
        catalog: &'a Arc<Catalog>,
        name: &'a str,
        help: &'a str,
        config: &HistogramConfig,
    ) -> Result<Self, Error> {
        let spec = HistogramSpec::new(name, config, catalog.timer_clock())?;
        Ok(Registration { catalog, name, help, unit: spec.unit, spec })
    }
}

impl<H: Handle> Registration<'_, H> {
    /// Registers a metric of one series, without labels.
    pub(super) fn single(self) -> Result<H, Error> {
        Ok(self.series(&[])?.with(&[]))
    }

    /// Registers a family with labels whose number is known at compile time.
    pub(super) fn family<const N: usize>(self, labels: [&str; N]) -> Result<Family<H, N>, Error> {
        Ok(Family::new(self.series(&labels)?))
    }

    /// Registers a metric with any number of labels.
    ///
    /// # Errors
    /// When the name, the help text or a label is refused, or a name that would be exposed is taken.
    pub(crate) fn series(self, labels: &[&str]) -> Result<Arc<dyn SeriesOf<H>>, Error> {
        let (catalog, name) = (self.catalog, self.name);
        let metric = self.metric(labels)?;
        enter(catalog, name, Arc::clone(&metric) as _)?;
        Ok(metric)
    }

    /// What its values are recorded in.
    #[cfg(feature = "facade")]
    pub(crate) fn unit(&self) -> Unit {
        self.unit
    }

    /// Makes the metric without registering it.
    ///
    /// # Errors
    /// When the name, the help text or a label is refused.
    pub(crate) fn metric(self, labels: &[&str]) -> Result<Arc<Metric<H::Cells>>, Error> {
        let Registration { catalog, name, help, unit, spec } = self;
        let kind = H::Cells::KIND;
        check_metric(name, help, kind)?;
        let all: Vec<&str> = catalog.constant().names().chain(labels.iter().copied()).collect();
        check_labels(name, &all)?;
        let (family, constant) = (family_name(name, kind, unit), catalog.constant());
        let description = Description::new(kind, family, help, unit, constant, labels);
        let limit = catalog.series_limit(labels);
        let metric = Metric::<H::Cells>::new(description, spec, catalog.idle_clock(), limit);
        Ok(Arc::new(metric))
    }
}
