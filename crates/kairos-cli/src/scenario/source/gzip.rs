// gzip: every member of a file, and the zeros between and behind them.
// Never ignores bytes behind a member that are neither.
// Read next: `unpacked.rs`, which words its errors.

use std::io::{self, BufRead, ErrorKind, Read};

use flate2::bufread::GzDecoder;

use super::unpacked::{Unpack, skip_zeros};

/// The first bytes of a member.
pub(super) const MAGIC: &[u8] = &[0x1f, 0x8b];

/// All members of a gzip file: a file that was appended to, or packed in parallel, has several.
pub(super) struct Members<R> {
    /// `None` only while one member's decoder is replaced by the next one's.
    decoder: Option<GzDecoder<R>>,
    /// A member has ended, and the next one has not begun.
    is_between: bool,
}

impl<R: BufRead> Members<R> {
    pub(super) fn new(packed: R) -> Self {
        Self { decoder: Some(GzDecoder::new(packed)), is_between: false }
    }

    fn decoder(&mut self) -> &mut GzDecoder<R> {
        self.decoder.as_mut().expect("a decoder is replaced within one function")
    }

    /// Begins the next member; returns whether there is one.
    fn next_member(&mut self) -> io::Result<bool> {
        let packed = self.decoder().get_mut();
        if !skip_zeros(packed)? {
            return Ok(false);
        }
        if packed.fill_buf()?.first() != MAGIC.first() {
            let text = "bytes that are no gzip member follow the last one";
            return Err(io::Error::new(ErrorKind::InvalidInput, text));
        }
        self.decoder = self.decoder.take().map(|ended| GzDecoder::new(ended.into_inner()));
        Ok(true)
    }
}

impl<R: BufRead> Unpack for Members<R> {
    fn unpack(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.is_between && !self.next_member()? {
                return Ok(0);
            }
            self.is_between = false;
            let read = self.decoder().read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            self.is_between = true;
        }
    }

    fn packed(&mut self) -> &mut dyn BufRead {
        self.decoder().get_mut()
    }
}
