//! A configuration from a file, its event graph from another, and whether a cache can be built from it.
//! Never knows: what is built from it.
//! Read next: `config.rs` for the fields, `rules.rs` for the ranges.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::events::event_graph;
use super::locate::line_of;
use super::rules::Rules;
use super::sections::{Config, EventsConfig};
use super::text::parse;
use crate::error::Error;

/// What an event graph's file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GraphFile {
    markets: Option<BTreeMap<String, Vec<String>>>,
    events: Option<BTreeMap<String, Vec<String>>>,
}

impl Config {
    /// Reads a configuration from a file, and the event graph from the file that it names, and
    /// checks both. Blocks while it reads.
    ///
    /// # Errors
    /// [`Error::InFile`] with the file and, where it is known, the line of what is wrong;
    /// [`Error::ReadFile`] where a file cannot be read.
    pub fn from_file(file: impl AsRef<Path>) -> Result<Config, Error> {
        let file = file.as_ref();
        let text = read(file)?;
        let locate = |error| in_file(file, &text, error);
        let mut config = Config::from_toml(&text).map_err(locate)?;
        config.read_event_graph(file.parent().unwrap_or(Path::new(""))).map_err(locate)?;
        config.validate().map_err(locate)?;
        Ok(config)
    }

    /// Replaces `events.graph` by the tables of the file that it names, relative to `folder`. Does
    /// nothing where no file is named. Blocks while it reads.
    ///
    /// # Errors
    /// [`Error::Config`] where tables are given beside the file; as
    /// [`from_file`](Config::from_file) for the graph's file.
    pub fn read_event_graph(&mut self, folder: &Path) -> Result<(), Error> {
        let Some(file) = &self.events.graph else { return Ok(()) };
        if self.events.markets.is_some() || self.events.events.is_some() {
            let allowed = "given without events.markets and events.events";
            return Err(Error::Config { field: "events.graph", allowed });
        }
        let file = folder.join(file);
        let text = read(&file)?;
        let locate = |error| in_file(&file, &text, error);
        let GraphFile { markets, events } = parse(&text).map_err(locate)?;
        if markets.is_none() || events.is_none() {
            let allowed = "given beside markets in the file of an event graph";
            return Err(locate(Error::Config { field: "events", allowed }));
        }
        let tables = EventsConfig { graph: None, markets, events };
        event_graph(&tables).map_err(locate)?;
        self.events = tables;
        Ok(())
    }

    /// Checks every range and the event graph, as building a cache does.
    ///
    /// # Errors
    /// [`Error::Config`] with the field and what is allowed; [`Error::Graph`].
    pub fn validate(&self) -> Result<(), Error> {
        let _rules = Rules::new(self)?;
        let _graph = event_graph(&self.events)?;
        Ok(())
    }
}

fn read(file: &Path) -> Result<String, Error> {
    fs::read_to_string(file)
        .map_err(|source| Error::ReadFile { file: Arc::from(file), source: Arc::new(source) })
}

/// An error about `text`, which stands in `file`.
fn in_file(file: &Path, text: &str, error: Error) -> Error {
    let (line, source) = match error {
        // Those of the graph's file name it already.
        Error::InFile { .. } | Error::ReadFile { .. } => return error,
        Error::ConfigSyntax { line, message } => {
            (line, Error::ConfigSyntax { line: None, message })
        }
        Error::Config { field, allowed } => {
            let path: Vec<&str> = field.split('.').collect();
            (line_of(text, &path), Error::Config { field, allowed })
        }
        Error::Graph(graph) => {
            let line = graph.name().and_then(|name| {
                let tables = [&["events", "markets"][..], &["events", "events"]];
                let inline = tables.into_iter();
                let own = [&["markets"][..], &["events"]].into_iter();
                let mut paths = inline.chain(own).map(|table| [table, &[name]].concat());
                paths.find_map(|path| line_of(text, &path))
            });
            (line, Error::Graph(graph))
        }
        other => (None, other),
    };
    Error::InFile { file: Arc::from(file), line, source: Arc::new(source) }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
