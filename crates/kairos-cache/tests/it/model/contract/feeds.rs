// Feeds: when each has spoken last, its silences, and its end.
// Never knows: prices by their value.
// Read next: `prices.rs`, for what silence does to a match.

use super::Model;
use super::prices::Beyond;

/// A feed by its number, and which of those that have had its name.
pub(super) type Life = (usize, u64);

#[derive(Debug, Default, Clone)]
pub(super) struct Feed {
    life: u64,
    /// Whether it has its place among those that may speak.
    is_there: bool,
    spoke: Option<u64>,
    /// When it is looked whether it has fallen silent.
    alarm: Option<u64>,
    is_told_silent: bool,
}

impl Model {
    /// The feed that an operation names; none beyond the bound.
    pub(super) fn feed(&mut self, feed: usize) -> Option<Life> {
        let others = self.feeds.iter().skip(1).filter(|feed| feed.is_there).count();
        let named = &mut self.feeds[feed];
        if feed > 0 && !named.is_there && others >= self.setup.max_feeds {
            return None;
        }
        named.is_there = true;
        Some((feed, named.life))
    }

    pub(crate) fn heartbeat(&mut self, feed: usize) {
        if let Some(feed) = self.feed(feed) {
            self.tick();
            self.speak(feed);
        }
    }

    /// The feed is taken out: its markets are nobody's, which moves their matches.
    pub(crate) fn retire(&mut self, feed: usize) {
        if feed > 0 && !self.feeds[feed].is_there {
            return;
        }
        self.tick();
        let life = (feed, self.feeds[feed].life);
        self.feeds[feed] = Feed { life: life.1 + 1, ..Feed::default() };
        for of in 0..self.matches.len() {
            if self.matches[of].prices.leave(life) {
                self.mark(of, Beyond::BOTH);
            }
        }
    }

    pub(super) fn is_silent(&self, (feed, life): Life) -> bool {
        let feed = &self.feeds[feed];
        feed.life == life && self.silent_at(feed).is_some_and(|at| self.now >= at)
    }

    fn silent_at(&self, feed: &Feed) -> Option<u64> {
        Some(feed.spoke? + Some(self.setup.silence_after).filter(|after| *after > 0)?)
    }

    pub(super) fn speak(&mut self, life: Life) {
        let was_silent = self.is_silent(life);
        if was_silent {
            self.matches.iter_mut().for_each(|of| of.prices.interrupt(life));
        }
        let feed = &mut self.feeds[life.0];
        // Where the alarm has told of the silence it is counted.
        self.silences += u64::from(was_silent && !feed.is_told_silent);
        let is_new = feed.spoke.is_none() || was_silent;
        (feed.spoke, feed.is_told_silent) = (Some(self.now), false);
        if is_new && !self.closed {
            let at = self.silent_at(&self.feeds[life.0]);
            self.feeds[life.0].alarm = at;
        }
    }

    /// When the next alarm rings, with the number of its feed.
    pub(super) fn next_alarm(&self) -> Option<(u64, usize)> {
        let alarms = self.feeds.iter().enumerate();
        alarms.filter_map(|(number, feed)| Some((feed.alarm?, number))).min()
    }

    /// An alarm rings: the feed has fallen silent, or may do so later.
    pub(super) fn ring(&mut self, number: usize) {
        let life = (number, self.feeds[number].life);
        let at = self.silent_at(&self.feeds[number]);
        let is_silent = self.is_silent(life);
        let feed = &mut self.feeds[number];
        feed.alarm = at.filter(|_| !is_silent);
        self.silences += u64::from(is_silent && !feed.is_told_silent);
        feed.is_told_silent |= is_silent;
    }

    /// With a shutdown nobody looks whether feeds fall silent.
    pub(super) fn stop_alarms(&mut self) {
        self.feeds.iter_mut().for_each(|feed| feed.alarm = None);
    }

    pub(crate) fn silences(&self) -> u64 {
        self.silences
    }

    /// When feeds fall silent.
    pub(super) fn feed_edges(&self) -> impl Iterator<Item = u64> {
        self.feeds.iter().filter_map(|feed| self.silent_at(feed))
    }
}
