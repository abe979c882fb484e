// Handles by key, kept so that a known key costs no allocation and no shared cache line.
// Never knows: what a handle is, and how it is made.
// Read next: `emitted.rs`, where a handle comes from.

use std::array;
use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use metrics::Key;

use crate::sync::{AtomicU64, Ordering, RwLock, process_static, thread_cell};

/// How many stripes there are: threads up to this number share none.
const STRIPES: usize = 16;

/// How many keys a stripe keeps. One that is full is emptied: keys that are used fill it again, and
/// keys that were used once, as with a request's id for a label, do not pile up.
const KEPT: usize = 1_024;

/// Handles by key, in stripes that belong to threads and not to keys: threads that count the same key
/// meet neither at a lock's word nor at a handle's reference count.
pub(super) struct Kept<F> {
    stripes: [Stripe<F>; STRIPES],
}

/// Two cache lines, as the processor fetches them in pairs.
#[repr(align(128))]
struct Stripe<F>(RwLock<ByKey<F>>);

type ByKey<F> = HashMap<Key, F, BuildHasherDefault<Hashed>>;

impl<F> Default for Kept<F> {
    fn default() -> Kept<F> {
        let stripe = || Stripe(RwLock::new(ByKey::default()));
        Kept { stripes: array::from_fn(|_| stripe()) }
    }
}

impl<F: Clone> Kept<F> {
    /// The handle that this thread's stripe keeps of the key, made at the first asking. Threads beyond
    /// the number of stripes share them, as readers; `make` runs without the stripe's lock.
    pub(super) fn find_or_make(&self, key: &Key, make: impl FnOnce() -> F) -> F {
        let Stripe(stripe) = &self.stripes[this_stripe()];
        if let Some(handle) = stripe.read().get(key) {
            return handle.clone();
        }
        let handle = make();
        let mut kept = stripe.write();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key.to_retained(), handle.clone());
        handle
    }
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
        let (kept, made) = (Kept::default(), Cell::new(0));
        let find = |labels: &'static [(&str, &str)]| {
            let labels: Vec<metrics::Label> = labels.iter().map(Into::into).collect();
            kept.find_or_make(&Key::from_parts("hits", labels), || made.replace(made.get() + 1))
        };
        let both = find(&[("a", "1"), ("b", "2")]);
        assert_eq!(find(&[("b", "2"), ("a", "1")]), both);
        assert_ne!(find(&[("a", "2"), ("b", "1")]), both);
    }

    #[test]
    fn keys_that_are_used_once_do_not_pile_up() {
        let kept = Kept::default();
        for id in 0..3 * KEPT {
            kept.find_or_make(&Key::from_name(id.to_string()), || id);
            assert!(kept.stripes[this_stripe()].0.read().len() <= KEPT);
        }
        assert_eq!(kept.find_or_make(&Key::from_name("3071"), || 0), 3_071, "the last is kept");
    }
}
