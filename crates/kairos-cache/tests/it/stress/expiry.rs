// Values that an expiry has covered before they are stored, beside readers and pins: none is ever fresh.
// Never knows: the insides of the cache.
// Read next: `staleness.rs`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use kairos_cache::{Cache, Context, Pinned, Reason, Receipt};

/// How many values are stored; `KAIROS_EXPIRY_ROUNDS` sets another number.
const ROUNDS: u64 = 40_000;
const WRITERS: u64 = 2;
const READERS: u64 = 2;
const KEYS: u64 = 32;

fn rounds() -> u64 {
    match std::env::var("KAIROS_EXPIRY_ROUNDS") {
        Ok(rounds) => rounds.parse().expect("a number of rounds"),
        Err(_) => ROUNDS,
    }
}

fn check(receipt: &Receipt, fresh: &AtomicU64) {
    if receipt.reason == Reason::Fresh {
        fresh.fetch_add(1, Ordering::Relaxed);
    }
}

/// Stores a value that began before an expiry of its key: by a fill, or by a compute.
fn store(cache: &Cache<u64, u64>, runtime: &tokio::runtime::Runtime, key: u64, round: u64) {
    let context = Context::none();
    if round.is_multiple_of(2) {
        let fill = cache.begin(&key, &context).expect("few flights");
        cache.expire(&key);
        fill.insert(round);
    } else {
        let (forced, expiring) = (context.force_refresh(true), cache.clone());
        let compute = move || async move {
            expiring.expire(&key);
            Ok::<_, std::io::Error>(round)
        };
        let read = cache.get_or_compute(&key, &forced, compute);
        assert_eq!(*runtime.block_on(read).expect("computed"), round);
    }
}

/// One look in three through a pin that is kept, one through a new one.
fn look(
    cache: &Cache<u64, u64>,
    pins: &mut [Option<Pinned<u64, u64>>],
    at: u64,
    fresh: &AtomicU64,
) {
    let key = at % KEYS;
    let pin = &mut pins[key as usize];
    match at % 3 {
        0 => *pin = cache.pin(&key),
        1 => {
            let read = pin.as_mut().and_then(Pinned::read);
            read.inspect(|hit| check(hit.receipt(), fresh));
        }
        _ => {
            cache.peek(&key).inspect(|hit| check(hit.receipt(), fresh));
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "says how much it looked at")]
fn no_value_that_an_expiry_has_covered_is_ever_fresh() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("threads");
    let cache: Cache<u64, u64> =
        Cache::builder().tokio_handle(runtime.handle().clone()).build().expect("valid");
    let (fresh, looks, ended) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let each = rounds() / WRITERS;
    thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|reader| {
                let (cache, fresh, looks, ended) = (&cache, &fresh, &looks, &ended);
                scope.spawn(move || {
                    let mut pins: Vec<_> = (0..KEYS).map(|_| None).collect();
                    let mut at = reader;
                    while !ended.load(Ordering::Relaxed) {
                        // Knuth's numbers for a sequence that visits everything.
                        at = at.wrapping_mul(6_364_136_223_846_793_005);
                        at = at.wrapping_add(1_442_695_040_888_963_407);
                        look(cache, &mut pins, at >> 33, fresh);
                        looks.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (cache, runtime, fresh) = (&cache, &runtime, &fresh);
                scope.spawn(move || {
                    for round in 0..each {
                        // Its own keys: nobody else stores what no expiry covers.
                        let key = round % (KEYS / WRITERS) * WRITERS + writer;
                        // Now a first entry, now one that replaces another.
                        if round % 3 > 0 {
                            cache.invalidate(&key);
                        }
                        store(cache, runtime, key, round);
                        cache.peek(&key).inspect(|hit| check(hit.receipt(), fresh));
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().expect("no panic");
        }
        ended.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.join().expect("no panic");
        }
    });
    let (fresh, looks) = (fresh.into_inner(), looks.into_inner());
    println!("{} values stored, {looks} looks beside, {fresh} fresh", each * WRITERS);
    assert_eq!(fresh, 0, "of {looks} looks");
    assert!(looks > 0);
}
