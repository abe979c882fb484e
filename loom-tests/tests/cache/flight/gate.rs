// Models of the limits: never more at once than allowed, and nothing that waits is forgotten.
// Never knows: what is limited.

use std::sync::Arc;

use kairos_cache::model::{Admission, Arrival, Gate, Pass, Permit, Permits};
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;

/// Counts who is inside, and refuses one too many.
struct Inside {
    limit: usize,
    count: AtomicUsize,
}

impl Inside {
    fn new(limit: usize) -> Inside {
        Inside { limit, count: AtomicUsize::new(0) }
    }

    fn enter(&self) {
        // Relaxed: an exchange on one word counts exactly; the limit must not lean on this.
        let before = self.count.fetch_add(1, Ordering::Relaxed);
        assert!(before < self.limit, "one too many");
    }

    fn leave(&self) {
        self.count.fetch_sub(1, Ordering::Relaxed); // Relaxed: as in `enter`.
    }
}

struct Stage {
    gate: Gate,
    queue: usize,
    inside: Inside,
    /// Passes of computes that run.
    passes: Mutex<Vec<Pass>>,
    begun: AtomicUsize,
    admitted: AtomicUsize,
}

/// A compute that can be given up while it waits.
struct Call {
    stage: Arc<Stage>,
    wanted: Arc<AtomicBool>,
}

impl Arrival for Call {
    fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    fn begin(self: Box<Self>, pass: Pass) -> Option<Pass> {
        if !self.is_wanted() {
            return Some(pass);
        }
        self.stage.inside.enter();
        self.stage.begun.fetch_add(1, Ordering::Relaxed);
        self.stage.passes.lock().unwrap().push(pass);
        None
    }

    fn refuse(self: Box<Self>) {}
}

impl Stage {
    fn new(limit: usize, queue: usize) -> Arc<Stage> {
        Arc::new(Stage {
            gate: Gate::new(limit),
            queue,
            inside: Inside::new(limit),
            passes: Mutex::new(Vec::new()),
            begun: AtomicUsize::new(0),
            admitted: AtomicUsize::new(0),
        })
    }

    fn enter(self: &Arc<Self>) -> (Admission, Arc<AtomicBool>) {
        let wanted = Arc::new(AtomicBool::new(true));
        let call = Call { stage: Arc::clone(self), wanted: Arc::clone(&wanted) };
        let admission = self.gate.enter(self.queue, Box::new(call));
        if admission != Admission::Refused {
            self.admitted.fetch_add(1, Ordering::Relaxed);
        }
        (admission, wanted)
    }

    /// Ends one compute that runs; says whether there was one.
    fn end_one(&self) -> bool {
        let pass = self.passes.lock().unwrap().pop();
        if pass.is_some() {
            self.inside.leave();
        }
        drop(pass);
        self.passes.lock().unwrap().is_empty()
    }

    /// Ends whatever runs until nothing does, then checks that nothing was left behind.
    fn end_all(&self, given_up: std::ops::RangeInclusive<usize>) {
        while !self.end_one() {}
        let admitted = self.admitted.load(Ordering::Relaxed);
        let begun = self.begun.load(Ordering::Relaxed);
        assert!(given_up.contains(&(admitted - begun)), "{begun} of {admitted} have begun");
        let passes: Vec<_> = (0..self.inside.limit)
            .map(|_| self.gate.try_pass().expect("a place was lost"))
            .collect();
        assert!(self.gate.try_pass().is_none(), "a place too many");
        drop(passes);
    }
}

#[test]
fn never_more_than_the_limit_pass_and_whoever_queued_begins() {
    loom::model(|| {
        let stage = Stage::new(1, 2);
        let others = [(); 2].map(|()| {
            let stage = Arc::clone(&stage);
            thread::spawn(move || {
                stage.enter();
                stage.end_one();
            })
        });
        stage.enter();
        stage.end_one();
        for other in others {
            other.join().unwrap();
        }
        stage.end_all(0..=0);
    });
}

