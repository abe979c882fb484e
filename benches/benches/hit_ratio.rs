//! How many reads are hits when a tenth or a hundredth of the keys has place, against bare moka.
// Never knows: the engine's insides.
// Read next: `hit.rs`, what a hit takes. `--traces FOLDER` adds the traces in a folder: a key a line, gzip or plain.

use std::collections::HashSet;
use std::convert::Infallible;
use std::hint::black_box;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use benches::order::{Draws, Zipf};
use benches::race::{Contestant, OURS, Spread};
use benches::report::Report;
use benches::stage::{context, observed};
use kairos_cache::{Cache, Context};
use tokio::runtime::{Builder, Runtime};

/// Points of a hundred by which this workspace's own may be below.
const AT_MOST: f64 = 0.5;

const ACCESSES: usize = 1_000_000;

fn main() {
    let mut report = Report::from_args();
    report.without_instructions();
    report.race_with("hit ratio, an access of a Zipf trace", &[1], contestants, &[]);
    if let Some(rounds) = report.rounds() {
        let repeats = if rounds > 15 { 3 } else { 1 };
        let most = if rounds == 1 { 20_000 } else { usize::MAX };
        for (name, trace) in traces() {
            compare(&mut report, &name, &trace[..trace.len().min(most)], repeats);
        }
    }
    report.judge();
}

/// Traces that are drawn here, and those of the folder that the command line names.
fn traces() -> Vec<(String, Vec<u64>)> {
    let mut all =
        vec![("Zipf 0.99".to_owned(), zipf()), ("Zipf 0.99 and scans".to_owned(), scans())];
    if let Some(folder) = Report::argument("--traces") {
        let files = std::fs::read_dir(folder).expect("the folder of traces can be read");
        let mut files: Vec<_> = files.flatten().map(|file| file.path()).collect();
        files.sort();
        all.extend(files.iter().filter_map(|file| trace(file)));
    }
    all
}

fn trace(file: &Path) -> Option<(String, Vec<u64>)> {
    let name = file.file_name()?.to_str()?.split('.').next()?.to_owned();
    let bytes = std::fs::read(file).ok()?;
    let mut text = String::new();
    if file.extension().is_some_and(|end| end == "gz") {
        flate2::read::MultiGzDecoder::new(&*bytes).read_to_string(&mut text).ok()?;
    } else {
        text = String::from_utf8(bytes).ok()?;
    }
    let keys: Vec<u64> = text.lines().filter_map(|line| line.trim().parse().ok()).collect();
    (!keys.is_empty()).then_some((name, keys))
}

fn zipf() -> Vec<u64> {
    let (mut draws, zipf) = (Draws::new(7), Zipf::new(100_000, 0.99));
    (0..ACCESSES).map(|_| zipf.draw(&mut draws) as u64).collect()
}

/// After each 10 000 accesses, 5 000 keys that come once in a while.
fn scans() -> Vec<u64> {
    let (mut draws, zipf) = (Draws::new(7), Zipf::new(100_000, 0.99));
    let mut cold = (0..).map(|at| 1_000_000 + at % 200_000);
    let mut trace = Vec::new();
    while trace.len() < ACCESSES {
        trace.extend((0..10_000).map(|_| zipf.draw(&mut draws) as u64));
        trace.extend(cold.by_ref().take(5_000));
    }
    trace
}

fn compare(report: &mut Report, name: &str, trace: &[u64], repeats: usize) {
    let distinct = trace.iter().collect::<HashSet<_>>().len() as u64;
    for percent in [1, 10] {
        let capacity = (distinct * percent / 100).max(1);
        let mut behind = Vec::new();
        let mut ratios = Vec::new();
        for _ in 0..repeats {
            let (ours, moka) = (Ours::new(capacity).points(trace), moka(capacity, trace));
            behind.push(moka - ours);
            ratios.push(ours);
        }
        let title = format!("{name}, {percent} % of {distinct} keys");
        report.value("hit ratio", &title, "% hits", f64::INFINITY, Spread::of(ratios));
        let title = format!("{title}, below moka");
        report.value("hit ratio", &title, "points", AT_MOST, Spread::of(behind));
    }
}

/// This workspace's cache as a service reads it: `get`, and `get_or_compute` where that finds nothing.
struct Ours {
    runtime: Runtime,
    cache: Cache<u64, f64>,
    context: Context,
}

impl Ours {
    fn new(capacity: u64) -> Ours {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let builder = Cache::builder().max_capacity(capacity).latency_sampling(16);
        let cache: Cache<u64, f64> =
            builder.tokio_handle(runtime.handle().clone()).build().expect("in range");
        let context = context(&observed(&cache, "12345"));
        Ours { runtime, cache, context }
    }

    fn is_hit(&self, key: u64) -> bool {
        if black_box(self.cache.get(&key)).is_some() {
            return true;
        }
        let compute = || async { Ok::<f64, Infallible>(1.5) };
        let computed =
            self.runtime.block_on(self.cache.get_or_compute(&key, &self.context, compute));
        black_box(computed.expect("a value"));
        false
    }

    /// Hits of a hundred accesses.
    fn points(&self, trace: &[u64]) -> f64 {
        let hits = trace.iter().filter(|key| self.is_hit(**key)).count();
        let stats = self.cache.stats();
        assert_eq!(stats.strategy_serve_fresh, hits as u64, "every hit was counted");
        assert_eq!(stats.total_requests, trace.len() as u64, "and every miss");
        100.0 * hits as f64 / trace.len() as f64
    }
}

fn moka(capacity: u64, trace: &[u64]) -> f64 {
    let cache: moka::sync::Cache<u64, Arc<f64>> = moka::sync::Cache::new(capacity);
    let is_hit = |key: &&u64| access_moka(&cache, **key);
    100.0 * trace.iter().filter(is_hit).count() as f64 / trace.len() as f64
}

fn access_moka(cache: &moka::sync::Cache<u64, Arc<f64>>, key: u64) -> bool {
    let is_hit = black_box(cache.get(&key)).is_some();
    if !is_hit {
        cache.insert(key, Arc::new(1.5));
    }
    is_hit
}

/// What an access takes with a hundredth of the keys in place.
fn contestants() -> Vec<Contestant> {
    let trace: Arc<Vec<u64>> = Arc::new(zipf());
    let (ours, bare) = (Ours::new(1_000), moka::sync::Cache::new(1_000));
    let theirs = Arc::clone(&trace);
    vec![
        Contestant::uncounted(OURS, move |n| {
            for key in trace.iter().cycle().take(n as usize) {
                black_box(ours.is_hit(*key));
            }
        })
        .slow(1000),
        Contestant::uncounted("moka", move |n| {
            for key in theirs.iter().cycle().take(n as usize) {
                black_box(access_moka(&bare, *key));
            }
        })
        .slow(1000),
    ]
}
