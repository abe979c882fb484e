// What keys and values must be, and how a borrowed key becomes one that the cache keeps.
// Never knows: the cache.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use equivalent::Equivalent;

/// The bounds of a key. Implemented for every type that meets them.
///
/// A key's `Clone`, `Hash`, `Eq` and `Drop` run under locks of the cache and may not use the cache.
pub trait Key: Hash + Eq + Clone + Send + Sync + 'static {}

impl<K: Hash + Eq + Clone + Send + Sync + 'static> Key for K {}

/// The bounds of a value. Implemented for every type that meets them.
pub trait Value: Send + Sync + 'static {}

impl<V: Send + Sync + 'static> Value for V {}

/// A borrowed form of the key `K`, from which the cache makes a `K` when it has to keep the key,
/// as for a compute. A hit makes none.
///
/// Implemented for a key itself, and for strings, paths and slices where their owned, shared or boxed
/// forms are keys: `str` for `String`, `Arc<str>`, `Box<str>` and `Cow<'static, str>`, `[T]` for `Vec<T>`,
/// `Arc<[T]>` and `Box<[T]>`.
///
/// ```
/// use kairos_cache::{Cache, Context};
/// use std::sync::Arc;
///
/// let cache: Cache<Arc<str>, f64> = Cache::builder().build()?;
/// cache.insert("12345:btts", &Context::none(), 0.61)?;
/// assert!(cache.get("12345:btts").is_some());
/// # Ok::<(), kairos_cache::Error>(())
/// ```
///
/// A tuple is read by its borrowed parts with [`Parts`]. For a borrowed form of your own, as of a struct or of
/// another crate's type, implement it beside [`Equivalent`](crate::Equivalent), and have the form hash as the key does:
///
/// ```
/// use kairos_cache::{Cache, Context, Equivalent, ToKey};
///
/// #[derive(Clone, PartialEq, Eq, Hash)]
/// struct Line { fixture: String, market: String }
///
/// #[derive(Hash)] // The same fields in the same order: the same hash.
/// struct LineRef<'a> { fixture: &'a str, market: &'a str }
///
/// impl Equivalent<Line> for LineRef<'_> {
///     fn equivalent(&self, key: &Line) -> bool {
///         self.fixture == key.fixture && self.market == key.market
///     }
/// }
///
/// impl ToKey<Line> for LineRef<'_> {
///     fn to_key(&self) -> Line {
///         Line { fixture: self.fixture.to_owned(), market: self.market.to_owned() }
///     }
/// }
///
/// let cache: Cache<Line, f64> = Cache::builder().build()?;
/// let line = LineRef { fixture: "12345", market: "btts" };
/// cache.insert(&line, &Context::none(), 0.61)?;
/// assert!(cache.get(&line).is_some());
/// # Ok::<(), kairos_cache::Error>(())
/// ```
pub trait ToKey<K> {
    /// Returns an owned key equal to this one.
    fn to_key(&self) -> K;
}

impl<K: Clone> ToKey<K> for K {
    fn to_key(&self) -> K {
        self.clone()
    }
}

/// The conversions that std has from a reference.
macro_rules! by_conversion {
    ($($borrowed:ty => $($key:ty),+;)*) => {$($(
        impl ToKey<$key> for $borrowed {
            fn to_key(&self) -> $key {
                self.into()
            }
        }
    )+)*};
}

by_conversion! {
    str => String, Arc<str>, Box<str>;
    Path => PathBuf, Arc<Path>, Box<Path>;
    OsStr => OsString, Arc<OsStr>, Box<OsStr>;
}

impl ToKey<Cow<'static, str>> for str {
    fn to_key(&self) -> Cow<'static, str> {
        Cow::Owned(self.to_owned())
    }
}

impl<T: Clone> ToKey<Vec<T>> for [T] {
    fn to_key(&self) -> Vec<T> {
        self.to_vec()
    }
}

impl<T: Clone> ToKey<Arc<[T]>> for [T] {
    fn to_key(&self) -> Arc<[T]> {
        self.into()
    }
}

impl<T: Clone> ToKey<Box<[T]>> for [T] {
    fn to_key(&self) -> Box<[T]> {
        self.into()
    }
}

/// The borrowed parts of a key that is a tuple of two to four parts, in its order: `Parts((fixture, market))` with two
/// `&str` for the key `(String, String)`.
///
/// Each part is a reference to what its part of the key may be [read by](ToKey): `&str` for `String` and `Arc<str>`, `&u32`
/// for `u32`. A hit allocates nothing.
///
/// ```
/// use kairos_cache::{Cache, Context, Parts};
/// use std::sync::Arc;
///
/// let cache: Cache<(Arc<str>, u32), f64> = Cache::builder().build()?;
/// cache.insert(&Parts(("12345", &7)), &Context::none(), 0.61)?;
/// assert_eq!(cache.get(&Parts(("12345", &7))).map(|hit| *hit), Some(0.61));
/// assert!(cache.get(&Parts(("12345", &8))).is_none());
/// # Ok::<(), kairos_cache::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Hash)]
pub struct Parts<T>(pub T);

/// A tuple of references hashes as the tuple of what they refer to, so that the derived hash is that of the key.
macro_rules! by_parts {
    ($($part:ident for $key:ident = $at:tt),+) => {
        impl<$($part: Equivalent<$key> + ?Sized, $key),+> Equivalent<($($key,)+)>
            for Parts<($(&$part,)+)>
        {
            fn equivalent(&self, key: &($($key,)+)) -> bool {
                $(self.0.$at.equivalent(&key.$at))&&+
            }
        }

        impl<$($part: ToKey<$key> + ?Sized, $key),+> ToKey<($($key,)+)> for Parts<($(&$part,)+)> {
            fn to_key(&self) -> ($($key,)+) {
                ($(self.0.$at.to_key(),)+)
            }
        }
    };
}

by_parts!(P for A = 0, Q for B = 1);
by_parts!(P for A = 0, Q for B = 1, R for C = 2);
by_parts!(P for A = 0, Q for B = 1, R for C = 2, S for D = 3);

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::hash::{BuildHasher, RandomState};

    use super::*;

    fn check<K: Key + Debug, T>(parts: &Parts<T>, key: &K, others: &[K])
    where
        Parts<T>: Hash + Equivalent<K> + ToKey<K>,
    {
        let hasher = RandomState::new();
        assert_eq!(hasher.hash_one(parts), hasher.hash_one(key));
        assert!(parts.equivalent(key));
        assert_eq!(parts.to_key(), *key);
        for other in others {
            assert!(!parts.equivalent(other), "{other:?}");
        }
    }

    #[test]
    fn borrowed_parts_find_and_make_the_tuple_of_the_owned_ones() {
        let of = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        check(&Parts(("a", "b")), &of("a", "b"), &[of("a", "a"), of("b", "b"), of("b", "a")]);
        check(&Parts(("ab", "c")), &of("ab", "c"), &[of("a", "bc")]);
        let shared = |a: &str, n| (Arc::<str>::from(a), n);
        check(&Parts(("a", &7)), &shared("a", 7_u32), &[shared("a", 8), shared("b", 7)]);
        check(
            &Parts((&[1, 2][..], "x", &b'y')),
            &(vec![1, 2], "x".to_owned(), b'y'),
            &[(vec![1], "x".to_owned(), b'y'), (vec![1, 2], "x".to_owned(), b'x')],
        );
        let four = |d: bool| (1_u8, Cow::Borrowed("2"), PathBuf::from("3"), d);
        check(&Parts((&1, "2", Path::new("3"), &true)), &four(true), &[four(false)]);
    }
}
