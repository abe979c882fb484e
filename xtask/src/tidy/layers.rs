//! Who may import whom: the tables behind the import rules, in one place.
//! Never knows: how an import is found in a file.
//! Read next: `imports.rs`, which applies them.

/// A crate and the crates of this workspace that it may name.
pub(crate) const CRATES: &[(&str, &[&str])] = &[
    ("kairos-metrics", &[]),
    ("kairos-cache", &["kairos-metrics"]),
    ("kairos-http", &["kairos-metrics", "kairos-cache"]),
    ("kairos-redis", &["kairos-metrics", "kairos-cache"]),
    ("kairos-cli", &["kairos-metrics", "kairos-cache", "kairos-http", "kairos-redis"]),
];

/// The modules of a crate from top to bottom: each may name only those that stand below it. `lib`
/// is the crate root, which stands above all of them and is in no list.
pub(crate) const LAYERS: &[(&str, &[&str])] = &[(
    "kairos-metrics",
    &[
        "model",
        "recorder",
        "measured",
        "info",
        "labels",
        "registry",
        "catalog",
        "family",
        "timer",
        "histogram",
        "gauge",
        "counter",
        "instrument",
        "encode",
        "series",
        "local",
        "fork",
        "core",
        "shard",
        "snapshot",
        "fraction",
        "hdr_log",
        "hdr",
        "sum",
        "tally",
        "cell",
        "buckets",
        "clock",
        "names",
        "error",
        "sync",
    ],
)];

/// Modules that argue about memory orderings: of their own crate they may name these and nothing
/// else, whatever stands below them.
pub(crate) const NARROW: &[(&str, &str, &[&str])] = &[];

/// Modules that loom runs: nothing in them may be opaque to it.
pub(crate) const MODELLED: &[(&str, &[&str])] =
    &[("kairos-metrics", &["core", "shard", "tally", "cell"])];

/// Crates whose locks, tasks and atomics loom cannot see.
pub(crate) const OPAQUE: &[&str] = &[
    "arc_swap",
    "crossbeam_channel",
    "crossbeam_epoch",
    "crossbeam_queue",
    "dashmap",
    "moka",
    "once_cell",
    "parking_lot",
    "tokio",
];

/// The crates whose primitives go through a shim, the module that is the shim.
pub(crate) const SHIMMED: &[&str] = &["kairos-metrics", "kairos-cache"];

/// The module that alone names loom and std's atomics and locks in a shimmed crate.
pub(crate) const SHIM: &str = "sync";

/// What any file may take from `std::sync`.
pub(crate) const SHARED_POINTERS: &[&str] = &["Arc", "Weak"];

/// What a file that loom does not run may take besides: loom has no `static` of its own.
pub(crate) const LAZY_STATICS: &[&str] = &["OnceLock", "LazyLock"];

/// A crate, the one module that may name a dependency, and that dependency.
pub(crate) const FENCED: &[(&str, &str, &str)] = &[("kairos-cache", "store", "moka")];

/// The pure module: of `std` it may name anything but these, of other crates nothing.
pub(crate) const PURE: (&str, &str) = ("kairos-cache", "policy");

/// What of `std` is time, a thread, a task or the world outside.
pub(crate) const IMPURE: &[&[&str]] = &[
    &["env"],
    &["fs"],
    &["future"],
    &["io"],
    &["net"],
    &["process"],
    &["task"],
    &["thread"],
    &["time", "Instant"],
    &["time", "SystemTime"],
    &["time", "*"],
];

/// Crates that a pure module could name without importing them.
pub(crate) const DEPENDENCIES: &[&str] = &[
    "arc_swap",
    "crossbeam_utils",
    "dashmap",
    "foldhash",
    "hdrhistogram",
    "indicatif",
    "loom",
    "moka",
    "parking_lot",
    "quanta",
    "serde",
    "serde_json",
    "thiserror",
    "tokio",
    "toml",
    "tracing",
];

/// Looks up a row by its first column.
pub(crate) fn row<T>(table: &[(&str, T)], key: &str) -> Option<T>
where
    T: Copy,
{
    table.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
}
