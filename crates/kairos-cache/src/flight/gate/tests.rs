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
    gate.enter(3, Box::new(Named(name, wanted, Arc::clone(passes))))
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
    let (gate, passes) = (Gate::new(2), Passes::default());
    let admissions: Vec<Admission> =
        (1..=6).map(|name| enter(&gate, &passes, name, true)).collect();
    assert_eq!(admissions, [Begun, Begun, Queued, Queued, Queued, Refused]);
    assert!(gate.try_pass().is_none());
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
    let (gate, begun) = (Gate::new(1), Arc::default());
    let pass = gate.try_pass().expect("nobody has passed");
    for _ in 0..100_000 {
        let brief = Box::new(Brief(false, Arc::clone(&begun)));
        assert_eq!(gate.enter(100_000, brief), Queued);
    }
    drop(pass);
    assert_eq!((*begun.lock().expect("no panic"), gate.0.lock().passed), (100_000, 0));
}

#[test]
fn an_arrival_that_panics_gives_its_place_to_the_next() {
    let (gate, begun) = (Gate::new(1), Arc::default());
    let pass = gate.try_pass().expect("nobody has passed");
    for panics in [true, false] {
        gate.enter(9, Box::new(Brief(panics, Arc::clone(&begun))));
    }
    drop(pass);
    assert_eq!((*begun.lock().expect("no panic"), gate.0.lock().passed), (1, 0));
}

