// The totals in a peer's own exposition, against which a race is checked.
// Never knows: who counted, or how often.
// Read next: `race.rs`, which checks.

use std::sync::LazyLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use prometheus_client::registry::{Metric, Registry};

/// The number of the sample that is called `name`, which ends with its labels if it has some.
///
/// # Panics
/// When there is no such sample, or its value is no whole number.
pub fn sample(text: &str, name: &str) -> u64 {
    let values = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let values: Vec<&str> = values.collect();
    let [value] = values[..] else { panic!("{name} occurs {} times in {text}", values.len()) };
    value.parse().unwrap_or_else(|_| panic!("{name} is {value:?}, which is no whole number"))
}

/// The recorder of the `metrics` facade's own exporter; handles are cached by the callers.
pub static EXPORTER: LazyLock<PrometheusRecorder> =
    LazyLock::new(|| PrometheusBuilder::new().build_recorder());

/// The metadata that the facade's macros give of their call site.
pub const METADATA: metrics::Metadata<'static> =
    metrics::Metadata::new("bench", metrics::Level::INFO, None);

/// A `metrics` handle of its exporter.
pub fn exporter_counter(name: String) -> metrics::Counter {
    metrics::Recorder::register_counter(&*EXPORTER, &metrics::Key::from_name(name), &METADATA)
}

/// A `metrics` histogram of its exporter. Its values pile up until [`exporter_upkeep`] is called.
pub fn exporter_histogram(name: &'static str) -> metrics::Histogram {
    let key = metrics::Key::from_static_name(name);
    metrics::Recorder::register_histogram(&*EXPORTER, &key, &METADATA)
}

/// Drains what histograms recorded, as the exporter's upkeep thread would do.
pub fn exporter_upkeep() {
    EXPORTER.handle().run_upkeep();
}

/// The exporter's current exposition.
pub fn exporter_text() -> String {
    EXPORTER.handle().render()
}

/// A registry of prometheus-client with one metric more.
pub fn registered(mut registry: Registry, name: &str, metric: impl Metric) -> Registry {
    registry.register(name, "M", metric);
    registry
}

/// The current exposition of a registry of prometheus-client.
pub fn client_text(registry: &Registry) -> String {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, registry).expect("a string takes it");
    text
}
