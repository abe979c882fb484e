//! Claim: an allocator that counts through the facade waits for no lock that its own thread has.
// Never knows: what is allocated when.
// Read next: `allocator.rs`; `../src/sync.rs`, on marks; `../src/recorder/kept.rs`.
#![cfg(all(feature = "facade", not(kairos_loom)))]
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::mpsc::channel;
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use kairos_metrics::{Counter, Matcher, Precision, Recorder, Registry, Value};

thread_local! {
    static COUNTING: Cell<bool> = const { Cell::new(false) };
    /// How often this thread asked the allocator while it counted.
    static CALLS: Cell<u64> = const { Cell::new(0) };
    /// Whether each call also raises a counter and drops the last handle of another one.
    static DROPPING: Cell<bool> = const { Cell::new(false) };
}

/// What such calls raise to their number.
static HIGHEST: OnceLock<metrics::Counter> = OnceLock::new();

/// Handles that are each the last one of a counter.
static LAST: Mutex<Vec<Counter>> = Mutex::new(Vec::new());

struct Counting;

/// Counts by a class of the size, so that any call may be the first with its key.
fn note(size: usize) {
    if !COUNTING.get() {
        return;
    }
    CALLS.set(CALLS.get() + 1);
    match size.max(1).ilog2() {
        0..=3 => metrics::counter!("allocations", "class" => "tiny"),
        4 => metrics::counter!("allocations", "class" => "16"),
        5 => metrics::counter!("allocations", "class" => "32"),
        6 => metrics::counter!("allocations", "class" => "64"),
        7 => metrics::counter!("allocations", "class" => "128"),
        8..=10 => metrics::counter!("allocations", "class" => "large"),
        _ => metrics::counter!("allocations", "class" => "huge"),
    }
    .increment(1);
    metrics::histogram!("allocated_bytes").record(size as f64);
    if let (Some(highest), true) = (HIGHEST.get(), DROPPING.get()) {
        highest.absolute(CALLS.get());
        let last = LAST.try_lock().ok().and_then(|mut last| last.pop());
        drop(last);
    }
}

