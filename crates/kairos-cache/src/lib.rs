//! Kairos: an in-process cache that knows the moment.
//!
//! It knows how long it is until kickoff ([`Zone`], the TTL as a function of now), whether the
//! market is panicking ([`Volatility`], the bypass), and what has just happened (events, tags,
//! invalidation). It serves stale values while it revalidates them, runs one compute per key
//! however many callers wait, and returns with every answer its reason ([`Receipt`]).
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! use kairos_cache::{Cache, Context, Reason};
//!
//! let cache: Cache<String, f64> = Cache::builder().max_capacity(10_000).build()?;
//! let match_ = cache.scope("12345");
//! let context = Context::new(&match_).market("btts");
//!
//! let hit = cache.get_or_compute("12345:btts", &context, || async { Ok::<_, std::io::Error>(0.61) }).await?;
//! assert_eq!(hit.receipt().reason, Reason::Miss);
//! assert_eq!(cache.get("12345:btts").map(|hit| *hit), Some(0.61));
//!
//! cache.invalidate_event(&match_, "goalkeeper_change")?;
//! assert!(cache.get("12345:btts").is_none());
//! # Ok::<_, kairos_cache::Error>(()) }).unwrap();
//! ```
//!
//! The guide, in `docs/guide/` of the repository, has a page each on concepts, keys and contexts, reads,
//! failures, events, feeds and thresholds, the 34 keys, testing, runtimes and shutdown.
//!
//! # Features
//!
//! | feature | gives | brings |
//! |---|---|---|
//! | `serde` (default) | `Serialize` for receipts, hits, answers, notices, the outcome of an event, activity, sizes, the 34 keys, names and configuration, and `Deserialize` for all of them but hits, answers and notices | humantime-serde |
//! | `toml` (default) | a configuration as TOML: `Config::{from_toml, to_toml, from_file, read_event_graph}`, `Preset::to_toml`; turns `serde` on | toml and its parser |
//! | `hdrhistogram` (default) | `Cache::latency`, as a histogram of the HDR tools | hdrhistogram, byteorder, num-traits |
//!
//! Without default features the cache does the same; it is configured by [`Builder`], and its latencies
//! are read from [`Cache::registry`]. No feature changes what a read costs. serde itself is built in any
//! case, since kairos-metrics writes snapshots with it.
//!
//! What has a name ([`Strategy`], [`Reason`], [`Source`], [`Zone`], [`Volatility`], [`BreakerLevel`],
//! [`TradingStatus`], [`Category`], and in a configuration [`Preset`], [`ZoneName`] and [`EvaluateAt`]) is the same
//! word everywhere: in `name()`, `Display`, `FromStr`, serde, the labels of metrics and the decisions of
//! `kairos replay`. [`UnknownName`] lists the words that are allowed. Strategies, zones, statuses, levels
//! and categories are complete, since the 34 keys and the metrics are laid out by them; reasons, sources
//! and moments may become more, as may the fields of what the cache returns.
//!
//! # Words
//!
//! - **match**: a football match, named by a string; in code a [`Scope`], the handle on it.
//! - **market**: a market of the event graph, to which values belong, as `btts`.
//! - **odds market**: a stream of prices of a match, by any name; it has a window of samples.
//! - **class**: the entries of one match that share market and tags; they die by one exchange.
//! - **mark**: the newest kill and expiry of one thing: a class, a tag, everything.
//! - **kill**, **expiry**: what an invalidation does, and its soft form: what a kill covers is gone,
//!   what an expiry covers is stale at once. Each takes a number from the sequence.
//! - **stamp**: the sum of counts of changes, taken before a decision, by which it is known to stand.
//! - **sighting**: an entry seen in its slot, with the slot's version and a stamp.
//! - **vouched**: a fresh value with its sighting and the instant up to which the clock changes nothing.
//! - **near**, **remembered**: kept by a thread of what it was served, and served to it again.
//! - **capture**: what a compute saw of sequence and generation before it started.
//! - **slot**: a key's place in the store, with a version; it dies once.
//! - **row**: a key with its hash and its slot, as the store keeps it and readers share it.
//! - **entry**: a stored value with its capture and what the rules need to know of it.
//! - **shelf**: what finds and keeps a key's slot; moka in the engine, a lock in the models.
//! - **moment**: the clock's reading, the rules and the breaker's level, taken once per operation.
//! - **reading**: what one look at a key has found, and the verdict of the rules on it.
//! - **flight**: a key's computes: at most one runs and one is pending.
//! - **claim**: a key and its flight, held by what waits for a compute, runs it or fills the key.
//! - **run**: one compute as its waiters see it; a **crew** is the computes of one task.
//! - **permit**: a place among background refreshes.
//! - **gate**: the limit on concurrent computes, with a bounded queue.
//! - **turn**: a compute's place behind the gate, given back once.
//! - **place**: the match and market that a value belongs to; a **home** adds its class.
//! - **displaced**: what has left the cache under a lock and is dropped under none.
//! - **sweep**: removing dead entries from the store, after the operation that killed them.
//! - **reclaim**: forgetting matches and tags that nothing needs, when their tables are full.
//! - **notice**: a report to subscribers of something that happened in the cache.

