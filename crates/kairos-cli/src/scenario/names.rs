//! Interned names: one allocation for each distinct match, market, key or event of a scenario.
//! Must never know what a name means, nor hand out the same text twice.
//! Read next: `scenario/op.rs`, which carries names everywhere.

use std::collections::HashSet;
use std::sync::Arc;

use foldhash::fast::FixedState;

/// A shared name; cloning it copies a pointer.
pub type Name = Arc<str>;

/// The set of names seen so far.
#[derive(Debug, Default)]
pub struct Names {
    seen: HashSet<Name, FixedState>,
}

impl Names {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The shared name of `text`; allocates only when `text` is new. One hash and one comparison.
    pub fn intern(&mut self, text: &str) -> Name {
        if let Some(name) = self.seen.get(text) {
            return Arc::clone(name);
        }
        let name: Name = Arc::from(text);
        self.seen.insert(Arc::clone(&name));
        name
    }

    /// How many distinct names have been seen.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether no name has been seen.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
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
        assert_eq!(names.len(), 2);
    }
}
