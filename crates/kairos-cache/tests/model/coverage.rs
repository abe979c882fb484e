//! How often each reason, outcome and zone was reached.
//! Never knows: sequences.
//! Read next: `main.rs`, which asks for enough of each.

use std::fmt;

use kairos_cache::{Reason, Zone};

use crate::answer::{Answer, Outcome};

#[derive(Debug, Default, Clone)]
pub(crate) struct Coverage {
    reasons: [u64; Reason::ALL.len()],
    outcomes: [u64; Outcome::ALL.len()],
    zones: [u64; Zone::ALL.len()],
}

impl Coverage {
    pub(crate) fn count(&mut self, answer: &Answer) {
        self.outcomes[answer.outcome as usize] += 1;
        if let Some(receipt) = &answer.receipt {
            self.reasons[receipt.reason as usize] += 1;
            if let Some(of_value) = &receipt.of_value {
                self.zones[of_value.zone as usize] += 1;
            }
        }
    }

    pub(crate) fn add(&mut self, other: &Coverage) {
        let add = |into: &mut [u64], from: &[u64]| {
            into.iter_mut().zip(from).for_each(|(into, from)| *into += from);
        };
        add(&mut self.reasons, &other.reasons);
        add(&mut self.outcomes, &other.outcomes);
        add(&mut self.zones, &other.zones);
    }

    /// What was reached least often, and how often.
    pub(crate) fn least(&self) -> (String, u64) {
        self.rows().min_by_key(|(_, count)| *count).expect("there are reasons")
    }

    fn rows(&self) -> impl Iterator<Item = (String, u64)> {
        let reasons = Reason::ALL.iter().map(|r| format!("reason  {r}")).zip(self.reasons);
        let outcomes = Outcome::ALL.iter().map(|o| format!("outcome {}", o.name()));
        let zones = Zone::ALL.iter().map(|z| format!("zone    {}", z.name())).zip(self.zones);
        reasons.chain(outcomes.zip(self.outcomes)).chain(zones)
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rows().try_for_each(|(what, count)| writeln!(f, "{what:24}{count:>10}"))
    }
}
