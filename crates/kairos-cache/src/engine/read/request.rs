// What a read asks for: its key, what its context says, where it belongs, when it arrived.
// Never knows: what is stored for the key.

use std::borrow::Borrow;
use std::hash::Hash;

use crate::context::Context;
use crate::engine::Engine;
use crate::error::Error;
use crate::matches::Place;
use crate::policy::Now;
use crate::to_key::{Key, Value};

/// A read that has arrived.
pub(crate) struct Request<'a, Q: ?Sized> {
    pub(crate) key: &'a Q,
    pub(crate) context: &'a Context,
    pub(crate) place: Place,
    pub(crate) arrived: Now,
}

static NO_CONTEXT: Context = Context {
    scope: None,
    market: None,
    kickoff: None,
    lineup_confirmed: None,
    current_odds: Vec::new(),
    tags: Vec::new(),
    force_refresh: false,
    max_age: None,
};

impl<'a, Q: ?Sized> Request<'a, Q> {
    /// A read without a context: it obeys the match of the entry that it finds.
    pub(crate) fn of_stored(key: &'a Q, arrived: Now) -> Request<'a, Q> {
        Request { key, context: &NO_CONTEXT, place: Place { scope: None, market: None }, arrived }
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Takes in a read: looks its names up, and publishes its context's kickoff and line-up to its
    /// match.
    pub(crate) fn arrive<'a, Q>(
        &self,
        key: &'a Q,
        context: &'a Context,
        arrived: Now,
    ) -> Result<Request<'a, Q>, Error>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut place = self.place(context)?;
        if let Some(scope) = &mut place.scope {
            scope.publish(context.kickoff, context.lineup_confirmed);
        }
        Ok(Request { key, context, place, arrived })
    }
}
