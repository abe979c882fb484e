// The bridge from the `metrics` facade: what libraries emit through it is counted in a registry.
// Never knows: cells; it registers and counts through this crate's own handles.
// Read next: `recorder.rs`; `emitted.rs`, the first use of a name.

mod bridge;
mod claims;
mod emitted;
mod kept;
mod matcher;
mod measure;
mod recorder;
mod rename;
mod settling;
mod told;

pub use matcher::Matcher;
pub use recorder::{Recorder, RecorderBuilder};
pub use told::Renamed;
