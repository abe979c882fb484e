// The length and the SHA-256 of what a run has read, so that two reports can be told to be of the same feed.
// Never unpacks: a fingerprint is that of the file, as other programs see it.
// Read next: `replay.rs`, which reads through it.

use std::cell::RefCell;
use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::report::Source;
use crate::scenario::name_of;

/// The fingerprint of an input, taken while it is read.
#[derive(Clone, Default)]
pub(super) struct Fingerprint(Rc<RefCell<Taken>>);

#[derive(Clone, Default)]
struct Taken {
    hash: Sha256,
    bytes: u64,
    is_whole: bool,
}

/// A reader whose bytes are taken into a fingerprint.
pub(super) struct Watched<R> {
    input: R,
    fingerprint: Fingerprint,
}

impl Fingerprint {
    /// Takes what is read of `input` from now on.
    pub(super) fn of<R: Read>(&self, input: R) -> Watched<R> {
        Watched { input, fingerprint: self.clone() }
    }

    /// What was read, under the name of its file. A file that was not read to its end is read once more; standard input
    /// cannot be, and might not end.
    ///
    /// # Errors
    /// [`Error::Read`] with the operating system's error.
    pub(super) fn source(&self, file: &Path) -> Result<Source, Error> {
        let name = name_of(file).display().to_string();
        if !self.0.borrow().is_whole {
            if name_of(file) != file {
                return Ok(Source { name, bytes: None, sha256: None });
            }
            *self.0.borrow_mut() = Taken::default();
            let whole =
                File::open(file).and_then(|input| io::copy(&mut self.of(input), &mut io::sink()));
            whole.map_err(|source| Error::Read { file: file.into(), source })?;
        }
        let Taken { hash, bytes, .. } = self.0.borrow().clone();
        let mut text = String::new();
        for byte in hash.finalize() {
            write!(text, "{byte:02x}").expect("a string takes every text");
        }
        Ok(Source { name, bytes: Some(bytes), sha256: Some(text) })
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        let mut taken = self.fingerprint.0.borrow_mut();
        taken.hash.update(&buffer[..read]);
        taken.bytes += read as u64;
        taken.is_whole |= read == 0 && !buffer.is_empty();
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_one_that_is_published() {
        let fingerprint = Fingerprint::default();
        io::copy(&mut fingerprint.of(&b"abc"[..]), &mut io::sink()).unwrap();
        let source = fingerprint.source(Path::new("-")).unwrap();
        // FIPS 180-4, the example of one block.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((source.bytes, source.sha256.as_deref()), (Some(3), Some(expected)));
        assert_eq!(source.name, "standard input");
    }

    #[test]
    fn what_was_not_read_to_its_end_has_none_unless_it_is_a_file() {
        let fingerprint = Fingerprint::default();
        let mut one = [0];
        fingerprint.of(&b"abc"[..]).read_exact(&mut one).unwrap();
        let source = fingerprint.source(Path::new("-")).unwrap();
        assert_eq!((source.bytes, source.sha256), (None, None));
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/command/fingerprint.rs");
        let source = fingerprint.source(&own).unwrap();
        assert_eq!(source.bytes, Some(std::fs::metadata(&own).unwrap().len()));
    }
}
