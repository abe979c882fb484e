// Reads and shutdowns inside computes: which compute waits for which other, so that none waits for itself.
// Never knows: keys, caches, or what is computed.
// Read next: `../engine/compute/crew.rs`, whose work runs inside; `../engine/read/waiting.rs`, which asks.
//
// A read inside a compute makes that compute wait for another one, a shutdown for all of its cache.
// Such waits are the edges of a graph, one for the process, because they may lead through several
// caches. A read or shutdown whose edge would close a circle is refused. What is not inside a compute
// adds no edge and takes no lock.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, OnceLock};

use crate::flight::Run;
use crate::sync::Mutex;

/// The name of a compute, for as long as it is under way or waited for: the address of its run.
pub(crate) type Name = usize;

/// The name of the compute that a run is.
pub(crate) fn name<R>(run: &Arc<Run<R>>) -> Name {
    Arc::as_ptr(run).cast::<()>() as usize
}

/// The computes of one task.
#[derive(Debug)]
pub(crate) struct Inside {
    /// What tells their cache from others.
    pub(crate) cache: usize,
    pub(crate) first: Name,
    pub(crate) others: Box<[Name]>,
}

impl Inside {
    fn names(&self) -> impl Iterator<Item = Name> + '_ {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }

    /// Whether who waits for this waits for these computes.
    fn is_awaited_as(&self, at: Awaited) -> bool {
        match at {
            Awaited::Compute(name) => self.names().any(|own| own == name),
            Awaited::End(cache) => cache == self.cache,
        }
    }
}

thread_local! {
    /// The computes whose task this thread polls.
    static CURRENT: RefCell<Option<Arc<Inside>>> = const { RefCell::new(None) };
}

/// The computes inside which this is called, if it is inside any.
pub(crate) fn current() -> Option<Arc<Inside>> {
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// Whether this is called inside a compute.
pub(crate) fn is_inside() -> bool {
    CURRENT.try_with(|current| current.borrow().is_some()).unwrap_or(false)
}

/// Runs the user's part of these computes, inside them.
pub(crate) async fn run_inside<T>(inside: Inside, work: impl Future<Output = T>) -> T {
    let (inside, mut work) = (Arc::new(inside), pin!(work));
    poll_fn(|cx| within(&inside, || work.as_mut().poll(cx))).await
}

/// Calls `poll` inside these computes.
fn within<T>(inside: &Arc<Inside>, poll: impl FnOnce() -> T) -> T {
    struct Back(Option<Arc<Inside>>);
    impl Drop for Back {
        fn drop(&mut self) {
            let before = self.0.take();
            let _ending = CURRENT.try_with(|current| current.replace(before));
        }
    }
    let before = CURRENT.try_with(|current| current.replace(Some(Arc::clone(inside))));
    let _back = Back(before.ok().flatten());
    poll()
}

/// What a compute may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Awaited {
    /// The compute of this name.
    Compute(Name),
    /// The end of this cache: of all its computes.
    End(usize),
}

/// What a compute waits for.
#[derive(Default)]
struct Node {
    /// Its cache; none of a compute that is pending, for which the end of its cache does not wait.
    cache: Option<usize>,
    waits_for: Vec<Awaited>,
}

/// The computes that wait.
type Graph = HashMap<Name, Node>;

static WAITS: OnceLock<Mutex<Graph>> = OnceLock::new();

fn waits() -> &'static Mutex<Graph> {
    WAITS.get_or_init(|| Mutex::new(HashMap::new()))
}

/// The wait of a read or shutdown inside computes. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Wait(Vec<(Name, Awaited)>);

/// Lets the computes wait for another, which may be pending behind a third one. `None` if they would
/// wait for themselves.
pub(crate) fn wait(inside: &Inside, target: Name, behind: Option<Name>) -> Option<Wait> {
    let behind = behind.map(|behind| (target, Awaited::Compute(behind)));
    enter(inside, Awaited::Compute(target), behind)
}

/// Lets the computes wait for the end of a cache. `None` if they are of that cache, or computes of it
/// wait for them: they would wait for themselves.
pub(crate) fn wait_for_end(inside: &Inside, cache: usize) -> Option<Wait> {
    enter(inside, Awaited::End(cache), None)
}

/// Lets the computes wait for `target`, and a pending compute for the one before it.
fn enter(inside: &Inside, target: Awaited, behind: Option<(Name, Awaited)>) -> Option<Wait> {
    let mut waits = waits().lock();
    let mut seen = Vec::new();
    let mut next: Vec<Awaited> = [target].into_iter().chain(behind.map(|(_, to)| to)).collect();
    while let Some(at) = next.pop() {
        if inside.is_awaited_as(at) {
            return None;
        }
        if !seen.contains(&at) {
            seen.push(at);
            next.extend(waits_of(&waits, at));
        }
    }
    let mut edges: Vec<(Name, Awaited)> = inside.names().map(|from| (from, target)).collect();
    for (from, to) in &edges {
        let node = waits.entry(*from).or_default();
        node.cache = Some(inside.cache);
        node.waits_for.push(*to);
    }
    if let Some((pending, to)) = behind {
        waits.entry(pending).or_default().waits_for.push(to);
        edges.push((pending, to));
    }
    Some(Wait(edges))
}

