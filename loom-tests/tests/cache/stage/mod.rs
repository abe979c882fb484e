// The stage of the models: a match, a key of it with its place in the store, a value outside of the cache.
// Never knows: which interleaving a model is about.
//
// What loom cannot see is played. Two locks around an option play moka. A thread plays the task that
// tokio runs and the user's closure in it: whoever is handed a flight's next compute runs it, where
// the engine spawns it. A read is served what lives, where the engine asks rules and odds, which
// stand behind an arc-swap. What is asked and stored under a flight's lock is production code: the
// flight, `is_unchanged`, and `conclude`, which the engine's `Running` calls between the user's code
// and the counts.

mod memory;
mod place;
mod prices;
mod source;

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use foldhash::fast::FixedState;
use kairos_cache::model::{
    Capture, Class, Fate, Finding, Flight, Invalidations, Join, KeyMarks, Kind, Launch, Launchable,
    Refresh, ScopeState, Shelf, Stamp, Tags, Ticket, Version, View, conclude, is_unchanged,
};
use kairos_cache::{EventGraph, EventId, MarketId};
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread::{self, JoinHandle};

pub(crate) use memory::{Memory, Remember, StageRow};
pub(crate) use place::Place;
pub(crate) use prices::{FAR, NEAR, Prices, REFERENCE};
pub(crate) use source::{Source, Turn};

/// The tag of the market, which the event names too.
pub(crate) const TAG: &str = "goals";

/// One market with one tag, and one event that names it.
pub(crate) fn graph() -> Arc<EventGraph> {
    let graph = EventGraph::new([("btts", [TAG])], [("goal", [TAG])]);
    Arc::new(graph.expect("names that are unlike"))
}

/// Runs a model, on a new stage for each interleaving.
pub(crate) fn model(play: impl Fn(&Arc<World>) + Send + Sync + 'static) {
    let graph = graph();
    loom::model(move || play(&World::new(&graph)));
}

/// A match, one key of it, and a value outside of the cache.
pub(crate) struct World {
    pub(crate) invalidations: Invalidations,
    pub(crate) tags: Tags,
    pub(crate) scope: ScopeState,
    /// Of the wall clock, which makes none.
    pub(crate) steps: Arc<Version>,
    pub(crate) graph: Arc<EventGraph>,
    pub(crate) market: MarketId,
    pub(crate) event: EventId,
    pub(crate) prices: Prices,
    pub(crate) source: Source,
    pub(crate) place: Place,
    pub(crate) flight: KeyFlight,
    pub(crate) turn: Turn,
    /// The rules: whether anything is served.
    is_open: AtomicBool,
}

pub(crate) type KeyFlight = Flight<Compute, u64>;

/// A compute, which knows how to capture.
pub(crate) struct Compute(Arc<World>, Arc<Class>);

impl Launchable for Compute {
    fn capture(&self) -> Capture {
        self.0.invalidations.capture(&self.1)
    }
}

impl World {
    pub(crate) fn new(graph: &Arc<EventGraph>) -> Arc<World> {
        let invalidations = Invalidations::new();
        let scope = ScopeState::new("m", graph.market_count())
            .within(invalidations.all(), invalidations.everything());
        Arc::new(World {
            invalidations,
            tags: Tags::new(FixedState::default(), 1),
            scope,
            steps: Arc::default(),
            graph: Arc::clone(graph),
            market: graph.market("btts").expect("a market of the graph"),
            event: graph.event("goal").expect("an event of the graph"),
            prices: Prices::new(),
            source: Source::new(),
            place: Place::new(),
            flight: Flight::new(),
            turn: Turn::new(),
            is_open: AtomicBool::new(true),
        })
    }

