// Two at one key at once, each step of the one met by the whole of the other.
// Never knows: in which steps an invalidation goes.
// Read next: `on_the_way.rs`, invalidations of what is being computed.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};

use kairos_cache::{Cache, Context};

use crate::stage::Stage;

/// So many steps to come, and what is done at the last of them.
type AtStep = Option<(u32, Box<dyn FnOnce()>)>;

thread_local! {
    /// Runs when this thread has hashed or compared so many keys more.
    static AT_STEP: RefCell<AtStep> = const { RefCell::new(None) };
}

/// A key that is hashed when the cache begins with it, and compared where it looks for what it has.
#[derive(Debug, Clone)]
struct Stepped(u32);

impl Stepped {
    fn step() {
        let due = AT_STEP.with_borrow_mut(|at| {
            let (left, _) = at.as_mut()?;
            *left = left.checked_sub(1)?;
            if *left == 0 { at.take() } else { None }
        });
        if let Some((_, act)) = due {
            act();
        }
    }
}

impl Hash for Stepped {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Stepped::step();
        self.0.hash(state);
    }
}

impl PartialEq for Stepped {
    fn eq(&self, other: &Stepped) -> bool {
        Stepped::step();
        self.0 == other.0
    }
}

impl Eq for Stepped {}

/// Invalidates a key; at its `step`th step another thread does `act` from beginning to end.
/// Returns what the invalidation said, and what the other did, if there was such a step.
fn beside<T: Send + 'static>(
    cache: &Cache<Stepped, u32>,
    step: u32,
    act: impl FnOnce(&Cache<Stepped, u32>) -> T + Send + 'static,
) -> (bool, Option<T>) {
    let (told, answer) = std::sync::mpsc::channel();
    let other = cache.clone();
    let act = Box::new(move || {
        let acted = std::thread::spawn(move || act(&other)).join().expect("no panic");
        told.send(acted).expect("this thread waits for it");
    });
    AT_STEP.with_borrow_mut(|at| *at = Some((step, act)));
    let ended = cache.invalidate(&Stepped(1));
    AT_STEP.with_borrow_mut(|at| *at = None);
    (ended, answer.try_recv().ok())
}

fn stored() -> Cache<Stepped, u32> {
    let stage = Stage::<u32>::with(|builder| builder);
    let cache: Cache<Stepped, u32> = Cache::builder().sim(&stage.sim).build().expect("in range");
    assert!(cache.insert(&Stepped(1), &Context::none(), 1).expect("room"));
    cache
}

#[test]
fn of_two_invalidations_of_one_entry_one_has_ended_it() {
    let mut steps = 0;
    for step in 1..20 {
        let cache = stored();
        let (own, other) = beside(&cache, step, |cache| cache.invalidate(&Stepped(1)));
        let ended = u32::from(own) + u32::from(other == Some(true));
        assert_eq!(ended, 1, "step {step}: {own}, {other:?}");
        steps += u32::from(other.is_some());
        assert!(!cache.invalidate(&Stepped(1)));
    }
    assert!(steps > 0, "an invalidation takes steps");
}

#[test]
fn an_invalidation_leaves_what_was_begun_after_it() {
    // Whether each step comes after the beginning of the invalidation.
    let mut survived = Vec::new();
    for step in 1..20 {
        let cache = stored();
        let (_, other) =
            beside(&cache, step, |cache| cache.insert(&Stepped(1), &Context::none(), 2));
        match other {
            Some(inserted) => {
                assert!(inserted.expect("room"), "step {step}");
                survived.push(cache.get(&Stepped(1)).is_some_and(|hit| *hit == 2));
            }
            None => assert!(cache.get(&Stepped(1)).is_none()),
        }
    }
    assert!(survived.is_sorted() && survived.last() == Some(&true), "{survived:?}");
}

#[test]
fn an_invalidation_says_that_it_ended_only_what_could_be_served() {
    let stage = Stage::<u64>::with(|builder| builder);
    let (cache, scope) = (&stage.cache, stage.cache.scope("m"));
    let kickoff = crate::stage::start() + crate::stage::HOUR;
    let in_match = Context::new(&scope).market("btts").kickoff(kickoff);
    let put = |context: &Context| assert!(cache.insert("k", context, 1).expect("room"));
    assert!(!cache.invalidate("k"), "there is nothing");
    put(&Context::none());
    assert!(cache.invalidate("k"));
    assert!(!cache.invalidate("k"), "it has ended");
    put(&Context::none().tag("t"));
    cache.invalidate_tag("t");
    assert!(!cache.invalidate("k"), "the tag's invalidation has ended it");
    put(&in_match);
    assert_eq!(cache.invalidate_match(&scope), 1);
    assert!(!cache.invalidate("k"), "the match's has");
    put(&in_match);
    stage.at(2 * 3600);
    assert!(!cache.invalidate("k"), "kickoff has");
}
