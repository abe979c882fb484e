// Notices of what happened, for subscribers: a bounded ring in which slow readers lose the oldest.
// Never knows: why something happened, or what subscribers make of it.
// Read next: `ring.rs`, in which they are kept; `../cache/invalidate.rs`, which tells of events.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use futures_util::Stream;

use super::ring::{Heard, Listener, Ring};
use crate::error::Error;
use crate::matches::TradingStatus;
use crate::policy::{BreakerLevel, DriftBound, FeedStatus};

/// At most this many notices are kept for the slowest subscriber. One ring serves all subscribers.
const KEPT: usize = 1024;

/// A report of something that happened in a cache.
///
/// With the feature `serde` it is written as an object with the kind of notice as `op`, in the words of
/// `kairos replay --decisions`: `event` and `status` have their names there, a match is `match`, the
/// error of a compute is `outcome` (`error`, `panic`, `timeout`) and its message, `error`. It is not
/// read back: an error is more than its message.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use kairos_cache::Notice;
///
/// let event: Notice<String> =
///     Notice::Event { scope: "m1".into(), event: "weather_rain".into(), died: 2 };
/// let line = r#"{"op":"event","match":"m1","event":"weather_rain","died":2}"#;
/// assert_eq!(serde_json::to_string(&event)?, line);
/// # }
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(tag = "op", rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Notice<K> {
    /// An observed price was scored as a panic.
    Panic {
        /// The name of the match.
        #[cfg_attr(feature = "serde", serde(rename = "match"))]
        scope: Arc<str>,
        /// The odds market.
        market: Arc<str>,
        /// The decimal price.
        price: f64,
        /// The z-score of the price.
        z: f64,
    },
    /// The prices of a match moved beyond a bound on drift.
    Moved {
        /// The name of the match.
        #[cfg_attr(feature = "serde", serde(rename = "match"))]
        scope: Arc<str>,
        /// The odds market whose price is the move; `None` for many prices told together, a feed that was
        /// retired, and another configuration.
        #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
        market: Option<Arc<str>>,
        /// The bound.
        bound: DriftBound,
        /// Entries that died by it.
        died: u64,
        /// Whether nothing was done about it (`drift.dry_run`).
        dry_run: bool,
    },
    /// A feed has spoken for the first time or after a silence, or has fallen silent.
    Feed {
        /// The name of the feed.
        feed: Arc<str>,
        /// What it is now.
        status: FeedStatus,
    },
    /// The panic breaker moved one step, to this level.
    Breaker(#[cfg_attr(feature = "serde", serde(serialize_with = "written::level"))] BreakerLevel),
    /// An event was applied.
    Event {
        /// The name of the match.
        #[cfg_attr(feature = "serde", serde(rename = "match"))]
        scope: Arc<str>,
        /// The event.
        event: Arc<str>,
        /// Entries that died by it.
        died: u64,
    },
    /// The trading status of a match or of one of its markets changed.
    Status {
        /// The name of the match.
        #[cfg_attr(feature = "serde", serde(rename = "match"))]
        scope: Arc<str>,
        /// The market; `None` for the whole match.
        #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
        market: Option<Arc<str>>,
        /// The new status.
        status: TradingStatus,
        /// Entries that died by it.
        died: u64,
    },
    /// A live entry was evicted to make room.
    Evicted {
        /// The key of the entry.
        key: K,
    },
    /// A compute for which reads waited failed, panicked or timed out.
    ComputeFailed {
        /// The key.
        key: K,
        /// The error of the compute.
        #[cfg_attr(feature = "serde", serde(flatten, serialize_with = "written::failure"))]
        error: Error,
    },
    /// Reads of a key begin to be served its old value because its computes fail
    /// ([`Reason::StaleIfError`](crate::Reason::StaleIfError)).
    FailSafeBegan {
        /// The key.
        key: K,
    },
    /// Reads of a key are served no more what fail-safe has served: a compute has succeeded, or the old
    /// value has left. Told once the old value is dropped, which a pin may hold until its next read.
    FailSafeEnded {
        /// The key.
        key: K,
    },
    /// A background refresh failed, panicked or timed out.
    RefreshFailed {
        /// The key.
        key: K,
        /// The error of the refresh.
        #[cfg_attr(feature = "serde", serde(flatten, serialize_with = "written::failure"))]
        error: Error,
    },
    /// The cache was switched on or off.
    Switched {
        /// Whether it is on now.
        enabled: bool,
    },
    /// A new configuration was applied.
    Reloaded,
    /// This many notices were lost, because they came faster than they were read.
    Lost(#[cfg_attr(feature = "serde", serde(serialize_with = "written::notices"))] u64),
}

/// The receiver of a cache's notices, from the moment of subscribing on.
///
/// The last 1024 notices are kept, for all subscribers together: a slower subscriber loses the
/// oldest and receives their number ([`Notice::Lost`]). No operation waits for a subscriber.
///
/// A `Stream` of the `futures` crates, too.
pub struct Subscription<K>(Listener<Notice<K>>);

impl<K> fmt::Debug for Subscription<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subscription")
    }
}

impl<K: Clone> Subscription<K> {
    /// Waits for the next notice; `None` once the cache is gone or has been shut down, and every
    /// notice has been read.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Notice<K>> {
        poll_fn(|cx| self.0.poll_next(cx)).await.map(notice)
    }

    /// Returns the next notice, if there is one already.
    pub fn try_next(&mut self) -> Option<Notice<K>> {
        self.0.try_next().map(notice)
    }
}

