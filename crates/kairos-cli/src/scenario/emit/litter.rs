// Files that are being written beside their final names: created, renamed, removed, under one lock.
// Never knows: what is written to them, or why a run ends.
// Read next: `output.rs`, which writes them; `../../command/signals.rs`, which removes them all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The unfinished files of this process.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A list of paths is valid after every step of those who hold the lock, so that a panic spoils nothing.
fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Creates an unfinished file in `folder`, under a name that nothing there has.
///
/// # Errors
/// The operating system's error.
pub(super) fn create(folder: &Path) -> io::Result<(File, PathBuf)> {
    let mut all = unfinished();
    let process = process::id();
    let mut number = 0_u32;
    loop {
        let path = folder.join(format!(".kairos-{process}-{number}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => {
                all.push(path.clone());
                return Ok((file, path));
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Gives an unfinished file its final name, in place of the file that has it.
///
/// # Errors
/// The operating system's error; the file is still unfinished then.
pub(super) fn keep(path: &Path, target: &Path) -> io::Result<()> {
    let mut all = unfinished();
    fs::rename(path, target)?;
    all.retain(|other| other != path);
    Ok(())
}

/// Removes a file if it is unfinished; one that has been kept has another name.
pub(super) fn discard(path: &Path) {
    let mut all = unfinished();
    if let Some(at) = all.iter().position(|other| other == path) {
        // It stays if the folder has become unwritable, and nobody is left to be told.
        let _ = fs::remove_file(all.swap_remove(at));
    }
}

/// Removes every unfinished file. While the result lives, none is created or renamed: a process that is about to end
/// keeps it.
pub(crate) fn discard_unfinished() -> impl Sized {
    let mut all = unfinished();
    for path in all.drain(..) {
        let _ = fs::remove_file(path);
    }
    all
}
