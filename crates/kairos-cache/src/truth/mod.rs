//! Whether what is kept still counts: the steps by which entries become visible, and by which they are covered.
//! Never knows: keys, values, moka, policy, or time.
//! Read next: `shelf.rs` for an entry's way into the store, `invalidations.rs` for what covers it there.

mod invalidations;
mod shelf;

pub use invalidations::{Invalidations, KeyMarks};
pub use shelf::{Keep, Shelf, View, publish, remove};
