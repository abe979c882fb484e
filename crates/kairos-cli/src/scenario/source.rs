// A file as a stream of bytes, decompressed and read in the format that its name says.
// Never knows: what the bytes mean.
// Read next: `mod.rs`, which hands the bytes to the right reader.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use crate::error::Error;

/// The format of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// One operation per line.
    Jsonl,
    /// An odds feed.
    Csv,
}

/// The compression of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Uncompressed.
    Plain,
    /// gzip, with one or more members.
    Gzip,
    /// Zstandard, with one or more frames.
    Zstd,
}

/// The format and the compression that the name of `file` says: `.jsonl` or `.csv`, optionally followed by `.gz` or
/// `.zst`.
///
/// # Errors
/// [`Error::Usage`] for any other name.
pub(crate) fn format_of(file: &Path) -> Result<(Format, Packing), Error> {
    let (name, packing) = match file.extension().and_then(OsStr::to_str) {
        Some("gz") => (file.with_extension(""), Packing::Gzip),
        Some("zst") => (file.with_extension(""), Packing::Zstd),
        _ => (file.to_path_buf(), Packing::Plain),
    };
    match name.extension().and_then(OsStr::to_str) {
        Some("jsonl") => Ok((Format::Jsonl, packing)),
        Some("csv") => Ok((Format::Csv, packing)),
        _ => Err(Error::Usage(format!(
            "{}: a scenario must be a .jsonl or .csv file, optionally compressed (.gz, .zst)",
            file.display()
        ))),
    }
}

/// Opens `file` and decompresses it as it is read, through the reader that `watched` makes of the file and its length
/// in bytes.
///
/// # Errors
/// [`Error::Read`] if the file cannot be opened. Errors in its contents are returned while reading.
pub(crate) fn open<R: Read + 'static>(
    file: &Path,
    packing: Packing,
    watched: impl FnOnce(File, u64) -> R,
) -> Result<Box<dyn BufRead>, Error> {
    let failed = |source| Error::Read { file: file.into(), source };
    let opened = File::open(file).map_err(failed)?;
    let bytes = opened.metadata().map_err(failed)?.len();
    Ok(unpack(BufReader::new(watched(opened, bytes)), packing))
}

fn unpack(packed: impl BufRead + 'static, packing: Packing) -> Box<dyn BufRead> {
    match packing {
        Packing::Plain => Box::new(packed),
        Packing::Gzip => {
            Box::new(BufReader::new(Unpacked { inner: MultiGzDecoder::new(packed), name: "gzip" }))
        }
        Packing::Zstd => {
            let frames = Frames { state: Some(State::Between(packed)) };
            Box::new(BufReader::new(Unpacked { inner: frames, name: "Zstandard" }))
        }
    }
}

/// A reader whose errors about its bytes name the expected compression.
struct Unpacked<R> {
    inner: R,
    name: &'static str,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| match error.kind() {
            ErrorKind::InvalidData
            | ErrorKind::InvalidInput
            | ErrorKind::UnexpectedEof
            | ErrorKind::Other => {
                let told = format!("the {} data is corrupt or truncated ({error})", self.name);
                io::Error::new(error.kind(), told)
            }
            _ => error,
        })
    }
}

/// All frames of a Zstandard file: the library's decoder stops after the first, but a file that was compressed in
/// parallel or appended to has several.
struct Frames<R: BufRead> {
    /// `None` only during a read, and after an error.
    state: Option<State<R>>,
}

enum State<R: BufRead> {
    Between(R),
    Inside(Box<StreamingDecoder<R, FrameDecoder>>),
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match self.state.take() {
                None => return Err(io::Error::other("an earlier read of the file failed")),
                Some(State::Between(mut packed)) => {
                    if packed.fill_buf()?.is_empty() {
                        self.state = Some(State::Between(packed));
                        return Ok(0);
                    }
                    let frame = StreamingDecoder::new(packed);
                    let frame = frame.map_err(|e| io::Error::new(ErrorKind::InvalidData, e))?;
                    self.state = Some(State::Inside(Box::new(frame)));
                }
                Some(State::Inside(mut frame)) => {
                    let read = frame.read(buffer)?;
                    if read > 0 {
                        self.state = Some(State::Inside(frame));
                        return Ok(read);
                    }
                    self.state = Some(State::Between(frame.into_inner()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn unpacked(packed: Vec<u8>, packing: Packing) -> io::Result<String> {
        let mut text = String::new();
        unpack(io::Cursor::new(packed), packing).read_to_string(&mut text).map(|_| text)
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(text: &str) -> Vec<u8> {
        compress_to_vec(text.as_bytes(), CompressionLevel::Fastest)
    }

    #[test]
    fn the_name_says_format_and_packing() {
        let check =
            |name: &str, expected| assert_eq!(format_of(Path::new(name)).ok(), expected, "{name}");
        check("day.jsonl", Some((Format::Jsonl, Packing::Plain)));
        check("a.b/day.jsonl.gz", Some((Format::Jsonl, Packing::Gzip)));
        check("day.jsonl.zst", Some((Format::Jsonl, Packing::Zstd)));
        check("feed.csv", Some((Format::Csv, Packing::Plain)));
        check("feed.csv.gz", Some((Format::Csv, Packing::Gzip)));
        check("feed.gz", None);
        check("feed.json", None);
        check("jsonl", None);
    }

    #[test]
    fn every_member_and_frame_is_read() {
        assert_eq!(unpacked(b"plain".to_vec(), Packing::Plain).unwrap(), "plain");
        let members = [gzip("one\n"), gzip("two\n")].concat();
        assert_eq!(unpacked(members, Packing::Gzip).unwrap(), "one\ntwo\n");
        let long = "a line that repeats\n".repeat(20_000);
        let frames = [zstd("one\n"), zstd(&long), zstd("two\n")].concat();
        assert_eq!(unpacked(frames, Packing::Zstd).unwrap(), format!("one\n{long}two\n"));
        assert_eq!(unpacked(Vec::new(), Packing::Zstd).unwrap(), "");
    }

    #[test]
    fn a_file_that_was_cut_off_is_an_error_and_not_an_early_end() {
        for (packed, packing) in
            [(gzip("some text"), Packing::Gzip), (zstd("some text"), Packing::Zstd)]
        {
            let cut = packed[..packed.len() - 3].to_vec();
            assert!(unpacked(cut, packing).is_err(), "{packing:?}");
            assert!(unpacked(b"no such thing".to_vec(), packing).is_err(), "{packing:?}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = open(Path::new("/no/such.csv"), Packing::Plain, |file, _| file).err().unwrap();
        assert!(error.to_string().starts_with("/no/such.csv: "), "{error}");
    }
}