// Loom runs this crate with the primitives of its shim; tests may use any.
#![cfg_attr(not(test), deny(clippy::disallowed_types))]

mod cache;
mod computed;
mod config;
mod contain;
mod context;
mod engine;
mod error;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
mod flight;
#[cfg(doctest)]
mod guide;
mod matches;
mod names;
mod policy;
mod receipt;
mod refused;
mod runtime;
mod stats;
mod store;
mod sync;
mod to_key;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
mod truth;

pub use cache::{Builder, Cache, EventOutcome, Feed, Fill, blocking};
pub use computed::{Computed, Noted};
pub use config::{
    BoundsConfig, BreakerConfig, CacheConfig, ComputesConfig, Config, DriftConfig, EvaluateAt,
    EventsConfig, FailSafeConfig, FeedConfig, GoldenHourConfig, MetricsConfig, NearConfig, Preset,
    SwrConfig, VolatilityConfig, XFetchConfig, ZoneConfig, ZoneName,
};
pub use context::Context;
pub use engine::Pinned;
pub use equivalent::Equivalent;
pub use error::{Error, ErrorKind, ObservationError};
pub use matches::{Scope, TradingStatus};
pub use names::UnknownName;
pub use policy::{
    BreakerLevel, DriftBound, DriftMeasure, EventGraph, EventId, FeedStatus, GraphError, MarketId,
    MarketName, Reason, Strategy, Volatility, Zone,
};
pub use receipt::{Answer, Guard, Hit, Receipt, Source};
pub use refused::Refused;
pub use runtime::{BoxFuture, Clock, ManualClock, Runtime, Sim, Task};
pub use stats::{Activity, Category, Notice, Sizes, StatsSnapshot, Subscription};
pub use to_key::{Key, Parts, ToKey, Value};

/// The concurrent types, for the models that check them.
#[cfg(kairos_loom)]
#[doc(hidden)]
pub mod model {
    pub use crate::flight::{Admission, Arrival, Gate, Pass};
    pub use crate::flight::{
        After, Flight, Join, Kind, Launch, Launchable, Offered, Refresh, Run, Seat, Ticket,
    };
    pub use crate::flight::{Drain, Permit, Permits, Underway};
    pub use crate::matches::{
        FeedState, Judged, Marks, Move, Prices, Quote, Renew, Turned, Watched,
    };
    pub use crate::matches::{Given, Published, ScopeState};
    pub use crate::policy::{DriftRule, FeedRule, MatchFacts, Moved, Watch};
    pub use crate::runtime::{Coarse, Seen, reading};
    pub use crate::runtime::{SecondHand, Steps, ToCome};
    pub use crate::stats::{Heard, Listener, Ring};
    pub use crate::store::Displaced;
    pub use crate::truth::{
        Admitted, Capture, Class, Fate, Finding, Glance, Held, Invalidations, Keep, KeyMarks, Mark,
        Renewed, Row, Sequence, Shelf, Sighting, Slot, Stamp, TagMark, Tags, Version, View,
        conclude, is_unchanged, renew,
    };
}

/// The programs on the first page of the repository.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct FirstPage;
