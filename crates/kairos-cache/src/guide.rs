// The pages of the guide, whose programs run as tests of the documentation.
// Never knows: what is on a page.
// Read next: `docs/guide/README.md`.

#[doc = include_str!("../../../docs/guide/README.md")]
struct Index;

#[doc = include_str!("../../../docs/guide/concepts.md")]
struct Concepts;

#[doc = include_str!("../../../docs/guide/keys-and-contexts.md")]
struct KeysAndContexts;

#[doc = include_str!("../../../docs/guide/reads.md")]
struct Reads;

#[doc = include_str!("../../../docs/guide/failures.md")]
struct Failures;

#[cfg(feature = "toml")]
#[doc = include_str!("../../../docs/guide/events.md")]
struct Events;

#[doc = include_str!("../../../docs/guide/feeds-and-thresholds.md")]
struct FeedsAndThresholds;

#[doc = include_str!("../../../docs/guide/drift-and-feeds.md")]
struct DriftAndFeeds;

#[doc = include_str!("../../../docs/guide/numbers.md")]
struct Numbers;

#[doc = include_str!("../../../docs/guide/testing.md")]
struct Testing;

#[doc = include_str!("../../../docs/guide/runtimes.md")]
struct Runtimes;

#[doc = include_str!("../../../docs/guide/shutdown.md")]
struct Shutdown;
