// The packages of this workspace and those it depends on: licences, sources, order, use, compilers.
// Never knows: what a package does.
// Read next: `licence.rs`, which judges one licence; `compilers.rs` for Rust versions.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{compilers, licence};
use crate::failure::{Failure, no_arguments};
use crate::invocation::Invocation;

/// A crate and the crates of this workspace that it may depend on; a crate may have its row before it
/// is there. What is not in a row (models, benchmarks, developer commands) stands above all of them.
const CRATES: &[(&str, &[&str])] = &[
    ("kairos-metrics", &[]),
    ("kairos-cache", &["kairos-metrics"]),
    ("kairos-http", &["kairos-metrics", "kairos-cache"]),
    ("kairos-redis", &["kairos-metrics", "kairos-cache"]),
    ("kairos-cli", &["kairos-metrics", "kairos-cache", "kairos-http", "kairos-redis"]),
];

/// Dependencies that no source names: the package, the dependency, and why it is there.
const UNNAMED: &[(&str, &str, &str)] = &[];

/// Packages of a licence that is not allowed, and which: peers of the benchmarks bring them, and no crate
/// of this workspace that others build may reach them.
const PEERS_ONLY: &[(&str, &str)] = &[("tiny-keccak", "CC0-1.0")];

/// Checks every package that the lock file names.
///
/// # Errors
///
/// [`Failure::Usage`] for arguments, [`Failure::Failed`] with the number of faults that it printed.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    no_arguments("packages", args)?;
    let metadata = metadata(root, "")?;
    let packages: Vec<Package> = packages(&metadata);
    let read = |name: &str| {
        fs::read_to_string(root.join(name))
            .map_err(|error| Failure::Failed(format!("{name}: {error}")))
    };
    let (manifest, readme) = (read("Cargo.toml")?, read("README.md")?);
    let shipped = compilers::shipped(&metadata, CRATES.iter().map(|row| row.0));
    let is_excused = |package: &&Package| {
        let row = (package.name.as_str(), package.licence.as_str());
        PEERS_ONLY.contains(&row) && !shipped.contains(row.0)
    };
    let judged = packages.iter().filter(|package| !is_excused(package));
    let mut faults: Vec<String> = judged.flat_map(strangers).collect();
    let own: Vec<&Package> = packages.iter().filter(|package| package.is_own()).collect();
    faults.extend(own.iter().flat_map(|package| climbing(package)));
    for package in &own {
        faults.extend(unused(package, &|folder| sources(&package.folder.join(folder))));
    }
    faults.extend(unclaimed(&manifest, &own));
    faults.extend(compilers::faults(&metadata, &readme));
    for fault in &faults {
        println!("{fault}");
    }
    println!("packages: {}, {} faults", packages.len(), faults.len());
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Failure::Failed(format!("{} faults of packages", faults.len())))
    }
}

/// What `cargo metadata` says of the workspace at `root`.
///
/// # Errors
///
/// [`Failure::Failed`] when cargo fails, as it does where the lock file has to change.
pub(super) fn metadata(root: &Path, further: &str) -> Result<Value, Failure> {
    let line = format!("cargo metadata --format-version 1 --locked {further}");
    let text = Invocation::words(&line).output(root)?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::Failed(format!("cargo metadata printed no JSON: {error}")))
}

/// A package as cargo describes it.
struct Package {
    name: String,
    licence: String,
    /// Empty for one of this workspace.
    source: String,
    folder: PathBuf,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    /// As the manifest names it.
    name: String,
    is_dev: bool,
    /// Of another registry than the default one.
    is_foreign: bool,
}

impl Package {
    fn is_own(&self) -> bool {
        self.source.is_empty()
    }
}

