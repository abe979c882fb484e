// Which rows of a feed are used, how it is written as far as it does not say so itself, and what is counted of it.
// Never reads.
// Read next: `../csv.rs`, which does.

use kairos_cache::TradingStatus;

use super::super::names::Name;
use super::header::Column;
use super::prices::OddsFormat;
use super::times::TimeFormat;

/// Which rows of a feed are used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cut {
    /// The only price kind (column `field`) to keep; status rows stay whatever their kind.
    pub(crate) field: Option<String>,
    /// The first instant, in ms since the Unix epoch. What comes before it is there, and is not counted.
    pub(crate) from_ms: Option<i64>,
    /// The end, exclusive, in ms since the Unix epoch.
    pub(crate) to_ms: Option<i64>,
}

impl Cut {
    /// Whether an instant comes before the first one.
    pub(crate) fn is_before(&self, t_ms: i64) -> bool {
        self.from_ms.is_some_and(|from_ms| t_ms < from_ms)
    }
}

/// What a status in a row with a price does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BesidePrice {
    /// It is counted where the match has another one, and changes nothing.
    #[default]
    Counted,
    /// It is the status of the match, before the price.
    Applied,
}

/// How a feed is written, as far as it does not say so itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// Columns with other names than their own.
    pub(crate) columns: Vec<(Column, String)>,
    /// What stands between the cells.
    pub(crate) separator: Option<u8>,
    /// How prices are written.
    pub(crate) odds: Option<OddsFormat>,
    /// How times are written.
    pub(crate) time: Option<TimeFormat>,
    /// Words for a status beside those of every feed.
    pub(crate) statuses: Vec<(TradingStatus, String)>,
    /// What a status beside a price does.
    pub(crate) beside_price: BesidePrice,
    /// The words of the column `event` that are news: the events of the event graph.
    pub(crate) news: Vec<Name>,
}

impl Dialect {
    /// Whether an option says how a feed is written.
    pub(crate) fn is_given(&self) -> bool {
        let Self { columns, separator: _, odds, time, statuses, beside_price, news: _ } = self;
        !columns.is_empty()
            || odds.is_some()
            || time.is_some()
            || !statuses.is_empty()
            || *beside_price == BesidePrice::Applied
    }
}

/// Counts of a feed beside its operations, without the rows before [`Cut::from_ms`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FeedCounts {
    /// Rows that were read, whether they became operations or not.
    pub(crate) rows: u64,
    /// Prices that were dropped because they were 1.0 or less.
    pub(crate) prices_dropped: u64,
    /// Prices that were left out because they were of another kind than [`Cut::field`].
    pub(crate) other_fields: u64,
    /// Prices that were kept although their match was suspended or closed.
    pub(crate) priced_while_barred: u64,
    /// Statuses beside a price that the match did not have, and that were not applied, by [`TradingStatus::ALL`].
    pub(crate) not_applied: [u64; TradingStatus::ALL.len()],
    /// Words beside a price that are neither a status nor news.
    pub(crate) unknown_words: u64,
    /// Matches in the rows read so far, those before the cut included.
    pub(crate) matches: usize,
}
