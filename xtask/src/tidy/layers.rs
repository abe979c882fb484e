// Which room may name which: the tables behind the rules of the house, one plan a crate.
// Never knows: how a path is found in a file, or where it leads.
// Read next: `rooms.rs`, which applies them.

/// The order of a crate. A room is a folder or a file of its `src`; in a room, of that folder.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) package: &'static str,
    /// A room, empty for the whole crate, and what is in it from top to bottom: each names only what
    /// stands on a floor below its own. In a room's row `mod` are its files without a place.
    pub(super) floors: &'static [(&'static str, &'static str)],
    /// Rooms that name themselves and what of `std` is not [`IMPURE`], and nothing else.
    pub(super) pure: &'static [&'static str],
    /// Structs whose fields are private.
    pub(super) closed: &'static [&'static str],
    /// A path, and the rooms that alone may name it; `room::mod` is the one file of that name.
    pub(super) fenced: &'static [(&'static str, &'static [&'static str])],
    /// A room, and a path that it must not name.
    pub(super) barred: &'static [(&'static str, &'static str)],
    /// Rooms that are excused from being closed and whole: their files are open to the crate, or
    /// import each other in a circle, or name what loom cannot see, or hide parameters in tuples.
    pub(super) unsettled: &'static [&'static str],
}

const EMPTY: Plan = Plan {
    package: "",
    floors: &[],
    pure: &[],
    closed: &[],
    fenced: &[],
    barred: &[],
    unsettled: &[],
};

pub(super) const PLANS: &[Plan] = &[
    Plan {
        package: "kairos-metrics",
        floors: &[(
            "",
            "model > recorder > registry > instrument > encode > snapshot > shard > buckets > names >
             clock > error > sync",
        )],
        fenced: &[("loom", &["sync"]), ("std::sync::atomic", &["sync"])],
        ..EMPTY
    },
    Plan {
        package: "kairos-cache",
        floors: &[
            (
                "",
                "cache > engine > stats > flight > config store > context > matches receipt >
                 runtime contain > truth error > policy to_key > sync",
            ),
            ("engine", "read > compute > mod"),
        ],
        pure: &["policy"],
        closed: &["Engine"],
        fenced: &[
            ("loom", &["sync"]),
            ("std::sync::atomic", &["sync"]),
            ("moka", &["store::mod"]),
            ("tokio", &["runtime", "stats::notices", "flight::drain", "cache::builder"]),
        ],
        barred: &[("cache", "crate::sync"), ("policy", "crate::sync")],
        ..EMPTY
    },
    Plan {
        package: "kairos-cli",
        floors: &[
            ("", "command > matchday columns > report > scenario > chance error"),
            ("command", "mod > matchday replay config > args progress"),
            ("columns", "mod > engine plain_ttl > exposure"),
            ("columns::engine", "mod > world > decisions tally > caller > quote wall error"),
            ("matchday", "mod > day > crowd > timeline > news > fixture > prices shape hours"),
            ("report", "mod > rows > run operations text json > table > spread instant"),
            ("scenario", "mod > load jsonl emit > csv fields > json op source strictness > names"),
        ],
        // What the engine is measured against owes it nothing, and a replay asks no rule itself.
        barred: &[
            ("columns::plain_ttl", "kairos_cache"),
            ("columns::exposure", "kairos_cache"),
            ("columns::engine", "kairos_cache::policy"),
        ],
        ..EMPTY
    },
    Plan {
        package: "xtask",
        floors: &[
            ("", "check > bench scrape tidy > tools > invocation target > failure"),
            ("tidy", "mod > rooms shapes text words > house > layers tree > code > finding"),
        ],
        ..EMPTY
    },
];

/// What loom cannot see: locks, tasks and atomics of others, and what std makes once.
pub(super) const OPAQUE: &[&str] = &[
    "arc_swap",
    "crossbeam_channel",
    "crossbeam_epoch",
    "crossbeam_queue",
    "dashmap",
    "moka",
    "once_cell",
    "parking_lot",
    "std::sync::LazyLock",
    "std::sync::OnceLock",
    "tokio",
];

/// What of `std` is time, a thread, a task, a lock or the world outside.
pub(super) const IMPURE: &[&str] = &[
    "std::env",
    "std::fs",
    "std::future",
    "std::io",
    "std::net",
    "std::process",
    "std::sync::LazyLock",
    "std::sync::Mutex",
    "std::sync::OnceLock",
    "std::sync::RwLock",
    "std::sync::atomic",
    "std::sync::mpsc",
    "std::task",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];
