// Whether what is kept still counts: the steps by which entries become visible, and by which they are covered.
// Never knows: keys, values, moka, policy, or time.
// Read next: `shelf.rs` for an entry's way into the store, `invalidations.rs` for what covers it there.

#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
pub(crate) mod generation;
mod invalidations;
mod shelf;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
pub(crate) mod slot;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
pub(crate) mod stamp;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
pub(crate) mod tags;

pub use invalidations::{Invalidations, KeyMarks};
pub use shelf::{Keep, Shelf, View, publish, remove};
