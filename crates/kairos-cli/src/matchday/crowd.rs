// The readers of the day: who reads what and when, merged with what happens to the matches.
// Never changes what happens to the matches.
// Read next: `day.rs`, which numbers the result.

use std::collections::VecDeque;
use std::sync::Arc;
use std::vec;

use kairos_cache::TradingStatus;

use super::fixture::Fixture;
use super::hours::{DAY_START_MS, HOUR_MS, MINUTE_MS};
use super::prices::{ODDS, OddsMarkets};
use super::shape::{Shape, Stream};
use super::timeline::Beat;
use crate::chance::{Rng, Zipf};
use crate::scenario::{Compute, ComputeResult, Get, Name, OpKind, Prices, ReadId};

/// The markets of the default event graph; the second half of every cache key.
pub(super) const DEFAULT_MARKETS: [&str; 12] = [
    "over_under_25",
    "btts",
    "first_goalscorer",
    "corners_over_under",
    "cards_over_under",
    "handicap",
    "match_result",
    "double_chance",
    "halftime_fulltime",
    "clean_sheet",
    "penalty",
    "edge_calculation",
];

/// What happens to the matches, merged with the reads in order of time; at equal times the reads come last.
///
/// Reads arrive as one Poisson process from the start of the day to the last final whistle. Six in ten are for a match
/// of the next two hours, one in twelve for a match in play, the rest for the others that are still open; where a group
/// is empty, the next one takes its reads. Of the reads that reach a match in play in this way, one in four is made,
/// because a desk prices before kickoff. Within a group, matches and markets are Zipf-chosen by popularity. Readers
/// learn within a minute that a match or a market is closed.
pub(super) struct Crowd {
    shape: Shape,
    fixtures: Vec<Fixture>,
    odds: OddsMarkets,
    beats: vec::IntoIter<Beat>,
    markets: [Name; DEFAULT_MARKETS.len()],
    keys: Vec<[Option<Name>; DEFAULT_MARKETS.len()]>,
    views: Vec<View>,
    groups: Groups,
    arrivals: Rng,
    choices: Rng,
    zipf: Zipf,
    next_arrival_ms: f64,
    /// Cancellations that are due, in order of time.
    leaving: VecDeque<(i64, ReadId)>,
    reads_by_caller: Vec<u32>,
}

/// The state of a match as readers see it.
#[derive(Clone, Debug)]
struct View {
    lineup_confirmed: bool,
    closed: bool,
    /// Cache markets that are closed, one bit each, and those of them that readers know to be closed.
    settled: u16,
    known_settled: u16,
    prices: [f64; ODDS],
}

/// The matches by their time to kickoff, popular ones first; regrouped every minute.
#[derive(Debug, Default)]
struct Groups {
    soon: Vec<usize>,
    later: Vec<usize>,
    playing: Vec<usize>,
    valid_until_ms: i64,
}

/// The markets by popularity, as indices of [`DEFAULT_MARKETS`].
const BY_POPULARITY: [usize; DEFAULT_MARKETS.len()] = [6, 0, 1, 7, 5, 2, 11, 3, 4, 8, 9, 10];

const SOON_MS: i64 = 2 * HOUR_MS;

/// The time after which an impatient caller cancels its read, in ms.
const PATIENCE_MS: i64 = 15;

impl Crowd {
    pub(super) fn new(
        shape: Shape,
        fixtures: Vec<Fixture>,
        odds: OddsMarkets,
        beats: Vec<Beat>,
    ) -> Self {
        let view = View {
            lineup_confirmed: false,
            closed: false,
            settled: 0,
            known_settled: 0,
            prices: [0.0; ODDS],
        };
        let mut arrivals = shape.rng(Stream::Arrivals);
        let first_gap_ms = arrivals.exponential(1000.0 / shape.reads_per_s);
        Self {
            beats: beats.into_iter(),
            markets: DEFAULT_MARKETS.map(Name::from),
            keys: vec![[const { None }; DEFAULT_MARKETS.len()]; fixtures.len()],
            views: vec![view; fixtures.len()],
            groups: Groups::default(),
            arrivals,
            choices: shape.rng(Stream::Choices),
            zipf: Zipf::new(),
            next_arrival_ms: DAY_START_MS as f64 + first_gap_ms,
            leaving: VecDeque::new(),
            reads_by_caller: vec![0; shape.readers as usize],
            shape,
            fixtures,
            odds,
        }
    }

    fn witness(&mut self, beat: &Beat) {
        let view = &mut self.views[beat.fixture];
        match &beat.kind {
            OpKind::Odds { market, price, .. } => {
                if let Some(at) = self.odds.names.iter().position(|name| name == market) {
                    view.prices[at] = *price;
                }
            }
            OpKind::Event { event, .. } => view.lineup_confirmed |= &**event == "lineup_confirmed",
            OpKind::Status { market: None, status, .. } => {
                view.closed = *status == TradingStatus::Closed;
            }
            OpKind::Status { market: Some(market), status: TradingStatus::Closed, .. } => {
                if let Some(at) = self.markets.iter().position(|name| name == market) {
                    view.settled |= 1 << at;
                }
            }
            _ => {}
        }
    }

