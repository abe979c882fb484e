// How long matches are in panic, by the cache's own verdicts on prices.
// Never scores a price.
// Read next: `tally.rs`, which hands the verdicts on.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::scenario::Name;

/// The time that matches have been in panic: each price that is a panic holds for a while from its arrival.
pub(super) struct PanicTime {
    hold_ms: i64,
    from_ms: i64,
    matches: HashMap<Name, Held, FixedState>,
}

/// The panics of one match.
#[derive(Clone, Copy, Default)]
struct Held {
    /// The sum of the panics, those that overlap counted once.
    ms: i64,
    /// When the newest one is over.
    until_ms: i64,
}

impl PanicTime {
    pub(super) fn new(hold_ms: i64) -> Self {
        Self { hold_ms, from_ms: i64::MIN, matches: HashMap::default() }
    }

    /// Counts the time from `t_ms` on only.
    pub(super) fn begin(&mut self, t_ms: i64) {
        self.from_ms = t_ms;
        for held in self.matches.values_mut() {
            held.ms = (held.until_ms - t_ms).max(0);
        }
    }

    /// Adds a price of a match that was a panic; prices must come in order of time.
    pub(super) fn add(&mut self, match_id: &Name, t_ms: i64) {
        let until_ms = t_ms.saturating_add(self.hold_ms);
        if let Some(held) = self.matches.get_mut(match_id) {
            held.ms += until_ms - held.until_ms.max(t_ms);
            held.until_ms = until_ms;
        } else {
            let held = Held { ms: self.hold_ms, until_ms };
            self.matches.insert(Arc::clone(match_id), held);
        }
    }

    /// The time for which matches were watched and the part of it in panic, in ms: of each from its first price to its
    /// last, or the end of its last panic, and none of it after `end_ms`. `spans` has the prices of each match.
    pub(super) fn sum_up<'a>(
        &self,
        spans: impl Iterator<Item = (&'a Name, i64, i64)>,
        end_ms: i64,
    ) -> (u64, u64) {
        let (mut watched_ms, mut panic_ms) = (0, 0);
        for (name, first_ms, last_ms) in spans {
            let held = self.matches.get(name).copied().unwrap_or_default();
            let until_ms = last_ms.max(held.until_ms).min(end_ms);
            watched_ms += until_ms.saturating_sub(first_ms.max(self.from_ms)).max(0);
            panic_ms += held.ms - held.until_ms.saturating_sub(end_ms).max(0);
        }
        (watched_ms.unsigned_abs(), panic_ms.max(0).unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        from_ms: Option<i64>,
        panics: &[i64],
        span: (i64, i64),
        end_ms: i64,
        expected: (u64, u64),
    ) {
        let name = Name::from("m");
        let mut time = PanicTime::new(30);
        let mut from_ms = from_ms;
        for t_ms in panics {
            if let Some(begin_ms) = from_ms.take_if(|from_ms| *from_ms <= *t_ms) {
                time.begin(begin_ms);
            }
            time.add(&name, *t_ms);
        }
        if let Some(begin_ms) = from_ms {
            time.begin(begin_ms);
        }
        let spans = [(&name, span.0, span.1)].into_iter();
        assert_eq!(time.sum_up(spans, end_ms), expected, "{panics:?}, {span:?}");
    }

    #[test]
    fn panics_hold_and_overlaps_count_once() {
        check(None, &[], (0, 100), 200, (100, 0));
        check(None, &[10], (0, 100), 200, (100, 30));
        check(None, &[10, 20, 60], (0, 100), 200, (100, 70));
    }

    #[test]
    fn a_panic_is_watched_to_its_end_but_not_beyond_the_last_operation() {
        check(None, &[90], (0, 100), 200, (120, 30));
        check(None, &[90], (0, 100), 105, (105, 15));
    }

    #[test]
    fn what_comes_before_the_report_is_left_out() {
        check(Some(100), &[90], (0, 150), 200, (50, 20));
        check(Some(100), &[10], (0, 150), 200, (50, 0));
        check(Some(100), &[90, 110], (0, 150), 200, (50, 40));
        check(Some(100), &[], (0, 50), 200, (0, 0));
    }
}
