// Ctrl-C and SIGTERM: unfinished outputs are removed, and the process ends with the status that a shell gives such an end.
// Never knows: which outputs there are.
// Read next: `../scenario/emit/litter.rs`, which knows them.

/// Watches for signals on a thread of its own, which also ends a run that waits for its input.
///
/// The status is 128 and the signal's number: 130 for Ctrl-C, 143 for SIGTERM.
#[cfg(unix)]
pub(super) fn watch() {
    use std::io::{self, IsTerminal, Write};
    use std::{process, thread};

    use signal_hook::consts::{SIGINT, SIGTERM};
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
    if let Ok(signals) = Signals::new([SIGINT, SIGTERM]) {
        // A process that gets no thread has other troubles than what it leaves behind.
        let _ = thread::Builder::new().name("signals".into()).spawn(move || wait(signals));
    }
}

/// Elsewhere a signal ends the process at once.
#[cfg(not(unix))]
pub(super) fn watch() {}
