// Label values as a key: owned in a list, packed in a map, which is searched by borrowed ones.
// Never knows: what the values lead to.
// Read next: `series.rs`, the map and the list.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// The values of one series; a clone is the same allocation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owned(Arc<[String]>);

impl Owned {
    pub(super) fn of(values: &[&str]) -> Owned {
        Owned(values.iter().map(|value| (*value).to_owned()).collect())
    }

    /// With the values in new places: for each the old one, or none where it is `new`.
    #[cfg(feature = "facade")]
    pub(super) fn placed(&self, from: &[Option<usize>], new: &str) -> Owned {
        Owned(from.iter().map(|at| at.map_or(new.to_owned(), |at| self.0[at].clone())).collect())
    }
}

impl std::ops::Deref for Owned {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0
    }
}

/// A map by label values, which are borrowed from whoever looks them up.
///
/// By their hash, which is computed once, then by the values. The hash has no secret: the series of a
/// family are bounded in number, so that values chosen to collide cost no more than a search through
/// that many.
#[derive(Debug)]
pub(super) struct ByValues<V> {
    slots: HashMap<u64, Slot<V>, BuildHasherDefault<AsIs>>,
    len: usize,
}

/// One entry, and others of the same hash.
#[derive(Debug)]
struct Slot<V> {
    /// Of each value its length and its words, in one place in memory.
    words: Box<[u64]>,
    values: Owned,
    found: V,
    next: Option<Box<Slot<V>>>,
}

impl<V> Default for ByValues<V> {
    fn default() -> ByValues<V> {
        ByValues { slots: HashMap::default(), len: 0 }
    }
}

impl<V> ByValues<V> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn get<S: AsRef<str>>(&self, values: &[S]) -> Option<&V> {
        let mut slot = self.slots.get(&hash(values))?;
        while !slot.has(values) {
            slot = slot.next.as_deref()?;
        }
        Some(&slot.found)
    }

    pub(super) fn get_mut(&mut self, values: &Owned) -> Option<&mut V> {
        let mut slot = self.slots.get_mut(&hash(values))?;
        while !slot.has(values) {
            slot = slot.next.as_deref_mut()?;
        }
        Some(&mut slot.found)
    }

    /// Puts in what is not there yet.
    pub(super) fn insert(&mut self, values: Owned, found: V) {
        self.len += 1;
        let mut all = Vec::new();
        for value in values.iter() {
            all.push(value.len() as u64);
            words(value.as_bytes(), |word| {
                all.push(word);
                true
            });
        }
        let mut slot = Slot { words: all.into(), values, found, next: None };
        match self.slots.entry(hash(&slot.values)) {
            Entry::Vacant(place) => drop(place.insert(slot)),
            Entry::Occupied(mut first) => {
                slot.next = first.get_mut().next.take();
                first.get_mut().next = Some(Box::new(slot));
            }
        }
    }

    pub(super) fn remove<S: AsRef<str>>(&mut self, values: &[S]) -> Option<(Owned, V)> {
        let mut rest = self.slots.remove(&hash(values)).map(Box::new);
        let mut removed = None;
        // The others of the same hash go back.
        while let Some(mut slot) = rest {
            rest = slot.next.take();
            let is_it = slot.has(values);
            let Slot { values, found, .. } = *slot;
            self.len -= 1;
            if is_it {
                removed = Some((values, found));
            } else {
                self.insert(values, found);
            }
        }
        removed
    }

    /// All entries, taken out.
    #[cfg(feature = "facade")]
    pub(super) fn drain(&mut self) -> Vec<(Owned, V)> {
        let mut all = Vec::with_capacity(self.len);
        self.len = 0;
        for (_, slot) in self.slots.drain() {
            let mut rest = Some(Box::new(slot));
            while let Some(slot) = rest {
                let Slot { values, found, next, .. } = *slot;
                all.push((values, found));
                rest = next;
            }
        }
        all
    }
}

impl<V> Slot<V> {
    #[inline]
    fn has<S: AsRef<str>>(&self, values: &[S]) -> bool {
        let mut own = self.words.iter();
        let mut is_next = |word| own.next() == Some(&word);
        let is_same = |value: &S| {
            let bytes = value.as_ref().as_bytes();
            is_next(bytes.len() as u64) && words(bytes, |word| is_next(word))
        };
        values.iter().all(is_same) && own.next().is_none()
    }
}

/// Runs `work` on the words of a text until it says no; says whether it never did. The last word has
/// some bytes of the one before it again: texts of one length have the same words only if they are the
/// same.
#[inline]
fn words(bytes: &[u8], mut work: impl FnMut(u64) -> bool) -> bool {
    let (whole, rest) = bytes.as_chunks();
    for word in whole {
        if !work(u64::from_le_bytes(*word)) {
            return false;
        }
    }
    if rest.is_empty() {
        return true;
    }
    let len = bytes.len();
    work(if let Some(last) = bytes.last_chunk() {
        u64::from_le_bytes(*last)
    } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
    } else {
        let byte = |at: usize| u64::from(bytes[at]);
        byte(0) | byte(len / 2) << 8 | byte(len - 1) << 16
    })
}

