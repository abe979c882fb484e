// The options that say which caches stand side by side, and where their decisions go.
// Never reads a file.
// Read next: `../columns/given.rs`, what is made of them.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use kairos_cache::Preset;

use crate::columns::Given;

/// The caches of a run.
#[derive(Debug, Args)]
pub(crate) struct EngineArgs {
    /// Preset configuration: an engine with a column of its own, as of --config; presets come first
    #[arg(long, value_name = "NAME", value_parser = preset())]
    preset: Vec<Preset>,
    /// Configuration of the engine; repeat for several engines, each with a column of its own
    #[arg(long, value_name = "FILE")]
    config: Vec<PathBuf>,
    /// TTLs of the plain caches beside the engines, as 1s, 15m or 6h [default: 60s,1h]
    #[arg(long, value_name = "TTL,…", value_delimiter = ',', value_parser = ttl)]
    ttl: Vec<Duration>,
    /// Write the decisions to OUT, one JSON object per line, compressed if the name ends in .gz or .zst; give once per engine; `-` is standard output
    #[arg(long, value_name = "OUT")]
    decisions: Vec<PathBuf>,
}

impl EngineArgs {
    /// The caches that are given; where no engine is, those of `otherwise`.
    pub(crate) fn given(&self, otherwise: &[Preset]) -> Given {
        let mut given = Given {
            presets: self.preset.clone(),
            configs: self.config.clone(),
            ttls: self.ttl.clone(),
            decisions: self.decisions.clone(),
            is_implied: false,
        };
        if given.presets.is_empty() && given.configs.is_empty() {
            given.presets = otherwise.to_vec();
            given.is_implied = true;
        }
        given
    }
}

/// Reads the name of a preset; help and completions list them.
pub(crate) fn preset() -> impl TypedValueParser<Value = Preset> {
    let names = PossibleValuesParser::new(Preset::ALL.iter().map(|preset| preset.name()));
    names.try_map(|name| name.parse::<Preset>())
}

/// Reads a TTL, of whole milliseconds.
fn ttl(text: &str) -> Result<Duration, String> {
    let ttl = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if ttl.is_zero() || ttl.subsec_nanos() % 1_000_000 != 0 {
        return Err("a TTL is at least 1ms, in whole milliseconds".into());
    }
    Ok(ttl)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_has_a_unit_and_is_at_least_a_millisecond() {
        let check = |text, ms| assert_eq!(ttl(text), Ok(Duration::from_millis(ms)));
        check("1ms", 1);
        check("1s", 1000);
        check("15m", 900_000);
        check("6h", 21_600_000);
        for wrong in ["", "0s", "1us", "1500us", "15", "a"] {
            assert!(ttl(wrong).is_err(), "{wrong}");
        }
    }
}
