//! `kairos config`: a configuration written with every field, or one that is checked.
//! Must never know a field; the cache does.
//! Read next: `args.rs` for what can be asked.

use kairos_cache::Config;

use super::args::ConfigArgs;
use crate::error::Error;

/// What the command writes to standard output: the default configuration, or that a file is valid.
///
/// # Errors
/// [`Error::Config`] with the file, the line where it is known, the field and what is allowed.
pub(crate) fn answer(args: &ConfigArgs) -> Result<String, Error> {
    match &args.check {
        Some(file) => {
            Config::from_file(file)?;
            Ok(format!("{}: valid\n", file.display()))
        }
        None => Ok(Config::default().to_toml()?),
    }
}
