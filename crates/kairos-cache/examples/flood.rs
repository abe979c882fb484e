//! Floods one bounded part of a cache with made-up names, and says what was kept and how much memory it took.
//! Never knows: the insides of the cache. `cargo xtask flood` runs every flood in a process of its own.
//! Read next: `docs/operations.md`, which states the peaks.

#![expect(clippy::disallowed_methods, reason = "an example gives its matches a kickoff from now")]
#![expect(clippy::print_stdout, reason = "a command line talks to its user")]

use std::future::pending;
use std::io;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use kairos_cache::{Builder, Cache, Context, Runtime, Sim, Sizes};

type Flooded = Cache<u64, u64>;

const HOUR: Duration = Duration::from_secs(3600);

/// What one flood asked for, and whether the cache kept to its bounds.
struct Verdict {
    asked: String,
    kept: Sizes,
    holds: bool,
}

fn cache(configure: impl FnOnce(Builder<u64, u64>) -> Builder<u64, u64>) -> Flooded {
    configure(Cache::builder()).build().expect("in range")
}

fn insert(cache: &Flooded, key: u64, context: &Context) -> bool {
    cache.insert(&key, context, key).expect("a plain context, and few flights")
}

fn verdict(cache: &Flooded, asked: String, holds: impl FnOnce(Sizes) -> bool) -> Verdict {
    cache.run_pending_tasks();
    let kept = cache.sizes();
    Verdict { asked, kept, holds: holds(kept) }
}

fn keys() -> Verdict {
    let cache = cache(|builder| builder.max_capacity(100_000));
    let stored = (0..10_000_000).filter(|key| insert(&cache, *key, &Context::none())).count();
    let asked = format!("10 000 000 keys, {stored} stored, max_capacity 100 000");
    verdict(&cache, asked, |kept| kept.entries <= 100_000 && kept.flights == 0)
}

/// One entry for each match; what `keep` does with the handle decides whether it can be forgotten.
fn flood_matches(cache: &Flooded, mut keep: impl FnMut(kairos_cache::Scope)) {
    let kickoff = SystemTime::now() + HOUR;
    for i in 0..100_000 {
        let scope = cache.scope(&format!("match {i}"));
        let context = Context::new(&scope).market("btts").kickoff(kickoff);
        insert(cache, i, &context);
        drop(context);
        keep(scope);
    }
}

fn matches() -> Verdict {
    let cache = cache(|builder| builder.max_capacity(5_000));
    flood_matches(&cache, drop);
    let over = cache.activity().matches_over_bound;
    let asked = format!("100 000 matches that nobody keeps, {over} over the bound of 10 000");
    verdict(&cache, asked, |kept| kept.matches <= 10_000 && over == 0)
}

fn matches_held() -> Verdict {
    let cache = cache(|builder| builder.max_capacity(100_000));
    let mut held = Vec::new();
    flood_matches(&cache, |scope| held.push(scope));
    let over = cache.activity().matches_over_bound;
    let asked = format!("100 000 matches that are kept, {over} over the bound of 10 000");
    verdict(&cache, asked, |kept| {
        kept.matches == 10_000 && kept.entries == 10_000 && over == 90_000
    })
}

fn tags() -> Verdict {
    let cache = cache(|builder| builder.max_capacity(50_000));
    for i in 0..1_000_000 {
        insert(&cache, i, &Context::none().tag(&format!("tag {i}")));
    }
    let over = cache.activity().tags_over_bound;
    let asked = format!("1 000 000 tags on entries, {over} shared, bounds.tags 100 000");
    verdict(&cache, asked, |kept| kept.tags <= 100_000)
}

fn tags_held() -> Verdict {
    let cache = cache(|builder| builder.max_capacity(1_000_000));
    for i in 0..1_000_000 {
        insert(&cache, i, &Context::none().tag(&format!("tag {i}")));
    }
    let over = cache.activity().tags_over_bound;
    let asked = format!("1 000 000 tags on entries that stay, {over} shared, bounds.tags 100 000");
    verdict(&cache, asked, |kept| kept.tags == 100_000 && over == 900_000)
}

fn markets() -> Verdict {
    let cache = cache(|builder| builder);
    let (scope, now) = (cache.scope("match"), SystemTime::now());
    let refused = (0..1_000_000)
        .filter(|i| cache.observe_odds(&scope, &format!("market {i}"), 2.0, now).is_err())
        .count();
    let asked = format!("1 000 000 odds markets, {refused} refused, bounds.markets 64");
    verdict(&cache, asked, |_| refused == 1_000_000 - 64)
}

fn flights() -> Verdict {
    let cache = cache(|builder| builder);
    let fills: Vec<_> =
        (0..1_000_000u64).filter_map(|i| cache.begin(&i, &Context::none()).ok()).collect();
    let over = cache.activity().flights_over_bound;
    let asked = format!("1 000 000 fills at once, {over} refused, bounds.flights 100 000");
    let verdict = verdict(&cache, asked, |kept| kept.flights == 100_000 && over == 900_000);
    drop(fills);
    verdict
}

fn queue() -> Verdict {
    let sim = Sim::new(SystemTime::now());
    let cache = cache(|builder| builder.sim(&sim).max_concurrent_computes(16));
    for i in 0..1_000_000u64 {
        let cache = cache.clone();
        let _read = sim.spawn(Box::pin(async move {
            let compute = || pending::<Result<u64, io::Error>>();
            let _overloaded = cache.get_or_compute(&i, &Context::none(), compute).await;
        }));
        sim.run_until_idle();
    }
    let refused = cache.activity().computes_refused;
    let asked = format!("1 000 000 computes that never end, {refused} refused, queue 1 000");
    verdict(&cache, asked, |kept| kept.flights == 1_016 && refused == 1_000_000 - 1_016)
}

/// The most memory that this process ever held, in MiB.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1024)
}

type Flood = (&'static str, fn() -> Verdict);

const FLOODS: [Flood; 8] = [
    ("keys", keys),
    ("matches", matches),
    ("matches-held", matches_held),
    ("tags", tags),
    ("tags-held", tags_held),
    ("markets", markets),
    ("flights", flights),
    ("queue", queue),
];

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    let Some((name, flood)) = FLOODS.iter().find(|(known, _)| *known == name) else {
        let names = FLOODS.map(|(name, _)| name).join(", ");
        println!("usage: flood NAME, one of {names}");
        return ExitCode::from(2);
    };
    let Verdict { asked, kept, holds } = flood();
    let Sizes { entries, matches, tags, flights, .. } = kept;
    println!("{name}: {asked}");
    println!("  kept: {entries} entries, {matches} matches, {tags} tags, {flights} flights");
    match peak_mib() {
        Some(mib) => println!("  peak memory of the process: {mib} MiB"),
        None => println!("  peak memory of the process: not told by this system"),
    }
    println!("  {}", if holds { "holds" } else { "DOES NOT HOLD" });
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
