// Exposition: a metric as text in the Prometheus and in the `OpenMetrics` format.
// Never knows: registries, clocks, how a value is counted.
// Read next: `encoder.rs`.

mod accept;
mod encoder;
mod heads;
mod number;
mod text;

pub(crate) use accept::negotiate;
pub(crate) use encoder::Encoder;
pub(crate) use heads::{Header, Heads, label_pairs};
pub(crate) use number::{push_bound, push_ns_as_seconds};
pub(crate) use text::Format;
