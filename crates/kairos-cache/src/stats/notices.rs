// Notices of what happened, for subscribers: a bounded ring in which slow readers lose the oldest.
// Never knows: why something happened, or what subscribers make of it.
// Read next: `../cache/invalidate.rs`, which tells of events.

use std::sync::{Arc, OnceLock};

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{Receiver, Sender};

use crate::error::Error;
use crate::matches::TradingStatus;
use crate::policy::BreakerLevel;

/// At most this many notices are kept for the slowest subscriber. One ring serves all subscribers.
const KEPT: usize = 1024;

/// A report of something that happened in a cache.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Notice<K> {
    /// An observed price was scored as a panic.
    Panic {
        /// The name of the match.
        scope: Arc<str>,
        /// The odds market.
        market: Arc<str>,
        /// The decimal price.
        price: f64,
        /// The z-score of the price.
        z: f64,
    },
    /// The panic breaker moved one step, to this level.
    Breaker(BreakerLevel),
    /// An event was applied.
    Event {
        /// The name of the match.
        scope: Arc<str>,
        /// The event.
        event: Arc<str>,
        /// Entries that died by it.
        died: u64,
    },
    /// The trading status of a match or of one of its markets changed.
    Status {
        /// The name of the match.
        scope: Arc<str>,
        /// The market; `None` for the whole match.
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
    /// A background refresh failed, panicked or timed out.
    RefreshFailed {
        /// The key.
        key: K,
        /// The error of the refresh.
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
    Lost(u64),
}

/// The receiver of a cache's notices, from the moment of subscribing on.
///
/// The last 1024 notices are kept, for all subscribers together: a slower subscriber loses the
/// oldest and receives their number ([`Notice::Lost`]). No operation waits for a subscriber.
#[derive(Debug)]
pub struct Subscription<K>(Receiver<Notice<K>>);

impl<K: Clone> Subscription<K> {
    /// Waits for the next notice; `None` once the cache is gone and every notice has been read.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Notice<K>> {
        match self.0.recv().await {
            Ok(notice) => Some(notice),
            Err(RecvError::Lagged(lost)) => Some(Notice::Lost(lost)),
            Err(RecvError::Closed) => None,
        }
    }

    /// Returns the next notice, if there is one already.
    pub fn try_next(&mut self) -> Option<Notice<K>> {
        match self.0.try_recv() {
            Ok(notice) => Some(notice),
            Err(TryRecvError::Lagged(lost)) => Some(Notice::Lost(lost)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

/// The ring, once there has been a subscriber.
#[derive(Debug)]
pub(crate) struct Notices<K>(Arc<OnceLock<Sender<Notice<K>>>>);

impl<K> Clone for Notices<K> {
    fn clone(&self) -> Self {
        Notices(Arc::clone(&self.0))
    }
}

impl<K: Clone> Notices<K> {
    pub(crate) fn new() -> Notices<K> {
        Notices(Arc::default())
    }

    pub(crate) fn subscribe(&self) -> Subscription<K> {
        Subscription(self.0.get_or_init(|| Sender::new(KEPT)).subscribe())
    }

    /// Sends a notice to every subscriber; `notice` is made only if there is one.
    pub(crate) fn tell(&self, notice: impl FnOnce() -> Notice<K>) {
        if let Some(ring) = self.0.get()
            && ring.receiver_count() > 0
        {
            // Failing means that the last subscriber has just gone.
            let _told = ring.send(notice());
        }
    }
}
