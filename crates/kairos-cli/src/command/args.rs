// The command line as types, with its help texts.
// Never acts on an option.
// Read next: `mod.rs`, which dispatches.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use kairos_cache::{Preset, TradingStatus};

use super::engines::{EngineArgs, preset};
use crate::error::Error;
use crate::matchday::Shape;
use crate::scenario::{
    BesidePrice, Column, Cut, Dialect, Format, LoadShape, Name, OddsFormat, Options, Strictness,
    TimeFormat, ambiguous, is_feed, named_status, time_of_option,
};

/// Run scenarios, odds feeds and matchdays through the cache engine on virtual time
#[derive(Debug, Parser)]
#[command(name = "kairos", version = env!("KAIROS_VERSION"))]
pub(crate) struct Cli {
    /// The subcommand.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Format of the report
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text", global = true)]
    pub(crate) report: ReportFormat,
}

/// What is most often asked of a replay.
const EXAMPLES: &str = "\
Examples:
  kairos replay feed.csv.gz
  kairos replay feed.csv --time dmy --columns time=When,match=Game --status suspended=HALT
  kairos replay feed.csv.gz --readers 50 --config a.toml --config b.toml
  kairos replay day.jsonl.gz --decisions out.jsonl.gz";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a football matchday made from a seed through the engine
    Matchday(MatchdayArgs),
    /// Run a recorded scenario or odds feed through the engine
    #[command(after_help = EXAMPLES)]
    Replay(ReplayArgs),
    /// Print the default configuration or a preset, or check a configuration file
    Config(ConfigArgs),
    /// Print the script that completes the options of this command in a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the manual page, or write all of them to a folder
    Man {
        /// The folder; created if it does not exist
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
    },
}

/// The options of `kairos config`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("task").required(true))]
pub(crate) struct ConfigArgs {
    /// Print every field with its default and a comment
    #[arg(long, group = "task")]
    pub(crate) default: bool,
    /// Print every field of a preset with a comment, and why it is not the default
    #[arg(long, value_name = "NAME", group = "task", value_parser = preset())]
    pub(crate) preset: Option<Preset>,
    /// Check whether FILE is a valid configuration; if not, report the line, the field and the reason, else advise on it
    #[arg(long, value_name = "FILE", group = "task")]
    pub(crate) check: Option<PathBuf>,
    /// Advise on the configuration beside this feed or scenario, which is run with it
    #[arg(long, value_name = "FEED", requires = "check", conflicts_with_all = ["default", "preset"])]
    pub(crate) feed: Option<PathBuf>,
    /// Format of the feed, if its name does not say it
    #[arg(long, value_name = "FORMAT", value_enum, requires = "feed")]
    pub(crate) format: Option<Format>,
    /// How the feed is written.
    #[command(flatten)]
    pub(crate) dialect: DialectArgs,
}

/// The options of `kairos matchday`.
#[derive(Debug, Args)]
pub(crate) struct MatchdayArgs {
    /// The size of the day.
    #[command(flatten)]
    pub(crate) day: DayArgs,
    /// Write the operations to FILE as a scenario, or as a feed without the reads if the name is that of one (.csv, .tsv); compressed if it ends in .gz or .zst; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) emit: Option<PathBuf>,
    /// The caches of the run.
    #[command(flatten)]
    pub(crate) engines: EngineArgs,
    /// Where the report goes.
    #[command(flatten)]
    pub(crate) report: ReportArgs,
}

/// Where the report goes.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Write the report to FILE and not to standard output, compressed if the name ends in .gz or .zst
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Show no progress, no notes, and no report on standard output
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// The size of a matchday.
#[derive(Debug, Args)]
pub(crate) struct DayArgs {
    /// Number of matches, from 1 to 1000
    #[arg(long, value_name = "N", default_value_t = Shape::default().fixtures)]
    pub(crate) fixtures: usize,
    /// Seed of all random draws
    #[arg(long, value_name = "SEED", default_value_t = Shape::default().seed)]
    pub(crate) seed: u64,
    /// Number of callers
    #[arg(long, value_name = "N", default_value_t = Shape::default().readers)]
    pub(crate) readers: u32,
    /// Average reads per second over all callers, while matches are still to start
    #[arg(long, value_name = "R", default_value_t = Shape::default().reads_per_s)]
    pub(crate) read_rate: f64,
    /// Average duration of a compute, in ms
    #[arg(long, value_name = "M", default_value_t = Shape::default().compute_ms)]
    pub(crate) compute_ms: u64,
}

impl DayArgs {
    /// The shape of the day.
    pub(crate) fn shape(&self) -> Shape {
        Shape {
            fixtures: self.fixtures,
            seed: self.seed,
            readers: self.readers,
            reads_per_s: self.read_rate,
            compute_ms: self.compute_ms,
        }
    }
}

/// The format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// Aligned text
    Text,
    /// One JSON object on one line
    Json,
}

