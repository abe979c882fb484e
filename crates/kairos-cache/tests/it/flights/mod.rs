// Who computes a key, and what becomes of those who wait for it.
// Never knows: the insides of the cache.
// Read next: `coalescing.rs`.

mod cancellation;
mod coalescing;
mod homes;
mod order;
mod other_matches;
mod refresh;
