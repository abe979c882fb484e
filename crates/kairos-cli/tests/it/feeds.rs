// Claims about feeds from outside: how they may be written, what comes before a cut, news, and the default read load.
// Never look behind the command line.
// Read next: `../../src/scenario/csv.rs`.

use serde_json::json;

use crate::stage::{Report, Scratch, kairos, kairos_reading, refused, told, untitled};

const NOTE: &str = "no read load was given: --readers 50 --read-rate 0.5 --compute-ms 40 was used; --readers 0 replays \
                    the feed alone\n";

/// A feed of one match for ten minutes, in the words of `line`, which writes a row.
fn feed(header: &str, line: impl Fn(u64, f64) -> String) -> String {
    let rows = (0..=120_u32).map(|n| line(u64::from(n) * 5000, 2.0 + f64::from(n % 3) / 4.0));
    format!("{header}\n{}\n", rows.collect::<Vec<_>>().join("\n"))
}

fn plain() -> String {
    feed("ts_ms,market_id,runner,price,kickoff_ms", |t, price| {
        format!("{t},m,home,{price},9000000")
    })
}

#[test]
fn a_feed_says_the_same_however_it_is_written() {
    let written = Scratch::holding("written.csv", plain());
    let expected = untitled(&told(&format!("replay {}", written.path())));
    let check = |name: &str, text: String, options: &str| {
        let file = Scratch::holding(name, text);
        let found = untitled(&told(&format!("replay {} {options}", file.path())));
        assert_eq!(found, expected, "{name}");
    };
    let tabs = feed("\u{feff}TS_MS\tmarket_id\tRunner\tprice\tkickoff_ms", |t, price| {
        let price = price.to_string().replace('.', ",");
        format!(" {t}\tm\thome \t{price}\t9000000")
    });
    check("written.tsv", tabs.clone(), "");
    check("written-tabs.csv", tabs, "");
    let other = feed("when;game;market;odds;start", |t, price| {
        let seconds = t / 1000;
        format!("{seconds};m;home;{};9000", (price - 1.0) * 100.0).replace(";100;", ";+100;")
    });
    let columns = "--columns time=when,match=game,market=market,price=odds,kickoff=start";
    check("written-other.csv", other, &format!("--time s --odds american {columns}"));
    let iso = feed("ts_ms,market_id,runner,price,kickoff_ms", |t, price| {
        let (minutes, seconds) = (t / 60_000, t / 1000 % 60);
        format!("1970-01-01T00:{minutes:02}:{seconds:02}Z,m,home,{}/4,9000000", 4.0 * price - 4.0)
    });
    let iso = iso.replace("9000000", "1970-01-01T02:30:00");
    check("written-iso.txt", iso, "--format csv --odds fractional");
}

