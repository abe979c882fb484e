// Claims about outputs: which are refused, what stands under their names at each end of a run, and how they are packed.
// Never look behind the command line.
// Read next: `../../src/scenario/emit/output.rs`.

use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use ruzstd::decoding::StreamingDecoder;

use crate::stage::{Folder, kairos, kairos_into, refused, told};

#[cfg(unix)]
mod ended;

const READS: &str = "{\"t\":0,\"op\":\"get\",\"id\":\"a\",\"key\":\"k\"}\n\
                     {\"t\":50,\"op\":\"get\",\"id\":\"b\",\"key\":\"k\"}\n";

const GRAPH: &str = "markets = { btts = [\"goals\"] }\nevents = { goal = [\"goals\"] }\n";

/// A scenario, a configuration and its event graph.
fn stage(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.hold("day.jsonl", READS);
    folder.hold("kairos.toml", "[events]\ngraph = \"graph.toml\"\n");
    folder.hold("graph.toml", GRAPH);
    folder
}

#[test]
fn an_output_that_is_an_input_is_refused_and_the_input_keeps_its_bytes() {
    let folder = stage("outputs-inputs");
    fs::hard_link(folder.at("day.jsonl"), folder.at("hard.jsonl")).unwrap();
    let before = folder.names();
    let (day, config) = (folder.at("day.jsonl"), folder.at("kairos.toml"));
    let replay = format!("replay {} --config {}", day.display(), config.display());
    for name in
        ["day.jsonl", "hard.jsonl", "kairos.toml", "graph.toml", "../outputs-inputs/day.jsonl"]
    {
        let out = folder.at(name);
        let (code, message) = refused(&format!("{replay} --decisions {}", out.display()));
        let expected =
            format!("{}: --decisions would overwrite the input {}", out.display(), folder.path());
        assert_eq!((code, message.starts_with(&expected)), (2, true), "{name}: {message}");
    }
    let day = format!("matchday --fixtures 1 --config {}", config.display());
    let (code, message) = refused(&format!("{day} --emit {}", config.display()));
    assert_eq!(
        (code, message.contains("--emit would overwrite the input")),
        (2, true),
        "{message}"
    );
    assert_eq!(fs::read_to_string(folder.at("day.jsonl")).unwrap(), READS);
    assert_eq!(fs::read_to_string(folder.at("graph.toml")).unwrap(), GRAPH);
    assert_eq!(folder.names(), before);
}

#[test]
fn two_outputs_of_one_name_are_refused_also_where_nothing_stands_yet() {
    let folder = stage("outputs-twice");
    let config = folder.at("kairos.toml");
    let (new, same) = (folder.at("new"), folder.at("../outputs-twice/new"));
    let line = format!(
        "matchday --fixtures 1 --config {0} --emit {1} --decisions {2}",
        config.display(),
        new.display(),
        same.display()
    );
    let (code, message) = refused(&line);
    let expected = format!("--decisions names the same file as the output {}", new.display());
    assert_eq!((code, message.contains(&expected)), (2, true), "{message}");
    assert!(!new.exists());
}

#[test]
fn what_stood_under_a_name_stays_when_the_run_fails() {
    let folder = stage("outputs-fail");
    folder.hold("day.jsonl", format!("{READS}{{}}\n"));
    folder.hold("out", "before");
    let before = folder.names();
    let replay = format!("replay {} --decisions", folder.at("day.jsonl").display());
    for name in ["out", "new", "new.gz", "new.zst"] {
        let (code, message) = refused(&format!("{replay} {}", folder.at(name).display()));
        assert_eq!((code, message.contains("day.jsonl:3: ")), (2, true), "{message}");
    }
    assert_eq!(folder.names(), before);
    assert_eq!(fs::read_to_string(folder.at("out")).unwrap(), "before");
    // One of two files cannot be created: the other is not left behind either.
    let config = folder.at("kairos.toml");
    let (code, _) = refused(&format!(
        "{replay} {} --decisions {} --config {config} --config {config}",
        folder.at("new").display(),
        folder.at("no/folder").display(),
        config = config.display()
    ));
    assert_eq!((code, folder.names()), (1, before));
}

#[test]
fn decisions_are_packed_as_their_name_says() {
    let folder = stage("outputs-packed");
    let decide = |name: &str| {
        let out = folder.at(name);
        told(&format!("replay {} --decisions {}", folder.at("day.jsonl").display(), out.display()));
        fs::read(out).unwrap()
    };
    let plain = String::from_utf8(decide("out")).unwrap();
    assert_eq!(plain.lines().count(), 2);
    let mut text = String::new();
    GzDecoder::new(&*decide("out.gz")).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain);
    text.clear();
    StreamingDecoder::new(&*decide("out.ZST")).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, plain);
}

#[test]
fn standard_output_and_devices_are_written_directly() {
    let folder = stage("outputs-direct");
    let replay = format!("replay {} --decisions", folder.at("day.jsonl").display());
    let text = told(&format!("{replay} -"));
    assert!(text.starts_with("{\"id\":\"a\""), "{text}");
    if Path::new("/dev/null").exists() {
        told(&format!("{replay} /dev/null"));
        assert!(!Path::new("/dev/null").is_file());
        assert_eq!(kairos(&format!("{replay} /dev/stdout")).stdout, text.as_bytes());
        // Also where it is a file, which another description would write from its start.
        let out = fs::File::create(folder.at("out")).unwrap();
        kairos_into(&format!("{replay} /dev/stdout"), out);
        assert_eq!(fs::read_to_string(folder.at("out")).unwrap(), text);
    }
}
