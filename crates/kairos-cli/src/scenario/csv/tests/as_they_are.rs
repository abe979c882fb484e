// Claims about feeds as they are found: separators, marks, cases, blanks, quotes, times, odds and news.
// Never depend on files.
// Read next: `../header.rs`.

use super::*;

const HEADER: &str = "ts_ms,market_id,runner,price,event\n";

fn read(text: impl AsRef<[u8]>, dialect: Dialect) -> Result<Vec<String>, String> {
    let text = text.as_ref();
    let feed = Feed::new(Path::new("f.csv"), text, Cut::default(), dialect);
    Ok(feed.map_err(|error| error.to_string())?.filter(says_something).map(describe).collect())
}

/// The rows of a feed that says itself how it is written.
fn check(text: impl AsRef<[u8]>, expected: &[&str]) {
    assert_eq!(read(text, Dialect::default()).unwrap(), expected);
}

/// The error of a header.
fn check_header(text: impl AsRef<[u8]>, expected: &str) {
    assert_eq!(read(text, Dialect::default()).unwrap_err(), expected);
}

#[test]
fn a_stray_quote_harms_its_own_line_and_no_other() {
    let stray = "f.csv:3: a quote is not closed before the end of the line; a field must not contain a line end";
    let text = format!("{HEADER}1,m,h,2,\n2,m,\"h,2,\n3,m,h,2,\n4,\"m\",h,\"2\",\"\"\n");
    check(&text, &["1 m h 2", stray, "3 m h 2", "4 m h 2"]);
    check(text.replace('\n', "\r\n"), &["1 m h 2", stray, "3 m h 2", "4 m h 2"]);
    check(text.replace('\n', "\r"), &["1 m h 2", stray, "3 m h 2", "4 m h 2"]);
    let columns = "f.csv:4: 1 columns, but the header has 5";
    check(
        format!("{HEADER}1,m,h,2,\n2,m,\"h\nh\",2,\n3,m,h,2,\n"),
        &["1 m h 2", stray, &columns.replace("1 columns", "3 columns"), "3 m h 2"],
    );
    check_header("ts_ms,\"market_id,runner,price\n", &stray.replace(":3:", ":1:"));
}

#[test]
fn separators_and_decimal_commas_are_found() {
    let expected = ["1 m h 1.85", "2 m h 12.5"];
    check("ts_ms;market_id;runner;price\n1;m;h;1,85\n2;m;h;12,50\n", &expected);
    check("ts_ms;market_id;runner;price\n1;m;h;1.85\n2;m;h;12.5\n", &expected);
    check("ts_ms\tmarket_id\trunner\tprice\n1\tm\th\t1,85\n2\tm\th\t12,5\n", &expected);
    check("ts_ms,market_id,runner,price\n1,m,h,\"1,85\"\n2,m,h,\"12,5\"\n", &expected);
    check("sep=;\nts_ms;market_id;runner;price\n1;m;h;1,85\n2;m;h;12,5\n", &expected);
    check("a,b;ts_ms;market_id;runner;price\n;1;m;h;1.85\n;2;m;h;12.5\n", &expected);
    let mixed =
        ["1 m h 1.85", "f.csv:3: price \"12.5\" has another decimal mark than that of line 2"];
    check("ts_ms;market_id;runner;price\n1;m;h;1,85\n2;m;h;12.5\n", &mixed);
    let tabs = Dialect { separator: Some(b'\t'), ..Dialect::default() };
    let text = "ts_ms\tmarket_id\trunner\tprice\n1\tm,n\th\t1.85\n";
    assert_eq!(read(text, tabs).unwrap(), ["1 m,n h 1.85"]);
}

#[test]
fn marks_cases_and_blanks_are_passed_over() {
    check("\u{feff}ts_ms,market_id,runner,price\n1,m,h,2\n", &["1 m h 2"]);
    check("\u{feff}\"ts_ms\",market_id,runner,price\n1,m,h,2\n", &["1 m h 2"]);
    check(" TS_MS , Market_ID,\tRunner,PRICE \n 1 , m , h , 2 \n", &["1 m h 2"]);
    check("\n\nts_ms,market_id,runner,price\n\n1,m, \"h\",2\n \n", &["1 m h 2"]);
    let expected = [
        "1 m h 2",
        "f.csv:5: ts_ms must be a whole number of ms or a time as in 2026-06-11T19:00:00Z, not \"\"",
    ];
    check("ts_ms,market_id,runner,price\n,,,\n1,m,h,2\n , ,\t,\"\"\n,,h,\n", &expected);
    let utf16 =
        "f.csv: the text is UTF-16, little-endian, by its byte order mark: convert it to UTF-8";
    check_header(b"\xff\xfet\0s\0", utf16);
}

