// One match from the morning to the final whistle: ticks, news, goals, suspensions, the close.
// Never knows: the other matches, or the readers.
// Read next: `crowd.rs`, which adds the reads.

use std::collections::VecDeque;
use std::sync::Arc;

use kairos_cache::TradingStatus;

use super::fixture::Fixture;
use super::hours::{DAY_START_MS, MINUTE_MS};
use super::news::{self, News};
use super::prices::{ODDS, OddsMarkets, quote, settled};
use crate::chance::Rng;
use crate::scenario::{Mode, Name, OpKind, Target};

/// One operation on one match.
#[derive(Clone, Debug)]
pub(super) struct Beat {
    pub(super) t_ms: i64,
    /// The index of the match in the slate.
    pub(super) fixture: usize,
    pub(super) kind: OpKind,
}

/// Plays `fixture` and adds its operations to `beats`, in order of time.
pub(super) fn run(
    fixture: &Fixture,
    index: usize,
    markets: &OddsMarkets,
    rng: &mut Rng,
    beats: &mut Vec<Beat>,
) {
    let mut script: Vec<(i64, Incident)> = news::before(fixture, rng)
        .into_iter()
        .map(|news| (news.t_ms, Incident::News(news)))
        .collect();
    in_play(fixture, rng, &mut script);
    script.sort_by_key(|(t_ms, _)| *t_ms);
    let mut script = VecDeque::from(script);

    let mut play = Play {
        fixture,
        index,
        markets,
        beats,
        expected: fixture.expected_goals,
        score: [0, 0],
        prices: quote(fixture.expected_goals, [0, 0]),
        tick_ms: DAY_START_MS + rng.below(MINUTE_MS as usize) as i64,
        suspended_until_ms: None,
        follow: VecDeque::new(),
    };
    let full_time_ms = fixture.full_time_ms();
    loop {
        let incident_ms = script.front().map_or(i64::MAX, |(t_ms, _)| *t_ms);
        let reopen_ms = play.suspended_until_ms.unwrap_or(i64::MAX);
        let t_ms = incident_ms.min(reopen_ms).min(play.tick_ms);
        if t_ms >= full_time_ms {
            break;
        }
        if t_ms == incident_ms {
            if let Some((_, incident)) = script.pop_front() {
                play.incident(t_ms, incident, rng);
            }
        } else if t_ms == reopen_ms {
            play.reopen(t_ms);
        } else {
            play.tick(t_ms, rng);
        }
    }
    play.status(full_time_ms, None, TradingStatus::Closed);
}

/// An incident that changes the course of a match.
#[derive(Clone, Debug)]
enum Incident {
    News(News),
    Kickoff,
    Goal {
        side: usize,
    },
    /// A check without consequence: a penalty claim, a red card under review.
    Check,
    /// An injury on the pitch.
    Injury {
        side: usize,
    },
}

/// Draws the incidents on the pitch.
fn in_play(fixture: &Fixture, rng: &mut Rng, script: &mut Vec<(i64, Incident)>) {
    script.push((fixture.kickoff_ms, Incident::Kickoff));
    let minutes = fixture.minutes_of_play();
    for side in [0, 1] {
        let mut minute = 0.0;
        loop {
            minute += rng.exponential(minutes / fixture.expected_goals[side]);
            if minute >= minutes {
                break;
            }
            script.push((fixture.instant_of(minute), Incident::Goal { side }));
        }
    }
    for (chance, incident) in [
        (0.6, Incident::Check),
        (0.3, Incident::Check),
        (0.25, Incident::Injury { side: rng.below(2) }),
    ] {
        if rng.chance(chance) {
            script.push((fixture.instant_of(rng.between(1.0, minutes - 1.0)), incident));
        }
    }
}

/// The standard deviation of a drift, relative to the expected goals.
const DRIFT: f64 = 0.004;

/// The state of one match.
struct Play<'a> {
    fixture: &'a Fixture,
    index: usize,
    markets: &'a OddsMarkets,
    beats: &'a mut Vec<Beat>,
    /// The goals expected of a whole match, after the news so far.
    expected: [f64; 2],
    score: [u32; 2],
    /// The current prices.
    prices: [f64; ODDS],
    tick_ms: i64,
    suspended_until_ms: Option<i64>,
    /// The factors on the expected goals that the next ticks apply, one per tick.
    follow: VecDeque<[f64; 2]>,
}

