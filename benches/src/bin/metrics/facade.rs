//! Contestants that count through the `metrics` facade as its macros do: the key is looked up each time.
//! Never knows: targets.
//! Read next: `counters.rs`, which counts through handles that are kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kairos_metrics::{Recorder, Registry};
use metrics::{Key, Label, Recorder as _};

use crate::counters::{EXPORTER, METADATA};
use crate::race::Contestant;

static LABELS: [Label; 2] =
    [Label::from_static_parts("path", "/"), Label::from_static_parts("status", "200")];

/// What `counter!("hits", "path" => "/", "status" => "200").increment(1)` does: the macro makes a
/// static of the key and asks the recorder for a handle.
pub(crate) fn lookup() -> Vec<Contestant> {
    static KEY: Key = Key::from_static_parts("hits", &LABELS);
    let registry = Registry::new();
    let recorder = Recorder::new(&registry);
    let exporter_total = Arc::new(AtomicU64::new(0));
    let exporter_done = Arc::clone(&exporter_total);
    vec![
        Contestant::new(
            "kairos",
            move |n| {
                for _ in 0..n {
                    recorder.register_counter(&KEY, &METADATA).increment(1);
                }
            },
            move || registry.snapshot().counter("hits"),
        )
        .slow(64),
        Contestant::new(
            "metrics exporter",
            move |n| {
                for _ in 0..n {
                    EXPORTER.register_counter(&KEY, &METADATA).increment(1);
                }
                // Relaxed: read after the threads are joined.
                exporter_done.fetch_add(n, Ordering::Relaxed);
            },
            // Relaxed: as above. The exporter tells its totals only as text.
            move || exporter_total.load(Ordering::Relaxed),
        )
        .slow(64),
    ]
}