#[test]
fn standard_input_is_read_as_a_file_is() {
    let file = Scratch::holding("stdin.csv", plain());
    let expected = untitled(&told(&format!("replay {}", file.path())));
    let output = kairos_reading("replay - --format csv", plain().as_bytes());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\n\nstandard input\n"), "{text}");
    assert_eq!(untitled(&text), expected);
    let error = |line: &str, input: &str| {
        let output = kairos_reading(line, input.as_bytes());
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(
        error("replay -", ""),
        "standard input: --format csv, tsv or jsonl must say what it is\n"
    );
    let bad = error("replay - --format jsonl", "{}\n");
    assert!(bad.starts_with("standard input:1: "), "{bad}");
    let only = error("replay - --format jsonl --odds american", "");
    assert_eq!(
        only,
        "standard input: --columns, --odds, --time, --status and --status-beside-price apply only to CSV feeds\n"
    );
}

#[test]
fn a_feed_without_a_load_gets_one_and_says_so() {
    let file = Scratch::holding("default-load.csv", plain());
    let replay = format!("replay {}", file.path());
    let output = kairos(&replay);
    assert_eq!(String::from_utf8(output.stderr).unwrap(), NOTE);
    let told = told(&format!("{replay} --readers 50 --read-rate 0.5 --compute-ms 40"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), told);
    for options in ["--readers 0", "--readers 50", "--compute-ms 5"] {
        assert_eq!(kairos(&format!("{replay} {options}")).stderr, b"", "{options}");
    }
    let alone = Report::of(&format!("{replay} --readers 0"));
    assert_eq!((alone.fact("odds"), alone.fact("get")), (Some(121), None));
}

#[test]
fn what_came_before_a_cut_is_known_and_not_reported() {
    let header = "ts_ms,market_id,runner,price,event,kickoff_ms\n";
    let before = "1000,m,home,2.0,PRE,900000\n1500,m,home,1.0,,\n2000,m,,,SUSPENDED,\n3000,m,,,goalkeeper_change,\n";
    let after = "100000,m,home,2.1,,\n200000,m,home,2.2,,\n";
    let file = Scratch::holding("cut-before.csv", format!("{header}{before}{after}"));
    let out = Scratch::new("cut-before.decisions");
    let replay = format!("replay {} --readers 5 --read-rate 1", file.path());
    let report = Report::of(&format!("{replay} --from 50000 --decisions {}", out.path()));
    let facts =
        ["odds", "status", "event", "prices dropped (1.0 or less)"].map(|of| report.fact(of));
    assert_eq!(facts, [Some(2), None, None, None]);
    assert_eq!(report.fact("prices of suspended or closed matches"), Some(2));
    // Reads begin at the cut, 50 s before the first row behind it, and find the match suspended.
    let reads = out.objects();
    assert!(reads.len() as u64 == report.count("Reads", "reads") && reads.len() > 100);
    assert!(reads.iter().all(|read| read["reason"] == "suspended"), "{reads:?}");
    let first = reads[0]["t"].as_i64().unwrap();
    assert!((50_000..60_000).contains(&first), "{first}");
    assert_eq!(report.fact("first operation (UTC)"), Some(first));
    // An open match is read with its kickoff and measured by its price, both from before the cut.
    let open = format!("{header}1000,m,home,2.0,PRE,900000\n{after}");
    let file = Scratch::holding("cut-open.csv", open);
    let replay = format!("replay {} --readers 5 --read-rate 1 --from 50000", file.path());
    let report = Report::of(&format!("{replay} --decisions {}", out.path()));
    assert!(out.objects().iter().all(|read| read["zone"] == "golden" || read["zone"] == "warmup"));
    let measured = report.count("Stale-price", "answered reads with prices");
    assert_eq!(measured, report.count("Reads", "reads"));
}

#[test]
fn news_of_a_feed_kill_what_they_concern() {
    let rows = "ts_ms,market_id,runner,price,event\n0,m,home,2.0,\n100000,m,,,goalkeeper_change\n\
                200000,m,home,2.0,GOALKEEPER_CHANGE\n300000,m,home,2.0,\n";
    let file = Scratch::holding("news.csv", rows);
    let out = Scratch::new("news.decisions");
    let replay =
        format!("replay {} --readers 5 --read-rate 1 --decisions {}", file.path(), out.path());
    let report = Report::of(&replay);
    assert_eq!((report.fact("event"), report.fact("odds")), (Some(2), Some(3)));
    let events: Vec<_> = out.objects().into_iter().filter(|line| line["op"] == "event").collect();
    assert_eq!(events.len(), 2);
    for (event, t) in events.iter().zip([100_000, 200_000]) {
        assert_eq!((&event["event"], &event["t"]), (&json!("goalkeeper_change"), &json!(t)));
        assert!(event["died"].as_u64().unwrap() > 0, "{event}");
    }
    let bad = Scratch::holding("news-bad.csv", rows.replace("goalkeeper_change", "fog"));
    let (code, message) = refused(&format!("replay {}", bad.path()));
    assert_eq!((code, message.contains(":3: event must be one of ")), (2, true), "{message}");
}

#[test]
fn a_lenient_replay_loses_a_line_and_not_the_file() {
    let rows = "ts_ms,market_id,runner,price\n1000,m,\"home,2.1\n2000,m,home,2.2\n3000,m,\"away,3.0\n4000,m,home,2\n";
    let file = Scratch::holding("quotes.csv", rows);
    let (code, message) = refused(&format!("replay {}", file.path()));
    assert_eq!(
        (code, message.contains("quotes.csv:2: a quote is not closed")),
        (2, true),
        "{message}"
    );
    let report = Report::of(&format!("replay {} --lenient", file.path()));
    assert_eq!((report.fact("odds"), report.fact("lines skipped")), (Some(2), Some(2)));
    // Before anything else, and with the reason.
    let text = told(&format!("replay {} --lenient", file.path()));
    let begin = format!(
        "Warning: 2 lines skipped, for this reason: {}:2: a quote is not closed",
        file.path()
    );
    assert!(text.replace("\n  ", " ").starts_with(&begin), "{text}");
}

/// A feed whose match is suspended only beside its prices.
const BESIDE: &str = "ts_ms,market_id,runner,price,event\n0,m,home,2.0,LIVE\n100000,m,home,2.0,HALT\n200000,m,home,2.0,halt\n";

#[test]
fn a_status_beside_a_price_is_warned_of_by_its_number_or_applied() {
    let file = Scratch::holding("beside.csv", BESIDE);
    let out = Scratch::new("beside.decisions");
    let replay = format!(
        "replay {} --readers 5 --read-rate 1 --status open=LIVE,suspended=HALT --decisions {}",
        file.path(),
        out.path()
    );
    let unmapped = told(&format!("replay {} --readers 5", file.path()));
    let begin = "Warning: 3 rows have a price and a word that is neither a status nor news, \"LIVE\" for one,";
    assert!(unmapped.replace("\n  ", " ").starts_with(begin), "{unmapped}");
    let warning = "Warning: 2 rows have a price and a status that its match does not have (suspended 2), which is not applied; \
                   --status-beside-price applies it.\n";
    let text = told(&replay).replacen("\n  ", " ", 1);
    assert!(text.starts_with(warning), "{text}");
    let report = Report::of(&replay);
    assert_eq!(report.fact("statuses beside prices, not applied"), Some(2));
    assert_eq!(report.fact("status"), None);
    let barred = || out.objects().iter().filter(|read| read["reason"] == "suspended").count();
    assert_eq!(barred(), 0);
    let applied = format!("{replay} --status-beside-price");
    let report = Report::of(&applied);
    assert_eq!(report.fact("statuses beside prices, not applied"), None);
    assert_eq!((report.fact("status"), report.fact("odds")), (Some(1), Some(3)));
    assert!(barred() > 50 && !told(&applied).contains("Warning"), "{}", told(&applied));
    let reads = out.objects().into_iter().filter(|read| read["op"].is_null());
    for read in reads {
        assert_eq!(read["reason"] == "suspended", read["t"].as_i64().unwrap() >= 100_000, "{read}");
    }
}

#[test]
fn words_for_a_status_are_refused_with_what_there_is() {
    let file = Scratch::holding("words.csv", BESIDE);
    let check = |options: &str, expected: &str| {
        let (code, message) = refused(&format!("replay {} {options}", file.path()));
        assert_eq!((code, message.contains(expected)), (2, true), "{message}");
    };
    let words = "a word is given as STATUS=WORD, where STATUS is one of open, suspended, closed";
    for wrong in ["--status halted=HALT", "--status HALT", "--status open="] {
        check(wrong, words);
    }
    check("--status open=HALT,closed=halt", "--status names HALT for more than one status");
}

#[test]
fn a_feed_that_is_sorted_by_match_is_refused_with_the_command_that_sorts_it_by_time() {
    let check = |name: &str, times: [&str; 4]| {
        let [a, b, c, d] = times;
        let rows = format!(
            "sep=;\nmarket_id;when;runner;price\nm;{a};home;2,0\nm;{c};home;2,1\nn;{b};home;3,0\nn;{d};home;3,1\n"
        );
        let file = Scratch::holding(name, rows);
        let replay = |file: &str| format!("replay {file} --columns time=when --readers 0");
        let (code, message) = refused(&replay(&file.path().to_string()));
        assert_eq!(code, 2, "{message}");
        assert!(message.contains(":5: time goes back from 2026-06-11T19:00:02Z (1781204402000 ms) to 2026-06-11T19:00:01Z (1781204401000 ms)"), "{message}");
        let command = message.trim_end().split(", as by: ").nth(1).unwrap();
        let sorted = Scratch::new(&format!("sorted-{name}"));
        let command = command.replace("sorted.csv", &sorted.path().to_string());
        assert!(
            std::process::Command::new("sh").args(["-c", &command]).status().unwrap().success()
        );
        let report = Report::of(&replay(&sorted.path().to_string()));
        assert_eq!((report.fact("odds"), report.fact("matches in the feed")), (Some(4), Some(2)));
    };
    check("by-match.csv", ["1781204400000", "1781204401000", "1781204402000", "1781204403000"]);
    check(
        "by-match-iso.csv",
        [
            "2026-06-11T19:00:00Z",
            "2026-06-11T19:00:01Z",
            "2026-06-11T19:00:02Z",
            "2026-06-11T19:00:03Z",
        ],
    );
}

#[test]
fn a_cut_is_given_in_ms_or_as_a_time() {
    let rows = "ts_ms,market_id,runner,price\n1781204400000,m,A,2.0\n1781204401000,m,A,2.1\n1781204402000,m,A,2.2\n";
    let file = Scratch::holding("cut-iso.csv", rows);
    let of = |options: &str| told(&format!("replay {} --report json {options}", file.path()));
    let in_ms = of("--from 1781204401000 --to 1781204402000");
    assert_eq!(of("--from 2026-06-11T19:00:01Z --to 2026-06-11T21:00:02+02:00"), in_ms);
    let report =
        Report::of(&format!("replay {} --readers 0 --from 2026-06-11T19:00:01", file.path()));
    assert_eq!(report.fact("odds"), Some(2));
    let (code, message) = refused(&format!("replay {} --from 11/06/2026", file.path()));
    let expected =
        "a time is a whole number of ms since the Unix epoch, or as in 2026-06-11T19:00:00Z";
    assert_eq!((code, message.contains(expected)), (2, true), "{message}");
}
