// What a metric is exposed as: its name, its help text and its labels.
// Never knows: series and what they count.
// Read next: `instrument.rs`, the metric; `encode/heads.rs`, what is rendered of it.

use std::sync::Arc;

use crate::encode::{Header, label_pairs};
use crate::names::{Kind, Unit};

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

    fn values(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|(_, value)| value)
    }
}

/// What a metric is exposed as.
#[derive(Clone, Debug, Default)]
pub(crate) struct Description {
    family: String,
    help: String,
    pub(crate) unit: Unit,
    constant: Arc<Constant>,
    /// Changes while the list and the index of the series are locked.
    pub(super) labels: Vec<String>,
    /// The lines that stand before the samples.
    pub(super) header: Header,
}

impl Description {
    pub(crate) fn new(
        kind: Kind,
        family: String,
        help: &str,
        unit: Unit,
        constant: &Arc<Constant>,
        labels: &[&str],
    ) -> Description {
        let header = Header::new(&family, help, kind, unit);
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        let constant = Arc::clone(constant);
        Description { family, help: help.to_owned(), unit, constant, labels, header }
    }

    /// Another one that says the same by another name.
    #[cfg(feature = "facade")]
    pub(super) fn renamed(&self, kind: Kind, family: &str) -> Description {
        let header = Header::new(family, &self.help, kind, self.unit);
        Description { family: family.to_owned(), header, ..self.clone() }
    }

    /// Another one with another help text.
    #[cfg(feature = "facade")]
    pub(super) fn with_help(&self, kind: Kind, help: &str) -> Description {
        let header = Header::new(&self.family, help, kind, self.unit);
        Description { help: help.to_owned(), header, ..self.clone() }
    }

    /// Another one with other labels.
    #[cfg(feature = "facade")]
    pub(super) fn relabelled(&self, labels: Vec<String>) -> Description {
        Description { labels, ..self.clone() }
    }

    pub(super) fn family(&self) -> &str {
        &self.family
    }

    pub(super) fn help(&self) -> &str {
        &self.help
    }

    /// The names of all labels, the constant ones first.
    pub(super) fn all_labels(&self) -> Vec<String> {
        self.constant.names().map(str::to_owned).chain(self.labels.iter().cloned()).collect()
    }

    /// The values of all labels of a series with these.
    pub(super) fn all_values(&self, values: &[String]) -> Vec<String> {
        self.constant.values().chain(values).cloned().collect()
    }

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
