// `kairos config`: writes the default configuration, or checks a file.
// Never knows: the fields of a configuration, which belong to the cache.
// Read next: `args.rs` for the options.

use kairos_cache::Config;

use super::args::ConfigArgs;
use crate::error::Error;

/// The text for standard output: the default configuration, or the statement that a file is valid.
///
/// # Errors
/// [`Error::Config`] with the file, the line if known, the field, and the allowed values.
pub(crate) fn answer(args: &ConfigArgs) -> Result<String, Error> {
    match &args.check {
        Some(file) => {
            Config::from_file(file)?;
            Ok(format!("{}: valid\n", file.display()))
        }
        None => Ok(Config::default().to_toml()?),
    }
}
