//! The rules together, over a checkout made for the purpose.
//! Never knows: this workspace's own files.
//! Read next: `mod.rs`, the table of rules.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;

/// A git checkout in a folder of its own, gone when dropped.
struct Checkout(PathBuf);

impl Checkout {
    fn new(name: &str, files: &[(&str, &str)]) -> Checkout {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        let checkout = Checkout(folder);
        std::fs::create_dir_all(&checkout.0).expect("a folder");
        let mut git = Command::new("git");
        git.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
        let status = git.args(["init", "--quiet"]).current_dir(&checkout.0).status();
        assert!(status.expect("git runs").success());
        for (path, text) in files {
            let path = checkout.0.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder above")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        checkout
    }

    fn report(&self) -> Vec<String> {
        let tree = Tree::read(&self.0).expect("a checkout");
        report(&tree).into_iter().map(|(_, line)| line).collect()
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        // What stays behind in the temporary folder harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const HEADER: &str = "//! What.\n//! Never.\n//! Next.\n";

#[test]
fn every_rule_finds_its_file_and_its_line() {
    let long = format!("{HEADER}{}", "fn f() {}\n".repeat(400));
    let source = |text: &str| format!("{HEADER}{text}");
    let checkout = Checkout::new(
        "every-rule",
        &[
            ("crates/kairos-metrics/src/a.rs", &source("use kairos_cache::Cache;")),
            ("crates/kairos-cache/src/slot.rs", &source("use crate::cache::Cache;")),
            ("crates/kairos-cache/src/flight.rs", &source("use crate::policy::Now;")),
            ("crates/kairos-cache/src/policy/mod.rs", &source("use std::time::Instant;")),
            ("crates/kairos-cache/src/market.rs", &source("use std::sync::Mutex;")),
            ("crates/kairos-cache/src/generation.rs", &source("use dashmap::DashMap;")),
            ("crates/kairos-cache/src/cache.rs", &source("use moka::sync::Cache;")),
            ("crates/kairos-cache/src/near.rs", &source("fn f() { Instant::now(); }")),
            ("crates/kairos-cli/src/x.rs", &source(concat!("// FIX", "ME"))),
            ("crates/kairos-cli/src/utils.rs", HEADER),
            ("crates/kairos-cli/src/long.rs", &long),
            ("crates/kairos-cli/src/bare.rs", "fn f() {}\n"),
            ("crates/kairos-cli/src/order.rs", &source("\n\n\n\nfn f() { a.load(Relaxed); }")),
            ("docs/page.md", "[a](gone.md)\n"),
            ("loom-tests/tests/x.rs", &source("fn f() { std::thread::sleep(d) }")),
        ],
    );
    let report = checkout.report();
    for (place, rule) in [
        ("crates/kairos-metrics/src/a.rs:4", "crates"),
        ("crates/kairos-cache/src/slot.rs:4", "layers"),
        ("crates/kairos-cache/src/flight.rs:4", "narrow"),
        ("crates/kairos-cache/src/policy/mod.rs:4", "policy"),
        ("crates/kairos-cache/src/market.rs:4", "shim"),
        ("crates/kairos-cache/src/generation.rs:4", "modelled"),
        ("crates/kairos-cache/src/cache.rs:4", "fenced"),
        ("crates/kairos-cache/src/near.rs:4", "clock"),
        ("crates/kairos-cli/src/x.rs:4", "word"),
        ("crates/kairos-cli/src/utils.rs:1", "module-name"),
        ("crates/kairos-cli/src/long.rs:1", "length"),
        ("crates/kairos-cli/src/bare.rs:1", "header"),
        ("crates/kairos-cli/src/order.rs:8", "ordering"),
        ("docs/page.md:1", "link"),
        ("loom-tests/tests/x.rs:4", "sleep"),
    ] {
        let start = format!("{place}: [{rule}] ");
        assert!(report.iter().any(|line| line.starts_with(&start)), "{start} not in {report:#?}");
    }
    for rule in RULES {
        let tag = format!("[{}]", rule.name);
        assert!(report.iter().any(|line| line.contains(&tag)), "no sample for {tag}");
    }
    assert!(matches!(run(&checkout.0, &[]), Err(Failure::Failed(_))));
}

#[test]
fn ignored_files_are_not_read_and_long_ones_fail_only_when_asked() {
    let long = format!("{HEADER}{}", "fn f() {}\n".repeat(400));
    let checkout = Checkout::new(
        "ignored",
        &[
            (".gitignore", "/target\n"),
            ("target/x.rs", concat!("// TO", "DO")),
            ("crates/kairos-cli/src/long.rs", &long),
        ],
    );
    assert_eq!(checkout.report().len(), 1, "the long file alone");
    assert_eq!(run(&checkout.0, &[]), Ok(()));
    assert!(matches!(run(&checkout.0, &["--deny-long".into()]), Err(Failure::Failed(_))));
}

#[test]
fn a_folder_without_git_is_a_failure_and_not_a_clean_report() {
    let nowhere = Path::new("/");
    assert!(matches!(run(nowhere, &[]), Err(Failure::Failed(_))));
}
