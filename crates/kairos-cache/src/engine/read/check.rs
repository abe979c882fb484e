// The read that says why it is not served: `get` by a context, and the first reason against its answer.
// Never knows: computes, or what the caller does with the reason.
// Read next: `reading.rs` for the look, `../../policy/decide.rs` for the rules.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use equivalent::Equivalent;

use crate::context::Context;
use crate::engine::read::reading::Reading;
use crate::engine::{Engine, Moment};
use crate::policy::Reason;
use crate::receipt::{Answer, Guard};
use crate::refused::Refused;
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Engine<K, V> {
    /// Reads without a compute, as [`Engine::read_stored`] does, for a context.
    pub(crate) fn check<Q>(
        self: &Arc<Self>,
        key: &Q,
        context: &Context,
    ) -> Result<Guard<V>, Refused>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if let Some((served, now)) = self.read_near(key, context, self.loader.is_some()) {
            return Ok(Guard::of_near(served, now));
        }
        let moment = self.moment();
        let mut request = self.arrive(key, context, moment.now).map_err(Refused::Context)?;
        // What would have stood against the answer if no refresh were forced is said first.
        let unforced =
            context.force_refresh.then(|| Context { force_refresh: false, ..context.clone() });
        request.context = unforced.as_ref().unwrap_or(context);
        let reading = self.reading(&request, &moment);
        let refreshing = self.loader.is_some() && self.load_behind(&request, &reading, &moment);
        if let Some(refused) = refusal(&reading, &moment) {
            return Err(refused);
        }
        if context.force_refresh {
            let age = Duration::from_nanos(reading.verdict.age_ns);
            return Err(Refused::TooStale { age, limit: Duration::ZERO });
        }
        let Answer { receipt, outcome } = self.serve(&reading, moment.now, refreshing);
        outcome.map(|value| Guard::new(value, receipt)).map_err(|_| Refused::Absent)
    }
}

/// Why a reading without a compute is not served.
fn refusal<V>(reading: &Reading<V>, moment: &Moment) -> Option<Refused> {
    match reading.verdict.reason {
        Reason::Disabled => Some(Refused::Disabled),
        Reason::Suspended => Some(Refused::Suspended),
        Reason::Panic => Some(Refused::Panic),
        Reason::TooStale => Some(too_stale(reading, moment)),
        _ if reading.is_served(moment) => None,
        _ => Some(Refused::Absent),
    }
}

fn too_stale<V>(reading: &Reading<V>, moment: &Moment) -> Refused {
    let Some(view) = &reading.view else { return Refused::Absent };
    let (rules, now) = (&moment.rules.read, moment.now);
    let (facts, ..) = view.entry().place.facts_at(now, &moment.rules.odds);
    let limit_ns = rules.limit_ns(&view.rules_view(), &reading.signals, facts, now);
    let limit_ns = reading.signals.max_age_ns.map_or(limit_ns, |max| max.min(limit_ns));
    let (age, limit) = (reading.verdict.age_ns, limit_ns);
    Refused::TooStale { age: Duration::from_nanos(age), limit: Duration::from_nanos(limit) }
}
