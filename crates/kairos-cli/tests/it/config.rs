// Claims about `kairos config`, and about the messages of a replay on a bad configuration.
// Never look behind the command line.
// Read next: `../../src/command/config.rs`.

use std::fmt::Write;
use std::time::Duration;

use crate::stage::{Scratch, refused, told};
use kairos_cache::{Config, Preset};

#[test]
fn the_default_that_is_written_is_the_default_and_valid() {
    let text = told("config --default");
    assert_eq!(Config::from_toml(&text).unwrap(), Config::default());
    let file = Scratch::holding("written.toml", text);
    let text = told(&format!("config --check {}", file.path()));
    assert!(text.starts_with(&format!("{}: valid\n", file.path())), "{text}");
}

#[test]
fn a_preset_that_is_printed_is_a_whole_configuration_to_edit() {
    let text = told("config --preset desk");
    assert_eq!(Config::from_toml(&text).unwrap(), Config::preset(Preset::Desk));
    assert_eq!(told("config --preset default"), told("config --default"));
    // As an editor of lines would: the field has a line of its own in its section.
    let (head, feed) = text.split_once("\n[feed]\n").unwrap();
    let line = feed.lines().find(|line| line.starts_with("silence_after = ")).unwrap();
    let edited = format!("{head}\n[feed]\n{}", feed.replacen(line, "silence_after = \"13h\"", 1));
    let mut expected = Config::preset(Preset::Desk);
    expected.feed.silence_after = Duration::from_secs(13 * 3600);
    assert_eq!(Config::from_toml(&edited).unwrap(), expected);
    let over = "preset = \"desk\"\n[feed]\nsilence_after = \"13h\"\n";
    for (name, text) in [("desk.toml", &*text), ("edited.toml", &edited), ("over.toml", over)] {
        let file = Scratch::holding(name, text);
        assert_eq!(
            told(&format!("config --check {}", file.path())),
            format!("{}: valid\n", file.path())
        );
    }
    let (code, message) = refused("config --preset dusk");
    assert_eq!((code, message.contains("default, desk")), (2, true), "{message}");
}

/// What is advised on a configuration, by field.
fn advised(line: &str) -> Vec<String> {
    let text = told(line);
    let lines = text.lines().skip(1).map(|line| line.strip_prefix("advice: ").unwrap());
    lines.map(|line| line.split_once(": ").unwrap().0.to_owned()).collect()
}

#[test]
fn what_has_no_effect_is_advised_of_and_is_no_error() {
    let check = |toml: &str, fields: &[&str]| {
        let file = Scratch::holding("advice.toml", toml);
        assert_eq!(advised(&format!("config --check {}", file.path())), fields, "{toml}");
    };
    let noise = "volatility.panic_sigma";
    check("", &[noise]);
    check("[volatility]\npanic_sigma = 3.5\nmin_samples = 12\n", &[]);
    check("[swr]\nmax_stale = \"24h\"\n", &["swr.max_stale", noise]);
    check(
        "[golden_hour]\nzones = [{ name = \"active\", below = \"6h\", ttl = \"6h\" }]\n",
        &["golden_hour.zones", "swr.stale_multiplier", noise],
    );
}

