// A key is asked for by any borrowed form, also where it has to be made to be kept.
// Never knows: how keys are hashed.
// Read next: `pins.rs`.

use std::borrow::{Borrow, Cow};
use std::fmt::Debug;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kairos_cache::{Cache, Context, Error, Runtime as _, Sim, Strategy, ToKey};

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
