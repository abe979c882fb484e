// A loader behind reads that bring no closure: what it refreshes and fills by itself, and what it leaves alone.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `reads.rs`.

mod abstains;
mod fills;
mod reads;
mod refreshes;

use kairos_cache::{Builder, Context};

use crate::stage::{Loading, SECOND};

fn minute(builder: Builder<String, u64>) -> Builder<String, u64> {
    builder.default_ttl(60 * SECOND).xfetch_enabled(false)
}

/// A stage whose key `k` was loaded at 0 s, fresh for 60 s and served for 120 s.
fn filled() -> Loading {
    let stage = Loading::new(minute);
    assert_eq!(stage.read("k", &Context::none()).value(), Some(1));
    stage
}