fn packages(metadata: &Value) -> Vec<Package> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let dependency = |value: &Value| Dependency {
        name: text(value["rename"].as_str().map_or(&value["name"], |_| &value["rename"])),
        is_dev: value["kind"] == "dev",
        is_foreign: !value["registry"].is_null(),
    };
    let package = |value: &Value| Package {
        name: text(&value["name"]),
        licence: text(&value["license"]),
        source: text(&value["source"]),
        folder: PathBuf::from(text(&value["manifest_path"]))
            .parent()
            .map(PathBuf::from)
            .unwrap_or_default(),
        dependencies: list(&value["dependencies"]).iter().map(dependency).collect(),
    };
    list(&metadata["packages"]).iter().map(package).collect()
}

/// What `package` has of a licence or a source that is not wanted.
fn strangers(package: &Package) -> Vec<String> {
    let Package { name, licence, source, .. } = package;
    let mut faults = Vec::new();
    if !licence::is_allowed(licence) {
        faults.push(format!("{name}: the licence `{licence}` is not among the allowed ones"));
    }
    if !source.is_empty() && !source.starts_with("registry+") {
        faults.push(format!("{name}: the source `{source}` is no registry"));
    }
    let foreign = package.dependencies.iter().filter(|dependency| dependency.is_foreign);
    faults.extend(foreign.map(|Dependency { name: foreign, .. }| {
        format!("{name}: {foreign} is not of the default registry")
    }));
    faults
}

/// The dependencies of one of this workspace's crates that stand above it.
fn climbing(package: &Package) -> Vec<String> {
    let name = package.name.as_str();
    let Some((_, below)) = CRATES.iter().find(|(row, _)| *row == name) else {
        let in_crates = package.folder.parent().is_some_and(|folder| folder.ends_with("crates"));
        let fault = format!("{name}: has no row in the table of crates (check/packages.rs)");
        return in_crates.then_some(fault).into_iter().collect();
    };
    let named = package.dependencies.iter().map(|dependency| dependency.name.as_str());
    named
        .filter(|other| other.starts_with("kairos-") && !below.contains(other))
        .map(|other| format!("{name}: must not depend on {other}"))
        .collect()
}

/// The dependencies of `package` that its code does not name; `sources` returns the code in a folder
/// of the package. What only tests name is a dependency for development.
fn unused(package: &Package, sources: &dyn Fn(&str) -> String) -> Vec<String> {
    let production = sources("src");
    let others: String = ["tests", "examples", "benches"].map(sources).concat();
    let is_library = CRATES.iter().any(|(row, _)| *row == package.name);
    let is_named = |dependency: &&Dependency| {
        let name = dependency.name.replace('-', "_");
        let only_production = is_library && !dependency.is_dev;
        names(&production, &name) || (!only_production && names(&others, &name))
    };
    let is_excused = |name: &str| UNNAMED.iter().any(|row| (row.0, row.1) == (&package.name, name));
    package
        .dependencies
        .iter()
        .filter(|dependency| !is_named(dependency) && !is_excused(&dependency.name))
        .map(|dependency| format!("{}: no source names {}", package.name, dependency.name))
        .collect()
}

/// Whether code names the crate: as the start of a path, in a `use`, or in the text of an attribute.
fn names(code: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let code_lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    code_lines.into_iter().any(|line| {
        line.match_indices(name).any(|(at, _)| {
            let (before, after) = (&line[..at], &line[at + name.len()..]);
            let starts =
                !before.ends_with(is_word) && !before.trim_end_matches("::").ends_with(is_word);
            let imports = before.ends_with("use ") || before.ends_with("extern crate ");
            starts
                && (after.starts_with("::")
                    || (imports && !after.starts_with(is_word))
                    || before.ends_with('"') && after.starts_with('"'))
        })
    })
}

