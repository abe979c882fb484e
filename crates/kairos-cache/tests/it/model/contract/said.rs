// What a compute says beside a value: tags that it has found, or that the old value stands; and what covers that.
// Never knows: who waits for it.
// Read next: `ends.rs`, which stores it.

use crate::model::answer::Outcome;
use crate::model::operation::{Ending, MARKETS, TAGS};

use super::Model;
use super::entries::{Entry, Home, Reach};
use super::flights::{Compute, Started};

/// What has taken a number: an invalidation, an expiry, or a status that was set already.
#[derive(Debug, Clone, Copy)]
pub(super) struct Covering {
    reach: Option<Reach>,
    kills: bool,
}

/// A match, a market, and the tags beyond the market's: what shares them is covered together.
pub(super) type Class = (Option<usize>, Option<usize>, Vec<usize>);

/// The result of a compute.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) outcome: Outcome,
    pub(super) value: Option<u64>,
    pub(super) has_failed: bool,
    pub(super) own_ttl: Option<u64>,
    /// Where it belongs.
    pub(super) home: Home,
}

impl Home {
    fn class(&self) -> Class {
        (self.in_match, self.market, self.own_tags.clone())
    }

    /// With a tag that is not among its own yet.
    fn tagged(mut self, tag: Option<usize>) -> Home {
        if let Some(tag) = tag.filter(|tag| !self.tags.contains(&TAGS[*tag])) {
            self.tags.push(TAGS[tag]);
            self.own_tags.push(tag);
            self.own_tags.sort_unstable_by_key(|tag| TAGS[*tag]);
        }
        self
    }

    /// With the tags of a value that stands, and in its place if it has none of its own.
    fn taking_over(mut self, of: &Home) -> Home {
        if self.in_match.is_none() {
            (self.in_match, self.market) = of.place();
            self.tags.extend(self.market.into_iter().flat_map(|market| MARKETS[market].1));
        }
        for tag in &of.own_tags {
            if !self.own_tags.contains(tag) {
                self.tags.push(TAGS[*tag]);
                self.own_tags.push(*tag);
            }
        }
        self.own_tags.sort_unstable_by_key(|tag| TAGS[*tag]);
        self
    }
}

impl Said {
    fn of(outcome: Outcome, home: &Home) -> Said {
        let has_failed = !matches!(outcome, Outcome::Value | Outcome::Nothing);
        Said { outcome, value: None, has_failed, own_ttl: None, home: home.clone() }
    }

    /// What a compute says that ends so; nothing where its time is up.
    pub(super) fn by(
        compute: &Compute,
        Started { work, .. }: Started,
        ends: Option<(Ending, u64)>,
    ) -> Said {
        let home = compute.home();
        match (ends, &compute.previous) {
            (Some((Ending::Value, value)), _) => Said {
                value: Some(value),
                own_ttl: work.ttl,
                home: home.clone().tagged(work.tag),
                ..Said::of(Outcome::Value, home)
            },
            (Some((Ending::NotModified, _)), Some(previous)) => Said {
                value: previous.value,
                own_ttl: work.ttl.or(previous.own_ttl),
                home: home.clone().taking_over(&previous.home).tagged(work.tag),
                ..Said::of(Outcome::Value, home)
            },
            (Some((Ending::NotModified, _)), None) => {
                Said { has_failed: true, ..Said::of(Outcome::Nothing, home) }
            }
            (Some((Ending::Nothing, _)), _) => Said::of(Outcome::Nothing, home),
            (Some((Ending::Failure, _)), _) => Said::of(Outcome::Failed, home),
            (Some((Ending::Panic, _)), _) => Said::of(Outcome::Panicked, home),
            (Some((Ending::Never, _)) | None, _) => Said::of(Outcome::TimedOut, home),
        }
    }
}

impl Model {
    /// Something takes a number.
    pub(super) fn note(&mut self, reach: Option<Reach>, kills: bool) {
        self.coverings.push(Covering { reach, kills });
    }

    /// How many numbers have been taken.
    pub(super) fn numbers(&self) -> usize {
        self.coverings.len()
    }

    /// What belongs here is covered by itself from now on, if it was not before.
    pub(super) fn know(&mut self, home: &Home) {
        let now = self.numbers();
        self.classes.entry(home.class()).or_insert(now);
    }

    /// The live value that a compute replaces which starts now.
    pub(super) fn previous(&self, home: &Home) -> Option<Entry> {
        let found = self.find(home.key, home.in_match, u64::MAX)?;
        let may_be = self.enabled && !self.is_suspended(home.place()) && found.value.is_some();
        self.entries[home.key].clone().filter(|_| may_be)
    }

    /// Whether a result is killed, and whether it is expired, where it does not belong where its compute
    /// did: by what has come since that has started. As long as nothing belonged there, every event of
    /// the match counts.
    pub(super) fn covered_since(&mut self, since: usize, home: &Home) -> (bool, bool) {
        self.know(home);
        let known_since = self.classes[&home.class()];
        let (mut killed, mut expired) = (false, false);
        for (number, covering) in self.coverings.iter().enumerate().skip(since) {
            let Some(reach) = covering.reach else { continue };
            let may_reach = matches!(reach, Reach::Event { of, .. } if home.in_match == Some(of));
            if reach.covers(home) || may_reach && number < known_since {
                killed |= covering.kills;
                expired |= !covering.kills;
            }
        }
        (killed, expired)
    }
}
