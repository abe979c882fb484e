// The effort of a read of many grows with the number of keys and not faster.
// Never knows: the insides of the cache.
// Read next: `decisions.rs`.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use kairos_cache::{Cache, Error, Sim};

use super::none;
use crate::stage::start;

/// A key that counts what is done with it.
#[derive(Debug, PartialOrd, Ord)]
struct Counted(u32);

static DONE: AtomicU64 = AtomicU64::new(0);

fn count() {
    DONE.fetch_add(1, Ordering::Relaxed); // Relaxed: one thread.
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        count();
        Counted(self.0)
    }
}

impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        count();
        self.0 == other.0
    }
}

impl Eq for Counted {}

impl Hash for Counted {
    fn hash<H: Hasher>(&self, state: &mut H) {
        count();
        self.0.hash(state);
    }
}

/// Reads so many missing keys in one call, and says how often a key was hashed, compared or cloned
/// and how often the read was polled.
fn effort_of(keys: u32) -> (u64, u32) {
    let sim = Sim::new(start());
    let cache: Cache<Counted, u32> =
        Cache::builder().sim(&sim).seed(1).max_capacity(100_000).build().expect("in range");
    let keys: Vec<Counted> = (0..keys).map(Counted).collect();
    let context = none();
    let before = DONE.load(Ordering::Relaxed); // Relaxed: one thread.
    let call = |keys: Vec<Counted>| async move {
        let found = keys.into_iter().map(|key| {
            let value = key.0;
            (key, value)
        });
        Ok::<HashMap<Counted, u32>, Error>(found.collect())
    };
    let mut read = Box::pin(cache.get_many(keys.iter().map(|key| (key, &context)), call));
    let woken = Arc::new(Woken(AtomicU64::new(0)));
    let waker = Arc::clone(&woken).into();
    let mut task = std::task::Context::from_waker(&waker);
    let mut polls = 0;
    let hits = loop {
        polls += 1;
        if let Poll::Ready(hits) = read.as_mut().poll(&mut task) {
            break hits;
        }
        sim.run_until_idle();
    };
    assert!(hits.into_iter().zip(&keys).all(|(hit, key)| *hit.expect("a value") == key.0));
    (DONE.load(Ordering::Relaxed) - before, polls) // Relaxed: one thread.
}

struct Woken(AtomicU64);

impl std::task::Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed); // Relaxed: one thread.
    }
}

#[test]
fn ten_thousand_keys_cost_about_ten_times_what_a_thousand_cost() {
    let ((few, polls_of_few), (many, polls_of_many)) = (effort_of(1_000), effort_of(10_000));
    assert!(many < few * 13, "{few} steps for 1000 keys, {many} for 10 000");
    assert!(polls_of_many < polls_of_few * 13, "{polls_of_few} polls, then {polls_of_many}");
}
