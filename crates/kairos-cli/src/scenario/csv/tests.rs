// Claims about the odds feed: columns by name, suffixes, statuses, kickoffs, cuts and bad rows.
// Never depend on files.
// Read next: `../load.rs`, which reads the rows.

use super::*;

mod as_they_are;
mod mutated;

fn feed(text: &str, cut: Cut) -> Result<Feed<&[u8]>, String> {
    let dialect = Dialect { news: vec!["goal".into(), "red_card".into()], ..Dialect::default() };
    Feed::new(Path::new("f.csv"), text.as_bytes(), cut, dialect).map_err(|error| error.to_string())
}

/// The rows as `t match market price`, `t match status` or `t match event`, and the bad ones as messages.
fn rows(text: &str, cut: Cut) -> Vec<String> {
    feed(text, cut).unwrap().filter(says_something).map(describe).collect()
}

/// Whether a row says more than that the feed is alive.
fn says_something(item: &Result<Row, Error>) -> bool {
    item.as_ref().map_or(true, |row| !row.op.is_word_only())
}

fn describe(item: Result<Row, Error>) -> String {
    match item {
        Err(error) => error.to_string(),
        Ok(row) => match row.op.kind {
            OpKind::Odds { match_id, market, price } => {
                format!("{} {match_id} {market} {price}", row.op.t_ms)
            }
            OpKind::Status { match_id, market: None, status } => {
                format!("{} {match_id} {status:?}", row.op.t_ms)
            }
            OpKind::Event { match_id, event } => format!("{} {match_id} {event}", row.op.t_ms),
            other => panic!("{other:?}"),
        },
    }
}

#[test]
fn columns_are_found_by_name_in_any_order() {
    let text = "price,bytes,runner,ts_ms,market_id\n1.85,7,home,5,m1\n2.5,7,away,5,m1\n";
    assert_eq!(rows(text, Cut::default()), ["5 m1 home 1.85", "5 m1 away 2.5"]);
}

#[test]
fn a_missing_column_is_named() {
    for column in ["ts_ms", "market_id", "runner", "price"] {
        let header = "ts_ms,market_id,runner,price".replace(column, "x");
        let error = feed(&header, Cut::default()).unwrap_err();
        let expected = format!("f.csv:1: the header has no column {column:?}; columns found: ");
        assert!(error.starts_with(&expected), "{error}");
    }
    let cut = Cut { field: Some("ltp".into()), ..Cut::default() };
    let error = feed("ts_ms,market_id,runner,price\n", cut).unwrap_err();
    let expected = "f.csv:1: the header has no column \"field\"; columns found: \"ts_ms\", \"market_id\", \"runner\", \
                    \"price\"; --columns field=NAME says which one it is";
    assert_eq!(error, expected);
    assert_eq!(
        feed("", Cut::default()).unwrap_err(),
        "f.csv:1: there is no header: every line is blank"
    );
}

#[test]
fn a_line_and_a_price_kind_are_markets_of_their_own() {
    let text = "ts_ms,market_id,runner,price,point,field\n\
        1,m,over,1.9,2.5,\n1,m,over,1.5,,ltp\n1,m,over,1.7,2.5,bb\n1,m,over,1.8,,\n";
    let expected = ["1 m over@2.5 1.9", "1 m over#ltp 1.5", "1 m over@2.5#bb 1.7", "1 m over 1.8"];
    assert_eq!(rows(text, Cut::default()), expected);
}

