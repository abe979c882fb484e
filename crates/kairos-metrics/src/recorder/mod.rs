// The bridge from the `metrics` facade: what libraries emit through it lands in a registry.
// Never knows: cells; it registers and counts through this crate's own handles.
// Read next: `recorder.rs`; `emitted.rs`, a name's first use.

mod bridge;
mod emitted;
mod kept;
mod measure;
mod recorder;
mod rename;
mod told;

pub use recorder::Recorder;
pub use told::Renamed;
