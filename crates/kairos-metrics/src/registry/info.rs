//! Info: what does not change while the process runs, told by labels.
//! Never knows: cells; there is nothing to count.
//! Read next: `instrument.rs`.

use super::family::{Handled, SeriesOf};
use super::registry::Registry;
use crate::encode::{Encoder, Heads};
use crate::error::Error;
use crate::instrument::{Instrument, Series, Stamp};
use crate::names::{Kind, Unit};
use crate::shard::{Reader, Sum};
use crate::snapshot::Value;
use crate::sync::Shared;

impl Registry {
    /// Registers labels that say something of the process, such as its version; they are exposed
    /// with `_info` after the name, which may be given with or without, and the value 1: as info in
    /// `OpenMetrics`, as a gauge in the Prometheus format.
    ///
    /// ```
    /// use kairos_metrics::Registry;
    ///
    /// let registry = Registry::new();
    /// registry.info("build", "What is running", [("version", "1.2"), ("commit", "5e1f0a2")])?;
    /// let line = "build_info{version=\"1.2\",commit=\"5e1f0a2\"} 1\n";
    /// assert!(registry.encode_openmetrics().contains(line));
    /// # Ok::<(), kairos_metrics::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Registry::counter_family`].
    pub fn info<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [(&str, &str); N],
    ) -> Result<(), Error> {
        let (names, values) = (labels.map(|(name, _)| name), labels.map(|(_, value)| value));
        let series = self.register_series::<InfoCell>(name, help, Unit::Plain, &names, ())?;
        // One series, whatever the registry's bound is.
        SeriesOf::set_limit(&*series, 1);
        series.with(&values);
        Ok(())
    }
}

/// Nothing but its labels.
#[derive(Debug)]
pub(crate) struct InfoCell;

impl Handled for InfoCell {
    type Handle = ();

    fn handle(_: Shared<Series<Self>>) {}
}

impl Instrument for InfoCell {
    type Spec = ();

    const KIND: Kind = Kind::Info;

    fn make((): &()) -> InfoCell {
        InfoCell
    }

    fn heads((): &(), family: &str, labels: &str) -> Heads {
        let mut heads = Heads::default();
        heads.push(family, "_info", labels, "");
        heads
    }

    fn activity(&self, _: &Reader<'_>) -> u64 {
        0
    }

    fn value(&self, _: &Reader<'_>, _: &mut Sum) -> Value {
        Value::Info
    }

    fn encode(&self, _: &Reader<'_>, stamp: &Stamp, _: &mut Sum, encoder: &mut Encoder<'_>) {
        encoder.sample_u64(stamp.heads.iter().next().unwrap_or_default(), 1);
    }
}
