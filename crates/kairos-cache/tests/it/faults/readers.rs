// What a read must not do for others: run the destructors of entries that were displaced.
// Never knows: the insides of the cache.
// Read next: `drops.rs`.

use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use kairos_cache::{Cache, Context};

/// Tells which thread has dropped it.
struct Dropped(Arc<Mutex<Vec<ThreadId>>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.lock().expect("no panic").push(thread::current().id());
    }
}

#[test]
fn a_reader_drops_nothing_that_others_displaced() {
    let dropped: Arc<Mutex<Vec<ThreadId>>> = Arc::default();
    let cache: Cache<u32, Dropped> = Cache::builder().max_capacity(10).build().expect("in range");
    for key in 0..300 {
        cache.insert(&key, &Context::none(), Dropped(Arc::clone(&dropped))).expect("plain");
    }
    let reads = cache.clone();
    let reader = thread::spawn(move || {
        for key in 0..2000 {
            let _hit = reads.get(&(key % 300));
            let _hit = reads.peek(&(key % 300));
        }
    });
    let id = reader.thread().id();
    reader.join().expect("no panic");
    let by_reader = dropped.lock().expect("no panic").iter().filter(|by| **by == id).count();
    assert_eq!(by_reader, 0);
    cache.run_pending_tasks();
}
