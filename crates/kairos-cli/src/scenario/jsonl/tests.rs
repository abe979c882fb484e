// Claims about the JSON Lines reader: what it accepts, what it refuses, and the messages.
// Never depend on files.
// Read next: `../emit.rs` for the other direction.

use super::*;
use crate::scenario::emit::write_op;
use crate::scenario::names::Name;

fn read(text: &str) -> Vec<Result<Op, String>> {
    let lines = Jsonl::new(Path::new("s.jsonl"), text.as_bytes());
    lines.map(|item| item.map_err(|error| error.to_string())).collect()
}

fn one(line: &str) -> OpKind {
    match read(line).remove(0) {
        Ok(op) => op.kind,
        Err(error) => panic!("{error}"),
    }
}

fn name(text: &str) -> Name {
    Name::from(text)
}

const EVERY_FORM: &str = r#"{"t":0,"op":"odds","match":"m1","market":"home_win","price":1.85}
{"t":5,"op":"get","id":"g1","key":"m1:btts","match":"m1","market":"btts","kickoff":3600000,"lineup_confirmed":false,"current_odds":{"home_win":3.5,"away_win":2.0},"tags":["team:arsenal","derby"],"force_refresh":true,"max_age_ms":250,"compute":{"ms":40,"result":"ok","value":"v1"}}
{"t":5,"op":"get","id":"r3-17","key":"k \"quoted\" \\ é\n","match":"m1","kickoff":-1}
{"t":5,"op":"get","key":"k","compute":{"ms":0,"result":"hang"}}
{"t":9,"op":"event","match":"m1","event":"weather_rain"}
{"t":9,"op":"invalidate","key":"m1:btts"}
{"t":9,"op":"invalidate","tag":"team:arsenal","soft":true}
{"t":9,"op":"invalidate","match":"m1"}
{"t":9,"op":"invalidate","all":true,"soft":true}
{"t":9,"op":"cancel","id":"g1"}
{"t":9,"op":"status","match":"m1","market":"btts","status":"suspended"}
{"t":9,"op":"status","match":"m1","status":"closed"}
{"t":9,"op":"metrics"}
{"t":9,"op":"reset","category":"golden_hour"}
{"t":10,"op":"reset"}
"#;

#[test]
fn what_was_read_is_written_back_byte_for_byte() {
    let mut written = Vec::new();
    for op in read(EVERY_FORM) {
        write_op(&mut written, &op.unwrap()).unwrap();
    }
    let written = String::from_utf8(written).unwrap();
    for (found, expected) in written.lines().zip(EVERY_FORM.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(written, EVERY_FORM);
}

#[test]
fn every_field_of_a_read_arrives() {
    let line = EVERY_FORM.lines().nth(1).unwrap();
    let expected = Get {
        id: Some(ReadId::Text(name("g1"))),
        key: name("m1:btts"),
        match_id: Some(name("m1")),
        market: Some(name("btts")),
        kickoff_ms: Some(3_600_000),
        lineup_confirmed: Some(false),
        current_odds: Some([(name("home_win"), 3.5), (name("away_win"), 2.0)].into()),
        tags: [name("team:arsenal"), name("derby")].into(),
        force_refresh: true,
        max_age_ms: Some(250),
        compute: Some(Compute { ms: 40, result: ComputeResult::Ok, value: Some(name("v1")) }),
    };
    assert_eq!(one(line), OpKind::Get(Box::new(expected)));
}

#[test]
fn null_says_as_much_as_nothing() {
    let line = r#"{"t":0,"op":"get","key":"k","id":null,"match":null,"kickoff":null,"current_odds":null,
        "tags":null,"force_refresh":null,"max_age_ms":null,"compute":null}"#;
    assert_eq!(one(&line.replace('\n', " ")), OpKind::Get(Box::new(Get::new(name("k")))));
}

