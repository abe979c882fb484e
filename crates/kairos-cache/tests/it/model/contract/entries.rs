// Stored values: where each belongs, and what covers it.
// Never knows: how old is too old.
// Read next: `decide.rs`, which looks at them.

use kairos_cache::Zone;

use crate::model::operation::{EVENTS, MARKETS, Named, TAGS};

/// Where a value belongs: by the context of its compute or fill.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Home {
    pub(super) key: usize,
    pub(super) in_match: Option<usize>,
    pub(super) market: Option<usize>,
    /// The market's tags and the context's.
    pub(super) tags: Vec<&'static str>,
    /// The context's.
    pub(super) own_tags: Vec<usize>,
}

impl Entry {
    pub(super) fn new(
        value: Option<u64>,
        home: Home,
        (computed, computed_wall): (u64, i64),
        begun: Begun,
        fixed: (Zone, u64),
        expired: bool,
    ) -> Entry {
        let limit = u64::MAX;
        Entry {
            value,
            home,
            computed,
            computed_wall,
            begun,
            fixed,
            limit,
            own_ttl: None,
            expired,
            factor: 1.0,
            took: 0,
            put_off_until: None,
            corpse: false,
        }
    }
}

impl Home {
    pub(super) fn place(&self) -> (Option<usize>, Option<usize>) {
        (self.in_match, self.market)
    }

    pub(super) fn new(key: usize, context: &Named) -> Home {
        let mut tags: Vec<&'static str> = context.tags.iter().map(|tag| TAGS[*tag]).collect();
        if let Some(market) = context.market {
            tags.extend(MARKETS[market].1);
        }
        let own_tags = context.tags.clone();
        Home { key, in_match: context.in_match, market: context.market, tags, own_tags }
    }
}

/// When a compute or a fill began, and the kickoff of its match that was known then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    pub(super) at: u64,
    pub(super) kickoff: Option<i64>,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Nothing where it is remembered that there is nothing.
    pub(super) value: Option<u64>,
    pub(super) home: Home,
    /// When its compute finished, on the monotonic clock.
    pub(super) computed: u64,
    /// What the wall clock showed then.
    pub(super) computed_wall: i64,
    /// When what found it had begun.
    pub(super) begun: Begun,
    /// Zone and TTL at insertion.
    pub(super) fixed: (Zone, u64),
    /// The TTL that it has at most: how long a nothing is remembered is settled when it is found.
    pub(super) limit: u64,
    /// The TTL that its compute has named.
    pub(super) own_ttl: Option<u64>,
    pub(super) expired: bool,
    /// What jitter has left of its TTL.
    pub(super) factor: f64,
    /// How long its compute took.
    pub(super) took: u64,
    /// A compute has failed: until then no other is started for this value's sake.
    pub(super) put_off_until: Option<u64>,
    /// Killed by tag or all, and not reclaimed: it may still be among those that "died".
    pub(super) corpse: bool,
}

/// What an invalidation, an expiry or a change of status reaches.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reach {
    Key(usize),
    Tag(usize),
    Match(usize),
    Market { of: usize, market: usize },
    Event { of: usize, event: usize },
    All,
}

impl Reach {
    pub(super) fn covers(self, home: &Home) -> bool {
        match self {
            Reach::Key(key) => home.key == key,
            Reach::Tag(tag) => home.tags.contains(&TAGS[tag]),
            Reach::Match(of) => home.in_match == Some(of),
            Reach::Market { of, market } => {
                home.in_match == Some(of) && home.market == Some(market)
            }
            Reach::Event { of, event } => {
                let hit = EVENTS[event].1.iter().any(|tag| home.tags.contains(tag));
                home.in_match == Some(of) && hit
            }
            Reach::All => true,
        }
    }
}

/// How many markets an event affects.
pub(super) fn affected_markets(event: usize) -> usize {
    let shares = |tags: &[&str]| EVENTS[event].1.iter().any(|tag| tags.contains(tag));
    MARKETS.iter().filter(|(_, tags)| shares(tags)).count()
}
