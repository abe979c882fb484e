// The Rust version that each crate states: no older than what its dependencies state of theirs.
// Never knows: the language; what of std is too new for the stated version, clippy finds.
// Read next: `packages.rs`, which asks it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The libraries and the command: what is built by others. The rest takes the toolchain of this workspace.
const STATED: &[&str] = &["kairos-metrics", "kairos-cache", "kairos-cli"];

/// Numbers of a version; what is left out is zero.
fn numbers(version: &str) -> [u32; 3] {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(u32::MAX));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

/// What is wrong with the Rust versions in `metadata` and in the `readme`, which states them too.
pub(super) fn faults(metadata: &Value, readme: &str) -> Vec<String> {
    let packages = by_id(&metadata["packages"]);
    let nodes = by_id(&metadata["resolve"]["nodes"]);
    let mut faults = Vec::new();
    for (id, package) in &packages {
        let name = package["name"].as_str().unwrap_or_default();
        if !STATED.contains(&name) || !package["source"].is_null() {
            continue;
        }
        let stated = package["rust_version"].as_str().unwrap_or_default();
        if stated.is_empty() {
            faults.push(format!("{name}: states no rust-version"));
            continue;
        }
        for other in reached(id, &nodes) {
            let (other, wanted) = (&packages[other]["name"], &packages[other]["rust_version"]);
            // Who states none is not asked.
            let wanted = wanted.as_str().unwrap_or("0");
            if numbers(wanted) > numbers(stated) {
                let other = other.as_str().unwrap_or_default();
                faults.push(format!("{name}: states Rust {stated}, but {other} needs {wanted}"));
            }
        }
        if !readme.contains(&format!("| `{name}` | {stated} |")) {
            faults.push(format!("README.md: has no row of {name} with Rust {stated}"));
        }
    }
    faults
}

/// The names of the packages that are built for one of these crates.
pub(super) fn shipped<'a>(
    metadata: &'a Value,
    crates: impl Iterator<Item = &'a str>,
) -> BTreeSet<&'a str> {
    let packages = by_id(&metadata["packages"]);
    let nodes = by_id(&metadata["resolve"]["nodes"]);
    let crates: Vec<&str> = crates.collect();
    let is_one = |package: &Value| {
        package["source"].is_null() && package["name"].as_str().is_some_and(|n| crates.contains(&n))
    };
    let ids = packages.iter().filter(|(_, package)| is_one(package)).map(|(id, _)| *id);
    let reached = ids.flat_map(|id| reached(id, &nodes));
    reached.filter_map(|id| packages.get(id)?["name"].as_str()).collect()
}

fn by_id(list: &Value) -> BTreeMap<&str, &Value> {
    let rows = list.as_array().into_iter().flatten();
    rows.filter_map(|row| Some((row["id"].as_str()?, row))).collect()
}

/// The packages that are built for the one with this id, on any platform: neither for its tests nor
/// for the models.
fn reached<'a>(id: &'a str, nodes: &BTreeMap<&'a str, &'a Value>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::from([id]);
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        let dependencies = nodes.get(id).and_then(|node| node["deps"].as_array());
        for dependency in dependencies.into_iter().flatten() {
            let is_built = |kind: &Value| {
                let target = kind["target"].as_str().unwrap_or_default();
                kind["kind"] != "dev" && !target.contains("kairos_loom")
            };
            let mut kinds = dependency["dep_kinds"].as_array().into_iter().flatten();
            if let Some(other) = dependency["pkg"].as_str().filter(|_| kinds.any(is_built))
                && found.insert(other)
            {
                open.push(other);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A crate that states `stated` and reaches one that needs 1.88, if by such a dependency.
    fn metadata(stated: &Value, kind: &Value, target: &Value) -> Value {
        serde_json::json!({
            "packages": [
                {"id": "c", "name": "kairos-cache", "source": null, "rust_version": stated},
                {"id": "m", "name": "middle", "source": "registry", "rust_version": null},
                {"id": "n", "name": "needy", "source": "registry", "rust_version": "1.88.0"},
            ],
            "resolve": {"nodes": [
                {"id": "c", "deps": [{"pkg": "m", "dep_kinds": [{"kind": kind, "target": target}]}]},
                {"id": "m", "deps": [{"pkg": "n", "dep_kinds": [{"kind": null, "target": null}]}]},
                {"id": "n", "deps": []},
            ]},
        })
    }

    fn check(stated: &str, kind: &Value, target: &Value, expected: &[&str]) {
        let readme = format!("| `kairos-cache` | {stated} | the engine |");
        let found = faults(&metadata(&stated.into(), kind, target), &readme);
        assert_eq!(found, expected, "{stated}, {kind}, {target}");
    }

    #[test]
    fn what_a_crate_reaches_is_shipped() {
        let all = metadata(&"1.88".into(), &Value::Null, &Value::Null);
        let names = shipped(&all, ["kairos-cache"].into_iter());
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["kairos-cache", "middle", "needy"]);
        assert!(shipped(&all, ["kairos-cli"].into_iter()).is_empty());
    }

    #[test]
    fn a_crate_states_no_older_version_than_what_is_built_for_it() {
        let (none, dev) = (Value::Null, Value::from("dev"));
        let old = ["kairos-cache: states Rust 1.87, but needy needs 1.88.0"];
        check("1.87", &none, &none, &old);
        check("1.87", &Value::from("build"), &Value::from("cfg(windows)"), &old);
        for stated in ["1.88", "1.88.0", "1.100", "2"] {
            check(stated, &none, &none, &[]);
        }
        check("1.70", &dev, &none, &[]);
        check("1.70", &none, &Value::from("cfg(kairos_loom)"), &[]);
    }

    #[test]
    fn a_crate_states_its_version_and_the_readme_states_the_same() {
        let none = Value::Null;
        let silent = faults(&metadata(&none, &none, &none), "");
        assert_eq!(silent, ["kairos-cache: states no rust-version"]);
        let other = faults(&metadata(&"1.90".into(), &none, &none), "| `kairos-cache` | 1.88 |");
        assert_eq!(other, ["README.md: has no row of kairos-cache with Rust 1.90"]);
    }
}
