// Models of the published time: its order, its questions, and how the ticker parks and is woken.
// Never knows: where readings come from.

use std::sync::Arc;

use kairos_cache::model::{Coarse, Steps, reading};
use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use loom::thread;

/// More than the distance at which a precise reading publishes itself.
const FAR: u64 = 100_000;

/// A published time, and the clock that is read for it. A count of the processor is the same number.
struct Time {
    coarse: Coarse,
    clock: AtomicU64,
}

impl Time {
    fn new() -> Arc<Time> {
        Arc::new(Time { coarse: Coarse::new(), clock: AtomicU64::new(0) })
    }

    /// The same after a first hit.
    fn begun() -> Arc<Time> {
        let time = Time::new();
        time.hit(|| {});
        time
    }

    /// A reading, and a count from before it. Each is far enough from the last to be published by whoever
    /// reads.
    fn read(&self) -> (u64, u64) {
        // AcqRel: what was read earlier is smaller, on whichever thread.
        let count = self.clock.fetch_add(FAR, Ordering::AcqRel) + FAR;
        (reading(count), count)
    }

    fn tick(&self, asks: bool) -> bool {
        let (reading, count) = self.read();
        self.coarse.tick(reading, count, asks).is_parked()
    }

    /// A hit that takes what is published, or reads; `wakes` the ticker where it parks.
    fn hit(&self, wakes: impl FnOnce()) -> u64 {
        let seen = self.coarse.seen();
        if seen.is_known() { seen.reading() } else { self.hit_that_reads(wakes) }
    }

    fn hit_that_reads(&self, wakes: impl FnOnce()) -> u64 {
        let (reading, count) = self.read();
        let (now, has_to_wake) = self.coarse.publish(reading, count, true);
        if has_to_wake {
            wakes();
        }
        now
    }
}

#[test]
fn a_published_time_is_no_older_than_its_stamp() {
    loom::model(|| {
        let time = Time::begun();
        let others = [false, true].map(|ticks| {
            let time = Arc::clone(&time);
            thread::spawn(move || {
                if ticks {
                    time.tick(false);
                    time.tick(true);
                } else {
                    time.hit_that_reads(|| {});
                }
            })
        });
        let stamp = time.coarse.stamp();
        assert!(time.coarse.seen().reading() >= reading(stamp), "it seems newer than it is");
        for other in others {
            other.join().unwrap();
        }
    });
}

/// Two hits of a thread, of which the first reads, beside another who has read and publishes late. Either
/// is the main thread: loom does not try every load that may be stale both ways.
fn the_hits_of_a_thread_see_no_time_go_back(other: impl Fn(&Time) + Copy + Send + Sync + 'static) {
    let hits = |time: &Time| {
        let first = time.hit_that_reads(|| {});
        let second = time.hit(|| {});
        assert!(first <= second, "{first} {second}");
    };
    beside(hits, other);
    beside(other, hits);
}

fn beside(
    main: impl Fn(&Time) + Send + Sync + 'static,
    other: impl Fn(&Time) + Copy + Send + Sync + 'static,
) {
    loom::model(move || {
        let time = Time::begun();
        let beside = {
            let time = Arc::clone(&time);
            thread::spawn(move || other(&time))
        };
        main(&time);
        beside.join().unwrap();
    });
}

#[test]
fn the_time_never_goes_back_beside_a_hit_that_publishes_late() {
    the_hits_of_a_thread_see_no_time_go_back(|time| {
        time.hit_that_reads(|| {});
    });
}

#[test]
fn the_time_never_goes_back_beside_a_tick_that_publishes_late() {
    the_hits_of_a_thread_see_no_time_go_back(|time| {
        time.tick(false);
    });
}

#[test]
fn the_time_never_goes_back_beside_questions() {
    the_hits_of_a_thread_see_no_time_go_back(|time| {
        time.tick(true);
        time.tick(true);
    });
}

/// The ticker asks twice, and parks unless it is answered. Whoever reads from then on wakes it: it does
/// not park beside a word that hits take for the time.
#[test]
fn a_ticker_that_parks_is_woken_by_the_hit_that_publishes_next() {
    loom::model(|| {
        let time = Time::begun();
        let passed = Arc::new(AtomicBool::new(false));
        let ticker = {
            let (time, passed) = (Arc::clone(&time), Arc::clone(&passed));
            thread::spawn(move || {
                time.tick(true);
                if time.tick(true) {
                    while time.coarse.seen().is_parked() {
                        thread::park();
                    }
                }
                passed.store(true, Ordering::Release);
            })
        };
        // A precise reading that is no hit's, and may have seen the word before the question.
        let late = {
            let time = Arc::clone(&time);
            thread::spawn(move || time.coarse.follow(time.read().0))
        };
        loop {
            time.hit(|| ticker.thread().unpark());
            if passed.load(Ordering::Acquire) {
                break;
            }
            thread::yield_now();
        }
        ticker.join().unwrap();
        late.join().unwrap();
    });
}

/// Of hits that find the ticker parked one publishes, and that one wakes it.
#[test]
fn of_two_hits_that_find_the_ticker_parked_one_wakes_it() {
    loom::model(|| {
        let time = Time::new();
        let woken = Arc::new(AtomicU64::new(0));
        let hit = {
            let (time, woken) = (Arc::clone(&time), Arc::clone(&woken));
            move || {
                // Relaxed: counted, and read after the threads have ended.
                time.hit(|| {
                    woken.fetch_add(1, Ordering::Relaxed);
                });
            }
        };
        let other = thread::spawn(hit.clone());
        hit();
        other.join().unwrap();
        assert_eq!(woken.load(Ordering::Relaxed), 1, "Relaxed: as above");
        assert!(time.coarse.seen().is_known());
    });
}

#[test]
fn a_published_time_from_beyond_a_step_finds_it_counted() {
    loom::model(|| {
        let time = Time::begun();
        let steps = Arc::new(Steps::new(0));
        let before = time.coarse.seen().reading();
        let hit = {
            let (time, steps) = (Arc::clone(&time), Arc::clone(&steps));
            thread::spawn(move || {
                if time.coarse.seen().reading() > before {
                    assert_eq!(steps.version().current(), 1, "a deadline from before it is in use");
                    assert_eq!(
                        steps.wall_at(0),
                        1_000_000_000,
                        "nor is the wall clock's old reading"
                    );
                }
            })
        };
        // The main thread ticks: the other way round loom does not try every load that may be stale.
        steps.note(1_000_000_000);
        time.tick(false);
        hit.join().unwrap();
    });
}
