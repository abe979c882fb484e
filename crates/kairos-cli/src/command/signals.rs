// Ctrl-C, SIGTERM and SIGHUP: unfinished outputs are removed, and the process ends with the status that a shell gives
// such an end.
// Never knows: which outputs there are.
// Read next: `../scenario/emit/litter.rs`, which knows them.

/// Watches for signals on a thread of its own, which also ends a run that waits for its input.
///
/// The status is 128 and the signal's number: 129 for SIGHUP, 130 for Ctrl-C, 143 for SIGTERM. A run that was started
/// to outlive its terminal, as `nohup` does, goes on after SIGHUP.
#[cfg(unix)]
pub(super) fn watch() {
    use std::io::{self, IsTerminal, Write};
    use std::{process, thread};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    use crate::scenario::discard_unfinished;

    let wait = |mut signals: Signals| {
        if let Some(signal) = signals.forever().next() {
            let _none_is_created_any_more = discard_unfinished();
            if io::stderr().is_terminal() {
                // The prompt of the shell belongs below the bar, not behind it.
                let _ = writeln!(io::stderr());
            }
            process::exit(128 + signal);
        }
    };
    let hangup = (!is_ignored(SIGHUP)).then_some(SIGHUP);
    if let Ok(signals) = Signals::new([SIGINT, SIGTERM].into_iter().chain(hangup)) {
        // A process that gets no thread has other troubles than what it leaves behind.
        let _ = thread::Builder::new().name("signals".into()).spawn(move || wait(signals));
    }
}

/// Whether the process was started with the signal ignored.
#[cfg(unix)]
#[expect(unsafe_code, reason = "what is done at a signal cannot be asked otherwise")]
fn is_ignored(signal: i32) -> bool {
    use std::mem::MaybeUninit;
    use std::ptr;

    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action the call changes nothing, and `action` may be written to. Zeros are a valid action,
    // should the call fail.
    let action = unsafe {
        libc::sigaction(signal, ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}

/// Elsewhere a signal ends the process at once.
#[cfg(not(unix))]
pub(super) fn watch() {}
