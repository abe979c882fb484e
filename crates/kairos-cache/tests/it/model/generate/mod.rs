// Draws sequences: the same seed gives the same sequence, on every machine.
// Never knows: the model or the cache; it only sees to it that the rare meets the frequent.
// Read next: `../operation.rs` for the alphabet.

mod setups;

use kairos_cache::{Category, TradingStatus};

use crate::model::operation::{
    EVENTS, Ending, FEEDS, HOUR, KEYS, MARKETS, MATCHES, MINUTE, MS, Named, Op, PRICED, SECOND,
    SLOTS, Sequence, TAGS, Target, Wait, Work,
};
use crate::model::setup::Setup;

use setups::{reloaded, setup};

/// `SplitMix64`: short, and good enough to choose operations with.
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Draw {
        Draw(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low)
    }

    /// The lower of two: some keys and matches are busier than others.
    fn low_index(&mut self, len: usize) -> usize {
        self.index(len).min(self.index(len))
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())].clone()
    }
}

/// How busy a sequence is with each matter: they differ, so that each matter is dense somewhere.
struct Mood {
    /// Of a hundred operations.
    waits: u64,
    /// One read in so many has it.
    prices: u64,
    panics: u64,
    hangs: u64,
    failures: u64,
    long_steps: u64,
    own_match: u64,
    kickoffs: bool,
}

/// A sequence of `length` operations.
pub(crate) fn sequence(seed: u64, length: usize) -> Sequence {
    let draw = &mut Draw::new(seed);
    let mut mood = Mood {
        waits: draw.of(&[12, 20, 30]),
        prices: draw.of(&[2, 6, 1000]),
        panics: draw.of(&[2, 8, 40]),
        hangs: draw.of(&[16, 60, 1000]),
        failures: draw.of(&[3, 6, 20]),
        long_steps: draw.of(&[3, 8, 100]),
        own_match: draw.of(&[4, 12, 1000]),
        kickoffs: true,
    };
    let setup = setup(draw);
    if setup.evicts() {
        // What kickoff has ended lives again if the match is put off, unless it had to make room
        // meanwhile, of which nobody is told.
        mood.kickoffs = false;
    }
    let mut ops = Vec::with_capacity(length);
    while ops.len() < length {
        match draw.below(60) {
            0 => calm_prices(draw, &mut ops),
            1 if setup.xfetch => nearly_stale(draw, &mood, &mut ops),
            _ => ops.push(op(draw, &mood, &setup)),
        }
    }
    ops.truncate(length);
    if draw.one_in(3) {
        // What comes after it meets a cache that has been shut down.
        let last = draw.between(0, length as u64 / 4) as usize;
        ops[length - 1 - last] = Op::Shutdown;
    }
    Sequence { setup, ops }
}

fn op(draw: &mut Draw, mood: &Mood, setup: &Setup) -> Op {
    if draw.below(100) < mood.waits {
        return Op::Pass(wait(draw, mood));
    }
    let of = draw.low_index(MATCHES);
    let key = draw.low_index(KEYS);
    let slot = draw.index(SLOTS);
    match draw.below(100) {
        0..=7 if setup.loader => match draw.below(4) {
            0 => Op::Source { key, work: work(draw, mood) },
            _ => Op::Load { key, context: context(draw, mood, key), hit_only: draw.one_in(10) },
        },
        8..=12 => many(draw, mood),
        13..=15 => Op::Block {
            key,
            context: context(draw, mood, key),
            ends: draw.of(&[Ending::Value, Ending::Value, Ending::Nothing, Ending::Failure]),
            hit_only: draw.one_in(10),
        },
        0..=46 => Op::Read {
            key,
            context: context(draw, mood, key),
            work: work(draw, mood),
            hit_only: draw.one_in(10),
        },
        47..=53 => Op::Get { key },
        54..=55 => Op::Peek { key },
        56..=57 => Op::Pin { slot, key },
        58..=61 => Op::ReadPin { slot, hit_only: draw.one_in(6) },
        62..=63 => Op::Begin { slot, key, context: context(draw, mood, key) },
        64..=66 => Op::Insert { slot },
        67..=70 => Op::Cancel { nth: draw.index(8) },
        71..=80 => odds(draw, mood, of),
        81 => bulk(draw, mood, of),
        82 if draw.one_in(4) => Op::Retire { feed: draw.index(FEEDS.len()) },
        82 => Op::Heartbeat { feed: draw.low_index(FEEDS.len()) },
        83..=84 => Op::Status {
            of,
            feed: draw.one_in(2).then(|| draw.low_index(FEEDS.len())),
            market: (!draw.one_in(3)).then(|| draw.index(MARKETS.len())),
            status: draw.of(&[
                TradingStatus::Open,
                TradingStatus::Open,
                TradingStatus::Open,
                TradingStatus::Suspended,
                TradingStatus::Closed,
            ]),
        },
        85..=86 => Op::Event { of, event: draw.index(EVENTS.len()) },
        87..=89 => Op::Invalidate(target(draw)),
        90..=93 => Op::Expire(target(draw)),
        94 => Op::Switch(!draw.one_in(6)),
        95 if draw.one_in(2) => Op::Reload(Box::new(reloaded(draw, setup))),
        96 if draw.one_in(4) => Op::StepWall(wall_step(draw)),
        97 if draw.one_in(2) => Op::Reset((!draw.one_in(4)).then(|| draw.of(&Category::ALL))),
        _ => Op::Stats,
    }
}

