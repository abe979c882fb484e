// What a read returns: the value, and a receipt that says why.
// Never knows: how the decision was made.
// Read next: `policy/decide.rs`, which makes it.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::policy::{Reason, Strategy, Volatility, Zone};

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// A stored value.
    Cache,
    /// A compute that the read waited for.
    Computed,
}

impl Source {
    /// The source's name in receipts.
    pub const fn name(self) -> &'static str {
        match self {
            Source::Cache => "cache",
            Source::Computed => "computed",
        }
    }
}

/// Why a read was answered as it was. Plain data: building one allocates nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Receipt {
    /// What the engine did.
    pub strategy: Strategy,
    /// Where the answer came from.
    pub source: Source,
    /// The zone: of the read for a served value, of the compute's end for a computed one.
    pub zone: Zone,
    /// The TTL: after any cap for a served value, before it for a computed one.
    pub ttl: Duration,
    /// Time since the compute of the value finished.
    pub age: Duration,
    /// `max(0, 1 - age / ttl)`; 1 for a computed answer.
    pub freshness: f64,
    /// Volatility status when the read arrived.
    pub volatility: Volatility,
    /// The z-score behind that status.
    pub z: f64,
    /// Whether this read started a background refresh.
    pub refresh_started: bool,
    /// Why.
    pub reason: Reason,
}

/// A value and its receipt. Dereferences to the value.
#[derive(Debug)]
pub struct Hit<V> {
    value: Arc<V>,
    receipt: Receipt,
}

impl<V> Hit<V> {
    pub(crate) fn new(value: Arc<V>, receipt: Receipt) -> Hit<V> {
        Hit { value, receipt }
    }

    /// The value.
    pub fn value(&self) -> &V {
        &self.value
    }

    /// Why the read was answered as it was.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The value, to be kept.
    pub fn into_arc(self) -> Arc<V> {
        self.value
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
/// For the error of a compute, zone and TTL are those of the compute's end, as for its value.
#[derive(Debug)]
pub struct Answer<V> {
    /// Why the read was answered as it was.
    pub receipt: Receipt,
    /// The value, or why there is none.
    pub outcome: Result<Arc<V>, Error>,
}

impl<V> Answer<V> {
    /// The answer as a hit.
    ///
    /// # Errors
    /// The error of the compute, or [`Error::Nothing`].
    pub fn into_hit(self) -> Result<Hit<V>, Error> {
        let receipt = self.receipt;
        self.outcome.map(|value| Hit::new(value, receipt))
    }
}

/// What a compute found: a value, or that there is nothing to cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Computed<V> {
    /// A value.
    Value(V),
    /// Nothing: the entry is removed, the caller gets [`Error::Nothing`].
    None,
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