    /// Plays a part beside the thread that calls this.
    pub(crate) fn beside<T: 'static>(
        self: &Arc<Self>,
        play: impl FnOnce(&Arc<World>) -> T + 'static,
    ) -> JoinHandle<T> {
        let world = Arc::clone(self);
        thread::spawn(move || play(&world))
    }

    /// The class of the market's entries.
    pub(crate) fn class(&self) -> Arc<Class> {
        let mark = |name: &str| self.tags.mark(name, 1).mark;
        self.scope.class(Some(self.market), &[], &self.graph, mark)
    }

    /// The present, as a compute that starts now captures it.
    pub(crate) fn capture(&self) -> Capture {
        self.invalidations.capture(&self.class())
    }

    pub(crate) fn is_barred(&self) -> bool {
        self.scope.is_suspended(Some(self.market))
    }

    /// Ends a compute at the key's place; says what became of its result.
    pub(crate) fn conclude(
        &self,
        finding: Finding<u64>,
        capture: &Capture,
        marks: KeyMarks,
    ) -> Fate {
        conclude(&self.place, finding, capture, marks, || self.is_barred())
    }

    /// Stores a result; says whether it did.
    pub(crate) fn store(&self, value: u64, capture: &Capture, marks: KeyMarks) -> bool {
        self.conclude(Finding::Value(Some(Arc::new(value))), capture, marks).stands()
    }

    /// Ends a fill, begun by this number, with a value computed elsewhere; says whether it stands.
    pub(crate) fn fill(&self, value: u64, begun: &(u64, Capture)) -> bool {
        self.fill_with(Finding::Value(Some(Arc::new(value))), begun)
    }

    /// Ends a fill, begun by this number, with what was found elsewhere; says whether it stands.
    pub(crate) fn fill_with(
        &self,
        finding: Finding<u64>,
        (began, capture): &(u64, Capture),
    ) -> bool {
        let stands = self.flight.publish(*began, |marks| {
            let fate = self.conclude(finding, capture, marks);
            (fate.stands(), fate.bars_older())
        });
        self.flight.unhold();
        stands
    }

    /// Captures, computes, stores.
    pub(crate) fn compute_and_store(&self, class: &Arc<Class>) -> bool {
        let capture = self.invalidations.capture(class);
        self.store(self.source.read(), &capture, KeyMarks::default())
    }

    /// The counts that vouch for a remembered read of the key, besides the match's.
    pub(crate) fn versions(&self) -> [&Version; 2] {
        [self.invalidations.changes(), self.invalidations.misses(self.place.hash())]
    }

    /// What a moment knows of the counts, before anything else of it.
    pub(crate) fn counted_across(&self) -> Stamp {
        Stamp::of([self.invalidations.changes()])
    }

    /// The rules of a moment.
    pub(crate) fn is_open(&self) -> bool {
        // Acquire: as a load of the configuration; pairs with the store in `close`.
        self.is_open.load(Ordering::Acquire)
    }

    /// Has nothing served from now on, as a reload does.
    pub(crate) fn close(&self) {
        // Release: as above.
        self.is_open.store(false, Ordering::Release);
        self.invalidations.changes().touch();
    }

    /// The entry that a read finds.
    pub(crate) fn look(&self) -> Option<View<u64>> {
        View::of(&*self.place.row()?)
    }

    /// The value that is stored and lives.
    pub(crate) fn alive(&self) -> Option<u64> {
        self.look().map(|view| **view.entry())
    }

    /// The value that is stored, lives, and has not expired.
    pub(crate) fn fresh(&self) -> Option<u64> {
        self.look().filter(|view| !view.is_expired()).map(|view| **view.entry())
    }

    /// What a read is served; nothing while the market is suspended.
    pub(crate) fn serve(&self) -> Option<u64> {
        self.alive().filter(|_| !self.is_barred())
    }

    pub(crate) fn kill_key(&self) {
        let tell = |seq| {
            self.flight.kill_key(seq);
        };
        self.invalidations.kill_key(&self.place, tell, |_| ());
    }

    pub(crate) fn expire_key(&self) {
        self.invalidations.expire_key(&self.place, |seq| {
            self.flight.expire_key(seq);
        });
    }

    fn job(self: &Arc<Self>) -> Compute {
        Compute(Arc::clone(self), self.class())
    }

    /// Joins the compute of the key or starts one, for a read of this kind; nothing if the read has
    /// no need of it, or if the flight has retired.
    pub(crate) fn join(
        self: &Arc<Self>,
        kind: Kind,
    ) -> Option<(Ticket<u64>, Option<Launch<Compute, u64>>)> {
        loop {
            let seen = self.look();
            if kind == Kind::Miss && seen.is_some() {
                return None;
            }
            let unchanged = || is_unchanged(&self.place, |_| true, seen.as_ref());
            match self.flight.join(kind, unchanged, || self.job()) {
                Join::Wait(ticket, launch) => return Some((ticket, launch)),
                Join::LookAgain => {}
                Join::Retired => return None,
            }
        }
    }

    /// Starts a refresh of the entry if it is stale; nothing if another has come meanwhile, or if the
    /// flight has retired.
    pub(crate) fn refresh(self: &Arc<Self>) -> Option<Launch<Compute, u64>> {
        let seen = self.look().filter(|view| view.is_expired())?;
        let unchanged = || is_unchanged(&self.place, |_| true, Some(&seen));
        match self.flight.refresh(unchanged, || Some(self.job())) {
            Refresh::Started(launch) => Some(launch),
            Refresh::No | Refresh::Retired => None,
        }
    }

    /// A read of this kind, which runs the compute that it starts. Returns its place among the
    /// waiters; nothing as in `join`.
    pub(crate) fn read(self: &Arc<Self>, kind: Kind) -> Option<Ticket<u64>> {
        let (ticket, launch) = self.join(kind)?;
        self.run(launch);
        Some(ticket)
    }

    /// Runs a launched compute and whatever it leaves to be run. Each reads the source between its
    /// start and its end.
    pub(crate) fn run(&self, mut launch: Option<Launch<Compute, u64>>) {
        while let Some(Launch { run, .. }) = launch.take() {
            let value = self.source.compute();
            let after = self.flight.finish(&run, |capture, marks| {
                let stands = self.store(value, capture, marks);
                (value, stands)
            });
            launch = after.launch;
        }
    }
}

/// What a waiter has been answered.
pub(crate) fn answer(ticket: &mut Ticket<u64>) -> Option<u64> {
    match ticket.run.poll(&mut ticket.seat, &Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