/// The options of `kairos replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// Scenario (.jsonl) or odds feed (.csv, .tsv), optionally compressed (.gz, .zst); `-` is standard input
    pub(crate) scenario: PathBuf,
    /// Format of the scenario, if its name does not say it
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) format: Option<Format>,
    /// The caches of the run.
    #[command(flatten)]
    pub(crate) engines: EngineArgs,
    /// Seed of early refreshes and of the read load
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Skip and count bad lines instead of stopping at the first
    #[arg(long)]
    pub(crate) lenient: bool,
    /// Where the report goes.
    #[command(flatten)]
    pub(crate) report: ReportArgs,
    /// How a feed is written.
    #[command(flatten)]
    pub(crate) dialect: DialectArgs,
    /// The rows of a feed to use.
    #[command(flatten)]
    pub(crate) cut: CutArgs,
    /// The read load beside a feed.
    #[command(flatten)]
    pub(crate) load: LoadArgs,
}

/// How a CSV feed is written, as far as it does not say so itself.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading of a CSV feed")]
pub(crate) struct DialectArgs {
    /// Names of columns: WORD is time, match, market, price, kickoff, event, point or field
    #[arg(long, value_name = "WORD=NAME,…", value_delimiter = ',', value_parser = Column::named)]
    pub(crate) columns: Vec<(Column, String)>,
    /// How prices are written [default: decimal; what looks like another kind is an error]
    #[arg(long, value_name = "KIND", value_enum)]
    pub(crate) odds: Option<OddsFormat>,
    /// How times and kickoffs are written [default: ms or iso; what looks like another way is an error]
    #[arg(long, value_name = "UNIT", value_enum)]
    pub(crate) time: Option<TimeFormat>,
    /// Words of the column event that are a status: STATUS is open, suspended or closed; repeat it for further words
    #[arg(long, value_name = "STATUS=WORD,…", value_delimiter = ',', value_parser = named_status)]
    pub(crate) status: Vec<(TradingStatus, String)>,
    /// Apply the status that stands beside a price, before the price; without this only rows without a price change a status, and what stands beside a price is counted
    #[arg(long)]
    pub(crate) status_beside_price: bool,
}

impl DialectArgs {
    /// The dialect of a feed whose news are the events `news`.
    ///
    /// # Errors
    /// A column that is named twice; a word for two statuses.
    pub(crate) fn dialect(&self, news: Vec<Name>) -> Result<Dialect, Error> {
        let Self { columns, odds, time, status, status_beside_price } = self;
        for (at, (column, _)) in columns.iter().enumerate() {
            if columns[..at].iter().any(|(earlier, _)| earlier == column) {
                let word = column.word();
                return Err(Error::Usage(format!("--columns names {word} more than once")));
            }
        }
        if let Some(word) = ambiguous(status) {
            return Err(Error::Usage(format!("--status names {word} for more than one status")));
        }
        let beside_price =
            if *status_beside_price { BesidePrice::Applied } else { BesidePrice::Counted };
        Ok(Dialect {
            columns: columns.clone(),
            odds: *odds,
            time: *time,
            statuses: status.clone(),
            beside_price,
            separator: None,
            news,
        })
    }
}

/// The rows of a CSV feed to use.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rows of a CSV feed")]
pub(crate) struct CutArgs {
    /// Use only prices of this kind, `ltp` for example
    #[arg(long, value_name = "NAME")]
    pub(crate) field: Option<String>,
    /// Read and report from this time, in ms since the Unix epoch or as in 2026-06-11T19:00:00Z; prices and statuses before it are known then
    #[arg(long, value_name = "TIME", value_parser = time_of_option)]
    pub(crate) from: Option<i64>,
    /// Stop at the first row at or after this time, written as for --from
    #[arg(long, value_name = "TIME", value_parser = time_of_option)]
    pub(crate) to: Option<i64>,
}

/// The read load beside a CSV feed.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "Read load beside a CSV feed (without any of these: --readers 50 --read-rate 0.5 --compute-ms 40)"
)]
pub(crate) struct LoadArgs {
    /// Number of callers; 0 replays the feed alone [default with a load: 100]
    #[arg(long, value_name = "N")]
    pub(crate) readers: Option<u32>,
    /// Average reads per second over all callers [default with a load: 1]
    #[arg(long, value_name = "R")]
    pub(crate) read_rate: Option<f64>,
    /// Duration of each compute, in ms [default with a load: 40]
    #[arg(long, value_name = "M")]
    pub(crate) compute_ms: Option<u64>,
}

impl ReplayArgs {
    /// The options of the scenario, whose news are the events `news`. A read load reads `markets`, which is called only
    /// if there is a load.
    ///
    /// # Errors
    /// A column that is named twice; the error of `markets`.
    pub(crate) fn options(
        &self,
        news: Vec<Name>,
        markets: impl FnOnce() -> Result<Vec<Name>, Error>,
    ) -> Result<Options, Error> {
        let strictness = if self.lenient { Strictness::Lenient } else { Strictness::Strict };
        let cut = Cut { field: self.cut.field.clone(), from_ms: self.cut.from, to_ms: self.cut.to };
        let dialect = self.dialect.dialect(news)?;
        let LoadArgs { readers, read_rate, compute_ms } = self.load;
        let shape = |markets| {
            let default = LoadShape { seed: self.seed, ..LoadShape::of(markets) };
            if self.has_default_load() {
                return default;
            }
            LoadShape {
                readers: readers.unwrap_or(100),
                reads_per_s: read_rate.unwrap_or(1.0),
                compute_ms: compute_ms.unwrap_or(default.compute_ms),
                ..default
            }
        };
        let is_loaded = self.has_default_load() || (self.has_load_option() && readers != Some(0));
        let load = is_loaded.then(|| markets().map(shape)).transpose()?;
        Ok(Options { strictness, format: self.format, cut, dialect, load })
    }

