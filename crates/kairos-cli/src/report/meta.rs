// What a run was made by and of, so that it can be made again and told from others.
// Never holds a time, a machine or a path that was not given: the same command writes the same bytes.
// Read next: `json.rs`, which writes it.

use serde::Serialize;
use serde_json::Value;

use super::run::Run;

/// What a run was made by and of.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Meta {
    /// The version of the command.
    version: &'static str,
    /// The commit that it was built from, if that is known.
    commit: Option<&'static str>,
    /// The subcommand.
    command: &'static str,
    /// The seed of every draw.
    seed: u64,
    /// The options that change what is run, by their names on the command line.
    options: Value,
    /// The scenario that was read.
    feed: Option<Source>,
    columns: Vec<Column>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Source {
    /// Its name as it was given.
    pub(crate) name: String,
    /// Its length, before it was unpacked; not known of standard input that was not read to its end.
    pub(crate) bytes: Option<u64>,
    /// The SHA-256 of these bytes, in hexadecimal.
    pub(crate) sha256: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Column {
    name: String,
    kind: &'static str,
    configuration: Value,
}

impl Meta {
    /// What a run of `command` was made by and of; the columns are added with the report.
    pub(crate) fn of(
        command: &'static str,
        seed: u64,
        options: Value,
        feed: Option<Source>,
    ) -> Self {
        let commit = Some(env!("KAIROS_COMMIT")).filter(|commit| !commit.is_empty());
        let version = env!("CARGO_PKG_VERSION");
        Self { version, commit, command, seed, options, feed, columns: Vec::new() }
    }

    /// Adds the columns of a report.
    pub(super) fn with_columns(self, runs: &[Run]) -> Self {
        let column = |run: &Run| Column {
            name: run.name.clone(),
            kind: if run.engine.is_some() { "kairos" } else { "plain_ttl" },
            configuration: run.configuration.clone(),
        };
        Self { columns: runs.iter().map(column).collect(), ..self }
    }
}
