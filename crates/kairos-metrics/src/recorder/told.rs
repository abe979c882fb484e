// What a recorder reports of the names that it could not expose as they were.
// Never knows: how a name is chosen.
// Read next: `claims.rs`, which does.

/// A name or a label that a [`Recorder`](crate::Recorder) exposes under another name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renamed {
    /// The metric's emitted name.
    pub metric: String,
    /// The label's emitted name, if it is a label that was renamed.
    pub label: Option<String>,
    /// What is exposed: of a metric the name of its samples with its unit and a counter's `_total`,
    /// without a histogram's `_bucket`, `_sum` and `_count`.
    pub to: String,
}