#[test]
fn columns_may_have_other_names_and_those_that_are_wanted_are_there_once() {
    let twice = "f.csv:1: the header has the column \"price\" more than once: columns 4, 6";
    check_header("ts_ms,market_id,runner,Price,x,PRICE,x\n", twice);
    check("ts_ms,market_id,runner,price,x,x,,\n1,m,h,2,,,,\n", &["1 m h 2"]);
    let named = |columns: &[(Column, &str)]| Dialect {
        columns: columns.iter().map(|(column, name)| (*column, (*name).to_owned())).collect(),
        ..Dialect::default()
    };
    let text = "When,Game,runner,Price,price\n1,m,h,2,9\nsoon,m,h,2,9\n2,,h,2,9\n";
    let columns = [(Column::Time, "when"), (Column::Match, "Game"), (Column::Price, "Price")];
    assert_eq!(
        read(text, named(&columns)).unwrap_err(),
        "f.csv:1: the header has the column \"Price\" more than once: columns 4, 5"
    );
    let text = text.replace(",price\n", ",x\n");
    assert_eq!(
        read(&text, named(&columns)).unwrap(),
        [
            "1 m h 2",
            "f.csv:3: ts_ms must be a whole number of ms or a time as in 2026-06-11T19:00:00Z, not \"soon\" (column \"When\")",
            "f.csv:4: market_id is empty (column \"Game\")",
        ]
    );
    assert_eq!(
        read(&text, named(&[(Column::Time, "when"), (Column::Match, "id")])).unwrap_err(),
        "f.csv:1: the header has no column \"id\"; columns found: \"When\", \"Game\", \"runner\", \"Price\", \"x\""
    );
    let optional = named(&[(Column::Point, "line")]);
    let error = read("ts_ms,market_id,runner,price\n", optional).unwrap_err();
    assert!(error.starts_with("f.csv:1: the header has no column \"line\"; "), "{error}");
    check_header(
        "time;price\n",
        "f.csv:1: the header has no columns \"ts_ms\", \"market_id\", \"runner\"; columns found: \"time\", \"price\"; \
         --columns time=NAME,match=NAME,market=NAME says which they are",
    );
}

#[test]
fn times_in_seconds_are_named_unless_they_are_said_to_be_and_iso_times_are_read() {
    let text = |t: &str, kickoff: &str| {
        format!("ts_ms,market_id,runner,price,kickoff_ms\n{t},m,h,2,{kickoff}\n")
    };
    let of = |time| Dialect { time, ..Dialect::default() };
    let all = [None, Some(TimeFormat::Ms), Some(TimeFormat::Seconds), Some(TimeFormat::Iso)];
    let check = |t: &str, kickoff: &str, expected: [&str; 4]| {
        for (time, expected) in all.into_iter().zip(expected) {
            let text = text(t, kickoff);
            let mut feed =
                Feed::new(Path::new("f.csv"), text.as_bytes(), Cut::default(), of(time)).unwrap();
            let found = match feed.next().unwrap() {
                Ok(row) => format!("{} {}", row.op.t_ms, row.kickoff_ms.unwrap_or_default()),
                Err(error) => error.to_string(),
            };
            assert!(found.starts_with(expected), "{time:?}: {found}");
        }
    };
    let (both, like) =
        ("f.csv:2: ts_ms 1781200000", "f.csv:2: ts_ms 1781200000 looks like seconds");
    let differ =
        "f.csv:2: ts_ms 1781200000000 and kickoff_ms 1781204400 differ by a factor of about 1000";
    let whole = "f.csv:2: ts_ms must be a whole number of ms, not ";
    let iso = "f.csv:2: ts_ms must be a time as in ";
    let range =
        "f.csv:2: ts_ms must be a whole number from 0 to 9000000000000, not 1781200000000000";
    check(
        "1781200000",
        "1781204400",
        [like, "1781200000 1781204400", "1781200000000 1781204400000", iso],
    );
    check("1781200000", "", [like, "1781200000 0", "1781200000000 0", iso]);
    check("1781200000", "1781204400000", [both, "1781200000 1781204400000", "1781200000000 ", iso]);
    check("1781200000000", "1781204400", [differ, "1781200000000 1781204400", range, iso]);
    check(
        "1781200000000",
        "1781204400000.0",
        ["1781200000000 1781204400000", "1781200000000 1781204400000", range, iso],
    );
    let unknown = "f.csv:2: kickoff_ms 0 is in 1970 or before: leave it empty where it is unknown";
    check("1781200000000", "0", [unknown, "1781200000000 0", range, iso]);
    check(
        "1781200000000000",
        "",
        [
            "f.csv:2: ts_ms 1781200000000000 looks like µs, which no option reads",
            "f.csv:2: ts_ms must be a whole number from 0 to 9000000000000, not 1781200000000000",
            "f.csv:2: ts_ms must be a whole number from",
            iso,
        ],
    );
    let seconds = "f.csv:2: ts_ms must be a number of seconds, not ";
    let expected = "1781200000000 1781204400000";
    check(
        "2026-06-11T17:46:40Z",
        "2026-06-11 21:00:00+02:00",
        [expected, whole, seconds, expected],
    );
}

