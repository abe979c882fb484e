// A seeded read load beside a feed, merged in order of time.
// Never changes the feed, reads a clock, or draws other numbers for the same seed.
// Read next: `csv.rs` for the feed, `../chance/zipf.rs` for the choice of matches.

use std::sync::Arc;

use kairos_cache::TradingStatus;

use super::csv::Row;
use super::names::Name;
use super::op::{Compute, ComputeResult, Get, Op, OpKind, ReadId};
use crate::chance::{Rng, Zipf};
use crate::error::Error;

/// The rate and the extent of a read load.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LoadShape {
    /// The number of callers, from 1.
    pub(crate) readers: u32,
    /// The average number of reads per second over all callers, above 0.
    pub(crate) reads_per_s: f64,
    /// How long each compute takes, in ms.
    pub(crate) compute_ms: u64,
    /// The seed of every draw.
    pub(crate) seed: u64,
    /// The markets to read, at least one; the key of a read is `match:market`.
    pub(crate) markets: Vec<Name>,
}

impl LoadShape {
    /// The load that a feed gets if none is asked for.
    pub(crate) fn of(markets: Vec<Name>) -> Self {
        Self { readers: 50, reads_per_s: 0.5, compute_ms: 40, seed: 0, markets }
    }
}

/// The stream of the seed that separates the load's draws from those of other parts.
const STREAM: u64 = 0x6c6f_6164;

/// A feed with a load beside it: all operations in order of time; at equal times the feed comes first.
///
/// Reads arrive as one Poisson process from the first row of the feed, or the beginning of its cut, to its last row. Each belongs to one of the callers,
/// chosen uniformly. Its match is Zipf-chosen (exponent 1) among those seen and not closed, ranked by first appearance,
/// its market uniformly. While every match is closed, no read is made.
pub(crate) struct Loaded<F: Iterator> {
    feed: F,
    /// The feed's next item, taken because its time is needed.
    pending: Option<F::Item>,
    shape: LoadShape,
    arrivals: Rng,
    choices: Rng,
    zipf: Zipf,
    /// The first instant at which reads are made.
    from_ms: Option<i64>,
    next_arrival_ms: Option<f64>,
    /// The matches by their numbers; none for a match of which every row so far was dropped.
    matches: Vec<Option<Match>>,
    /// The indices of the matches that are not closed, ascending, which is the order of first appearance.
    live: Vec<usize>,
    reads_by_caller: Vec<u32>,
}

#[derive(Debug)]
struct Match {
    name: Name,
    kickoff_ms: Option<i64>,
    /// One key per market, made when the market is first read.
    keys: Vec<Option<Name>>,
}

impl<F: Iterator<Item = Result<Row, Error>>> Loaded<F> {
    /// Merges `feed` with the reads of `shape`, of which none comes before `from_ms`.
    ///
    /// # Errors
    /// [`Error::Usage`] if the shape has no reader, no market, or a rate that is not above 0.
    pub(crate) fn new(feed: F, shape: LoadShape, from_ms: Option<i64>) -> Result<Self, Error> {
        if shape.readers == 0 {
            return Err(Error::Usage("a read load requires at least one reader".into()));
        }
        if shape.markets.is_empty() {
            return Err(Error::Usage("a read load requires at least one market".into()));
        }
        if !(shape.reads_per_s.is_finite() && shape.reads_per_s > 0.0) {
            return Err(Error::Usage(
                "the read rate must be a finite number of reads per second above 0".into(),
            ));
        }
        Ok(Self {
            feed,
            pending: None,
            arrivals: Rng::new(shape.seed, STREAM),
            choices: Rng::new(shape.seed, STREAM + 1),
            zipf: Zipf::new(),
            from_ms,
            next_arrival_ms: None,
            matches: Vec::new(),
            live: Vec::new(),
            reads_by_caller: vec![0; shape.readers as usize],
            shape,
        })
    }

    /// The feed beside the load.
    pub(crate) fn feed(&self) -> &F {
        &self.feed
    }