#[test]
fn a_wider_gate_lets_in_what_waits_at_once() {
    let (gate, passes) = (Gate::new(2), Passes::default());
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
    let (gate, passes) = (Gate::new(2), Passes::default());
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

/// A gate whose only place is taken, what waits there for a deadline each, and what became of it.
fn patient(deadlines: &[u64]) -> (Gate, Pass, Arc<StdMutex<Vec<&'static str>>>) {
    let (gate, told) = (Gate::new(1), Arc::default());
    let pass = gate.try_pass().expect("nobody has passed");
    for deadline in deadlines {
        wait_until(&gate, *deadline, &told);
    }
    (gate, pass, told)
}

fn wait_until(gate: &Gate, deadline: u64, told: &Arc<StdMutex<Vec<&'static str>>>) {
    let patient = Box::new(Patient(deadline, false, Arc::clone(told)));
    assert_eq!(gate.enter(9, patient), Queued);
}

/// The timers that a gate has set: when each rings, its bell until that, and how many were aborted.
#[derive(Default)]
struct Timers {
    set: StdMutex<Vec<u64>>,
    bells: StdMutex<Vec<Option<Bell>>>,
    aborted: Arc<StdMutex<usize>>,
}

impl Timers {
    fn watch(&self, gate: &Gate) {
        gate.watch(|deadline, bell| {
            self.set.lock().expect("no panic").push(deadline);
            self.bells.lock().expect("no panic").push(Some(bell));
            let aborted = Arc::clone(&self.aborted);
            Task::new(move || *aborted.lock().expect("no panic") += 1)
        });
    }

    fn set(&self) -> Vec<u64> {
        self.set.lock().expect("no panic").clone()
    }

    fn aborted(&self) -> usize {
        *self.aborted.lock().expect("no panic")
    }

    fn bell(&self, place: usize) -> Bell {
        self.bells.lock().expect("no panic")[place].take().expect("it has not rung")
    }
}

#[test]
fn the_timer_rings_for_what_has_waited_long_enough_and_ends_with_the_queue() {
    let (gate, pass, told) = patient(&[30, 20, 40]);
    let timers = Timers::default();
    timers.watch(&gate);
    timers.watch(&gate);
    assert_eq!(timers.set(), [20], "one for all");
    assert!(timers.bell(0).ring(30), "one waits still");
    assert_eq!(*told.lock().expect("no panic"), ["late", "late"]);
    timers.watch(&gate);
    assert_eq!((timers.set(), timers.aborted()), (vec![20, 40], 0));
    drop(pass);
    assert_eq!(*told.lock().expect("no panic"), ["late", "late", "begun"]);
    assert_eq!(timers.aborted(), 1, "nothing is left to ring for");
}

#[test]
fn a_timer_moves_to_an_earlier_deadline_and_the_old_bell_says_nothing_more() {
    let (gate, _pass, told) = patient(&[30]);
    let timers = Timers::default();
    timers.watch(&gate);
    wait_until(&gate, 40, &told);
    timers.watch(&gate);
    wait_until(&gate, 10, &told);
    timers.watch(&gate);
    assert_eq!((timers.set(), timers.aborted()), (vec![30, 10], 1));
    drop(timers.bell(0));
    timers.watch(&gate);
    assert_eq!(timers.set().len(), 2, "the newer one is still set");
    assert!(timers.bell(1).ring(10));
    timers.watch(&gate);
    assert_eq!((timers.set(), told.lock().expect("no panic").len()), (vec![30, 10, 30], 1));
}

/// As when it comes while another thread sets the timer.
#[test]
fn a_deadline_that_comes_while_the_timer_is_being_set_is_seen_by_who_sets_it() {
    let (gate, _pass, told) = patient(&[30]);
    let (set, bells) = (StdMutex::new(Vec::new()), StdMutex::new(Vec::new()));
    gate.watch(|deadline, bell| {
        set.lock().expect("no panic").push(deadline);
        bells.lock().expect("no panic").push(bell);
        if deadline == 30 {
            wait_until(&gate, 20, &told);
            gate.watch(|_, _| panic!("another thread sets it"));
        }
        Task::new(|| {})
    });
    assert_eq!(*set.lock().expect("no panic"), [30, 20]);
}

/// A runtime may drop what it is to call, before it returns or later, or panic and keep it.
#[test]
fn a_bell_that_is_lost_lets_another_timer_be_set() {
    let (gate, _pass, _told) = patient(&[20]);
    let kept = StdMutex::new(Vec::new());
    gate.watch(|_, bell| {
        drop(bell);
        Task::new(|| {})
    });
    gate.watch(|_, bell| {
        kept.lock().expect("no panic").push(bell);
        panic!("no timers")
    });
    let timers = Timers::default();
    timers.watch(&gate);
    drop(timers.bell(0));
    timers.watch(&gate);
    assert_eq!(timers.set(), [20, 20]);
    assert!(!timers.bell(1).ring(20), "nothing waits any more");
}

/// It looks at its gate as it is dropped, which it cannot under the gate's lock.
struct Looks(Gate);

impl Drop for Looks {
    fn drop(&mut self) {
        self.0.set_limit(1);
    }
}

#[test]
fn timers_that_have_rung_or_are_replaced_are_dropped_outside_the_lock() {
    let (gate, _pass, told) = patient(&[40]);
    let bells = StdMutex::new(Vec::new());
    let set = |_, bell| {
        bells.lock().expect("no panic").push(bell);
        let looks = Looks(gate.clone());
        Task::new(move || drop(looks))
    };
    gate.watch(set);
    wait_until(&gate, 30, &told);
    gate.watch(set);
    let bell = bells.lock().expect("no panic").pop().expect("set twice");
    assert!(bell.ring(30));
    gate.watch(set);
    let bell = bells.lock().expect("no panic").pop().expect("set again");
    drop(bell);
}

#[test]
fn what_is_urgent_begins_without_a_place() {
    let (gate, told) = (Gate::new(1), Arc::default());
    let _pass = gate.try_pass().expect("nobody has passed");
    let enter = |urgent| gate.enter(3, Box::new(Patient(u64::MAX, urgent, Arc::clone(&told))));
    assert_eq!([enter(false), enter(true)], [Queued, Begun]);
    assert_eq!(*told.lock().expect("no panic"), ["begun"]);
    gate.admit_urgent();
    assert_eq!(told.lock().expect("no panic").len(), 1, "the other is not urgent");
}
