// Claims about what the command refuses: the exit code, and what the message names.
// Never look behind the command line.
// Read next: `../../src/error.rs`.

use crate::stage::{Scratch, refused};

#[test]
fn what_a_scenario_or_configuration_says_wrong_is_named_by_file_and_line() {
    let check = |name: &str, text: &str, message: &str| {
        let file = Scratch::holding(name, text);
        let (code, found) = refused(&format!("replay {}", file.path()));
        assert_eq!(code, 2, "{text}: {found}");
        assert_eq!(found.trim_end(), format!("{}{message}", file.path()));
    };
    check("op.jsonl", "{\"t\":1,\"op\":\"put\"}\n", ":1: unknown operation \"put\"");
    check(
        "event.jsonl",
        "{\"t\":1,\"op\":\"metrics\"}\n{\"t\":1,\"op\":\"event\",\"match\":\"m\",\"event\":\"fog\"}\n",
        ":2: unknown event \"fog\"",
    );
    check(
        "market.jsonl",
        "{\"t\":1,\"op\":\"get\",\"key\":\"k\",\"match\":\"m\",\"market\":\"fog\"}\n",
        ":1: unknown market \"fog\"",
    );
    check(
        "cancel.jsonl",
        "{\"t\":1,\"op\":\"cancel\",\"id\":\"g9\"}\n",
        ":1: no earlier read has the id \"g9\"",
    );
    let config = Scratch::holding("bad.toml", "[volatility]\npanic_sigma = 1.0\n");
    let (code, found) = refused(&format!("matchday --fixtures 1 --config {}", config.path()));
    assert_eq!(code, 2);
    assert!(found.contains("volatility.panic_sigma must be"), "{found}");
}

#[test]
fn what_cannot_be_asked_exits_with_2() {
    let check = |line: &str, message: &str| {
        let (code, found) = refused(line);
        assert_eq!(code, 2, "{line}: {found}");
        assert!(found.contains(message), "{line}: {found}");
    };
    check("", "Usage: kairos");
    check("matchday --fixtures 0", "a matchday must have 1 to 1000 matches");
    check(
        "matchday --read-rate NaN",
        "the read rate must be a finite number of reads per second above 0",
    );
    check("matchday --seed x", "invalid value 'x'");
    check("replay", "<SCENARIO>");
    check("replay day.xml", "day.xml");
    check("replay no-such-day.jsonl", "no-such-day.jsonl: ");
}

#[test]
fn an_output_that_cannot_be_written_exits_with_1_and_is_named() {
    let file = Scratch::new("no/such/folder/day.jsonl");
    let (code, message) = refused(&format!("matchday --fixtures 1 --emit {}", file.path()));
    assert_eq!(code, 1);
    assert!(message.starts_with(&format!("{}: ", file.path())), "{message}");
}
