// Models of feeds: a silence is counted once, whoever comes upon it, and found by whoever finds its end.
// Never knows: feeds by name, or what silence does to a read.

use std::sync::Arc;

use kairos_cache::FeedStatus;
use kairos_cache::model::{FeedRule, FeedState};

use crate::stage::{REFERENCE, model};

const RULE: FeedRule = FeedRule { silence_after_ns: 100 };

/// An instant at which a feed that spoke at zero is silent.
const LATER: u64 = 150;

fn feed() -> Arc<FeedState> {
    let feed = FeedState::new("feed".into());
    feed.speak(0, RULE);
    feed
}

/// A feed speaks again after a silence, in which prices may have moved and come back.
#[test]
fn a_feed_that_is_found_alive_again_leaves_its_match_unwatched_until_it_prices_it() {
    model(|world| {
        let feed = feed();
        world.observe_by(REFERENCE, Some(&feed));
        let watched = world.prices.watched();
        assert!(watched.at(50, RULE, true).0.is_watched, "before the silence");
        let speaking = {
            let feed = Arc::clone(&feed);
            world.beside(move |world| {
                world.turn.take();
                feed.speak(LATER, RULE);
            })
        };
        world.turn.take();
        assert!(!watched.at(LATER, RULE, true).0.is_watched, "beside the word");
        speaking.join().unwrap();
        let (watch, _) = watched.at(LATER, RULE, true);
        assert_eq!((watch.status, watch.is_watched), (FeedStatus::Alive, false));
    });
}

/// Two speak for a feed after a silence: for whichever returns, its silence is counted.
#[test]
fn whoever_speaks_for_a_feed_after_a_silence_finds_it_counted_once() {
    model(|world| {
        let feed = feed();
        let other = {
            let feed = Arc::clone(&feed);
            world.beside(move |world| {
                world.turn.take();
                feed.speak(LATER, RULE).is_new
            })
        };
        world.turn.take();
        let own = feed.speak(LATER, RULE).is_new;
        assert_eq!(feed.spells(), 1);
        assert!(own ^ other.join().unwrap(), "one of them ends it");
        assert_eq!(feed.spells(), 1);
    });
}

/// A silence begins, and ends by a word: it is told by the alarm or else by the word.
#[test]
fn a_silence_is_told_once_beside_the_word_that_ends_it() {
    model(|world| {
        let feed = feed();
        let alarm = {
            let feed = Arc::clone(&feed);
            world.beside(move |world| {
                world.turn.take();
                feed.tell_silence(LATER, RULE)
            })
        };
        world.turn.take();
        let by_word = feed.speak(LATER, RULE).untold_silence;
        let by_alarm = alarm.join().unwrap();
        assert!(by_word ^ by_alarm, "told by the word: {by_word}, by the alarm: {by_alarm}");
    });
}

/// A feed prices the match while it is taken out: the match is left to nobody.
#[test]
fn a_price_told_beside_the_end_of_its_feed_belongs_to_none() {
    model(|world| {
        let feed = feed();
        world.observe_by(REFERENCE, Some(&feed));
        let pricing = {
            let feed = Arc::clone(&feed);
            world.beside(move |world| {
                world.turn.take();
                world.observe_by(REFERENCE, Some(&feed));
            })
        };
        world.turn.take();
        world.retire(&feed);
        let of_none = |when: &str| {
            let (watch, _) = world.prices.watched().at(LATER, RULE, true);
            assert_eq!(watch.status, FeedStatus::None, "{when}");
        };
        of_none("at once");
        pricing.join().unwrap();
        of_none("later");
    });
}
