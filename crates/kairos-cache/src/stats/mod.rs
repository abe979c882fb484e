// The only recorder: outcomes become counts here, each counted once.
// Never knows: why an outcome came about.
// Read next: `keys.rs`, which derives the 34 keys from these counts.
// Why: `docs/decisions/0006-reads-are-counted-by-reason-and-volatility.md`.

use kairos_metrics::{Counter, Gauge, Histogram, HistogramSnapshot, Registry, Skip};

use crate::error::ObservationError;
use crate::flight::Kind;
use crate::policy::{BreakerLevel, EventId, Reason, Scored, Signal, Strategy, Volatility, Zone};
use crate::sync::{AtomicU32, Mutex, Ordering};
use accounts::Accounts;
use counts::{Baselines, Counts, SCORES};
use event_counts::EventCounts;
use moves::Moves;

mod accounts;
mod counts;
mod event_counts;
mod keys;
mod moves;
mod notices;
mod register;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
mod ring;

pub use counts::{Activity, Category, Sizes};
pub(crate) use counts::{Bounded, Discarded};
pub use keys::StatsSnapshot;
pub(crate) use notices::Notices;
pub use notices::{Notice, Subscription};
pub(crate) use register::Sampling;
#[cfg(kairos_loom)]
pub use ring::{Heard, Listener, Ring};

/// Counters and histograms of one cache. Recording is a plain add in the thread's own cells.
pub(crate) struct Stats {
    /// Where the metrics are exposed.
    page: Registry,
    /// One cell for each reason and score: every total of reads is a sum over these.
    reads: [[Counter; SCORES.len()]; Reason::ALL.len()],
    latency: [Histogram; Strategy::ALL.len()],
    /// 1 in this many served reads is timed.
    sampling: AtomicU32,
    breaker_level: Gauge,
    breaker_steps: Counter,
    coalesced: [Counter; Strategy::ALL.len()],
    queued: [Counter; Strategy::ALL.len()],
    computes: [Counter; 3],
    failed: Counter,
    accounts: Accounts,
    moves: Moves,
    refreshed: Counter,
    refresh_stored: Counter,
    refresh_failed: Counter,
    refresh_skipped: Counter,
    stored: [Counter; Zone::ALL.len()],
    evicted: Counter,
    events: EventCounts,
    full: Counter,
    queued_computes: Counter,
    refused_computes: Counter,
    switched: Counter,
    reloaded: Counter,
    markets_invalidated: Counter,
    refused: [Counter; 5],
    over_bound: [Counter; Bounded::ALL.len()],
    baselines: Mutex<Baselines>,
}

/// How the volatility of a read was scored: a column of the table of reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Score(u8);

impl Score {
    pub(crate) fn of(signal: Signal) -> Score {
        Score(match signal {
            Signal::Unscored => 0,
            Signal::Scored(Volatility::Normal, _) => 1,
            Signal::Scored(Volatility::Warning, _) => 2,
            Signal::Scored(Volatility::Panic, _) => 3,
        })
    }
}

fn kind_index(kind: Kind) -> usize {
    match kind {
        Kind::Miss => 0,
        Kind::Bypass => 1,
        Kind::Refresh => 2,
    }
}

impl Stats {
    /// The registry that exposes every metric of the cache.
    pub(crate) fn registry(&self) -> &Registry {
        &self.page
    }

    /// Counts a finished read. `took_ns` is called only if the read is timed: 1 in `sampling`
    /// served reads, every computed one.
    pub(crate) fn read(&self, reason: Reason, score: Score, took_ns: impl FnOnce() -> u64) {
        self.reads[reason as usize][usize::from(score.0)].inc();
        let strategy = reason.strategy();
        let latency = &self.latency[strategy as usize];
        let every = match strategy {
            // Relaxed: how densely to sample; nothing is published by it.
            Strategy::ServeFresh | Strategy::ServeStale => self.sampling.load(Ordering::Relaxed),
            Strategy::Compute | Strategy::Bypass => 1,
        };
        if let Some(weight) = latency.due(every) {
            latency.record_n(took_ns(), weight.into());
        }
    }

