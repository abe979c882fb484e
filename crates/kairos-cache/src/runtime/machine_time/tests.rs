// The claims of `machine_time.rs`, each as a test, on a machine that is moved by hand; and of `ticker.rs`.
// Never knows: anything beyond the modules it tests.
// Read next: `../machine_time.rs`.

use std::thread;

use super::super::ticker::Os;
use super::*;
use crate::sync::{AtomicBool, AtomicI64};

const MS: u64 = 1_000_000;
const CHECKED: usize = CHECKED_EVERY as usize;

/// A machine that is moved by hand. Its processor's counter runs three times as fast as its clock.
#[derive(Debug, Default)]
struct Hand {
    mono: AtomicU64,
    ahead: AtomicI64,
    read: AtomicU64,
    woken: AtomicU64,
    has_no_thread: AtomicBool,
}

// Relaxed throughout: a test moves the machine on one thread.
impl Machine for Hand {
    fn count(&self) -> u64 {
        self.mono.load(Ordering::Relaxed) * 3
    }

    fn between_ns(&self, from: u64, to: u64) -> u64 {
        to.saturating_sub(from) / 3
    }

    fn mono(&self) -> u64 {
        self.read.fetch_add(1, Ordering::Relaxed);
        self.mono.load(Ordering::Relaxed)
    }

    fn wall(&self) -> WallNs {
        let ahead = self.ahead.load(Ordering::Relaxed);
        ahead.saturating_add_unsigned(self.mono.load(Ordering::Relaxed))
    }

    fn wake(&self, _: &'static MachineTime<Hand>) -> bool {
        self.woken.fetch_add(1, Ordering::Relaxed);
        !self.has_no_thread.load(Ordering::Relaxed)
    }
}

type Time = &'static MachineTime<Hand>;

fn time() -> Time {
    Box::leak(Box::new(MachineTime::new(Hand::default())))
}

impl MachineTime<Hand> {
    fn advance(&self, ns: u64) {
        self.machine.mono.fetch_add(ns, Ordering::Relaxed);
    }

    fn present(&self) -> u64 {
        reading(self.machine.mono.load(Ordering::Relaxed))
    }

    fn woken(&self) -> u64 {
        self.machine.woken.load(Ordering::Relaxed)
    }

    /// How many precise readings something takes.
    fn readings(&self, of: impl FnOnce()) -> u64 {
        let before = self.machine.read.load(Ordering::Relaxed);
        of();
        self.machine.read.load(Ordering::Relaxed) - before
    }

    fn hits(&'static self, hits: usize) -> Vec<u64> {
        (0..hits).map(|_| self.of_hit()).collect()
    }
}

/// A time whose ticker has been started by hits.
fn begun() -> Time {
    let time = time();
    time.advance(MS);
    time.hits(CHECKED);
    assert_eq!(time.woken(), 1);
    time
}

#[test]
fn hits_between_two_ticks_read_no_clock() {
    let time = begun();
    for _ in 0..100 {
        time.advance(MS / 2);
        time.tick(false);
        let published = time.present();
        time.advance(MS / 4);
        let read = time.readings(|| assert_eq!(time.hits(50), [published; 50]));
        assert_eq!(read, 0);
    }
}

#[test]
fn a_ticker_that_has_stopped_leaves_a_thread_at_most_sixteen_hits_behind() {
    for counted in 0..CHECKED {
        let time = begun();
        time.hits(counted);
        for ns in [MS, MS + 1, 5 * MS, 3600 * 1000 * MS] {
            time.advance(ns);
            let hits = time.hits(CHECKED + 1);
            assert_eq!(hits[CHECKED], time.present(), "{counted} {ns}");
            let behind = hits.iter().filter(|hit| **hit < time.present()).count();
            assert!(behind < CHECKED, "the one that looks is precise: {behind}");
        }
    }
}

