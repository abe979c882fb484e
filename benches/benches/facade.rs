//! How long a count through the `metrics` facade takes as its macros do it: the key is looked up each time.
// Never knows: how a race is run.
// Read next: `counters.rs`, which counts through handles that are kept.

use benches::exposition::{EXPORTER, METADATA, exporter_text, sample};
use benches::race::Contestant;
use benches::report::Report;
use kairos_metrics::{Recorder, Registry};
use metrics::{Key, Label, Recorder as _};

static LABELS: [Label; 2] =
    [Label::from_static_parts("path", "/"), Label::from_static_parts("status", "200")];

fn main() {
    let mut report = Report::from_args();
    report.race("facade, by key", lookup, &[]);
    report.judge();
}

/// What `counter!("hits", "path" => "/", "status" => "200").increment(1)` does: the macro makes a
/// static of the key and asks the recorder for a handle.
fn lookup() -> Vec<Contestant> {
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
