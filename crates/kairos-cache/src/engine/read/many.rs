// Reads of many keys, as far as their thread remembers what they are served.
// Never knows: what becomes of the other reads.
// Read next: `near.rs` for one such read, `../../cache/many.rs` for the rest.

use std::hash::Hash;

use equivalent::Equivalent;

use crate::context::Context;
use crate::engine::Engine;
use crate::receipt::Answer;
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Engine<K, V> {
    /// The answers of those reads with a compute that are served what their thread remembers.
    ///
    /// None, where one of them has a kickoff or a line-up to tell: each read is decided behind those of the
    /// reads before it.
    pub(crate) fn answers_near<Q>(&self, reads: &[(&Q, &Context)]) -> Vec<Option<Answer<V>>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let none_tells = reads.iter().all(|(_, context)| tells_nothing(context));
        let near = |(key, context): &(&Q, &Context)| {
            none_tells.then(|| self.answer_near(*key, context)).flatten()
        };
        reads.iter().map(near).collect()
    }
}

/// Whether a read for this context publishes nothing to its match.
fn tells_nothing(context: &Context) -> bool {
    let state = context.scope.as_ref().and_then(|scope| scope.state());
    match state {
        Some(state) => state.knows(context.kickoff, context.lineup_confirmed),
        None => context.kickoff.is_none() && context.lineup_confirmed.is_none(),
    }
}