#[test]
fn hits_with_a_deadline_are_no_more_behind_and_take_the_same_time() {
    for counted in 0..CHECKED {
        let time = begun();
        time.hits(counted);
        let hit = |until| time.of_hit_before(until).unwrap_or_else(|| time.of_hit());
        for ns in [MS, MS + 1, 5 * MS, 3600 * 1000 * MS] {
            time.advance(ns);
            let hits: Vec<u64> = (0..=CHECKED).map(|_| hit(u64::MAX)).collect();
            assert_eq!(hits[CHECKED], time.present(), "{counted} {ns}");
            let behind = hits.iter().filter(|hit| **hit < time.present()).count();
            assert!(behind < CHECKED, "the one that looks is precise: {behind}");
        }
        let present = time.present();
        for _ in 0..2 * CHECKED {
            assert_eq!(time.of_hit_before(present), None, "the deadline has come");
            assert!(time.of_hit_before(present + 1).is_none_or(|now| now == present));
        }
        time.tick(true);
        assert_eq!(time.of_hit_before(u64::MAX), None, "the ticker asks whether anybody reads");
        assert_eq!(time.readings(|| assert_eq!(time.of_hit(), present)), 1, "and is answered");
    }
}

#[test]
fn a_hit_that_is_timed_looks_for_those_to_come() {
    let time = begun();
    time.hits(CHECKED / 2);
    let published = time.present();
    time.advance(MS - 1);
    assert_eq!(time.of_hit_begun(time.machine().count()), published, "good enough");
    time.hits(CHECKED / 2);
    time.advance(1);
    let count = time.machine().count();
    assert_eq!(time.of_hit_begun(count), time.present(), "a millisecond behind");
    let read = time.readings(|| assert_eq!(time.hits(CHECKED), [time.present(); CHECKED]));
    assert_eq!(read, 0);
}

#[test]
fn a_hit_that_looks_finds_less_than_a_millisecond_good_enough() {
    let time = begun();
    let published = time.present();
    time.advance(MS - 1);
    let read = time.readings(|| assert_eq!(time.hits(2 * CHECKED), [published; 2 * CHECKED]));
    assert_eq!(read, 0);
}

#[test]
fn each_hit_beside_a_parked_ticker_is_precise_and_one_of_sixteen_wakes_it() {
    for counted in 0..CHECKED {
        let time = begun();
        time.hits(counted);
        time.tick(true);
        time.tick(true);
        for hit in 1..=CHECKED {
            time.advance(10);
            assert_eq!(time.of_hit(), time.present(), "{counted} {hit}");
            if time.woken() == 2 {
                break;
            }
            assert!(time.is_parked(), "nothing is published that nobody keeps");
        }
        assert_eq!(time.woken(), 2);
        assert!(!time.is_parked());
    }
}

#[test]
fn one_hit_answers_the_ticker_and_a_precise_reading_does_not() {
    let time = begun();
    for _ in 0..3 {
        assert!(!time.tick(true));
        let answer = time.readings(|| drop(time.hits(CHECKED * 2)));
        assert_eq!(answer, 1, "the first that finds the question");
    }
    assert!(!time.tick(true));
    time.advance(MS);
    time.now();
    assert!(!time.tick(false) && time.tick(true), "nobody has answered");
    assert_eq!(time.woken(), 1);
}

#[test]
fn what_was_read_before_a_question_or_a_parking_does_not_undo_it() {
    for asked in [1, 2] {
        let time = begun();
        let coarse = &time.coarse;
        let late = time.present();
        time.advance(MS);
        for _ in 0..asked {
            time.tick(true);
        }
        assert_eq!(coarse.publish(late, 0, true), (time.present(), false));
        assert!(!coarse.seen().is_known());
        assert_eq!(coarse.follow(time.present() + MS), time.present() + MS);
        assert!(!coarse.seen().is_known(), "no hit's");
        assert_eq!(coarse.seen().is_parked(), asked == 2);
    }
}

#[test]
fn without_a_thread_hits_are_precise_and_one_is_asked_for_once_a_second() {
    let time = time();
    time.machine.has_no_thread.store(true, Ordering::Relaxed);
    let precise = |hits| {
        for _ in 0..hits {
            time.advance(1000);
            assert_eq!(time.of_hit(), time.present());
        }
    };
    precise(900_000); // 0.9 s
    assert_eq!(time.woken(), 1);
    precise(200_000);
    assert_eq!(time.woken(), 2);
    time.machine.has_no_thread.store(false, Ordering::Relaxed);
    precise(900_000 - CHECKED);
    assert_eq!(time.woken(), 2);
    time.advance(1000 * MS);
    time.hits(CHECKED);
    assert_eq!(time.woken(), 3);
    let kept = time.readings(|| drop(time.hits(1000)));
    assert_eq!(kept, 0);
}

