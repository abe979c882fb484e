// What a read is answered, by whichever way it comes.
// Never knows: the insides of the cache.
// Read next: `recorded.rs`, what is served; `pins.rs`, `blocking.rs`, other ways to ask.

mod anew;
mod bad_input;
mod blocking;
mod blocking_many;
mod changes;
mod entries;
mod executors;
mod given;
mod handles;
mod keys;
mod near;
mod pins;
mod recorded;
mod strange_keys;
