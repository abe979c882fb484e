// Each feature of a package alone, each package that has features with its default ones, and a program
// built to abort at a panic.
// Never knows: what a feature adds.
// Read next: `ci.rs`, whose other steps turn every feature on.

use std::path::Path;

use serde_json::Value;

use super::packages::metadata;
use crate::failure::{Failure, no_arguments};
use crate::invocation::Invocation;

/// Lints each package that has features without any and with each alone, runs its tests with the
/// default ones, checks what a plain `cargo run` builds, and runs a program that aborts at a panic.
///
/// # Errors
///
/// [`Failure::Usage`] for arguments, [`Failure::Failed`] at the first line that fails.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    no_arguments("features", args)?;
    let lines = lines(&metadata(root, "--no-deps")?);
    lines.iter().try_for_each(|line| Invocation::words(line).run(root))
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
        let alone = features.into_iter().filter(|feature| *feature != "default");
        let flags = alone.map(|feature| format!(" --features {feature}"));
        lines.extend([String::new()].into_iter().chain(flags).map(|flag| {
            format!(
                "cargo clippy -p {name} --all-targets --no-default-features{flag} -- -Dwarnings"
            )
        }));
        lines.push(format!("cargo test -p {name}"));
    }
    lines.push("cargo clippy -- -Dwarnings".into());
    lines.push("cargo run -p kairos-cache --profile abort --example tour".into());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_feature_is_linted_alone_and_the_default_ones_are_tested() {
        let metadata = serde_json::json!({"packages": [
            {"name": "a", "features": {"default": ["x"], "x": [], "y": ["dep:z"]}},
            {"name": "b", "features": {}},
        ]});
        assert_eq!(
            lines(&metadata),
            [
                "cargo clippy -p a --all-targets --no-default-features -- -Dwarnings",
                "cargo clippy -p a --all-targets --no-default-features --features x -- -Dwarnings",
                "cargo clippy -p a --all-targets --no-default-features --features y -- -Dwarnings",
                "cargo test -p a",
                "cargo clippy -- -Dwarnings",
                "cargo run -p kairos-cache --profile abort --example tour",
            ]
        );
    }
}