#[test]
fn a_child_of_a_fork_reads_precisely_and_publishes_nothing() {
    for asked in 0..3 {
        let mut made = MachineTime::new(Hand::default());
        made.forks = forks() + 1; // As its parent would find it.
        let reading = reading(MS);
        made.coarse.publish(reading, 3 * MS, true);
        for _ in 0..asked {
            made.tick(true);
        }
        let time: Time = Box::leak(Box::new(made));
        time.leave_parent();
        let seen = time.coarse.seen();
        time.advance(MS);
        for _ in 0..100 {
            time.advance(10);
            assert_eq!(time.of_hit(), time.present());
        }
        assert_eq!((time.coarse.seen(), time.woken()), (seen, 0));
        time.machine.ahead.store(3600 * 1_000_000_000, Ordering::Relaxed);
        time.of_hit();
        assert_eq!(time.steps.version().current(), 1, "it notices steps by itself");
    }
}

#[test]
fn a_step_of_the_wall_clock_is_noticed_by_the_next_tick_or_precise_reading_for_all() {
    let time = begun();
    let noticed = || time.steps.version().current();
    let step = |by: i64| {
        time.machine.ahead.fetch_add(by, Ordering::Relaxed);
    };
    step(100_000_000);
    time.tick(false);
    assert_eq!(noticed(), 0);
    step(1);
    time.hits(3);
    assert_eq!(noticed(), 0, "hits read no clock");
    time.tick(false);
    assert_eq!(noticed(), 1);
    step(-1_000_000_000);
    time.now();
    time.tick(false);
    assert_eq!(noticed(), 2);
    step(1_000_000_000);
    time.tick(true);
    time.tick(true);
    assert_eq!(noticed(), 3, "by questions too");
    step(-1_000_000_000);
    time.of_hit();
    assert_eq!(noticed(), 4, "the ticker is parked: the hit is precise");
}

#[test]
fn a_precise_reading_publishes_itself_where_that_pays() {
    let time = begun();
    let published = time.present();
    time.advance(50_000);
    assert_eq!(time.now().0, time.present());
    assert_eq!(time.of_hit(), published);
    time.advance(4);
    time.now();
    assert_eq!(time.of_hit(), time.present());
    time.advance(MS);
    let before = time.of_hit();
    assert_eq!(time.mono_as(false), time.present());
    assert_eq!(time.of_hit(), before, "steps were not looked for");
}

#[test]
fn a_thread_goes_by_the_counter_for_a_while_after_a_reading() {
    let time = time();
    time.now();
    for _ in 0..9 {
        time.advance(20_000);
        let read = time.readings(|| {
            let wall = time.present().cast_signed();
            assert!(time.now().0 <= time.present() && time.present() - time.now().0 < 8);
            assert!(
                time.mono_as(false) <= time.present() && time.wall_as(false).abs_diff(wall) < 8
            );
        });
        assert_eq!(read, 0);
    }
    time.advance(20_001);
    assert_eq!(time.readings(|| assert_eq!(time.now().0, time.present())), 1, "for no longer");
    let other = self::time();
    assert_eq!(time.readings(|| _ = time.now()), 0);
    assert_eq!(other.readings(|| _ = other.now()), 1, "another's is none of this one's");
    time.machine.mono.fetch_sub(1000, Ordering::Relaxed);
    assert_eq!(time.readings(|| _ = time.now()), 1);
}

