// Why a check was not served what is stored.
// Never knows: how a read is decided.
// Read next: `engine/read/check.rs`, which says it.

use std::time::Duration;

use crate::error::Error;

/// The reason for which [`Cache::check`](crate::Cache::check) serves nothing: the first that applies, in
/// this order.
///
/// ```
/// use kairos_cache::{Cache, Context, Refused};
/// use std::time::Duration;
///
/// let cache: Cache<u8, f64> = Cache::builder().build()?;
/// let recent = Context::none().max_age(Duration::from_secs(30));
/// let refused = cache.check(&1, &recent).expect_err("nothing is stored");
/// assert!(matches!(refused, Refused::Absent));
/// assert_eq!(refused.to_string(), "there is no live value");
/// # Ok::<_, kairos_cache::Error>(())
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The context names an unknown market or a match of another cache, or lacks its match.
    #[error(transparent)]
    Context(Error),
    /// The cache is switched off.
    #[error("the cache is switched off")]
    Disabled,
    /// The market or its match is suspended or closed.
    #[error("the market is suspended or closed")]
    Suspended,
    /// The market is panicking, and the breaker is not open.
    #[error("the market is panicking")]
    Panic,
    /// There is no live value: none was stored or could be, it was invalidated or evicted, kickoff has
    /// passed, or the key is known to have none.
    #[error("there is no live value")]
    Absent,
    /// The value is older than may be served.
    #[error("the value is {age:?} old, of which at most {limit:?} is served")]
    TooStale {
        /// Time since the compute of the value finished.
        age: Duration,
        /// The smaller of the context's `max_age` and the stale limit; 0 for a context that forces a
        /// refresh.
        limit: Duration,
    },
}

impl Refused {
    /// Returns the reason's name, fit for a metric's label.
    ///
    /// ```
    /// let cache: kairos_cache::Cache<u8, u8> = kairos_cache::Cache::builder().build()?;
    /// let refused = cache.check(&1, &kairos_cache::Context::none()).unwrap_err();
    /// assert_eq!(refused.name(), "absent");
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    pub const fn name(&self) -> &'static str {
        match self {
            Refused::Context(_) => "context",
            Refused::Disabled => "disabled",
            Refused::Suspended => "suspended",
            Refused::Panic => "panic",
            Refused::Absent => "absent",
            Refused::TooStale { .. } => "too_stale",
        }
    }
}
