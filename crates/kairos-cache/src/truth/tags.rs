// The marks of tags, by name, across matches: at most `bounds.tags` of their own; those that nothing holds are forgotten.
// Never knows: which entries carry a tag; their classes hold its mark.
// Read next: `generation.rs` for what a mark is, `../matches/classes.rs`, whose classes hold these.
// Why: `docs/decisions/0019-tags-of-a-result-are-judged-from-its-start.md`.
//
// Forgetting never revives. A mark is forgotten only while the table alone holds it: then no class
// holds it, so no entry is judged by it. But a compute that runs may find the tag later, and is then
// judged by it from its start. So a mark that is forgotten raises the floor of its shard to its own
// numbers, an invalidation that finds no mark raises it to its number, and each mark starts there. A
// floor is one for all tags of a shard: what it covers beyond a tag's own invalidations is computed
// once more, never served too long. What captures after a mark was made has seen every number in it
// (each went through the lock of the tag's shard), so the floor covers none of that.
//
// Beyond the bound tags share one mark, which every invalidation of any tag raises: a tag may
// have had its own mark or the shared one at different times, so both are raised each time.
// Entries under the shared mark die more often than they must, never less.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::sync::{AtomicUsize, Mutex, Ordering};
use crate::truth::generation::Mark;

/// A part of the tags.
#[derive(Debug)]
struct Shard {
    marks: HashMap<Box<str>, Arc<Mark>, FixedState>,
    /// Where marks start: the newest kill and expiry that met no mark, or whose mark was forgotten.
    floor: Mark,
}

/// A mark for each tag that a class holds, and one for all the tags beyond the bound.
#[derive(Debug)]
pub struct Tags {
    shards: Box<[Mutex<Shard>]>,
    hasher: FixedState,
    count: AtomicUsize,
    /// The next shard to be looked at by `forget_some`.
    next: AtomicUsize,
    shared: Arc<Mark>,
}

/// The mark that a class is to hold for a tag.
#[derive(Debug)]
pub struct TagMark {
    /// The mark.
    pub mark: Arc<Mark>,
    /// Whether the mark is the one that the tags beyond the bound share.
    pub is_shared: bool,
}

impl Tags {
    /// A table without tags, of this many shards.
    pub fn new(hasher: FixedState, shards: usize) -> Tags {
        let shard = |_| {
            let marks = HashMap::with_hasher(hasher.clone());
            Mutex::new(Shard { marks, floor: Mark::new() })
        };
        Tags {
            shards: (0..shards).map(shard).collect(),
            hasher,
            count: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            shared: Arc::default(),
        }
    }

    /// The mark of a tag, created if there are fewer than `bound`. Locks one shard.
    pub fn mark(&self, name: &str, bound: usize) -> TagMark {
        let mut shard = self.shard(name).lock();
        if let Some(mark) = shard.marks.get(name) {
            return TagMark { mark: Arc::clone(mark), is_shared: false };
        }
        let one_more = |count| if count < bound { Some(count + 1) } else { None };
        // Relaxed: the count bounds memory and publishes nothing.
        if self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_err() {
            return TagMark { mark: Arc::clone(&self.shared), is_shared: true };
        }
        let mark = Arc::new(Mark::from_floor(&shard.floor));
        shard.marks.insert(name.into(), Arc::clone(&mark));
        TagMark { mark, is_shared: false }
    }

    /// Raises the marks that cover a tag: its own or, if it has none, the floor, and the shared one.
    /// The number to which they are raised must have been taken before the call.
    pub fn raise(&self, name: &str, raise: impl Fn(&Mark)) {
        let shard = self.shard(name).lock();
        raise(shard.marks.get(name).map_or(&shard.floor, |mark| mark));
        drop(shard);
        // A class that holds the shared mark for this tag is covered by this, whether it took it before
        // the lock above or after it.
        raise(&self.shared);
    }

    /// Forgets the tags whose marks nothing else holds. Returns how many. O(tags), one shard after
    /// the other.
    pub fn forget_unheld(&self) -> usize {
        self.shards.iter().map(|shard| self.forget_unheld_in(shard)).sum()
    }

    /// Forgets such tags of one shard: of another with each call.
    pub fn forget_some(&self) {
        // Relaxed: it only spreads the calls over the shards.
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        self.forget_unheld_in(&self.shards[next % self.shards.len()]);
    }

