// The errors of this crate: all arise at registration, none when counting.
// Never knows: what was to be counted.
// Read next: `names.rs`, which refuses names.

/// Why an instrument was not registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A metric's name does not suit the exposition formats.
    #[error("metric name {name:?}: {reason}")]
    Name {
        /// The name that was refused.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A metric's help text is missing.
    #[error("metric {name:?}: the help text is empty")]
    Help {
        /// The metric whose help was refused.
        name: String,
    },
    /// A label's name does not suit the exposition formats.
    #[error("metric {metric:?}, label {label:?}: {reason}")]
    Label {
        /// The metric that was to have the label.
        metric: String,
        /// The label that was refused.
        label: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The name, or a sample's name derived from it, is taken in this registry.
    #[error("metric {name:?}: the sample name {sample:?} is already registered")]
    Duplicate {
        /// The metric that was to be registered.
        name: String,
        /// The sample name that is taken.
        sample: String,
    },
    /// A histogram's precision or bounds are out of range.
    #[error("histogram precision: {field} is {value}, allowed is {allowed}")]
    Precision {
        /// The field that was refused.
        field: &'static str,
        /// Its value.
        value: u64,
        /// What would be accepted.
        allowed: &'static str,
    },
    /// A histogram's exposed bounds do not rise, reach the highest value, or there are none.
    #[error(
        "histogram {name:?}: bounds must be at least one, each above the one before, and below the \
         precision's highest value"
    )]
    Bounds {
        /// The metric that was to be registered.
        name: String,
    },
}

impl Error {
    /// Whether the name is taken: the instrument exists, or another one exposes the same sample.
    pub const fn is_duplicate(&self) -> bool {
        matches!(self, Error::Duplicate { .. })
    }

    /// Whether a name, a label or a help text was refused for its form.
    pub const fn is_invalid_name(&self) -> bool {
        matches!(self, Error::Name { .. } | Error::Label { .. } | Error::Help { .. })
    }
}
