//! Fail-safe: what readers get while the backend is down, and how often it is asked meanwhile.
//! Never knows: real time; the clock is moved by hand.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use kairos_cache::{Cache, Context, Error, ErrorKind, Hit, Reason, Sim};

#[derive(Default)]
struct Backend {
    is_down: AtomicBool,
    asked: AtomicU32,
}

impl Backend {
    fn price(&self) -> Result<f64, io::Error> {
        // Relaxed, here and below: one thread does everything.
        self.asked.fetch_add(1, Ordering::Relaxed);
        let is_down = self.is_down.load(Ordering::Relaxed);
        if is_down { Err(io::Error::other("connection refused")) } else { Ok(1.85) }
    }

    fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::Relaxed); // Relaxed: as above.
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed) // Relaxed: as above.
    }
}

fn main() -> Result<(), Error> {
    let sim = Sim::new(UNIX_EPOCH + Duration::from_secs(2_000_000_000));
    let minutes = |n: u64| Duration::from_secs(60 * n);
    // Both are off unless they are asked for.
    let cache: Cache<String, f64> = Cache::builder()
        .sim(&sim)
        .default_ttl(minutes(1))
        .max_stale_if_error(minutes(60))
        .error_ttl(Duration::from_secs(2))
        .build()?;
    let backend = Arc::new(Backend::default());
    let read = |key: &str| -> Result<Hit<f64>, Error> {
        let backend = Arc::clone(&backend);
        cache.blocking().get_or_compute(key, &Context::none(), move || backend.price())
    };

    read("btts")?;
    backend.set_down(true);
    sim.advance(minutes(30));
    let hit = read("btts")?;
    assert_eq!((*hit, hit.receipt().reason), (1.85, Reason::StaleIfError));
    println!("down, with an old value: {}, {:.0?} old", hit.receipt().reason, hit.receipt().age);

    // Without an old value there is the backend's own error, which is remembered for two seconds.
    let asked = backend.asked();
    for _ in 0..3 {
        let error = read("corners").expect_err("there is no old value");
        assert_eq!(error.kind(), ErrorKind::Compute);
        assert!(error.compute_error::<io::Error>().is_some());
    }
    assert_eq!(backend.asked(), asked + 1);
    println!("down, without one: three reads get the error, the backend is asked once");

    // An old value does not answer for longer than it may.
    sim.advance(minutes(31));
    assert_eq!(read("btts").expect_err("too old").kind(), ErrorKind::Compute);
    println!("down for more than an hour: the error");

    backend.set_down(false);
    sim.advance(Duration::from_secs(5));
    assert_eq!(read("btts")?.receipt().reason, Reason::TooStale);
    println!("up again: computed");
    Ok(())
}
