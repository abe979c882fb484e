// The errors of this crate: all arise at registration, none when counting.
// Never knows: what was to be counted.
// Read next: `names.rs`, which refuses names.

/// The reason why a metric was not registered.
///
/// Errors arise when a metric is described or registered; counting and reading never fail.
///
/// ```
/// use kairos_metrics::{Error, Registry};
///
/// let registry = Registry::new();
/// let _orders = registry.counter("orders", "Orders accepted")?;
/// let twice: Error = registry.counter("orders", "Orders accepted").unwrap_err();
/// assert!(twice.is_duplicate() && !twice.is_invalid_name());
/// let blank = registry.counter("open orders", "Orders that are open").unwrap_err();
/// assert!(blank.is_invalid_name());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A metric's name does not suit the exposition formats.
    #[error("metric name {name:?}: {reason}")]
    Name {
        /// The refused name.
        name: String,
        /// The rule that the name breaks.
        reason: &'static str,
    },
    /// A metric's help text is empty.
    #[error("metric {name:?}: the help text is empty")]
    Help {
        /// The metric without a help text.
        name: String,
    },
    /// A label's name does not suit the exposition formats.
    #[error("metric {metric:?}, label {label:?}: {reason}")]
    Label {
        /// The metric that would have had the label.
        metric: String,
        /// The refused label.
        label: String,
        /// The rule that the label breaks.
        reason: &'static str,
    },
    /// The name, or the name of a sample that is exposed for it, is taken in this registry.
    #[error("metric {name:?}: the sample name {sample:?} is already registered")]
    Duplicate {
        /// The metric that was not registered.
        name: String,
        /// The taken sample name.
        sample: String,
    },
    /// A metric that the facade emitted was unregistered: handles that are held count nowhere. The
    /// facade's next use of the name registers it again.
    #[error("metric {name:?} was unregistered")]
    Unregistered {
        /// The name under which it was registered.
        name: String,
    },
    /// A histogram that the facade emitted was described in another unit after its first value, and
    /// keeps the unit of that value.
    #[error("metric {name:?} was described in another unit after its first value")]
    LateUnit {
        /// The emitted name.
        name: String,
    },
    /// A registry would be on its own page.
    #[error("a registry cannot be attached to itself, nor to one that is attached to it")]
    Cycle,
    /// A precision's digits or its highest value are out of range.
    #[error("histogram precision: {field} is {value}, must be {allowed}")]
    Precision {
        /// The field that is out of range: `digits` or `highest`.
        field: &'static str,
        /// The refused value.
        value: u64,
        /// The accepted values.
        allowed: &'static str,
    },
    /// A histogram's exposed bounds are empty, do not rise, or reach the precision's highest value.
    #[error(
        "histogram {name:?}: bounds must not be empty, must rise, and must stay below the \
         precision's highest value"
    )]
    Bounds {
        /// The metric that was not registered.
        name: String,
    },
}

impl Error {
    /// Returns whether the name is taken: the metric exists, or another one exposes the same
    /// sample.
    pub const fn is_duplicate(&self) -> bool {
        matches!(self, Error::Duplicate { .. })
    }

    /// Returns whether a name, a label or a help text was refused for its form.
    pub const fn is_invalid_name(&self) -> bool {
        matches!(self, Error::Name { .. } | Error::Label { .. } | Error::Help { .. })
    }
}
