// `kairos config`: writes the default configuration, or checks a file.
// Never knows: the fields of a configuration, which belong to the cache.
// Read next: `args.rs` for the options.

use kairos_cache::Config;

use super::args::ConfigArgs;
use super::destination::print;
use crate::error::Error;

/// Prints the default configuration, or that a file is valid.
///
/// # Errors
/// [`Error::Config`] with the file, the line if known, the field, and the allowed values; [`Error::Write`].
pub(super) fn answer(args: &ConfigArgs) -> Result<(), Error> {
    let text = match &args.check {
        Some(file) => {
            Config::from_file(file)?;
            format!("{}: valid\n", file.display())
        }
        None => Config::default().to_toml()?,
    };
    print(text.as_bytes())
}
