// Models of histograms: recording, thread exit, concurrent readers, buckets that appear.
// Never knows: thread-locals.

use kairos_metrics::Precision;
use kairos_metrics::model::Process;
use loom::thread;

/// Two octaves of 16 buckets, which is as few as a histogram can have.
fn tiny() -> Precision {
    Precision::one_digit().up_to(20).unwrap()
}

fn live_and_record(process: &'static Process, id: u32, values: [u64; 2]) {
    match process.try_lease() {
        Some(shard) => {
            for value in values {
                shard.record(process, id, tiny(), value, 1);
            }
            process.retire(shard);
        }
        None => {
            for value in values {
                process.record_shared(id, tiny(), value);
            }
        }
    }
}

#[test]
fn every_value_is_seen_once_while_threads_end() {
    loom::model(|| {
        let process = Process::leaked(1, 1);
        let id = process.acquire_histogram(tiny());
        let a = thread::spawn(move || live_and_record(process, id, [3, 17]));
        let b = thread::spawn(move || live_and_record(process, id, [5, 5]));
        let early = process.histogram(id, tiny());
        assert!(early.count() <= 4);
        a.join().unwrap();
        b.join().unwrap();
        let all = process.histogram(id, tiny());
        assert_eq!((all.count(), all.sum(), all.min(), all.max()), (4, 30, 3, 17));
    });
}

#[test]
fn differences_of_a_histogram_never_run_backwards_and_add_up() {
    loom::model(|| {
        let process = Process::leaked(1, 1);
        let id = process.acquire_histogram(tiny());
        let thread = thread::spawn(move || live_and_record(process, id, [3, 9]));
        let first = process.histogram(id, tiny());
        let second = process.histogram(id, tiny());
        let delta = second.since(&first);
        assert!(delta.buckets().all(|(_, _, count)| count <= 2), "{delta:?}");
        assert_eq!(first.count() + delta.count(), second.count());
        thread.join().unwrap();
        let last = process.histogram(id, tiny()).since(&second);
        assert_eq!(second.count() + last.count(), 2);
        assert_eq!(second.sum().wrapping_add(last.sum()), 12);
    });
}

#[test]
fn a_full_bucket_is_folded_while_readers_add_up() {
    loom::model(|| {
        const FULL: u64 = (1 << 25) - 1;
        let process = Process::leaked(1, 1);
        let id = process.acquire_histogram(tiny());
        let shard = process.try_lease().expect("nobody holds the lock yet");
        // A first count takes half of it at most.
        shard.record(process, id, tiny(), 3, 1 << 24);
        shard.record(process, id, tiny(), 3, FULL - (1 << 24));
        let reading = thread::spawn(move || {
            let first = process.histogram(id, tiny()).count();
            (first, process.histogram(id, tiny()).count())
        });
        shard.record(process, id, tiny(), 3, 1);
        let (first, second) = reading.join().unwrap();
        // A value is seen or not yet seen; what the fold moves is seen throughout.
        assert!((FULL..=FULL + 1).contains(&first) && (first..=FULL + 1).contains(&second));
        assert_eq!(process.histogram(id, tiny()).count(), FULL + 1);
    });
}

/// Each value once, in a bucket of its own.
fn recorded(values: &[u64]) -> impl Iterator<Item = (u64, u64, u64)> {
    values.iter().map(|value| (*value, *value, 1))
}

#[test]
fn a_reading_shows_what_was_recorded_and_its_bounds_are_values_that_it_shows() {
    loom::model(|| {
        let process = Process::leaked(1, 1);
        let id = process.acquire_histogram(tiny());
        let thread = thread::spawn(move || live_and_record(process, id, [18, 2]));
        let seen = process.histogram(id, tiny());
        let whole: [&[u64]; 4] = [&[], &[2], &[18], &[2, 18]];
        let shown = whole.into_iter().find(|values| seen.buckets().eq(recorded(values)));
        let shown = shown.unwrap_or_else(|| panic!("nobody recorded that: {seen:?}"));
        let bounds = [shown.first(), shown.last()].map(|bound| bound.copied().unwrap_or(0));
        assert_eq!([seen.min(), seen.max()], bounds);
        thread.join().unwrap();
        let all = process.histogram(id, tiny());
        assert!(all.buckets().eq(recorded(&[2, 18])), "{all:?}");
        assert_eq!((all.sum(), all.min(), all.max()), (20, 2, 18));
    });
}