    /// The instant from which reads arrive: the beginning of the cut if anything is known then, else the first row.
    fn first_ms(&self, feed_ms: i64) -> i64 {
        self.from_ms.filter(|_| !self.matches.is_empty()).unwrap_or(feed_ms)
    }

    fn gap_ms(&mut self) -> f64 {
        self.arrivals.exponential(1000.0 / self.shape.reads_per_s)
    }

    fn sight(&mut self, row: &Row) {
        let Some(index) = row.match_index.filter(|_| !row.op.is_word_only()) else { return };
        let (OpKind::Odds { match_id, .. }
        | OpKind::Status { match_id, .. }
        | OpKind::Event { match_id, .. }) = &row.op.kind
        else {
            return;
        };
        if self.matches.len() <= index {
            self.matches.resize_with(index + 1, || None);
        }
        if let Some(of) = &mut self.matches[index] {
            of.kickoff_ms = row.kickoff_ms;
        } else {
            let keys = vec![None; self.shape.markets.len()];
            let name = Arc::clone(match_id);
            self.matches[index] = Some(Match { name, kickoff_ms: row.kickoff_ms, keys });
            let at = self.live.partition_point(|other| *other < index);
            self.live.insert(at, index);
        }
        if let OpKind::Status { status, .. } = row.op.kind {
            match (self.live.binary_search(&index), status) {
                (Ok(at), TradingStatus::Closed) => {
                    self.live.remove(at);
                }
                (Err(at), TradingStatus::Open | TradingStatus::Suspended) => {
                    self.live.insert(at, index);
                }
                _ => {}
            }
        }
    }

    fn read(&mut self, t_ms: i64) -> Option<Op> {
        if self.live.is_empty() {
            return None;
        }
        let index = self.live[self.zipf.draw(&mut self.choices, self.live.len())];
        let market_index = self.choices.below(self.shape.markets.len());
        let caller = self.choices.below(self.reads_by_caller.len());
        let read = self.reads_by_caller[caller];
        // Ids repeat after 2³² reads of one caller, which no run reaches.
        self.reads_by_caller[caller] = read.wrapping_add(1);
        let market = &self.shape.markets[market_index];
        let of = self.matches[index].as_mut()?;
        let key = of.keys[market_index]
            .get_or_insert_with(|| Name::from(format!("{}:{market}", of.name)));
        let get = Get {
            id: Some(ReadId::Caller { caller: caller as u32, read }),
            match_id: Some(Arc::clone(&of.name)),
            market: Some(Arc::clone(market)),
            kickoff_ms: of.kickoff_ms,
            compute: Some(Compute {
                ms: self.shape.compute_ms,
                result: ComputeResult::Ok,
                value: None,
            }),
            ..Get::new(Arc::clone(key))
        };
        Some(Op::new(t_ms, 0, OpKind::Get(Box::new(get))))
    }
}

impl<F: Iterator<Item = Result<Row, Error>>> Iterator for Loaded<F> {
    type Item = Result<Op, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let row = match self.pending.take().or_else(|| self.feed.next())? {
                Ok(row) => row,
                Err(error) => return Some(Err(error)),
            };
            let feed_ms = row.op.t_ms;
            if self.from_ms.is_some_and(|from_ms| feed_ms < from_ms) {
                self.sight(&row);
                return Some(Ok(row.op));
            }
            let arrival_ms = match self.next_arrival_ms {
                Some(arrival_ms) => arrival_ms,
                None => self.first_ms(feed_ms) as f64 + self.gap_ms(),
            };
            self.next_arrival_ms = Some(arrival_ms);
            if arrival_ms.floor() as i64 >= feed_ms {
                self.sight(&row);
                return Some(Ok(row.op));
            }
            self.pending = Some(Ok(row));
            self.next_arrival_ms = Some(arrival_ms + self.gap_ms());
            if let Some(op) = self.read(arrival_ms.floor() as i64) {
                return Some(Ok(op));
            }
        }
    }
}

#[cfg(test)]
mod tests;
