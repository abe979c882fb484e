// What is to stand side by side: presets, configurations, plain caches, and the files of the decisions.
// Never builds a cache.
// Read next: `mod.rs`, which does.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kairos_cache::{Config, Preset};

use crate::error::Error;

/// The TTLs of the plain caches where none are given.
const PLAIN: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(3600)];

/// The caches of a run, as they are given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    /// Each an engine; they stand first.
    pub(crate) presets: Vec<Preset>,
    /// Files, each an engine.
    pub(crate) configs: Vec<PathBuf>,
    /// Each a plain cache.
    pub(crate) ttls: Vec<Duration>,
    /// Files for the decisions of the engines, in their order.
    pub(crate) decisions: Vec<PathBuf>,
    /// Whether no engine was asked for, and the presets are those of the subcommand.
    pub(crate) is_implied: bool,
}

impl Given {
    /// The files that are read: the configurations, and the event graphs that they name. What is wrong with one of them
    /// is left to whoever reads it.
    pub(crate) fn inputs(&self) -> Vec<PathBuf> {
        let graph = |file: &PathBuf| {
            let text = fs::read_to_string(file).ok()?;
            let graph = Config::from_toml(&text).ok()?.events.graph?;
            Some(file.parent().unwrap_or(Path::new("")).join(graph))
        };
        self.configs.iter().cloned().chain(self.configs.iter().filter_map(graph)).collect()
    }

    /// The configurations and their names, in the order of the columns.
    ///
    /// # Errors
    /// [`Error::Config`] for a bad file.
    pub(super) fn configurations(&self) -> Result<Vec<(String, Config)>, Error> {
        let presets =
            self.presets.iter().map(|preset| Ok((preset.to_string(), Config::preset(*preset))));
        let files = self.configs.iter();
        let files = files.map(|file| Ok((file.display().to_string(), Config::from_file(file)?)));
        presets.chain(files).collect()
    }

    /// The TTLs of the plain caches in ms, and their names.
    pub(super) fn plain(&self) -> Vec<(String, i64)> {
        let ttls = if self.ttls.is_empty() { &PLAIN } else { self.ttls.as_slice() };
        let ms = |ttl: &Duration| i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        ttls.iter().map(ms).map(|ms| (named(ms), ms)).collect()
    }

    /// Checks that there are as many files for decisions as there are engines, or none. Where no engine was asked for,
    /// one file is enough: that of the first engine.
    ///
    /// # Errors
    /// [`Error::Usage`].
    pub(super) fn check_decisions(&self) -> Result<(), Error> {
        let engines = self.presets.len() + self.configs.len();
        let files = self.decisions.len();
        if files == 0 || files == engines || (files == 1 && self.is_implied) {
            return Ok(());
        }
        let has_presets = !self.presets.is_empty() && !self.is_implied;
        let of = if has_presets { "--preset and --config, presets first" } else { "--config" };
        Err(Error::Usage(format!(
            "--decisions must be given once per {of}, in the same order (engines: {engines}, files: {files})"
        )))
    }
}

/// The name of a plain cache: its TTL in the largest unit of which there are at least one, and no fraction.
fn named(ttl_ms: i64) -> String {
    const UNITS: [(i64, i64, &str); 3] = [(3_600_000, 1, "h"), (60_000, 2, "min"), (1000, 1, "s")];
    // A minute is written as 60 s.
    let fits = |(unit, least, _): &&(i64, i64, &str)| ttl_ms % unit == 0 && ttl_ms / unit >= *least;
    match UNITS.iter().find(fits) {
        Some((unit, _, name)) => format!("TTL {} {name}", ttl_ms / unit),
        None => format!("TTL {ttl_ms} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_cache_is_named_by_its_ttl() {
        let check = |ttl_ms, expected| assert_eq!(named(ttl_ms), expected);
        check(1, "TTL 1 ms");
        check(1500, "TTL 1500 ms");
        check(1000, "TTL 1 s");
        check(60_000, "TTL 60 s");
        check(90_000, "TTL 90 s");
        check(120_000, "TTL 2 min");
        check(900_000, "TTL 15 min");
        check(3_600_000, "TTL 1 h");
        check(5_400_000, "TTL 90 min");
        check(21_600_000, "TTL 6 h");
    }
}
