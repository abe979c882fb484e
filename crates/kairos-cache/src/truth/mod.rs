// Whether what is kept still counts: the steps by which entries become visible, and by which they are covered.
// Never knows: keys, values, moka, policy, or time.
// Read next: `shelf.rs` for an entry's way into the store, `invalidations.rs` for what covers it there.

mod generation;
mod invalidations;
mod key;
mod shelf;
mod sighting;
mod slot;
mod stamp;
mod tags;

pub use generation::{Capture, Class, Mark, Sequence};
pub use invalidations::Invalidations;
pub use key::KeyMarks;
pub use shelf::{
    Admitted, Fate, Finding, Keep, Renewed, Shelf, conclude, inspect, is_unchanged, renew,
};
pub use sighting::{Glance, Sighting};
pub use slot::{Held, Row, Slot, View};
pub use stamp::{Stamp, Version};
pub use tags::{TagMark, Tags};
