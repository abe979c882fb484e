// Every metric of a cache, by the name and help under which it is exposed.
// Never knows: when a metric moves.
// Read next: `mod.rs`, which moves them.

use std::array::from_fn;
use std::sync::Arc;

use kairos_metrics::{CounterFamily, Precision, Registry};

use super::Stats;
use crate::error::Error;
use crate::policy::{EventGraph, Reason, Strategy, Zone};
use crate::stats::accounts::Accounts;
use crate::stats::counts::{Baselines, Bounded, SCORES};
use crate::stats::event_counts::EventCounts;
use crate::stats::moves::Moves;
use crate::sync::{AtomicU32, Mutex};

/// How latencies are recorded.
pub(crate) struct Sampling {
    pub(crate) precision: Precision,
    /// 1 in this many served reads is timed.
    pub(crate) every: u32,
}

impl Stats {
    /// Registers every metric, and exposes them on `page` with the name of the cache, if it has one,
    /// for as long as the registry that comes with them is kept. Leaves nothing on the page when it fails.
    pub(crate) fn new(
        page: Registry,
        name: Option<&str>,
        sampling: &Sampling,
        graph: &EventGraph,
    ) -> Result<(Stats, Registry), Error> {
        let own = match name {
            Some(name) => page.part([("cache", name)]),
            None => page.part([]),
        };
        let stats = Stats::register(page, &own, sampling, graph);
        let attached = stats.and_then(|stats| stats.page.attach(&own).map(|()| (stats, own)));
        attached.map_err(|e| Error::Metrics(Arc::from(e.to_string())))
    }

    fn register(
        page: Registry,
        registry: &Registry,
        sampling: &Sampling,
        graph: &EventGraph,
    ) -> Result<Stats, kairos_metrics::Error> {
        let requests = requests(registry)?;
        let latency = registry.histogram_family(
            "kairos_cache_request_duration_seconds",
            "Time from a read's arrival to its answer",
            sampling.precision,
            ["strategy"],
        )?;
        let family = |name, help, label| registry.counter_family(name, help, [label]);
        let coalesced = family(
            "kairos_cache_coalesced_requests",
            "Reads answered by a compute that another caller's closure ran",
            "strategy",
        )?;
        let queued = family(
            "kairos_cache_queued_requests",
            "Reads that waited for the next compute because they could not join the running one",
            "strategy",
        )?;
        let computes =
            family("kairos_cache_computes", "Computes started, by what asked for them", "kind")?;
        let stored =
            family("kairos_cache_stored", "Results stored by reads, by Golden Hour zone", "zone")?;
        let refused = family(
            "kairos_cache_observations_refused",
            "Odds observations refused, by reason",
            "reason",
        )?;
        let over_bound = family(
            "kairos_cache_over_bound",
            "Matches without a state, tags that share a mark, reads and fills refused, words of feeds unheard, by what was full",
            "what",
        )?;
        let events = family("kairos_cache_events", "Events applied to a match", "event")?;
        let counter = |name, help| registry.counter(name, help);
        let preserved =
            counter("kairos_cache_event_markets_preserved", "Markets that an event left alone")?;
        Ok(Stats {
            reads: from_fn(|index| {
                let reason = Reason::ALL[index];
                SCORES.map(|score| requests.with([reason.strategy().name(), reason.name(), score]))
            }),
            latency: Strategy::ALL.map(|strategy| latency.with([strategy.name()])),
            sampling: AtomicU32::new(sampling.every),
            breaker_level: registry.gauge(
                "kairos_cache_breaker_level",
                "How far the panic breaker is open: 0 normal, 1 high volatility, 2 circuit open",
            )?,
            breaker_steps: counter(
                "kairos_cache_breaker_steps",
                "Steps of the breaker, up or down",
            )?,
            coalesced: Strategy::ALL.map(|strategy| coalesced.with([strategy.name()])),
            queued: Strategy::ALL.map(|strategy| queued.with([strategy.name()])),
            computes: ["miss", "bypass", "refresh"].map(|kind| computes.with([kind])),
            stored: Zone::ALL.map(|zone| stored.with([zone.name()])),
            refused: ["price", "too_old", "out_of_order", "in_future", "too_many_markets"]
                .map(|reason| refused.with([reason])),
            over_bound: Bounded::ALL.map(|what| over_bound.with([what.name()])),
            failed: counter(
                "kairos_cache_compute_failures",
                "Computes for reads that failed, panicked or timed out",
            )?,
            accounts: Accounts::new(registry)?,
            moves: Moves::new(registry)?,
            refreshed: counter(
                "kairos_cache_refreshes_succeeded",
                "Background refreshes that succeeded",
            )?,
            refresh_stored: counter(
                "kairos_cache_refreshes_stored",
                "Results stored by background refreshes",
            )?,
            refresh_failed: counter(
                "kairos_cache_refreshes_failed",
                "Background refreshes that failed",
            )?,
            refresh_skipped: counter(
                "kairos_cache_refreshes_skipped",
                "Background refreshes not started because too many were running",
            )?,
            evicted: counter("kairos_cache_evictions", "Live entries evicted to make room")?,
            events: EventCounts::new(events, preserved, graph),
            full: counter("kairos_cache_full_invalidations", "Invalidations of a match or of all")?,
            queued_computes: counter(
                "kairos_cache_computes_queued",
                "Computes that waited because too many were running",
            )?,
            refused_computes: counter(
                "kairos_cache_computes_refused",
                "Computes refused because the queue was full or the cache had shut down",
            )?,
            switched: counter("kairos_cache_switches", "Times the cache was switched on or off")?,
            reloaded: counter("kairos_cache_reloads", "Configurations taken at run time")?,
            markets_invalidated: counter(
                "kairos_cache_event_entries_died",
                "Live entries that died by an event",
            )?,
            baselines: Mutex::new(Baselines::default()),
            page,
        })
    }
}

fn requests(registry: &Registry) -> Result<CounterFamily<3>, kairos_metrics::Error> {
    registry.counter_family(
        "kairos_cache_requests",
        "Finished reads by strategy, reason and volatility",
        ["strategy", "reason", "volatility"],
    )
}
