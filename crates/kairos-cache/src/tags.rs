//! The marks of tags, by name, across matches.
//! Never knows: which entries carry a tag; their classes hold its mark.
//! Read next: `scope.rs`, whose classes are made with these marks.

use std::sync::Arc;

use dashmap::DashMap;
use foldhash::fast::FixedState;

use crate::generation::Mark;

/// A mark for each tag that a class was ever made with.
pub(crate) type TagMarks = DashMap<Box<str>, Arc<Mark>, FixedState>;

/// The mark of a tag, created if it is new.
pub(crate) fn mark_of(marks: &TagMarks, name: &str) -> Arc<Mark> {
    if let Some(mark) = marks.get(name) {
        return Arc::clone(&mark);
    }
    Arc::clone(&marks.entry(name.into()).or_default())
}
