// Models of who computes a key, and how many at once.
// Never knows: where results are stored; a place with a lock plays the store.

mod compute;
mod drain;
mod gate;
