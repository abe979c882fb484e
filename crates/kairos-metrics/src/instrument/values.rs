// Label values as a key: owned in a map, borrowed when they are looked up, hashed for both alike.
// Never knows: what the values lead to.
// Read next: `series.rs`, the maps.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;

/// The values of one series; a clone is the same allocation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owned(Arc<[String]>);

/// A map by label values.
pub(super) type ByValues<V> = HashMap<Owned, V, BuildHasherDefault<Hashed>>;

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

/// Label values, owned or borrowed: lets a map of owned values be searched without allocating.
pub(super) trait Values {
    fn len(&self) -> usize;
    fn at(&self, index: usize) -> &str;
}

impl Values for Owned {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn at(&self, index: usize) -> &str {
        &self.0[index]
    }
}

impl Values for &[&str] {
    fn len(&self) -> usize {
        <[&str]>::len(self)
    }

    fn at(&self, index: usize) -> &str {
        self[index]
    }
}

impl PartialEq for dyn Values + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && (0..self.len()).all(|index| self.at(index) == other.at(index))
    }
}

impl Eq for dyn Values + '_ {}

impl Hash for dyn Values + '_ {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (0..self.len()).for_each(|index| hasher.write(self.at(index).as_bytes()));
    }
}

impl Hash for Owned {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        // As the borrowed ones, which `Borrow` demands.
        (self as &dyn Values).hash(hasher);
    }
}

impl<'a> Borrow<dyn Values + 'a> for Owned {
    fn borrow(&self) -> &(dyn Values + 'a) {
        self
    }
}

/// A hash of some words by multiplication. It has no secret: the series of a family are bounded in
/// number, so that values chosen to collide cost no more than a search through that many.
#[derive(Default)]
pub(super) struct Hashed(u64);

impl Hashed {
    fn word(&mut self, word: u64) {
        // Both halves of the product folded: each bit of it depends on many of the word. The constant
        // added keeps a word that is the state from making it zero for good.
        let product = u128::from(self.0 ^ word) * 0x9e37_79b9_7f4a_7c15;
        self.0 = ((product >> 64) as u64 ^ product as u64).wrapping_add(0xf39c_c060_5ced_c835);
    }
}

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        // The length tells where one value ends and the next begins.
        self.word(u64::from_le_bytes(last) ^ (bytes.len() as u64) << 56);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_borrowed_and_told_apart_by_where_they_end() {
        let all: [&[&str]; 7] =
            [&[], &[""], &["", ""], &["ab", "c"], &["a", "bc"], &["abc", ""], &["abcdefgh", "i"]];
        let mut map = ByValues::default();
        for (at, values) in all.iter().enumerate() {
            assert!(map.insert(Owned::of(values), at).is_none());
        }
        for (at, values) in all.iter().enumerate() {
            assert_eq!(map.get(values as &dyn Values), Some(&at));
        }
        assert_eq!(map.get(&(&["a", "b"] as &[&str]) as &dyn Values), None);
    }

    #[test]
    fn hashes_of_numbered_values_spread() {
        use std::hash::BuildHasher as _;
        let hash =
            |n: u32| BuildHasherDefault::<Hashed>::default().hash_one(Owned::of(&[&n.to_string()]));
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
}
