// The claims of `file.rs`, each as a test.
// Never knows: how a text is read.
// Read next: `../file.rs`.

use std::path::PathBuf;

use super::*;
use crate::policy::EventGraph;

/// A folder of its own, gone with its owner.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("kairos-{}-{name}", std::process::id()));
        fs::create_dir_all(folder.join("graphs")).expect("a folder");
        Folder(folder)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.0.join(name);
        fs::write(&file, text).expect("writes");
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind is only in a folder for what may be left behind.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn refused(file: &Path) -> String {
    Config::from_file(file).expect_err("refused").to_string()
}

#[test]
fn a_graph_is_read_from_a_file_beside_the_configuration() {
    let folder = Folder::new("beside");
    folder.write(
        "graphs/tennis.toml",
        "markets = { set_1 = [\"serve\"] }\n[events]\nrain = [\"serve\"]\n",
    );
    let file = folder.write("kairos.toml", "[events]\ngraph = \"graphs/tennis.toml\"\n");
    let config = Config::from_file(file).expect("valid");
    let graph = event_graph(&config.events).expect("valid");
    assert_eq!(graph.market_names().collect::<Vec<_>>(), ["set_1"]);
    assert!(graph.event("rain").is_some());
    assert_eq!(config.events.graph, None, "the configuration is plain data again");
}

#[test]
fn the_football_graph_may_come_from_a_file_too() {
    let folder = Folder::new("football");
    let mut config =
        Config { events: EventsConfig::of(&EventGraph::football()), ..Config::default() };
    let text = config.to_toml().expect("small numbers");
    let file = folder.write("kairos.toml", &text);
    let read = Config::from_file(file).expect("valid");
    assert_eq!(read, config);
    config.events = EventsConfig::default();
    let football = event_graph(&read.events).expect("valid");
    for market in EventGraph::football().market_names() {
        assert!(football.market(market).is_some(), "{market}");
    }
}

#[test]
fn a_graph_beside_tables_is_refused() {
    let folder = Folder::new("both");
    folder.write("g.toml", "markets = {}\nevents = {}\n");
    let file = folder.write("kairos.toml", "[events]\nmarkets = {}\ngraph = \"g.toml\"\n");
    let expected = "kairos.toml:3: configuration: events.graph must be given alone, without events.markets and events.events";
    assert!(refused(&file).ends_with(expected), "{}", refused(&file));
}

#[test]
fn a_graph_that_was_not_read_builds_no_cache() {
    let config = Config::from_toml("[events]\ngraph = \"g.toml\"\n").expect("valid TOML");
    let error = config.validate().expect_err("nobody read it");
    assert!(matches!(error, Error::Config { field: "events.graph", .. }), "{error}");
}

#[test]
fn what_is_wrong_is_named_by_file_line_and_name() {
    let folder = Folder::new("wrong");
    let check = |config: &str, graph: &str, expected: &str| {
        folder.write("g.toml", graph);
        let found = refused(&folder.write("kairos.toml", config));
        assert!(found.ends_with(expected), "{found}\nexpected …{expected}");
    };
    let graph = "[events]\ngraph = \"g.toml\"\n";
    let both = "markets = { a = [] }\nevents = { b = [] }\n";
    check(
        "[volatility]\nwarning_sigma = 2\n\npanic_sigma = 1.5\n",
        "",
        "kairos.toml:4: configuration: volatility.panic_sigma must be a finite number above volatility.warning_sigma",
    );
    // Where the default of one field is wrong beside what another says, there is no line.
    check(
        "[volatility]\nwarning_sigma = 3.0\n",
        "",
        "kairos.toml: configuration: volatility.panic_sigma must be a finite number above volatility.warning_sigma",
    );
    check(
        "[golden_hour]\nzones = [{ name = \"golden\", below = \"0s\", ttl = \"1m\" }]\n",
        "",
        "kairos.toml:2: configuration: golden_hour.zones.below must be longer than 0s",
    );
    check(
        "[swr]\nmax_stale = 1\n",
        "",
        "kairos.toml:2: configuration: swr.max_stale: invalid type: integer `1`, expected a duration",
    );
    check(
        "[events.markets]\n\"\" = []\n[events.events]\n",
        "",
        "kairos.toml:2: event graph: the name of a market or event is empty",
    );
    check(
        graph,
        "markets = { a = [] }\n",
        "g.toml: configuration: events must be given together with markets in an event graph's file",
    );
    check(
        graph,
        &format!("{both}tags = {{}}\n"),
        "g.toml:3: configuration: tags: unknown field `tags`, expected `markets` or `events`",
    );
    check(
        graph,
        "[markets]\nb = [\"x\"]\nc = [\"x\", \"\"]\n[events]\n",
        "g.toml:3: event graph: \"c\" has an empty tag",
    );
    check(
        graph,
        "[markets]\ngoal = [\"x\"]\n[events]\ngoal = [\"y\"]\n",
        "g.toml:4: event graph: the event \"goal\" names the tag \"y\", which no market carries",
    );
    check(
        graph,
        "[markets]\na = []\n[events]\nb = []\nb = []\n",
        "g.toml:5: configuration: duplicate key: `b`",
    );
    check(
        graph,
        "[markets]\na = 5\n[events]\n",
        "g.toml:2: configuration: markets.a: invalid type: integer `5`, expected a sequence",
    );
    fs::remove_file(folder.0.join("g.toml")).expect("it is there");
    let found = refused(&folder.write("kairos.toml", graph));
    assert!(found.contains("g.toml: ") && !found.contains("kairos.toml"), "{found}");
    assert!(refused(&folder.0.join("none.toml")).contains("none.toml: "));
}
