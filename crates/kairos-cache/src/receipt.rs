// What a read returns: the value, and a receipt that says why.
// Never knows: how the decision was made.
// Read next: `policy/decide.rs`, which makes it; `receipt/written.rs`, how it is written down.

use std::cell::OnceCell;
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::policy::{FeedStatus, MonoNs, Reason, Strategy, Volatility, Zone};

mod served;
#[cfg(feature = "serde")]
mod written;

pub(crate) use served::Served;

/// The source of an answer: the cache or a compute.
///
/// ```
/// use kairos_cache::Source;
///
/// assert_eq!((Source::Cache.name(), "computed".parse()), ("cache", Ok(Source::Computed)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// A stored value.
    Cache,
    /// A compute that the read waited for.
    Computed,
}

impl Source {
    /// Every source.
    pub const ALL: &'static [Source] = &[Source::Cache, Source::Computed];

    /// Returns the source's name in receipts.
    pub const fn name(self) -> &'static str {
        match self {
            Source::Cache => "cache",
            Source::Computed => "computed",
        }
    }
}

/// The record of how and why a read was answered. Plain data; building one allocates nothing.
///
/// With the feature `serde` an object with the names and fields of a decision in `kairos replay
/// --decisions`: durations in whole milliseconds (`ttl_ms`, `age_ms`), the volatility status as `vix`.
/// A receipt is read back from one, and from a whole line of decisions that has a value.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use kairos_cache::{Reason, Receipt};
///
/// let line = r#"{"id":"g1","t":5,"done":45,"key":"m1:btts","outcome":"ok","value":"v1","zone":"golden",
///     "ttl_ms":60000,"age_ms":0,"freshness":1.0,"strategy":"compute","source":"computed",
///     "vix":"normal","z":0.0,"refresh_started":false,"reason":"miss"}"#;
/// let receipt: Receipt = serde_json::from_str(line)?;
/// assert_eq!(receipt.reason, Reason::Miss);
/// # }
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Receipt {
    /// How the engine answered the read.
    pub strategy: Strategy,
    /// The source of the answer.
    pub source: Source,
    /// The zone: of the read for a served value, of the compute's end for a computed one.
    pub zone: Zone,
    /// The TTL: after any cap for a served value, before any cap for a computed one.
    pub ttl: Duration,
    /// Time since the compute of the value finished.
    pub age: Duration,
    /// `max(0, 1 - age / ttl)`; 1 for a computed answer.
    pub freshness: f64,
    /// The volatility status when the read arrived.
    pub volatility: Volatility,
    /// The z-score that gave the status.
    pub z: f64,
    /// Whether this read started a background refresh.
    pub refresh_started: bool,
    /// The reason for the strategy.
    pub reason: Reason,
    /// Whether the feeds that price the match were alive when the read arrived.
    pub feed: FeedStatus,
}

/// A value and its receipt, of a read that may have waited. Dereferences to the value.
///
/// With the feature `serde` it is written as one object: the value as `value`, beside the fields of the
/// receipt.
///
/// ```
/// # use kairos_cache::{Cache, Context, Hit, Reason};
/// # let cache: Cache<u8, u32> = Cache::builder().build()?;
/// let read = || cache.blocking().get_with(&1, &Context::none(), || 10);
/// let hit: Hit<u32> = read()?;
/// assert_eq!((*hit.value(), hit.receipt().reason), (10, Reason::Miss));
/// let kept = std::sync::Arc::clone(&read()?.into_arc());
/// assert_eq!((*kept, read()?.into_value()), (10, 10));
/// # Ok::<_, kairos_cache::Error>(())
/// ```
#[derive(Debug)]
pub struct Hit<V> {
    value: Arc<V>,
    receipt: Receipt,
}

impl<V> Hit<V> {
    pub(crate) fn new(value: Arc<V>, receipt: Receipt) -> Hit<V> {
        Hit { value, receipt }
    }

    /// Returns the value.
    pub fn value(&self) -> &V {
        &self.value
    }

    /// Returns the receipt of the read.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// Returns a share in the value, which may be kept.
    pub fn into_arc(self) -> Arc<V> {
        self.value
    }

    /// Returns the value itself: a clone, unless nothing else holds it.
    pub fn into_value(self) -> V
    where
        V: Clone,
    {
        Arc::unwrap_or_clone(self.value)
    }
}

