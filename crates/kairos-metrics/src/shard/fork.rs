// What a fork of the process does to its counts: the child starts from zero.
// Never knows: names and formats.
// Read next: `process.rs`, `Process::restart`.
//
// Beside the zeroed memory of `cell.rs` this is the one file with `unsafe`: std has no hook for a
// fork, and a process id compared at each count would cost more than the count. A fork while another
// thread allocates a block of the shared shard (some hundred nanoseconds, once for 512 counters) can
// leave that block unusable in the child: a child that is to count should be forked before threads.

use std::cell::RefCell;

use super::process::{Held, Process};
use super::shard::Shard;
use crate::clock::Clock;
use crate::sync::{AtomicU64, OnceSlot, Ordering};

thread_local! {
    /// Holds the locks across a fork, so that the child finds shards and ids whole.
    static HELD: RefCell<Option<Held<'static>>> = const { RefCell::new(None) };
}

/// How the hooks, which the C library calls without arguments, find what they work on.
#[derive(Clone, Copy)]
pub(super) struct Reach {
    pub(super) process: fn() -> &'static Process,
    /// The calling thread's shard, if it has one.
    pub(super) own_shard: fn() -> Option<&'static Shard>,
}

static REACH: OnceSlot<Reach> = OnceSlot::new();

/// How often this process's line was forked since the hooks were registered.
static FORKS: AtomicU64 = AtomicU64::new(0);

/// What a child calls, and what it calls after that; never taken back.
static CALLS: OnceSlot<&'static Call> = OnceSlot::new();

struct Call {
    call: fn(),
    next: OnceSlot<&'static Call>,
}

/// See [`super::in_child`].
pub(super) fn in_child(call: fn()) {
    let call: &'static Call = Box::leak(Box::new(Call { call, next: OnceSlot::new() }));
    let mut place = &CALLS;
    loop {
        let placed = place.get_or_init(|| call);
        if std::ptr::eq(placed, call) {
            return;
        }
        place = &placed.next;
    }
}

/// See [`super::forks`].
pub(super) fn forks() -> u64 {
    // Relaxed: written in a child with one thread, before any other begins.
    FORKS.load(Ordering::Relaxed)
}

/// Registers the hooks; called once, before the process's shards exist.
#[allow(unsafe_code)]
pub(super) fn watch(reach: Reach) {
    REACH.get_or_init(|| reach);
    // SAFETY: the three functions are `extern "C"`, take nothing and never unwind: they touch
    // only memory of this process, through safe code. The C library calls them in the forking
    // thread; the child's runs while that is the only thread, and allocates nothing.
    // A failure (out of memory) leaves the child with the parent's counts, which is what there
    // would be without the hook.
    unsafe {
        libc::pthread_atfork(Some(before), Some(in_parent), Some(begin_child));
    }
}

extern "C" fn before() {
    let _ = HELD.try_with(|held| {
        if let Ok(mut held) = held.try_borrow_mut() {
            *held = REACH.get().map(|reach| (reach.process)().lock());
        }
    });
}

extern "C" fn in_parent() {
    drop(release());
}

extern "C" fn begin_child() {
    FORKS.fetch_add(1, Ordering::Relaxed); // Relaxed: as in `forks`.
    if let (Some(mut held), Some(reach)) = (release(), REACH.get()) {
        let now = Clock::system().unix_ns();
        (reach.process)().restart(&mut held, (reach.own_shard)(), now);
    }
    let mut place = CALLS.get();
    while let Some(Call { call, next }) = place {
        call();
        place = next.get();
    }
}

fn release() -> Option<Held<'static>> {
    HELD.try_with(|held| held.try_borrow_mut().ok().and_then(|mut held| held.take())).ok().flatten()
}
