//! Claim: nobody who looks up, registers, removes or drops waits for a reader, wherever it is.
// Never knows: which locks there are.
// Read next: `held.rs`, on counts; `../src/instrument/view.rs`, `../src/instrument/series.rs`.
//
// A reader halts while it asks the allocator for room in the middle of a family, in the middle of a
// page. It has all the locks then that a reader ever has.
#![cfg(all(feature = "facade", not(kairos_loom)))]
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::mpsc::channel;
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use kairos_metrics::{Matcher, Precision, Recorder, Registry};
use metrics::{counter, describe_histogram, gauge, histogram, with_local_recorder};

thread_local! {
    /// Whether this thread halts at its next request for [`HALTING`] bytes or more.
    static HALTS: Cell<bool> = const { Cell::new(false) };
}

/// More than anything but a text that has grown, or a label value of this length.
const HALTING: usize = 5_000;

/// Passed by a reader and by the test when the reader halts, and again when it goes on.
static HALT: Barrier = Barrier::new(2);

/// There is one place to halt at.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

struct Halting;

fn note(size: usize) {
    if size >= HALTING && HALTS.replace(false) {
        HALT.wait();
        HALT.wait();
    }
}

// SAFETY: every call is the system allocator's, with the same arguments; what is done beside it does
// not touch the memory.
unsafe impl GlobalAlloc for Halting {
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
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Halting = Halting;

/// What waits for the reader waits for ever; given up after this, it is a failure.
const PATIENCE: Duration = Duration::from_secs(20);

type Read = fn(&Registry) -> String;

const READS: [Read; 3] = [Registry::encode_prometheus, Registry::encode_openmetrics, |registry| {
    format!("{:?}", registry.snapshot().counter("a.b"))
}];

/// Does `work` while another thread halts in the middle of the family `middle` of the page; returns
/// what that one read.
#[track_caller]
fn while_reading(page: &Registry, read: Read, work: impl FnOnce() + Send + 'static) -> String {
    let alone = ONE_AT_A_TIME.lock().unwrap();
    let page = page.clone();
    let reader = thread::spawn(move || {
        HALTS.set(true);
        read(&page)
    });
    HALT.wait();
    let (done, told) = channel();
    thread::spawn(move || {
        work();
        let _ = done.send(());
    });
    let in_time = told.recv_timeout(PATIENCE).is_ok();
    HALT.wait();
    let text = reader.join().unwrap();
    drop(alone);
    assert!(in_time, "somebody waited for a reader");
    text
}

/// A family of three series in a registry of three metrics; the reader halts at the second series.
fn family(registry: &Registry) -> kairos_metrics::CounterFamily<1> {
    registry.counter("first", "First").unwrap();
    let family = registry.counter_family("middle", "Middle", ["n"]).unwrap();
    for value in ["a", &"b".repeat(HALTING), "c"] {
        family.with([value]).inc();
    }
    registry.counter("second", "Last by name").unwrap();
    family
}

#[test]
fn a_lookup_in_a_family_waits_for_no_reader_of_the_registry() {
    for read in READS {
        let registry = Registry::new();
        let family = family(&registry);
        let histograms =
            registry.histogram_family("wait", "Wait", Precision::one_digit(), ["n"]).unwrap();
        let (counting, other) = (family.clone(), registry.clone());
        while_reading(&registry, read, move || {
            counting.with(["a"]).inc();
            counting.with(["new"]).inc();
            counting.set_limit(4);
            counting.with(["beyond"]).inc();
            histograms.with(["new"]).record(1);
            assert_eq!((counting.len(), histograms.len()), (5, 1));
            assert!(counting.remove(["c"]));
            other.counter("other", "Other").unwrap().inc();
            other.gauge_family("level", "Level", ["n"]).unwrap().with(["a"]).set(1);
            assert!(other.unregister("other") && other.unregister("second"));
            assert!(other.unregister("wait"));
        });
        assert_eq!(family.len(), 4);
        let text = registry.encode_prometheus();
        assert!(text.contains("middle_total{n=\"a\"} 2\n"), "{text}");
        assert!(text.contains("middle_total{n=\"new\"} 1\nmiddle_total{n=\"_overflow_\"} 1\n"));
        assert!(!text.contains("wait") && !text.contains("n=\"c\""), "{text}");
    }
}

/// A recorder of whose names the reader halts in `a.b`.
fn recorder(registry: &Registry) -> Recorder {
    let recorder = Recorder::builder(registry)
        .expire_idle(Matcher::Prefix("level".to_owned()), Duration::ZERO)
        .build()
        .unwrap();
    with_local_recorder(&recorder, || {
        counter!("a.b", "n" => "a").increment(1);
        counter!("a.b", "n" => "b".repeat(HALTING)).increment(1);
        gauge!("level", "n" => "a").set(1.0);
        histogram!("z").record(1.0);
    });
    recorder
}

#[test]
fn a_lookup_through_the_facade_waits_for_no_reader() {
    let works: [(fn(), &str); 7] = [
        (|| counter!("a.b", "n" => "a").increment(2), "a_b_total{n=\"a\"} 3\n"),
        (|| counter!("a.b", "n" => "c").increment(2), "a_b_total{n=\"c\"} 2\n"),
        (|| counter!("new", "n" => "a").increment(2), "new_total{n=\"a\"} 2\n"),
        // A label more for the metric that is read, and its name for another one.
        (|| counter!("a.b", "m" => "a").increment(2), "a_b_total{m=\"a\",n=\"\"} 2\n"),
        (|| counter!("a_b").increment(2), "a_b_total 2\n"),
        (|| gauge!("level", "n" => "a").set(2.0), "level{n=\"a\"} 2.0\n"),
        (
            || {
                describe_histogram!("z", "Described");
                histogram!("z", "n" => "a").record(1.0);
            },
            "# HELP z Described\n",
        ),
    ];
    for read in READS {
        for (work, line) in works {
            let registry = Registry::new();
            let recorder = recorder(&registry);
            let counting = recorder.clone();
            let text = while_reading(&registry, read, move || with_local_recorder(&counting, work));
            let headers: Vec<_> = text.lines().filter(|line| line.starts_with("# TYPE")).collect();
            let names: std::collections::BTreeSet<_> = headers.iter().collect();
            assert_eq!(names.len(), headers.len(), "a name was read twice: {headers:?}");
            let text = registry.encode_prometheus();
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}

#[test]
fn a_lookup_waits_for_no_reader_also_where_a_sweep_or_a_drop_does_something_beside_it() {
    for read in READS {
        let registry = Registry::new();
        let (recorder, family) = (recorder(&registry), family(&registry));
        let (counting, sweeping, other) = (recorder.clone(), recorder, registry.clone());
        while_reading(&registry, read, move || {
            // What is unregistered is dropped by the next lookup, whose thread gives the ids back.
            assert!(other.unregister("z") && other.unregister("level"));
            let (begins, begun) = channel();
            let swept = family.clone();
            // Sweeps read: they wait for the series at which the reader is, and others not for them.
            thread::spawn(move || {
                begins.send(()).unwrap();
                sweeping.expire_idle() + swept.expire_idle(Duration::ZERO)
            });
            begun.recv().unwrap();
            for n in 0..1_000_u32 {
                family.with(["a"]).inc();
                family.with([&n.to_string()]);
                with_local_recorder(&counting, || {
                    counter!("a.b", "n" => "a").increment(1);
                    counter!("c", "n" => n.to_string()).increment(1);
                    histogram!("z").record(1.0);
                    gauge!("level", "n" => n.to_string()).set(1.0);
                });
            }
        });
        assert_eq!(registry.snapshot().counter("c"), 1_000);
        assert_eq!(registry.snapshot().histogram("z").count(), 1_000);
    }
}
