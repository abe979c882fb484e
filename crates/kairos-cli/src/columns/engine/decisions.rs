// The decisions file: one JSON line for each finished read and each change, in a fixed order.
// Never calculates: every field is the cache's own, and so is the word that it is written as.
// Read next: `tally.rs`, which sums up the same answers.

use std::io::{self, Write};

use kairos_cache::{Answer, EventOutcome, MarketName, StatsSnapshot, TradingStatus};
use serde::Serialize;

use crate::scenario::{Mode, Name, Output, Target};

use super::caller::Pending;
use super::quote::Quote;

/// The writer of the decisions; without an output it writes nothing.
pub(super) struct Decisions {
    out: Option<Output>,
    /// Reads that finished in the current millisecond and are not written yet: time, order, line.
    reads: Vec<(i64, u64, Vec<u8>)>,
}

#[derive(Serialize)]
struct ReadLine<'a, E> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    t: i64,
    done: i64,
    key: &'a str,
    #[serde(flatten)]
    end: E,
}

/// The end of a read whose caller went away.
#[derive(Serialize)]
struct Cancelled {
    outcome: &'static str,
}

#[derive(Serialize)]
struct EventLine<'a> {
    t: i64,
    op: &'static str,
    event: &'a str,
    #[serde(rename = "match")]
    match_id: &'a str,
    markets: &'a [MarketName],
    died: u64,
    cpu_saved_pct: f64,
}

/// An invalidation or a change of status.
#[derive(Serialize)]
pub(super) struct Change<'a> {
    op: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<&'a str>,
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    match_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    market: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    soft: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<TradingStatus>,
    /// `null` where counting would require visiting every entry.
    died: Option<u64>,
}

impl<'a> Change<'a> {
    pub(super) fn invalidate(target: &'a Target, mode: Mode, died: Option<u64>) -> Change<'a> {
        let mut change = Change::of("invalidate", died);
        match target {
            Target::Key(key) => change.key = Some(key),
            Target::Tag(tag) => change.tag = Some(tag),
            Target::Match(name) => change.match_id = Some(name),
            Target::All => change.all = Some(true),
        }
        change.soft = (mode == Mode::Expire).then_some(true);
        change
    }

    pub(super) fn status(
        match_id: &'a Name,
        market: Option<&'a Name>,
        status: TradingStatus,
        died: u64,
    ) -> Change<'a> {
        Change {
            match_id: Some(match_id),
            market: market.map(|market| &**market),
            status: Some(status),
            ..Change::of("status", Some(died))
        }
    }

    fn of(op: &'static str, died: Option<u64>) -> Change<'a> {
        Change {
            op,
            key: None,
            tag: None,
            match_id: None,
            market: None,
            all: None,
            soft: None,
            status: None,
            died,
        }
    }
}

#[derive(Serialize)]
struct ChangeLine<'a> {
    t: i64,
    #[serde(flatten)]
    change: &'a Change<'a>,
}

#[derive(Serialize)]
struct MetricsLine<'a> {
    t: i64,
    op: &'static str,
    snapshot: &'a StatsSnapshot,
}

impl Decisions {
    pub(super) fn new(out: Option<Output>) -> Decisions {
        Decisions { out, reads: Vec::new() }
    }

    /// Records a finished read.
    pub(super) fn answer(
        &mut self,
        pending: &Pending,
        done_ms: i64,
        answer: &Answer<Quote>,
    ) -> io::Result<()> {
        self.read(pending, done_ms, answer)
    }

    /// Records a read whose caller cancelled it.
    pub(super) fn cancelled(&mut self, pending: &Pending, done_ms: i64) -> io::Result<()> {
        self.read(pending, done_ms, Cancelled { outcome: "cancelled" })
    }

    /// Writes an event that was applied.
    pub(super) fn event(
        &mut self,
        t: i64,
        match_id: &Name,
        event: &Name,
        outcome: &EventOutcome,
    ) -> io::Result<()> {
        self.line(&EventLine {
            t,
            op: "event",
            event,
            match_id,
            markets: &outcome.markets,
            died: outcome.died,
            cpu_saved_pct: outcome.cpu_saved_pct,
        })
    }

    /// Writes an invalidation or a change of status.
    pub(super) fn change(&mut self, t: i64, change: &Change<'_>) -> io::Result<()> {
        self.line(&ChangeLine { t, change })
    }

    /// Writes the 34 keys at this instant.
    pub(super) fn metrics(&mut self, t: i64, snapshot: &StatsSnapshot) -> io::Result<()> {
        self.line(&MetricsLine { t, op: "metrics", snapshot })
    }

    /// Writes the reads that are still buffered, ends the output, and returns it.
    pub(super) fn end(mut self) -> io::Result<Option<Output>> {
        self.write_reads()?;
        self.out.as_mut().map_or(Ok(()), Output::end)?;
        Ok(self.out)
    }

    fn read(&mut self, pending: &Pending, done: i64, end: impl Serialize) -> io::Result<()> {
        if self.out.is_none() {
            return Ok(());
        }
        // Reads that finish in the same millisecond are written in the order in which they started.
        if self.reads.last().is_some_and(|(earlier, ..)| *earlier != done) {
            self.write_reads()?;
        }
        let id = pending.id.as_ref().map(ToString::to_string);
        let line = ReadLine { id, t: pending.t_ms, done, key: &pending.key, end };
        self.reads.push((done, pending.order, serde_json::to_vec(&line)?));
        Ok(())
    }

    fn write_reads(&mut self) -> io::Result<()> {
        self.reads.sort_unstable_by_key(|(done, order, _)| (*done, *order));
        if let Some(out) = &mut self.out {
            for (_, _, line) in self.reads.drain(..) {
                out.write_all(&line)?;
                out.write_all(b"\n")?;
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        self.write_reads()?;
        if let Some(out) = &mut self.out {
            serde_json::to_writer(&mut *out, line)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}
