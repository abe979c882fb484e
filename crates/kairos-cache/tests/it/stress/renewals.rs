// A live key that several threads store anew, beside computes, fills and invalidations of it.
// Never knows: which of them takes a flight.
// Read next: `staleness.rs`, the promise of an invalidation.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use kairos_cache::{Cache, Context};

const WRITERS: u64 = 3;
const ROUNDS: u64 = 3_000;

/// What a writer stores in a round: each of its own stands in order.
fn value(writer: u64, round: u64) -> (u64, u64) {
    (writer, round)
}

#[test]
fn what_one_thread_stores_never_goes_back() {
    let cache: Cache<u8, (u64, u64)> = Cache::builder().build().expect("the defaults");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let cache = &cache;
                scope.spawn(move || {
                    for round in 1..=ROUNDS {
                        let none = Context::none();
                        let stored = match round % 7 {
                            0 => {
                                cache.begin(&1, &none).map(|fill| fill.insert(value(writer, round)))
                            }
                            _ => cache.insert(&1, &none, value(writer, round)),
                        };
                        stored.expect("room for a flight");
                        if round % 11 == 0 {
                            cache.invalidate(&1);
                        }
                    }
                })
            })
            .collect();
        let reading = scope.spawn(|| {
            let mut newest = [0; WRITERS as usize];
            // Relaxed: a sign to stop.
            while !done.load(Ordering::Relaxed) {
                if let Some(hit) = cache.peek(&1) {
                    let (writer, round) = *hit;
                    let newest = &mut newest[usize::try_from(writer).expect("few")];
                    assert!(round >= *newest, "writer {writer}: {round} after {newest}");
                    *newest = round;
                }
            }
        });
        for writer in writers {
            writer.join().expect("no writer panics");
        }
        done.store(true, Ordering::Relaxed); // Relaxed: as above.
        reading.join().expect("nothing goes back");
    });
    assert!(cache.insert(&1, &Context::none(), value(0, 0)).expect("room"));
    assert_eq!(cache.get(&1).map(|hit| *hit), Some(value(0, 0)));
    assert!(cache.invalidate(&1) && cache.get(&1).is_none());
}
