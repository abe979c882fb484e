// The lots of a sequence: how much jitter takes from a TTL, and which fresh value is refreshed early.
// Never knows: what is done about either.
// Read next: `decide.rs`, for how long a value is fresh.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use kairos_cache::{EvaluateAt, Zone};

use crate::model::setup::Setup;

use super::decide::Found;
use super::ends::shortened;
use super::entries::{Entry, Home};
use super::{Instant, Model, golden_hour};

/// The builder's seed, a value's key and the instant at which its compute finished fix its lots,
/// whatever else has been drawn. `SplitMix64` over the hash that the cache has: without that nothing
/// could be foretold.
#[derive(Debug)]
pub(super) struct Lots {
    hasher: FixedState,
    pub(super) jittered: usize,
}

/// What a lot is drawn for.
#[derive(Clone, Copy)]
enum Purpose {
    Jitter = 1,
    EarlyRefresh = 2,
}

/// No lot is as low as `exp(-37)`: they have 53 bits.
const LARGEST: f64 = 36.8;

fn mixed(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Lots {
    pub(super) fn new(seed: u64) -> Lots {
        Lots { hasher: FixedState::with_seed(seed), jittered: 0 }
    }

    /// A number from (0, 1].
    fn draw(&self, purpose: Purpose, key: usize, computed: u64) -> f64 {
        let key = self.hasher.hash_one(key as u32);
        let bits = mixed(key ^ mixed(computed.wrapping_add(mixed(purpose as u64))));
        ((bits >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// What jitter leaves of the TTL of a new value.
    pub(super) fn jitter(&mut self, setup: &Setup, key: usize, computed: u64) -> f64 {
        if setup.jitter == 0.0 {
            return 1.0;
        }
        self.jittered += 1;
        1.0 - setup.jitter * self.draw(Purpose::Jitter, key, computed)
    }
}

/// A zone's TTL under the one that a result has of its own, which stands alone where no kickoff is known.
pub(super) fn limited(ttl: u64, zone: Zone, own: Option<u64>) -> u64 {
    match own {
        Some(own) if zone == Zone::Unknown => own,
        Some(own) => ttl.min(own),
        None => ttl,
    }
}

impl Model {
    /// Whether a fresh value is refreshed early: `now - δ·β·ln(U) ≥ fresh_until`, with β = 1.
    pub(super) fn is_due_early(&mut self, key: usize, found: &Found) -> bool {
        let entry = self.entries[key].as_ref().expect("it has been found");
        if !self.setup.xfetch || entry.took == 0 {
            return false;
        }
        let (took, until) = (entry.took as f64, self.fresh_until(entry, found.cap));
        let could_be = self.now >= until.saturating_sub((took * LARGEST) as u64);
        let draw = self.lots.draw(Purpose::EarlyRefresh, key, entry.computed);
        could_be && self.now + (took * -draw.ln()) as u64 >= until
    }

    /// The first instant from now on at which an entry is not fresh, if nothing else happens.
    fn fresh_until(&self, entry: &Entry, cap: u64) -> u64 {
        let kickoff = entry.home.in_match.and_then(|of| self.matches[of].kickoff);
        let mut begins: Vec<u64> = golden_hour::BOUNDS
            .into_iter()
            .filter_map(|before| {
                let wall = kickoff? - before.cast_signed() + 1;
                u64::try_from(wall - self.wall_ahead).ok().filter(|begin| *begin > self.now)
            })
            .collect();
        begins.sort_unstable();
        let is_watched = self.watch(entry.home.in_match).1;
        let mut from = self.now;
        for until in begins.into_iter().map(Some).chain([None]) {
            let at = Instant { mono: from, wall: from.cast_signed() + self.wall_ahead };
            let ends = entry.computed.saturating_add(self.own_ttl(entry, at, is_watched).min(cap));
            if ends <= from || self.is_past_kickoff(entry, at) {
                return from;
            }
            match until {
                Some(until) if until <= ends => from = until,
                _ => return ends,
            }
        }
        unreachable!("the last stretch has no end")
    }

    /// The TTL of an entry at an instant, before any cap; that there is nothing knows no quiet.
    pub(super) fn own_ttl(&self, entry: &Entry, at: Instant, is_watched: bool) -> u64 {
        if self.setup.evaluate == EvaluateAt::Insert {
            return entry.fixed.1.min(entry.limit);
        }
        let Home { in_match, .. } = &entry.home;
        let is_quiet = is_watched && entry.value.is_some();
        let (zone, ttl) = self.zone_and_ttl_at(*in_match, at, is_quiet);
        shortened(limited(ttl, zone, entry.own_ttl), entry.factor).min(entry.limit)
    }
}
