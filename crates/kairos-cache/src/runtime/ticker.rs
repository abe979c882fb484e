// The clocks of the operating system, and the thread that publishes their time twice a millisecond.
// Never knows: who reads.
// Read next: `machine_time.rs`, which publishes; `coarse.rs` for how parking and waking agree.
// Why: `docs/decisions/0020-a-hit-takes-a-published-time.md`.

#![expect(clippy::disallowed_methods, reason = "this is the clock, and what waits for its ticks")]

use std::sync::OnceLock;
use std::thread::{self, Thread};
use std::time::{Duration, Instant, SystemTime};

use super::machine_time::{Machine, MachineTime};
use super::nanos::{nanos, wall_ns};
use crate::policy::WallNs;
use crate::sync::Mutex;

/// Half of what a published time may be behind: a sleep comes some 0.06 ms late by itself, and the rest
/// is for a thread that waits for a processor.
const TICK: Duration = Duration::from_micros(500);

/// How many ticks come from one question whether anybody reads to the next: 16 ms, in which the ticks
/// take as long as some hundred precise readings.
const TICKS_A_QUESTION: u32 = 32;

/// The operating system of this process.
#[derive(Debug)]
pub(super) struct Os {
    /// The beginning of its monotonic readings.
    began: Instant,
    counter: kairos_metrics::Clock,
    thread: Mutex<Option<Thread>>,
    /// Whoever holds this stops the ticker.
    #[cfg(test)]
    pub(super) running: Mutex<()>,
}

static TIME: OnceLock<MachineTime<Os>> = OnceLock::new();

/// The time of this process.
pub(super) fn machine_time() -> &'static MachineTime<Os> {
    TIME.get_or_init(|| {
        kairos_metrics::in_child(leave_parent);
        MachineTime::new(Os::new())
    })
}

/// A child of a fork has no ticker: from its first hit on it reads precisely.
fn leave_parent() {
    if let Some(time) = TIME.get() {
        time.leave_parent();
    }
}

impl Os {
    pub(super) fn new() -> Os {
        Os {
            began: Instant::now(),
            counter: kairos_metrics::Clock::ticks(),
            thread: Mutex::new(None),
            #[cfg(test)]
            running: Mutex::new(()),
        }
    }

    /// When its monotonic readings began.
    pub(super) fn began(&self) -> Instant {
        self.began
    }
}

impl Machine for Os {
    #[inline]
    fn count(&self) -> u64 {
        self.counter.raw()
    }

    #[inline]
    fn between_ns(&self, from: u64, to: u64) -> u64 {
        self.counter.delta_ns(from, to)
    }

    fn mono(&self) -> u64 {
        nanos(self.began.elapsed())
    }

    fn wall(&self) -> WallNs {
        wall_ns(SystemTime::now())
    }

    fn wake(&self, time: &'static MachineTime<Os>) -> bool {
        let mut thread = self.thread.lock();
        if thread.is_none() {
            let started = thread::Builder::new().name("kairos-clock".into()).spawn(|| run(time));
            *thread = started.ok().map(|ticker| ticker.thread().clone());
        }
        // What is unparked before it parks does not park: no waking is lost.
        thread.as_ref().map(Thread::unpark).is_some()
    }
}

/// Ticks as long as the process lasts.
fn run(time: &MachineTime<Os>) {
    let mut ticks = 0_u32;
    loop {
        thread::sleep(TICK);
        #[cfg(test)]
        let _running = time.machine().running.lock();
        ticks = ticks.wrapping_add(1);
        if time.tick(ticks.is_multiple_of(TICKS_A_QUESTION)) {
            while time.is_parked() {
                thread::park();
            }
            ticks = 0;
        }
    }
}
