// What keys and values must be, and how a borrowed key becomes one that the cache keeps.
// Never knows: the cache.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
/// For a borrowed form of your own, as of a key of several parts or of another crate's type, implement
/// it beside [`Equivalent`](crate::Equivalent), and have the form hash as the key does:
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
