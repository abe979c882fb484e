// Many keys read in one pass: how each is decided, who computes what, and what is stored.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `decisions.rs`.

mod bad_keys;
mod decisions;
mod effort;
mod ends;
mod iterators;
mod refreshes;

use kairos_cache::Context;

fn none() -> Context {
    Context::none()
}
