// Operations written as an odds feed, row for row as `csv.rs` reads them.
// Never writes what a feed cannot say: a read, an invalidation, the status of one market.
// Read next: `../csv.rs`.

use std::collections::HashMap;
use std::io::{self, Write};

use foldhash::fast::FixedState;
use kairos_cache::TradingStatus;

use super::super::csv::HEARTBEAT;
use super::super::names::Name;
use super::super::op::{Op, OpKind};

/// The kickoff of each match, in ms since the Unix epoch.
pub(crate) type Kickoffs = HashMap<Name, i64, FixedState>;

/// What is written of a feed, and between its cells.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) separator: char,
    pub(super) kickoffs: Kickoffs,
}

const COLUMNS: [&str; 6] = ["ts_ms", "market_id", "runner", "price", "kickoff_ms", "event"];

impl Rows {
    /// Writes the header.
    ///
    /// # Errors
    /// The errors of `out`.
    pub(super) fn header(&self, out: &mut impl Write) -> io::Result<()> {
        self.row(out, &COLUMNS.map(str::to_owned))
    }

    /// Writes the row of an operation that has one.
    ///
    /// # Errors
    /// The errors of `out`; a name that cannot stand in a cell.
    pub(super) fn op(&self, out: &mut impl Write, op: &Op) -> io::Result<()> {
        let (match_id, market, price, event) = match &op.kind {
            OpKind::Odds { match_id, market, price } => {
                (match_id, &**market, price.to_string(), "")
            }
            OpKind::Status { match_id, market: None, status } => {
                (match_id, "", String::new(), word(*status))
            }
            OpKind::Event { match_id, event } => (match_id, "", String::new(), &**event),
            OpKind::Heartbeat if op.feed.is_none() => {
                let mut cells: [String; 6] = Default::default();
                (cells[0], cells[5]) = (op.t_ms.to_string(), HEARTBEAT.into());
                return self.row(out, &cells);
            }
            OpKind::Status { market: Some(_), .. }
            | OpKind::Get(_)
            | OpKind::Invalidate { .. }
            | OpKind::Cancel { .. }
            | OpKind::Heartbeat
            | OpKind::Metrics
            | OpKind::Reset { .. } => return Ok(()),
        };
        let kickoff = self.kickoffs.get(match_id).map_or_else(String::new, i64::to_string);
        let [match_id, market, event] = [match_id, market, event].map(str::to_owned);
        self.row(out, &[op.t_ms.to_string(), match_id, market, price, kickoff, event])
    }

    fn row(&self, out: &mut impl Write, cells: &[String; 6]) -> io::Result<()> {
        let is_plain = |cell: &String| !cell.contains([self.separator, '"', '\n', '\r']);
        if let Some(cell) = cells.iter().find(|cell| !is_plain(cell)) {
            return Err(io::Error::other(format!("{cell:?} cannot stand in a feed")));
        }
        writeln!(out, "{}", cells.join(self.separator.encode_utf8(&mut [0; 4])))
    }
}

fn word(status: TradingStatus) -> &'static str {
    match status {
        TradingStatus::Open => "OPEN",
        TradingStatus::Suspended => "SUSPENDED",
        TradingStatus::Closed => "CLOSED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(kinds: Vec<OpKind>) -> io::Result<String> {
        let kickoffs = [(Name::from("m"), 90)].into_iter().collect();
        let (rows, mut out) = (Rows { separator: ',', kickoffs }, Vec::new());
        rows.header(&mut out)?;
        for (t_ms, kind) in (5..).zip(kinds) {
            rows.op(&mut out, &Op::new(t_ms, 0, kind))?;
        }
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn prices_statuses_and_news_are_rows_and_nothing_else_is() {
        let of = Name::from;
        let status = |market, status| OpKind::Status { match_id: of("m"), market, status };
        let text = written(vec![
            OpKind::Odds { match_id: of("m"), market: of("home"), price: 1.85 },
            OpKind::Odds { match_id: of("other"), market: of("home"), price: 3.0 },
            status(None, TradingStatus::Suspended),
            status(Some(of("btts")), TradingStatus::Closed),
            OpKind::Event { match_id: of("m"), event: of("weather_rain") },
            OpKind::Metrics,
            status(None, TradingStatus::Open),
            status(None, TradingStatus::Closed),
        ]);
        let expected = "ts_ms,market_id,runner,price,kickoff_ms,event\n\
                        5,m,home,1.85,90,\n6,other,home,3,,\n7,m,,,90,SUSPENDED\n9,m,,,90,weather_rain\n\
                        11,m,,,90,OPEN\n12,m,,,90,CLOSED\n";
        assert_eq!(text.unwrap(), expected);
    }

    #[test]
    fn a_name_that_would_break_its_row_is_an_error() {
        for name in ["a,b", "a\"b", "a\nb"] {
            let kind = OpKind::Odds { match_id: name.into(), market: "home".into(), price: 2.0 };
            assert!(written(vec![kind]).is_err(), "{name:?}");
        }
    }
}
