//! Each import rule with code that keeps it and code that breaks it.
//! Never knows: the production tree; the samples are the whole world.
//! Read next: `../imports.rs`, the rules.

use super::*;

type Check = fn(&File, &Tree) -> Vec<Finding>;

/// The messages of `check` over one file at `path`.
fn messages(check: Check, path: &str, text: &str) -> Vec<String> {
    let mut tree = Tree::default();
    for unit in ["slot", "scope", "sync", "cache", "novel"] {
        tree.insert(format!("crates/kairos-cache/src/{unit}.rs"), Vec::new());
    }
    check(&File::new(path, text), &tree).into_iter().map(|finding| finding.message).collect()
}

fn keeps(check: Check, path: &str, text: &str) {
    assert_eq!(messages(check, path, text), [""; 0], "{path}: {text}");
}

fn breaks(check: Check, path: &str, text: &str, message: &str) {
    let found = messages(check, path, text);
    assert!(found.iter().any(|m| m.contains(message)), "{path}: {text}: {found:?}");
}

const CACHE: &str = "crates/kairos-cache/src/cache.rs";
const SLOT: &str = "crates/kairos-cache/src/slot.rs";
const DECIDE: &str = "crates/kairos-cache/src/policy/decide.rs";
const CELL: &str = "crates/kairos-metrics/src/cell.rs";

#[test]
fn a_crate_names_only_crates_below_it() {
    keeps(crates, CACHE, "use kairos_metrics::Registry; // kairos_http::x");
    keeps(crates, "crates/kairos-metrics/examples/a.rs", "use kairos_metrics::Registry;");
    keeps(crates, "benches/src/main.rs", "use kairos_cache::Cache;");
    keeps(crates, CELL, "#[cfg(kairos_loom)] mod model {}");
    breaks(crates, CELL, "use kairos_cache::Cache;", "kairos-metrics must not name kairos-cache");
    breaks(crates, CACHE, "fn f() { kairos_http::serve() }", "must not name kairos-http");
    breaks(crates, "crates/kairos-metrics/tests/a.rs", "use kairos_cli::x;", "kairos-cli");
}

#[test]
fn a_manifest_names_only_crates_below_it() {
    let manifest = "crates/kairos-metrics/Cargo.toml";
    keeps(crates, manifest, "[package]\nname = \"kairos-metrics\"\n[dependencies]\nloom = \"1\"");
    for text in [
        "[dependencies]\nkairos-cache.workspace = true",
        "[dev-dependencies]\nkairos-cache = { path = \"x\" }",
        "[target.'cfg(unix)'.dependencies]\nkairos-cache = \"1\"",
        "[dependencies.kairos-cache]\nworkspace = true",
    ] {
        breaks(crates, manifest, text, "kairos-metrics must not name kairos-cache");
    }
    breaks(crates, "crates/kairos-new/Cargo.toml", "[package]", "has no row");
}

#[test]
fn a_module_names_only_modules_below_it() {
    keeps(layers, CACHE, "use crate::slot::Slot; use crate::{scope, sync::Mutex};");
    keeps(layers, SLOT, "use super::sync::Mutex; fn f() { crate::slot::g() }");
    keeps(layers, SLOT, "#[cfg(test)] mod tests { use crate::cache::Cache; use super::*; }");
    keeps(layers, "crates/kairos-cache/src/lib.rs", "pub use crate::cache::Cache;");
    keeps(layers, "crates/kairos-cli/src/args.rs", "use crate::main::X;");
    breaks(layers, SLOT, "use crate::{sync, cache::Cache};", "`cache`, which stands above it");
    breaks(layers, SLOT, "fn f(x: super::scope::Scope) {}", "`scope`, which stands above it");
    breaks(layers, SLOT, "use crate::Error;", "`crate::Error` goes through the crate root");
    breaks(layers, SLOT, "use super::*;", "`super::*` goes through the crate root");
    breaks(layers, "crates/kairos-cache/src/novel.rs", "", "`novel` has no place");
}

#[test]
fn no_module_has_two_places() {
    for (package, order) in LAYERS {
        for (at, unit) in order.iter().enumerate() {
            assert!(!order[at + 1..].contains(unit), "{package}: {unit}");
        }
    }
}

#[test]
fn the_modules_with_the_proofs_name_only_what_their_row_lists() {
    keeps(narrow, SLOT, "use crate::generation::Capture; use crate::sync::Mutex;");
    keeps(narrow, CACHE, "use crate::market::Odds;");
    breaks(narrow, SLOT, "use crate::policy::Now;", "not `policy`");
    breaks(narrow, "crates/kairos-cache/src/generation.rs", "use super::scope::Scope;", "`scope`");
    breaks(narrow, "crates/kairos-cache/src/flight.rs", "fn f(s: &crate::slot::S) {}", "`slot`");
}

