// The errors of packed data, which say how it is packed and whether it was cut off.
// Never unpacks.
// Read next: `gzip.rs` and `zstd.rs`, which do.

use std::io::{self, BufRead, ErrorKind, Read};

/// A reader that unpacks, and can say whether what it reads from has ended.
pub(super) trait Unpack {
    /// Unpacks into `buffer`, which is not empty; 0 bytes at the end of the last part.
    fn unpack(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Where the packed bytes come from.
    fn packed(&mut self) -> &mut dyn BufRead;
}

/// A reader whose errors about its bytes name the packing.
pub(super) struct Unpacked<U> {
    name: &'static str,
    inner: U,
    failed: bool,
}

impl<U: Unpack> Unpacked<U> {
    pub(super) fn new(name: &'static str, inner: U) -> Self {
        Self { name, inner, failed: false }
    }
}

impl<U: Unpack> Read for Unpacked<U> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.failed {
            return Err(io::Error::other("an earlier read of the file failed"));
        }
        self.inner.unpack(buffer).map_err(|error| match error.kind() {
            ErrorKind::InvalidData
            | ErrorKind::InvalidInput
            | ErrorKind::UnexpectedEof
            | ErrorKind::Other => {
                self.failed = true;
                let name = self.name;
                let text = match self.inner.packed().fill_buf() {
                    Ok([]) if error.kind() != ErrorKind::InvalidInput => {
                        format!("the {name} data is corrupt or truncated (it ends early: {error})")
                    }
                    _ => format!("the {name} data is corrupt or truncated ({error})"),
                };
                io::Error::new(error.kind(), text)
            }
            _ => error,
        })
    }
}

/// Skips zero bytes, with which tapes and block devices fill up; returns whether anything follows.
pub(super) fn skip_zeros(packed: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let bytes = packed.fill_buf()?;
        if bytes.is_empty() {
            return Ok(false);
        }
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let is_all = zeros == bytes.len();
        packed.consume(zeros);
        if !is_all {
            return Ok(true);
        }
    }
}
