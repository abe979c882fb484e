// The command line as types, with its help texts.
// Never acts on an option.
// Read next: `mod.rs`, which dispatches.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::error::Error;
use crate::matchday::Shape;
use crate::scenario::{Cut, LoadShape, Name, Options, Strictness};

/// A cache that knows the moment: scenarios, matchdays and configurations.
#[derive(Debug, Parser)]
#[command(name = "kairos", version)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// How the report is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text", global = true)]
    pub(crate) report: ReportFormat,
}

/// What the command can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a seeded Saturday of football through the engine
    Matchday(MatchdayArgs),
    /// Run a recorded scenario or odds feed through the engine
    Replay(ReplayArgs),
    /// Write the default configuration, or check one
    Config(ConfigArgs),
}

/// `kairos config`.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ConfigArgs {
    /// Write every field with its default and a comment
    #[arg(long)]
    pub(crate) default: bool,
    /// Say whether an engine can be built from this file, and if not, why
    #[arg(long, value_name = "FILE")]
    pub(crate) check: Option<PathBuf>,
}

/// `kairos matchday`.
#[derive(Debug, Args)]
pub(crate) struct MatchdayArgs {
    /// How big the day is.
    #[command(flatten)]
    pub(crate) day: DayArgs,
    /// Write the operations too, as a scenario; gzipped where the name ends in .gz
    #[arg(long, value_name = "FILE")]
    pub(crate) emit: Option<PathBuf>,
    /// The configuration of the engine; given several times, one engine and one column each
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Vec<PathBuf>,
    /// Write what became of each operation, one JSON object a line; once for each configuration
    #[arg(long, value_name = "OUT")]
    pub(crate) decisions: Vec<PathBuf>,
}

/// How big a matchday is.
#[derive(Debug, Args)]
pub(crate) struct DayArgs {
    /// Matches, from 1 to 1000
    #[arg(long, value_name = "N", default_value_t = Shape::default().fixtures)]
    pub(crate) fixtures: usize,
    /// The seed of every draw
    #[arg(long, value_name = "SEED", default_value_t = Shape::default().seed)]
    pub(crate) seed: u64,
    /// Callers
    #[arg(long, value_name = "N", default_value_t = Shape::default().readers)]
    pub(crate) readers: u32,
    /// Reads a second on average over all callers, while matches lie ahead
    #[arg(long, value_name = "R", default_value_t = Shape::default().reads_per_s)]
    pub(crate) read_rate: f64,
    /// How long a compute takes on average, in ms
    #[arg(long, value_name = "M", default_value_t = Shape::default().compute_ms)]
    pub(crate) compute_ms: u64,
}

impl DayArgs {
    /// The shape that the options ask for.
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

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

/// `kairos replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The scenario: .jsonl or .csv, optionally with .gz or .zst after it
    pub(crate) scenario: PathBuf,
    /// The configuration of the engine; given several times, one engine and one column each
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Vec<PathBuf>,
    /// Write what became of each operation, one JSON object a line; once for each configuration
    #[arg(long, value_name = "OUT")]
    pub(crate) decisions: Vec<PathBuf>,
    /// The seed of early refreshes and of the read load
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Count and skip bad lines instead of stopping at the first
    #[arg(long)]
    pub(crate) lenient: bool,
    /// Which rows of a feed count.
    #[command(flatten)]
    pub(crate) cut: CutArgs,
    /// The reads beside a feed.
    #[command(flatten)]
    pub(crate) load: LoadArgs,
}

/// Which rows of a CSV feed count.
#[derive(Debug, Args)]
pub(crate) struct CutArgs {
    /// CSV feeds: keep one price kind, ltp for one
    #[arg(long, value_name = "NAME")]
    pub(crate) field: Option<String>,
    /// CSV feeds: leave out what is earlier, in ms since the Unix epoch
    #[arg(long, value_name = "MS")]
    pub(crate) from: Option<i64>,
    /// CSV feeds: leave out this instant and what is later, in ms since the Unix epoch
    #[arg(long, value_name = "MS")]
    pub(crate) to: Option<i64>,
}

/// The reads beside a CSV feed; any of the options asks for them.
#[derive(Debug, Args)]
pub(crate) struct LoadArgs {
    /// CSV feeds: put a read load of this many callers beside the feed [with a load: 100]
    #[arg(long, value_name = "N")]
    pub(crate) readers: Option<u32>,
    /// CSV feeds: reads a second on average over all callers [with a load: 1]
    #[arg(long, value_name = "R")]
    pub(crate) read_rate: Option<f64>,
    /// CSV feeds: how long each compute takes, in ms [with a load: 40]
    #[arg(long, value_name = "M")]
    pub(crate) compute_ms: Option<u64>,
}

impl ReplayArgs {
    /// How the scenario is to be read; a load reads `markets`, which are asked for only then.
    ///
    /// # Errors
    /// What `markets` fails with.
    pub(crate) fn options(
        &self,
        markets: impl FnOnce() -> Result<Vec<Name>, Error>,
    ) -> Result<Options, Error> {
        let strictness = if self.lenient { Strictness::Lenient } else { Strictness::Strict };
        let cut = Cut { field: self.cut.field.clone(), from_ms: self.cut.from, to_ms: self.cut.to };
        let LoadArgs { readers, read_rate, compute_ms } = self.load;
        let asked = readers.is_some() || read_rate.is_some() || compute_ms.is_some();
        let shape = |markets| LoadShape {
            readers: readers.unwrap_or(100),
            reads_per_s: read_rate.unwrap_or(1.0),
            compute_ms: compute_ms.unwrap_or(40),
            seed: self.seed,
            markets,
        };
        let load = asked.then(|| markets().map(shape)).transpose()?;
        Ok(Options { strictness, cut, load })
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
        args.options(|| Ok(vec!["btts".into()])).unwrap()
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
        assert_eq!(options("replay feed.csv --seed 9").load, None);
    }

    #[test]
    fn a_feed_is_cut_as_it_is_said() {
        let found = options("replay feed.csv --field ltp --from 5 --to 9 --lenient");
        let cut = Cut { field: Some("ltp".into()), from_ms: Some(5), to_ms: Some(9) };
        assert_eq!(found, Options { strictness: Strictness::Lenient, cut, load: None });
    }
}
