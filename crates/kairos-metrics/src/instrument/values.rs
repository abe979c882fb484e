// Label values as a key: owned in a list and in a map, which is searched by borrowed ones.
// Never knows: what the values lead to.
// Read next: `series.rs`, the map and the list.

use std::sync::Arc;

/// The values of one series; a clone is the same allocation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owned(Arc<[String]>);

impl Owned {
    pub(super) fn of(values: &[&str]) -> Owned {
        Owned(values.iter().map(|value| (*value).to_owned()).collect())
    }

    /// Runs `work` on them as they are looked up.
    pub(super) fn sought<R>(&self, work: impl FnOnce(&Sought<'_>) -> R) -> R {
        Sought::with(&self.0.iter().map(String::as_str).collect::<Vec<_>>(), work)
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

/// A value in short: its length, its first bytes and its last ones. Up to [`SHORT`] bytes that is all
/// of it: two values of one length have the same only if they are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Brief {
    len: u64,
    first: u64,
    last: u64,
}

const SHORT: u64 = 16;

impl Brief {
    #[inline]
    pub(crate) fn of(value: &str) -> Brief {
        let bytes = value.as_bytes();
        let len = bytes.len();
        let (first, last) = if let (Some(first), Some(last)) =
            (bytes.first_chunk::<8>(), bytes.last_chunk())
        {
            (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
        } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk()) {
            (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into())
        } else {
            let first = match *bytes {
                [a, b, c, ..] => u32::from_le_bytes([a, b, c, 0]),
                [a, b] => u16::from_le_bytes([a, b]).into(),
                [a] => a.into(),
                [] => 0,
            };
            (first.into(), 0)
        };
        Brief { len: len as u64, first, last }
    }
}

/// Label values that are looked up.
#[derive(Debug)]
pub(crate) struct Sought<'a> {
    values: &'a [&'a str],
    briefs: &'a [Brief],
    hash: u64,
    /// Whether some value is more than it is in short.
    is_long: bool,
}

impl<'a> Sought<'a> {
    /// By what `values` are in short, each of them.
    #[inline]
    pub(crate) fn new(values: &'a [&'a str], briefs: &'a [Brief]) -> Sought<'a> {
        debug_assert_eq!(values.len(), briefs.len());
        let (mut hash, mut is_long) = (0, false);
        for (value, brief) in values.iter().zip(briefs) {
            if brief.len > SHORT {
                hash = between(hash, value);
                is_long = true;
            }
            hash = mixed(hash ^ brief.first, brief.last.rotate_left(32) ^ brief.len);
        }
        Sought { values, briefs, hash, is_long }
    }

    /// Bits of the hash that a map does not go by.
    #[inline]
    pub(super) fn part(&self) -> usize {
        (self.hash >> 32) as usize
    }

    /// Runs `work` on any number of values.
    pub(crate) fn with<R>(values: &[&str], work: impl FnOnce(&Sought<'_>) -> R) -> R {
        let briefs: Vec<Brief>;
        let mut few = [Brief { len: 0, first: 0, last: 0 }; 8];
        let briefs = if let Some(few) = few.get_mut(..values.len()) {
            few.iter_mut().zip(values).for_each(|(brief, value)| *brief = Brief::of(value));
            &*few
        } else {
            briefs = values.iter().map(|value| Brief::of(value)).collect();
            &briefs
        };
        work(&Sought::new(values, briefs))
    }
}

/// A hash of what a long value has beside its first and last bytes.
#[inline(never)]
fn between(mut hash: u64, value: &str) -> u64 {
    let bytes = value.as_bytes();
    for word in bytes[8..bytes.len() - 8].chunks(8) {
        let mut whole = [0; 8];
        whole[..word.len()].copy_from_slice(word);
        hash = mixed(hash ^ u64::from_le_bytes(whole), 0);
    }
    hash
}

/// A hash of two words: both halves of their product folded, so that each bit of it depends on many of
/// both. What is added keeps usual words from making a factor zero.
#[inline]
fn mixed(a: u64, b: u64) -> u64 {
    let a = a ^ 0x9e37_79b9_7f4a_7c15;
    let product = u128::from(a) * u128::from(b ^ 0xf39c_c060_5ced_c835);
    (product >> 64) as u64 ^ product as u64
}

/// A map by label values, which are borrowed from whoever looks them up.
///
/// By their hash, which is computed once, then by the values. Entries are in chains, of which there are
/// twice as many: what most lookups find is the first of its chain, with less work than a probe of
/// groups takes. The hash has no secret: the series of a family are bounded in number, so that values
/// chosen to collide cost no more than a search through that many.
#[derive(Debug)]
pub(super) struct ByValues<V> {
    /// A power of two of them, or none.
    chains: Box<[Chain<V>]>,
    len: usize,
}

/// An entry, and those after it.
type Chain<V> = Option<Box<Slot<V>>>;

#[derive(Debug)]
struct Slot<V> {
    hash: u64,
    /// In one place in memory, of one length for all entries.
    briefs: Box<[Brief]>,
    found: V,
    next: Chain<V>,
    values: Owned,
}

impl<V> Default for ByValues<V> {
    fn default() -> ByValues<V> {
        ByValues { chains: Box::default(), len: 0 }
    }
}

impl<V> Drop for ByValues<V> {
    /// One entry after the other: a chain that drops itself needs stack for each.
    fn drop(&mut self) {
        for chain in &mut self.chains {
            while let Some(mut slot) = chain.take() {
                *chain = slot.next.take();
            }
        }
    }
}

impl<V> ByValues<V> {
    /// Which chain values of this hash are in; beyond all while there are none.
    #[inline]
    fn at(&self, hash: u64) -> usize {
        hash as usize & self.chains.len().wrapping_sub(1)
    }

