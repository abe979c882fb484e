// How often each reason, outcome, zone and matter was reached.
// Never knows: sequences.
// Read next: `mod.rs`, which asks for enough of each.

use std::fmt;

use kairos_cache::{FeedStatus, Reason, Zone};

use crate::model::answer::{Answer, OfValue, Outcome, Receipt};
use crate::model::operation::{HOUR, MINUTE, SECOND};

/// What a sequence may come upon besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matter {
    /// A read of many keys, by any of its forms.
    Many,
    /// A call for more than one key, and one that was stopped by its callers or its timeout.
    Call,
    CallAborted,
    /// A blocking read that finds its answer at once.
    Blocking,
    /// A read by the loader.
    Read,
    LoadBehindGet,
    LoadBehindPin,
    /// A pin that is served a value.
    Pinned,
    /// A value that is fresh and refreshed all the same.
    EarlyRefresh,
    /// A value whose TTL is shortened by lot.
    Jitter,
    /// A live entry that had to make room.
    Evicted,
    /// Shutdowns whose end is complete, and those that had to wait for a compute.
    Over,
    OverLater,
    /// A move beyond either bound, a silence that is told, a match that is watched.
    SoftMove,
    HardMove,
    Silence,
    Watched,
    /// What is served while a feed of its match is silent, or beyond the TTL that its zone has.
    ServedInSilence,
    ServedQuiet,
    /// A compute that is given the value which it would replace.
    Offered,
}

impl Matter {
    const ALL: [(Matter, &str); 20] = [
        (Matter::Many, "get_many"),
        (Matter::Call, "call of many keys"),
        (Matter::CallAborted, "call stopped"),
        (Matter::Blocking, "blocking read"),
        (Matter::Read, "read by loader"),
        (Matter::LoadBehindGet, "load behind get"),
        (Matter::LoadBehindPin, "load behind pin"),
        (Matter::Pinned, "pin served"),
        (Matter::EarlyRefresh, "early refresh"),
        (Matter::Jitter, "jittered"),
        (Matter::Evicted, "evicted"),
        (Matter::Over, "shutdown over"),
        (Matter::OverLater, "shutdown waited"),
        (Matter::SoftMove, "soft move"),
        (Matter::HardMove, "hard move"),
        (Matter::Silence, "silence"),
        (Matter::Watched, "watched match"),
        (Matter::ServedInSilence, "served in silence"),
        (Matter::ServedQuiet, "served by a quiet TTL"),
        (Matter::Offered, "old value offered"),
    ];
}

/// Whether a TTL is beyond what its zone has otherwise, the line-up counted in.
fn is_quiet(of: &OfValue) -> bool {
    let without = match of.zone {
        Zone::MatchStarted => 10 * SECOND,
        Zone::Warmup => 30 * SECOND,
        Zone::Golden => MINUTE,
        Zone::Active => 30 * MINUTE,
        Zone::Prematch => 2 * HOUR,
        Zone::Standard => 12 * HOUR,
        Zone::Unknown => return false,
    };
    of.ttl > without
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Coverage {
    reasons: [u64; Reason::ALL.len()],
    outcomes: [u64; Outcome::ALL.len()],
    zones: [u64; Zone::ALL.len()],
    matters: [u64; Matter::ALL.len()],
    /// Of them in the sequence that is run.
    within: [u64; Matter::ALL.len()],
}

impl Coverage {
    pub(crate) fn count(&mut self, answer: &Answer) {
        self.outcomes[answer.outcome as usize] += 1;
        if let Some(receipt) = &answer.receipt {
            self.reasons[receipt.reason as usize] += 1;
            if let Some(of_value) = &receipt.of_value {
                self.zones[of_value.zone as usize] += 1;
            }
            self.served(receipt);
        }
    }

    /// Some read was given this receipt.
    pub(crate) fn served(&mut self, receipt: &Receipt) {
        if receipt.reason == Reason::Fresh && receipt.refresh_started {
            self.met(Matter::EarlyRefresh, 1);
        }
        let is_served = matches!(receipt.reason, Reason::Fresh | Reason::Stale);
        if is_served && receipt.feed == FeedStatus::Silent {
            self.met(Matter::ServedInSilence, 1);
        }
        if is_served && receipt.of_value.as_ref().is_some_and(is_quiet) {
            self.met(Matter::ServedQuiet, 1);
        }
    }

    pub(crate) fn met(&mut self, matter: Matter, times: usize) {
        self.matters[matter as usize] += times as u64;
    }

    /// So often within the sequence that is run.
    pub(crate) fn reached(&mut self, matter: Matter, times: u64) {
        let known = &mut self.within[matter as usize];
        self.matters[matter as usize] += times - *known;
        *known = times;
    }

    /// Another sequence is run.
    pub(crate) fn begin(&mut self) {
        self.within = Default::default();
    }

    pub(crate) fn add(&mut self, other: &Coverage) {
        let add = |into: &mut [u64], from: &[u64]| {
            into.iter_mut().zip(from).for_each(|(into, from)| *into += from);
        };
        add(&mut self.reasons, &other.reasons);
        add(&mut self.outcomes, &other.outcomes);
        add(&mut self.zones, &other.zones);
        add(&mut self.matters, &other.matters);
    }

    /// What was reached least often, and how often.
    pub(crate) fn least(&self) -> (String, u64) {
        self.rows().min_by_key(|(_, count)| *count).expect("there are reasons")
    }

    fn rows(&self) -> impl Iterator<Item = (String, u64)> {
        // The model has no bound on matches: `bounds/over_bound.rs` has.
        let reasons =
            Reason::ALL.iter().zip(self.reasons).filter(|(r, _)| **r != Reason::OverBound);
        let reasons = reasons.map(|(reason, count)| (format!("reason  {reason}"), count));
        let outcomes = Outcome::ALL.iter().map(|o| format!("outcome {}", o.name()));
        let zones = Zone::ALL.iter().map(|z| format!("zone    {}", z.name())).zip(self.zones);
        let matters = Matter::ALL.iter().map(|(_, name)| format!("matter  {name}"));
        let matters = matters.zip(self.matters);
        reasons.chain(outcomes.zip(self.outcomes)).chain(zones).chain(matters)
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rows().try_for_each(|(what, count)| writeln!(f, "{what:26}{count:>10}"))
    }
}
