// Metrics by name: registered, told apart by labels, read and exposed together.
// Never knows: how anything is counted.
// Read next: `registry.rs`; `registration.rs`, the way in.

mod catalog;
mod family;
mod labels;
mod measured;
mod page;
mod registration;
mod registry;
mod respond;
mod space;

pub use family::{CounterFamily, Family, FractionGaugeFamily, GaugeFamily, HistogramFamily};
pub use labels::{Label, LabelSet, TypedFamily};
pub use measured::Measured;
pub use registry::{DEFAULT_FAMILY_LIMIT, Registry, RegistryBuilder};
pub use respond::Response;

#[cfg(feature = "facade")]
pub(crate) use {
    catalog::{Face, Taken},
    family::SeriesOf,
    page::NewName,
    registration::Registration,
};
