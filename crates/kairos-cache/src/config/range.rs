// A field's range, checked: the error names the field and what is allowed.
// Never knows: fields.

use std::time::Duration;

use crate::error::Error;
use crate::runtime::nanos;

/// Fails with the name and the allowed range of a field unless `ok`.
pub(super) fn require(ok: bool, field: &'static str, allowed: &'static str) -> Result<(), Error> {
    if ok { Ok(()) } else { Err(Error::Config { field, allowed }) }
}

/// The nanoseconds of a duration that may not be zero.
pub(super) fn positive(value: Duration, field: &'static str) -> Result<u64, Error> {
    require(!value.is_zero(), field, "longer than 0s")?;
    Ok(nanos(value))
}
