// Every bounded part of the cache keeps to its bound.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `floods.rs`.

mod behind;
mod evictions;
mod floods;
mod over_bound;
mod resize;
mod upkeep;
mod weight;
