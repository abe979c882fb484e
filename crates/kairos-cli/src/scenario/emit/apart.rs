// Which files are the same: an output must be no input and no other output.
// Never opens a file.
// Read next: `output.rs`, which writes to what has passed.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use super::super::source::name_of;
use crate::error::Error;

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// A regular file, by what the operating system knows it by, whatever its names.
    File(FileId),
    /// Nothing yet; the path at which a file would be created.
    Free(PathBuf),
    /// Standard input or output that is not a regular file.
    Standard,
    /// A device, a pipe, a folder: writing to it overwrites nothing.
    Other,
}

#[cfg(unix)]
type FileId = (u64, u64);

#[cfg(not(unix))]
type FileId = PathBuf;

/// Checks that each of `outputs` is another file than each of `inputs` and than each other output: by device and inode,
/// through symbolic and hard links, and by the folder and the name of a file that does not exist yet. `-` is standard
/// input or standard output. Each output comes with the option that names it.
///
/// # Errors
/// [`Error::Usage`] names the output and what it is the same file as.
pub(crate) fn check_apart(inputs: &[PathBuf], outputs: &[(&str, &Path)]) -> Result<(), Error> {
    let read: Vec<_> = inputs.iter().map(|path| (path, place(path, "/dev/stdin"))).collect();
    let mut written: Vec<(&str, &Path, Place)> = Vec::with_capacity(outputs.len());
    for (option, path) in outputs {
        let place = place(path, "/dev/stdout");
        let shown = path.display();
        if matches!(place, Place::File(_) | Place::Free(_))
            && let Some((input, _)) = read.iter().find(|(_, input)| *input == place)
        {
            let input = name_of(input).display();
            let message = format!("{shown}: {option} would overwrite the input {input}");
            return Err(Error::Usage(message));
        }
        if let Some((by, other, _)) = written.iter().find(|(.., other)| *other == place)
            && place != Place::Other
        {
            return Err(Error::Usage(if (by, other) == (option, path) {
                format!("{shown}: given twice by {option}")
            } else {
                format!("{shown}: {option} names the same file as the output {}", other.display())
            }));
        }
        written.push((*option, *path, place));
    }
    Ok(())
}

fn place(path: &Path, standard: &str) -> Place {
    let is_standard = path == Path::new("-");
    let path = if is_standard { Path::new(standard) } else { path };
    match fs::metadata(path) {
        Ok(found) if found.is_file() => id_of(path, &found).map_or(Place::Other, Place::File),
        _ if is_standard => Place::Standard,
        Ok(_) => Place::Other,
        Err(_) => Place::Free(target_of(path)),
    }
}

/// The path at which a file would be created, with symbolic links resolved, also one that leads nowhere yet.
pub(super) fn target_of(path: &Path) -> PathBuf {
    let mut path = path.to_path_buf();
    // As many links as an operating system follows.
    for _ in 0..40 {
        let Ok(link) = fs::read_link(&path) else { break };
        path = folder_of(&path).join(link);
    }
    match (fs::canonicalize(folder_of(&path)), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}

/// The folder in which a file stands.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere a path has to be resolved, which can fail")]
fn id_of(_: &Path, found: &Metadata) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    Some((found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn id_of(path: &Path, _: &Metadata) -> Option<FileId> {
    fs::canonicalize(path).ok()
}
