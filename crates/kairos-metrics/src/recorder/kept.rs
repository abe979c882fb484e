// Handles by key, kept so that a known key costs no allocation and no shared cache line.
// Never knows: what a handle is, and how it is made.
// Read next: `emitted.rs`, where a handle comes from.

use std::array;
use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use metrics::Key;

use crate::sync::{AtomicU64, Ordering, RwLock, is_marked, marked, process_static, thread_cell};

/// How many stripes there are: threads up to this number share none.
const STRIPES: usize = 16;

/// How many keys of overflow series a stripe keeps. What lies beyond a family's limit may be used
/// once, as with a request's id for a label; an eighth makes room when there are so many. All other
/// keys are as few as there are series.
const OVERFLOWING: usize = 1_024;

/// Handles by key, in stripes that belong to threads and not to keys: threads that count the same key
/// meet neither at a lock's word nor at a handle's reference count.
pub(super) struct Kept<F> {
    stripes: [Stripe<F>; STRIPES],
}

/// Two cache lines, as the processor fetches them in pairs.
#[repr(align(128))]
struct Stripe<F>(RwLock<Keys<F>>);

type ByKey<F> = HashMap<Key, Found<F>, BuildHasherDefault<Hashed>>;

struct Keys<F> {
    by_key: ByKey<F>,
    overflowing: usize,
    /// Which eighth goes next.
    turn: u64,
    /// What was unregistered when these were found.
    epoch: u64,
}

struct Found<F> {
    handle: F,
    is_overflow: bool,
}

impl<F> Default for Kept<F> {
    fn default() -> Kept<F> {
        let keys = || Keys { by_key: HashMap::default(), overflowing: 0, turn: 0, epoch: 0 };
        Kept { stripes: array::from_fn(|_| Stripe(RwLock::new(keys()))) }
    }
}

impl<F: Clone> Kept<F> {
    /// The handle that this thread's stripe keeps of the key, made at the first asking and at the
    /// first after the `epoch` changed. Threads beyond the number of stripes share them, as readers;
    /// `make` runs without the stripe's lock, and says whether the handle is an overflow series'.
    ///
    /// A thread that has a lock of this crate makes none, of whatever epoch the kept one is: an
    /// allocator that counts through the facade would ask for the lock. No thread that writes in a
    /// stripe waits for anything, so that such a thread may wait for the stripe.
    pub(super) fn find_or_make(
        &self,
        key: &Key,
        epoch: u64,
        make: impl FnOnce() -> (F, bool),
    ) -> Option<F> {
        if is_writing() {
            return None;
        }
        let is_marked = is_marked();
        let Stripe(stripe) = &self.stripes[this_stripe()];
        {
            let keys = stripe.read();
            if let Some(found) = keys.by_key.get(key)
                && (keys.epoch == epoch || is_marked)
            {
                return Some(found.handle.clone());
            }
        }
        if is_marked {
            return None;
        }
        // Marked for as long as the key is not kept: an allocator would ask for it again and again.
        let (handle, dropped) = marked(|| {
            let (handle, is_overflow) = make();
            let (key, found) = (key.to_retained(), Found { handle: handle.clone(), is_overflow });
            (handle, writing(|| stripe.write().keep(key, epoch, found)))
        });
        // It may free series, which takes other locks: not under the stripe's.
        drop(dropped);
        Some(handle)
    }

    /// Forgets all handles.
    pub(super) fn clear(&self) {
        for Stripe(stripe) in &self.stripes {
            // What is dropped may free series, which takes other locks: not under this one.
            let forgotten = stripe.write().clear();
            drop(forgotten);
        }
    }
}

impl<F> Keys<F> {
    fn clear(&mut self) -> ByKey<F> {
        self.overflowing = 0;
        std::mem::take(&mut self.by_key)
    }

