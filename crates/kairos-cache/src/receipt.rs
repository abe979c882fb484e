// What a read returns: the value, and a receipt that says why.
// Never knows: how the decision was made.
// Read next: `policy/decide.rs`, which makes it.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::policy::{Reason, Strategy, Volatility, Zone};

/// The source of an answer: the cache or a compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// A stored value.
    Cache,
    /// A compute that the read waited for.
    Computed,
}

impl Source {
    /// Returns the source's name in receipts.
    pub const fn name(self) -> &'static str {
        match self {
            Source::Cache => "cache",
            Source::Computed => "computed",
        }
    }
}

/// The record of how and why a read was answered. Plain data; building one allocates nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
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
#[derive(Debug)]
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

/// The result of a compute: a value, or that the key has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Computed<V> {
    /// A value.
    Value(V),
    /// No value: the entry is removed, and the caller gets [`Error::Nothing`].
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
