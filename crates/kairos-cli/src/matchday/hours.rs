// The first instant of the day, and units of time.
// Never reads a clock.
// Read next: `fixture.rs`, which places the kickoffs.

/// The first instant of the day, in ms since the Unix epoch: Saturday 15 November 2025, 06:00 UTC.
pub(super) const DAY_START_MS: i64 = 1_763_186_400_000;

pub(super) const MINUTE_MS: i64 = 60_000;
pub(super) const HOUR_MS: i64 = 60 * MINUTE_MS;
