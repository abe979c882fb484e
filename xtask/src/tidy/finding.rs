// Something that breaks a rule.
// Never knows: the rule.
// Read next: `mod.rs`, which reports it.

/// Where something breaks a rule, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    pub(super) path: String,
    /// Counted from one.
    pub(super) line: usize,
    pub(super) message: String,
}
