// Models of a family: insert against lookup, removal and idle expiry.
// Never knows: what a series counts in production; here it is a number.

use kairos_metrics::model::Series;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

#[test]
fn two_threads_that_ask_for_the_same_labels_share_a_series() {
    loom::model(|| {
        let family = Arc::new(Series::new(4));
        let other = Arc::clone(&family);
        let thread = thread::spawn(move || other.with(&["a"], |_| AtomicU64::new(0)));
        let mine = family.with(&["a"], |_| AtomicU64::new(0));
        assert!(Arc::ptr_eq(&mine, &thread.join().unwrap()));
        assert_eq!(family.len(), 1);
    });
}

#[test]
fn the_bound_holds_whoever_inserts() {
    loom::model(|| {
        let family = Arc::new(Series::new(1));
        let threads = ["a", "b"].map(|value| {
            let family = Arc::clone(&family);
            thread::spawn(move || {
                let series = family.with(&[value], |values| values[0].clone());
                series.as_str() == value
            })
        });
        let own = threads.map(|thread| usize::from(thread.join().unwrap()));
        assert_eq!(own.iter().sum::<usize>(), 1, "one of them has the overflow series");
        assert_eq!(family.len(), 2);
    });
}

#[test]
fn a_lookup_beside_a_removal_gets_a_whole_series() {
    loom::model(|| {
        let family = Arc::new(Series::new(4));
        let old = family.with(&["a"], |_| AtomicU64::new(7));
        let remover = Arc::clone(&family);
        let thread = thread::spawn(move || remover.remove(&["a"]));
        let other = family.with(&["b"], |_| AtomicU64::new(0));
        let found = family.with(&["a"], |_| AtomicU64::new(0));
        // Relaxed: the series was made before this thread found it, under the lock.
        let value = found.load(Ordering::Relaxed);
        assert_eq!(value == 7, Arc::ptr_eq(&found, &old));
        assert!(thread.join().unwrap());
        assert_eq!(family.len(), 1 + usize::from(!Arc::ptr_eq(&found, &old)));
        let again = family.with(&["b"], |_| AtomicU64::new(0));
        assert!(Arc::ptr_eq(&again, &other), "a removal takes out one series");
    });
}

#[test]
fn of_two_removals_of_a_series_one_takes_it_out() {
    loom::model(|| {
        let family = Arc::new(Series::new(4));
        drop(family.with(&["a"], |_| AtomicU64::new(7)));
        let other = Arc::clone(&family);
        let thread = thread::spawn(move || other.remove(&["a"]));
        let mine = family.remove(&["a"]);
        assert!(mine != thread.join().unwrap());
        assert!(family.is_empty());
    });
}

#[test]
fn a_series_that_counted_since_the_last_sweep_does_not_expire() {
    loom::model(|| {
        let family = Arc::new(Series::new(4));
        drop(family.with(&["a"], |_| AtomicU64::new(0)));
        let counting = Arc::clone(&family);
        let thread = thread::spawn(move || {
            let series = counting.with(&["a"], |_| AtomicU64::new(100));
            // Relaxed: the handle's drop orders the count before the sweep that sees it gone.
            series.fetch_add(1, Ordering::Relaxed);
        });
        // A sweep expires what still has the value of the sweep before, which is 0.
        // Relaxed: `expire` has exclusive access.
        let expired = family.expire(|series| series.load(Ordering::Relaxed) == 0);
        thread.join().unwrap();
        let now = family.with(&["a"], |_| AtomicU64::new(200));
        // Relaxed: the thread has been joined.
        let value = now.load(Ordering::Relaxed);
        assert_eq!(value, if expired == 1 { 101 } else { 1 });
    });
}

#[test]
fn a_reader_is_shown_what_there_is_whoever_makes_and_removes_series() {
    loom::model(|| {
        let family = Arc::new(Series::new(4));
        drop(family.with(&["a"], |_| AtomicU64::new(0)));
        let making = Arc::clone(&family);
        let maker = thread::spawn(move || drop(making.with(&["b"], |_| AtomicU64::new(0))));
        let removing = Arc::clone(&family);
        let remover = thread::spawn(move || removing.remove(&["b"]));
        let seen = family.listed();
        assert!((1..=2).contains(&seen), "{seen}");
        maker.join().unwrap();
        let removed = remover.join().unwrap();
        assert_eq!(
            (family.len(), family.listed()),
            (2 - usize::from(removed), 2 - usize::from(removed))
        );
        // Made again, it is listed once.
        drop(family.with(&["b"], |_| AtomicU64::new(0)));
        assert_eq!((family.len(), family.listed()), (2, 2));
    });
}