    #[expect(clippy::inline_always, reason = "a call would outlast what it does under the lock")]
    #[inline(always)]
    pub(super) fn get(&self, sought: &Sought<'_>) -> Option<&V> {
        let mut slot = self.chains.get(self.at(sought.hash))?.as_deref()?;
        while !slot.has(sought) {
            slot = slot.next.as_deref()?;
        }
        Some(&slot.found)
    }

    pub(super) fn get_mut(&mut self, sought: &Sought<'_>) -> Option<&mut V> {
        let at = self.at(sought.hash);
        let mut slot = self.chains.get_mut(at)?.as_deref_mut()?;
        while !slot.has(sought) {
            slot = slot.next.as_deref_mut()?;
        }
        Some(&mut slot.found)
    }

    /// Puts in what is not there yet.
    pub(super) fn insert(&mut self, values: Owned, found: V) {
        let (briefs, hash) = values.sought(|sought| (Box::from(sought.briefs), sought.hash));
        self.put(Slot { hash, briefs, found, next: None, values });
    }

    fn put(&mut self, slot: Slot<V>) {
        if 2 * self.len >= self.chains.len() {
            let more = (2 * self.chains.len()).max(2);
            let chains = std::mem::replace(&mut self.chains, (0..more).map(|_| None).collect());
            for mut chain in chains {
                while let Some(mut slot) = chain {
                    chain = slot.next.take();
                    self.link(slot);
                }
            }
        }
        self.link(Box::new(slot));
        self.len += 1;
    }

    fn link(&mut self, mut slot: Box<Slot<V>>) {
        let chain = &mut self.chains[self.at(slot.hash)];
        slot.next = chain.take();
        *chain = Some(slot);
    }

    pub(super) fn remove(&mut self, sought: &Sought<'_>) -> Option<(Owned, V)> {
        let at = self.at(sought.hash);
        let mut chain = self.chains.get_mut(at)?;
        while !chain.as_ref()?.has(sought) {
            chain = &mut chain.as_mut()?.next;
        }
        let Slot { values, found, next, .. } = *chain.take()?;
        *chain = next;
        self.len -= 1;
        Some((values, found))
    }

    /// All entries, taken out.
    #[cfg(feature = "facade")]
    pub(super) fn drain(&mut self) -> Vec<(Owned, V)> {
        let mut all = Vec::with_capacity(self.len);
        for chain in &mut self.chains {
            while let Some(slot) = chain.take() {
                let Slot { values, found, next, .. } = *slot;
                all.push((values, found));
                *chain = next;
            }
        }
        self.len = 0;
        all
    }
}

impl<V> Slot<V> {
    #[inline]
    fn has(&self, sought: &Sought<'_>) -> bool {
        if self.hash != sought.hash || self.briefs.len() != sought.briefs.len() {
            return false;
        }
        for (own, other) in self.briefs.iter().zip(sought.briefs) {
            // By words, as they were just stored; of wider loads the processor would wait for the stores.
            let differs =
                (own.len ^ other.len) | (own.first ^ other.first) | (own.last ^ other.last);
            if differs != 0 {
                return false;
            }
        }
        !sought.is_long || self.has_long(sought)
    }

    #[inline(never)]
    fn has_long(&self, sought: &Sought<'_>) -> bool {
        *self.values == *sought.values
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a map has under these values.
    fn get<'a, V>(map: &'a ByValues<V>, values: &[&str]) -> Option<&'a V> {
        Sought::with(values, |sought| map.get(sought))
    }

    fn hash(values: &[&str]) -> u64 {
        Sought::with(values, |sought| sought.hash)
    }

