// The lines that a lenient run has skipped: how many, and why most of them.
// Never keeps more than one message for each kind of reason.
// Read next: `strictness.rs`, which skips lines.

use crate::error::{Error, Kind};

/// The lines that were skipped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Skipped {
    /// In the order of first appearance.
    kinds: Vec<Of>,
}

/// The lines of one kind of reason.
#[derive(Clone, Debug)]
struct Of {
    kind: Kind,
    lines: u64,
    /// The first of them: its number, and its message as `file:line: reason`.
    first: (u64, String),
}

impl Skipped {
    /// Adds a line by what is wrong with it; false if the error is of no line.
    pub(crate) fn add(&mut self, error: &Error) -> bool {
        let Error::Line { line, reason, .. } = error else { return false };
        let kind = reason.kind();
        if let Some(of) = self.kinds.iter_mut().find(|of| of.kind == kind) {
            of.lines += 1;
        } else {
            self.kinds.push(Of { kind, lines: 1, first: (*line, error.to_string()) });
        }
        true
    }

    /// The number of lines.
    pub(crate) fn lines(&self) -> u64 {
        self.kinds.iter().map(|of| of.lines).sum()
    }

    /// The message of the first line.
    pub(crate) fn first(&self) -> Option<&str> {
        let first = self.kinds.iter().min_by_key(|of| of.first.0)?;
        Some(&first.first.1)
    }

    /// The most frequent kind of reason: its lines, and the message of the first of them.
    pub(crate) fn most_frequent(&self) -> Option<(u64, &str)> {
        let most = self.kinds.iter().rev().max_by_key(|of| of.lines)?;
        Some((most.lines, &most.first.1))
    }

    /// Adds the lines of another.
    pub(crate) fn merge(&mut self, other: Skipped) {
        for of in other.kinds {
            match self.kinds.iter_mut().find(|own| own.kind == of.kind) {
                Some(own) => {
                    own.lines += of.lines;
                    own.first = std::mem::take(&mut own.first).min(of.first);
                }
                None => self.kinds.push(of),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::error::Reason;

    fn skipped(lines: &[(u64, Reason)]) -> Skipped {
        let file: Arc<Path> = Arc::from(Path::new("f"));
        let mut skipped = Skipped::default();
        for (line, reason) in lines {
            assert!(skipped.add(&Error::line(&file, *line, reason.clone())));
        }
        skipped
    }

    #[test]
    fn lines_are_told_by_the_reason_of_most_of_them_whatever_values_it_names() {
        let time = |found| Reason::wrong_type("ts_ms", "a time", found);
        let price = Reason::wrong_type("price", "a number", "x");
        let named = Reason::InColumn { reason: Box::new(time("c")), name: "When".into() };
        let mut all =
            skipped(&[(2, Reason::NotOneTarget), (3, price.clone()), (4, time("a")), (6, named)]);
        assert_eq!(
            (all.lines(), all.first()),
            (4, Some("f:2: invalidate requires exactly one of key, tag, match and all"))
        );
        assert_eq!(all.most_frequent(), Some((2, "f:4: ts_ms must be a time, not a")));
        all.merge(skipped(&[(1, price.clone()), (7, price)]));
        assert_eq!(all.lines(), 6);
        assert_eq!(all.most_frequent(), Some((3, "f:1: price must be a number, not x")));
        assert_eq!(all.first(), Some("f:1: price must be a number, not x"));
        // Of equals the one that came first.
        assert_eq!(
            skipped(&[(5, Reason::OpenQuote), (6, Reason::NotOneTarget)])
                .most_frequent()
                .unwrap()
                .0,
            1
        );
        assert!(
            skipped(&[(5, Reason::OpenQuote), (6, Reason::NotOneTarget)])
                .most_frequent()
                .unwrap()
                .1
                .starts_with("f:5:")
        );
    }

    #[test]
    fn what_is_wrong_with_no_line_is_not_skipped() {
        let mut skipped = Skipped::default();
        assert!(!skipped.add(&Error::Usage("no".into())));
        assert_eq!((skipped.lines(), skipped.first(), skipped.most_frequent()), (0, None, None));
    }
}