impl<K: Clone> Stream for Subscription<K> {
    type Item = Notice<K>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Notice<K>>> {
        self.0.poll_next(cx).map(|heard| heard.map(notice))
    }
}

/// What a subscriber gets. Called under no lock: a key's clone is its user's.
fn notice<K: Clone>(heard: Heard<Notice<K>>) -> Notice<K> {
    match heard {
        Heard::Next(notice) => Notice::clone(&notice),
        Heard::Lost(lost) => Notice::Lost(lost),
    }
}

/// The ring, once there has been a subscriber or the end.
pub(crate) struct Notices<K>(Arc<Told<K>>);

struct Told<K>(OnceLock<Arc<Ring<Notice<K>>>>);

impl<K> Told<K> {
    fn ring(&self) -> &Arc<Ring<Notice<K>>> {
        self.0.get_or_init(|| Ring::new(KEPT))
    }

    /// Ends every subscription, also of whoever subscribes after this.
    fn close(&self) {
        self.ring().close();
        self.ring().wake();
    }
}

impl<K> Drop for Told<K> {
    fn drop(&mut self) {
        if self.0.get().is_some() {
            self.close();
        }
    }
}

impl<K> Clone for Notices<K> {
    fn clone(&self) -> Self {
        Notices(Arc::clone(&self.0))
    }
}

impl<K> Notices<K> {
    pub(crate) fn new() -> Notices<K> {
        Notices(Arc::new(Told(OnceLock::new())))
    }

    pub(crate) fn subscribe(&self) -> Subscription<K> {
        Subscription(self.0.ring().listen())
    }

    /// Keeps a notice for every subscriber; `notice` is made only if there is one. May be called
    /// under a lock: the subscribers are woken by [`Notices::wake`].
    pub(crate) fn put(&self, notice: impl FnOnce() -> Notice<K>) {
        if let Some(ring) = self.0.0.get().filter(|ring| ring.is_heard()) {
            ring.put(notice());
        }
    }

    /// Whether anybody subscribes. May be out of date at once.
    pub(crate) fn is_heard(&self) -> bool {
        self.0.0.get().is_some_and(|ring| ring.is_heard())
    }

    /// Wakes the subscribers to what has been put. Called under no lock.
    pub(crate) fn wake(&self) {
        if let Some(ring) = self.0.0.get() {
            ring.wake();
        }
    }

    /// Sends a notice to every subscriber. Called under no lock.
    pub(crate) fn tell(&self, notice: impl FnOnce() -> Notice<K>) {
        self.put(notice);
        self.wake();
    }

    /// What ends every subscription, after what has been told. It does not hold the ring.
    pub(crate) fn closing(&self) -> impl Fn() + Send + Sync + 'static
    where
        K: Send + Sync + 'static,
    {
        let told = Arc::downgrade(&self.0);
        move || {
            if let Some(told) = told.upgrade() {
                told.close();
            }
        }
    }
}

