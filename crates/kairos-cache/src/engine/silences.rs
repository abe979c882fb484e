// The alarm of each feed that is alive, which rings when the feed may have fallen silent.
// Never knows: what is done then.
// Read next: `feeds.rs`, which sets them.

use std::sync::Arc;

use crate::matches::FeedState;
use crate::runtime::Task;
use crate::sync::Mutex;

/// Alarms by feed, one for each.
pub(super) struct Silences(Mutex<Vec<(Arc<FeedState>, Task)>>);

impl Silences {
    pub(super) fn new() -> Silences {
        Silences(Mutex::new(Vec::new()))
    }

    /// Keeps the alarm of a feed in the place of the one before.
    pub(super) fn set(&self, feed: &Arc<FeedState>, alarm: Task) {
        self.take(feed);
        self.0.lock().push((Arc::clone(feed), alarm));
    }

    /// Takes back the alarm of a feed.
    pub(super) fn take(&self, feed: &Arc<FeedState>) {
        let taken = {
            let mut alarms = self.0.lock();
            let place = alarms.iter().position(|(other, _)| Arc::ptr_eq(other, feed));
            place.map(|place| alarms.swap_remove(place))
        };
        if let Some((_, alarm)) = taken {
            alarm.abort();
        }
    }

    /// Takes back every alarm.
    pub(super) fn take_all(&self) {
        let alarms = std::mem::take(&mut *self.0.lock());
        for (_, alarm) in alarms {
            alarm.abort();
        }
    }
}