    /// How to count the calling thread's next read if it is served fresh and not timed; `None` if it may be
    /// timed.
    #[inline]
    pub(crate) fn skips_fresh(&self) -> Option<Skip> {
        // Relaxed: as in `read`.
        self.latency[Strategy::ServeFresh as usize].skip(self.sampling.load(Ordering::Relaxed))
    }

    /// Counts the time of a read that is served fresh as one that is not taken; not where it may be.
    #[inline]
    pub(crate) fn passes_fresh_over(&self) -> bool {
        // Relaxed: as in `read`.
        let every = self.sampling.load(Ordering::Relaxed);
        self.latency[Strategy::ServeFresh as usize].pass_over(every)
    }

    /// The counter of reads that are served fresh and scored like this.
    #[inline]
    pub(crate) fn fresh(&self, score: Score) -> &Counter {
        // A mask where the compiler would check a bound.
        &self.reads[Reason::Fresh as usize][usize::from(score.0) % SCORES.len()]
    }

    /// The weight of the time of a read that was served fresh, if it is to be recorded.
    pub(crate) fn times_fresh(&self) -> Option<u32> {
        // Relaxed: as in `read`.
        self.latency[Strategy::ServeFresh as usize].due(self.sampling.load(Ordering::Relaxed))
    }

    /// Records how long a read took that was served fresh.
    pub(crate) fn took_fresh(&self, took_ns: u64, weight: u32) {
        self.latency[Strategy::ServeFresh as usize].record_n(took_ns, weight.into());
    }

    /// Times 1 in `every` served reads from now on.
    pub(crate) fn sample_latency(&self, every: u32) {
        self.sampling.store(every, Ordering::Relaxed); // Relaxed: as in `read`.
    }

    /// Counts a step of the panic breaker to this level.
    pub(crate) fn breaker_level(&self, level: BreakerLevel) {
        self.breaker_steps.inc();
        self.breaker_level.set(level as i64);
    }

    /// Counts a finished read that waited for a compute: whether the read's own closure ran, and
    /// whether the compute had not started when the read arrived.
    pub(crate) fn joined(&self, strategy: Strategy, led: bool, queued: bool) {
        if !led {
            self.coalesced[strategy as usize].inc();
        }
        if queued {
            self.queued[strategy as usize].inc();
        }
    }

    /// Counts a compute that starts.
    pub(crate) fn compute_started(&self, kind: Kind) {
        self.computes[kind_index(kind)].inc();
    }

    /// Counts a compute that failed, panicked or timed out.
    pub(crate) fn compute_failed(&self, kind: Kind) {
        if kind == Kind::Refresh { &self.refresh_failed } else { &self.failed }.inc();
    }

    /// Counts a compute that found a value: the zone in which it was stored, or why it was not.
    pub(crate) fn compute_found(&self, kind: Kind, stored: Result<Zone, Discarded>) {
        match stored {
            Err(reason) => self.accounts.discarded(reason),
            Ok(zone) if kind != Kind::Refresh => self.stored[zone as usize].inc(),
            Ok(_) => self.refresh_stored.inc(),
        }
        if kind == Kind::Refresh {
            self.refreshed.inc();
        }
    }

    /// Counts a compute that found that there is no value.
    pub(crate) fn compute_found_nothing(&self, kind: Kind) {
        self.accounts.found_nothing();
        if kind == Kind::Refresh {
            self.refreshed.inc();
        }
    }

    /// The accounts of computes and of reads that wait.
    pub(crate) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Moves of prices, and turns of feeds.
    pub(crate) fn moves(&self) -> &Moves {
        &self.moves
    }

    /// Counts computes that wait for their turn.
    pub(crate) fn computes_queued(&self, computes: usize) {
        self.queued_computes.add(computes as u64);
    }

    /// Counts refused computes.
    pub(crate) fn computes_refused(&self, computes: usize) {
        self.refused_computes.add(computes as u64);
    }

    /// Counts a match, tag or flight for which there was no room.
    pub(crate) fn over_bound(&self, what: Bounded) {
        self.over_bound[what as usize].inc();
    }

