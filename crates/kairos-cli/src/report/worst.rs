// The reads that were served the most outdated prices, grouped by the change of a price that they missed: ten at most.
// Never knows: why a read was served; its receipt says so.
// Read next: `exposures.rs`, which keeps them beside the sums.

use std::cmp::Ordering;
use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::scenario::Name;

/// How many incidents are told.
const MOST: usize = 10;

/// The reads that were served although one and the same change of a price had come since their values were computed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Incident {
    /// The read that was off most; of equals, the earliest.
    pub(crate) worst: WorstRead,
    /// How many reads there were.
    pub(crate) reads: u64,
    /// When the first was answered, in ms since the Unix epoch.
    pub(crate) first_ms: i64,
    /// When the last was.
    pub(crate) last_ms: i64,
}

/// A served read, and how far prices had moved since its value was computed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WorstRead {
    /// Its stale-price exposure.
    pub(crate) exposure: f64,
    /// The key.
    pub(crate) key: Name,
    /// The match.
    pub(crate) match_id: Name,
    /// The market of the read, if it named one.
    pub(crate) market: Option<Name>,
    /// When the answer was given, in ms since the Unix epoch.
    pub(crate) served_ms: i64,
    /// How long before that its value was computed, in ms.
    pub(crate) age_ms: i64,
    /// How the engine answered.
    pub(crate) strategy: &'static str,
    /// Why it did so.
    pub(crate) reason: &'static str,
    /// The price that had moved most.
    pub(crate) moved: Moved,
}

/// How far the price of one odds market has moved.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moved {
    /// The odds market.
    pub(crate) market: Name,
    /// The price when the value was computed.
    pub(crate) then: f64,
    /// The price when the read was answered.
    pub(crate) now: f64,
    /// When the market came to that price, in ms since the Unix epoch.
    pub(crate) since_ms: i64,
}

/// The worst incidents of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Worst {
    /// Of each odds market of a match the incident of its newest price.
    open: HashMap<(Name, Name), Incident, FixedState>,
    /// The worst of those whose price has changed since, the worst first.
    over: Vec<Incident>,
}

impl Worst {
    /// Adds a read whose prices had moved; reads must come in the order in which they were answered. A hash look-up.
    pub(crate) fn add(&mut self, read: WorstRead) {
        let at = (read.match_id.clone(), read.moved.market.clone());
        match self.open.get_mut(&at) {
            Some(of) if of.worst.moved.since_ms == read.moved.since_ms => {
                of.reads += 1;
                of.last_ms = read.served_ms;
                if read.exposure > of.worst.exposure {
                    of.worst = read;
                }
            }
            _ => {
                let (first_ms, last_ms) = (read.served_ms, read.served_ms);
                let new = Incident { worst: read, reads: 1, first_ms, last_ms };
                if let Some(over) = self.open.insert(at, new) {
                    self.close(over);
                }
            }
        }
    }

    /// The incidents, the worst first; of those that are as bad, the earlier ones.
    pub(crate) fn into_incidents(mut self) -> Vec<Incident> {
        for (_, incident) in std::mem::take(&mut self.open) {
            self.close(incident);
        }
        self.over
    }

    fn close(&mut self, incident: Incident) {
        let at = self.over.partition_point(|other| order(other, &incident).is_lt());
        if at < MOST {
            self.over.insert(at, incident);
            self.over.truncate(MOST);
        }
    }
}

/// The order of a report, in which no two incidents are equal, so that it does not depend on when they were over.
fn order(a: &Incident, b: &Incident) -> Ordering {
    let (one, other) = (&a.worst, &b.worst);
    other
        .exposure
        .total_cmp(&one.exposure)
        .then_with(|| one.served_ms.cmp(&other.served_ms))
        .then_with(|| one.match_id.cmp(&other.match_id))
        .then_with(|| one.moved.market.cmp(&other.moved.market))
        .then_with(|| one.moved.since_ms.cmp(&other.moved.since_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(served_ms: i64, exposure: f64, (match_id, since_ms): (&str, i64)) -> WorstRead {
        WorstRead {
            exposure,
            key: format!("{match_id}:btts").into(),
            match_id: match_id.into(),
            market: None,
            served_ms,
            age_ms: 5,
            strategy: "serve_fresh",
            reason: "fresh",
            moved: Moved { market: "home".into(), then: 2.0, now: 3.0, since_ms },
        }
    }

    #[test]
    fn ten_incidents_are_kept_the_worst_first_and_the_earlier_of_equals() {
        let mut worst = Worst::default();
        for n in 0..40_i64 {
            // Each exposure comes four times, each time by another change.
            worst.add(read(n, (n % 10 + 1) as f64, ("m", n)));
        }
        let kept: Vec<_> = worst
            .into_incidents()
            .iter()
            .map(|of| (of.worst.exposure as i64, of.first_ms))
            .collect();
        let expected = [
            (10, 9),
            (10, 19),
            (10, 29),
            (10, 39),
            (9, 8),
            (9, 18),
            (9, 28),
            (9, 38),
            (8, 7),
            (8, 17),
        ];
        assert_eq!(kept, expected);
    }

    #[test]
    fn reads_that_missed_the_same_change_are_one_incident_with_its_worst_read_number_and_span() {
        let mut worst = Worst::default();
        for (served_ms, exposure, of) in [
            (10, 0.1, ("m", 5)),
            (11, 0.3, ("n", 5)),
            (12, 0.2, ("m", 5)),
            (13, 0.2, ("m", 5)),
            (14, 0.1, ("m", 5)),
            // Another change to the same price.
            (20, 0.2, ("m", 19)),
        ] {
            worst.add(read(served_ms, exposure, of));
        }
        let found: Vec<_> = worst
            .into_incidents()
            .into_iter()
            .map(|of| (of.worst.served_ms, of.reads, of.first_ms, of.last_ms))
            .collect();
        assert_eq!(found, [(11, 1, 11, 11), (12, 4, 10, 14), (20, 1, 20, 20)]);
    }
}
