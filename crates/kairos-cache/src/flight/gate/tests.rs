// The claims of `gate.rs`, each as a test.
// Never knows: anything beyond the module it tests.
// Read next: `gate.rs`.

use std::sync::Mutex as StdMutex;

use super::Admission::{Begun, Queued, Refused};
use super::*;

type Passes = Arc<StdMutex<Vec<(u32, Pass)>>>;

struct Named(u32, bool, Passes);

impl Arrival for Named {
    fn is_wanted(&self) -> bool {
        self.1
    }

    fn begin(self: Box<Self>, pass: Pass) -> Option<Pass> {
        if !self.1 {
            return Some(pass);
        }
        self.2.lock().expect("no panic").push((self.0, pass));
        None
    }

    fn refuse(self: Box<Self>) {}
}

fn enter(gate: &Gate, passes: &Passes, name: u32, wanted: bool) -> Admission {
    gate.enter(2, 3, Box::new(Named(name, wanted, Arc::clone(passes))))
}

fn names(passes: &Passes) -> Vec<u32> {
    passes.lock().expect("no panic").iter().map(|(name, _)| *name).collect()
}

fn give_back(passes: &Passes, index: usize) {
    let pass = passes.lock().expect("no panic").remove(index);
    drop(pass);
}

#[test]
fn two_pass_three_wait_in_order_and_the_sixth_is_turned_away() {
    let (gate, passes) = (Gate::new(), Passes::default());
    let admissions: Vec<Admission> =
        (1..=6).map(|name| enter(&gate, &passes, name, true)).collect();
    assert_eq!(admissions, [Begun, Begun, Queued, Queued, Queued, Refused]);
    assert!(gate.try_pass(2).is_none());
    give_back(&passes, 0);
    assert_eq!(names(&passes), [2, 3]);
    give_back(&passes, 0);
    give_back(&passes, 0);
    assert_eq!(names(&passes), [4, 5]);
}

/// It ends as it begins, or panics instead.
struct Brief(bool, Arc<StdMutex<u32>>);

impl Arrival for Brief {
    fn is_wanted(&self) -> bool {
        true
    }

    fn begin(self: Box<Self>, pass: Pass) -> Option<Pass> {
        assert!(!self.0, "it panics");
        *self.1.lock().expect("no panic") += 1;
        drop(pass);
        None
    }

    fn refuse(self: Box<Self>) {}
}

#[test]
fn a_long_row_that_ends_as_it_begins_does_not_nest() {
    let (gate, begun) = (Gate::new(), Arc::default());
    let pass = gate.try_pass(1).expect("nobody has passed");
    for _ in 0..100_000 {
        let brief = Box::new(Brief(false, Arc::clone(&begun)));
        assert_eq!(gate.enter(1, 100_000, brief), Queued);
    }
    drop(pass);
    assert_eq!((*begun.lock().expect("no panic"), gate.0.lock().passed), (100_000, 0));
}

#[test]
fn an_arrival_that_panics_gives_its_place_to_the_next() {
    let (gate, begun) = (Gate::new(), Arc::default());
    let pass = gate.try_pass(1).expect("nobody has passed");
    for panics in [true, false] {
        gate.enter(1, 9, Box::new(Brief(panics, Arc::clone(&begun))));
    }
    drop(pass);
    assert_eq!((*begun.lock().expect("no panic"), gate.0.lock().passed), (1, 0));
}

#[test]
fn a_wider_gate_lets_in_what_waits_at_once() {
    let (gate, passes) = (Gate::new(), Passes::default());
    for name in 1..=5 {
        enter(&gate, &passes, name, true);
    }
    gate.set_limit(4);
    gate.fill_up();
    assert_eq!(names(&passes), [1, 2, 3, 4]);
    gate.set_limit(0);
    gate.fill_up();
    assert_eq!(names(&passes), [1, 2, 3, 4, 5]);
}

#[test]
fn what_nobody_wants_makes_room_and_is_passed_over() {
    let (gate, passes) = (Gate::new(), Passes::default());
    for (name, wanted) in [(1, true), (2, true), (3, true), (4, false), (5, false)] {
        enter(&gate, &passes, name, wanted);
    }
    assert_eq!(enter(&gate, &passes, 6, false), Admission::Queued);
    assert_eq!(enter(&gate, &passes, 7, true), Admission::Queued);
    give_back(&passes, 0);
    give_back(&passes, 0);
    assert_eq!(names(&passes), [3, 7]);
    give_back(&passes, 0);
    give_back(&passes, 0);
    assert_eq!(gate.0.lock().passed, 0);
}

/// It waits until an instant, and tells of its end.
struct Patient(u64, bool, Arc<StdMutex<Vec<&'static str>>>);

impl Arrival for Patient {
    fn is_wanted(&self) -> bool {
        true
    }

    fn is_urgent(&self) -> bool {
        self.1
    }

    fn begin(self: Box<Self>, pass: Pass) -> Option<Pass> {
        self.2.lock().expect("no panic").push("begun");
        Some(pass)
    }

    fn refuse(self: Box<Self>) {}

    fn deadline(&self) -> MonoNs {
        self.0
    }

    fn time_out(self: Box<Self>) {
        self.2.lock().expect("no panic").push("late");
    }
}

#[test]
fn the_timer_rings_for_what_has_waited_long_enough_and_ends_with_the_queue() {
    let (gate, told) = (Gate::new(), Arc::default());
    let pass = gate.try_pass(1).expect("nobody has passed");
    for deadline in [30, 20, 40] {
        let patient = Box::new(Patient(deadline, false, Arc::clone(&told)));
        assert_eq!(gate.enter(1, 3, patient), Queued);
    }
    let (aborted, mut set) = (Arc::new(StdMutex::new(false)), None);
    gate.watch(|deadline| {
        set = Some(deadline);
        Task::new(|| {})
    });
    gate.watch(|_| panic!("there is one"));
    assert_eq!(set, Some(20));
    assert!(gate.ring(30), "one waits still");
    assert_eq!(*told.lock().expect("no panic"), ["late", "late"]);
    let ends = Arc::clone(&aborted);
    gate.watch(move |_| Task::new(move || *ends.lock().expect("no panic") = true));
    drop(pass);
    assert_eq!(*told.lock().expect("no panic"), ["late", "late", "begun"]);
    assert!(*aborted.lock().expect("no panic"), "nothing is left to ring for");
}

#[test]
fn what_is_urgent_begins_without_a_place() {
    let (gate, told) = (Gate::new(), Arc::default());
    let _pass = gate.try_pass(1).expect("nobody has passed");
    let enter = |urgent| gate.enter(1, 3, Box::new(Patient(u64::MAX, urgent, Arc::clone(&told))));
    assert_eq!([enter(false), enter(true)], [Queued, Begun]);
    assert_eq!(*told.lock().expect("no panic"), ["begun"]);
    gate.admit_urgent();
    assert_eq!(told.lock().expect("no panic").len(), 1, "the other is not urgent");
}
