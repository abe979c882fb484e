// What is remembered of a fresh value that was served, and what must still be so for it to be served again.
// Never knows: how a value is decided to be fresh, or how it is found.
// Read next: `read/vouched.rs`, which makes it; `read/near.rs` and `read/pin.rs`, which remember it.

use std::rc::Rc;
use std::sync::Arc;

use equivalent::Equivalent;
use kairos_metrics::Skip;

use crate::policy::MonoNs;
use crate::receipt::Served;
use crate::runtime::Timing;
use crate::stats::Score;
use crate::store::{Entry, IntoRest, Probe, SharedRow};
use crate::truth;

/// What vouches for a decision about an entry.
pub(in crate::engine) type Sighting<K, V> = truth::Sighting<Entry<V>, SharedRow<K, Entry<V>>>;

/// What vouches for it where it is asked often.
pub(in crate::engine) type Glance<K, V> = truth::Glance<Entry<V>, SharedRow<K, Entry<V>>>;

/// What is done about the time of a read that may be served what is remembered.
#[derive(Clone, Copy)]
pub(in crate::engine) enum Timed {
    /// It is not taken.
    Skipped(Skip),
    /// It is taken, unless a longer gap is drawn meanwhile.
    From(Timing),
}

/// What must still be so for a read to be served the same fresh value as before; `S` is what vouches that
/// nothing has changed.
///
/// What comes unannounced is counted, and the counts are in what was `seen`. What comes by the clock
/// alone comes at an instant that is known: the end of freshness, of a zone, of a status that holds, of a
/// window of prices, of a feed's silence.
pub(in crate::engine) struct Vouched<S> {
    pub(in crate::engine) seen: S,
    /// The first instant at which a read could be decided otherwise than as fresh, or in another zone.
    until: MonoNs,
}

impl<S> Vouched<S> {
    pub(in crate::engine) fn new(seen: S, until: MonoNs) -> Vouched<S> {
        Vouched { seen, until }
    }

    /// The first instant at which a read is not served the same, as far as the clock is concerned.
    #[inline]
    pub(in crate::engine) fn until(&self) -> MonoNs {
        self.until
    }
}

/// What a thread remembers of a key.
pub(crate) struct Kept<K, V> {
    pub(in crate::engine) vouched: Vouched<Sighting<K, V>>,
    /// Shared with the guards of this thread.
    pub(in crate::engine) served: Rc<Served<V>>,
    /// How reads are scored that are served this.
    pub(in crate::engine) score: Score,
    /// How many reads are served this before the thread looks after what it remembers.
    left: u8,
}

const _: () = assert!(size_of::<Kept<u64, u64>>() <= 56, "with its hash a cache line");

/// In one of so many reads of a key its thread looks after one part of what it remembers.
const TENDED: u8 = 64;

/// What is let go of, and may be the last share of.
pub(in crate::engine) type Spare<K, V> = (SharedRow<K, Entry<V>>, Option<Arc<V>>);

impl<K, V> Kept<K, V> {
    pub(in crate::engine) fn new(
        vouched: Vouched<Sighting<K, V>>,
        served: Rc<Served<V>>,
        score: Score,
    ) -> Kept<K, V> {
        Kept { vouched, served, score, left: TENDED }
    }

    #[inline]
    pub(in crate::engine) fn is<Q: Equivalent<K> + ?Sized>(&self, probe: &Probe<'_, Q>) -> bool {
        self.vouched.seen.row().is_key(probe)
    }

    pub(in crate::engine) fn is_dead(&self) -> bool {
        !self.vouched.seen.stands()
    }

    /// Counts a read that is served this. Returns whether the thread is to look after what it remembers.
    #[inline]
    pub(in crate::engine) fn counts(&mut self) -> bool {
        self.left -= 1;
        let is_due = self.left == 0;
        if is_due {
            self.left = TENDED;
        }
        is_due
    }
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> IntoRest for Kept<K, V> {
    type Rest = Spare<K, V>;

    /// A guard that has a share in the value drops that.
    fn into_rest(self) -> Spare<K, V> {
        let value = Rc::into_inner(self.served).map(Served::into_arc);
        (self.vouched.seen.into_row(), value)
    }
}