/// The fields that single values and errors get in a notice.
#[cfg(feature = "serde")]
mod written {
    use serde::ser::{SerializeStruct, Serializer};

    use crate::error::Error;
    use crate::policy::BreakerLevel;
    use crate::receipt::outcome;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn level<S: Serializer>(level: &BreakerLevel, to: S) -> Result<S::Ok, S::Error> {
        let mut to = to.serialize_struct("Breaker", 1)?;
        to.serialize_field("level", level)?;
        to.end()
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn notices<S: Serializer>(lost: &u64, to: S) -> Result<S::Ok, S::Error> {
        let mut to = to.serialize_struct("Lost", 1)?;
        to.serialize_field("notices", lost)?;
        to.end()
    }

    pub(super) fn failure<S: Serializer>(error: &Error, to: S) -> Result<S::Ok, S::Error> {
        let mut to = to.serialize_struct("Error", 2)?;
        to.serialize_field("outcome", outcome(Some(error)))?;
        to.serialize_field("error", &format_args!("{error}"))?;
        to.end()
    }
}

#[cfg(all(test, feature = "serde", not(kairos_loom)))]
mod tests {
    use super::*;

    fn check(notice: &Notice<&str>, expected: &str) {
        assert_eq!(serde_json::to_string(notice).unwrap(), expected);
    }

    #[test]
    fn every_notice_is_written_in_the_words_of_decisions() {
        let scope: Arc<str> = "m1".into();
        let status = |market: Option<Arc<str>>| Notice::Status {
            scope: Arc::clone(&scope),
            market,
            status: TradingStatus::Suspended,
            died: 3,
        };
        check(
            &Notice::Panic { scope: scope.clone(), market: "home_win".into(), price: 3.5, z: 2.5 },
            r#"{"op":"panic","match":"m1","market":"home_win","price":3.5,"z":2.5}"#,
        );
        check(
            &Notice::Event { scope: scope.clone(), event: "weather_rain".into(), died: 1 },
            r#"{"op":"event","match":"m1","event":"weather_rain","died":1}"#,
        );
        check(
            &status(Some("btts".into())),
            r#"{"op":"status","match":"m1","market":"btts","status":"suspended","died":3}"#,
        );
        check(&status(None), r#"{"op":"status","match":"m1","status":"suspended","died":3}"#);
        let moved = Notice::Moved {
            scope: scope.clone(),
            market: Some("home_win".into()),
            bound: DriftBound::Hard,
            died: 2,
            dry_run: false,
        };
        check(
            &moved,
            r#"{"op":"moved","match":"m1","market":"home_win","bound":"hard","died":2,"dry_run":false}"#,
        );
        check(
            &Notice::Feed { feed: "default".into(), status: FeedStatus::Silent },
            r#"{"op":"feed","feed":"default","status":"silent"}"#,
        );
        let level = Notice::Breaker(BreakerLevel::CircuitOpen);
        check(&level, r#"{"op":"breaker","level":"circuit_open"}"#);
        check(&Notice::Evicted { key: "m1:btts" }, r#"{"op":"evicted","key":"m1:btts"}"#);
        let failed = Notice::RefreshFailed { key: "k", error: Error::Panicked("\"no\"".into()) };
        check(
            &failed,
            r#"{"op":"refresh_failed","key":"k","outcome":"panic","error":"the compute panicked: \"no\""}"#,
        );
        let failed = Notice::ComputeFailed { key: "k", error: Error::Timeout };
        check(
            &failed,
            &format!(
                r#"{{"op":"compute_failed","key":"k","outcome":"timeout","error":"{}"}}"#,
                Error::Timeout
            ),
        );
        check(&Notice::FailSafeBegan { key: "k" }, r#"{"op":"fail_safe_began","key":"k"}"#);
        check(&Notice::FailSafeEnded { key: "k" }, r#"{"op":"fail_safe_ended","key":"k"}"#);
        check(&Notice::Switched { enabled: false }, r#"{"op":"switched","enabled":false}"#);
        check(&Notice::Reloaded, r#"{"op":"reloaded"}"#);
        check(&Notice::Lost(7), r#"{"op":"lost","notices":7}"#);
    }
}
