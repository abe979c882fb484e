// The class that a value of a match belongs to, and what a compute captured, moved to the class of its result.
// Never knows: how matches are found, bounded or forgotten.
// Read next: `classes.rs` for the classes of one match; `../truth/generation.rs` for what a capture is.

use std::sync::Arc;

use crate::matches::{Matches, Place, classes};
use crate::policy::EventGraph;
use crate::truth::{Capture, Class, Mark};

impl Matches {
    /// The class of a place's entries with these extra tags, from the marks of all its tags.
    pub(crate) fn class(
        &self,
        place: &Place,
        tags: &[Box<str>],
        graph: &EventGraph,
        mark: impl FnMut(&str) -> Arc<Mark>,
    ) -> Arc<Class> {
        if !place.is_over_bound() {
            return self.state_of(place).class(place.market, tags, graph, mark);
        }
        let tags = classes::tag_names(place.market, tags, graph);
        let marks = tags.into_iter().map(mark);
        let of_all = [&self.common.everything, &self.common.over_bound].map(Arc::clone);
        Arc::new(Class::new(marks.chain(of_all)))
    }

    /// The tags of a class beyond its market's own. A class that is held stays in its match; one of a
    /// match over the bound stands in no table, and has none here.
    pub(crate) fn tags_of(&self, place: &Place, class: &Arc<Class>) -> Vec<Box<str>> {
        self.state_of(place).tags_of(place.market, class)
    }

    /// What a compute captured, for a result of this place that carries these extra tags.
    pub(crate) fn recapture(
        &self,
        capture: &Capture,
        place: &Place,
        tags: &[Box<str>],
        graph: &EventGraph,
        mark: impl FnMut(&str) -> Arc<Mark>,
    ) -> Capture {
        if place.is_over_bound() {
            // Never stored, and never counted: the class is this result's own.
            return capture.moved_to(&self.class(place, tags, graph, mark));
        }
        self.state_of(place).recapture(capture, place.market, tags, graph, mark)
    }

    /// Forgets the classes without an entry and without a running compute. O(classes).
    pub(crate) fn reclaim_classes(&self) {
        self.table.iter().for_each(|row| row.state.reclaim_classes());
        self.no_match.reclaim_classes();
    }
}
