// Models of the hand by which the breaker is evaluated: a second begins once.
// Never knows: what is evaluated in a second.

use std::sync::Arc;

use kairos_cache::model::SecondHand;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

/// Whoever notes a second finds it begun when that returns, and it begins once, in order.
#[test]
fn a_second_begins_once_and_has_begun_for_all_who_note_it() {
    loom::model(|| {
        let hand = Arc::new((SecondHand::new(Vec::new()), AtomicU64::new(0)));
        let note = |hand: &(SecondHand<Vec<u64>>, AtomicU64), second| {
            let begin = |begun: &mut Vec<u64>| {
                begun.push(second);
                hand.1.store(second, Ordering::Relaxed); // Relaxed: the hand carries the order.
            };
            hand.0.note(second, begin, |()| {});
            assert!(hand.1.load(Ordering::Relaxed) >= second, "not begun for who noted it");
        };
        let others = [1, 2].map(|second| {
            let hand = Arc::clone(&hand);
            thread::spawn(move || note(&hand, second))
        });
        note(&hand, 1);
        note(&hand, 2);
        for other in others {
            other.join().unwrap();
        }
        let mut seconds = Vec::new();
        hand.0.note(3, |begun| begun.clone(), |begun| seconds = begun);
        assert!(seconds == [1, 2] || seconds == [2], "{seconds:?}");
    });
}