#[test]
fn a_configuration_is_advised_on_beside_a_feed() {
    // Ten hours before kickoff and more, a price that jumps by a tenth every 20th time, and else stays.
    let mut feed = String::from("ts_ms,market_id,runner,price,kickoff_ms\n");
    for n in 0..1000_u32 {
        let price = if n % 20 == 19 { 2.2 } else { 2.0 };
        writeln!(feed, "{},m,home,{price},40000000", n * 4000).unwrap();
    }
    let feed = Scratch::holding("advice.csv", feed);
    let config = Scratch::holding("beside.toml", "");
    let line = format!("config --check {} --feed {}", config.path(), feed.path());
    let expected = ["volatility.panic_sigma", "volatility.min_relative_sigma", "golden_hour.zones"];
    assert_eq!(advised(&line), expected);
    assert!(told(&line).contains("warmup, golden and active never applied"), "{}", told(&line));
    // The same thresholds, so the same verdicts: a report hints at what the advice says.
    let report = told(&format!("replay {}", feed.path()));
    let told_of = report.split("\nHints\n").nth(1).unwrap();
    assert!(told_of.contains("volatility.panic_sigma: 5.0 % of the prices reach 2"), "{report}");
    let (code, message) = refused(&format!("config --default --feed {}", feed.path()));
    assert_eq!((code, message.contains("--check")), (2, true), "{message}");
    // However it is written.
    let other = String::from_utf8(feed.bytes()).unwrap().replace("market_id", "game");
    let other = Scratch::holding("advice.txt", other);
    let line = format!("config --check {} --format csv --columns match=game --feed", config.path());
    assert_eq!(advised(&format!("{line} {}", other.path())), expected);
    let (code, message) = refused("config --default --odds american");
    assert_eq!((code, message.contains("only beside --feed")), (2, true), "{message}");
    let (code, message) = refused(&format!("config --check {} --feed no.csv", config.path()));
    assert_eq!((code, message.starts_with("no.csv: ")), (2, true), "{message}");
}

/// The fields that are advised on, each with the number that "from NUMBER on" gives, if it has one.
fn targets(line: &str) -> Vec<(String, Option<String>)> {
    let text = told(line);
    let lines = text.lines().skip(1).map(|line| line.strip_prefix("advice: ").unwrap());
    lines
        .map(|line| {
            let (field, text) = line.split_once(": ").unwrap();
            let number = text.split("from ").nth(1).and_then(|rest| rest.split_once(" on "));
            (field.to_owned(), number.map(|(number, _)| number.to_owned()))
        })
        .collect()
}

#[test]
fn advice_that_is_followed_is_not_given_again() {
    // A price that jumps by a tenth every 20th time, so that many prices have one score, and one that wanders.
    let (mut jumps, mut wanders) = (
        String::from("ts_ms,market_id,runner,price\n"),
        String::from("ts_ms,market_id,runner,price\n"),
    );
    let mut seed = 7_u64;
    for n in 0..1000_u32 {
        let price = if n % 20 == 19 { 2.2 } else { 2.0 };
        writeln!(jumps, "{},m,home,{price}", n * 4000).unwrap();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let noise = (seed >> 40) as f64 / (1_u64 << 24) as f64;
        writeln!(wanders, "{},m,home,{:.2}", n * 4000, 2.0 + 0.3 * noise.powi(6)).unwrap();
    }
    for (name, feed) in [("jumps", jumps), ("wanders", wanders)] {
        let feed = Scratch::holding(&format!("follow-{name}.csv"), feed);
        for field in ["volatility.panic_sigma", "volatility.min_relative_sigma"] {
            let config = Scratch::holding(&format!("follow-{name}.toml"), "");
            let check = format!("config --check {} --feed {}", config.path(), feed.path());
            let target = |check: &str| targets(check).into_iter().find(|(other, _)| other == field);
            let (_, target_of) = target(&check).unwrap_or_else(|| panic!("{name}, {field}"));
            let of = field.strip_prefix("volatility.").unwrap();
            let text = format!("[volatility]\n{of} = {}\n", target_of.unwrap());
            let followed = Scratch::holding(&format!("followed-{name}.toml"), text);
            let check = format!("config --check {} --feed {}", followed.path(), feed.path());
            assert_eq!(target(&check), None, "{name}");
            // A report hints by the same rule, at the scores of panics alone.
            let report = told(&format!("replay {} --config {}", feed.path(), followed.path()));
            assert!(!report.contains(field), "{report}");
        }
    }
}

