// What is due in moka behind those who put rows in: when a round of it is due, who does it, and the round.
// Never knows: how a task is had, or where it runs.
// Read next: `../engine/upkeep.rs`, which has a task do it; `policy.rs` for the reads of which moka is told.
// Why: `docs/decisions/0022-a-task-keeps-moka-up.md`.

use std::cell::Cell;
use std::hash::Hash;

use super::Store;
use crate::contain::shielded;
use crate::policy::MonoNs;
use crate::runtime::ToCome;
use crate::sync::{AtomicBool, AtomicU64, AtomicUsize, Mutex, Ordering};

/// A round is due when so many rows have been put in, and [`READS`] wait.
const FEW: usize = 16;

/// So many reads are worth a round.
const READS: usize = 48;

/// A round is due when so many rows have been put in, whatever has been read.
const MANY: usize = 32;

/// Where so many have been put in, a task that was asked for has not come in time. moka does a round by itself
/// in the one that puts the 64th in.
const BEHIND: usize = 48;

/// Where so many values have been left, likewise.
const LEFT: usize = 64;

/// So many dead rows are worth a round.
const DEAD: usize = 64;

/// moka is told of at most so many reads before it ranks: with one more in its log it would rank by itself.
const TOLD: usize = 63;

/// As above, for a caller who waits: moka's log holds 384.
const TOLD_AT_ONCE: usize = 300;

/// A task is asked for at most once in this time: to wake one costs some microseconds, and takes a processor
/// from those who read where none is idle.
const SPACE_NS: u64 = 1_000_000;

thread_local! {
    /// This thread drops what was left to a task.
    static DROPS: Cell<bool> = const { Cell::new(false) };
}

/// When a round is due, and who does it.
///
/// Relaxed, but for `asked`: hints. A round takes the locks that it needs, and what one misses the next finds.
#[derive(Debug)]
pub(crate) struct Upkeep {
    /// Rows put in since the last round.
    put: AtomicUsize,
    /// A task is to come.
    asked: ToCome,
    /// None is asked for before this.
    not_before: AtomicU64,
    /// The task that was asked for has not come in time.
    is_late: AtomicBool,
    /// One round at a time.
    alone: Mutex<()>,
    /// A task drops what has been left.
    dropping: Mutex<()>,
}

/// Who does what is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nobody: nothing is due, or a task is to come.
    Nothing,
    /// A task, for which the caller is to ask.
    Task,
    /// The caller, who leaves what it evicts to a task.
    Caller,
    /// The caller alone: the task that was asked for has not come in time.
    Alone,
}

impl Upkeep {
    pub(super) fn new() -> Upkeep {
        Upkeep {
            put: AtomicUsize::new(0),
            asked: ToCome::new(),
            not_before: AtomicU64::new(0),
            is_late: AtomicBool::new(false),
            alone: Mutex::new(()),
            dropping: Mutex::new(()),
        }
    }

    /// Asks for a task. Returns whether the caller is to see to it: none is to come.
    pub(crate) fn ask(&self) -> bool {
        !self.asked.is_raised() && self.asked.raise()
    }

    /// The task has come, or will not: whoever asks from here on asks for another. What has been left to it
    /// until then it finds. Model: `what_is_left_to_a_task_is_found_by_it_or_by_another`.
    pub(crate) fn answer(&self) {
        self.asked.lower();
    }

    /// A row has been put in.
    pub(super) fn note_put(&self) {
        self.put.fetch_add(1, Ordering::Relaxed); // Relaxed: as above.
    }

    /// Who does a round, if `put` is not zero, or drops what has been left.
    fn by_whom(&self, put: usize, left: usize, now: MonoNs) -> Due {
        let has_much = left >= LEFT;
        if self.asked.is_raised() {
            if put >= BEHIND || has_much {
                self.is_late.store(true, Ordering::Relaxed); // Relaxed: as above.
            }
            let is_late = self.is_late.load(Ordering::Relaxed); // Relaxed: as above.
            return if is_late && (put > 0 || has_much) { Due::Alone } else { Due::Nothing };
        }
        self.is_late.store(false, Ordering::Relaxed); // Relaxed: as above.
        if now >= self.not_before.load(Ordering::Relaxed) {
            // Relaxed, both: as above. Of two that ask at once one has its task.
            self.not_before.store(now.saturating_add(SPACE_NS), Ordering::Relaxed);
            return Due::Task;
        }
        if put > 0 || has_much { Due::Caller } else { Due::Nothing }
    }
}

impl<K, E> Store<K, E>
where
    K: Hash + Eq + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Who does what is due, for a caller that may have put a row in. Few loads if nothing is.
    pub(crate) fn due(&self, now: impl FnOnce() -> MonoNs) -> Due {
        let (put, left) = (self.due_rows(), self.left.count());
        if put > 0 || left > 0 || self.has_dead() {
            self.upkeep.by_whom(put, left, now())
        } else {
            Due::Nothing
        }
    }

    /// How many rows have been put in since the last round, if another is due.
    fn due_rows(&self) -> usize {
        let put = self.upkeep.put.load(Ordering::Relaxed); // Relaxed: as above.
        if put >= MANY || put >= FEW && self.touched.len() >= READS { put } else { 0 }
    }

    /// Whether dead rows wait that are worth a round.
    pub(crate) fn has_dead(&self) -> bool {
        self.dead.len() >= DEAD
    }

    /// Whether anything has been left for a task to drop.
    #[inline]
    pub(crate) fn has_left(&self) -> bool {
        self.left.count() > 0
    }

    /// Does what is due, for a task, and drops what has been left. To be called under no lock.
    pub(crate) fn keep_up(&self) {
        let _dropping = self.upkeep.dropping.lock();
        let before = DROPS.replace(true);
        // A task that comes for what has been left evicts nothing that may stay. Whoever is at a round has begun
        // after rows enough were put in.
        if (self.due_rows() > 0 || self.has_dead())
            && let Some(_alone) = self.upkeep.alone.try_lock()
        {
            shielded(|| self.round(TOLD));
        }
        // Behind the round, whose evictions are among it. By the lock, not by the hint: see `answer`.
        self.left.release_all();
        DROPS.set(before);
    }

    /// Does what is due, for a caller who has no task to do it: a round, unless another is at it. What that
    /// evicts is left to a task, unless much is. To be called under no lock.
    pub(crate) fn keep_up_itself(&self, has_task: bool) {
        if let Some(_alone) = self.upkeep.alone.try_lock() {
            self.round(TOLD);
        }
        if !has_task || self.left.count() >= LEFT {
            self.left.release();
        }
    }

    /// Takes out what is dead, tells moka of what has been read, and has it rank and evict, in this order:
    /// the dead make room before the living, and what is not told of counts as unread.
    fn round(&self, told: usize) {
        self.upkeep.put.store(0, Ordering::Relaxed); // Relaxed: as above.
        self.take_out_all_dead();
        self.tell_touched(told);
        self.tables.load().current.run_pending_tasks();
    }

    /// Does all that is due, and returns when it is done, also what a task has begun. Drops nothing.
    pub(crate) fn run_pending(&self) {
        let _alone = self.upkeep.alone.lock();
        self.round(TOLD_AT_ONCE);
    }

    /// Drops what has been left, and returns when a task has dropped what it has taken. To be called under no
    /// lock.
    pub(crate) fn release_left(&self) {
        self.left.release_all();
        // A value's drop, which the task runs, may come by here.
        if !DROPS.get() {
            drop(self.upkeep.dropping.lock());
        }
    }
}
