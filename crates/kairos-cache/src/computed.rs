// What a compute says: a value, none, or that the old one stands; its own TTL, and tags that it has found.
// Never knows: what is stored, or what a compute is judged by.
// Read next: `engine/compute/said.rs`, which takes it in.

use std::time::Duration;

/// The result of a compute: a value, that the key has none, or that the old value stands.
///
/// A closure or loader returns it, or a plain value or an `Option`, from which it is made. A value, and
/// that the old one stands, may come with a TTL of its own and with tags that the compute has found.
///
/// ```
/// use kairos_cache::Computed;
///
/// assert_eq!(Computed::<f64>::from(Some(0.61)), Computed::value(0.61));
/// assert_eq!(Computed::<f64>::from(None), Computed::None);
/// assert_eq!(Computed::value(0.61).into_value(), Some(0.61));
/// ```
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kairos_cache::{Cache, Computed, Context};
/// use std::time::Duration;
///
/// let cache: Cache<String, f64> = Cache::builder().build()?;
/// // The backend says for how long its answer is good, and which teams it has looked at.
/// let compute = || async {
///     let said = Computed::value(0.61).ttl(Duration::from_secs(30)).tags(["team:arsenal"]);
///     Ok::<_, std::io::Error>(said)
/// };
/// let hit = cache.get_or_compute("12345:btts", &Context::none(), compute).await?;
/// assert_eq!(hit.receipt().ttl, Duration::from_secs(30));
/// cache.invalidate_tag("team:arsenal");
/// assert!(cache.get("12345:btts").is_none());
/// # Ok::<_, kairos_cache::Error>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Computed<V> {
    /// A value.
    Value(V),
    /// No value: the entry is removed, and the caller gets [`Error::Nothing`](crate::Error::Nothing).
    None,
    /// The live value that the compute was to replace stands: it is stored once more as if it had just
    /// been computed, with its tags and its own TTL, and the readers that wait get it. Where there was
    /// none when the compute started, the compute has failed, and they get
    /// [`Error::Nothing`](crate::Error::Nothing).
    NotModified,
    /// One of the two others with a TTL or tags of its own: made by [`Computed::ttl`] and
    /// [`Computed::tags`].
    Noted(Noted<V>),
}

/// A value, or that the old one stands, with what the compute says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted<V> {
    /// `None` where the old value stands.
    value: Option<V>,
    notes: Notes,
}

/// What a compute says of its result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// Its own TTL.
    pub(crate) ttl: Option<Duration>,
    /// The tags that it has found.
    pub(crate) tags: Vec<Box<str>>,
}

/// What a compute has found, apart from what it says of it.
#[derive(Debug)]
pub(crate) enum Outcome<V> {
    /// A value.
    Value(V),
    /// That the key has none.
    Nothing,
    /// That the old one stands.
    NotModified,
}

impl<V> Computed<V> {
    /// Returns a value as the result of a compute.
    pub const fn value(value: V) -> Computed<V> {
        Computed::Value(value)
    }

    /// Sets the result's own TTL: its TTL is at most this and, where no kickoff is known when it is
    /// read, it is this. A result with a TTL of 0 answers the readers that wait and is not stored; so
    /// is [`Computed::NotModified`], which then leaves the old value as it is.
    ///
    /// The caps of volatility and of the breaker, and jitter, shorten it as they do a zone's TTL. On
    /// [`Computed::None`] it has no effect: `cache.negative_ttl` says how long that is remembered.
    ///
    /// ```
    /// use kairos_cache::Computed;
    /// use std::time::Duration;
    ///
    /// let said = Computed::value(0.61).ttl(Duration::from_secs(30));
    /// assert_eq!(said.into_value(), Some(0.61));
    /// assert_eq!(Computed::<f64>::None.ttl(Duration::from_secs(30)), Computed::None);
    /// ```
    #[must_use]
    pub fn ttl(self, ttl: Duration) -> Computed<V> {
        self.noting(|notes| notes.ttl = Some(ttl))
    }

    /// Adds tags that the compute has found, to those of its reader's context and market.
    ///
    /// They are judged as those are, from the start of the compute: an invalidation of one of them that
    /// came while it ran covers the result, whether or not the tag was known then. So does an event of
    /// the match that names one; and, where nothing of the match carried these tags when the compute
    /// started, any event of the match since. On [`Computed::None`] it has no effect.
    ///
    /// Costs, when the result is stored, a look at the classes of its market, and one of its own for
    /// each set of tags; each tag counts against `bounds.tags`.
    ///
    /// ```
    /// use kairos_cache::Computed;
    ///
    /// let teams = vec![String::from("team:arsenal"), String::from("team:chelsea")];
    /// let said = Computed::value(0.61).tags(&teams);
    /// assert_eq!(said, Computed::value(0.61).tags(["team:arsenal"]).tags(["team:chelsea"]));
    /// ```
    #[must_use]
    pub fn tags<T: AsRef<str>>(self, tags: impl IntoIterator<Item = T>) -> Computed<V> {
        self.noting(|notes| notes.tags.extend(tags.into_iter().map(|tag| tag.as_ref().into())))
    }

    /// Returns the value, if there is one.
    pub fn into_value(self) -> Option<V> {
        match self {
            Computed::Value(value) => Some(value),
            Computed::Noted(noted) => noted.value,
            Computed::None | Computed::NotModified => None,
        }
    }

    /// The value, if there is one.
    pub(crate) fn as_value(&self) -> Option<&V> {
        match self {
            Computed::Value(value) => Some(value),
            Computed::Noted(noted) => noted.value.as_ref(),
            Computed::None | Computed::NotModified => None,
        }
    }

    /// What was found, and what is said of it.
    pub(crate) fn into_parts(self) -> (Outcome<V>, Notes) {
        match self {
            Computed::Value(value) => (Outcome::Value(value), Notes::default()),
            Computed::None => (Outcome::Nothing, Notes::default()),
            Computed::NotModified => (Outcome::NotModified, Notes::default()),
            Computed::Noted(Noted { value, notes }) => {
                (value.map_or(Outcome::NotModified, Outcome::Value), notes)
            }
        }
    }

    fn noting(self, note: impl FnOnce(&mut Notes)) -> Computed<V> {
        let (value, mut notes) = match self {
            Computed::None => return self,
            Computed::Value(value) => (Some(value), Notes::default()),
            Computed::NotModified => (None, Notes::default()),
            Computed::Noted(Noted { value, notes }) => (value, notes),
        };
        note(&mut notes);
        Computed::Noted(Noted { value, notes })
    }
}

impl<V> From<V> for Computed<V> {
    fn from(value: V) -> Self {
        Computed::Value(value)
    }
}

impl<V> From<Option<V>> for Computed<V> {
    fn from(value: Option<V>) -> Self {
        value.map_or(Computed::None, Computed::Value)
    }
}
