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
    pub(super) pure: &'static str,
    /// A path, and the rooms that alone may name it; `room::mod` is the one file of that name.
    pub(super) fenced: &'static [(&'static str, &'static str)],
    /// A path, and the rooms that must not name it.
    pub(super) barred: &'static [(&'static str, &'static str)],
    /// Whether others use the crate: each public function is then shown in an example.
    pub(super) is_shown: bool,
}

pub(super) const PLANS: &[Plan] = &[
    Plan {
        package: "kairos-metrics",
        floors: &[(
            "",
            "model > recorder > registry > instrument > encode > snapshot > shard > buckets > names >
             clock > error > sync",
        )],
        pure: "",
        fenced: &[("loom", "sync"), ("std::sync::atomic", "sync")],
        barred: &[],
        is_shown: true,
    },
    Plan {
        package: "kairos-cache",
        floors: &[
            (
                "",
                "cache model > names > engine > stats > flight > config store > context >
                 matches receipt refused computed > runtime > contain > truth error > policy to_key > sync",
            ),
            ("engine", "read > compute > mod"),
        ],
        pure: "policy",
        fenced: &[
            ("loom", "sync"),
            ("std::sync::atomic", "sync"),
            ("moka", "store::mod"),
            ("tokio", "runtime cache::builder"),
        ],
        barred: &[("crate::sync", "cache")],
        is_shown: true,
    },
    Plan {
        package: "kairos-cli",
        floors: &[
            ("", "command > matchday columns > report > advice scenario > chance error"),
            ("command", "mod > matchday replay config pages > destination > args progress fingerprint >
                 engines"),
            ("advice", "mod > feed limits noise > observed wording"),
            ("columns", "mod > given probe > engine plain_ttl > exposure"),
            ("columns::engine", "mod > world > decisions tally > caller panics feeds > quote wall error"),
            ("matchday", "mod > day > crowd > timeline > news > fixture > prices shape hours"),
            (
                "report",
                "mod > rows > summary > operations text json > table > meta > run > exposures worst > spread
                 instant",
            ),
            ("scenario", "mod > load jsonl emit > csv fields > json op source strictness > names skipped"),
        ],
        pure: "",
        fenced: &[],
        // What the engine is measured against owes it nothing, and a replay asks no rule itself.
        barred: &[
            ("kairos_cache", "columns::plain_ttl columns::exposure"),
            ("kairos_cache::policy", "columns::engine"),
        ],
        is_shown: false,
    },
    Plan {
        package: "xtask",
        floors: &[
            ("", "check > bench frontier scrape tidy > tools > invocation target > failure"),
            ("bench", "mod > page check > figure > table > outcome machine"),
            ("frontier", "mod > figure > table > curve"),
            ("tidy", "mod > examples rooms text > house > layers tree > code"),
        ],
        pure: "",
        fenced: &[],
        barred: &[],
        is_shown: false,
    },
];

/// The struct whose fields are private.
pub(super) const CLOSED: &str = "Engine";

/// What loom cannot see: locks, tasks and atomics of others, and what std makes once.
pub(super) const OPAQUE: &str =
    "arc_swap crossbeam_channel crossbeam_epoch crossbeam_queue dashmap moka
    once_cell parking_lot std::sync::LazyLock std::sync::OnceLock tokio";

/// What of `std` is time, a thread, a task, a lock or the world outside.
pub(super) const IMPURE: &str = "std::env std::fs std::future std::io std::net std::process
    std::sync::LazyLock std::sync::Mutex std::sync::OnceLock std::sync::RwLock std::sync::atomic
    std::sync::mpsc std::task std::thread std::time::Instant std::time::SystemTime";

/// What a path may start with besides a module, a crate or a type.
pub(super) const PRIMITIVES: &str =
    "bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize";