#[test]
fn what_is_wrong_is_named_by_file_line_field_and_range() {
    let check = |name: &str, text: &str, message: &str| {
        let file = Scratch::holding(name, text);
        let expected = (2, format!("{}{message}", file.path()));
        for command in ["config --check", "replay no-such-day.jsonl --config", "matchday --config"]
        {
            let found = refused(&format!("{command} {}", file.path()));
            assert_eq!(
                (found.0, found.1.trim_end()),
                (expected.0, expected.1.as_str()),
                "{command}"
            );
        }
    };
    check(
        "range.toml",
        "[swr]\n\nstale_multiplier = 0.5\n",
        ":3: configuration: swr.stale_multiplier must be a finite number of at least 1.0",
    );
    check(
        "type.toml",
        "[cache]\njitter = \"a lot\"\n",
        ":2: configuration: cache.jitter: invalid type: string \"a lot\", expected f64",
    );
    check(
        "preset.toml",
        "\npreset = \"dusk\"\n",
        ":2: configuration: preset: unknown preset `dusk`, expected one of `default`, `desk`",
    );
    check(
        "over-preset.toml",
        "preset = \"desk\"\n[drift]\nhard = 2.0\n",
        ":3: configuration: drift.hard must be 0 or from 1e-9 to 1",
    );
    check(
        "syntax.toml",
        "[cache]\nenabled = \n",
        ":2: configuration: string values must be quoted, expected literal string",
    );
    check(
        "tag.toml",
        "[events.markets]\nbtts = [\"\"]\n[events.events]\n",
        ":2: event graph: \"btts\" has an empty tag",
    );
    check(
        "half.toml",
        "[events]\nmarkets = {}\n",
        ":1: configuration: events must be complete: both markets and events, or neither",
    );
    let (code, message) = refused("config --check no-such.toml");
    assert_eq!(code, 2);
    assert!(message.starts_with("no-such.toml: "), "{message}");
    let typo =
        Scratch::holding("typo.toml", "[xfetch]\nbeta = 1.0\n\n[volatility]\nwindows = \"6h\"\n");
    let (code, message) = refused(&format!("config --check {}", typo.path()));
    assert_eq!(code, 2);
    let expected = format!(
        "{}:5: configuration: volatility.windows: unknown field `windows`, expected one of `enabled`, `window`,",
        typo.path()
    );
    assert!(message.starts_with(&expected), "{message}");
}

#[test]
fn an_event_graph_may_stand_in_a_file_of_its_own() {
    let _graph = Scratch::holding(
        "graph-of-tennis.toml",
        "markets = { set_1 = [\"serve\"], winner = [\"serve\", \"form\"] }\nevents = { rain = [\"serve\"] }\n",
    );
    let config = Scratch::holding("tennis.toml", "[events]\ngraph = \"graph-of-tennis.toml\"\n");
    told(&format!("config --check {}", config.path()));
    let scenario = Scratch::holding(
        "tennis.jsonl",
        "{\"t\":0,\"op\":\"get\",\"key\":\"m:set_1\",\"match\":\"m\",\"market\":\"set_1\"}\n\
         {\"t\":1,\"op\":\"event\",\"match\":\"m\",\"event\":\"rain\"}\n",
    );
    let decisions = Scratch::new("tennis.decisions");
    let (scenario, out) = (scenario.path(), decisions.path());
    told(&format!("replay {scenario} --config {} --decisions {out}", config.path()));
    let event = &decisions.objects()[1];
    assert_eq!(event["markets"], serde_json::json!(["set_1", "winner"]));
    assert_eq!(event["died"], 1);
    // Without it nobody knows these names.
    let (code, message) = refused(&format!("replay {scenario}"));
    assert_eq!((code, message.contains(":1: unknown market \"set_1\"")), (2, true), "{message}");
}

#[test]
fn the_file_of_a_graph_is_named_by_what_is_wrong_in_it() {
    let graph = Scratch::holding("bad-graph.toml", "[markets]\nbtts = []\n\"\" = []\n[events]\n");
    let config = Scratch::holding("of-bad-graph.toml", "[events]\ngraph = \"bad-graph.toml\"\n");
    let (code, message) = refused(&format!("config --check {}", config.path()));
    assert_eq!(code, 2);
    assert_eq!(
        message.trim_end(),
        format!("{}:3: event graph: the name of a market or event is empty", graph.path())
    );
}

#[test]
fn config_does_one_thing_at_a_time() {
    for line in ["config", "config --default --check a.toml"] {
        let (code, message) = refused(line);
        assert_eq!(code, 2, "{line}: {message}");
        assert!(message.contains("--default") && message.contains("--check"), "{line}: {message}");
    }
}