    /// Counts a change of the switch.
    pub(crate) fn switched(&self) {
        self.switched.inc();
    }

    /// Counts a configuration that was applied at run time.
    pub(crate) fn reloaded(&self) {
        self.reloaded.inc();
    }

    /// Counts a refresh that was not started because too many were running.
    pub(crate) fn refresh_skipped(&self) {
        self.refresh_skipped.inc();
    }

    /// The counter of live entries that were evicted.
    pub(crate) fn evictions(&self) -> Counter {
        self.evicted.clone()
    }

    /// Counts an applied event.
    pub(crate) fn event(&self, event: EventId, died: u64) {
        self.events.count(event);
        self.markets_invalidated.add(died);
    }

    /// Counts an invalidation of a match or of everything.
    pub(crate) fn full_invalidation(&self) {
        self.full.inc();
    }

    /// Counts a refused observation.
    pub(crate) fn observation_refused(&self, refused: ObservationError) {
        let index = match refused {
            ObservationError::Price(_) => 0,
            ObservationError::TooOld => 1,
            ObservationError::OutOfOrder => 2,
            ObservationError::InFuture => 3,
            ObservationError::TooManyMarkets => 4,
        };
        self.refused[index].inc();
    }

    /// The latency of a strategy, since the cache was built.
    #[cfg(feature = "hdrhistogram")]
    pub(crate) fn latency(&self, strategy: Strategy) -> HistogramSnapshot {
        self.latency[strategy as usize].snapshot()
    }

    /// Reads scored so far, and those of them that met a panic.
    pub(crate) fn scored(&self) -> Scored {
        let column = |score: usize| self.reads.iter().map(|row| row[score].value()).sum::<u64>();
        let panics = column(3);
        Scored { reads: column(1) + column(2) + panics, panics }
    }

    /// Every cell, each read once.
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            reads: self.reads.each_ref().map(|row| row.each_ref().map(Counter::value)),
            stored: self.stored.each_ref().map(Counter::value),
            failed: self.failed.value(),
            refreshed: self.refreshed.value(),
            refresh_failed: self.refresh_failed.value(),
            events: self.events.sums(),
            full: self.full.value(),
            markets_invalidated: self.markets_invalidated.value(),
        }
    }

    /// Every strategy's latency, together.
    pub(crate) fn all_latency(&self) -> HistogramSnapshot {
        let [first, rest @ ..] = &self.latency;
        rest.iter().fold(first.snapshot(), |all, next| all.merge(&next.snapshot()))
    }

    /// Counts that the 34 keys do not show.
    pub(crate) fn activity(&self) -> Activity {
        let ([moves_soft, moves_hard], died_by_moves, feed_silences) = self.moves.values();
        Activity {
            coalesced_computes: self.coalesced[Strategy::Compute as usize].value(),
            coalesced_bypasses: self.coalesced[Strategy::Bypass as usize].value(),
            queued_bypasses: self.queued[Strategy::Bypass as usize].value(),
            computes_for_misses: self.computes[0].value(),
            computes_for_bypasses: self.computes[1].value(),
            computes_for_refreshes: self.computes[2].value(),
            computes_queued: self.queued_computes.value(),
            computes_refused: self.refused_computes.value(),
            refreshes_skipped: self.refresh_skipped.value(),
            breaker_steps: self.breaker_steps.value(),
            suspended_reads: self.reads[Reason::Suspended as usize]
                .iter()
                .map(Counter::value)
                .sum(),
            observations_refused: self.refused.iter().map(Counter::value).sum(),
            evictions: self.evicted.value(),
            matches_over_bound: self.over_bound[Bounded::Matches as usize].value(),
            tags_over_bound: self.over_bound[Bounded::Tags as usize].value(),
            flights_over_bound: self.over_bound[Bounded::Flights as usize].value(),
            feeds_over_bound: self.over_bound[Bounded::Feeds as usize].value(),
            moves_soft,
            moves_hard,
            died_by_moves,
            feed_silences,
        }
    }
}