#[test]
fn one_price_kind_can_be_kept_and_status_rows_stay() {
    let text = "ts_ms,market_id,runner,price,event,field\n\
        1,m,h,1.9,OPEN,ltp\n1,m,h,1.8,OPEN,bb\n2,m,,,SUSPENDED,status\n3,m,h,1.7,OPEN,\n";
    let cut = Cut { field: Some("ltp".into()), ..Cut::default() };
    let mut feed = feed(text, cut).unwrap();
    let heard = feed.by_ref().filter(says_something);
    assert_eq!(heard.map(|row| row.unwrap().op.line).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(feed.counts().other_fields, 2);
}

#[test]
fn a_row_without_a_price_is_a_status_row() {
    let events = ["OPEN", "PRE", "INPLAY", "SUSPENDED", "SUSPENDED_INPLAY", "CLOSED"];
    let statuses = ["Open", "Open", "Open", "Suspended", "Suspended", "Closed"];
    for (event, status) in events.into_iter().zip(statuses) {
        let text = format!("ts_ms,market_id,runner,price,event\n4,m,home,,{event}\n");
        assert_eq!(rows(&text, Cut::default()), [format!("4 m {status}")]);
    }
}

#[test]
fn a_price_never_changes_a_status_but_is_counted_where_the_match_is_barred() {
    let text = "ts_ms,market_id,runner,price,event\n\
        1,m,home,2.0,INPLAY\n2,m,,,SUSPENDED\n3,m,home,2.1,PRE\n4,m,,,CLOSED\n5,m,home,2.2,INPLAY\n\
        6,m,,,OPEN\n7,m,home,2.3,OPEN\n";
    let expected = [
        "1 m home 2",
        "2 m Suspended",
        "3 m home 2.1",
        "4 m Closed",
        "5 m home 2.2",
        "6 m Open",
        "7 m home 2.3",
    ];
    assert_eq!(rows(text, Cut::default()), expected);
    let mut feed = feed(text, Cut::default()).unwrap();
    assert_eq!(feed.by_ref().count(), 7);
    assert_eq!(feed.counts().priced_while_barred, 2);
    // PRE and INPLAY beside the prices of a match that is not open.
    assert_eq!(feed.counts().not_applied, [2, 0, 0]);
}

#[test]
fn the_newest_kickoff_counts_even_from_a_row_that_is_dropped() {
    let text = "ts_ms,market_id,runner,price,kickoff_ms\n\
        1,m,h,2,100\n1,other,h,2,\n2,m,h,2,300\n3,m,h,2,\n4,m,h,1.0,200\n5,m,h,2,\n";
    let kickoffs = feed(text, Cut::default()).unwrap().map(|row| {
        let row = row.unwrap();
        (row.match_index.expect("a match"), row.kickoff_ms)
    });
    let late = (0, Some(200));
    let expected = [(0, Some(100)), (1, None), (0, Some(300)), (0, Some(300)), late, late];
    assert_eq!(kickoffs.collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_no_price_is_counted_and_left_to_the_cache_to_refuse() {
    let text = "ts_ms,market_id,runner,price\n1,m,h,1.0\n1,m,h,0.5\n1,m,h,-3\n1,m,h,1.01\n";
    let mut feed = feed(text, Cut::default()).unwrap();
    let words = feed.by_ref().map(|row| row.unwrap().op.is_word_only());
    assert_eq!(words.collect::<Vec<_>>(), [true, true, true, false]);
    assert_eq!(feed.counts().prices_dropped, 3);
}

#[test]
fn a_stretch_of_time_takes_in_its_beginning_and_not_its_end_and_what_came_before_is_there_uncounted()
 {
    let text = "ts_ms,market_id,runner,price\n1,m,h,2\n2,m,h,2\n3,m,h,2\n4,m,h,2\n9,m,h,x\n";
    let cut = Cut { from_ms: Some(2), to_ms: Some(4), field: None };
    assert_eq!(rows(text, cut.clone()), ["1 m h 2", "2 m h 2", "3 m h 2"]);
    let text = "ts_ms,market_id,runner,price,kickoff_ms,event\n\
        0,m,h,1.0,9,\n0,m,h,2,,goal\n1,m,,,,SUSPENDED\n1,m,,,,red_card\n2,m,h,3,,goal\n3,m,h,1.0,,\n";
    let expected = ["0 m h 2", "1 m Suspended", "2 m goal", "2 m h 3"];
    assert_eq!(rows(text, cut.clone()), expected);
    let mut feed = feed(text, cut).unwrap();
    let last = feed.by_ref().filter(says_something).last().unwrap().unwrap();
    assert_eq!(last.kickoff_ms, Some(9));
    let counts = feed.counts();
    assert_eq!((counts.rows, counts.prices_dropped, counts.priced_while_barred), (2, 1, 1));
}

#[test]
fn a_bad_row_is_named_with_its_line_and_does_not_hold_up_the_next() {
    let check = |row: &str, reason: &str| {
        let text = format!(
            "ts_ms,market_id,runner,price,kickoff_ms,event\n5,m,h,2,9,PRE\n{row}\n6,m,h,2,9,PRE\n"
        );
        let expected = ["5 m h 2", &format!("f.csv:3: {reason}"), "6 m h 2"];
        assert_eq!(rows(&text, Cut::default()), expected);
    };
    check(
        "4,m,h,2,9,PRE",
        "time goes back from 1970-01-01T00:00:00.005Z (5 ms) to 1970-01-01T00:00:00.004Z (4 ms): the lines must be sorted by \
         time, as by: { cat f.csv | head -n 1; cat f.csv | tail -n +2 | LC_ALL=C sort -s -t ',' -k 1,1n; } > sorted.csv",
    );
    check("-4,m,h,2,9,PRE", "ts_ms must be a whole number from 0 to 9000000000000, not -4");
    check(
        "soon,m,h,2,9,PRE",
        "ts_ms must be a whole number of ms or a time as in 2026-06-11T19:00:00Z, not \"soon\"",
    );
    check(
        ",m,h,2,9,PRE",
        "ts_ms must be a whole number of ms or a time as in 2026-06-11T19:00:00Z, not \"\"",
    );
    check("99,m,h,two,9,PRE", "price must be a number, not \"two\"");
    check(
        "99,m,h,2,late,PRE",
        "kickoff_ms must be a whole number of ms or a time as in 2026-06-11T19:00:00Z, not \"late\"",
    );
    check("99,,h,2,9,PRE", "market_id is empty");
    check("99,m,,2,9,PRE", "runner is empty");
    check("99,m,h,,9,", "price is empty");
    check("99,m,h,2,9", "5 columns, but the header has 6");
    check(
        "99,m,,,9,HALTED",
        "event must be one of OPEN, PRE, INPLAY, SUSPENDED, SUSPENDED_INPLAY, CLOSED or an event of the event graph \
         in a row without a price, not \"HALTED\"; --status suspended=HALTED or the like says which status it is",
    );
}

#[test]
fn names_that_are_not_utf8_are_refused() {
    let text = &b"ts_ms,market_id,runner,price\n1,m,\xff,2\n1,\xff,h,2\n"[..];
    let feed = Feed::new(Path::new("f.csv"), text, Cut::default(), Dialect::default()).unwrap();
    let errors: Vec<_> = feed.map(|row| row.unwrap_err().to_string()).collect();
    assert_eq!(errors, ["f.csv:2: runner is not UTF-8", "f.csv:3: market_id is not UTF-8"]);
}

#[test]
fn names_are_shared_between_rows() {
    let text = "ts_ms,market_id,runner,price\n1,m,h,2\n2,m,h,3\n";
    let markets: Vec<Name> = feed(text, Cut::default())
        .unwrap()
        .map(|row| match row.unwrap().op.kind {
            OpKind::Odds { market, .. } => market,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(Arc::ptr_eq(&markets[0], &markets[1]));
}
