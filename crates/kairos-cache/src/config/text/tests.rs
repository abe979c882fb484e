// The claims of `text.rs` and `locate.rs`, each as a test.
// Never knows: files.
// Read next: `../text.rs`.

use std::time::Duration;

use super::*;

fn table(config: &Config) -> Table {
    Table::try_from(config).expect("a configuration is a table")
}

fn refused(text: &str) -> (Option<usize>, String) {
    match Config::from_toml(text) {
        Err(Error::ConfigSyntax { line, message }) => (line, message.to_string()),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn the_written_default_is_the_default_with_every_field_in_it() {
    let text = Config::default().to_toml().expect("small numbers");
    assert_eq!(Config::from_toml(&text).expect("reads back"), Config::default());
    let written: Table = text.parse().expect("TOML");
    assert_eq!(written, table(&Config::default()));
}

#[test]
fn every_field_stands_below_its_docs() {
    let comment = |docs: &str| -> String {
        docs.lines().flat_map(|line| ["# ", line.trim(), "\n"]).collect()
    };
    for (section, values) in SECTIONS.iter().zip(Config::default().tables()) {
        let mut page = Page { text: String::new(), reasons: &[] };
        page.section(section, values.expect("small numbers"));
        let head = format!("\n{}[{}]\n", comment(section.docs), section.name);
        assert!(page.text.starts_with(&head), "{}", page.text);
        for field in section.fields {
            let name = field.name;
            let table = format!("# [{}.{name}]\n", section.name);
            let mut lines = [format!("{name} = "), format!("# {name} = "), table].into_iter();
            let mut is_written =
                |line| page.text.contains(&format!("\n{}{line}", comment(field.docs)));
            assert!(lines.any(&mut is_written), "{name} in {}", page.text);
        }
    }
}

#[test]
fn a_configuration_that_is_written_reads_back_equal() {
    let mut config = Config::default();
    config.cache.default_ttl = Duration::from_millis(1500);
    config.golden_hour.zones.truncate(2);
    config.golden_hour.zones[1].ttl = Duration::from_secs(7);
    config.volatility.window = Duration::from_secs(6 * 3600);
    config.events = EventsConfig::of(&EventGraph::football());
    let text = config.to_toml().expect("small numbers");
    assert_eq!(Config::from_toml(&text).expect("reads back"), config);
    let names = ["a key", "a.b", "1", "", "\"", "ü", "a-b_c"];
    let markets = names.map(|name| (name.to_owned(), vec![name.to_owned()])).into();
    config.events = EventsConfig { graph: None, markets: Some(markets), events: None };
    let text = config.to_toml().expect("small numbers");
    assert_eq!(Config::from_toml(&text).expect("reads back"), config);
    config.events = EventsConfig { graph: Some("a graph.toml".into()), ..EventsConfig::default() };
    let text = config.to_toml().expect("small numbers");
    assert_eq!(Config::from_toml(&text).expect("reads back"), config);
}

#[test]
fn a_number_that_toml_does_not_have_is_refused_by_section() {
    let mut config = Config::default();
    config.cache.max_capacity = u64::MAX;
    let error = config.to_toml().expect_err("beyond 64 bits with sign");
    assert!(error.to_string().contains("cache: "), "{error}");
}

#[test]
fn the_graph_in_the_comments_is_the_one_that_holds_by_default() {
    let text = Config::default().to_toml().expect("small numbers");
    let (_, events) = text.split_once("\n[events]\n").expect("the section");
    let lines = events.lines().filter_map(|line| line.strip_prefix("# "));
    let tables = lines.filter(|line| line.starts_with('[') || line.contains(" = ["));
    let text: String = tables.flat_map(|line| [line, "\n"]).collect();
    let config = Config::from_toml(&text).expect("valid once it is no comment");
    assert_eq!(config.events, EventsConfig::of(&EventGraph::football()));
}

#[test]
fn what_is_wrong_is_named_by_line_and_field() {
    let check = |text: &str, line: usize, message: &str| {
        let found = refused(text);
        assert_eq!(found.0, Some(line), "{text}: {}", found.1);
        assert!(found.1.starts_with(message), "{text}: {}", found.1);
    };
    let swr = "[cache]\nenabled = true\n\n[swr]\n";
    check(
        &format!("{swr}max_stail = \"1h\"\n"),
        5,
        "swr.max_stail: unknown field `max_stail`, expected one of `stale_multiplier`,",
    );
    check(&format!("{swr}max_stale = 3600\n"), 5, "swr.max_stale: invalid type: integer `3600`");
    check(&format!("{swr}max_stale = \"1 fortnight\"\n"), 5, "swr.max_stale: ");
    check("swr.max_stale = true\n", 1, "swr.max_stale: invalid type: boolean");
    check(
        "[cash]\nenabled = true\n",
        1,
        "cash: unknown field `cash`, expected one of `preset`, `cache`,",
    );
    check("cache = 5\n", 1, "cache: invalid type: integer `5`");
    check(
        "[golden_hour]\nzones = [\n  { name = \"golden\", below = \"1h\", ttl = \"60s\" },\n  \
         { name = \"silver\", below = \"6h\", ttl = \"15m\" },\n]\n",
        4,
        "golden_hour.zones[1].name: unknown zone of the table `silver`, expected one of `warmup`, `golden`,",
    );
    check("[cache]\nenabled = true\nenabled = true\n", 3, "duplicate key");
    check("[cache]\nenabled = yes\n", 2, "");
    check("[cache\n", 1, "");
}

#[test]
fn a_name_twice_in_a_graph_is_named() {
    let (line, message) = refused("[events.markets]\nbtts = [\"goals\"]\nbtts = []\n");
    assert_eq!(line, Some(3));
    assert!(message.contains("duplicate key") && message.contains("btts"), "{message}");
}

#[test]
fn what_is_laid_over_a_preset_stands_and_the_rest_is_the_presets() {
    let text = "preset = \"desk\"\n[feed]\nsilence_after = \"13h\"\n[cache]\njitter = 0.1\n";
    let mut expected = Config::preset(Preset::Desk);
    expected.feed.silence_after = Duration::from_secs(13 * 3600);
    expected.cache.jitter = 0.1;
    assert_eq!(Config::from_toml(text).expect("a preset"), expected);
    // A list is replaced, not joined.
    let text = "preset = \"desk\"\n[golden_hour]\nzones = []\n";
    let mut expected = Config::preset(Preset::Desk);
    expected.golden_hour.zones.clear();
    assert_eq!(Config::from_toml(text).expect("a preset"), expected);
    let text = "preset = \"desk\"\n[events]\ngraph = \"tennis.toml\"\n";
    let config = Config::from_toml(text).expect("a preset");
    assert_eq!(config.events.graph, Some("tennis.toml".into()));
    let default = Config::from_toml("preset = \"default\"\n").expect("a preset");
    assert_eq!(default, Config::default());
}

#[test]
fn over_a_preset_errors_have_line_and_field_too() {
    let (line, message) = refused("preset = \"desk\"\n\n[feed]\nsilent = \"1s\"\n");
    assert_eq!(line, Some(4));
    assert!(message.starts_with("feed.silent: unknown field"), "{message}");
    let (line, message) = refused("preset = \"desk\"\n[cache]\njitter = \"a lot\"\n");
    assert_eq!((line, message.contains("cache.jitter: ")), (Some(3), true), "{message}");
    let (line, message) = refused("\npreset = \"dusk\"\n");
    let expected = "preset: unknown preset `dusk`, expected one of `default`, `desk`";
    assert_eq!((line, &*message), (Some(2), expected));
    // Below a section it is a field of that section.
    let (line, message) = refused("[feed]\npreset = \"desk\"\n");
    assert_eq!((line, message.contains("feed.preset: ")), (Some(2), true), "{message}");
}

#[test]
fn a_written_preset_is_whole_and_says_why_beside_what_is_its_own() {
    for preset in Preset::ALL {
        let text = preset.to_toml();
        let written: Table = text.parse().expect("TOML");
        assert_eq!(written, table(&Config::preset(*preset)));
        assert_eq!(Config::from_toml(&text).expect("reads back"), Config::preset(*preset));
        assert_eq!(text.matches("\n# Here: ").count(), reasons(*preset).len());
    }
    assert_eq!(Preset::Default.to_toml(), Config::default().to_toml().expect("small numbers"));
    let text = Preset::Desk.to_toml();
    let feed = text.split("\n[feed]\n").nth(1).expect("a section");
    assert_eq!(feed.lines().filter(|line| line.starts_with("silence_after = \"")).count(), 1);
    assert_eq!(text.lines().filter(|line| line.starts_with("silence_after")).count(), 1);
}