    /// Whether the scenario is a feed for which no read load is given, so that it gets the default one.
    pub(crate) fn has_default_load(&self) -> bool {
        !self.has_load_option() && is_feed(&self.scenario, self.format)
    }

    fn has_load_option(&self) -> bool {
        let LoadArgs { readers, read_rate, compute_ms } = self.load;
        readers.is_some() || read_rate.is_some() || compute_ms.is_some()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[derive(Debug, Parser)]
    struct Replay {
        #[command(flatten)]
        args: ReplayArgs,
    }

    fn options(line: &str) -> Options {
        let args = Replay::try_parse_from(line.split(' ')).unwrap().args;
        args.options(Vec::new(), || Ok(vec!["btts".into()])).unwrap()
    }

    #[test]
    fn the_definitions_hold_together() {
        Cli::command().debug_assert();
        Replay::command().debug_assert();
    }

    #[test]
    fn a_day_is_the_default_one_unless_it_is_said() {
        let day = |line: &str| match Cli::try_parse_from(line.split(' ')).unwrap().command {
            Command::Matchday(args) => args.day.shape(),
            other => panic!("{other:?}"),
        };
        assert_eq!(day("kairos matchday --emit -"), Shape::default());
        let expected = Shape { fixtures: 2, seed: 3, readers: 4, reads_per_s: 0.5, compute_ms: 6 };
        let line = "kairos matchday --emit - --fixtures 2 --seed 3 --readers 4 --read-rate 0.5 --compute-ms 6";
        assert_eq!(day(line), expected);
    }

    #[test]
    fn a_scenario_is_read_strictly_whole_and_without_a_load() {
        assert_eq!(options("replay day.jsonl"), Options::default());
    }

    #[test]
    fn any_option_of_the_load_asks_for_it() {
        let load = options("replay feed.csv --read-rate 20 --seed 9").load.unwrap();
        let expected = LoadShape {
            readers: 100,
            reads_per_s: 20.0,
            compute_ms: 40,
            seed: 9,
            markets: vec!["btts".into()],
        };
        assert_eq!(load, expected);
        assert_eq!(options("replay feed.csv --readers 3").load.unwrap().readers, 3);
        assert_eq!(options("replay feed.csv --compute-ms 0").load.unwrap().compute_ms, 0);
    }

    #[test]
    fn a_feed_without_a_load_gets_one_and_a_scenario_does_not() {
        let expected = LoadShape {
            readers: 50,
            reads_per_s: 0.5,
            compute_ms: 40,
            seed: 9,
            markets: vec!["btts".into()],
        };
        assert_eq!(options("replay feed.csv --seed 9").load, Some(expected.clone()));
        assert_eq!(options("replay - --format tsv --seed 9").load, Some(expected));
        assert_eq!(options("replay feed.csv --readers 0").load, None);
        assert_eq!(options("replay feed.csv --format jsonl").load, None);
    }

    #[test]
    fn a_feed_is_read_as_it_is_said() {
        let line = "replay - --format csv --readers 0 --odds american --time s --columns time=When,match=Game";
        let found = options(&format!("{line} --columns kickoff_ms=Start")).dialect;
        let columns = [(Column::Time, "When"), (Column::Match, "Game"), (Column::Kickoff, "Start")];
        let expected = Dialect {
            columns: columns.map(|(column, name)| (column, name.to_owned())).into(),
            odds: Some(OddsFormat::American),
            time: Some(TimeFormat::Seconds),
            ..Dialect::default()
        };
        assert_eq!(found, expected);
        for line in
            ["--columns day=D", "--columns time=", "--columns time", "--odds hongkong", "--time us"]
        {
            Replay::try_parse_from(format!("replay - {line}").split(' ')).unwrap_err();
        }
        let twice = "replay - --columns time=a,ts_ms=b";
        let args = Replay::try_parse_from(twice.split(' ')).unwrap().args;
        let error = args.options(Vec::new(), || Ok(Vec::new())).unwrap_err();
        assert_eq!(error.to_string(), "--columns names time more than once");
    }

    #[test]
    fn a_feed_is_cut_as_it_is_said() {
        let found = options("replay feed.csv --field ltp --from 5 --to 9 --lenient --readers 0");
        let cut = Cut { field: Some("ltp".into()), from_ms: Some(5), to_ms: Some(9) };
        assert_eq!(found, Options { strictness: Strictness::Lenient, cut, ..Options::default() });
    }
}