#[test]
fn odds_of_another_kind_and_rows_without_a_number_are_named_unless_they_are_said_to_be() {
    let of = |odds| Dialect { odds, ..Dialect::default() };
    let check = |prices: &[&str], odds: Option<OddsFormat>, expected: &[&str]| {
        let rows: Vec<String> = prices.iter().map(|price| format!("1,m,h,{price},\n")).collect();
        let found = read(format!("{HEADER}{}", rows.concat()), of(odds)).unwrap();
        assert_eq!(found, expected, "{prices:?} {odds:?}");
    };
    let american = Some(OddsFormat::American);
    let named = "f.csv:3: price \"-110\" is american: --odds american reads it";
    let all = "f.csv: every price is whole and at least 100, as American odds are: --odds american or --odds decimal \
               must say what they are";
    check(&["150", "-110"], None, &["1 m h 150", named, all]);
    check(&["150", "-125"], american, &["1 m h 2.5", "1 m h 1.8"]);
    check(&["150", "220"], None, &["1 m h 150", "1 m h 220", all]);
    check(&["150", "220"], Some(OddsFormat::Decimal), &["1 m h 150", "1 m h 220"]);
    check(&["150", "2.2"], None, &["1 m h 150", "1 m h 2.2"]);
    check(&["150", "-110"], Some(OddsFormat::Decimal), &["1 m h 150"]);
    check(&["5/2"], None, &["f.csv:2: price \"5/2\" is fractional: --odds fractional reads it"]);
    check(&["5/2", "1/4"], Some(OddsFormat::Fractional), &["1 m h 3.5", "1 m h 1.25"]);
    let none = "f.csv:2: price must be a finite number, not NaN";
    for odds in [None, Some(OddsFormat::Decimal), american] {
        check(&["NaN"], odds, &[none]);
    }
}

#[test]
fn news_become_events_with_a_price_or_without() {
    let text = format!(
        "{HEADER}1,m,,,goal\n2,m,h,2,INPLAY\n3,m,h,3,RED_CARD\n4,m,h,1.0,goal\n5,m,h,4,fog\n"
    );
    let expected = ["1 m goal", "2 m h 2", "3 m red_card", "3 m h 3", "4 m goal", "5 m h 4"];
    assert_eq!(rows(&text, Cut::default()), expected);
    let mut words = feed(&text, Cut::default()).unwrap();
    assert_eq!(words.by_ref().filter(Result::is_err).count(), 0);
    assert_eq!((words.counts().unknown_words, words.first_unknown_word()), (1, Some("fog")));
    // Statuses in any case; a word that is neither is refused where it stands alone.
    let text = format!("{HEADER}1,m,,,suspended\n2,m,,,fog\n");
    let found = rows(&text, Cut::default());
    assert_eq!(found[0], "1 m Suspended");
    assert!(found[1].starts_with("f.csv:3: event must be one of OPEN, "), "{}", found[1]);
}

#[test]
fn a_status_beside_a_price_is_counted_or_applied_before_the_price() {
    let text = format!(
        "{HEADER}1,m,h,2,SUSPENDED\n2,m,a,3,suspended\n3,m,h,2,OPEN\n4,m,,,CLOSED\n5,m,h,2,CLOSED\n6,n,h,1.0,CLOSED\n"
    );
    let of = |beside_price| {
        let dialect = Dialect { beside_price, ..Dialect::default() };
        let mut feed =
            Feed::new(Path::new("f.csv"), text.as_bytes(), Cut::default(), dialect).unwrap();
        let found = feed.by_ref().filter(says_something).map(describe).collect::<Vec<_>>();
        (found, feed.counts())
    };
    let (found, counts) = of(BesidePrice::Counted);
    assert_eq!(found, ["1 m h 2", "2 m a 3", "3 m h 2", "4 m Closed", "5 m h 2"]);
    assert_eq!((counts.not_applied, counts.priced_while_barred), ([0, 2, 1], 1));
    let (found, counts) = of(BesidePrice::Applied);
    let expected = [
        "1 m Suspended",
        "1 m h 2",
        "2 m a 3",
        "3 m Open",
        "3 m h 2",
        "4 m Closed",
        "5 m h 2",
        "6 n Closed",
    ];
    assert_eq!(found, expected);
    assert_eq!((counts.not_applied, counts.priced_while_barred), ([0; 3], 3));
}

