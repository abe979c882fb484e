// The counter, which grows by one plain add in the counting thread's own cell.
// Never knows: shards and leases (`shard/local.rs` does).
// Read next: `shard/local.rs`, where an increment goes.

use super::instrument::{Activity, Handle, Instrument, Series, Stamp};
use crate::encode::{Encoder, Heads};
use crate::names::Kind;
use crate::shard::{self, Reader, Released, Sum, process};
use crate::snapshot::Value;
use crate::sync::Shared;

/// A counter: a total that only grows.
///
/// This is a handle: cloning costs one atomic increment, and any thread may count through any
/// clone. Keep handles instead of looking them up. Counting is not async-signal-safe: a signal
/// handler that counts may lose the increment that it interrupts.
///
/// ```
/// use kairos_metrics::{Counter, Registry};
///
/// let registry = Registry::new();
/// let orders: Counter = registry.counter("orders", "Orders accepted")?;
/// std::thread::scope(|scope| {
///     scope.spawn(|| orders.inc());
///     scope.spawn(|| orders.add(2));
/// });
/// assert_eq!(orders.value(), 3);
/// # Ok::<(), kairos_metrics::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Counter {
    id: u32,
    series: Shared<Series<CounterCells>>,
}

impl Counter {
    /// Adds one.
    ///
    /// Costs one plain add, without a lock prefix or a shared cache line. A thread's first count
    /// leases a shard; from the 513th live counter on, finding the cell costs some nanoseconds.
    #[inline]
    pub fn inc(&self) {
        shard::increment(self.id);
    }

    /// Adds `n`, at the cost of [`Counter::inc`]; the total stays at 2^64 − 1 when it gets there.
    #[inline]
    pub fn add(&self, n: u64) {
        shard::add(self.id, n);
    }

    /// Returns the total over all threads, including those that have ended.
    ///
    /// The total includes every count that happened before this call, and may include counts that
    /// happen during it. Takes a lock; O(live threads).
    pub fn value(&self) -> u64 {
        process().reader().count(self.series.cells.id)
    }
}

impl Handle for Counter {
    type Cells = CounterCells;

    fn new(series: Shared<Series<CounterCells>>) -> Counter {
        Counter { id: series.cells.id, series }
    }
}

#[derive(Debug)]
pub(crate) struct CounterCells {
    id: u32,
}

impl Drop for CounterCells {
    fn drop(&mut self) {
        process().release(Released::Cell(self.id));
    }
}

impl Instrument for CounterCells {
    type Spec = ();

    const KIND: Kind = Kind::Counter;

    fn make((): &()) -> CounterCells {
        CounterCells { id: process().acquire_cell() }
    }

    fn heads((): &(), family: &str, labels: &str, created: &str) -> Heads {
        let mut heads = Heads::default();
        heads.push(family, "_total", labels, "");
        heads.push_created(family, labels, created);
        heads
    }

    fn activity(&self, reader: &Reader<'_>) -> Activity {
        Activity::Counted(reader.count(self.id))
    }

    fn value(&self, reader: &Reader<'_>, _: &mut Sum) -> Value {
        Value::Counter(reader.count(self.id))
    }

    fn encode(&self, reader: &Reader<'_>, stamp: &Stamp, _: &mut Sum, encoder: &mut Encoder<'_>) {
        let head = stamp.heads.iter().next().unwrap_or_default();
        encoder.sample_in(stamp.unit, head, reader.count(self.id));
        encoder.created(&stamp.heads, reader.began_anew(stamp.number));
    }
}
