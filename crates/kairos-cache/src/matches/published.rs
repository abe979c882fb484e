// A few words that one writer publishes together and any reader takes without waiting.
// Never knows: what the words mean.
// Read next: `odds.rs`, which publishes window statistics and holds with it.

use crate::sync::{AtomicU64, Ordering, fence, pause};

/// `N` words, always read as they were written together.
///
/// Two buffers: the writer fills the one that is not current, then makes it current. A stalled
/// writer holds up no reader; a reader retries only if two writes overtook it.
#[derive(Debug)]
pub struct Published<const N: usize> {
    version: AtomicU64,
    buffers: [[AtomicU64; N]; 2],
}

impl<const N: usize> Published<N> {
    /// Publishes the first words.
    pub fn new(words: [u64; N]) -> Published<N> {
        Published {
            version: AtomicU64::new(0),
            buffers: [words.map(AtomicU64::new), [0; N].map(AtomicU64::new)],
        }
    }

    /// The words last published.
    pub fn load(&self) -> [u64; N] {
        loop {
            // Acquire: the words of this version are visible; pairs with the Release in `store`.
            // Model: published_words_*.
            let version = self.version.load(Ordering::Acquire);
            // Relaxed: ordered by the fence below and checked by the version.
            let words = std::array::from_fn(|i| {
                self.buffers[(version & 1) as usize][i].load(Ordering::Relaxed)
            });
            // Acquire fence: pairs with the Release fence in `store`. A reader that took a word of
            // the write after next sees below that the version has moved.
            fence(Ordering::Acquire);
            // Relaxed: the fence above orders it.
            if self.version.load(Ordering::Relaxed) == version {
                return words;
            }
            pause();
        }
    }

    /// Publishes new words. Writers must be serialised by the caller.
    pub fn store(&self, words: [u64; N]) {
        // Relaxed: only the writer writes the version.
        let next = self.version.load(Ordering::Relaxed).wrapping_add(1);
        // Release fence: a reader that sees a word stored below also sees the version that made this
        // buffer free. Pairs with the Acquire fence in `load`. Model: published_words_*.
        fence(Ordering::Release);
        for (cell, word) in self.buffers[(next & 1) as usize].iter().zip(words) {
            cell.store(word, Ordering::Relaxed); // Relaxed: published by the version below.
        }
        // Release: publishes the words; pairs with the Acquire in `load`.
        self.version.store(next, Ordering::Release);
    }
}
