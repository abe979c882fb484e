// A scenario's milliseconds as wall time.
// Never reads a clock.
// Read next: `world.rs`, whose simulation starts at such a time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The wall time of `t_ms`, in ms since the Unix epoch.
pub(super) fn time_of(t_ms: i64) -> SystemTime {
    let distance = Duration::from_millis(t_ms.unsigned_abs());
    let time =
        if t_ms < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    time.unwrap_or(UNIX_EPOCH)
}