#[test]
fn a_compute_is_0_ms_and_ok_unless_it_says_otherwise() {
    let OpKind::Get(get) = one(r#"{"t":0,"op":"get","key":"k","compute":{}}"#) else { panic!() };
    assert_eq!(get.compute, Some(Compute::default()));
    assert_eq!(Compute::default(), Compute { ms: 0, result: ComputeResult::Ok, value: None });
}

#[test]
fn lines_are_counted_with_the_blank_ones_and_without_a_last_newline() {
    let text = "\n{\"t\":1,\"op\":\"metrics\"}\r\n  \n{\"t\":1,\"op\":\"metrics\"}";
    let lines: Vec<u64> = read(text).into_iter().map(|op| op.unwrap().line).collect();
    assert_eq!(lines, [2, 4]);
}

#[test]
fn names_are_shared_between_lines() {
    let text = r#"{"t":0,"op":"event","match":"m1","event":"e"}
{"t":0,"op":"invalidate","match":"m1"}"#;
    let ops = read(text);
    let (Ok(Op { kind: OpKind::Event { match_id, .. }, .. }), Ok(Op { kind, .. })) =
        (&ops[0], &ops[1])
    else {
        panic!("{ops:?}")
    };
    let OpKind::Invalidate { target: Target::Match(again), .. } = kind else { panic!("{kind:?}") };
    assert!(Arc::ptr_eq(match_id, again));
}

fn check(line: &str, reason: &str) {
    let found = read(line).remove(0).expect_err(line);
    assert_eq!(found, format!("s.jsonl:1: {reason}"), "{line}");
}

#[test]
fn a_bad_line_is_named_with_its_reason() {
    check("{", "invalid JSON: EOF while parsing an object at line 1 column 1");
    check(r#"{"t":0,"op":"metrics"} x"#, "invalid JSON: trailing characters at line 1 column 24");
    check("[1]", "an operation must be a JSON object, not a list");
    check("17", "an operation must be a JSON object, not 17");
    check(r#"{"t":0}"#, r#"an operation requires the field "op""#);
    check(r#"{"t":0,"op":7}"#, "op must be a string, not 7");
    check(r#"{"t":0,"op":"put"}"#, r#"unknown operation "put""#);
    check(r#"{"op":"metrics"}"#, r#"metrics requires the field "t""#);
    let range = "t must be a whole number from 0 to 9000000000000";
    check(r#"{"t":-1,"op":"metrics"}"#, &format!("{range}, not -1"));
    check(r#"{"t":9000000000001,"op":"metrics"}"#, &format!("{range}, not 9000000000001"));
    check(r#"{"t":1.5,"op":"metrics"}"#, "t must be a whole number, not 1.5");
    check(r#"{"t":"1","op":"metrics"}"#, r#"t must be a whole number, not "1""#);
    check(r#"{"t":1,"t":2,"op":"metrics"}"#, r#"duplicate field "t""#);
    check(r#"{"t":0,"op":"metrics","x":1}"#, r#"metrics has no field "x""#);
    // A misspelt field is unknown before it is missing.
    check(
        r#"{"t":0,"op":"odds","match":"m","market":"h","prise":2}"#,
        r#"odds has no field "prise""#,
    );
    check(r#"{"t":0,"op":"odds","match":"m","market":"h"}"#, r#"odds requires the field "price""#);
    check(r#"{"t":0,"op":"odds","match":"m","price":2}"#, r#"odds requires the field "market""#);
    check(
        r#"{"t":0,"op":"odds","match":null,"market":"h","price":2}"#,
        r#"odds requires the field "match""#,
    );
    check(
        r#"{"t":0,"op":"odds","match":"m","market":"h","price":"2"}"#,
        r#"price must be a number, not "2""#,
    );
    check(r#"{"t":0,"op":"event","match":"m"}"#, r#"event requires the field "event""#);
    check(
        r#"{"t":0,"op":"invalidate"}"#,
        "invalidate requires exactly one of key, tag, match and all",
    );
    check(
        r#"{"t":0,"op":"invalidate","all":false}"#,
        "invalidate requires exactly one of key, tag, match and all",
    );
    check(
        r#"{"t":0,"op":"invalidate","key":"k","tag":"t"}"#,
        "invalidate requires exactly one of key, tag, match and all",
    );
    check(r#"{"t":0,"op":"cancel"}"#, r#"cancel requires the field "id""#);
    check(
        r#"{"t":0,"op":"status","match":"m","status":"shut"}"#,
        r#"status must be one of open, suspended, closed, not "shut""#,
    );
    check(
        r#"{"t":0,"op":"reset","category":"all"}"#,
        r#"category must be one of base, volatility, golden_hour, swr, tags, strategy, performance, not "all""#,
    );
}

#[test]
fn a_bad_read_is_named_with_its_field() {
    check(r#"{"t":0,"op":"get"}"#, r#"get requires the field "key""#);
    check(r#"{"t":0,"op":"get","key":["k"]}"#, "key must be a string, not a list");
    check(r#"{"t":0,"op":"get","key":"k","market":"h"}"#, r#"market requires the field "match""#);
    check(r#"{"t":0,"op":"get","key":"k","kickoff":0}"#, r#"kickoff requires the field "match""#);
    check(
        r#"{"t":0,"op":"get","key":"k","lineup_confirmed":false}"#,
        r#"lineup_confirmed requires the field "match""#,
    );
    check(
        r#"{"t":0,"op":"get","key":"k","current_odds":{}}"#,
        r#"current_odds requires the field "match""#,
    );
    check(
        r#"{"t":0,"op":"get","key":"k","match":"m","kickoff":1e3}"#,
        "kickoff must be a whole number, not 1000",
    );
    check(
        r#"{"t":0,"op":"get","key":"k","force_refresh":1}"#,
        "force_refresh must be true or false, not 1",
    );
    check(
        r#"{"t":0,"op":"get","key":"k","max_age_ms":-1}"#,
        "max_age_ms must be a whole number, at least 0, not -1",
    );
    check(
        r#"{"t":0,"op":"get","key":"k","tags":"a"}"#,
        r#"tags must be a list of strings, not "a""#,
    );
    check(
        r#"{"t":0,"op":"get","key":"k","tags":["a",1]}"#,
        "tags must be a list of strings, not one with 1",
    );
    check(
        r#"{"t":0,"op":"get","key":"k","match":"m","current_odds":[2]}"#,
        "current_odds must be an object of prices by market, not a list",
    );
    check(
        r#"{"t":0,"op":"get","key":"k","match":"m","current_odds":{"h":null}}"#,
        "current_odds must be a number, not null",
    );
    check(
        r#"{"t":0,"op":"get","key":"k","match":"m","current_odds":{"h":2,"h":3}}"#,
        r#"duplicate field "h""#,
    );
    check(r#"{"t":0,"op":"get","key":"k","compute":5}"#, "compute must be an object, not 5");
    check(r#"{"t":0,"op":"get","key":"k","compute":{"s":5}}"#, r#"compute has no field "s""#);
    check(
        r#"{"t":0,"op":"get","key":"k","compute":{"result":"fine"}}"#,
        r#"result must be one of ok, error, panic, hang, none, not "fine""#,
    );
}

#[test]
fn a_byte_order_mark_is_passed_over_and_another_encoding_is_named() {
    let text = "\u{feff}{\"t\":0,\"op\":\"metrics\"}\r\n\r\n{\"t\":1,\"op\":\"metrics\"}";
    let lines: Vec<u64> = read(text).into_iter().map(|item| item.unwrap().line).collect();
    assert_eq!(lines, [1, 3]);
    let lines = Jsonl::new(Path::new("s.jsonl"), &b"\xff\xfe{\0"[..]);
    let errors: Vec<_> = lines.map(|item| item.unwrap_err().to_string()).collect();
    let expected =
        "s.jsonl: the text is UTF-16, little-endian, by its byte order mark: convert it to UTF-8";
    assert_eq!(errors, [expected]);
}

#[test]
fn text_that_is_not_utf8_is_named() {
    let lines = Jsonl::new(Path::new("s.jsonl"), &b"{\"t\":0,\"op\":\"\xff\"}"[..]);
    let errors: Vec<_> = lines.map(|item| item.unwrap_err().to_string()).collect();
    assert_eq!(errors, ["s.jsonl:1: the line is not UTF-8"]);
}

#[test]
fn time_that_goes_back_is_an_error_that_does_not_move_time() {
    let text = r#"{"t":10,"op":"metrics"}
{"t":9,"op":"metrics"}
{"t":99,"op":"nonsense"}
{"t":10,"op":"metrics"}"#;
    let found = read(text);
    assert!(found[0].is_ok());
    assert_eq!(found[1], Err("s.jsonl:2: time goes back from 1970-01-01T00:00:00.01Z (10 ms) to 1970-01-01T00:00:00.009Z (9 ms): the lines must be \
             sorted by time"
            .to_owned()));
    assert_eq!(found[2], Err("s.jsonl:3: unknown operation \"nonsense\"".to_owned()));
    assert!(found[3].is_ok());
}

#[test]
fn deep_nesting_is_refused_instead_of_exhausting_the_stack() {
    let line = "[".repeat(100_000);
    let error = read(&line).remove(0).unwrap_err();
    assert!(error.starts_with("s.jsonl:1: invalid JSON: recursion limit"), "{error}");
}
