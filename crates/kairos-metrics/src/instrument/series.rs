// The series of one metric by their label values: found, made, removed, bounded in number.
// Never knows: what a series counts.
// Read next: `registry/family.rs`, the public face of a map of series.

use std::borrow::Borrow;
use std::cmp::Ordering as Order;
use std::collections::BTreeMap;

use crate::names::OVERFLOW;
use crate::sync::{Mutex, MutexGuard, Shared};

/// Series by label values, at most `limit` of them and one for the overflow.
///
/// One short lock for each lookup; handles keep their series, so that a cached handle never
/// comes here.
#[derive(Debug)]
pub(crate) struct SeriesMap<T> {
    inner: Mutex<Inner<T>>,
}

#[derive(Debug)]
pub(super) struct Inner<T> {
    series: BTreeMap<Vec<String>, Shared<T>>,
    overflow: Option<(Vec<String>, Shared<T>)>,
    limit: usize,
}

impl<T> SeriesMap<T> {
    pub(crate) fn new(limit: usize) -> SeriesMap<T> {
        SeriesMap { inner: Mutex::new(Inner { series: BTreeMap::new(), overflow: None, limit }) }
    }

    /// Changes the bound; series that exist stay.
    pub(super) fn set_limit(&self, limit: usize) {
        self.inner.lock().limit = limit;
    }

    /// The series of these values, made if it is new and the bound allows, else the overflow's.
    /// `make` gets the values that the series is exposed with.
    pub(crate) fn find_or_make(
        &self,
        values: &[&str],
        make: impl FnOnce(&[String]) -> T,
    ) -> Shared<T> {
        let mut inner = self.inner.lock();
        let key: &dyn Values = &values;
        if let Some(found) = inner.series.get(key) {
            return Shared::clone(found);
        }
        let is_overflow = !values.is_empty() && values.iter().all(|value| *value == OVERFLOW);
        if is_overflow || inner.series.len() >= inner.limit {
            let (_, overflow) = inner.overflow.get_or_insert_with(|| {
                let values = vec![OVERFLOW.to_owned(); values.len()];
                let series = Shared::new(make(&values));
                (values, series)
            });
            return Shared::clone(overflow);
        }
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        let series = Shared::new(make(&values));
        inner.series.insert(values, Shared::clone(&series));
        series
    }

    /// Takes the series of these values out; its handles go on counting, no longer exposed.
    pub(crate) fn remove(&self, values: &[&str]) -> Option<Shared<T>> {
        let key: &dyn Values = &values;
        self.inner.lock().series.remove(key)
    }

    /// Takes out every series that nobody holds a handle to and that `expired` picks. A series
    /// whose handles are gone has counted all that it will unless it is looked up again, which
    /// needs the lock.
    pub(crate) fn expire(&self, mut expired: impl FnMut(&mut T) -> bool) -> usize {
        let mut inner = self.inner.lock();
        let before = inner.series.len();
        // `get_mut` proves that this is the only reference, and orders the last holder's counts
        // before it; a bare reference count would not.
        inner.series.retain(|_, series| !Shared::get_mut(series).is_some_and(&mut expired));
        before - inner.series.len()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock()
    }

    pub(crate) fn len(&self) -> usize {
        let inner = self.inner.lock();
        inner.series.len() + usize::from(inner.overflow.is_some())
    }
}

impl<T> Inner<T> {
    /// Gives every series a value for one more label, which stands `at` among the labels: none, as it
    /// had, so that the series stay the same. O(series).
    #[cfg(feature = "facade")]
    pub(super) fn widen(&mut self, at: usize) {
        let series = std::mem::take(&mut self.series).into_iter();
        self.series = series
            .map(|(mut values, series)| {
                values.insert(at, String::new());
                (values, series)
            })
            .collect();
        if let Some((values, _)) = &mut self.overflow {
            values.insert(at, OVERFLOW.to_owned());
        }
    }

    /// The series with their values, in the order of the values, the overflow last.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[String], &T)> {
        let series = self.series.iter().map(|(values, series)| (&values[..], &**series));
        series.chain(self.overflow.iter().map(|(values, series)| (&values[..], &**series)))
    }
}

/// Label values, owned or borrowed: lets a map of owned values be searched without allocating.
trait Values {
    fn len(&self) -> usize;
    fn at(&self, index: usize) -> &str;
}

impl Values for Vec<String> {
    fn len(&self) -> usize {
        self.as_slice().len()
    }

    fn at(&self, index: usize) -> &str {
        &self[index]
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

impl Ord for dyn Values + '_ {
    fn cmp(&self, other: &Self) -> Order {
        // As `Vec<String>` orders itself, which `Borrow` demands.
        let ours = (0..self.len()).map(|index| self.at(index));
        ours.cmp((0..other.len()).map(|index| other.at(index)))
    }
}

impl PartialOrd for dyn Values + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Order> {
        Some(self.cmp(other))
    }
}

impl PartialEq for dyn Values + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Order::Equal
    }
}

impl Eq for dyn Values + '_ {}

impl<'a> Borrow<dyn Values + 'a> for Vec<String> {
    fn borrow(&self) -> &(dyn Values + 'a) {
        self
    }
}
