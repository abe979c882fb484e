//! Claim: a child of a fork computes and times out, though none of its parent's threads is there.
// Never knows: how a fork is noticed.
// Read next: `../src/runtime/tokio.rs`.
#![cfg(all(unix, not(kairos_loom)))]

use std::future::pending;
use std::io::Error as Failure;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as Cx, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use kairos_cache::{Cache, Context, Error};

/// A child that hangs is ended after so many seconds, and is a failure then.
const PATIENCE: u32 = 60;

/// Runs `child` in a forked process and returns the status that it ends with.
#[allow(unsafe_code)]
fn in_fork(child: impl FnOnce() -> u8) -> i32 {
    // SAFETY: this test file has one test, and no other thread of the process is inside the cache
    // or allocates; the child leaves with `_exit`.
    unsafe {
        let pid = libc::fork();
        assert!(pid >= 0, "fork failed");
        if pid == 0 {
            libc::alarm(PATIENCE);
            libc::_exit(child().into());
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(pid, &raw mut status, 0), pid);
        assert!(libc::WIFEXITED(status), "the child was killed: {status}");
        libc::WEXITSTATUS(status)
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Cx::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

#[test]
fn a_forked_child_computes_and_times_out() {
    let cache: Cache<u8, u8> =
        Cache::builder().hard_timeout(Duration::from_millis(20)).build().expect("in range");
    let none = Context::none();
    let read = |key: u8| {
        let found = cache.get_or_compute(&key, &none, move || async move { Ok::<_, Failure>(key) });
        block_on(found).map(|hit| *hit)
    };
    assert_eq!(read(1).ok(), Some(1), "in the parent, whose threads have begun");
    let code = in_fork(|| {
        let computed = read(2).ok() == Some(2);
        let hangs = || pending::<Result<u8, Failure>>();
        let late = block_on(cache.get_or_compute(&3, &none, hangs)).map(|hit| *hit);
        u8::from(computed) + 2 * u8::from(matches!(late, Err(Error::Timeout)))
    });
    assert_eq!(code, 3, "computed 1, timed out 2");
    assert_eq!(read(4).ok(), Some(4), "the parent notices nothing");
}
