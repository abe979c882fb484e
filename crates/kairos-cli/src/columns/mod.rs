// The columns of a report: one engine per configuration and the plain caches, all on the same operations.
// Never knows: what a cache would do, or where operations come from.
// Read next: `engine/mod.rs` for an engine, `plain_ttl.rs` for a plain cache.

use std::path::{Path, PathBuf};

use kairos_cache::EventGraph;

use crate::advice;
use crate::error::{Error, Reason};
use crate::report::{Fact, Operations, Run};
use crate::scenario::{Name, Op, Output};

mod engine;
mod exposure;
mod given;
mod plain_ttl;
mod probe;

use self::engine::{Engine, Error as EngineError, Finished};
use self::plain_ttl::PlainTtl;

pub(crate) use self::given::Given;
pub(crate) use self::probe::Probe;

/// Why a configuration can be written as JSON.
const WRITABLE: &str = "a configuration has names for keys, and no number that JSON lacks";

/// Caches side by side, each with time and prices of its own.
pub(crate) struct Columns {
    engines: Vec<Configured>,
    plain: Vec<(String, PlainTtl)>,
    operations: Operations,
}

/// An engine, its configuration's name, and the file of its decisions.
struct Configured {
    name: String,
    engine: Engine,
    decisions: PathBuf,
}

impl Columns {
    /// Creates the caches that are given. The engines write their decisions to the files that are given for them, if
    /// there are any.
    ///
    /// # Errors
    /// [`Error::Config`] for a bad configuration; [`Error::Usage`] if there are fewer or more files for decisions than
    /// engines; [`Error::Write`] if a file cannot be created.
    pub(crate) fn new(given: &Given, seed: u64) -> Result<Self, Error> {
        let configurations = given.configurations()?;
        given.check_decisions()?;
        let mut outputs = given.decisions.iter();
        let engines = configurations.into_iter().map(|(name, config)| {
            let file = outputs.next();
            let out = file.map(|file| Output::create(file)).transpose()?;
            let decisions = file.cloned().unwrap_or_default();
            let engine = Engine::new(config, seed, out).map_err(|error| match error {
                // A valid configuration from which this command can build no engine.
                EngineError::Config(source) => Error::Config(kairos_cache::Error::InFile {
                    file: Path::new(&name).into(),
                    line: None,
                    error: source.into(),
                }),
                other => of_engine(other, &decisions),
            })?;
            Ok(Configured { name, engine, decisions })
        });
        Ok(Self {
            engines: engines.collect::<Result<_, Error>>()?,
            plain: given.plain().into_iter().map(|(name, ms)| (name, PlainTtl::new(ms))).collect(),
            operations: Operations::new(),
        })
    }

    /// The markets of the event graph, for a read load.
    ///
    /// # Errors
    /// [`Error::Usage`] if the engines have different markets.
    pub(crate) fn markets(&self) -> Result<Vec<Name>, Error> {
        let mut graphs = self.engines.iter().map(|of| of.engine.event_graph());
        let first = graphs.next();
        let names = |graph: &EventGraph| graph.market_names().map(Name::from).collect::<Vec<_>>();
        let markets = first.map(names).unwrap_or_default();
        if graphs.any(|graph| names(graph) != markets) {
            let message = "a read load requires configurations with the same markets in their event graphs: \
                           replay these one at a time";
            return Err(Error::Usage(message.into()));
        }
        Ok(markets)
    }

    /// The events of all event graphs.
    pub(crate) fn news(&self) -> Vec<Name> {
        let mut all: Vec<Name> = Vec::new();
        for of in &self.engines {
            for event in of.engine.event_graph().event_names() {
                if !all.iter().any(|other| **other == *event) {
                    all.push(event.into());
                }
            }
        }
        all
    }

    /// Applies one operation to every cache, or to none.
    ///
    /// # Errors
    /// [`Refused::Operation`] if an engine does not know a name in it, in which case no cache has changed;
    /// [`Refused::Run`] if decisions cannot be written.
    pub(crate) fn apply(&mut self, op: &Op) -> Result<(), Refused> {
        self.check(op)?;
        self.operations.count(op);
        for Configured { engine, decisions, .. } in &mut self.engines {
            engine.apply(op).map_err(|error| of_operation(error, decisions))?;
        }
        self.apply_to_plain(op);
        Ok(())
    }

    /// Applies one operation from before the time of the report, as [`apply`](Self::apply) does; neither counts it nor
    /// writes decisions.
    ///
    /// # Errors
    /// As from [`apply`](Self::apply).
    pub(crate) fn prepare(&mut self, op: &Op) -> Result<(), Refused> {
        self.check(op)?;
        for Configured { engine, decisions, .. } in &mut self.engines {
            engine.prepare(op).map_err(|error| of_operation(error, decisions))?;
        }
        self.apply_to_plain(op);
        Ok(())
    }

    fn check(&self, op: &Op) -> Result<(), Refused> {
        let several = self.engines.len() > 1;
        for Configured { name, engine, .. } in &self.engines {
            engine.check(op).map_err(|reason| {
                let of = several.then(|| name.clone());
                Refused::Operation(match of {
                    Some(of) => Reason::OfConfig { reason: Box::new(reason), of },
                    None => reason,
                })
            })?;
        }
        Ok(())
    }

    fn apply_to_plain(&mut self, op: &Op) {
        for (_, plain) in &mut self.plain {
            plain.apply(op);
        }
    }

    /// The number of operations that have been applied.
    pub(crate) fn operations(&self) -> u64 {
        self.operations.total()
    }

    /// Runs every cache until nothing is left to run, gives the files of the decisions their names, and returns the
    /// facts that hold for all columns, and the columns.
    ///
    /// # Errors
    /// [`Error::Write`] if decisions cannot be written.
    pub(crate) fn finish(self) -> Result<(Vec<Fact>, Vec<Run>), Error> {
        let mut runs = Vec::with_capacity(self.engines.len() + self.plain.len());
        let mut outputs = Vec::new();
        for Configured { name, engine, decisions } in self.engines {
            let finished = engine.finish(&name).map_err(|error| of_engine(error, &decisions))?;
            let Finished { mut run, observed, config, decisions } = finished;
            run.configuration = serde_json::to_value(&config).expect(WRITABLE);
            if let Some(engine) = &mut run.engine {
                engine.hints = advice::of_run(&config, &observed);
            }
            runs.push(run);
            outputs.extend(decisions);
        }
        runs.extend(self.plain.into_iter().map(|(name, plain)| plain.finish(&name)));
        // Only now: an error above leaves none of them.
        outputs.into_iter().try_for_each(Output::keep)?;
        Ok((self.operations.facts(), runs))
    }
}

/// Why an operation was not applied.
#[derive(Debug)]
pub(crate) enum Refused {
    /// An engine does not know a name in it.
    Operation(Reason),
    /// The run cannot go on.
    Run(Error),
}

fn of_operation(error: EngineError, decisions: &Path) -> Refused {
    match error {
        EngineError::Operation(reason) => Refused::Operation(reason),
        other => Refused::Run(of_engine(other, decisions)),
    }
}

fn of_engine(error: EngineError, decisions: &Path) -> Error {
    match error {
        EngineError::Write(source) => Error::Write { file: decisions.to_path_buf(), source },
        EngineError::Config(source) => Error::Config(source),
        EngineError::Operation(reason) => Error::Usage(reason.to_string()),
    }
}