/// The dependencies in the table of the root's `manifest` that no package asks for.
fn unclaimed(manifest: &str, own: &[&Package]) -> Vec<String> {
    let table = manifest.split("[workspace.dependencies]").nth(1).unwrap_or_default();
    let rows = table.lines().take_while(|line| !line.starts_with('['));
    rows.filter_map(|row| row.split([' ', '.', '=']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .filter(|name| {
            !own.iter().any(|package| package.dependencies.iter().any(|d| d.name == *name))
        })
        .map(|name| format!("Cargo.toml: no package depends on {name}"))
        .collect()
}

/// The Rust code in `folder` and below it; nothing where there is no such folder.
fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let read = |path: PathBuf| match path.is_dir() {
        true => sources(&path),
        false if path.extension().is_some_and(|end| end == "rs") => {
            fs::read_to_string(&path).unwrap_or_default()
        }
        false => String::new(),
    };
    entries.map(|entry| read(entry.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, licence: &str, source: &str, dependencies: &Value) -> Package {
        let value = serde_json::json!({"packages": [{
            "name": name, "license": licence, "source": source,
            "manifest_path": format!("/x/crates/{name}/Cargo.toml"), "dependencies": dependencies,
        }]});
        packages(&value).pop().expect("one package")
    }

    #[test]
    fn licences_and_sources_that_are_not_wanted_are_found() {
        let none = serde_json::json!([]);
        assert_eq!(strangers(&package("a", "MIT", "registry+x", &none)), [""; 0]);
        let found = strangers(&package("a", "GPL-3.0", "git+x", &none));
        assert!(found[0].contains("`GPL-3.0`") && found[1].contains("`git+x`"), "{found:?}");
        let other = serde_json::json!([{"name": "b", "registry": "https://other"}]);
        let found = strangers(&package("a", "MIT", "", &other));
        assert_eq!(found, ["a: b is not of the default registry"]);
    }

    #[test]
    fn a_crate_depends_on_crates_below_it() {
        let on = |name: &str, other: &str| {
            climbing(&package(name, "MIT", "", &serde_json::json!([{"name": other}])))
        };
        assert_eq!(on("kairos-cache", "kairos-metrics"), [""; 0]);
        assert_eq!(on("kairos-metrics", "serde"), [""; 0]);
        let found = on("kairos-metrics", "kairos-cache");
        assert_eq!(found, ["kairos-metrics: must not depend on kairos-cache"]);
        assert!(on("kairos-new", "serde")[0].contains("no row"));
    }

    #[test]
    fn a_dependency_that_no_source_names_is_found() {
        let found = |dependencies: Value, src: &str, tests: &str| {
            unused(&package("kairos-cache", "MIT", "", &dependencies), &|folder| match folder {
                "src" => src.to_owned(),
                "tests" => tests.to_owned(),
                _ => String::new(),
            })
        };
        let normal = || serde_json::json!([{"name": "a-b", "kind": null}]);
        let dev = || serde_json::json!([{"name": "a-b", "kind": "dev"}]);
        for code in ["use a_b;", "f(a_b::c)", "pub use ::a_b::{c};", "#[serde(with = \"a_b\")]"] {
            assert_eq!(found(normal(), code, ""), [""; 0], "{code}");
            assert_eq!(found(dev(), "", code), [""; 0], "{code}");
        }
        for code in ["", "// a_b::c", "crate::a_b::c", "a_b_c::d", "xa_b::c", "let a_b = 1;"] {
            let unnamed = ["kairos-cache: no source names a-b"];
            assert_eq!(found(normal(), code, "use a_b;"), unnamed, "{code}");
        }
        let renamed = serde_json::json!([{"name": "x", "rename": "a_b"}]);
        assert_eq!(found(renamed, "a_b::c()", ""), [""; 0]);
    }

    #[test]
    fn a_row_of_the_workspace_that_no_package_takes_is_found() {
        let manifest =
            "[x]\n[workspace.dependencies]\n# b\na.path = \"a\"\n\nb = \"1\"\n[y]\nc = 1";
        let on = package("p", "MIT", "", &serde_json::json!([{"name": "a"}]));
        assert_eq!(unclaimed(manifest, &[&on]), ["Cargo.toml: no package depends on b"]);
    }
}
