// What feeds tell: prices, status and heartbeats; what a move and a silence set off.
// Never knows: how prices are judged, or who reads.
// Read next: `../matches/odds.rs`, which judges; `../cache/feeds.rs` for the handles.

use std::sync::Arc;

use arc_swap::Guard;

use crate::engine::{Engine, Moment};
use crate::error::Error;
use crate::matches::{FeedState, Move, Observation, Observed, Scope, Told, Turned};
use crate::policy::{FeedStatus, Volatility};
use crate::stats::{Bounded, Notice};
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Engine<K, V> {
    /// The feed of a name, if it is there.
    pub(crate) fn known_feed(&self, name: &str) -> Option<Arc<FeedState>> {
        self.feeds.find(name)
    }

    /// The feed of a name, created if there is room; counted if there is none.
    pub(crate) fn feed(&self, name: &str) -> Option<Arc<FeedState>> {
        let found = self.feeds.find_or_create(name, self.rules.load().bounds.feeds);
        if found.is_none() {
            self.stats.over_bound(Bounded::Feeds);
        }
        found
    }

    /// The feed that speaks where none is named.
    pub(crate) fn default_feed(&self) -> Guard<Arc<FeedState>> {
        self.feeds.default()
    }

    /// Whether a feed is alive now.
    pub(crate) fn feed_status(&self, feed: &FeedState) -> FeedStatus {
        feed.status(self.now().mono, self.rules.load().odds.feed)
    }

    /// Takes in a price that a feed tells.
    pub(crate) fn observe(
        self: &Arc<Self>,
        scope: &Scope,
        feed: Option<&Arc<FeedState>>,
        observation: Observation<'_>,
    ) -> Result<Volatility, Error> {
        let known = self.known(scope)?;
        let moment = self.moment();
        let (now, rule) = (moment.now, &moment.rules.odds);
        let told = Told { now, feed };
        let (observed, moved) =
            known.observe(observation, told, rule, self.invalidations.sequence());
        if rule.feed.silence_after_ns > 0 && rule.drift.is_on() {
            self.stats.moves().watched_by(known.recount(now.mono, rule));
        }
        self.tell_move(scope, Some(observation.market), moved);
        self.settle_observation(scope, feed, &observation, observed, &moment)
    }

    /// Takes in prices of one match that a feed tells together: one move at most.
    pub(crate) fn observe_many(
        self: &Arc<Self>,
        scope: &Scope,
        feed: Option<&Arc<FeedState>>,
        observations: &[Observation<'_>],
    ) -> Result<Vec<Result<Volatility, Error>>, Error> {
        let known = self.known(scope)?;
        let moment = self.moment();
        let (now, rule) = (moment.now, &moment.rules.odds);
        let told = Told { now, feed };
        let (observed, moved) =
            known.observe_many(observations, told, rule, self.invalidations.sequence());
        if rule.feed.silence_after_ns > 0 && rule.drift.is_on() {
            self.stats.moves().watched_by(known.recount(now.mono, rule));
        }
        self.tell_move(scope, None, moved);
        let settle = |(observation, observed): (&Observation<'_>, _)| {
            self.settle_observation(scope, feed, observation, observed, &moment)
        };
        Ok(observations.iter().zip(observed).map(settle).collect())
    }

    /// Counts an observation, and tells of what it set off.
    fn settle_observation(
        self: &Arc<Self>,
        scope: &Scope,
        feed: Option<&Arc<FeedState>>,
        observation: &Observation<'_>,
        observed: Result<Observed, crate::error::ObservationError>,
        moment: &Moment,
    ) -> Result<Volatility, Error> {
        let observed = observed.map_err(|refused| {
            self.stats.observation_refused(refused);
            Error::from(refused)
        })?;
        if let (Some(feed), Some(turned)) = (feed, observed.turned) {
            self.turned(feed, turned, moment);
        }
        if observed.status == Volatility::Panic {
            self.notices.tell(|| Notice::Panic {
                scope: scope.name().into(),
                market: observation.market.into(),
                price: observation.price,
                z: observed.z,
            });
        }
        Ok(observed.status)
    }

    /// A feed speaks, without a price.
    pub(crate) fn heartbeat(self: &Arc<Self>, feed: &Arc<FeedState>) {
        let moment = self.moment();
        let turned = feed.speak(moment.now.mono, moment.rules.odds.feed);
        self.turned(feed, turned, &moment);
    }

    /// Takes a feed out: its markets are nobody's until they are priced again, which is a move of their
    /// matches.
    pub(crate) fn retire_feed(self: &Arc<Self>, feed: &Arc<FeedState>) {
        self.now();
        self.feeds.retire(feed);
        self.silences.take(feed);
        let moves = self.matches.retire(feed, self.invalidations.sequence());
        self.tell_moves(moves);
        self.show(feed);
        self.recount_watched();
    }

    /// Counts moves and tells of them.
    pub(super) fn tell_moves(self: &Arc<Self>, moves: Vec<(Scope, Move)>) {
        for (scope, moved) in moves {
            self.tell_move(&scope, None, Some(moved));
        }
    }

    fn tell_move(self: &Arc<Self>, scope: &Scope, market: Option<&str>, moved: Option<Move>) {
        let Some(Move { bound, died, is_dry_run }) = moved else { return };
        self.stats.moves().moved(bound, died);
        self.sweep_dead(died);
        self.notices.tell(|| Notice::Moved {
            scope: scope.name().into(),
            market: market.map(Arc::from),
            bound,
            died,
            dry_run: is_dry_run,
        });
    }

    /// Counts and tells what a feed's word has changed, and waits for its silence.
    fn turned(self: &Arc<Self>, feed: &Arc<FeedState>, turned: Turned, moment: &Moment) {
        let Turned { is_new, untold_silence } = turned;
        if untold_silence {
            self.tell_silence(feed);
        }
        if !is_new || moment.rules.odds.feed.silence_after_ns == 0 {
            return;
        }
        self.tell_feed(feed, FeedStatus::Alive);
        self.recount_watched();
        self.arm(feed);
    }

    fn tell_silence(&self, feed: &Arc<FeedState>) {
        self.stats.moves().silence();
        self.tell_feed(feed, FeedStatus::Silent);
    }

    fn tell_feed(&self, feed: &Arc<FeedState>, status: FeedStatus) {
        self.show(feed);
        self.notices.tell(|| Notice::Feed { feed: Arc::clone(feed.name()), status });
    }

    /// Shows what is told of the feed that has this one's name by now.
    fn show(&self, feed: &FeedState) {
        let is_looked_for = self.rules.load().odds.feed.silence_after_ns > 0;
        let by_now = || self.feeds.find(feed.name()).filter(|_| is_looked_for);
        let told = || by_now().map_or(FeedStatus::None, |feed| feed.told());
        self.stats.moves().show(feed.name(), told);
    }

    /// Sets the alarm of a feed that is alive. Reads go by the clock: the alarm counts and tells.
    fn arm(self: &Arc<Self>, feed: &Arc<FeedState>) {
        let Some(silent_at) = feed.silent_at(self.rules.load().odds.feed) else { return };
        let (engine, of) = (Arc::downgrade(self), Arc::downgrade(feed));
        let ring = move || {
            if let (Some(engine), Some(feed)) = (engine.upgrade(), of.upgrade()) {
                engine.ring(&feed);
            }
        };
        self.silences.set(feed, self.runtime.alarm(silent_at, Box::new(ring)));
        // A shutdown may have come by before the alarm was there.
        if self.drain.is_closed() {
            self.silences.take_all();
        }
        // And so may the end of the feed.
        if feed.is_retired() {
            self.silences.take(feed);
        }
    }

    fn ring(self: &Arc<Self>, feed: &Arc<FeedState>) {
        let moment = self.moment();
        let (now, rule) = (moment.now.mono, moment.rules.odds.feed);
        if feed.tell_silence(now, rule) {
            self.tell_silence(feed);
            self.recount_watched();
        } else if feed.status(now, rule) == FeedStatus::Alive && !feed.is_retired() {
            self.arm(feed);
        }
    }

    /// Sets the alarms of all feeds anew: silence may begin sooner or later than before.
    pub(super) fn rearm_all(self: &Arc<Self>) {
        let now = self.now().mono;
        for feed in self.feeds.all() {
            if feed.status(now, self.rules.load().odds.feed) == FeedStatus::None {
                self.silences.take(&feed);
            } else {
                self.arm(&feed);
            }
            self.show(&feed);
        }
        self.recount_watched();
    }

    /// Counts the watched matches anew. O(matches).
    pub(super) fn recount_watched(&self) {
        let rules = self.rules.load();
        let now = self.clock.now().mono;
        self.stats.moves().watched(self.matches.recount(now, &rules.odds));
    }
}
