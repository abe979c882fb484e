// What was counted, as plain data: values, distributions, their differences, sums and formats.
// Never knows: registries, and how a value is counted.
// Read next: `snapshot.rs`; `hdr.rs`, the distributions in it.

mod fraction;
mod hdr;
#[cfg(feature = "hdr-log")]
mod hdr_log;
mod snapshot;
#[cfg(feature = "hdrhistogram")]
mod to_hdr;

pub use hdr::HistogramSnapshot;
#[cfg(feature = "hdr-log")]
pub use hdr_log::{Interval, write_interval_log};
pub use snapshot::{MetricSnapshot, SeriesSnapshot, Snapshot, Value};
