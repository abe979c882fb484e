// A compute before it starts and after it has ended: the work, its home, what it came to.
// Never knows: tasks, timers, or who waits.
// Read next: `../engine/compute/running.rs`, which runs it.

use std::future::ready;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use crate::computed::Computed;
use crate::error::Error;
use crate::flight::{Flight, Launchable};
use crate::matches::Place;
use crate::policy::ZoneTtl;
use crate::sync::{AtomicBool, Mutex, Ordering};
use crate::truth::{Capture, Class, Invalidations};

pub(crate) type Found<V> = Result<Computed<V>, Error>;

/// How a value is found.
pub(crate) struct Work<V> {
    begin: Begin<V>,
    /// The work blocks its thread until its future is ready, which is at the first poll.
    pub(crate) may_block: bool,
}

enum Begin<V> {
    Own(Box<dyn FnOnce(Option<Arc<V>>) -> Finding<V> + Send>),
    /// That of a reader who may offer it once more.
    Offered(Arc<Offer<V>>),
}

type Finding<V> = Pin<Box<dyn Future<Output = Found<V>> + Send>>;

impl<V: Send + 'static> Work<V> {
    pub(crate) fn future<Fut>(begin: impl FnOnce(Option<Arc<V>>) -> Fut + Send + 'static) -> Work<V>
    where
        V: Sync,
        Fut: Future<Output = Found<V>> + Send + 'static,
    {
        Work::boxed(move |previous| Box::pin(begin(previous)))
    }

    /// Work whose future is boxed already.
    pub(crate) fn boxed(
        begin: impl FnOnce(Option<Arc<V>>) -> Finding<V> + Send + 'static,
    ) -> Work<V> {
        Work { begin: Begin::Own(Box::new(begin)), may_block: false }
    }

    pub(crate) fn blocking(
        find: impl FnOnce(Option<Arc<V>>) -> Found<V> + Send + 'static,
    ) -> Work<V> {
        let begin = Begin::Own(Box::new(move |previous| Box::pin(ready(find(previous)))));
        Work { begin, may_block: true }
    }
}

impl<V> Work<V> {
    /// Begins, given the live value that the compute would replace.
    pub(crate) fn begin(mut self, previous: Option<Arc<V>>) -> Finding<V> {
        loop {
            match self.begin {
                Begin::Own(begin) => return begin(previous),
                Begin::Offered(offer) => {
                    let work = offer.work.lock().take();
                    self = work
                        .expect("whoever led a compute has its result, and offers nothing again");
                }
            }
        }
    }
}

/// A compute that has not started: the work, and where its result belongs.
pub(crate) struct Job<V> {
    pub(crate) work: Work<V>,
    pub(crate) home: Home,
}

impl<V> Job<V> {
    pub(crate) fn new(work: Work<V>, home: Home) -> Job<V> {
        Job { work, home }
    }
}

/// A reader's closure, offered to one flight after the other until one of them runs it.
pub(crate) struct Offer<V> {
    work: Mutex<Option<Work<V>>>,
    may_block: bool,
}

impl<V> Offer<V> {
    pub(crate) fn new(work: Work<V>) -> Arc<Offer<V>> {
        let may_block = work.may_block;
        Arc::new(Offer { work: Mutex::new(Some(work)), may_block })
    }

    pub(crate) fn work(self: &Arc<Self>) -> Work<V> {
        Work { begin: Begin::Offered(Arc::clone(self)), may_block: self.may_block }
    }
}

/// Where a value belongs.
#[derive(Clone)]
pub(crate) struct Home {
    pub(crate) place: Place,
    pub(crate) class: Arc<Class>,
    pub(crate) invalidations: Arc<Invalidations>,
}

impl Home {
    pub(crate) fn capture(&self) -> Capture {
        self.invalidations.capture(&self.class)
    }
}

impl<V> Launchable for Job<V> {
    fn capture(&self) -> Capture {
        self.home.capture()
    }
}

/// The outcome of a compute, for all of its waiters.
pub(crate) struct Done<V> {
    pub(crate) outcome: Result<Arc<V>, Error>,
    /// Zone and TTL when the compute finished, before any cap.
    pub(crate) zone: ZoneTtl,
    /// Where the value belongs; `None` if this answers every waiter.
    pub(crate) place: Option<Place>,
    /// The number that the compute captured, if tags that it has found are covered by a later one: a
    /// read that has seen a later one may have arrived after what covers it.
    pub(crate) covered: Option<u64>,
}

impl<V> Done<V> {
    /// The end of a compute, or of a wait for it, by an error.
    pub(crate) fn failed(error: Error, zone: ZoneTtl, place: Option<Place>) -> Done<V> {
        Done { outcome: Err(error), zone, place, covered: None }
    }

    /// Whether this answers a read of this place, which had seen this number of the sequence when it
    /// joined. A read that names another match than the compute did would not be served the value from
    /// the store either; nor would one that arrived after an invalidation of a tag that nobody knew the
    /// result would carry.
    pub(crate) fn answers(&self, read: &Place, seen: u64) -> bool {
        let is_for = match (&self.place, &read.scope) {
            (Some(own), Some(named)) => own.is_within(named),
            _ => true,
        };
        is_for && self.covered.is_none_or(|captured| seen <= captured)
    }
}

impl<V> Clone for Done<V> {
    fn clone(&self) -> Self {
        let (outcome, place) = (self.outcome.clone(), self.place.clone());
        Done { outcome, zone: self.zone, place, covered: self.covered }
    }
}

/// A launched compute of a key.
pub(crate) type KeyLaunch<V> = super::Launch<Job<V>, Done<V>>;

/// The computes of one key of a cache.
pub(crate) struct KeyFlight<V> {
    flight: Flight<Job<V>, Done<V>>,
    is_sound: bool,
    counted: AtomicBool,
}

impl<V: Send + 'static> KeyFlight<V> {
    /// An idle flight, counted among the flights of its cache. The key of an unsound one equals
    /// neither itself nor its clone: nobody would find what is stored for it.
    pub(super) fn new(is_sound: bool) -> KeyFlight<V> {
        KeyFlight { flight: Flight::new(), is_sound, counted: AtomicBool::new(true) }
    }

    /// Whether results of the key may be stored.
    pub(crate) fn is_sound(&self) -> bool {
        self.is_sound
    }

    /// Whether the flight is still counted.
    pub(super) fn is_counted(&self) -> bool {
        // Relaxed: as in `uncount`.
        self.counted.load(Ordering::Relaxed)
    }

    /// Takes the flight out of the count. Returns whether this call did.
    pub(super) fn uncount(&self) -> bool {
        // Relaxed: it only decides which caller counts down.
        self.counted.swap(false, Ordering::Relaxed)
    }
}

impl<V> Deref for KeyFlight<V> {
    type Target = Flight<Job<V>, Done<V>>;

    fn deref(&self) -> &Self::Target {
        &self.flight
    }
}

/// How a reader came to the compute that answered it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Joined {
    /// The compute ran the reader's own closure.
    pub(crate) led: bool,
    /// The compute had not started when the reader arrived behind another.
    pub(crate) queued: bool,
}