/// A key may be there twice.
fn many(draw: &mut Draw, mood: &Mood) -> Op {
    let keys: Vec<usize> = (0..draw.between(1, 7)).map(|_| draw.low_index(KEYS)).collect();
    let reads = keys.iter().map(|key| (*key, context(draw, mood, *key))).collect();
    let absent = draw.one_in(4).then(|| draw.of(&keys));
    Op::Many { reads, work: work(draw, mood), absent, hit_only: draw.one_in(10) }
}

fn context(draw: &mut Draw, mood: &Mood, key: usize) -> Named {
    let in_match = match draw.below(mood.own_match) {
        0 => None,
        1 => Some(draw.index(MATCHES)),
        _ => Some(key % MATCHES),
    };
    let max_age = draw.one_in(10).then(|| draw.of(&[0, 5 * SECOND, 40 * SECOND, 10 * MINUTE]));
    let mut context = Named { in_match, max_age, force: draw.one_in(16), ..Named::default() };
    if draw.one_in(6) {
        context.tags = vec![draw.index(TAGS.len())];
    }
    if in_match.is_none() {
        return context;
    }
    // Most values belong to a market, each key's to one of its own; some to the match alone.
    context.market = (key < 7).then_some(key % MARKETS.len());
    if draw.one_in(10) && mood.kickoffs {
        context.kickoff_in = Some(kickoff_in(draw));
    }
    if draw.one_in(16) {
        context.lineup = Some(draw.one_in(2));
    }
    if draw.one_in(mood.prices) {
        let prices = draw.between(1, 3) as usize;
        context.odds = (0..prices).map(|priced| (priced, price(draw, mood))).collect();
    }
    context
}

fn kickoff_in(draw: &mut Draw) -> i64 {
    let (low, high) = draw.of(&[
        (0, 20 * SECOND),
        (MINUTE, 20 * MINUTE),
        (20 * MINUTE, 70 * MINUTE),
        (HOUR, 7 * HOUR),
        (6 * HOUR, 30 * HOUR),
        (23 * HOUR, 60 * HOUR),
    ]);
    let ahead = draw.between(low, high).cast_signed();
    if draw.one_in(24) { -ahead } else { ahead }
}

fn work(draw: &mut Draw, mood: &Mood) -> Work {
    let (low, high) = draw.of(&[
        (0, 1),
        (MS, 20 * MS),
        (20 * MS, 2 * SECOND),
        (20 * MS, 2 * SECOND),
        (SECOND, 20 * SECOND),
    ]);
    let ends = if draw.one_in(mood.hangs) {
        Ending::Never
    } else if draw.one_in(mood.failures) {
        draw.of(&[Ending::Failure, Ending::Failure, Ending::Panic])
    } else if draw.one_in(12) {
        Ending::Nothing
    } else if draw.one_in(6) {
        Ending::NotModified
    } else {
        Ending::Value
    };
    let ttl = draw.one_in(8).then(|| draw.of(&[0, 3 * SECOND, MINUTE, 2 * HOUR]));
    let tag = draw.one_in(6).then(|| draw.index(TAGS.len()));
    Work { takes: draw.between(low, high), ends, ttl, tag, asks: draw.one_in(2) }
}

