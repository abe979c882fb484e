// The series of one metric by their label values: found, made, listed, removed, bounded in number.
// Never knows: what a series counts.
// Read next: `registry/family.rs`, the public face of a map of series; `values.rs`, its keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::description::Description;
use super::values::{ByValues, Owned, Sought};
use crate::names::OVERFLOW;
use crate::sync::{AtomicU32, Mutex, Ordering, RwLock, Shared};

/// Series by label values, at most `limit` of them and one for the overflow.
///
/// Twice: in an index for those who count, and in a list for those who read, who share it as it was
/// and keep no lock; it is copied if it changes meanwhile. A new series is left for the list to take
/// up. All locks are held for a moment, never while cells are added up. So nobody waits for a reader,
/// and a cached handle comes here not at all. Who takes more than one lock takes them in the order
/// list, bound, index by its parts, fresh.
#[derive(Debug)]
pub(crate) struct SeriesMap<T, F> {
    listed: Mutex<Arc<Listed<F>>>,
    /// Locked by whoever changes which series there are.
    bound: Mutex<Bound<T>>,
    /// By the hash of the values: threads that look up different series share no lock's word.
    index: Box<[Part<T>]>,
    /// Made since the list was last read; pushed while the bound is locked.
    fresh: Mutex<Vec<(Place, F)>>,
    /// 0 while there are none of them; changes while they are locked.
    has_fresh: AtomicU32,
}

/// Two cache lines, as the processor fetches them in pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Part<T>(RwLock<ByValues<Shared<T>>>);

#[derive(Debug)]
struct Bound<T> {
    limit: usize,
    /// How many series there are in the index.
    len: usize,
    overflow: Option<Shared<T>>,
}

/// How many parts the index of a metric with labels has.
const PARTS: usize = if cfg!(kairos_loom) { 2 } else { 8 };

/// Where a series stands in the list: by its values, the overflow last.
type Place = (bool, Owned);

/// What readers need: of each series, in the order of the values, and of the metric.
#[derive(Clone, Debug)]
pub(crate) struct Listed<F> {
    faces: BTreeMap<Place, F>,
    pub(super) description: Arc<Description>,
}

impl<T, F: Clone> SeriesMap<T, F> {
    /// With an index for lookups by many threads if the series are `told_apart` by labels.
    pub(crate) fn new(
        limit: usize,
        told_apart: bool,
        description: Arc<Description>,
    ) -> SeriesMap<T, F> {
        let parts = if told_apart { PARTS } else { 1 };
        SeriesMap {
            listed: Mutex::new(Arc::new(Listed { faces: BTreeMap::new(), description })),
            bound: Mutex::new(Bound { limit, len: 0, overflow: None }),
            index: (0..parts).map(|_| Part(RwLock::new(ByValues::default()))).collect(),
            fresh: Mutex::new(Vec::new()),
            has_fresh: AtomicU32::new(0),
        }
    }

    /// Changes the bound; series that exist stay.
    pub(super) fn set_limit(&self, limit: usize) {
        self.bound.lock().limit = limit;
    }

    /// The part of the index in which these values are.
    #[inline]
    fn part(&self, sought: &Sought<'_>) -> &RwLock<ByValues<Shared<T>>> {
        &self.index[self.part_at(sought)].0
    }

    #[inline]
    fn part_at(&self, sought: &Sought<'_>) -> usize {
        // There is a power of two of them.
        sought.part() & (self.index.len() - 1)
    }

    /// The series of these values, if there is one. Whoever looks one up shares the lock.
    #[inline]
    pub(crate) fn find(&self, sought: &Sought<'_>) -> Option<Shared<T>> {
        self.part(sought).read().get(sought).map(Shared::clone)
    }

    /// The series of these values, made if it is new and the bound allows, else the overflow's.
    ///
    /// `make` gets the values that the series is exposed with, and gives its face for the list. Nobody
    /// who looks up what there is waits for it.
    pub(crate) fn find_or_make(
        &self,
        values: &[&str],
        make: impl FnOnce(&[String]) -> (T, F),
    ) -> Shared<T> {
        let find = || Sought::with(values, |sought| self.find(sought));
        if let Some(found) = find() {
            return found;
        }
        let is_overflow = !values.is_empty() && values.iter().all(|value| *value == OVERFLOW);
        let mut bound = self.bound.lock();
        if let Some(found) = find() {
            return found;
        }
        let into_overflow = is_overflow || bound.len >= bound.limit;
        if into_overflow && let Some(overflow) = &bound.overflow {
            return Shared::clone(overflow);
        }
        let owned = if into_overflow {
            Owned::of(&vec![OVERFLOW; values.len()])
        } else {
            Owned::of(values)
        };
        let (series, face) = make(&owned);
        let series = Shared::new(series);
        if into_overflow {
            bound.overflow = Some(Shared::clone(&series));
        } else {
            bound.len += 1;
            self.insert(owned.clone(), Shared::clone(&series));
        }
        let mut fresh = self.fresh.lock();
        fresh.push(((into_overflow, owned), face));
        // Relaxed: who is to see the series was told of it, which orders this; the lock publishes it.
        // Model: a_reader_is_shown_what_there_is_whoever_makes_and_removes_series.
        self.has_fresh.store(1, Ordering::Relaxed);
        drop(fresh);
        series
    }

    fn insert(&self, values: Owned, series: Shared<T>) {
        let part = values.sought(|sought| self.part(sought));
        part.write().insert(values, series);
    }

