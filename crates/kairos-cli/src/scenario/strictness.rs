// What a bad line does to a run: it ends the run, or it is counted and skipped.
// Never skips an input that cannot be read.
// Read next: `mod.rs`, which wraps every reader in it.

use super::skipped::Skipped;
use crate::error::Error;

/// What a bad line does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// The line ends the run.
    #[default]
    Strict,
    /// The line is counted and skipped.
    Lenient,
}

/// A reader under a [`Strictness`].
#[derive(Debug)]
pub(crate) struct Checked<I> {
    inner: I,
    strictness: Strictness,
    skipped: Skipped,
    ended: bool,
}

impl<I> Checked<I> {
    /// Applies `strictness` to the bad lines of `inner`.
    pub(crate) fn new(inner: I, strictness: Strictness) -> Self {
        Self { inner, strictness, skipped: Skipped::default(), ended: false }
    }

    /// The reader inside.
    pub(crate) fn inner(&self) -> &I {
        &self.inner
    }

    /// The lines that were skipped.
    pub(crate) fn skipped(&self) -> &Skipped {
        &self.skipped
    }
}

impl<T, I: Iterator<Item = Result<T, Error>>> Iterator for Checked<I> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        for item in self.inner.by_ref() {
            match item {
                Err(error)
                    if self.strictness == Strictness::Lenient && self.skipped.add(&error) => {}
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
                Ok(item) => return Some(Ok(item)),
            }
        }
        self.ended = true;
        None
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::error::Reason;

    fn lines(strictness: Strictness) -> Checked<impl Iterator<Item = Result<u8, Error>>> {
        let file: Arc<Path> = Arc::from(Path::new("f"));
        let items = (1..=6).map(move |n| match n {
            2 | 4 => Err(Error::line(&file, n, Reason::NotOneTarget)),
            5 => Err(Error::Read { file: "f".into(), source: io::ErrorKind::UnexpectedEof.into() }),
            _ => Ok(n as u8),
        });
        Checked::new(items, strictness)
    }

    #[test]
    fn strict_reading_ends_at_the_first_bad_line() {
        let mut lines = lines(Strictness::Strict);
        let items: Vec<_> = lines.by_ref().map(Result::ok).collect();
        assert_eq!(items, [Some(1), None]);
        assert_eq!(lines.skipped().lines(), 0);
    }

    #[test]
    fn lenient_reading_counts_bad_lines_but_ends_where_the_file_fails() {
        let mut lines = lines(Strictness::Lenient);
        let items: Vec<_> = lines.by_ref().map(Result::ok).collect();
        assert_eq!(items, [Some(1), Some(3), None]);
        assert_eq!(lines.skipped().lines(), 2);
        assert!(lines.skipped().first().unwrap().starts_with("f:2: "));
    }
}