/// A stored value that a read is served at once, and its receipt. Dereferences to the value.
///
/// It belongs to the thread that has read it: neither `Send` nor `Clone`. What is kept, sent or awaited
/// over is the value's [`Arc`](Guard::into_arc), or a [`Hit`](Guard::into_hit). The value stays as it is
/// while the guard lives, whatever becomes of the key and of the cache.
///
/// ```
/// use kairos_cache::{Cache, Context, Guard};
///
/// let cache: Cache<u8, String> = Cache::builder().build()?;
/// cache.insert(&1, &Context::none(), "0.61".to_owned())?;
/// let price: Guard<String> = cache.get(&1).expect("fresh");
/// cache.invalidate(&1);
/// assert_eq!(price.parse(), Ok(0.61));
/// # Ok::<_, kairos_cache::Error>(())
/// ```
///
/// ```compile_fail
/// # use kairos_cache::Guard;
/// fn is_sent<T: Send>() {}
/// is_sent::<Guard<u8>>();
/// ```
///
/// ```
/// # use kairos_cache::{Cache, Context, Reason};
/// # let cache: Cache<u8, u32> = Cache::builder().build()?;
/// cache.insert(&1, &Context::none(), 10)?;
/// let get = || cache.get(&1).expect("fresh");
/// assert_eq!((*get().value(), get().receipt().reason), (10, Reason::Fresh));
/// assert_eq!((*get().into_arc(), get().into_value(), *get().into_hit()), (10, 10, 10));
/// # Ok::<_, kairos_cache::Error>(())
/// ```
pub struct Guard<V> {
    value: Kept<V>,
    /// Made when it is asked for.
    receipt: OnceCell<Receipt>,
}

/// The value of a guard.
enum Kept<V> {
    /// What the thread remembers, served at this instant.
    Near(Rc<Served<V>>, MonoNs),
    /// A share of the guard's own.
    Own(Arc<V>),
}

impl<V: fmt::Debug> fmt::Debug for Guard<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Guard");
        shown.field("value", self.value()).field("receipt", self.receipt()).finish()
    }
}

impl<V> Guard<V> {
    pub(crate) fn new(value: Arc<V>, receipt: Receipt) -> Guard<V> {
        Guard { value: Kept::Own(value), receipt: OnceCell::from(receipt) }
    }

    /// A value that the thread remembers, served at `now`.
    #[inline]
    pub(crate) fn of_near(served: Rc<Served<V>>, now: MonoNs) -> Guard<V> {
        Guard { value: Kept::Near(served, now), receipt: OnceCell::new() }
    }

    /// Returns the value.
    #[inline]
    pub fn value(&self) -> &V {
        match &self.value {
            Kept::Near(served, _) => served.value(),
            Kept::Own(value) => value,
        }
    }

    /// Returns the receipt of the read.
    pub fn receipt(&self) -> &Receipt {
        self.receipt.get_or_init(|| match &self.value {
            Kept::Near(served, now) => served.receipt_at(*now),
            Kept::Own(_) => unreachable!("it came with its receipt"),
        })
    }

    /// Returns a share in the value, which may be kept.
    pub fn into_arc(self) -> Arc<V> {
        match self.value {
            Kept::Near(served, _) => Arc::clone(served.value()),
            Kept::Own(value) => value,
        }
    }

    /// Returns the value itself: a clone, unless nothing else holds it.
    pub fn into_value(self) -> V
    where
        V: Clone,
    {
        Arc::unwrap_or_clone(self.into_arc())
    }

    /// Returns value and receipt as what may be sent and kept.
    pub fn into_hit(self) -> Hit<V> {
        let receipt = *self.receipt();
        Hit { value: self.into_arc(), receipt }
    }
}

impl<V> Deref for Guard<V> {
    type Target = V;

    fn deref(&self) -> &V {
        self.value()
    }
}

impl<V> Clone for Hit<V> {
    fn clone(&self) -> Self {
        Hit { value: Arc::clone(&self.value), receipt: self.receipt }
    }
}

impl<V> Deref for Hit<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.value
    }
}

/// The outcome of a read with its receipt, also where there is no value.
///
/// For the error of a compute, zone and TTL are those at the compute's end, as for a value.
///
/// With the feature `serde` it is written as `kairos replay --decisions` writes it: `outcome` is `ok`,
/// `none`, `error`, `panic` or `timeout`; the fields `value`, `zone`, `ttl_ms`, `age_ms` and
/// `freshness` are there only where there is a value; the other fields of the receipt always are.
///
/// ```
/// # use kairos_cache::{Answer, Cache, Context, Error};
/// # let cache: Cache<u8, u32> = Cache::builder().build()?;
/// let none = || Ok::<_, std::io::Error>(None);
/// let answer: Answer<u32> = cache.blocking().explain(&1, &Context::none(), none)?;
/// assert_eq!(answer.receipt.reason.name(), "miss");
/// assert!(matches!(answer.into_hit(), Err(Error::Nothing)));
/// # Ok::<_, Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer<V> {
    /// The receipt of the read.
    pub receipt: Receipt,
    /// The value, or the error by which there is none.
    pub outcome: Result<Arc<V>, Error>,
}

impl<V> Answer<V> {
    /// Returns the value with its receipt.
    ///
    /// # Errors
    /// The error of the compute, or [`Error::Nothing`].
    pub fn into_hit(self) -> Result<Hit<V>, Error> {
        let receipt = self.receipt;
        self.outcome.map(|value| Hit::new(value, receipt))
    }
}

/// The word for how a read ended, as decisions and notices have it.
#[cfg(feature = "serde")]
pub(crate) const fn outcome(error: Option<&Error>) -> &'static str {
    match error {
        None => "ok",
        Some(Error::Nothing) => "none",
        Some(Error::Panicked(_)) => "panic",
        Some(Error::Timeout) => "timeout",
        Some(_) => "error",
    }
}