#[test]
fn policy_names_itself_and_plain_data() {
    for text in [
        "use std::collections::VecDeque; use std::time::Duration; use core::fmt;",
        "use std::sync::Arc;",
        "use super::freshness::Freshness; use crate::policy::Now;",
        "mod inner { } use inner::X; use Zone::*;",
        "fn f() { fmt::Debug; u64::MAX; Strategy::ALL }",
        "#[cfg(test)] mod tests { use proptest::prelude::*; use std::time::Instant; }",
    ] {
        keeps(policy, DECIDE, text);
    }
    for (text, named) in [
        ("use crate::clock::Clock;", "crate::clock"),
        ("use super::super::sync::Mutex;", "sync::Mutex"),
        ("use std::time::{Duration, Instant};", "std::time::Instant"),
        ("use std::time;", "std::time"),
        ("use std::sync::atomic::AtomicU64;", "atomic"),
        ("use std::sync::Mutex;", "std::sync::Mutex"),
        ("use std::sync;", "std::sync"),
        ("fn f() { std::thread::yield_now() }", "std::thread"),
        ("use moka::sync::Cache;", "moka"),
        ("use serde::Serialize;", "serde"),
        ("fn f() { tokio::spawn(x) }", "tokio::spawn"),
        ("use kairos_metrics::Counter;", "kairos_metrics"),
        ("async fn f() {}", "async"),
        ("fn f() { x.await }", "await"),
    ] {
        breaks(policy, DECIDE, text, named);
    }
}

#[test]
fn a_plain_cache_owes_the_engine_nothing() {
    let plain = "crates/kairos-cli/src/columns/plain_ttl.rs";
    keeps(policy, plain, "use super::exposure::PriceHistory; // kairos_cache");
    breaks(policy, plain, "use kairos_cache::Zone;", "must not name the engine");
    breaks(policy, plain, "fn f() { kairos_cache::Sim::new(t); }", "must not name the engine");
}

#[test]
fn a_replay_does_not_ask_policy() {
    let replay = "crates/kairos-cli/src/columns/engine/run.rs";
    keeps(policy, replay, "use kairos_cache::Cache; // policy::decide");
    keeps(policy, "crates/kairos-cli/src/config.rs", "use kairos_cache::policy::Zone;");
    breaks(policy, replay, "use kairos_cache::{Cache, policy::decide};", "must not name policy");
    breaks(
        policy,
        "crates/kairos-cli/src/columns/engine/mod.rs",
        "use kairos_cache::policy;",
        "policy",
    );
}

#[test]
fn only_the_shim_names_primitives() {
    let shim_file = "crates/kairos-metrics/src/sync.rs";
    keeps(shim, shim_file, "pub(crate) use loom::sync::atomic::AtomicU64; use std::sync::Mutex;");
    keeps(shim, CELL, "use crate::sync::AtomicU64; use std::sync::{Arc, Weak};");
    keeps(shim, CACHE, "use std::sync::OnceLock;");
    keeps(shim, CACHE, "#[cfg(test)] mod tests { use std::sync::atomic::AtomicU64; }");
    keeps(shim, "crates/kairos-cli/src/main.rs", "use std::sync::Mutex;");
    for (path, text, named) in [
        (CELL, "use std::sync::atomic::{AtomicU64, Ordering};", "std::sync::atomic::Ordering"),
        (CACHE, "use std::sync::{Arc, Mutex};", "std::sync::Mutex"),
        (CACHE, "fn f() { std::sync::mpsc::channel() }", "std::sync::mpsc::channel"),
        (CACHE, "use core::sync::atomic;", "core::sync::atomic"),
        (CACHE, "use std::{fmt, sync};", "std::sync"),
        (CACHE, "use std::sync::*;", "std::sync::*"),
        (CACHE, "fn f() { loom::thread::spawn(g) }", "loom::thread::spawn"),
        (SLOT, "use std::sync::OnceLock;", "std::sync::OnceLock"),
    ] {
        breaks(shim, path, text, &format!("`sync` may name `{named}`"));
    }
}

#[test]
fn what_loom_runs_names_nothing_opaque() {
    keeps(modelled, SLOT, "use crossbeam_utils::CachePadded; use std::task::Waker;");
    keeps(modelled, CACHE, "use dashmap::DashMap; use tokio::runtime::Handle;");
    breaks(modelled, SLOT, "use parking_lot::Mutex;", "parking_lot");
    breaks(modelled, CELL, "fn f(x: arc_swap::ArcSwap<u8>) {}", "arc_swap");
}

#[test]
fn only_the_store_names_moka() {
    keeps(fenced, "crates/kairos-cache/src/store.rs", "use moka::sync::Cache;");
    keeps(fenced, "crates/kairos-cache/src/store/weigh.rs", "use moka::sync::Cache;");
    keeps(fenced, "benches/src/bin/cache.rs", "use moka::sync::Cache;");
    keeps(fenced, CACHE, "// moka::sync::Cache\nlet a = \"moka::x\"; x.moka();");
    breaks(fenced, CACHE, "use moka::sync::Cache;", "only `store` may name moka");
    breaks(fenced, CACHE, "fn f(x: ::moka::Expiry) {}", "only `store` may name moka");
    breaks(fenced, CACHE, "use moka;", "only `store` may name moka");
}