#[test]
fn a_status_beside_a_price_that_came_before_a_cut_is_known_after_it() {
    let text = format!("{HEADER}1,m,h,2,SUSPENDED\n5,m,h,2,\n");
    let cut = Cut { from_ms: Some(4), ..Cut::default() };
    let of = |beside_price| {
        let dialect = Dialect { beside_price, ..Dialect::default() };
        let mut feed =
            Feed::new(Path::new("f.csv"), text.as_bytes(), cut.clone(), dialect).unwrap();
        (feed.by_ref().map(describe).collect::<Vec<_>>(), feed.counts().not_applied)
    };
    let applied = ["1 m Suspended", "1 m h 2", "5 m h 2"].map(str::to_owned);
    assert_eq!(of(BesidePrice::Applied), (applied.to_vec(), [0; 3]));
    assert_eq!(of(BesidePrice::Counted), (applied[1..].to_vec(), [0; 3]));
}

#[test]
fn a_feed_may_have_its_own_words_for_a_status() {
    let dialect = |words: &[(TradingStatus, &str)]| Dialect {
        statuses: words.iter().map(|(status, word)| (*status, (*word).to_owned())).collect(),
        news: vec!["goal".into()],
        ..Dialect::default()
    };
    let own = dialect(&[
        (TradingStatus::Open, "OK"),
        (TradingStatus::Suspended, "Geöffnet-nicht"),
        (TradingStatus::Closed, "inplay"),
        (TradingStatus::Closed, "goal"),
    ]);
    let text = format!(
        "{HEADER}1,m,,,GEÖFFNET-NICHT\n2,m,,,ok\n3,m,,,INPLAY\n4,m,,,PRE\n5,m,,,Goal\n6,m,h,2,OK\n7,m,,,SUSP\n"
    );
    let expected = [
        "1 m Suspended",
        "2 m Open",
        "3 m Closed",
        "4 m Open",
        "5 m Closed",
        "6 m h 2",
        "f.csv:8: event must be one of OPEN, PRE, INPLAY, SUSPENDED, SUSPENDED_INPLAY, CLOSED, OK, Geöffnet-nicht, inplay, \
         goal or an event of the event graph in a row without a price, not \"SUSP\"; --status suspended=SUSP or the like says \
         which status it is",
    ];
    assert_eq!(read(text, own).unwrap(), expected);
}

#[test]
fn days_months_and_years_are_named_unless_they_are_said_to_be() {
    let read = |time: &str, format| {
        let text = format!("ts_ms,market_id,runner,price,kickoff_ms\n{time},m,h,2,{time}\n");
        let dialect = Dialect { time: format, ..Dialect::default() };
        let mut feed =
            Feed::new(Path::new("f.csv"), text.as_bytes(), Cut::default(), dialect).unwrap();
        match feed.next().unwrap() {
            Ok(row) => {
                assert_eq!(Some(row.op.t_ms), row.kickoff_ms);
                row.op.t_ms.to_string()
            }
            Err(error) => error.to_string(),
        }
    };
    let looks = "f.csv:2: ts_ms \"29/11/2026 15:00\" looks like days, months and years: --time dmy reads it as UTC";
    for format in [
        None,
        Some(TimeFormat::Ms),
        Some(TimeFormat::Seconds),
        Some(TimeFormat::Iso),
        Some(TimeFormat::Mdy),
    ] {
        assert_eq!(read("29/11/2026 15:00", format), looks);
    }
    assert_eq!(read("29.11.2026 15:00:05", Some(TimeFormat::Dmy)), "1795964405000");
    assert_eq!(read("11/29/2026 3:00 PM", Some(TimeFormat::Mdy)), "1795964400000");
    let other = "f.csv:2: ts_ms must be a time as in 29/11/2026 15:00 or 29.11.2026 15:00:05, not \"29/11/2026\"";
    assert_eq!(read("29/11/2026", Some(TimeFormat::Dmy)), other);
}
