// Reads inside computes: which compute waits for which other, so that none waits for itself.
// Never knows: keys, caches, or what is computed.
// Read next: `../engine/compute/crew.rs`, whose work runs inside; `../engine/read/waiting.rs`, which asks.
//
// A read inside a compute makes that compute wait for another one. Such waits are the edges of a
// graph, one for the process, because they may lead through several caches. A read whose edge would
// close a circle is refused. Reads that are not inside a compute add no edge and take no lock.

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

/// For each compute, those that it waits for.
type Edges = HashMap<Name, Vec<Name>>;

static WAITS: OnceLock<Mutex<Edges>> = OnceLock::new();

fn waits() -> &'static Mutex<Edges> {
    WAITS.get_or_init(|| Mutex::new(HashMap::new()))
}

/// The wait of a read inside computes for another one. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Wait(Vec<(Name, Name)>);

/// Lets the computes wait for another, which may be pending behind a third one. `None` if they would
/// wait for themselves.
pub(crate) fn wait(inside: &Inside, target: Name, behind: Option<Name>) -> Option<Wait> {
    let mut edges: Vec<(Name, Name)> = inside.names().map(|from| (from, target)).collect();
    edges.extend(behind.map(|behind| (target, behind)));
    let mut waits = waits().lock();
    let mut seen = Vec::new();
    let mut next: Vec<Name> = [target].into_iter().chain(behind).collect();
    while let Some(at) = next.pop() {
        if inside.names().any(|own| own == at) {
            return None;
        }
        if !seen.contains(&at) {
            seen.push(at);
            next.extend(waits.get(&at).into_iter().flatten());
        }
    }
    for (from, to) in &edges {
        waits.entry(*from).or_default().push(*to);
    }
    Some(Wait(edges))
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut waits = waits().lock();
        for (from, to) in &self.0 {
            let Some(of) = waits.get_mut(from) else { continue };
            if let Some(place) = of.iter().position(|other| other == to) {
                of.swap_remove(place);
            }
            if of.is_empty() {
                waits.remove(from);
            }
        }
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    fn inside(names: &[Name]) -> Inside {
        Inside { cache: 0, first: names[0], others: names[1..].into() }
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