fn price(draw: &mut Draw, mood: &Mood) -> f64 {
    if draw.one_in(40) {
        return draw.of(&[0.0, 1.0, -2.0, f64::NAN, f64::INFINITY]);
    }
    if draw.one_in(mood.panics) {
        return draw.of(&[1.5, 2.6, 4.0]);
    }
    // Round prices: flat stretches, repeated values and thresholds are met exactly.
    draw.of(&[1.98, 2.0, 2.0, 2.0, 2.01, 2.015, 2.02])
}

/// A few prices close to each other, a second apart, so that the next one can be scored.
fn calm_prices(draw: &mut Draw, ops: &mut Vec<Op>) {
    let (of, priced) = (draw.low_index(MATCHES), draw.index(PRICED.len()));
    for ago in (0..draw.between(3, 7)).rev() {
        let price = draw.of(&[2.0, 2.0, 2.01]);
        ops.push(Op::Odds { of, priced, price, ahead: -(ago * SECOND).cast_signed(), feed: 0 });
    }
}

/// A key that a compute has taken a while for is read shortly before it turns stale, by a pin first.
fn nearly_stale(draw: &mut Draw, mood: &Mood, ops: &mut Vec<Op>) {
    let key = draw.low_index(KEYS);
    let ahead = (draw.of(&[MS, 400 * MS]) + 1).cast_signed();
    let context = context(draw, mood, key);
    let long = Work { takes: draw.between(20 * MS, 2 * SECOND), ..Work::USUAL };
    let read = |work| Op::Read { key, context: context.clone(), work, hit_only: false };
    let slot = key % SLOTS;
    ops.extend([read(long), Op::Pass(Wait::For(2 * SECOND)), Op::Pin { slot, key }]);
    // The pin has looked once more by then, and remembers.
    ops.push(Op::ReadPin { slot, hit_only: false });
    ops.push(Op::Pass(Wait::Edge { key, edge: draw.index(4), beyond: -ahead }));
    ops.push(Op::ReadPin { slot, hit_only: false });
    ops.extend([Op::Get { key }, read(work(draw, mood))]);
}

fn odds(draw: &mut Draw, mood: &Mood, of: usize) -> Op {
    let ahead = match draw.below(16) {
        0 => -(draw.below(32 * MINUTE).cast_signed()),
        1 => draw.below(70 * SECOND).cast_signed(),
        2 => {
            draw.of(&[-(30 * MINUTE.cast_signed()), 60 * SECOND.cast_signed()])
                + draw.of(&[-1, 0, 1])
        }
        3..=5 => -(draw.below(40 * SECOND).cast_signed()),
        _ => 0,
    };
    let (priced, feed) = (draw.index(PRICED.len()), draw.low_index(FEEDS.len()));
    Op::Odds { of, priced, price: price(draw, mood), ahead, feed }
}

/// A market may be there twice.
fn bulk(draw: &mut Draw, mood: &Mood, of: usize) -> Op {
    let prices = (0..draw.between(1, 4)).map(|_| (draw.index(PRICED.len()), price(draw, mood)));
    let (prices, feed) = (prices.collect(), draw.low_index(FEEDS.len()));
    Op::Bulk { of, prices, ahead: draw.of(&[0, 0, 0, 61 * SECOND.cast_signed()]), feed }
}

fn target(draw: &mut Draw) -> Target {
    match draw.below(8) {
        0..=3 => Target::Key(draw.index(KEYS)),
        4..=5 => Target::Tag(draw.index(TAGS.len())),
        6 => Target::Match(draw.index(MATCHES)),
        _ => Target::All,
    }
}

fn wall_step(draw: &mut Draw) -> i64 {
    let by = draw.of(&[150 * MS, 2 * SECOND, 5 * MINUTE, HOUR]).cast_signed();
    if draw.one_in(2) { by } else { -by }
}

fn wait(draw: &mut Draw, mood: &Mood) -> Wait {
    match draw.below(10) {
        0..=1 => Wait::NextTimer(draw.of(&[0, 0, 1])),
        2..=4 => {
            Wait::Edge { key: draw.index(KEYS), edge: draw.index(40), beyond: draw.of(&[-1, 0, 1]) }
        }
        _ if draw.one_in(mood.long_steps) => {
            let (low, high) = draw.of(&[(MINUTE, 10 * MINUTE), (10 * MINUTE, 3 * HOUR)]);
            Wait::For(draw.between(low, high))
        }
        _ => {
            let (low, high) = draw.of(&[
                (0, 1),
                (MS, 200 * MS),
                (SECOND, 6 * SECOND),
                (10 * SECOND, 80 * SECOND),
            ]);
            Wait::For(draw.between(low, high))
        }
    }
}
