//! The import rules: crates downward, modules downward, policy pure, one door per dependency.
//! Never knows: the tables' reasons; test code, which may name what it likes, except crates above.
//! Read next: `layers.rs`, the tables.

use super::Finding;
use super::file::{File, Place};
use super::layers::{
    CRATES, DEPENDENCIES, FENCED, IMPURE, LAYERS, LAZY_STATICS, MODELLED, NARROW, OPAQUE, PURE,
    SHARED_POINTERS, SHIM, SHIMMED, row,
};
use super::paths::Named;
use super::tree::Tree;

/// A crate names no crate of this workspace that stands above it, in code or in its manifest.
pub(crate) fn crates(file: &File, _: &Tree) -> Vec<Finding> {
    let Some(package) = file.path().strip_prefix("crates/").and_then(|p| p.split('/').next())
    else {
        return Vec::new();
    };
    let Some(allowed) = row(CRATES, package) else {
        // Told once per crate, at its manifest.
        let message = format!("crate `{package}` has no row in the table of crates (layers.rs)");
        let manifest = file.name() == "Cargo.toml";
        return manifest.then(|| Finding::new(1, message)).into_iter().collect();
    };
    let judge = |line: usize, name: String| {
        let may = name == package || allowed.contains(&name.as_str());
        (!may).then(|| Finding::new(line, format!("{package} must not name {name}")))
    };
    if file.name() == "Cargo.toml" {
        return dependencies(file.text()).filter_map(|(line, name)| judge(line, name)).collect();
    }
    file.paths()
        .into_iter()
        .filter(|path| path.is_rooted() && path.segments[0].starts_with("kairos_"))
        .filter_map(|path| judge(path.line, path.segments[0].replace('_', "-")))
        .collect()
}

/// The keys of a manifest that name a crate of this workspace, outside its `[package]` table.
fn dependencies(manifest: &str) -> impl Iterator<Item = (usize, String)> {
    let mut table = "";
    (1..).zip(manifest.lines()).filter_map(move |(number, line)| {
        let line = line.trim();
        let key = if let Some(header) = line.strip_prefix('[') {
            table = header.trim_end_matches(']');
            table.rsplit_once("dependencies.").map(|(_, name)| name)
        } else if table.ends_with("dependencies") {
            Some(line)
        } else {
            None
        };
        let name = key?.split([' ', '.', '=']).next()?.trim_matches('"');
        name.starts_with("kairos-").then(|| (number, name.to_string()))
    })
}

/// A module names only modules below it, and by their own names: a name taken from the crate root
/// would hide which way the import runs.
pub(crate) fn layers(file: &File, tree: &Tree) -> Vec<Finding> {
    let Some((place, order)) =
        file.place().and_then(|place| row(LAYERS, &place.package).map(|order| (place, order)))
    else {
        return Vec::new();
    };
    let own = place.unit();
    let rank = |unit: &str| order.iter().position(|name| *name == unit);
    if own == "lib" || file.is_test_file() {
        return Vec::new();
    }
    let Some(own_rank) = rank(own) else {
        let message = format!("module `{own}` has no place in the layers of {}", place.package);
        return vec![Finding::new(1, format!("{message} (layers.rs)"))];
    };
    let judge = |path: &Named, target: &str| match rank(target) {
        _ if target == own => None,
        Some(other) if other > own_rank => None,
        Some(_) => Some(format!("`{own}` must not name `{target}`, which stands above it")),
        // Told once, at that module's own file.
        None if is_module(tree, &place.package, target) => None,
        None => Some(format!("`{}` goes through the crate root: name its module", path.text())),
    };
    in_crate(file, &place)
        .into_iter()
        .filter_map(|(path, target)| judge(&path, &target).map(|m| Finding::new(path.line, m)))
        .collect()
}

/// The modules that carry the proofs name nothing of their crate but what their row lists.
pub(crate) fn narrow(file: &File, _: &Tree) -> Vec<Finding> {
    let Some(place) = file.place() else { return Vec::new() };
    let own = place.unit();
    let row = NARROW.iter().find(|(package, unit, _)| *package == place.package && *unit == own);
    let Some((_, _, allowed)) = row else { return Vec::new() };
    in_crate(file, &place)
        .into_iter()
        .filter(|(_, target)| target != own && !allowed.contains(&target.as_str()))
        .map(|(path, target)| {
            let message = format!("`{own}` may name only {}; not `{target}`", allowed.join(", "));
            Finding::new(path.line, message)
        })
        .collect()
}