    #[test]
    fn values_are_found_borrowed_and_told_apart_by_where_they_end() {
        let long = "abcdefghijklmnopqrstuvwxyz";
        let all: [&[&str]; 9] = [
            &[],
            &[""],
            &["", ""],
            &["ab", "c"],
            &["a", "bc"],
            &["abc", ""],
            &["abcdefgh", "i"],
            &[long],
            &["a", "", "b", "", "c", "", "d", "", "e", "more than eight"],
        ];
        let mut map = ByValues::default();
        for (at, values) in all.iter().enumerate() {
            map.insert(Owned::of(values), at);
        }
        for (at, values) in all.iter().enumerate() {
            assert_eq!(get(&map, values), Some(&at));
            assert_eq!(Sought::with(values, |sought| map.get_mut(sought).copied()), Some(at));
        }
        let other = long.replace('m', "M");
        assert_eq!((get(&map, &["a", "b"]), get(&map, &[&other])), (None, None));
    }

    #[test]
    fn values_of_one_hash_are_told_apart() {
        // A first word that makes a factor zero makes the second one count for nothing.
        let zero = String::from_utf8(0x9e37_79b9_7f4a_7c15_u64.to_le_bytes().to_vec());
        assert!(zero.is_err(), "it is no text");
        let mut map = ByValues::default();
        let all =
            ["a", "b", "a long value of more than sixteen bytes", "a long value of no hash bytes"];
        for (at, value) in all.iter().enumerate() {
            let values = Owned::of(&[value]);
            let briefs = values.sought(|sought| Box::from(sought.briefs));
            map.put(Slot { hash: 7, briefs, found: at, next: None, values });
        }
        let find = |map: &ByValues<usize>, value: &str| {
            Sought::with(&[value], |sought| map.get(&Sought { hash: 7, ..*sought }).copied())
        };
        let remove = |map: &mut ByValues<usize>, value: &str| {
            Sought::with(&[value], |sought| map.remove(&Sought { hash: 7, ..*sought }))
        };
        for (at, value) in all.iter().enumerate() {
            assert_eq!(find(&map, value), Some(at));
        }
        assert_eq!(remove(&mut map, all[1]).map(|(_, at)| at), Some(1));
        assert_eq!(remove(&mut map, all[1]), None);
        assert_eq!(remove(&mut map, all[2]).map(|(_, at)| at), Some(2));
        assert_eq!(map.len, 2);
        assert_eq!([1, 2, 0, 3].map(|at| find(&map, all[at])), [None, None, Some(0), Some(3)]);
    }

    #[test]
    fn hashes_of_numbered_values_spread() {
        for around in ["", "/matches/", "a long name before and after "] {
            let hash = |n: u32| hash(&["200", &format!("{around}{n}{around}"), ""]);
            let hashes = |bits: u32| {
                let of = |n: u32| hash(n) >> (64 - bits);
                (0..1_024).map(of).collect::<std::collections::BTreeSet<_>>().len()
            };
            // Of 1 024 balls in as many boxes some 647 boxes have one.
            assert!(hashes(10) > 550, "{}", hashes(10));
            assert!(hashes(7) >= 127, "{}", hashes(7));
            let low: std::collections::BTreeSet<_> = (0..1_024).map(|n| hash(n) % 1_024).collect();
            assert!(low.len() > 550, "{}", low.len());
        }
    }

    proptest! {
        #[test]
        fn entries_come_and_go_as_in_a_map_of_std(
            steps in prop::collection::vec((any::<bool>(), "[ab]{0,5}", any::<u8>()), 0..200),
        ) {
            let mut map = ByValues::default();
            let mut expected = std::collections::HashMap::new();
            for (puts_in, value, number) in steps {
                let known = expected.get(&value).copied();
                prop_assert_eq!(get(&map, &[&value]).copied(), known);
                if !puts_in {
                    let removed = Sought::with(&[&value], |sought| map.remove(sought));
                    prop_assert_eq!(removed.map(|(_, number)| number), expected.remove(&value));
                } else if known.is_none() {
                    map.insert(Owned::of(&[&value]), number);
                    expected.insert(value, number);
                }
                prop_assert_eq!(map.len, expected.len());
            }
            for (value, number) in &expected {
                prop_assert_eq!(get(&map, &[value]), Some(number));
            }
        }

        #[test]
        fn values_of_one_length_are_in_short_the_same_if_they_are(
            text in "[ab]{0,16}", at in 0_usize..16, swapped in "[abc]",
        ) {
            let mut other = text.clone();
            if at < text.len() {
                other.replace_range(at..=at, &swapped);
            }
            prop_assert_eq!(Brief::of(&text) == Brief::of(&other), text == other);
        }
    }
}
