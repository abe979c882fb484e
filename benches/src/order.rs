// Keys and the order in which they are read: drawn once, so that drawing costs no reader anything.
// Never knows: what a key is looked up in.
// Read next: `stage.rs`, whose cache holds the keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Numbers that are the same in every run (splitmix64).
pub struct Draws(u64);

impl Draws {
    /// Draws by this seed.
    pub fn new(seed: u64) -> Draws {
        Draws(seed)
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next_u64() % end as u64) as usize
    }

    /// The next fraction, from 0 to 1.
    pub fn fraction(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Ranks that are drawn by Zipf's law.
pub struct Zipf {
    sums: Vec<f64>,
}

impl Zipf {
    /// The law with this exponent for so many ranks.
    pub fn new(ranks: usize, exponent: f64) -> Zipf {
        let weights = (1..=ranks).map(|rank| (rank as f64).powf(-exponent));
        let sums = weights.scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        Zipf { sums: sums.collect() }
    }

    /// A rank, from 0.
    pub fn draw(&self, draws: &mut Draws) -> usize {
        let all = self.sums.last().copied().unwrap_or(1.0);
        let at = draws.fraction() * all;
        self.sums.partition_point(|sum| *sum < at).min(self.sums.len().saturating_sub(1))
    }
}

/// Keys, and the order in which they are read again and again.
pub struct Order<K> {
    keys: Vec<K>,
    reads: Vec<u32>,
    /// Where the next reader starts.
    start: AtomicUsize,
}

impl<K> Order<K> {
    /// Keys read in an order that no prefetcher follows, each as often as any other.
    pub fn uniform(keys: Vec<K>) -> Order<K> {
        let mut draws = Draws::new(1);
        let often = if keys.len() > 4096 { 1 << 18 } else { 1 << 12 };
        let reads = (0..often).map(|_| draws.below(keys.len()) as u32).collect();
        Order { keys, reads, start: AtomicUsize::new(0) }
    }

    /// Keys read by Zipf's law with the exponent 0.99.
    pub fn zipf(keys: Vec<K>) -> Order<K> {
        let (mut draws, zipf) = (Draws::new(1), Zipf::new(keys.len(), 0.99));
        let reads = (0..1 << 18).map(|_| zipf.draw(&mut draws) as u32).collect();
        Order { keys, reads, start: AtomicUsize::new(0) }
    }

    /// The first `most` of these keys read in an order that no prefetcher follows.
    pub fn of_first(keys: Vec<K>, most: usize) -> Order<K> {
        let mut draws = Draws::new(1);
        let reads = (0..1 << 12).map(|_| draws.below(most) as u32).collect();
        Order { keys, reads, start: AtomicUsize::new(0) }
    }

    /// All keys.
    pub fn keys(&self) -> &[K] {
        &self.keys
    }

    /// Reads `n` times, so many `together`.
    pub fn read_together(&self, n: u64, together: usize, mut read: impl FnMut(&[&K])) {
        // Relaxed: as in `read`.
        let start = self.start.fetch_add(n as usize, Ordering::Relaxed);
        let mask = self.reads.len() - 1;
        let mut keys = Vec::with_capacity(together);
        for at in start..start.wrapping_add(n as usize) {
            keys.push(&self.keys[self.reads[at & mask] as usize]);
            if keys.len() == together {
                read(&keys);
                keys.clear();
            }
        }
        if !keys.is_empty() {
            read(&keys);
        }
    }

    /// Reads `n` times; a thread starts where the one before it ended.
    pub fn read(&self, n: u64, mut read: impl FnMut(&K)) {
        // Relaxed: the number alone matters.
        let start = self.start.fetch_add(n as usize, Ordering::Relaxed);
        let (mask, n) = (self.reads.len() - 1, n as usize);
        for at in start..start.wrapping_add(n) {
            read(&self.keys[self.reads[at & mask] as usize]);
        }
    }
}

/// A key of each kind that is raced.
pub trait Made {
    /// The key of this number.
    fn made(number: u64) -> Self;
}

impl Made for u64 {
    fn made(number: u64) -> u64 {
        number
    }
}

impl Made for Arc<str> {
    fn made(number: u64) -> Arc<str> {
        String::made(number).into()
    }
}

impl Made for String {
    fn made(number: u64) -> String {
        format!("match:{}:market:{number}", 12_345 + number % 97)
    }
}

/// So many keys.
pub fn keys<K: Made>(number: usize) -> Vec<K> {
    (0..number as u64).map(K::made).collect()
}