#[test]
fn a_reading_by_the_counter_publishes_nothing_and_steps_are_noticed_by_the_next_other() {
    let time = begun();
    time.now();
    let published = time.of_hit();
    time.machine.ahead.fetch_add(1_000_000_000, Ordering::Relaxed);
    time.advance(40_000);
    time.now();
    assert_eq!((time.of_hit(), time.steps.version().current()), (published, 0));
    time.advance(10_004);
    time.now();
    assert_eq!((time.of_hit(), time.steps.version().current()), (time.present(), 1));
    time.now();
    time.machine.ahead.fetch_add(1_000_000_000, Ordering::Relaxed);
    time.tick(false);
    let read = time.readings(|| assert!(time.now().1 > 2_000_000_000, "it was noticed by another"));
    assert_eq!(read, 1);
}

#[test]
fn an_exact_reading_asks_each_time_and_notices_a_step_at_once() {
    let time = begun();
    time.now();
    assert_eq!(time.readings(|| _ = time.now()), 0, "by the counter");
    assert_eq!(
        time.readings(|| _ = (time.now_as(true), time.mono_as(true), time.wall_as(true))),
        3
    );
    time.machine.ahead.fetch_add(1_000_000_000, Ordering::Relaxed);
    time.now_as(true);
    assert_eq!(time.steps.version().current(), 1);
}

/// Whatever happens in whatever order.
#[test]
fn the_time_never_goes_back_for_the_hits_of_a_thread() {
    let mut draws = 7_u64;
    let mut draw = |below: u64| {
        draws = draws.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (draws >> 33) % below
    };
    let time = time();
    let mut last = 0;
    time.advance(MS);
    for _ in 0..200_000 {
        match draw(8) {
            0 => {
                time.tick(draw(3) == 0);
            }
            1 => time.advance(draw(400_000)),
            kind => {
                let (now, behind) =
                    if kind == 2 { (time.now().0, 50_000) } else { (time.of_hit(), 0) };
                assert!(now >= last && now <= time.present(), "{now} {last}");
                last = last.max(now - behind);
            }
        }
    }
    assert!(time.woken() > 1, "it was parked and woken");
}

#[test]
fn a_processor_whose_clock_is_behind_does_not_take_the_time_back() {
    for ticks in 0..3 {
        let time = time();
        time.advance(MS);
        time.hits(CHECKED);
        let published = time.present();
        for _ in 0..ticks {
            time.tick(true);
        }
        time.machine.mono.fetch_sub(1000, Ordering::Relaxed);
        assert_eq!(time.now().0, published);
        assert_eq!(time.hits(2 * CHECKED), [published; 2 * CHECKED]);
        time.tick(false);
        assert_eq!(time.of_hit(), published);
    }
}

/// A time of this machine, with a thread of its own.
fn of_this_machine() -> &'static MachineTime<Os> {
    let time: &'static MachineTime<Os> = Box::leak(Box::new(MachineTime::new(Os::new())));
    begin(time);
    time
}

/// Hits until one is published.
fn begin(time: &'static MachineTime<Os>) {
    while !time.coarse.seen().is_known() {
        time.of_hit();
    }
}

/// Waits until a condition holds that another thread brings about.
fn until(holds: impl Fn() -> bool) {
    while !holds() {
        thread::yield_now();
    }
}

#[test]
fn a_thread_ticks_without_hits_parks_and_is_woken() {
    let time = of_this_machine();
    for _ in 0..3 {
        let seen = time.coarse.seen();
        until(|| time.coarse.seen() != seen);
        until(|| time.is_parked());
        let first = time.mono_as(false);
        assert!(time.of_hit() >= first, "precise");
        begin(time);
    }
}

#[test]
fn a_thread_that_is_stopped_is_noticed_by_sixteen_hits_of_each_thread() {
    let time = of_this_machine();
    let _stopped = time.machine.running.lock();
    for _ in 0..3 {
        let seen = time.mono_as(false);
        until(|| time.mono_as(false) > seen + 2 * BEHIND_NS);
        let now = time.mono_as(false);
        let precise = time_of_hits(time).into_iter().find(|hit| *hit >= now);
        let other = thread::spawn(|| time_of_hits(time)).join().expect("no panic");
        assert!(precise.is_some());
        assert!(other.into_iter().any(|hit| hit >= now));
    }
}

fn time_of_hits(time: &'static MachineTime<Os>) -> [u64; CHECKED] {
    [(); CHECKED].map(|()| time.of_hit())
}
