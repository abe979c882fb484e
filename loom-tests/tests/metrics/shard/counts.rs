// Models of counting: increments, thread exit, lease reuse, ids used again, concurrent readers.
// Never knows: thread-locals; a model plays the thread's life itself.

use kairos_metrics::model::Process;
use loom::sync::Arc;
use loom::thread;

/// A thread that counts twice and ends.
fn live_and_count(process: &'static Process, id: u32) {
    match process.try_lease() {
        Some(shard) => {
            shard.add(id, 1);
            shard.add(id, 1);
            process.retire(shard);
        }
        None => process.add_shared(id, 2),
    }
}

#[test]
fn every_increment_is_seen_once_while_threads_end() {
    loom::model(|| {
        let process = Process::leaked(1, 1);
        let id = process.acquire_counter();
        let threads = [(); 2].map(|()| thread::spawn(move || live_and_count(process, id)));
        let first = process.count(id);
        let second = process.count(id);
        assert!(first <= second && second <= 4, "{first} then {second}");
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(process.count(id), 4);
        assert!(process.shards() <= 2);
    });
}

#[test]
fn a_shard_leased_again_starts_from_zero() {
    loom::model(|| {
        let process = Process::leaked(1, 1);
        let id = process.acquire_counter();
        let thread = thread::spawn(move || {
            live_and_count(process, id);
            live_and_count(process, id);
        });
        let other = thread::spawn(move || live_and_count(process, id));
        let seen = process.count(id);
        assert!(seen <= 6, "{seen}");
        thread.join().unwrap();
        other.join().unwrap();
        assert_eq!(process.count(id), 6);
    });
}

#[test]
fn differences_taken_while_shards_fold_add_up() {
    loom::model(|| {
        let process = Process::leaked(1, 1);
        let id = process.acquire_counter();
        let counting = thread::spawn(move || live_and_count(process, id));
        let reading = thread::spawn(move || {
            let mut earlier = 0;
            let mut added_up = 0;
            for _ in 0..2 {
                let now = process.count(id);
                let delta: u64 = now.checked_sub(earlier).expect("a series never runs backwards");
                added_up += delta;
                earlier = now;
            }
            (added_up, earlier)
        });
        let (added_up, earlier) = reading.join().unwrap();
        counting.join().unwrap();
        assert_eq!(added_up + (process.count(id) - earlier), 2);
    });
}

#[test]
fn counts_without_a_lease_are_not_lost_to_a_fold() {
    loom::model(|| {
        let process = Process::leaked(1, 1);
        let id = process.acquire_counter();
        let leased = thread::spawn(move || live_and_count(process, id));
        let unleased = thread::spawn(move || process.add_shared(id, 1));
        process.add_shared(id, 1);
        leased.join().unwrap();
        unleased.join().unwrap();
        assert_eq!(process.count(id), 4);
    });
}

#[test]
fn a_counter_in_an_overflow_block_is_exact() {
    loom::model(|| {
        let process = Process::leaked(1, 1);
        let ids = [(); 3].map(|()| process.acquire_counter());
        let threads = [(); 2].map(|()| thread::spawn(move || live_and_count(process, ids[2])));
        assert!(process.count(ids[2]) <= 4);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(ids.map(|id| process.count(id)), [0, 0, 4]);
    });
}

/// A counter's last handle gives its id back.
struct Handle(&'static Process, u32);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.release_counter(self.1);
    }
}

#[test]
fn an_id_used_again_counts_from_zero_in_every_living_shard() {
    loom::model(|| {
        let process = Process::leaked(1, 1);
        let handle = Arc::new(Handle(process, process.acquire_counter()));
        let threads = [(); 2].map(|()| {
            let handle = Arc::clone(&handle);
            thread::spawn(move || {
                let shard = process.try_lease();
                match shard {
                    Some(shard) => shard.add(handle.1, 1),
                    None => process.add_shared(handle.1, 1),
                }
                drop(handle);
                // The thread lives on and counts for the id's next owner.
                let next = process.acquire_counter();
                let before = process.count(next);
                match shard {
                    Some(shard) => shard.add(next, 1),
                    None => process.add_shared(next, 1),
                }
                let after = process.count(next);
                if let Some(shard) = shard {
                    process.retire(shard);
                }
                (before, after)
            })
        });
        drop(handle);
        for thread in threads {
            assert_eq!(thread.join().unwrap(), (0, 1));
        }
    });
}
