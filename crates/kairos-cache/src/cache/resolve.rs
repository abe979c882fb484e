// How a match is resolved: by name, to a handle that readers and feeds keep.
// Never knows: what is read or fed through the handle.
// Read next: `matches.rs`, the table; `context.rs`, which takes the handle.

use crate::cache::Cache;
use crate::context::Scope;
use crate::error::Error;
use crate::stats::counts::Bounded;
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Cache<K, V> {
    /// The match of a name, created if it is new. Keep the handle: reads through it hash nothing,
    /// and the match is not forgotten.
    ///
    /// Beyond `bounds.matches` it is a match that shares its state ([`Scope::is_overflow`]), which
    /// is counted: whatever invalidates one of those invalidates them all.
    pub fn scope(&self, name: &str) -> Scope {
        let engine = &self.engine;
        engine.scope(name).unwrap_or_else(|| {
            let scope = engine.matches().find_or_share(name);
            if scope.is_overflow() {
                engine.stats().over_bound(Bounded::Matches);
            }
            scope
        })
    }

    /// The match of a name, created if it is new, and never one that shares its state.
    ///
    /// # Errors
    /// [`Error::TooManyMatches`] beyond `bounds.matches`.
    pub fn try_scope(&self, name: &str) -> Result<Scope, Error> {
        self.engine.scope(name).ok_or(Error::TooManyMatches)
    }
}
