// Operations written as JSON Lines, field for field as `jsonl.rs` reads them, or as a feed.
// Never omits a field of an operation that was given, nor adds one that was not; a feed has no reads.
// Read next: `jsonl.rs`, whose tests check the round trip.

use std::io::{self, Write};
use std::path::Path;

mod apart;
mod feed;
mod frames;
mod litter;
mod output;

pub(crate) use self::apart::check_apart;
pub(crate) use self::feed::Kickoffs;
pub(crate) use self::litter::discard_unfinished;
pub(crate) use self::output::Output;

use self::feed::Rows;
use super::op::{ComputeResult, Get, Mode, Op, OpKind, ReadId, Target, word_of};
use super::source::{Format, format_of};
use crate::error::Error;

/// Writes `op` as one line. Does not allocate; makes several small writes, so `out` should be buffered.
///
/// # Errors
/// The errors of `out`.
pub(crate) fn write_op(out: &mut impl Write, op: &Op) -> io::Result<()> {
    write!(out, "{{\"t\":{},\"op\":", op.t_ms)?;
    match &op.kind {
        OpKind::Odds { match_id, market, price } => {
            out.write_all(b"\"odds\"")?;
            text(out, "match", match_id)?;
            text(out, "market", market)?;
            out.write_all(b",\"price\":")?;
            value(out, price)?;
        }
        OpKind::Get(get) => write_get(out, get)?,
        OpKind::Event { match_id, event } => {
            out.write_all(b"\"event\"")?;
            text(out, "match", match_id)?;
            text(out, "event", event)?;
        }
        OpKind::Invalidate { target, mode } => {
            out.write_all(b"\"invalidate\"")?;
            match target {
                Target::Key(key) => text(out, "key", key)?,
                Target::Tag(tag) => text(out, "tag", tag)?,
                Target::Match(match_id) => text(out, "match", match_id)?,
                Target::All => out.write_all(b",\"all\":true")?,
            }
            if *mode == Mode::Expire {
                out.write_all(b",\"soft\":true")?;
            }
        }
        OpKind::Cancel { id } => {
            out.write_all(b"\"cancel\"")?;
            write_id(out, id)?;
        }
        OpKind::Status { match_id, market, status } => {
            out.write_all(b"\"status\"")?;
            text(out, "match", match_id)?;
            if let Some(market) = market {
                text(out, "market", market)?;
            }
            text(out, "status", status.name())?;
        }
        OpKind::Heartbeat => out.write_all(b"\"heartbeat\"")?,
        OpKind::Metrics => out.write_all(b"\"metrics\"")?,
        OpKind::Reset { category } => {
            out.write_all(b"\"reset\"")?;
            if let Some(category) = category {
                text(out, "category", category.name())?;
            }
        }
    }
    if let Some(feed) = &op.feed {
        text(out, "feed", feed)?;
    }
    out.write_all(b"}\n")
}

/// A file of operations: a feed if its name says so, with reads and all if not.
#[derive(Debug)]
pub(crate) struct Sink {
    output: Output,
    feed: Option<Rows>,
}

impl Sink {
    /// Opens `file` as [`Output::create`] does. A feed has the `kickoffs` of its matches.
    ///
    /// # Errors
    /// [`Error::Write`] if the file cannot be created or written.
    pub(crate) fn create(file: &Path, kickoffs: Kickoffs) -> Result<Self, Error> {
        let separator = match format_of(file, None) {
            Ok((Format::Csv, _)) => Some(','),
            Ok((Format::Tsv, _)) => Some('\t'),
            // Any other name is one of operations.
            Ok((Format::Jsonl, _)) | Err(_) => None,
        };
        let mut output = Output::create(file)?;
        let feed = separator.map(|separator| Rows { separator, kickoffs });
        if let Some(rows) = &feed {
            rows.header(&mut output)
                .map_err(|source| Error::Write { file: file.into(), source })?;
        }
        Ok(Self { output, feed })
    }

