// The key and the value of the cache: a line of a bookmaker, and its price.
// Never knows: the cache, or where a price comes from.

/// A line: the name of a match, and a market of the event graph. It is read by its borrowed parts, so that a hit allocates
/// nothing.
pub type Line = (String, String);

/// A decimal price.
pub type Price = f64;
