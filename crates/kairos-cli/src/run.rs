//! The two commands that run the engine: operations in, decisions and a report out.
//! Must never decide what a cache would do, nor know how a report looks.
//! Read next: `replay.rs`, which applies each operation.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kairos_cache::{Config, EventGraph};

use crate::args::{MatchdayArgs, ReplayArgs};
use crate::error::Error;
use crate::matchday::Day;
use crate::names::Name;
use crate::progress::Progress;
use crate::replay::{self, Replay};
use crate::report::Report;
use crate::report::operations::{Operations, facts_of};
use crate::report::run::report;
use crate::scenario::emit::Sink;
use crate::scenario::op::Op;
use crate::scenario::strictness::Strictness;
use crate::scenario::{Counts, Scenario};

/// Runs a scenario file through the engine and reports.
///
/// # Errors
/// A scenario, configuration or operation that is wrong, by file and line; an output that fails.
pub fn replay(args: &ReplayArgs) -> Result<Report, Error> {
    let config = match &args.config {
        Some(file) => read_config(file)?,
        None => Config::default(),
    };
    let markets: Vec<Name> = EventGraph::football().market_names().map(Name::from).collect();
    let options = args.options(&markets);
    let progress = Progress::bytes();
    let mut scenario = Scenario::open(&args.scenario, options.clone(), &progress)?;
    let file: Arc<Path> = Arc::from(args.scenario.as_path());
    let mut engine =
        Engine::new(config, args.config.as_deref(), args.seed, args.decisions.as_deref())?;
    let mut refused = Refused { strictness: options.strictness, lines: 0, first: None };
    for op in scenario.by_ref() {
        let op = op?;
        refused.check(engine.apply(&op), &file, op.line)?;
    }
    progress.finish();
    let mut counts = scenario.counts();
    refused.add_to(&mut counts);
    let name = args.config.as_ref().map_or_else(|| "default".into(), |f| f.display().to_string());
    let mut done = engine.finish(&name)?;
    done.facts.extend(facts_of(&counts));
    Ok(report(args.scenario.display().to_string(), done.facts, &[done.run]))
}

/// Makes a matchday, runs it through the engine and reports; writes it down too if asked.
///
/// # Errors
/// A shape or configuration that is out of range; an output that fails.
pub fn matchday(args: &MatchdayArgs) -> Result<Report, Error> {
    let shape = args.day.shape();
    let day = Day::new(&shape)?;
    let config = match &args.config {
        Some(file) => read_config(file)?,
        None => Config::default(),
    };
    let mut sink = args.emit.as_deref().map(Sink::create).transpose()?;
    let mut engine =
        Engine::new(config, args.config.as_deref(), shape.seed, args.decisions.as_deref())?;
    let progress = Progress::operations(day.about());
    for op in day {
        if let Some(sink) = &mut sink {
            sink.write(&op)?;
        }
        engine.apply(&op).map_err(|error| engine.error(error))?;
        progress.advance(1);
    }
    if let Some(sink) = sink {
        sink.finish()?;
    }
    progress.finish();
    let done = engine.finish("matchday")?;
    let title = format!("matchday of {} matches, seed {}", shape.fixtures, shape.seed);
    Ok(report(title, done.facts, &[done.run]))
}

/// One configuration's replay and what its operations consist of.
struct Engine {
    replay: Replay,
    operations: Operations,
    decisions: Option<PathBuf>,
    config: Option<PathBuf>,
}

struct Done {
    run: crate::report::run::Run,
    facts: Vec<crate::report::Fact>,
}

impl Engine {
    fn new(
        config: Config,
        config_file: Option<&Path>,
        seed: u64,
        decisions: Option<&Path>,
    ) -> Result<Engine, Error> {
        let out = decisions.map(create).transpose()?;
        let config_file = config_file.map(Path::to_path_buf);
        let decisions = decisions.map(Path::to_path_buf);
        match Replay::new(config, seed, out) {
            Ok(replay) => {
                Ok(Engine { replay, operations: Operations::new(), decisions, config: config_file })
            }
            Err(replay::Error::Config(source)) => {
                Err(Error::Config { file: config_file.unwrap_or_default(), source })
            }
            Err(other) => Err(Error::Usage(other.to_string())),
        }
    }

    fn apply(&mut self, op: &Op) -> Result<(), replay::Error> {
        self.operations.count(op);
        self.replay.apply(op)
    }

    fn finish(self, name: &str) -> Result<Done, Error> {
        let (decisions, config) = (self.decisions, self.config);
        let run = self.replay.finish(name).map_err(|e| of_replay(e, decisions, config))?;
        Ok(Done { run, facts: self.operations.facts() })
    }

    fn error(&self, error: replay::Error) -> Error {
        of_replay(error, self.decisions.clone(), self.config.clone())
    }
}

/// What a lenient replay passes over beside lines that cannot be read.
struct Refused {
    strictness: Strictness,
    lines: u64,
    first: Option<String>,
}

impl Refused {
    fn check(
        &mut self,
        applied: Result<(), replay::Error>,
        file: &Arc<Path>,
        line: u64,
    ) -> Result<(), Error> {
        let error = match applied {
            Ok(()) => return Ok(()),
            Err(replay::Error::Operation(reason)) => Error::line(file, line, reason),
            Err(other) => return Err(of_replay(other, None, None)),
        };
        if self.strictness == Strictness::Strict {
            return Err(error);
        }
        self.lines += 1;
        self.first.get_or_insert_with(|| error.to_string());
        Ok(())
    }

    fn add_to(self, counts: &mut Counts) {
        counts.skipped += self.lines;
        counts.first_skipped = counts.first_skipped.take().or(self.first);
    }
}

fn of_replay(error: replay::Error, decisions: Option<PathBuf>, config: Option<PathBuf>) -> Error {
    match error {
        replay::Error::Write(source) => {
            Error::Write { file: decisions.unwrap_or_else(|| "decisions".into()), source }
        }
        replay::Error::Config(source) => Error::Config { file: config.unwrap_or_default(), source },
        replay::Error::Operation(reason) => Error::Usage(reason.to_string()),
    }
}

fn read_config(file: &Path) -> Result<Config, Error> {
    let text = fs::read_to_string(file)
        .map_err(|source| Error::Read { file: file.to_path_buf(), source })?;
    Config::from_toml(&text).map_err(|source| Error::Config { file: file.to_path_buf(), source })
}

fn create(file: &Path) -> Result<Box<dyn Write>, Error> {
    if file == Path::new("-") {
        return Ok(Box::new(BufWriter::new(io::stdout())));
    }
    match File::create(file) {
        Ok(out) => Ok(Box::new(BufWriter::with_capacity(1 << 16, out))),
        Err(source) => Err(Error::Write { file: file.to_path_buf(), source }),
    }
}
