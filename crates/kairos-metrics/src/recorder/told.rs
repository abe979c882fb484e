// What a recorder reports of the names that it could not register as they were.
// Never knows: how a name is chosen.
// Read next: `rename.rs`, what a name may become.

use metrics::Key;

use crate::error::Error;

/// A name or a label that a [`Recorder`](crate::Recorder) exposes otherwise than it was emitted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renamed {
    /// The metric's name as it was emitted.
    pub metric: String,
    /// The label as it was emitted, if it is one that was renamed.
    pub label: Option<String>,
    /// What the metric, or the label, is registered as.
    pub to: String,
}

/// What a recorder tells of the names that it could not take as they were.
#[derive(Default)]
pub(super) struct Told {
    pub(super) renamed: Vec<Renamed>,
    pub(super) refused: Vec<Error>,
}

impl Told {
    pub(super) fn rename(&mut self, key: &Key, label: Option<&str>, to: &str) {
        let (metric, label) = (key.name().to_owned(), label.map(str::to_owned));
        self.renamed.push(Renamed { metric, label, to: to.to_owned() });
    }
}