/// What those wait for that are awaited.
fn waits_of(waits: &Graph, at: Awaited) -> Vec<Awaited> {
    match at {
        Awaited::Compute(name) => {
            waits.get(&name).map(|node| node.waits_for.clone()).unwrap_or_default()
        }
        Awaited::End(cache) => {
            let of_cache = waits.values().filter(|node| node.cache == Some(cache));
            of_cache.flat_map(|node| &node.waits_for).copied().collect()
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut waits = waits().lock();
        for (from, to) in &self.0 {
            let Some(Node { waits_for, .. }) = waits.get_mut(from) else { continue };
            if let Some(place) = waits_for.iter().position(|other| other == to) {
                waits_for.swap_remove(place);
            }
            if waits_for.is_empty() {
                waits.remove(from);
            }
        }
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    fn inside(names: &[Name]) -> Inside {
        within_cache(0, names)
    }

    fn within_cache(cache: usize, names: &[Name]) -> Inside {
        Inside { cache, first: names[0], others: names[1..].into() }
    }

    /// Names of this test alone: the graph is the process's.
    const A: Name = 0xA001;
    const B: Name = 0xB001;
    const C: Name = 0xC001;

    #[test]
    fn a_compute_may_wait_for_any_but_those_that_wait_for_it() {
        let (a, b, c) = (inside(&[A]), inside(&[B]), inside(&[C]));
        assert!(wait(&a, A, None).is_none(), "for itself");
        let a_for_b = wait(&a, B, None).expect("no circle");
        let _again = wait(&a, B, None).expect("no circle");
        let _b_for_c = wait(&b, C, None).expect("no circle");
        assert!(wait(&c, A, None).is_none(), "through both");
        drop(a_for_b);
        assert!(wait(&c, A, None).is_none(), "the same wait a second time");
    }

    #[test]
    fn a_pending_compute_waits_for_the_one_before_it() {
        let (running, pending, other) = (0xA002, 0xB002, 0xC002);
        assert!(wait(&inside(&[running]), pending, Some(running)).is_none());
        let _waits = wait(&inside(&[other]), pending, Some(running)).expect("no circle");
        assert!(wait(&inside(&[running]), other, None).is_none());
    }

    #[test]
    fn the_computes_of_one_call_wait_together() {
        let (one, two, other) = (0xA003, 0xB003, 0xC003);
        assert!(wait(&inside(&[one, two]), two, None).is_none());
        let waits = wait(&inside(&[one, two]), other, None).expect("no circle");
        assert!(wait(&inside(&[other]), two, None).is_none());
        drop(waits);
        assert!(wait(&inside(&[other]), two, None).is_some(), "and no longer");
    }

    #[test]
    fn a_compute_may_wait_for_the_end_of_a_cache_only_if_that_does_not_wait_for_it() {
        // Caches of this test alone, each with a compute.
        const ONE: usize = 0xA004;
        const TWO: usize = 0xB004;
        const THREE: usize = 0xC004;
        let [one, two, three] = [ONE, TWO, THREE].map(|cache| within_cache(cache, &[cache + 1]));
        assert!(wait_for_end(&one, ONE).is_none(), "its own");
        let one_for_two = wait(&one, two.first, None).expect("no circle");
        let two_for_three = wait(&two, three.first, None).expect("no circle");
        assert!(wait_for_end(&three, TWO).is_none() && wait_for_end(&three, ONE).is_none());
        drop(one_for_two);
        assert!(wait_for_end(&three, ONE).is_some(), "and no longer");
        drop(two_for_three);
        // The other way round: what it would wait for waits for its end.
        let _three_for_end = wait_for_end(&three, ONE).expect("no circle");
        assert!(wait(&one, three.first, None).is_none());
        let _two_for_three = wait(&two, three.first, None).expect("no circle");
        assert!(wait(&one, two.first, None).is_none(), "through another");
    }

    /// It does not begin when its cache ends, but for whoever waits for it the wait goes on.
    #[test]
    fn a_cache_does_not_wait_for_what_is_pending_in_it() {
        let (own, running, pending) = (0xA005, 0xB005, 0xC005);
        let other = within_cache(0xD005, &[own]);
        let _waits = wait(&other, pending, Some(running)).expect("no circle");
        let inside = within_cache(0xE005, &[running]);
        assert!(wait_for_end(&inside, 0xD005).is_none(), "through what is pending");
        assert!(wait_for_end(&within_cache(0xF005, &[1]), 0xE005).is_some());
    }

    #[test]
    fn a_poll_inside_another_leaves_to_where_it_came_from() {
        let (outer, inner) = (Arc::new(inside(&[1])), Arc::new(inside(&[2])));
        let first = || current().map(|inside| inside.first);
        within(&outer, || {
            within(&inner, || assert_eq!(first(), Some(2)));
            assert_eq!(first(), Some(1));
        });
        assert!(first().is_none() && !is_inside());
    }
}
