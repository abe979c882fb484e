// A file or standard input as a stream of bytes, unpacked.
// Never knows: what the bytes mean.
// Read next: `source/lines.rs`, which makes lines of them.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::error::Error;

mod gzip;
mod lines;
mod unpacked;
mod zstd;

use self::gzip::Members;
use self::unpacked::Unpacked;
use self::zstd::Frames;

pub(crate) use self::lines::{Ends, Lines};

/// The format of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// An odds feed, whose header says what separates its fields
    Csv,
    /// An odds feed whose fields are separated by tabs
    Tsv,
    /// One operation per line
    Jsonl,
}

/// The compression of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// The one that the first bytes say, if any.
    ByContent,
    /// gzip, with one or more members.
    Gzip,
    /// Zstandard, with one or more frames.
    Zstd,
}

/// The name of standard input on the command line.
const STANDARD_INPUT: &str = "-";

/// The name of a scenario in messages.
pub(crate) fn name_of(file: &Path) -> &Path {
    if file == Path::new(STANDARD_INPUT) { Path::new("standard input") } else { file }
}

/// The format and the compression that the name of `file` says: `.jsonl`, `.csv` or `.tsv`, optionally followed by
/// `.gz` or `.zst`, in any case. `given` goes before the name.
///
/// # Errors
/// [`Error::Usage`] for any other name, if no format is given.
pub(crate) fn format_of(file: &Path, given: Option<Format>) -> Result<(Format, Packing), Error> {
    let (name, packing) = match ending(file).as_deref() {
        Some("gz") => (file.with_extension(""), Packing::Gzip),
        Some("zst") => (file.with_extension(""), Packing::Zstd),
        _ => (file.to_path_buf(), Packing::ByContent),
    };
    let named = |name: PathBuf| match ending(&name).as_deref() {
        Some("jsonl") => Some(Format::Jsonl),
        Some("csv") => Some(Format::Csv),
        Some("tsv") => Some(Format::Tsv),
        _ => None,
    };
    match given.or_else(|| named(name)) {
        Some(format) => Ok((format, packing)),
        None if file == Path::new(STANDARD_INPUT) => Err(Error::Usage(
            "standard input: --format csv, tsv or jsonl must say what it is".into(),
        )),
        None => Err(Error::Usage(format!(
            "{}: a scenario must be a .jsonl, .csv or .tsv file, optionally compressed (.gz, .zst), or --format must \
             say what it is",
            file.display()
        ))),
    }
}

fn ending(file: &Path) -> Option<String> {
    Some(file.extension().and_then(OsStr::to_str)?.to_ascii_lowercase())
}

/// Opens `file`, or standard input if it is `-`, and decompresses it as it is read, through the reader that `watched`
/// makes of it and its length in bytes, 0 if it is not known.
///
/// # Errors
/// [`Error::Read`] if the file cannot be opened. Errors in its contents are returned while reading.
pub(crate) fn open<R: Read + 'static>(
    file: &Path,
    packing: Packing,
    watched: impl FnOnce(Box<dyn Read>, u64) -> R,
) -> Result<Box<dyn BufRead>, Error> {
    let failed = |source| Error::Read { file: name_of(file).into(), source };
    let (opened, bytes): (Box<dyn Read>, u64) = if file == Path::new(STANDARD_INPUT) {
        (Box::new(io::stdin()), 0)
    } else {
        let opened = File::open(file).map_err(failed)?;
        let bytes = opened.metadata().map_err(failed)?.len();
        (Box::new(opened), bytes)
    };
    unpack(BufReader::with_capacity(1 << 16, watched(opened, bytes)), packing).map_err(failed)
}

/// Decompresses what is read.
///
/// # Errors
/// The error of the first read.
pub(crate) fn unpack(
    mut packed: impl BufRead + 'static,
    packing: Packing,
) -> io::Result<Box<dyn BufRead>> {
    // A few bytes more or less decide nothing: a file begins with its magic number, and a pipe is rarely as slow as
    // to hand over less.
    let begins = |start: &[u8]| {
        let frame = start.starts_with(zstd::MAGIC) || zstd::is_skippable(start);
        [(start.starts_with(gzip::MAGIC), Packing::Gzip), (frame, Packing::Zstd)]
    };
    let found = match packing {
        Packing::ByContent => begins(packed.fill_buf()?).into_iter().find(|(begins, _)| *begins),
        named => Some((true, named)),
    };
    Ok(match found.map(|(_, packing)| packing) {
        Some(Packing::Gzip) => {
            Box::new(BufReader::new(Unpacked::new("gzip", Members::new(packed))))
        }
        Some(Packing::Zstd) => {
            Box::new(BufReader::new(Unpacked::new("Zstandard", Frames::new(packed))))
        }
        Some(Packing::ByContent) | None => Box::new(packed),
    })
}

#[cfg(test)]
mod tests;
