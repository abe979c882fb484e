//! Contestants that count through the `metrics` facade as its macros do: the key is looked up each time.
//! Never knows: targets.
//! Read next: `counters.rs`, which counts through handles that are kept.

use kairos_metrics::{Recorder, Registry};
use metrics::{Key, Label, Recorder as _};

use crate::exposition::{EXPORTER, METADATA, exporter_text, sample};
use crate::race::Contestant;

static LABELS: [Label; 2] =
    [Label::from_static_parts("path", "/"), Label::from_static_parts("status", "200")];

/// What `counter!("hits", "path" => "/", "status" => "200").increment(1)` does: the macro makes a
/// static of the key and asks the recorder for a handle.
pub(crate) fn lookup() -> Vec<Contestant> {
    static KEY: Key = Key::from_static_parts("hits", &LABELS);
    let registry = Registry::new();
    let recorder = Recorder::new(&registry);
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
            },
            move || sample(&exporter_text(), "hits{path=\"/\",status=\"200\"}"),
        )
        .slow(64),
    ]
}
