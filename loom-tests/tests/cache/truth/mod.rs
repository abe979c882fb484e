// Models of the promise: what was computed before an invalidation is not served after it.
// Never knows: who asked for a compute.

mod counts;
mod expiry;
mod found;
mod held;
mod in_place;
mod publish;
mod remembered;
mod renewed;
mod slot;
mod stamp;
mod tags;
