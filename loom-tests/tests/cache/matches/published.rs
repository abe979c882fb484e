// Models of published words: a reader beside two writes gets words that were written together.
// Never knows: what the words mean.

use std::sync::Arc;

use kairos_cache::model::Published;
use loom::sync::Mutex;
use loom::thread;

#[test]
fn published_words_are_never_torn_by_two_writes() {
    loom::model(|| {
        let words = Arc::new(Published::new([0, 0]));
        let writing = {
            let words = Arc::clone(&words);
            thread::spawn(move || {
                words.store([1, 1]);
                words.store([2, 2]);
            })
        };
        let [a, b] = words.load();
        assert_eq!(a, b);
        let [later, _] = words.load();
        assert!(later >= a, "{later} after {a}");
        writing.join().unwrap();
        assert_eq!(words.load(), [2, 2]);
    });
}

#[test]
fn published_words_of_two_writers_in_turn_are_never_torn() {
    loom::model(|| {
        let words = Arc::new((Mutex::new(()), Published::new([0, 0])));
        let writing = [1, 2].map(|word| {
            let words = Arc::clone(&words);
            thread::spawn(move || {
                let _turn = words.0.lock().unwrap();
                words.1.store([word, word]);
            })
        });
        let [a, b] = words.1.load();
        assert_eq!(a, b);
        for thread in writing {
            thread.join().unwrap();
        }
        let [a, b] = words.1.load();
        assert_eq!(a, b);
    });
}

/// Words are read as they were written together, however many writes overtake the reader.
#[test]
fn published_words_of_three_writes_are_never_torn_and_never_go_back() {
    loom::model(|| {
        let words = Arc::new(Published::new([0, 0]));
        let writing = {
            let words = Arc::clone(&words);
            thread::spawn(move || {
                words.store([1, 1]);
                words.store([2, 2]);
                words.store([3, 3]);
            })
        };
        let [a, b] = words.load();
        assert_eq!(a, b, "torn");
        let [c, _] = words.load();
        assert!(c >= a, "went back");
        writing.join().unwrap();
        assert_eq!(words.load(), [3, 3]);
    });
}
