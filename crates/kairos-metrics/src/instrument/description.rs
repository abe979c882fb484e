// What a metric is exposed as: its name, its help text and its labels.
// Never knows: series and what they count.
// Read next: `instrument.rs`, the metric; `encode/heads.rs`, what is rendered of it.

use std::sync::Arc;

use crate::encode::label_pairs;

/// Labels that all metrics of a registry have, with their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Constant(Vec<(String, String)>);

impl Constant {
    /// These and more.
    pub(crate) fn with(&self, more: &[(&str, &str)]) -> Constant {
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Constant(self.0.iter().cloned().chain(more).collect())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|(_, value)| value)
    }
}

/// What a metric is exposed as.
#[derive(Clone, Debug)]
pub(crate) struct Description {
    pub(crate) family: String,
    pub(crate) help: String,
    pub(crate) constant: Arc<Constant>,
    /// Changes while the list and the index of the series are locked.
    pub(crate) labels: Vec<String>,
}

impl Description {
    /// The labels of a series as its samples show them.
    pub(super) fn pairs(&self, values: &[String]) -> String {
        let names = self.labels.iter().map(String::as_str);
        let own = label_pairs(names.zip(values.iter().map(String::as_str)));
        let constant = &self.constant.0;
        let constant = label_pairs(constant.iter().map(|(name, value)| (&**name, &**value)));
        let comma = if constant.is_empty() || own.is_empty() { "" } else { "," };
        format!("{constant}{comma}{own}")
    }
}
