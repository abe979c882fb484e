// Models of tags: a mark that is forgotten and made again, or shared, loses no invalidation.
// Never knows: classes of matches; each compute makes one of its own.

use std::sync::Arc;

use foldhash::fast::FixedState;
use kairos_cache::model::{Class, Invalidations, Shelf, Tags, View};
use loom::thread;

use crate::stage::{Place, Source};

/// The tags of a cache, and one key whose entry carries the tag `t`.
struct World {
    invalidations: Invalidations,
    tags: Tags,
    bound: usize,
    source: Source,
    place: Place,
}

impl World {
    fn new(bound: usize) -> World {
        World {
            invalidations: Invalidations::new(),
            tags: Tags::new(FixedState::default(), 1),
            bound,
            source: Source::new(),
            place: Place::new(),
        }
    }

    /// Makes a class with the tag's mark, captures, computes, stores.
    fn compute(&self) {
        let class = Arc::new(Class::new([self.tags.mark("t", self.bound).mark]));
        let capture = self.invalidations.capture(&class);
        self.place.store(self.source.read(), &capture, || false);
    }

    fn invalidate(&self) {
        self.invalidations.kill_tag(&self.tags, "t");
    }

    fn serve(&self) -> Option<u64> {
        View::of(&*self.place.row()?).map(|view| **view.entry())
    }
}

/// The source changes and the change is invalidated by the tag, while a compute runs and the tag is
/// being forgotten: nobody is served what was before.
fn no_lost_invalidation(bound: usize) {
    loom::model(move || {
        let world = Arc::new(World::new(bound));
        // The tag is known, and nothing holds it.
        drop(world.tags.mark("t", bound));
        let computing = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.compute())
        };
        let forgetting = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.tags.forget_unheld();
            })
        };
        world.source.write(1);
        world.invalidate();
        let served = world.serve();
        assert!(served != Some(0), "served the value from before the invalidation");
        computing.join().unwrap();
        forgetting.join().unwrap();
        let served = world.serve();
        assert!(served != Some(0), "stored the value from before the invalidation");
    });
}

#[test]
fn a_forgotten_tag_revives_nothing() {
    no_lost_invalidation(1);
}

#[test]
fn a_tag_beyond_the_bound_loses_no_invalidation() {
    no_lost_invalidation(0);
}

/// A tag shares a mark, then gets its own: an invalidation covers what is stored under either.
#[test]
fn a_tag_that_gets_its_own_mark_covers_what_it_shared_before() {
    loom::model(|| {
        let world = Arc::new(World::new(1));
        let other = world.tags.mark("other", 1);
        let computing = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.compute())
        };
        let making_room = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                drop(other);
                world.tags.forget_unheld();
                // Another entry of the tag comes, with a mark of the tag's own.
                drop(world.tags.mark("t", 1));
            })
        };
        world.source.write(1);
        world.invalidate();
        computing.join().unwrap();
        making_room.join().unwrap();
        let served = world.serve();
        assert!(served != Some(0), "stored the value from before the invalidation");
    });
}
