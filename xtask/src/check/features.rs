// Each feature of a package alone, what it does not bring, each package whose default features are not
// all of them with those, and a program built to abort at a panic.
// Never knows: what a feature adds.
// Read next: `ci.rs`, whose other steps turn every feature on.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::packages::metadata;
use crate::failure::{Failure, no_arguments};
use crate::invocation::Invocation;

/// A package, a feature, and which of the package's optional dependencies that feature alone builds.
/// Without any feature none of them is built.
const BROUGHT: &[(&str, &str, &str)] = &[
    ("kairos-metrics", "hdrhistogram", "hdrhistogram"),
    ("kairos-metrics", "hdr-log", "hdrhistogram flate2 nom"),
    ("kairos-metrics", "facade", "metrics"),
    ("kairos-cache", "hdrhistogram", "hdrhistogram"),
    ("kairos-cache", "serde", "humantime-serde"),
    ("kairos-cache", "toml", "humantime-serde toml"),
];

/// A package and its feature that no check builds: the peers of the benchmarks.
const UNBUILT: (&str, &str) = ("benches", "peers");

/// Checks which dependencies each feature brings. Lints each package that has features without any
/// and with each alone, runs its tests with the default ones unless those are all, checks what a plain
/// `cargo run` builds, and runs a program that aborts at a panic.
///
/// # Errors
///
/// [`Failure::Usage`] for arguments, [`Failure::Failed`] at the first line that fails.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    no_arguments("features", args)?;
    let faults = strays(BROUGHT, |package, features| packages_of(root, package, features))?;
    if !faults.is_empty() {
        return Err(Failure::Failed(faults.join("; ")));
    }
    let lines = lines(&metadata(root, "--no-deps")?);
    lines.iter().try_for_each(|line| Invocation::words(line).run(root))
}

/// The packages that are built for `package` with `features` alone.
fn packages_of(root: &Path, package: &str, features: &str) -> Result<Vec<String>, Failure> {
    let line = format!(
        "cargo tree --locked -p {package} --no-default-features --edges normal --prefix none"
    );
    let flags = (!features.is_empty()).then_some(["--features", features]);
    let text = Invocation::words(&line).args(flags.into_iter().flatten()).output(root)?;
    Ok(text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
}

/// Where a package builds what only another feature should bring, or does not build what its feature
/// should; `built` returns what is built of a package with its features.
fn strays(
    brought: &[(&str, &str, &str)],
    built: impl Fn(&str, &str) -> Result<Vec<String>, Failure>,
) -> Result<Vec<String>, Failure> {
    let mut faults = Vec::new();
    let none = brought.iter().map(|(package, ..)| (*package, "", ""));
    let rows: BTreeSet<(&str, &str, &str)> = none.chain(brought.iter().copied()).collect();
    for (package, feature, own) in rows {
        let found = built(package, feature)?;
        let of_package = brought.iter().filter(|(other, ..)| *other == package);
        let names: BTreeSet<&str> =
            of_package.flat_map(|(_, _, names)| names.split_whitespace()).collect();
        for name in names {
            let is_wanted = own.split_whitespace().any(|wanted| wanted == name);
            let is_found = found.iter().any(|other| other == name);
            if is_wanted != is_found {
                let verb = if is_found { "builds" } else { "does not build" };
                faults.push(format!("{package} with features [{feature}] {verb} {name}"));
            }
        }
    }
    Ok(faults)
}

fn lines(metadata: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let features: Vec<&String> =
            package["features"].as_object().into_iter().flat_map(|f| f.keys()).collect();
        if features.is_empty() {
            continue;
        }
        let is_built = |feature: &&String| **feature != "default" && (name, &***feature) != UNBUILT;
        let alone: Vec<&String> = features.into_iter().filter(is_built).collect();
        let by_default: Vec<&str> = package["features"]["default"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let are_all_default = alone.iter().all(|feature| by_default.contains(&feature.as_str()));
        let flags = alone.iter().map(|feature| format!(" --features {feature}"));
        lines.extend([String::new()].into_iter().chain(flags).map(|flag| {
            format!(
                "cargo clippy -p {name} --all-targets --no-default-features{flag} -- -Dwarnings"
            )
        }));
        // Where the default features are all there are, the other steps test with them.
        if !are_all_default {
            lines.push(format!("cargo test -p {name}"));
        }
    }
    lines.push("cargo clippy -- -Dwarnings".into());
    lines.push("cargo run -p kairos-cache --profile abort --example tour".into());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_is_built_with_the_features_that_bring_it_and_no_other() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let built = |package: &str, features: &str| packages_of(&root, package, features);
        let faults = strays(BROUGHT, built);
        assert!(matches!(&faults, Ok(none) if none.is_empty()), "{faults:?}");
    }

    #[test]
    fn a_dependency_that_strays_and_one_that_is_missing_are_found() {
        let brought = [("a", "x", "left"), ("a", "y", "right")];
        let built = |_: &str, features: &str| {
            Ok(match features {
                "" => vec!["a".into(), "left".into()],
                "x" => vec!["a".into()],
                _ => vec!["a".into(), "right".into()],
            })
        };
        let faults = strays(&brought, built).expect("nothing is run");
        assert_eq!(
            faults,
            ["a with features [] builds left", "a with features [x] does not build left"]
        );
    }

    #[test]
    fn each_feature_is_linted_alone_and_the_default_ones_are_tested() {
        let metadata = serde_json::json!({"packages": [
            {"name": "a", "features": {"default": ["x"], "x": [], "y": ["dep:z"]}},
            {"name": "b", "features": {}},
            {"name": "c", "features": {"default": ["x"], "x": []}},
            {"name": "benches", "features": {"peers": ["dep:z"]}},
        ]});
        assert_eq!(
            lines(&metadata),
            [
                "cargo clippy -p a --all-targets --no-default-features -- -Dwarnings",
                "cargo clippy -p a --all-targets --no-default-features --features x -- -Dwarnings",
                "cargo clippy -p a --all-targets --no-default-features --features y -- -Dwarnings",
                "cargo test -p a",
                "cargo clippy -p c --all-targets --no-default-features -- -Dwarnings",
                "cargo clippy -p c --all-targets --no-default-features --features x -- -Dwarnings",
                "cargo clippy -p benches --all-targets --no-default-features -- -Dwarnings",
                "cargo clippy -- -Dwarnings",
                "cargo run -p kairos-cache --profile abort --example tour",
            ]
        );
    }
}