impl Play<'_> {
    fn incident(&mut self, t_ms: i64, incident: Incident, rng: &mut Rng) {
        match incident {
            Incident::News(news) => self.hear(t_ms, &news, rng),
            Incident::Kickoff => self.suspend(t_ms, rng.between(5_000.0, 20_000.0)),
            Incident::Check => self.suspend(t_ms, rng.between(20_000.0, 60_000.0)),
            Incident::Goal { side } => {
                self.score[side] += 1;
                self.suspend(t_ms, rng.between(40_000.0, 90_000.0));
                self.settle(t_ms, side);
            }
            Incident::Injury { side } => {
                let mut factor = [1.0, 1.0];
                factor[side] = rng.between(0.93, 0.99);
                let news = News { t_ms, event: "player_injury", factor, steps: 1 };
                self.hear(t_ms, &news, rng);
            }
        }
    }

    fn hear(&mut self, t_ms: i64, news: &News, rng: &mut Rng) {
        let match_id = Arc::clone(&self.fixture.match_id);
        self.push(t_ms, OpKind::Event { match_id, event: Name::from(news.event) });
        match news.event {
            // Entries about the side are stale in every match of it.
            "key_player_suspended" => {
                let tag = Arc::clone(&self.fixture.teams[usize::from(news.factor[0] >= 1.0)]);
                self.push(
                    t_ms,
                    OpKind::Invalidate { target: Target::Tag(tag), mode: Mode::Expire },
                );
            }
            "venue_changed" => {
                let target = Target::Match(Arc::clone(&self.fixture.match_id));
                self.push(t_ms, OpKind::Invalidate { target, mode: Mode::Kill });
            }
            _ => {}
        }
        let root = 1.0 / f64::from(news.steps);
        let step = news.factor.map(|factor| factor.powf(root));
        self.follow.extend((0..news.steps).map(|_| step));
        self.hasten(t_ms, rng);
    }

    /// Brings the next tick forward, as feeds do after news.
    fn hasten(&mut self, t_ms: i64, rng: &mut Rng) {
        self.tick_ms = self.tick_ms.min(t_ms + rng.between(2_000.0, 8_000.0) as i64);
    }

    fn suspend(&mut self, t_ms: i64, for_ms: f64) {
        let until_ms = t_ms + for_ms as i64;
        if self.suspended_until_ms.is_none() {
            self.status(t_ms, None, TradingStatus::Suspended);
        }
        self.suspended_until_ms =
            Some(self.suspended_until_ms.map_or(until_ms, |old| old.max(until_ms)));
    }

    fn reopen(&mut self, t_ms: i64) {
        self.suspended_until_ms = None;
        self.status(t_ms, None, TradingStatus::Open);
        self.requote(t_ms);
        self.show(t_ms);
    }

    /// Closes the markets that the score has settled.
    fn settle(&mut self, t_ms: i64, side: usize) {
        let [home, away] = self.score;
        let goals = home + away;
        let markets = [
            ("first_goalscorer", goals == 1),
            ("over_under_25", goals == 3),
            ("btts", home.min(away) == 1 && self.score[side] == 1),
        ];
        for (market, settled) in markets {
            if settled {
                self.status(t_ms, Some(Name::from(market)), TradingStatus::Closed);
            }
        }
    }

    fn tick(&mut self, t_ms: i64, rng: &mut Rng) {
        let in_play = t_ms >= self.fixture.kickoff_ms;
        if self.suspended_until_ms.is_none() {
            if let Some(step) = self.follow.pop_front() {
                self.shift(step);
                self.requote(t_ms);
            } else if rng.chance(if in_play { 0.1 } else { 0.05 }) {
                // A tick that changes prices: the book is rebalanced, or time has passed.
                let step = [rng.normal(), rng.normal()].map(|n| (DRIFT * n).exp());
                self.shift(step);
                self.requote(t_ms);
            }
            self.show(t_ms);
        }
        let mean_ms = match (self.follow.is_empty(), in_play) {
            (false, _) => 15_000.0,
            (true, true) => 20_000.0,
            (true, false) => 90_000.0,
        };
        self.tick_ms = t_ms + (mean_ms * rng.between(0.5, 1.5)) as i64;
    }

    fn shift(&mut self, factor: [f64; 2]) {
        for (expected, factor) in self.expected.iter_mut().zip(factor) {
            *expected = (*expected * factor).clamp(0.2, 5.0);
        }
    }

    fn requote(&mut self, t_ms: i64) {
        let played = self.fixture.minute_at(t_ms) / self.fixture.minutes_of_play();
        self.prices = quote(self.expected.map(|goals| goals * (1.0 - played)), self.score);
    }

    /// Sends every price that has not been settled; feeds send them together, with one timestamp.
    fn show(&mut self, t_ms: i64) {
        for market in 0..ODDS {
            if !settled(market, self.score) {
                let match_id = Arc::clone(&self.fixture.match_id);
                let name = Arc::clone(&self.markets.names[market]);
                self.push(
                    t_ms,
                    OpKind::Odds { match_id, market: name, price: self.prices[market] },
                );
            }
        }
    }

    fn status(&mut self, t_ms: i64, market: Option<Name>, status: TradingStatus) {
        let match_id = Arc::clone(&self.fixture.match_id);
        self.push(t_ms, OpKind::Status { match_id, market, status });
    }

    fn push(&mut self, t_ms: i64, kind: OpKind) {
        self.beats.push(Beat { t_ms, fixture: self.index, kind });
    }
}
