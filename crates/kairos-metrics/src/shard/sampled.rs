// Which of a thread's timings of a histogram are taken.
// Never knows: how shards are leased, or what is timed.
// Read next: `gap.rs` for the gaps between them, `local.rs` for the way to a thread's tally.

use std::marker::PhantomData;

use super::gap::Gap;
use super::local::{Place, own_tally, tally_at_hand};

/// The weight of this thread's next timing of a histogram, if it is to be taken; see
/// [`Gap`](super::gap::Gap). Without a lease every one is, for itself.
#[inline]
pub(crate) fn due(place: &Place, every: u32) -> Option<u32> {
    let gap = &tally_at_hand(place).gap;
    if gap.passes_over(every) {
        None
    } else if gap.takes_each(every) {
        Some(1)
    } else {
        due_slowly(place, every)
    }
}

#[cold]
#[inline(never)]
fn due_slowly(place: &Place, every: u32) -> Option<u32> {
    own_tally(place).map_or(Some(1), |tally| tally.gap.due(every))
}

/// Passes this thread's next timing over, if that is all there is to do.
#[inline]
pub(crate) fn passes_over(place: &Place, every: u32) -> bool {
    tally_at_hand(place).gap.passes_over(every)
}

/// How to count this thread's next timing as one that is not taken; `None` where [`due`] has more to do.
#[inline]
pub(crate) fn skip(place: &Place, every: u32) -> Option<Skipped> {
    let gap = &tally_at_hand(place).gap;
    gap.would_pass_over(every).then_some(Skipped { gap, _of_this_thread: PhantomData })
}

/// A timing of the calling thread that is not taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Skipped {
    gap: &'static Gap,
    _of_this_thread: PhantomData<*const ()>,
}

impl Skipped {
    #[inline]
    pub(crate) fn count(self) {
        self.gap.pass_over();
    }
}

/// Whether [`due`] would take this thread's next timing.
#[inline]
pub(crate) fn is_due(place: &Place, every: u32) -> bool {
    match tally_at_hand(place).gap.short_is_due(every) {
        Some(is_due) => is_due,
        None => is_due_slowly(place, every),
    }
}

#[cold]
#[inline(never)]
fn is_due_slowly(place: &Place, every: u32) -> bool {
    own_tally(place).is_none_or(|tally| tally.gap.is_due(every))
}
