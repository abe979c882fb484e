// What a recorder reports of the names that it could not register as they were.
// Never knows: how a name is chosen.
// Read next: `rename.rs`, what a name may become.

use metrics::Key;

use crate::error::Error;

/// A name or a label that a [`Recorder`](crate::Recorder) exposes under another name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renamed {
    /// The metric's emitted name.
    pub metric: String,
    /// The label's emitted name, if it is a label that was renamed.
    pub label: Option<String>,
    /// The name under which the metric or the label is registered.
    pub to: String,
}

/// What a recorder reports of the names that it could not register as they were.
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