    fn regroup(&mut self, t_ms: i64) {
        let Groups { soon, later, playing, valid_until_ms } = &mut self.groups;
        if t_ms < *valid_until_ms {
            return;
        }
        *valid_until_ms = t_ms + MINUTE_MS;
        for group in [&mut *soon, &mut *later, &mut *playing] {
            group.clear();
        }
        for (index, (fixture, view)) in self.fixtures.iter().zip(&mut self.views).enumerate() {
            view.known_settled = view.settled;
            match fixture.kickoff_ms - t_ms {
                _ if view.closed => {}
                ahead_ms if ahead_ms <= 0 => playing.push(index),
                ahead_ms if ahead_ms <= SOON_MS => soon.push(index),
                _ => later.push(index),
            }
        }
    }

    /// The match of the next read; `None` if the read is not made.
    fn choose_match(&mut self) -> Option<usize> {
        let Groups { soon, later, playing, .. } = &self.groups;
        let point = self.choices.unit();
        let group = if point < 1.0 / 12.0 && !playing.is_empty() {
            playing
        } else if !soon.is_empty() && (point < 0.68 || later.is_empty()) {
            soon
        } else if !later.is_empty() {
            later
        } else if self.choices.chance(0.25) {
            playing
        } else {
            return None;
        };
        group.get(self.zipf.draw(&mut self.choices, group.len())).copied()
    }

    fn read(&mut self, t_ms: i64) -> Option<OpKind> {
        self.regroup(t_ms);
        let index = self.choose_match()?;
        let market = BY_POPULARITY[self.zipf.draw(&mut self.choices, BY_POPULARITY.len())];
        if self.views[index].known_settled & (1 << market) != 0 {
            return None;
        }
        let id = self.next_id();
        let (fixture, view) = (&self.fixtures[index], &self.views[index]);
        let rng = &mut self.choices;
        let in_play = t_ms >= fixture.kickoff_ms;
        let sees_prices = !in_play && view.prices[0] > 0.0 && rng.chance(0.1);
        let result = match rng.unit() {
            u if u < 0.0002 => ComputeResult::Hang,
            u if u < 0.0004 => ComputeResult::Panic,
            u if u < 0.001 => ComputeResult::Nothing,
            u if u < 0.004 => ComputeResult::Error,
            _ => ComputeResult::Ok,
        };
        let compute = Compute {
            ms: (self.shape.compute_ms as f64 * rng.between(0.5, 1.5)).round() as u64,
            result,
            value: None,
        };
        let key = self.keys[index][market].get_or_insert_with(|| {
            Name::from(format!("{}:{}", fixture.match_id, DEFAULT_MARKETS[market]))
        });
        let get = Get {
            id: Some(id.clone()),
            match_id: Some(Arc::clone(&fixture.match_id)),
            market: Some(Arc::clone(&self.markets[market])),
            kickoff_ms: Some(fixture.kickoff_ms),
            lineup_confirmed: Some(view.lineup_confirmed),
            current_odds: sees_prices.then(|| match_prices(&self.odds, &view.prices)),
            tags: fixture.teams.clone().into(),
            force_refresh: rng.chance(0.002),
            max_age_ms: rng.chance(0.01).then_some(MINUTE_MS as u64),
            compute: Some(compute),
            ..Get::new(Arc::clone(key))
        };
        if rng.chance(0.002) {
            self.leaving.push_back((t_ms + PATIENCE_MS, id));
        }
        Some(OpKind::Get(Box::new(get)))
    }

    fn next_id(&mut self) -> ReadId {
        let caller = self.choices.below(self.reads_by_caller.len());
        let read = self.reads_by_caller[caller];
        self.reads_by_caller[caller] = read.wrapping_add(1);
        ReadId::Caller { caller: caller as u32, read }
    }
}

/// The three prices of the match result.
fn match_prices(odds: &OddsMarkets, prices: &[f64; ODDS]) -> Prices {
    odds.names.iter().cloned().zip(prices.iter().copied()).take(3).collect()
}

impl Iterator for Crowd {
    type Item = (i64, OpKind);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            // The day ends with its last beat, which is the last final whistle.
            let beat_ms = self.beats.as_slice().first()?.t_ms;
            let arrival_ms = self.next_arrival_ms.floor() as i64;
            let leaving_ms = self.leaving.front().map_or(i64::MAX, |(t_ms, _)| *t_ms);
            if beat_ms <= arrival_ms.min(leaving_ms) {
                let beat = self.beats.next()?;
                self.witness(&beat);
                return Some((beat.t_ms, beat.kind));
            }
            if leaving_ms <= arrival_ms {
                let (t_ms, id) = self.leaving.pop_front()?;
                return Some((t_ms, OpKind::Cancel { id }));
            }
            self.next_arrival_ms += self.arrivals.exponential(1000.0 / self.shape.reads_per_s);
            if let Some(get) = self.read(arrival_ms) {
                return Some((arrival_ms, get));
            }
        }
    }
}