// SAFETY: every call is the system allocator's, with the same arguments; what is done beside it does
// not touch the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller's promise is the system allocator's requirement.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        // SAFETY: as above.
        unsafe { System.realloc(place, layout, size) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        note(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What waits for itself waits for ever; given up after this, it is a failure.
const PATIENCE: Duration = Duration::from_secs(20);

fn counting<R>(work: impl FnOnce() -> R) -> R {
    COUNTING.set(true);
    let result = work();
    COUNTING.set(false);
    result
}

/// Does `work` in a thread whose allocator counts, in registries that it has not counted in yet.
#[track_caller]
fn check(name: &str, work: fn(&Registry, &Recorder)) {
    let (done, told) = channel();
    thread::spawn(move || {
        let registry = Registry::new();
        let recorder = Recorder::builder(&registry)
            .expire_idle(Matcher::Prefix(String::new()), Duration::ZERO)
            .build()
            .unwrap();
        for n in 0..100 {
            registry.counter(&format!("plain_{n}"), "Plain").unwrap().inc();
        }
        let family = registry.counter_family("family", "Family", ["n"]).unwrap();
        let wait = registry.histogram("wait", "Waiting", Precision::one_digit()).unwrap();
        for n in 0..100_u64 {
            family.with([&n.to_string()]).inc();
            wait.record(n << 20);
        }
        metrics::with_local_recorder(&recorder, || {
            for n in 0..100 {
                metrics::counter!("a.b", "n" => n.to_string()).increment(1);
            }
            counting(|| work(&registry, &recorder));
        });
        let _ = done.send(());
    });
    assert!(told.recv_timeout(PATIENCE).is_ok(), "{name} waited for itself");
}

#[test]
fn an_allocator_that_counts_through_the_facade_waits_for_nothing() {
    check("a scrape", |registry, _| drop(registry.encode_prometheus()));
    check("another scrape", |registry, _| drop(registry.encode_openmetrics()));
    check("a snapshot", |registry, _| drop(registry.snapshot()));
    check("a registration", |registry, _| {
        for n in 0..40 {
            registry.counter(&format!("more_{n}"), "More").unwrap().inc();
            registry.histogram(&format!("wait_{n}"), "Wait", Precision::one_digit()).unwrap();
        }
    });
    check("a removal", |registry, _| {
        assert!((0..100).all(|n| registry.unregister(&format!("plain_{n}"))));
        assert!(registry.unregister("wait") && registry.unregister("family"));
    });
    check("a series", |registry, _| {
        let family = registry.gauge_family("levels", "Levels", ["n"]).unwrap();
        for n in ["a", "b", "c", "d", "e"] {
            family.with([n]).set(0);
            family.with([n]).set(0);
        }
        assert!(family.remove(["a"]));
        assert_eq!((family.expire_idle(Duration::ZERO), family.len()), (4, 0));
    });
    check("a page", |registry, _| {
        let part = registry.part([("part", "a")]);
        registry.attach(&part).unwrap();
        part.counter("hits", "Hits").unwrap().inc();
        assert!(registry.encode_prometheus().contains("hits_total{part=\"a\"} 1\n"));
        drop(part);
        assert!(!registry.encode_prometheus().contains("hits_total"));
    });
    check("a sweep", |_, recorder| {
        recorder.expire_idle();
        recorder.expire_idle();
    });
    check("a question", |_, recorder| {
        assert!(recorder.refused().is_empty() && !recorder.renamed().is_empty());
    });
    check("a description", |_, _| metrics::describe_counter!("a.b", "Described"));
    check("a key", |_, _| {
        for n in 0..200_u32 {
            metrics::counter!("hits", "n" => n.to_string()).increment(1);
            metrics::gauge!("level", "n" => n.to_string()).set(1.0);
        }
    });
    check("a name and a label", |registry, _| {
        metrics::counter!("a_b", "m" => "1").increment(1);
        assert!(registry.unregister("a_b"));
        metrics::counter!("a_b").increment(1);
        metrics::histogram!("a_b").record(1.0);
    });
    check("an end", |registry, _| {
        let family = registry.histogram_family("late", "Late", Precision::one_digit(), ["n"]);
        let family = family.unwrap();
        let count = || {
            COUNTING.set(true);
            (0..70).for_each(|n| family.with([&n.to_string()]).record(n));
        };
        thread::scope(|scope| scope.spawn(count).join().unwrap());
        assert_eq!(registry.snapshot().histogram("late").count(), 70);
    });
}

#[test]
fn what_an_allocator_counts_under_a_known_key_is_exact_also_while_its_thread_reads() {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry);
    let family = registry.counter_family("family", "Family", ["n"]).unwrap();
    (0..900).for_each(|n| family.with([&n.to_string()]).inc());
    metrics::with_local_recorder(&recorder, || {
        // Each key once; twice, since what makes the last one frees others.
        let sizes = [1, 16, 32, 64, 128, 512, 2_048].repeat(2);
        counting(|| sizes.iter().for_each(|size| note(*size)));
        let count = || {
            let snapshot = registry.snapshot();
            (snapshot.counter("allocations"), snapshot.histogram("allocated_bytes").count())
        };
        let (before, calls) = (count(), CALLS.get());
        let made = counting(|| {
            let text = registry.encode_openmetrics();
            registry.counter("another", "Another").unwrap().inc();
            (family.with(["new"]), text.len() + registry.snapshot().metrics().count())
        });
        assert_ne!(made.1, 0);
        let calls = CALLS.get() - calls;
        assert!(calls > 2_000, "{calls}");
        assert_eq!(count(), (before.0 + calls, before.1 + calls));
    });
}

#[test]
fn an_allocator_that_raises_a_counter_and_drops_handles_waits_for_no_reader() {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry);
    let highest = metrics::with_local_recorder(&recorder, || metrics::counter!("highest"));
    let (done, told) = channel();
    let reader = registry.clone();
    thread::spawn(move || {
        let family = reader.counter_family("family", "Family", ["n"]).unwrap();
        (0..500).for_each(|n| family.with([&n.to_string()]).inc());
        let passing = reader.counter_family("passing", "Passing", ["n"]).unwrap();
        let handles = (0..400).map(|n| passing.with([&n.to_string()])).collect();
        assert!(reader.unregister("passing"));
        drop(passing);
        *LAST.lock().unwrap() = handles;
        assert!(HIGHEST.set(highest).is_ok());
        DROPPING.set(true);
        counting(|| (drop(reader.snapshot()), drop(reader.encode_prometheus())));
        assert!(LAST.lock().unwrap().is_empty(), "all were dropped meanwhile");
        let _ = done.send(());
    });
    assert!(told.recv_timeout(PATIENCE).is_ok(), "a reader waited for itself");
    // The next value outside of a reader makes up for those that were not taken.
    let highest = HIGHEST.get().unwrap();
    highest.absolute(1 << 40);
    assert_eq!(registry.snapshot().value("highest", &[]), Some(&Value::Counter(1 << 40)));
    // Ids that came back meanwhile are used again, from zero.
    registry.counter("first", "First").unwrap();
    assert!(registry.unregister("first"));
    let again = registry.counter_family("again", "Again", ["n"]).unwrap();
    (0..400).for_each(|n| assert_eq!(again.with([&n.to_string()]).value(), 0));
}
