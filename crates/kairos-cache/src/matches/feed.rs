// One feed: when it spoke last, and how often it has been silent before that.
// Never knows: other feeds, prices, matches, entries, or how silence is told.
// Read next: `prices.rs`, which asks for a match; `feeds.rs` for the way by name.

use std::fmt;
use std::sync::Arc;

use crate::policy::{FeedRule, FeedStatus, MonoNs};
use crate::sync::{AtomicBool, AtomicU64, Mutex, Ordering};

/// What is known of one feed.
pub struct FeedState {
    name: Arc<str>,
    /// The reading of its last word plus one; zero before the first.
    last_word: AtomicU64,
    /// How many silences its words have ended.
    spells: AtomicU64,
    is_retired: AtomicBool,
    /// Whether it is told as silent.
    is_told_silent: AtomicBool,
    /// Held by a word that ends a silence, and by who tells of one.
    turning: Mutex<()>,
}

/// What a word of a feed has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turned {
    /// Its first word, or the first after a silence.
    pub is_new: bool,
    /// A silence that nobody had told of yet has ended by it.
    pub untold_silence: bool,
}

impl fmt::Debug for FeedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FeedState").field(self.name()).finish()
    }
}

impl FeedState {
    /// A feed that has not spoken yet.
    pub fn new(name: Arc<str>) -> Arc<FeedState> {
        Arc::new(FeedState {
            name,
            last_word: AtomicU64::new(0),
            spells: AtomicU64::new(0),
            is_retired: AtomicBool::new(false),
            is_told_silent: AtomicBool::new(false),
            turning: Mutex::new(()),
        })
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Its words count for nothing from here on.
    pub fn retire(&self) {
        self.is_retired.store(true, Ordering::Release); // Release: pairs with `is_retired`.
    }

    /// Whether the feed was taken out: its words count for nothing.
    pub fn is_retired(&self) -> bool {
        // Acquire: who sees it has seen what was done before; pairs with `retire`.
        self.is_retired.load(Ordering::Acquire)
    }

    /// The feed speaks. Locks nothing while it is alive.
    pub fn speak(&self, now: MonoNs, rule: FeedRule) -> Turned {
        let word = now.saturating_add(1);
        let is_alive = |of: &FeedState| {
            let silent_at = of.silent_at(rule).unwrap_or(MonoNs::MAX);
            // Relaxed: who tells of a silence has found the feed silent, as this then does.
            let is_told_silent = of.is_told_silent.load(Ordering::Relaxed);
            of.last_word.load(Ordering::Relaxed) > 0 && now < silent_at && !is_told_silent
        };
        if is_alive(self) {
            // Release: as below.
            self.last_word.fetch_max(word, Ordering::Release);
            return Turned { is_new: false, untold_silence: false };
        }
        let _alone = self.turning.lock();
        if is_alive(self) {
            self.last_word.fetch_max(word, Ordering::Release); // Release: as below.
            return Turned { is_new: false, untold_silence: false };
        }
        let was_silent = self.status(now, rule) == FeedStatus::Silent;
        if was_silent {
            self.spells.fetch_add(1, Ordering::Relaxed); // Relaxed: published by the word below.
        }
        // Relaxed: as above.
        let was_told = self.is_told_silent.swap(false, Ordering::Relaxed);
        // Release: whoever finds the feed alive finds the silence that this ends; pairs with `silent_at`.
        // Models: a_feed_that_is_found_alive_again_*, whoever_speaks_for_a_feed_*.
        self.last_word.fetch_max(word, Ordering::Release);
        Turned { is_new: true, untold_silence: was_silent && !was_told }
    }

    /// The rule comes to its end: a silence until now remains one, also where the next rule would allow
    /// it. Who goes by the next rule has seen this.
    pub fn keep_silence(&self, now: MonoNs, rule: FeedRule) {
        let _alone = self.turning.lock();
        if self.status(now, rule) == FeedStatus::Silent {
            self.spells.fetch_add(1, Ordering::Relaxed); // Relaxed: published by the next rule.
        }
    }

    /// Whether the feed has fallen silent, and that is still to be told. Says so once.
    pub fn tell_silence(&self, now: MonoNs, rule: FeedRule) -> bool {
        let _alone = self.turning.lock();
        let is_silent = !self.is_retired() && self.status(now, rule) == FeedStatus::Silent;
        // Relaxed: as in `speak`.
        is_silent && !self.is_told_silent.swap(true, Ordering::Relaxed)
    }

    /// Whether the feed is told as alive or as silent; none before its first word, or once it is gone.
    pub fn told(&self) -> FeedStatus {
        // Relaxed, both: what is told may be a turn behind.
        if self.is_retired() || self.last_word.load(Ordering::Relaxed) == 0 {
            return FeedStatus::None;
        }
        // Relaxed: as above.
        let is_silent = self.is_told_silent.load(Ordering::Relaxed);
        if is_silent { FeedStatus::Silent } else { FeedStatus::Alive }
    }

    /// Whether the feed is alive at `now`; none before its first word, or where silence is not looked for.
    pub fn status(&self, now: MonoNs, rule: FeedRule) -> FeedStatus {
        match self.silent_at(rule) {
            None => FeedStatus::None,
            Some(silent_at) if now >= silent_at => FeedStatus::Silent,
            Some(_) => FeedStatus::Alive,
        }
    }

    /// The instant from which the feed is silent, if it says no more.
    pub fn silent_at(&self, rule: FeedRule) -> Option<MonoNs> {
        // Acquire: pairs with the Release in `speak`.
        let word = self.last_word.load(Ordering::Acquire);
        let is_told = word > 0 && rule.silence_after_ns > 0;
        is_told.then(|| (word - 1).saturating_add(rule.silence_after_ns))
    }

    /// How many silences its words have ended, as of the last word that the caller has seen.
    pub fn spells(&self) -> u64 {
        self.spells.load(Ordering::Relaxed) // Relaxed: ordered by `last_word`.
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    const RULE: FeedRule = FeedRule { silence_after_ns: 100 };

    #[test]
    fn a_feed_is_silent_from_one_silence_after_its_last_word_on() {
        let feed = FeedState::new("a".into());
        assert_eq!(feed.status(1000, RULE), FeedStatus::None);
        assert_eq!(feed.speak(0, RULE), Turned { is_new: true, untold_silence: false });
        assert_eq!(
            [99, 100].map(|now| feed.status(now, RULE)),
            [FeedStatus::Alive, FeedStatus::Silent]
        );
        assert_eq!(feed.status(1000, FeedRule { silence_after_ns: 0 }), FeedStatus::None);
        assert_eq!(feed.speak(99, RULE), Turned { is_new: false, untold_silence: false });
        assert!(!feed.speak(50, RULE).is_new, "a clock that stepped back");
        assert_eq!(feed.status(198, RULE), FeedStatus::Alive);
        assert!(!feed.tell_silence(198, RULE));
        assert!(feed.tell_silence(199, RULE) && !feed.tell_silence(500, RULE), "told once");
        assert_eq!(feed.speak(500, RULE), Turned { is_new: true, untold_silence: false });
        assert_eq!(feed.speak(700, RULE), Turned { is_new: true, untold_silence: true });
        assert_eq!(feed.spells(), 2);
    }
}