    /// Takes the series of these values out; its handles go on counting, no longer exposed.
    pub(crate) fn remove(&self, values: &[&str]) -> Option<Shared<T>> {
        let mut listed = self.listed.lock();
        let mut bound = self.bound.lock();
        let (values, series) =
            Sought::with(values, |sought| self.part(sought).write().remove(sought))?;
        bound.len -= 1;
        // With the bound locked, or a series of these values that is made next would be taken out.
        let faces = self.take_up(&mut listed);
        drop(bound);
        // Dropped after the locks.
        let _face = faces.faces.remove(&(false, values));
        drop(listed);
        Some(series)
    }

    /// Takes out every series that is `idle` by its `activity`, that nobody holds a handle to and that
    /// is `still` idle then. A series whose handles are gone has counted all that it will unless it is
    /// looked up again, which needs the index.
    ///
    /// `still` runs under the locks: what it may have to wait for is had from `reader`, before them.
    pub(crate) fn expire<A, R>(
        &self,
        activity: impl Fn(&F) -> A,
        mut idle: impl FnMut(&mut F, A) -> bool,
        reader: impl Fn() -> R,
        mut still: impl FnMut(&mut R, &mut T, &F) -> bool,
    ) -> usize {
        let seen = self.list();
        let expiring = seen.faces.iter().filter(|((is_overflow, _), _)| !is_overflow);
        let active: Vec<(Place, A)> =
            expiring.map(|(place, face)| (place.clone(), activity(face))).collect();
        // Or what follows would change a copy.
        drop(seen);
        let mut listed = self.listed.lock();
        let faces = Arc::make_mut(&mut listed);
        let mut candidates = Vec::new();
        for (place, activity) in active {
            // It may have been taken out.
            if faces.faces.get_mut(&place).is_some_and(|face| idle(face, activity)) {
                candidates.push(place);
            }
        }
        drop(listed);
        let mut expired = Vec::new();
        for place in candidates {
            let mut reader = reader();
            let mut listed = self.listed.lock();
            let mut bound = self.bound.lock();
            let Some(face) = listed.faces.get(&place) else { continue };
            let series = place.1.sought(|sought| {
                let mut part = self.part(sought).write();
                // `get_mut` proves that this is the only reference, and orders the last holder's counts
                // before it; a bare reference count would not.
                let series = Shared::get_mut(part.get_mut(sought)?)?;
                if still(&mut reader, series, face) { part.remove(sought) } else { None }
            });
            if series.is_some() {
                bound.len -= 1;
                drop(bound);
                // What is taken out is dropped after the locks.
                expired.push((series, Arc::make_mut(&mut listed).faces.remove(&place)));
            }
        }
        expired.len()
    }

    /// The list, with all series that there are.
    pub(crate) fn list(&self) -> Arc<Listed<F>> {
        let mut listed = self.listed.lock();
        // Relaxed: as where it is set; who set it back had the list, which has what was fresh by then.
        if self.has_fresh.load(Ordering::Relaxed) != 0 {
            self.take_up(&mut listed);
        }
        Arc::clone(&listed)
    }

    /// The list to be changed, with all series that there are; a copy where readers share it.
    fn take_up<'a>(&self, listed: &'a mut Arc<Listed<F>>) -> &'a mut Listed<F> {
        let faces = Arc::make_mut(listed);
        let mut fresh = self.fresh.lock();
        faces.faces.extend(fresh.drain(..));
        // Relaxed: as where it is set.
        self.has_fresh.store(0, Ordering::Relaxed);
        drop(fresh);
        faces
    }

    pub(crate) fn len(&self) -> usize {
        let bound = self.bound.lock();
        bound.len + usize::from(bound.overflow.is_some())
    }

    /// Runs `work` on all series, while none is made or read.
    #[cfg(feature = "facade")]
    pub(super) fn with_all(&self, work: impl FnOnce(&mut Listed<F>)) {
        let mut listed = self.listed.lock();
        let _bound = self.bound.lock();
        work(self.take_up(&mut listed));
    }

    /// Gives the values new places: for each the old one, or none for a label that is new and empty,
    /// so that the series stay the same. `work` runs on all of them before any is looked up. O(series).
    #[cfg(feature = "facade")]
    pub(super) fn relabel(&self, from: &[Option<usize>], work: impl FnOnce(&mut Listed<F>)) {
        let mut listed = self.listed.lock();
        let _bound = self.bound.lock();
        let mut parts: Vec<_> = self.index.iter().map(|Part(part)| part.write()).collect();
        let listed = self.take_up(&mut listed);
        let all: Vec<_> = parts.iter_mut().flat_map(|part| part.drain()).collect();
        for (values, series) in all {
            let values = values.placed(from, "");
            let at = values.sought(|sought| self.part_at(sought));
            parts[at].insert(values, series);
        }
        let faces = std::mem::take(&mut listed.faces).into_iter();
        let placed = faces.map(|((is_overflow, values), face)| {
            let empty = if is_overflow { OVERFLOW } else { "" };
            ((is_overflow, values.placed(from, empty)), face)
        });
        listed.faces = placed.collect();
        work(listed);
    }

    /// Whether this is the overflow's series.
    #[cfg(feature = "facade")]
    pub(super) fn is_overflow(&self, series: &Shared<T>) -> bool {
        self.bound.lock().overflow.as_ref().is_some_and(|known| Shared::ptr_eq(known, series))
    }
}

impl<F> Listed<F> {
    /// The series with their values, in the order of the values, the overflow last.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[String], &F)> {
        self.faces.iter().map(|((_, values), face)| (&**values, face))
    }

    /// The same, to be changed.
    #[cfg(feature = "facade")]
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&[String], &mut F)> {
        self.faces.iter_mut().map(|((_, values), face)| (&**values, face))
    }
}
