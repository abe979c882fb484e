// The feeds of a scenario as the cache knows them.
// Never knows: what a feed tells.
// Read next: `world.rs`, which lets them speak.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;
use kairos_cache::{Cache, Feed};

use super::quote::Quote;
use crate::scenario::Name;

/// A handle for each feed that has spoken.
pub(super) struct Feeds {
    pub(super) default: Feed<Name, Quote>,
    others: HashMap<Name, Feed<Name, Quote>, FixedState>,
}

impl Feeds {
    pub(super) fn new(cache: &Cache<Name, Quote>) -> Feeds {
        Feeds { default: cache.feed("default"), others: HashMap::default() }
    }

    /// The feed of a name.
    pub(super) fn of(&mut self, cache: &Cache<Name, Quote>, name: &Name) -> &Feed<Name, Quote> {
        self.others.entry(Arc::clone(name)).or_insert_with(|| cache.feed(name))
    }
}
