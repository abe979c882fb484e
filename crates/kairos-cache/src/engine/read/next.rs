// How a read goes on from what it has found: the one match on the reason, whichever face asked.
// Never knows: how it goes on.

use super::reading::Reading;
use crate::engine::Moment;
use crate::flight::Kind;
use crate::policy::Reason;

/// How a read goes on from what it has found.
#[derive(Clone, Copy)]
pub(super) enum Next {
    /// The read is served; if the value is due early, it asks for a refresh.
    ServeFresh,
    /// The read is served, and asks for a refresh.
    ServeStale,
    /// The read is served an old value for this reason.
    ServeOld(Reason),
    /// The read needs a compute.
    Compute(Kind),
}

impl<V> Reading<V> {
    /// How the read of this reading goes on.
    pub(super) fn next(&self, moment: &Moment) -> Next {
        match self.verdict.reason {
            Reason::Fresh => Next::ServeFresh,
            Reason::Stale => Next::ServeStale,
            Reason::TooStale if self.is_put_off(moment) => Next::ServeOld(Reason::StaleIfError),
            Reason::Suspended | Reason::Forced | Reason::Panic => Next::Compute(Kind::Bypass),
            Reason::Disabled
            | Reason::OverBound
            | Reason::Miss
            | Reason::TooStale
            // The reason of answers after a compute only.
            | Reason::StaleIfError
            | Reason::SoftTimeout => Next::Compute(Kind::Miss),
        }
    }

    /// Whether a read without a compute is served what was found.
    pub(super) fn is_served(&self, moment: &Moment) -> bool {
        let has_value = self.view.as_ref().is_some_and(|view| view.entry().value.is_some());
        has_value && matches!(self.next(moment), Next::ServeFresh | Next::ServeStale)
    }
}
