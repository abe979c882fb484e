// A cache in its surroundings: runtimes that hold it up, subscribers, its end.
// Never knows: the insides of the cache.
// Read next: `shutdown.rs`.

mod counts;
mod reload;
mod runtimes;
mod shutdown;
mod shutdown_on_threads;
mod subscribe;
mod waits;
#[cfg(feature = "serde")]
mod written;
