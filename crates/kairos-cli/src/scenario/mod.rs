// A scenario: operations in order of time, from a file of operations or from an odds feed and a read load.
// Never knows: what an engine makes of an operation.
// Read next: `op.rs`, then the reader of the format in question.

use std::io::{BufRead, Read};
use std::path::Path;

use crate::error::Error;

mod csv;
mod emit;
mod fields;
mod json;
mod jsonl;
mod load;
mod names;
mod op;
mod skipped;
mod source;
mod strictness;

use self::csv::{Feed, FeedCounts};
use self::load::Loaded;
use self::strictness::Checked;

pub(crate) use self::csv::{
    BesidePrice, Column, Cut, Dialect, OddsFormat, TimeFormat, ambiguous, named_status,
    time_of_option,
};
#[cfg(test)]
pub(crate) use self::emit::write_op;
pub(crate) use self::emit::{Kickoffs, Output, Sink, check_apart, discard_unfinished};
pub(crate) use self::jsonl::Jsonl;
pub(crate) use self::load::LoadShape;
pub(crate) use self::names::Name;
pub(crate) use self::op::{Compute, ComputeResult, Get, Mode, Op, OpKind, Prices, ReadId, Target};
pub(crate) use self::skipped::Skipped;
pub(crate) use self::source::{Format, name_of};
pub(crate) use self::strictness::Strictness;

/// The options of reading a scenario.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    /// What a bad line does.
    pub(crate) strictness: Strictness,
    /// The format, if the name does not say it.
    pub(crate) format: Option<Format>,
    /// Which rows of a feed are used; a `.jsonl` scenario cannot be cut.
    pub(crate) cut: Cut,
    /// How a feed is written, as far as it does not say so itself.
    pub(crate) dialect: Dialect,
    /// The read load beside a feed; a `.jsonl` scenario contains its own reads.
    pub(crate) load: Option<LoadShape>,
}

/// Counts of a scenario beside its operations.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Lines that were skipped.
    pub(crate) skipped: Skipped,
    /// The feed's own counts, if the scenario is a feed.
    pub(crate) feed: Option<FeedCounts>,
    /// The first word beside a price of the feed that is neither a status nor news.
    pub(crate) unknown_word: Option<String>,
}

/// Whether `file` is an odds feed, by its name or by the format that is given.
pub(crate) fn is_feed(file: &Path, given: Option<Format>) -> bool {
    matches!(source::format_of(file, given), Ok((Format::Csv | Format::Tsv, _)))
}

/// The operations of a scenario file, in order of time, streamed.
pub(crate) struct Scenario {
    source: Source,
}

enum Source {
    Jsonl(Box<Checked<Jsonl<Input>>>),
    Feed(Box<CheckedFeed>),
    Loaded(Box<Loaded<CheckedFeed>>),
}

type Input = Box<dyn BufRead>;
type CheckedFeed = Checked<Feed<Input>>;

impl Scenario {
    /// Opens `file`, or standard input if it is `-`. Its name says its format and compression, or
    /// [`Options::format`] its format and its first bytes its compression. Its bytes are read through the reader that `watched`
    /// makes of the file and its length in bytes, 0 if it is not known.
    ///
    /// # Errors
    /// [`Error::Usage`] for an unknown name or options that do not apply, [`Error::Read`] if the file cannot be opened,
    /// [`Error::Line`] if a feed's header is wrong.
    pub(crate) fn open<R: Read + 'static>(
        file: &Path,
        options: Options,
        watched: impl FnOnce(Box<dyn Read>, u64) -> R,
    ) -> Result<Self, Error> {
        let (format, packing) = source::format_of(file, options.format)?;
        if format == Format::Jsonl && options.dialect.is_given() {
            return Err(Error::Usage(format!(
                "{}: --columns, --odds, --time, --status and --status-beside-price apply only to CSV feeds",
                source::name_of(file).display()
            )));
        }
        if format == Format::Jsonl && (options.cut != Cut::default() || options.load.is_some()) {
            return Err(Error::Usage(format!(
                "{}: --field, --from, --to, --readers, --read-rate and --compute-ms apply only to CSV feeds",
                source::name_of(file).display()
            )));
        }
        let input = source::open(file, packing, watched)?;
        let file = source::name_of(file);
        let source = match format {
            Format::Jsonl => {
                Source::Jsonl(Box::new(Checked::new(Jsonl::new(file, input), options.strictness)))
            }
            Format::Csv | Format::Tsv => {
                let mut dialect = options.dialect;
                if format == Format::Tsv {
                    dialect.separator = Some(b'\t');
                }
                let from_ms = options.cut.from_ms;
                let feed = Feed::new(file, input, options.cut, dialect)?;
                let feed = Checked::new(feed, options.strictness);
                match options.load {
                    None => Source::Feed(Box::new(feed)),
                    Some(shape) => Source::Loaded(Box::new(Loaded::new(feed, shape, from_ms)?)),
                }
            }
        };
        Ok(Self { source })
    }

    /// The counts of the lines read so far.
    pub(crate) fn counts(&self) -> Counts {
        let of_feed = |feed: &CheckedFeed| Counts {
            skipped: feed.skipped().clone(),
            feed: Some(feed.inner().counts()),
            unknown_word: feed.inner().first_unknown_word().map(str::to_owned),
        };
        match &self.source {
            Source::Jsonl(lines) => {
                Counts { skipped: lines.skipped().clone(), ..Counts::default() }
            }
            Source::Feed(feed) => of_feed(feed),
            Source::Loaded(loaded) => of_feed(loaded.feed()),
        }
    }
}

impl Iterator for Scenario {
    type Item = Result<Op, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.source {
            Source::Jsonl(lines) => lines.next(),
            Source::Feed(feed) => feed.next().map(|row| row.map(|row| row.op)),
            Source::Loaded(loaded) => loaded.next(),
        }
    }
}
