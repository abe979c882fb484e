// The parts of a cache in one struct, and the ways through them.
// Never knows: what callers may do.

pub(crate) mod background;
pub(crate) mod join;
pub(crate) mod pin;
pub(crate) mod reading;
pub(crate) mod waiting;