    fn forget_unheld_in(&self, shard: &Mutex<Shard>) -> usize {
        let mut shard = shard.lock();
        let Shard { marks, floor } = &mut *shard;
        let before = marks.len();
        marks.retain(|_, mark| {
            // Held by the table alone, and every former holder's last word is visible.
            let Some(mark) = Arc::get_mut(mark) else { return true };
            floor.take_over(mark);
            false
        });
        let forgotten = before - marks.len();
        self.count.fetch_sub(forgotten, Ordering::Relaxed); // Relaxed: as in `mark`.
        forgotten
    }

    /// The number of tags with a mark of their own.
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed) // Relaxed: as in `mark`.
    }

    fn shard(&self, name: &str) -> &Mutex<Shard> {
        use std::hash::BuildHasher;
        // The shard's map uses the low bits of the same hash.
        &self.shards[(self.hasher.hash_one(name) >> 32) as usize % self.shards.len()]
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;
    use crate::truth::generation::{Capture, Class, Sequence};

    struct World {
        tags: Tags,
        sequence: Sequence,
    }

    impl World {
        fn new() -> World {
            let tags = Tags::new(FixedState::default(), 4);
            World { tags, sequence: Sequence::new() }
        }

        /// The capture of an entry that carries a tag.
        fn capture(&self, tag: &str, bound: usize) -> Capture {
            let class = Arc::new(Class::new([self.tags.mark(tag, bound).mark]));
            Capture::take(&self.sequence, &class)
        }

        fn invalidate(&self, tag: &str) {
            let seq = self.sequence.next();
            self.tags.raise(tag, |mark| mark.kill(seq));
        }
    }

    #[test]
    fn a_tag_in_use_is_kept_and_one_that_nothing_holds_is_forgotten() {
        let world = World::new();
        let kept = world.capture("team:a", 10);
        for i in 0..9 {
            world.tags.mark(&format!("team:{i}"), 10);
        }
        assert_eq!((world.tags.forget_unheld(), world.tags.len()), (9, 1));
        world.invalidate("team:a");
        assert!(kept.is_killed());
    }

    #[test]
    fn a_tag_that_comes_back_judges_what_is_computed_after_it_and_nothing_before() {
        let world = World::new();
        let early = world.capture("team:a", 10);
        world.invalidate("team:a");
        assert_eq!(world.tags.forget_unheld(), 0, "an entry holds it");
        assert!(early.is_killed());
        drop(early);
        assert_eq!(world.tags.forget_unheld(), 1);
        let late = world.capture("team:a", 10);
        assert!(!late.is_killed());
        world.invalidate("team:a");
        assert!(late.is_killed());
    }

    /// A result that names a tag is judged by what came since its compute began.
    #[test]
    fn a_mark_starts_with_what_met_no_mark_and_with_what_was_forgotten() {
        let world = World::new();
        let began = world.capture("own", 10);
        let moved = |tag| began.moved_to(&Arc::new(Class::new([world.tags.mark(tag, 10).mark])));
        assert!(!moved("team:a").is_killed());
        world.invalidate("team:a");
        assert!(moved("team:a").is_killed(), "by its mark");
        world.tags.forget_unheld();
        assert!(moved("team:a").is_killed(), "by the floor that it left");
        world.invalidate("team:b");
        assert!(moved("team:b").is_killed(), "it met no mark");
        for tag in ["team:a", "team:b"] {
            assert!(!world.capture(tag, 10).is_killed(), "{tag}: captured later");
        }
    }

    #[test]
    fn tags_beyond_the_bound_die_together_and_with_every_tag() {
        let world = World::new();
        let own = world.capture("own", 1);
        let (b, c) = (world.capture("b", 1), world.capture("c", 1));
        assert_eq!(world.tags.len(), 1);
        world.invalidate("b");
        assert!(b.is_killed() && c.is_killed() && !own.is_killed());
        let again = world.capture("c", 1);
        world.invalidate("own");
        assert!(again.is_killed() && own.is_killed());
    }

    #[test]
    fn a_tag_with_a_mark_of_its_own_still_covers_what_it_shared_before() {
        let world = World::new();
        let held = world.capture("own", 1);
        let shared = world.capture("b", 1);
        drop(held);
        world.tags.forget_unheld();
        let own = world.capture("b", 1);
        world.invalidate("b");
        assert!(shared.is_killed() && own.is_killed());
    }
}
