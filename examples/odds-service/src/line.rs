// The key and the value of the cache: a line of a bookmaker, and its price.
// Never knows: the cache, or where a price comes from.

use kairos_cache::{Equivalent, ToKey};

/// A line: a market of a fixture. The key that the cache keeps.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LineKey {
    /// The name of the match.
    pub fixture: String,
    /// A market of the event graph.
    pub market: String,
}

/// A line by borrowed parts, for lookups that allocate nothing. Hashes as [`LineKey`] does: the same
/// fields in the same order.
#[derive(Debug, Clone, Copy, Hash)]
pub struct Line<'a> {
    /// The name of the match.
    pub fixture: &'a str,
    /// A market of the event graph.
    pub market: &'a str,
}

impl Equivalent<LineKey> for Line<'_> {
    fn equivalent(&self, key: &LineKey) -> bool {
        self.fixture == key.fixture && self.market == key.market
    }
}

impl ToKey<LineKey> for Line<'_> {
    fn to_key(&self) -> LineKey {
        LineKey { fixture: self.fixture.to_owned(), market: self.market.to_owned() }
    }
}

/// A decimal price.
pub type Price = f64;
