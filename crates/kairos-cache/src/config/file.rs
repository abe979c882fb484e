// A configuration from a file, its event graph from another, and the check of both.
// Never knows: what is built from a configuration.
// Read next: `text.rs` for the text, `rules.rs` for the ranges.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::events::event_graph;
use super::locate::line_of;
use super::sections::{Config, EventsConfig};
use super::text::parse;
use crate::error::Error;
use crate::policy::GraphError;

/// The content of an event graph's file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GraphFile {
    markets: Option<BTreeMap<String, Vec<String>>>,
    events: Option<BTreeMap<String, Vec<String>>>,
}

impl Config {
    /// Reads a configuration from a TOML file, reads the event graph from the file that
    /// `events.graph` names, if any, and validates both. Blocks the thread while it reads.
    ///
    /// ```
    /// use kairos_cache::{Config, Error};
    ///
    /// let folder = std::env::temp_dir().join(format!("kairos-from-file-{}", std::process::id()));
    /// std::fs::create_dir_all(&folder)?;
    /// let file = folder.join("kairos.toml");
    /// std::fs::write(&file, "[swr]\nstale_multiplier = 0.5\n")?;
    /// let error = Config::from_file(&file).unwrap_err();
    /// assert!(matches!(error, Error::InFile { line: Some(2), .. }));
    /// std::fs::write(&file, "[swr]\nstale_multiplier = 3.0\n")?;
    /// assert_eq!(Config::from_file(&file)?.swr.stale_multiplier, 3.0);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InFile`] for invalid content, with the file and, where it is known, the line;
    /// [`Error::ReadFile`] for a file that cannot be read.
    pub fn from_file(file: impl AsRef<Path>) -> Result<Config, Error> {
        let file = file.as_ref();
        let text = read(file)?;
        let locate = |error| in_file(file, &text, error);
        let mut config = Config::from_toml(&text).map_err(locate)?;
        config.read_event_graph(file.parent().unwrap_or(Path::new(""))).map_err(locate)?;
        config.validate().map_err(locate)?;
        Ok(config)
    }

    /// Replaces `events.graph` by the tables in the file that it names, relative to `folder`. Does
    /// nothing if `events.graph` is absent. Blocks the thread while it reads.
    ///
    /// ```
    /// use kairos_cache::Config;
    ///
    /// let folder = std::env::temp_dir().join(format!("kairos-read-graph-{}", std::process::id()));
    /// std::fs::create_dir_all(&folder)?;
    /// std::fs::write(folder.join("tennis.toml"), "[markets]\naces = [\"serve\"]\n[events]\n")?;
    /// let mut config = Config::from_toml("[events]\ngraph = \"tennis.toml\"\n")?;
    /// config.read_event_graph(&folder)?;
    /// assert!(config.events.markets.is_some_and(|markets| markets.contains_key("aces")));
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Config`] if the configuration has tables as well as a file; for the file, the
    /// errors of [`from_file`](Config::from_file).
    pub fn read_event_graph(&mut self, folder: &Path) -> Result<(), Error> {
        let Some(file) = &self.events.graph else { return Ok(()) };
        if self.events.markets.is_some() || self.events.events.is_some() {
            let allowed = "given alone, without events.markets and events.events";
            return Err(Error::Config { field: "events.graph", allowed });
        }
        let file = folder.join(file);
        let text = read(&file)?;
        let locate = |error| in_file(&file, &text, error);
        let GraphFile { markets, events } = parse(&text).map_err(locate)?;
        if markets.is_none() || events.is_none() {
            let allowed = "given together with markets in an event graph's file";
            return Err(locate(Error::Config { field: "events", allowed }));
        }
        let tables = EventsConfig { graph: None, markets, events };
        event_graph(&tables).map_err(locate)?;
        self.events = tables;
        Ok(())
    }
}

fn read(file: &Path) -> Result<String, Error> {
    fs::read_to_string(file)
        .map_err(|error| Error::ReadFile { file: Arc::from(file), error: Arc::new(error) })
}

/// Adds to an error about `text` the file that holds it, and the line.
fn in_file(file: &Path, text: &str, error: Error) -> Error {
    let (line, error) = match error {
        // An error about the graph's file names that file already.
        Error::InFile { .. } | Error::ReadFile { .. } => return error,
        Error::ConfigSyntax { line, message } => {
            (line, Error::ConfigSyntax { line: None, message })
        }
        Error::Config { field, allowed } => {
            let path: Vec<&str> = field.split('.').collect();
            (line_of(text, &path), Error::Config { field, allowed })
        }
        Error::Graph(graph) => {
            // An event may have the name of a market, which may stand elsewhere.
            let skipped = usize::from(matches!(graph, GraphError::Uncarried { .. }));
            let line = graph.name().and_then(|name| {
                let tables = [&["events", "markets"][..], &["events", "events"]];
                let inline = tables.into_iter().skip(skipped);
                let own = [&["markets"][..], &["events"]].into_iter().skip(skipped);
                let mut paths = inline.chain(own).map(|table| [table, &[name]].concat());
                paths.find_map(|path| line_of(text, &path))
            });
            (line, Error::Graph(graph))
        }
        other => (None, other),
    };
    Error::InFile { file: Arc::from(file), line, error: Arc::new(error) }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
