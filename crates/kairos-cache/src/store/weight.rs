// What an entry weighs: the user's weigher, kept from doing harm.
// Never knows: what is done with a weight.
// Read next: `mod.rs`, which bounds the sum of weights.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The user's weigher: returns the weight of a value, in units of the user's choice.
pub(crate) type Weigher<K, V> = Box<dyn Fn(&K, &V) -> u32 + Send + Sync>;

/// The weight of a value: at least 1, so that no number of entries weighs nothing; `None` if the
/// weigher panics.
pub(crate) fn weigh<K, V>(weigher: Option<&Weigher<K, V>>, key: &K, value: &V) -> Option<u32> {
    let Some(weigher) = weigher else { return Some(1) };
    catch_unwind(AssertUnwindSafe(|| weigher(key, value).max(1))).ok()
}
