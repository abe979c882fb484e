// Models of what is left to a task: it is dropped by the task that is to come, or another is asked for.
// Never knows: what is left, or how a task is had.

use std::sync::Arc;

use kairos_cache::model::{Displaced, ToCome};
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

/// Counts its drop.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed); // Relaxed: read after all threads have ended.
    }
}

struct Left {
    asked: ToCome,
    kept: Displaced<Counted>,
    dropped: Arc<AtomicUsize>,
}

impl Left {
    /// Leaves one, and asks for a task unless one is to come. Returns whether it has.
    fn leave(&self) -> bool {
        self.kept.keep(Counted(Arc::clone(&self.dropped)));
        !self.asked.is_raised() && self.asked.raise()
    }

    /// The task that was asked for.
    fn task(&self) {
        self.asked.lower();
        self.kept.release_all();
    }
}

/// Two threads leave something while a task is to come. Each task that they ask for runs.
#[test]
fn what_is_left_to_a_task_is_found_by_it_or_by_another() {
    loom::model(|| {
        let dropped = Arc::new(AtomicUsize::new(0));
        let (asked, kept) = (ToCome::new(), Displaced::new(Arc::new(|| {})));
        let left = Arc::new(Left { asked, kept, dropped: Arc::clone(&dropped) });
        assert!(left.leave());
        let others = [(); 2].map(|()| {
            let left = Arc::clone(&left);
            thread::spawn(move || {
                if left.leave() {
                    left.task();
                }
            })
        });
        left.task();
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(dropped.load(Ordering::Relaxed), 3, "one is left, and no task is to come");
    });
}