/// Policy is a pure function: it names itself and what of `std` is plain data.
pub(crate) fn policy(file: &File, _: &Tree) -> Vec<Finding> {
    let Some(place) = file.place() else { return Vec::new() };
    // The replay judges decisions by their effects; asking policy would make it its own witness.
    if place.package == "kairos-cli" && place.module.join("::").starts_with("columns::engine") {
        return production(file)
            .filter(|path| path.segments.iter().any(|segment| segment == "policy"))
            .map(|path| Finding::new(path.line, "a replay must not name policy"))
            .collect();
    }
    // What the engine is measured against must owe it nothing.
    if place.package == "kairos-cli" && place.module.join("::").starts_with("columns::plain_ttl") {
        return production(file)
            .filter(|path| path.segments[0] == "kairos_cache")
            .map(|path| Finding::new(path.line, "a plain cache must not name the engine"))
            .collect();
    }
    if (place.package.as_str(), place.unit()) != PURE || file.is_test_file() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for path in production(file) {
        let pure = match path.in_crate(&place.module) {
            Some(inside) => inside.first() == Some(&PURE.1),
            None => is_pure(&path, file),
        };
        if !pure {
            findings
                .push(Finding::new(path.line, format!("policy is pure: not `{}`", path.text())));
        }
    }
    let tokens = file.rust().into_iter().flat_map(|rust| &rust.tokens);
    let waits = tokens.filter(|t| t.text == "async" || t.text == "await");
    findings.extend(
        waits
            .filter(|token| !file.is_test_line(token.line))
            .map(|token| Finding::new(token.line, format!("policy is pure: no `{}`", token.text))),
    );
    findings
}

/// Whether a path that does not start in the crate is plain data.
fn is_pure(path: &Named, file: &File) -> bool {
    let first = path.segments[0].as_str();
    if is_std(path) {
        let rest: Vec<&str> = path.segments[1..].iter().map(String::as_str).collect();
        return !IMPURE.iter().any(|impure| rest.starts_with(impure))
            && rest != ["time"]
            && (rest.first() != Some(&"sync")
                || rest.len() > 1 && SHARED_POINTERS.contains(&rest[1]));
    }
    if !path.imported {
        return !DEPENDENCIES.contains(&first) && !first.starts_with("kairos_");
    }
    // What is imported is a child module of this file, or a type of it whose variants are named.
    let rust = file.rust().expect("only Rust files have paths");
    let child = (0..rust.tokens.len()).any(|at| rust.matches(at, &["mod", first]));
    child || first.starts_with(char::is_uppercase)
}

/// In the shimmed crates only the shim names loom and std's atomics, locks and channels.
pub(crate) fn shim(file: &File, _: &Tree) -> Vec<Finding> {
    let Some(place) = file.place() else { return Vec::new() };
    if !SHIMMED.contains(&place.package.as_str()) || place.unit() == SHIM {
        return Vec::new();
    }
    let modelled = is_modelled(&place);
    let judge = |path: &Named| {
        let third = path.segments.get(2).map_or("", String::as_str);
        if path.segments[0] == "loom" {
            return true;
        }
        is_std(path)
            && path.segments.get(1).is_some_and(|second| second == "sync")
            && !SHARED_POINTERS.contains(&third)
            && (modelled || !LAZY_STATICS.contains(&third))
    };
    production(file)
        .filter(judge)
        .map(|path| Finding::new(path.line, format!("only `{SHIM}` may name `{}`", path.text())))
        .collect()
}

/// What loom runs names nothing that loom cannot see.
pub(crate) fn modelled(file: &File, _: &Tree) -> Vec<Finding> {
    if !file.place().is_some_and(|place| is_modelled(&place)) {
        return Vec::new();
    }
    production(file)
        .filter(|path| OPAQUE.contains(&path.segments[0].as_str()))
        .map(|path| {
            Finding::new(path.line, format!("loom cannot see through `{}`", path.segments[0]))
        })
        .collect()
}

/// A fenced dependency is named in one module.
pub(crate) fn fenced(file: &File, _: &Tree) -> Vec<Finding> {
    let Some(place) = file.place() else { return Vec::new() };
    let fences = FENCED
        .iter()
        .filter(|(package, door, _)| *package == place.package && *door != place.unit());
    fences
        .flat_map(|(_, door, dependency)| {
            production(file)
                .filter(|path| path.segments[0] == *dependency)
                .map(|path| Finding::new(path.line, format!("only `{door}` may name {dependency}")))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn production(file: &File) -> impl Iterator<Item = Named> {
    file.production_paths().into_iter().filter(Named::is_rooted)
}

/// The paths into the file's own crate, each with the module that it names.
fn in_crate(file: &File, place: &Place) -> Vec<(Named, String)> {
    production(file)
        .filter_map(|path| {
            let target = (*path.in_crate(&place.module)?.first()?).to_string();
            Some((path, target))
        })
        .collect()
}

fn is_modelled(place: &Place) -> bool {
    row(MODELLED, &place.package).is_some_and(|units| units.contains(&place.unit()))
}

fn is_module(tree: &Tree, package: &str, unit: &str) -> bool {
    let path = format!("crates/{package}/src/{unit}");
    tree.contains(&format!("{path}.rs")) || tree.contains(&path)
}

fn is_std(path: &Named) -> bool {
    matches!(path.segments[0].as_str(), "std" | "core" | "alloc")
}

#[cfg(test)]
mod tests;
