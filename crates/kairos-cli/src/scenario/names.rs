// Interned names: one allocation per distinct match, market, key or event of a scenario.
// Never knows: what a name means.
// Read next: `op.rs`, which carries names everywhere.

use std::collections::HashSet;
use std::sync::Arc;

use foldhash::fast::FixedState;

/// A shared name; cloning it copies a pointer.
pub(crate) type Name = Arc<str>;

/// The set of names so far.
#[derive(Debug, Default)]
pub(crate) struct Names {
    seen: HashSet<Name, FixedState>,
}

impl Names {
    /// An empty set.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The shared name of `text`; allocates only if `text` is new. One hash and one comparison.
    pub(crate) fn intern(&mut self, text: &str) -> Name {
        if let Some(name) = self.seen.get(text) {
            return Arc::clone(name);
        }
        let name: Name = Arc::from(text);
        self.seen.insert(Arc::clone(&name));
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_the_same_allocation() {
        let mut names = Names::new();
        let first = names.intern("m1");
        let again = names.intern(&String::from("m1"));
        assert!(Arc::ptr_eq(&first, &again));
        assert!(!Arc::ptr_eq(&first, &names.intern("m2")));
        assert_eq!(names.seen.len(), 2);
    }
}