    /// Writes one operation as one line; into a feed only what a feed can say.
    ///
    /// # Errors
    /// [`Error::Write`] with the operating system's error, or with a name that cannot stand in a feed.
    pub(crate) fn write(&mut self, op: &Op) -> Result<(), Error> {
        let written = match &self.feed {
            Some(rows) => rows.op(&mut self.output, op),
            None => write_op(&mut self.output, op),
        };
        written.map_err(|source| Error::Write { file: self.output.file().into(), source })
    }

    /// The file, which is still to be ended and kept.
    pub(crate) fn into_output(self) -> Output {
        self.output
    }
}

fn write_get(out: &mut impl Write, get: &Get) -> io::Result<()> {
    out.write_all(b"\"get\"")?;
    if let Some(id) = &get.id {
        write_id(out, id)?;
    }
    text(out, "key", &get.key)?;
    if let Some(match_id) = &get.match_id {
        text(out, "match", match_id)?;
    }
    if let Some(market) = &get.market {
        text(out, "market", market)?;
    }
    if let Some(kickoff_ms) = get.kickoff_ms {
        write!(out, ",\"kickoff\":{kickoff_ms}")?;
    }
    if let Some(lineup_confirmed) = get.lineup_confirmed {
        write!(out, ",\"lineup_confirmed\":{lineup_confirmed}")?;
    }
    if let Some(odds) = &get.current_odds {
        out.write_all(b",\"current_odds\":{")?;
        for (at, (market, price)) in odds.iter().enumerate() {
            out.write_all(if at == 0 { b"" } else { b"," })?;
            value(out, &**market)?;
            out.write_all(b":")?;
            value(out, price)?;
        }
        out.write_all(b"}")?;
    }
    if !get.tags.is_empty() {
        out.write_all(b",\"tags\":[")?;
        for (at, tag) in get.tags.iter().enumerate() {
            out.write_all(if at == 0 { b"" } else { b"," })?;
            value(out, &**tag)?;
        }
        out.write_all(b"]")?;
    }
    if get.force_refresh {
        out.write_all(b",\"force_refresh\":true")?;
    }
    if let Some(max_age_ms) = get.max_age_ms {
        write!(out, ",\"max_age_ms\":{max_age_ms}")?;
    }
    if let Some(compute) = &get.compute {
        write!(out, ",\"compute\":{{\"ms\":{}", compute.ms)?;
        text(out, "result", word_of(ComputeResult::WORDS, compute.result))?;
        if let Some(value) = &compute.value {
            text(out, "value", value)?;
        }
        out.write_all(b"}")?;
    }
    Ok(())
}

fn write_id(out: &mut impl Write, id: &ReadId) -> io::Result<()> {
    match id {
        // Digits, a letter and a hyphen need no escaping.
        ReadId::Caller { .. } => write!(out, ",\"id\":\"{id}\""),
        ReadId::Text(id) => text(out, "id", id),
    }
}

fn text(out: &mut impl Write, field: &str, content: &str) -> io::Result<()> {
    write!(out, ",\"{field}\":")?;
    value(out, content)
}

/// Writes a value as serde does: text escaped, a price with the fewest digits that read back as the same price.
fn value(out: &mut impl Write, value: &(impl serde::Serialize + ?Sized)) -> io::Result<()> {
    serde_json::to_writer(out, value).map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::*;
    use crate::scenario::{Options, Scenario};

    #[test]
    fn a_file_of_operations_is_read_back_packed_or_not() {
        for name in ["plain.jsonl", "packed.jsonl.gz", "packed.jsonl.zst"] {
            let file = env::temp_dir().join(format!("kairos-{}-{name}", process::id()));
            let ops: Vec<Op> = (1..=60_000).map(|line| Op::new(7, line, OpKind::Metrics)).collect();
            let mut sink = Sink::create(&file, Kickoffs::default()).unwrap();
            for op in &ops {
                sink.write(op).unwrap();
            }
            sink.into_output().keep().unwrap();
            let scenario = Scenario::open(&file, Options::default(), |file, _| file).unwrap();
            assert_eq!(scenario.map(Result::unwrap).collect::<Vec<Op>>(), ops, "{name}");
            fs::remove_file(file).unwrap();
        }
    }
}
