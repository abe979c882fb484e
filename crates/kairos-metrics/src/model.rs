//! The production types as the loom models drive them, without thread-locals.
// Never knows: names, formats. It is compiled under `cfg(kairos_loom)` only.
// Read next: `loom-tests/tests/metrics/shard/counts.rs`.

use std::sync::Arc;

use crate::buckets::Precision;
use crate::instrument::SeriesMap;
use crate::shard::{self, Released, Shard, Sizes, Sum};
use crate::snapshot::HistogramSnapshot;
use crate::sync::Shared;

/// A process's shards and ids, one for each execution of a model.
#[derive(Debug)]
pub struct Process(shard::Process);

/// What a thread counts in between lease and exit.
#[derive(Clone, Copy, Debug)]
pub struct Thread(&'static Shard);

impl Process {
    /// A process whose shards embed `cells` counters and `tallies` histograms.
    pub fn leaked(cells: usize, tallies: usize) -> &'static Process {
        Box::leak(Box::new(Process(shard::Process::new(Sizes { cells, tallies }))))
    }

    /// Registers a counter.
    pub fn acquire_counter(&self) -> u32 {
        self.0.acquire_cell()
    }

    /// Drops a counter's last handle.
    pub fn release_counter(&self, id: u32) {
        self.0.release(Released::Cell(id));
    }

    /// Registers a histogram.
    pub fn acquire_histogram(&self, precision: Precision) -> u32 {
        self.0.acquire_tally(precision.layout())
    }

    /// Drops a histogram's last handle.
    pub fn release_histogram(&self, id: u32, precision: Precision) {
        self.0.release(Released::Tally(id, precision.layout()));
    }

    /// A thread's first count; `None` when the lock is taken.
    pub fn try_lease(&self) -> Option<Thread> {
        self.0.try_lease().map(Thread)
    }

    /// A thread's end.
    pub fn retire(&self, thread: Thread) {
        self.0.retire(thread.0);
    }

    /// A count without a lease.
    pub fn add_shared(&self, id: u32, n: u64) {
        self.0.shared().cell(id).add_shared(n);
    }

    /// A record without a lease.
    pub fn record_shared(&self, id: u32, precision: Precision, value: u64) {
        self.0.shared().tally(id, precision.layout()).record_shared(value, 1);
    }

    /// A counter's total.
    pub fn count(&self, id: u32) -> u64 {
        self.0.reader().count(id)
    }

    /// A histogram's distribution.
    pub fn histogram(&self, id: u32, precision: Precision) -> HistogramSnapshot {
        let mut sum = Sum::default();
        self.0.reader().add_up(id, precision.layout(), &mut sum);
        HistogramSnapshot::from_sum(precision, &sum)
    }

    /// How many shards there are.
    pub fn shards(&self) -> usize {
        self.0.shards()
    }
}

impl Thread {
    /// Counts.
    pub fn add(self, id: u32, n: u64) {
        self.0.cell(id).add(n);
    }

    /// Records, and folds the histogram when a bucket is full.
    pub fn record(self, process: &Process, id: u32, precision: Precision, value: u64, weight: u64) {
        let tally = self.0.tally(id, precision.layout());
        if tally.record(value, weight).is_err() {
            process.0.spill(tally, id, value, weight);
        }
    }
}

/// A family's map of series.
#[derive(Debug)]
pub struct Series<T>(SeriesMap<T, ()>);

impl<T> Series<T> {
    /// At most `limit` series and the overflow's.
    pub fn new(limit: usize) -> Series<T> {
        Series(SeriesMap::new(limit, true, Arc::default()))
    }

    /// Finds or makes the series of these values.
    pub fn with(&self, values: &[&str], make: impl FnOnce(&[String]) -> T) -> Shared<T> {
        self.0.find_or_make(values, |values| (make(values), ()))
    }

    /// Removes the series of these values.
    pub fn remove(&self, values: &[&str]) -> bool {
        self.0.remove(values).is_some()
    }

    /// Removes the series without a handle that `expired` picks.
    pub fn expire(&self, mut expired: impl FnMut(&mut T) -> bool) -> usize {
        let still = |(): &mut (), series: &mut T, (): &()| expired(series);
        self.0.expire(|()| (), |(), ()| true, || (), still)
    }

    /// How many series a reader is shown.
    pub fn listed(&self) -> usize {
        self.0.list().iter().count()
    }

    /// How many series there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