    /// Keeps a handle, and returns those that it no longer keeps.
    fn keep(&mut self, key: Key, epoch: u64, found: Found<F>) -> ByKey<F> {
        let mut dropped = ByKey::default();
        if self.epoch != epoch {
            dropped = self.clear();
            self.epoch = epoch;
        }
        if found.is_overflow && self.overflowing >= OVERFLOWING {
            let turn = self.turn % 8;
            self.turn += 1;
            // Whichever they are: who goes through more keys than there is room for finds most of
            // them, where the oldest or all of them would be gone just when they are asked for.
            let goes = |key: &Key, found: &mut Found<F>| {
                found.is_overflow && key.get_hash() >> 40 & 7 == turn
            };
            dropped.extend(self.by_key.extract_if(goes));
            self.overflowing = self.by_key.values().filter(|found| found.is_overflow).count();
        }
        let is_overflow = found.is_overflow;
        let before = self.by_key.remove_entry(&key);
        let was_overflow = before.as_ref().is_some_and(|(_, before)| before.is_overflow);
        self.overflowing = self.overflowing + usize::from(is_overflow) - usize::from(was_overflow);
        dropped.extend(before);
        self.by_key.insert(key, found);
        dropped
    }
}

/// Runs what writes in a stripe: what its thread's allocator asks for meanwhile is in that stripe.
fn writing<R>(work: impl FnOnce() -> R) -> R {
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            WRITING.with(|writing| writing.set(false));
        }
    }
    WRITING.with(|writing| writing.set(true));
    let _reset = Reset;
    work()
}

fn is_writing() -> bool {
    WRITING.with(Cell::get)
}

thread_cell! {
    static WRITING: Cell<bool> = Cell::new(false);
}

fn this_stripe() -> usize {
    thread_cell! {
        static STRIPE: Cell<Option<usize>> = Cell::new(None);
    }
    process_static! {
        static THREADS: AtomicU64 = AtomicU64::new(0);
    }
    STRIPE.with(|stripe| {
        stripe.get().unwrap_or_else(|| {
            // Relaxed: the number only has to differ from the last ones.
            let number = THREADS.fetch_add(1, Ordering::Relaxed) as usize % STRIPES;
            stripe.set(Some(number));
            number
        })
    })
}

/// Hands through the hash that a key carries: it writes that and nothing else.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        // A key does not come here; what does is hashed well enough to be found again.
        for byte in bytes {
            self.0 = self.0.wrapping_mul(31).wrapping_add(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_for_a_thread_however_its_labels_are_ordered() {
        let (kept, calls) = (Kept::default(), Cell::new(0));
        let find = |labels: &'static [(&str, &str)], epoch| {
            let labels: Vec<metrics::Label> = labels.iter().map(Into::into).collect();
            let make = || (calls.replace(calls.get() + 1), false);
            kept.find_or_make(&Key::from_parts("hits", labels), epoch, make).unwrap()
        };
        let both = find(&[("a", "1"), ("b", "2")], 0);
        assert_eq!(find(&[("b", "2"), ("a", "1")], 0), both);
        assert_ne!(find(&[("a", "2"), ("b", "1")], 0), both);
        assert_eq!(calls.get(), 2);
        assert_eq!(find(&[("a", "1"), ("b", "2")], 1), 2, "something was unregistered");
        assert_eq!(find(&[("a", "1"), ("b", "2")], 1), 2);
    }

    #[test]
    fn keys_beyond_a_limit_do_not_pile_up_and_are_mostly_found() {
        let kept = Kept::default();
        let misses = |keys: usize, is_overflow: bool| {
            let mut misses = 0;
            for id in 0..keys {
                let key = Key::from_name(format!("{id} of {keys}"));
                let make = || {
                    misses += 1;
                    (id, is_overflow)
                };
                assert_eq!(kept.find_or_make(&key, 0, make), Some(id));
            }
            assert!(kept.stripes[this_stripe()].0.read().overflowing <= OVERFLOWING);
            misses
        };
        assert_eq!(misses(5 * OVERFLOWING, false), 5 * OVERFLOWING);
        for _ in 0..3 {
            assert_eq!(misses(5 * OVERFLOWING, false), 0, "as many as there are series");
        }
        let beyond = OVERFLOWING * 9 / 8;
        let sum: usize = (0..20).map(|_| misses(beyond, true)).sum();
        assert!(sum < 20 * beyond / 2, "{sum} of {}", 20 * beyond);
        assert_eq!(misses(5 * OVERFLOWING, false), 0, "nor do they drive others out");
    }
}
