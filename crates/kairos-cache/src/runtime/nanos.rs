// Durations and instants of std as the nanoseconds in which the cache counts.
// Never knows: which clock they were read from.
// Read next: `clock.rs`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::policy::WallNs;

/// A duration in nanoseconds, saturating after 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The system's time that is so many nanoseconds after the Unix epoch.
pub(crate) fn system_time(wall: WallNs) -> SystemTime {
    let distance = Duration::from_nanos(wall.unsigned_abs());
    if wall < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
}

/// Nanoseconds since the Unix epoch, saturating at the ends of `i64`.
pub(crate) fn wall_ns(time: SystemTime) -> WallNs {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, i64::wrapping_neg)
        }
    }
}
