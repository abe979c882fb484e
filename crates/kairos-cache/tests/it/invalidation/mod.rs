// What is invalidated is never served again, and its memory comes back.
// Never knows: the insides of the cache.
// Read next: `on_the_way.rs`; `../stress/staleness.rs`, the same promise under load.

mod forgetting;
mod on_the_way;
mod races;
mod rows;
mod sweep;