#[test]
fn a_pass_dropped_beside_an_arrival_forgets_neither() {
    loom::model(|| {
        let stage = Stage::new(1, 1);
        stage.enter();
        let ending = {
            let stage = Arc::clone(&stage);
            thread::spawn(move || stage.end_one())
        };
        let (admission, _) = stage.enter();
        assert_ne!(admission, Admission::Refused, "the queue was empty");
        ending.join().unwrap();
        stage.end_all(0..=0);
    });
}

#[test]
fn what_is_given_up_in_the_queue_hands_its_turn_on() {
    loom::model(|| {
        let stage = Stage::new(1, 2);
        stage.enter();
        let (_, wanted) = stage.enter();
        let (_, _also) = stage.enter();
        let giving_up = thread::spawn(move || wanted.store(false, Ordering::Relaxed));
        let ending = {
            let stage = Arc::clone(&stage);
            thread::spawn(move || stage.end_one())
        };
        stage.end_one();
        giving_up.join().unwrap();
        ending.join().unwrap();
        stage.end_all(0..=1);
    });
}

#[test]
fn a_full_queue_makes_room_of_what_is_given_up() {
    loom::model(|| {
        let stage = Stage::new(1, 1);
        stage.enter();
        let (queued, wanted) = stage.enter();
        assert_eq!(queued, Admission::Queued);
        wanted.store(false, Ordering::Relaxed);
        let ending = {
            let stage = Arc::clone(&stage);
            thread::spawn(move || stage.end_one())
        };
        let (admission, _) = stage.enter();
        assert_ne!(admission, Admission::Refused, "nobody wants what waits there");
        ending.join().unwrap();
        stage.end_all(1..=1);
    });
}

#[test]
fn what_never_queues_passes_within_the_limit() {
    loom::model(|| {
        let stage = Stage::new(1, 1);
        let trying = {
            let stage = Arc::clone(&stage);
            thread::spawn(move || {
                if let Some(pass) = stage.gate.try_pass() {
                    stage.inside.enter();
                    stage.inside.leave();
                    drop(pass);
                }
            })
        };
        stage.enter();
        stage.end_one();
        trying.join().unwrap();
        stage.end_all(0..=0);
    });
}

/// The check of these models: two gates are one limit too many.
#[test]
#[should_panic(expected = "one too many")]
fn a_gate_that_is_not_shared_limits_nothing() {
    loom::model(|| {
        let stage = Stage::new(1, 1);
        let call = || Call { stage: Arc::clone(&stage), wanted: Arc::new(AtomicBool::new(true)) };
        stage.gate.enter(1, Box::new(call()));
        Gate::new(1).enter(1, Box::new(call()));
    });
}

fn permits(limit: usize, take: fn(&Permits, usize) -> Option<Permit>) {
    loom::model(move || {
        let refreshes = Arc::new((Permits::new(), Inside::new(limit)));
        let refresh = move |refreshes: &(Permits, Inside)| {
            let permit = take(&refreshes.0, limit);
            if permit.is_some() {
                refreshes.1.enter();
                thread::yield_now();
                refreshes.1.leave();
            }
        };
        let others = [(); 2].map(|()| {
            let refreshes = Arc::clone(&refreshes);
            thread::spawn(move || refresh(&refreshes))
        });
        refresh(&refreshes);
        for other in others {
            other.join().unwrap();
        }
        let all: Vec<_> = (0..limit).map_while(|_| refreshes.0.try_take(limit)).collect();
        assert_eq!(all.len(), limit, "a permit was lost");
        assert!(refreshes.0.try_take(limit).is_none(), "a permit too many");
    });
}

#[test]
fn never_more_permits_are_out_than_the_limit() {
    permits(1, Permits::try_take);
    permits(2, Permits::try_take);
}

#[test]
#[should_panic(expected = "one too many")]
fn permits_taken_by_another_limit_exceed_it() {
    permits(1, |permits, limit| permits.try_take(limit + 1));
}
