// Recorded scenarios against the answers of an independent sequential model of the contract.
// Never knows: how the engine found its answers.
// Read next: `../scenarios/`, the scenarios and their expected answers.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::stage::{Scratch, told};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn objects(text: &str) -> Vec<Map<String, Value>> {
    text.lines()
        .map(|line| match serde_json::from_str(line).expect("a line of JSON") {
            Value::Object(fields) => fields,
            other => panic!("not an object: {other}"),
        })
        .collect()
}

fn decisions(number: u32) -> String {
    let scenario = folder().join(format!("{number:02}.jsonl"));
    // The expected answers are without early refresh.
    let config =
        Scratch::holding(&format!("model-{number:02}.toml"), "[xfetch]\nenabled = false\n");
    replayed(&scenario, &config.path().to_string(), &format!("model-{number:02}.decisions"))
}

/// The decisions of a scenario with drift, feeds and quiet TTLs, by its own configuration.
fn decisions_with_drift(number: u32) -> String {
    let [scenario, config] =
        ["jsonl", "toml"].map(|kind| folder().join("drift").join(format!("{number:02}.{kind}")));
    replayed(&scenario, &config.display().to_string(), &format!("drift-{number:02}.decisions"))
}

fn replayed(scenario: &Path, config: &str, out: &str) -> String {
    let out = Scratch::new(out);
    told(&format!("replay {} --config {config} --decisions {}", scenario.display(), out.path()));
    String::from_utf8(out.bytes()).expect("JSON is UTF-8")
}

/// Whether an answer agrees with an expected value; `null` leaves it open.
fn agrees(field: &str, expected: &Value, actual: Option<&Value>) -> bool {
    match (expected, actual) {
        (Value::Null, _) => true,
        (Value::Number(expected), Some(Value::Number(actual)))
            if matches!(field, "freshness" | "z") =>
        {
            (expected.as_f64().expect("f64") - actual.as_f64().expect("f64")).abs() <= 1e-3
        }
        (Value::Number(expected), Some(Value::Number(actual))) => {
            expected.as_f64() == actual.as_f64()
        }
        (Value::Object(expected), Some(Value::Object(actual))) => {
            expected.iter().all(|(field, value)| agrees(field, value, actual.get(field)))
        }
        (expected, actual) => actual == Some(expected),
    }
}

fn differences(expected: &Map<String, Value>, actual: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    for (field, value) in expected {
        match (value, actual.get(field)) {
            (Value::Object(inner), Some(Value::Object(actual))) => {
                found.extend(differences(inner, actual));
            }
            (value, actual) if !agrees(field, value, actual) => {
                found.push(format!("{field}: expected {value}, got {actual:?}"));
            }
            _ => {}
        }
    }
    found
}

fn check(number: u32) {
    compare(&decisions(number), &folder().join(format!("{number:02}.expected.jsonl")));
}

fn check_with_drift(number: u32) {
    let expected = folder().join("drift").join(format!("{number:02}.expected.jsonl"));
    compare(&decisions_with_drift(number), &expected);
}

fn compare(text: &str, expected: &Path) {
    let actual = objects(text);
    let name = expected.display();
    let expected =
        std::fs::read_to_string(expected).expect("the expected answers stand beside the scenario");
    let reads: HashMap<&str, &Map<String, Value>> =
        actual.iter().filter_map(|line| Some((line.get("id")?.as_str()?, line))).collect();
    let mut others = HashMap::<&str, Vec<&Map<String, Value>>>::new();
    for line in actual.iter().rev().filter(|line| !line.contains_key("id")) {
        others.entry(line["op"].as_str().expect("an op")).or_default().push(line);
    }
    let mut report = String::new();
    for line in objects(&expected) {
        let found = match line.get("id") {
            Some(id) => reads.get(id.as_str().expect("a string")).copied(),
            None => others.get_mut(line["op"].as_str().expect("an op")).and_then(Vec::pop),
        };
        let wrong = found.map_or_else(|| vec!["missing".to_owned()], |f| differences(&line, f));
        if !wrong.is_empty() {
            let read = line.get("id").unwrap_or_else(|| &line["op"]);
            writeln!(report, "{read} at {}: {}", line["t"], wrong.join("; ")).expect("a string");
        }
    }
    assert!(report.is_empty(), "{name}:\n{report}");
}

macro_rules! scenarios {
    ($check:ident; $($name:ident: $number:literal,)*) => {
        $(#[test]
        fn $name() {
            $check($number);
        })*
    };
}

scenarios! { check;
    scenario_01_is_answered_as_the_model_answers: 1,
    scenario_02_is_answered_as_the_model_answers: 2,
    scenario_03_is_answered_as_the_model_answers: 3,
    scenario_04_is_answered_as_the_model_answers: 4,
    scenario_05_is_answered_as_the_model_answers: 5,
    scenario_06_is_answered_as_the_model_answers: 6,
    scenario_07_is_answered_as_the_model_answers: 7,
    scenario_08_is_answered_as_the_model_answers: 8,
    scenario_09_is_answered_as_the_model_answers: 9,
    scenario_10_is_answered_as_the_model_answers: 10,
    scenario_11_is_answered_as_the_model_answers: 11,
    scenario_12_is_answered_as_the_model_answers: 12,
    scenario_13_is_answered_as_the_model_answers: 13,
    scenario_14_is_answered_as_the_model_answers: 14,
    scenario_15_is_answered_as_the_model_answers: 15,
    scenario_16_is_answered_as_the_model_answers: 16,
    scenario_17_is_answered_as_the_model_answers: 17,
    scenario_18_is_answered_as_the_model_answers: 18,
    scenario_19_is_answered_as_the_model_answers: 19,
    scenario_20_is_answered_as_the_model_answers: 20,
    scenario_21_is_answered_as_the_model_answers: 21,
    scenario_22_is_answered_as_the_model_answers: 22,
    scenario_23_is_answered_as_the_model_answers: 23,
    scenario_24_is_answered_as_the_model_answers: 24,
}

scenarios! { check_with_drift;
    scenario_01_with_drift_is_answered_as_the_model_answers: 1,
    scenario_02_with_drift_is_answered_as_the_model_answers: 2,
    scenario_03_with_drift_is_answered_as_the_model_answers: 3,
    scenario_04_with_drift_is_answered_as_the_model_answers: 4,
    scenario_05_with_drift_is_answered_as_the_model_answers: 5,
    scenario_06_with_drift_is_answered_as_the_model_answers: 6,
    scenario_07_with_drift_is_answered_as_the_model_answers: 7,
    scenario_08_with_drift_is_answered_as_the_model_answers: 8,
    scenario_09_with_drift_is_answered_as_the_model_answers: 9,
    scenario_10_with_drift_is_answered_as_the_model_answers: 10,
    scenario_11_with_drift_is_answered_as_the_model_answers: 11,
    scenario_12_with_drift_is_answered_as_the_model_answers: 12,
}
