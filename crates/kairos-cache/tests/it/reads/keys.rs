// A key is asked for by any borrowed form, also where it has to be made to be kept.
// Never knows: how keys are hashed.
// Read next: `pins.rs`.

use std::borrow::{Borrow, Cow};
use std::cell::Cell;
use std::fmt::Debug;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kairos_cache::{Cache, Context, Equivalent, Error, Runtime as _, Sim, Strategy, ToKey};

/// Reads `key` twice, computing it the first time, and has it invalidated by the same form.
fn read_by<K, Q>(key: &Q)
where
    K: Hash + Eq + Clone + Send + Sync + Debug + Borrow<Q> + 'static,
    Q: Hash + Eq + ToKey<K> + Debug + Sync + ?Sized + 'static,
{
    let sim = Sim::new(std::time::UNIX_EPOCH);
    let cache = Cache::<K, u32>::builder().sim(&sim).build().expect("in range");
    let owned: K = key.to_key();
    let (own, asked) = (cache.clone(), owned.clone());
    let _task = sim.spawn(Box::pin(async move {
        let asked: &Q = asked.borrow();
        for strategy in [Strategy::Compute, Strategy::ServeFresh] {
            let compute = || async { Ok::<u32, Error>(7) };
            let hit = own.get_or_compute(asked, &Context::none(), compute).await.expect("a value");
            assert_eq!(hit.receipt().strategy, strategy, "{asked:?}");
        }
    }));
    sim.run_to_end();
    assert!(cache.get(key).is_some() && cache.pin(key).is_some());
    cache.invalidate(key);
    assert!(cache.get(key).is_none());
}

#[test]
fn strings_paths_slices_and_plain_keys_are_read_by_their_borrowed_forms() {
    read_by::<String, str>("k");
    read_by::<Arc<str>, str>("k");
    read_by::<Box<str>, str>("k");
    read_by::<Cow<'static, str>, str>("k");
    read_by::<PathBuf, Path>(Path::new("a/b"));
    read_by::<Vec<u8>, [u8]>(b"k");
    read_by::<Arc<[u8]>, [u8]>(b"k");
    read_by::<u64, u64>(&7);
    read_by::<(u32, u32), (u32, u32)>(&(1, 2));
    read_by::<Arc<str>, Arc<str>>(&Arc::from("k"));
}

/// A key of two names; its clones are counted.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Line {
    fixture: String,
    market: String,
}

thread_local! {
    static CLONES: Cell<u32> = const { Cell::new(0) };
}

impl Clone for Line {
    fn clone(&self) -> Line {
        CLONES.set(CLONES.get() + 1);
        Line { fixture: self.fixture.clone(), market: self.market.clone() }
    }
}

/// A [`Line`] by borrowed names: no `Borrow` could return one.
#[derive(Debug, Hash)]
struct LineRef<'a>(&'a str, &'a str);

impl Equivalent<Line> for LineRef<'_> {
    fn equivalent(&self, key: &Line) -> bool {
        self.0 == key.fixture && self.1 == key.market
    }
}

impl ToKey<Line> for LineRef<'_> {
    fn to_key(&self) -> Line {
        Line { fixture: self.0.to_owned(), market: self.1.to_owned() }
    }
}

#[test]
fn a_key_of_several_parts_is_asked_for_by_borrowed_parts_and_a_hit_clones_nothing() {
    let sim = Sim::new(std::time::UNIX_EPOCH);
    let cache: Cache<Line, u32> = Cache::builder().sim(&sim).build().expect("in range");
    let line = LineRef("12345", "btts");
    let reads = cache.clone();
    let _task = sim.spawn(Box::pin(async move {
        let compute = || async { Ok::<u32, Error>(7) };
        let line = LineRef("12345", "btts");
        for strategy in [Strategy::Compute, Strategy::ServeFresh] {
            CLONES.set(0);
            let hit = reads.get_or_compute(&line, &Context::none(), compute).await.expect("7");
            assert_eq!(hit.receipt().strategy, strategy);
        }
        assert_eq!(CLONES.get(), 0, "of the hit");
    }));
    sim.run_to_end();
    assert!(cache.get(&line).is_some() && cache.peek(&line).is_some());
    assert!(cache.pin(&line).is_some() && cache.contains_key(&line));
    assert!(cache.get(&LineRef("12345", "1x2")).is_none());
    assert_eq!(cache.remove(&line).as_deref(), Some(&7));
    assert!(cache.insert(&line, &Context::none(), 8).expect("no match is named"));
    assert!(cache.invalidate(&line) && !cache.invalidate(&line));
}
