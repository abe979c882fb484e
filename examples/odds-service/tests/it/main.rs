//! The service under load, in this process, and the program as its user starts and ends it.
// Never knows: the insides of the cache.
// Read next: `balance.rs`, `program.rs`.

mod balance;
mod bookmaker;
mod client;
#[cfg(unix)]
mod program;