/// A hash of the words by multiplication.
#[inline]
fn hash<S: AsRef<str>>(values: &[S]) -> u64 {
    let mut state = 0_u64;
    for value in values {
        let bytes = value.as_ref().as_bytes();
        // The turn tells one value from the next, also if it has no words.
        state = state.rotate_left(7) ^ (bytes.len() as u64) << 56;
        words(bytes, |word| {
            state = mixed(state ^ word);
            true
        });
    }
    state
}

/// Both halves of a product folded: each bit of it depends on many of the word. The constant added
/// keeps a word that is the state from making it zero for good.
#[inline]
fn mixed(word: u64) -> u64 {
    let product = u128::from(word) * 0x9e37_79b9_7f4a_7c15;
    ((product >> 64) as u64 ^ product as u64).wrapping_add(0xf39c_c060_5ced_c835)
}

/// Hands a hash through.
#[derive(Default)]
pub(super) struct AsIs(u64);

impl Hasher for AsIs {
    fn write(&mut self, bytes: &[u8]) {
        // A hash does not come here; what does is hashed well enough to be found again.
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
    use proptest::prelude::*;

    #[test]
    fn values_are_found_borrowed_and_told_apart_by_where_they_end() {
        let all: [&[&str]; 7] =
            [&[], &[""], &["", ""], &["ab", "c"], &["a", "bc"], &["abc", ""], &["abcdefgh", "i"]];
        let mut map = ByValues::default();
        for (at, values) in all.iter().enumerate() {
            map.insert(Owned::of(values), at);
        }
        for (at, values) in all.iter().enumerate() {
            assert_eq!(map.get(values), Some(&at));
            assert_eq!(map.get_mut(&Owned::of(values)), Some(&mut { at }));
        }
        assert_eq!((map.get(&["a", "b"]), map.len()), (None, 7));
    }

    #[test]
    fn values_of_one_hash_are_told_apart() {
        // The second word cancels what the first one made of the state.
        let text = |word: u64| String::from_utf8(word.to_le_bytes().to_vec());
        let mut by_state = std::collections::BTreeMap::new();
        for n in 0..100_000_u64 {
            let word = (0..8).fold(0, |word, at| word | (0x30 + (n >> (at * 3) & 7)) << (at * 8));
            let Ok(second) = text(mixed(8 << 56 ^ word).rotate_left(7) ^ 8 << 56) else {
                continue;
            };
            by_state.insert(text(word).unwrap(), second);
        }
        let alike: Vec<_> = by_state.into_iter().take(5).collect();
        assert_eq!(alike.len(), 5, "there are enough of them");
        let mut map = ByValues::default();
        for (at, (first, second)) in alike.iter().enumerate() {
            assert_eq!(hash(&[first, second]), hash(&[&alike[0].0, &alike[0].1]));
            map.insert(Owned::of(&[first, second]), at);
        }
        for (at, (first, second)) in alike.iter().enumerate() {
            assert_eq!(map.get(&[first, second]), Some(&at));
        }
        let (first, second) = &alike[2];
        assert_eq!(map.remove(&[first, second]).map(|(_, at)| at), Some(2));
        assert_eq!((map.get(&[first, second]), map.len(), map.slots.len()), (None, 4, 1));
        assert_eq!(map.remove(&[first, second]), None);
        assert_eq!((map.get(&[&alike[0].0, &alike[0].1]), map.len()), (Some(&0), 4));
    }

    #[test]
    fn hashes_of_numbered_values_spread() {
        let hash = |n: u32| hash(&[n.to_string()]);
        let hashes = |bits: u32| {
            let of = |n: u32| hash(n) >> (64 - bits);
            (0..1_024).map(of).collect::<std::collections::BTreeSet<_>>().len()
        };
        // Of 1 024 balls in as many boxes some 647 boxes have one.
        assert!(hashes(10) > 550);
        assert_eq!(hashes(7), 128);
        let low: std::collections::BTreeSet<_> = (0..1_024).map(|n| hash(n) % 1_024).collect();
        assert!(low.len() > 550, "{}", low.len());
    }

    proptest! {
        #[test]
        fn texts_of_one_length_are_the_same_by_their_words(
            text in "[ab]{0,20}", at in 0_usize..20, swapped in "[abc]",
        ) {
            let mut other = text.clone();
            if at < text.len() {
                other.replace_range(at..=at, &swapped);
            }
            let words_of = |text: &str| {
                let mut all = Vec::new();
                words(text.as_bytes(), |word| { all.push(word); true });
                all
            };
            prop_assert_eq!(words_of(&text) == words_of(&other), text == other);
        }
    }
}
