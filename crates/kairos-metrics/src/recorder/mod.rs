// The bridge from the `metrics` facade: what libraries emit through it is counted in a registry.
// Never knows: cells; it registers and counts through this crate's own handles.
// Read next: `recorder.rs`; `emitted.rs`, the first use of a name.

mod bridge;
mod emitted;
mod kept;
mod measure;
mod recorder;
mod rename;
mod told;

pub use recorder::Recorder;
pub use told::Renamed;
