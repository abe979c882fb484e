// Zstandard: every frame of a file, the frames to be skipped, and the zeros between and behind them.
// Never hands out a frame's end before its length and its checksum, where it says them, have been compared.
// Read next: `unpacked.rs`, which words its errors.

use std::io::{self, BufRead, ErrorKind, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::unpacked::{Unpack, skip_zeros};

/// The first bytes of a frame.
pub(super) const MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Whether `start` is the start of a frame that readers are to skip: pzstd keeps sizes in them, seekable files a table.
pub(super) fn is_skippable(start: &[u8]) -> bool {
    matches!(start, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// All frames of a Zstandard file: a file that was packed in parallel, made seekable or appended to has several.
pub(super) struct Frames<R> {
    packed: R,
    decoder: FrameDecoder,
    is_inside: bool,
    /// Bytes of the current frame so far.
    unpacked: u64,
}

impl<R: BufRead> Frames<R> {
    pub(super) fn new(packed: R) -> Self {
        Self { packed, decoder: FrameDecoder::new(), is_inside: false, unpacked: 0 }
    }

    /// Begins the next frame with contents; returns whether there is one.
    fn next_frame(&mut self) -> io::Result<bool> {
        while skip_zeros(&mut self.packed)? {
            match self.decoder.reset(&mut self.packed) {
                Ok(()) => {
                    self.is_inside = true;
                    self.unpacked = 0;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => self.skip(length)?,
                Err(error) => return Err(io::Error::new(ErrorKind::InvalidData, error)),
            }
        }
        Ok(false)
    }

    fn skip(&mut self, length: u32) -> io::Result<()> {
        let length = u64::from(length);
        let skipped = io::copy(&mut self.packed.by_ref().take(length), &mut io::sink())?;
        if skipped < length {
            let text = format!("a skippable frame of {length} bytes has {skipped}");
            return Err(io::Error::new(ErrorKind::UnexpectedEof, text));
        }
        Ok(())
    }

    /// Compares what the frame says of itself with what it held.
    fn check(&self) -> io::Result<()> {
        let invalid = |text: String| Err(io::Error::new(ErrorKind::InvalidInput, text));
        // The library says 0 where the frame does not say its length.
        let (length, held) = (self.decoder.content_size(), self.unpacked);
        if length != 0 && length != held {
            return invalid(format!("a frame of {length} bytes holds {held}"));
        }
        let said = self.decoder.get_checksum_from_data();
        if said.is_some() && said != self.decoder.get_calculated_checksum() {
            return invalid("the checksum of a frame does not match".into());
        }
        Ok(())
    }
}

impl<R: BufRead> Unpack for Frames<R> {
    fn unpack(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.is_inside && !self.next_frame()? {
                return Ok(0);
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.packed, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
            }
            let read = self.decoder.read(buffer)?;
            self.unpacked += read as u64;
            if read > 0 {
                return Ok(read);
            }
            self.check()?;
            self.is_inside = false;
        }
    }

    fn packed(&mut self) -> &mut dyn BufRead {
        &mut self.packed
    }
}
