// `kairos config`: writes the default configuration or a preset, or checks a file and advises on it.
// Never knows: the fields of a configuration, which belong to the cache.
// Read next: `args.rs` for the options, `../advice/mod.rs` for the advice.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use kairos_cache::Config;

use super::args::ConfigArgs;
use super::destination::print;
use crate::advice::{self, Advice};
use crate::columns::Probe;
use crate::error::Error;
use crate::scenario::{LoadShape, Options, Scenario, is_feed, name_of};

/// Prints the default configuration or a preset, or that a file is valid, and what of it has no effect or does not fit the feed.
///
/// # Errors
/// [`Error::Config`] with the file, the line if known, the field, and the allowed values; the errors of a feed;
/// [`Error::Write`].
pub(super) fn answer(args: &ConfigArgs) -> Result<(), Error> {
    if args.feed.is_none() && args.dialect.dialect(Vec::new())?.is_given() {
        let message = "--columns, --odds, --time, --status and --status-beside-price apply only beside --feed";
        return Err(Error::Usage(message.into()));
    }
    let Some(file) = &args.check else {
        let preset = args.preset.unwrap_or_default();
        return print(preset.to_toml().as_bytes());
    };
    let config = Config::from_file(file)?;
    let advice = match &args.feed {
        Some(feed) => beside(feed, args, &config)?,
        None => advice::of_config(&config),
    };
    let mut text = format!("{}: valid\n", file.display());
    for advice in advice {
        writeln!(text, "advice: {advice}").expect("a string takes every text");
    }
    print(text.as_bytes())
}

/// The advice on a configuration beside a feed, with the read load that a replay makes of itself.
fn beside(feed: &Path, args: &ConfigArgs, config: &Config) -> Result<Vec<Advice>, Error> {
    let mut probe = Probe::new(config)?;
    let dialect = args.dialect.dialect(probe.news())?;
    let load = is_feed(feed, args.format).then(|| LoadShape::of(probe.markets()));
    let options = Options { format: args.format, dialect, load, ..Options::default() };
    let file: Arc<Path> = Arc::from(name_of(feed));
    for op in Scenario::open(feed, options, |input, _| input)? {
        let op = op?;
        probe.apply(&op).map_err(|reason| Error::line(&file, op.line, reason))?;
    }
    Ok(advice::of_feed(config, &probe.finish()?))
}
