//! The stage of the cache's models: a source of truth, one key's place in the store, generations.
//! Never knows: which interleaving a model is about.
//! Read next: `../cache_publish.rs`, the first model played on it.
#![allow(dead_code, reason = "each file of models uses its part of the stage")]

pub(crate) mod match_;

use std::sync::Arc;

use kairos_cache::model::{Capture, Class, Held, KeyMarks, Mark, Replaced, Sequence, Slot};
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicU64, Ordering};

/// The present of a class, its tag and the whole cache, and a value outside of the cache.
pub(crate) struct World {
    pub(crate) sequence: Sequence,
    pub(crate) everything: Arc<Mark>,
    pub(crate) tag: Arc<Mark>,
    pub(crate) class: Arc<Class>,
    pub(crate) source: Source,
}

impl World {
    pub(crate) fn new() -> World {
        let tag = Arc::<Mark>::default();
        World {
            sequence: Sequence::new(),
            everything: Arc::default(),
            class: Arc::new(Class::new([Arc::clone(&tag)])),
            tag,
            source: Source::new(),
        }
    }

    pub(crate) fn capture(&self) -> Capture {
        Capture::take(&self.sequence, &self.everything, &self.class)
    }

    /// Kills the class, as a match does under its lock: returns how many entries died.
    pub(crate) fn kill_class(&self) -> u64 {
        self.class.kill(self.sequence.next())
    }
}

/// What computes read and what feeds change before they invalidate. Never orders anything.
pub(crate) struct Source(AtomicU64);

impl Source {
    pub(crate) fn new() -> Source {
        Source(AtomicU64::new(0))
    }

    pub(crate) fn read(&self) -> u64 {
        // Relaxed: the cache must carry the order, the source does not.
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn write(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed); // Relaxed: as in `read`.
    }

    /// Adds one and returns the new value.
    pub(crate) fn bump(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1 // Relaxed: as in `read`.
    }
}

/// Something that every thread of a model does before its part, so that loom tries each first.
///
/// loom looks for another order only where a thread's access depends on the last one to the same
/// word. A thread that looks at a word before it writes to it hides an earlier look of another.
pub(crate) struct Turn(AtomicU64);

impl Turn {
    pub(crate) fn new() -> Turn {
        Turn(AtomicU64::new(0))
    }

    pub(crate) fn take(&self) {
        self.0.fetch_add(1, Ordering::Relaxed); // Relaxed: it must order nothing.
    }
}

/// One key's place in the store: what moka does for it, as a lock around an option.
pub(crate) struct Shelf(Mutex<Option<Arc<Slot<u64>>>>);

impl Shelf {
    pub(crate) fn new() -> Shelf {
        Shelf(Mutex::new(None))
    }

    pub(crate) fn slot(&self) -> Option<Arc<Slot<u64>>> {
        self.0.lock().unwrap().clone()
    }

    /// Stores a value in the order in which the engine does; says whether it did.
    pub(crate) fn store(&self, value: u64, capture: &Capture, key: KeyMarks) -> bool {
        if key.killed > capture.seq() {
            return false;
        }
        let held = || Held { entry: Arc::new(value), capture: capture.clone() };
        let slot = match self.slot().map(|slot| (slot.replace(held()), slot)) {
            Some((Replaced::Yes, slot)) => slot,
            Some((Replaced::Covered, _)) => return false,
            Some((Replaced::Dead, _)) | None => {
                let Some(slot) = Slot::with_entry(held()).map(Arc::new) else { return false };
                *self.0.lock().unwrap() = Some(Arc::clone(&slot));
                slot
            }
        };
        if key.expired > capture.seq() {
            slot.expire(key.expired);
        }
        true
    }

    /// What a read finds, in the order in which the engine looks.
    pub(crate) fn serve(&self) -> Option<u64> {
        let (_, held) = self.slot()?.read()?;
        (!held.capture.is_killed()).then_some(*held.entry)
    }

    /// Ends the key's entry, as invalidation of a key does.
    pub(crate) fn remove(&self) {
        if let Some(slot) = self.slot() {
            slot.kill();
            *self.0.lock().unwrap() = None;
        }
    }
}
