// An output: packed as its name says, written beside its final name, and renamed at the end of the run.
// Never leaves a file half written under a final name, nor an unfinished one behind.
// Read next: `apart.rs`, which refuses outputs that would overwrite an input.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::apart::{folder_of, target_of};
use super::frames::Frames;
use super::litter;
use crate::error::Error;

/// A file that is written, gone again unless it is [kept](Self::keep): packed if its name ends in `.gz` or `.zst`.
/// Standard output if it is `-`.
#[derive(Debug)]
pub(crate) struct Output {
    file: PathBuf,
    out: Out,
    unfinished: Option<Unfinished>,
}

#[derive(Debug)]
enum Out {
    Plain(BufWriter<Target>),
    Gzip(Box<BufWriter<GzEncoder<Target>>>),
    Zstd(Frames<Target>),
    /// Everything is written and packed.
    Ended,
}

#[derive(Debug)]
enum Target {
    File(File),
    Stdout(io::Stdout),
}

/// The name under which a file is written, and the name that it gets. Removed when it is dropped.
#[derive(Debug)]
struct Unfinished {
    path: PathBuf,
    target: PathBuf,
}

impl Output {
    /// Opens an output named `file`. What has this name now stays until the output is kept.
    ///
    /// Devices and pipes are written directly.
    ///
    /// # Errors
    /// [`Error::Write`] if the file cannot be created or may not be written.
    pub(crate) fn create(file: &Path) -> Result<Self, Error> {
        let (target, unfinished) =
            open(file).map_err(|source| Error::Write { file: file.into(), source })?;
        let ending = file.extension().map(OsStr::to_ascii_lowercase);
        let out = match ending.as_ref().and_then(|ending| ending.to_str()) {
            Some("gz") => {
                Out::Gzip(Box::new(BufWriter::new(GzEncoder::new(target, Compression::fast()))))
            }
            Some("zst") => Out::Zstd(Frames::new(target)),
            _ => Out::Plain(BufWriter::with_capacity(1 << 16, target)),
        };
        Ok(Self { file: file.into(), out, unfinished })
    }

    /// Writes what is still buffered, and the end of the packing.
    ///
    /// # Errors
    /// The operating system's error.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.out, Out::Ended) {
            Out::Plain(mut out) => out.flush(),
            Out::Gzip(out) => {
                let out = out.into_inner().map_err(io::IntoInnerError::into_error)?;
                out.finish()?.flush()
            }
            Out::Zstd(out) => out.finish()?.flush(),
            Out::Ended => Ok(()),
        }
    }

    /// Ends the output, and gives the file its name.
    ///
    /// # Errors
    /// [`Error::Write`] with the operating system's error.
    pub(crate) fn keep(mut self) -> Result<(), Error> {
        let kept = self.end().and_then(|()| match &self.unfinished {
            Some(of) => litter::keep(&of.path, &of.target),
            None => Ok(()),
        });
        kept.map_err(|source| Error::Write { file: self.file.clone(), source })
    }

    /// The output's name, for messages.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.out {
            Out::Plain(out) => out.write(bytes),
            Out::Gzip(out) => out.write(bytes),
            Out::Zstd(out) => out.write(bytes),
            Out::Ended => Err(io::Error::other("the output has ended")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Plain(out) => out.flush(),
            Out::Gzip(out) => out.flush(),
            Out::Zstd(out) => out.flush(),
            Out::Ended => Ok(()),
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Stdout(stdout) => stdout.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Stdout(stdout) => stdout.flush(),
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        litter::discard(&self.path);
    }
}

fn open(file: &Path) -> io::Result<(Target, Option<Unfinished>)> {
    // By its name it would be opened a second time, from the start, and the report would be written over it.
    if [Path::new("-"), Path::new("/dev/stdout")].contains(&file) {
        return Ok((Target::Stdout(io::stdout()), None));
    }
    let standing = fs::metadata(file).ok();
    if is_stream(file) || standing.as_ref().is_some_and(|found| !found.is_file()) {
        let opened = OpenOptions::new().write(true).truncate(true).open(file)?;
        return Ok((Target::File(opened), None));
    }
    if standing.is_some() {
        // A rename asks only for the folder's permission: the file's own has to be asked for. Nothing is written.
        OpenOptions::new().append(true).open(file)?;
    }
    let target = target_of(file);
    let (opened, path) = litter::create(folder_of(&target))?;
    let unfinished = Unfinished { path, target };
    if let Some(standing) = standing {
        fs::set_permissions(&unfinished.path, standing.permissions())?;
    }
    Ok((Target::File(opened), Some(unfinished)))
}

/// Whether the name stands for what the process already has open, which cannot be replaced by another file.
fn is_stream(file: &Path) -> bool {
    ["/dev/stderr", "/dev/fd", "/proc"].iter().any(|stream| file.starts_with(stream))
}

#[cfg(test)]
mod tests;
