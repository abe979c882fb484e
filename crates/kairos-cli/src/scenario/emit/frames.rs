// Zstandard frames written one after the other, each from a piece of the text.
// Never knows: what the text says. Never holds more than one piece.
// Read next: `../source/zstd.rs`, which reads them.

use std::io::{self, Write};

use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// The length of a piece. The library packs a whole text at once; a file may have any number of frames.
const PIECE_BYTES: usize = 1 << 20;

/// A writer that packs what it is given.
#[derive(Debug)]
pub(super) struct Frames<W> {
    out: W,
    piece: Vec<u8>,
}

impl<W: Write> Frames<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, piece: Vec::with_capacity(PIECE_BYTES) }
    }

    /// Writes the last piece, and returns what it was written to. A text without a byte is one empty frame.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.frame()?;
        Ok(self.out)
    }

    fn frame(&mut self) -> io::Result<()> {
        self.out.write_all(&compress_to_vec(&*self.piece, CompressionLevel::Fastest))?;
        self.piece.clear();
        Ok(())
    }
}

impl<W: Write> Write for Frames<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() == PIECE_BYTES {
            self.frame()?;
        }
        let taken = bytes.len().min(PIECE_BYTES - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// A piece stays until it is full: many small frames would pack nothing.
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
