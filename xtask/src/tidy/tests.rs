// Each rule with code that keeps it and code that breaks it, and the workspace, which keeps them all.
// Never knows: the rows of the workspace; the samples have a plan of their own.
// Read next: `mod.rs`, the table of rules.

use std::path::Path;

use super::*;

const SAMPLE: &[Plan] = &[Plan {
    package: "sample",
    floors: &[("", "door model > hall > shelf desk > floor sync"), ("hall", "read > write > mod")],
    pure: "floor",
    fenced: &[("moka", "shelf::mod"), ("std::sync::atomic", "sync"), ("loom", "sync")],
    barred: &[("crate::sync", "door"), ("kairos_cache", "desk")],
    is_shown: true,
}];

/// What `rule` finds in these files as `line: message`, each below `crates/sample/src/` unless its path
/// starts with a slash.
fn found(rule: &str, files: &[(&str, &str)]) -> Vec<String> {
    let path = |path: &str| match path.strip_prefix('/') {
        Some(path) => path.to_owned(),
        None => format!("crates/sample/src/{path}"),
    };
    let file = |(name, text): &(&str, &str)| File::new(path(name), (*text).to_owned());
    let files: Result<Vec<File>, Failure> = files.iter().map(file).collect();
    let tag = format!("[{rule}] ");
    let split = |line: &String| {
        let (place, message) = line.split_once(&tag)?;
        Some(format!("{}{message}", &place[place.find(':')? + 1..]))
    };
    report(&files.expect("every sample is Rust"), SAMPLE).iter().filter_map(split).collect()
}

fn keeps(rule: &str, files: &[(&str, &str)]) {
    assert_eq!(found(rule, files), [""; 0], "{rule}: {files:?}");
}

/// `rule` finds one thing in the last of the files, on the line and with the words that `expected` has.
fn breaks(rule: &str, files: &[(&str, &str)], expected: &str) {
    let found = found(rule, files);
    let (line, words) = expected.split_once(": ").expect("a line and words");
    let matches = |f: &String| f.starts_with(&format!("{line}: ")) && f.contains(words);
    assert!(found.len() == 1 && found.iter().all(matches), "{rule}: {files:?}: {found:#?}");
}

#[test]
fn this_workspace_keeps_every_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = tree::read(&root).expect("a checkout");
    assert!(files.len() > 100, "the checkout is there");
    assert_eq!(report(&files, layers::PLANS), [""; 0]);
}

#[test]
fn a_folder_without_git_is_a_failure_and_not_a_clean_report() {
    assert!(matches!(run(Path::new("/"), &[]), Err(Failure::Failed(_))));
}

#[test]
fn a_file_that_is_no_rust_is_a_failure_with_its_place() {
    let broken = File::new("crates/sample/src/hall.rs".to_owned(), "\nfn (".to_owned());
    let Err(Failure::Failed(reason)) = broken else { panic!("it is parsed") };
    assert!(reason.starts_with("crates/sample/src/hall.rs: line 2: "), "{reason}");
}

#[test]
fn a_room_names_only_rooms_on_floors_below() {
    let shelf = ("shelf.rs", "pub(crate) struct Shelf;");
    keeps("layers", &[shelf, ("hall/mod.rs", "use crate::shelf::Shelf; use super::shelf;")]);
    keeps("layers", &[shelf, ("lib.rs", "pub use shelf::Shelf;"), ("door.rs", "fn f() {}")]);
    keeps("layers", &[shelf, ("floor.rs", "#[cfg(test)] mod tests { use crate::shelf::Shelf; }")]);
    keeps("layers", &[shelf, ("floor/tests.rs", "use crate::shelf::Shelf;")]);
    keeps("layers", &[shelf, ("/crates/other/src/novel.rs", "use crate::shelf::Shelf;")]);
    let above = "`floor` must not name `crate::shelf::Shelf`: shelf is not below";
    for code in [
        "use crate::{shelf::Shelf};",
        "fn f(x: super::shelf::Shelf) {}",
        "fn f() { g(|| crate::shelf::Shelf) }",
        "fn f() { vec![crate::shelf::Shelf] }",
        "mod inner { use super::super::shelf::Shelf; }",
        "impl crate::shelf::Shelf { }",
    ] {
        breaks("layers", &[shelf, ("floor.rs", code)], &format!("1: {above}"));
    }
    let beside = "2: `desk` must not name `crate::shelf::Shelf`";
    breaks("layers", &[shelf, ("desk.rs", "\nuse crate::shelf::Shelf;")], beside);
    let root = "1: `hall` must not name `crate::Shelf`: the root is not below";
    breaks(
        "layers",
        &[shelf, ("lib.rs", "use shelf::Shelf;"), ("hall.rs", "use crate::Shelf;")],
        root,
    );
    breaks(
        "layers",
        &[("lib.rs", ""), ("hall.rs", "use super::*;")],
        "1: `crate::`: the root is not below",
    );
    let novel = ("novel.rs", "use crate::shelf::Shelf;");
    breaks("layers", &[shelf, novel], "1: `novel` has no row");
}

#[test]
fn a_room_has_floors_of_its_own() {
    let hall = ("hall/mod.rs", "mod read; mod write; pub(crate) use read::Read; struct Hall;");
    let write = ("hall/write.rs", "use super::Hall; pub(super) struct Write;");
    keeps("layers", &[hall, write, ("hall/read.rs", "use super::write::Write; use super::Hall;")]);
    keeps("layers", &[hall, ("hall/find.rs", "use super::Hall;")]);
    let up = "1: `write` must not name `crate::hall::Read`: read is not below";
    breaks("layers", &[hall, ("hall/read.rs", ""), ("hall/write.rs", "use super::Read;")], up);
    let child = "1: `mod` must not name `crate::hall::write::Write`";
    breaks("layers", &[hall, write, ("hall/find.rs", "use super::write::Write;")], child);
}

#[test]
fn files_that_import_each_other_are_found_through_re_exports() {
    let room = "mod a; mod b; pub(crate) use a::A; pub(crate) struct Own;";
    let (hall, a) = (("hall/mod.rs", room), ("hall/a.rs", "pub(crate) struct A;"));
    keeps("circle", &[hall, a, ("hall/b.rs", "use super::{A, Own};")]);
    keeps("circle", &[("lib.rs", "use hall::A;"), hall, ("hall/a.rs", "use super::Own;")]);
    let both = &[hall, ("hall/a.rs", "use super::b::B; struct A;"), ("hall/b.rs", "use super::A;")];
    let expected = [
        "1: `hall::a` imports `hall::b` in a circle",
        "1: `hall::b` imports `hall::a` in a circle",
    ];
    assert_eq!(found("circle", both), expected);
    let parent =
        &[("hall/mod.rs", "mod a; use a::A; struct Own;"), ("hall/a.rs", "use super::Own;")];
    assert_eq!(found("circle", parent).len(), 2, "a room's `mod.rs` is one of its files");
}

#[test]
fn a_room_opens_none_of_its_files() {
    keeps("private", &[("hall/mod.rs", "mod a; pub mod b; pub(crate) use a::A; mod c { }")]);
    keeps("private", &[("lib.rs", "pub(crate) mod hall;")]);
    for visibility in ["pub(crate)", "pub(super)", "pub(in crate::hall)"] {
        let code = format!("\n{visibility} mod a;");
        breaks("private", &[("hall/mod.rs", &code)], "2: `a` opens a file of its room");
    }
}

#[test]
fn what_loom_runs_names_nothing_opaque() {
    let model = "pub mod model { pub use crate::hall::Slot; }";
    let root = ("lib.rs", model);
    let hall = ("hall/mod.rs", "mod slot; pub use slot::Slot;");
    let slot = "use super::kept::Kept; use std::task::Waker; pub struct Slot;";
    let kept = ("hall/kept.rs", "use parking_lot::Mutex; pub struct Kept;");
    keeps(
        "modelled",
        &[root, hall, ("hall/slot.rs", "use std::sync::Arc; pub struct Slot;"), kept],
    );
    keeps("modelled", &[("lib.rs", ""), hall, ("hall/slot.rs", "use dashmap::DashMap;")]);
    let opaque = "use dashmap::DashMap; pub struct Slot;";
    breaks("modelled", &[root, hall, ("hall/slot.rs", opaque)], "1: through `dashmap::DashMap`");
    // What a modelled file names is modelled too.
    breaks("modelled", &[root, hall, ("hall/slot.rs", slot), kept], "1: `parking_lot::Mutex`");
    let once = "fn f() { std::sync::OnceLock::new() } pub struct Slot;";
    breaks("modelled", &[root, hall, ("hall/slot.rs", once)], "1: `std::sync::OnceLock::new`");
    // The models may be a file.
    let models = ("model.rs", "use crate::hall::Slot;");
    let root = ("lib.rs", "pub mod model;");
    breaks("modelled", &[root, hall, models, ("hall/slot.rs", opaque)], "1: `dashmap::DashMap`");
    // The shim is what loom sees through.
    let shim = ("sync.rs", "use std::sync::OnceLock;");
    let slot = ("hall/slot.rs", "use crate::sync::Mutex; pub struct Slot;");
    keeps("modelled", &[root, models, shim, hall, slot]);
}

#[test]
fn what_is_fenced_is_named_in_its_rooms_alone() {
    keeps("fenced", &[("shelf/mod.rs", "use moka::sync::Cache;"), ("sync.rs", "use loom::sync;")]);
    keeps("fenced", &[("hall.rs", "// moka::sync\nfn f() { x.moka(); \"moka::x\"; }")]);
    keeps(
        "fenced",
        &[("sync.rs", "use std::sync::atomic::AtomicU64;"), ("hall.rs", "use std::sync::Arc;")],
    );
    keeps("fenced", &[("hall.rs", "#[cfg(test)] mod tests { use std::sync::atomic::AtomicU64; }")]);
    for code in ["use moka;", "fn f(x: ::moka::Expiry) {}", "fn f() { assert!(moka::x()) }"] {
        breaks("fenced", &[("hall.rs", code)], "1: only shelf::mod may name `moka`");
        breaks("fenced", &[("shelf/entry.rs", code)], "1: only shelf::mod may name `moka`");
    }
    for code in [
        "use std::sync::atomic::{AtomicU64};",
        "use std::{fmt, sync};",
        "use std::sync::*;",
        "fn f() { std::sync::atomic::fence(x) }",
    ] {
        breaks("fenced", &[("hall.rs", code)], "1: only sync may name `std::sync::atomic`");
    }
}

#[test]
fn a_room_does_not_name_what_it_is_barred_from() {
    keeps(
        "fenced",
        &[("sync.rs", ""), ("hall.rs", "use crate::sync::Mutex; use kairos_cache::Zone;")],
    );
    let shim = ("sync.rs", "");
    let barred = "1: `door` must not name `crate::sync`";
    breaks("fenced", &[shim, ("door/mod.rs", "use crate::sync::Mutex;")], barred);
    breaks("fenced", &[shim, ("door/mod.rs", "use super::sync;")], barred);
    breaks("fenced", &[("desk.rs", "fn f() { kairos_cache::f(); }")], "1: `desk` must not name");
}

#[test]
fn a_pure_room_names_itself_and_plain_data() {
    for code in [
        "use std::collections::VecDeque; use std::time::Duration; use std::sync::Arc;",
        "use self::child::X; use crate::floor::child;",
        "mod inner { } use inner::X; use Zone::*;",
        "use std::fmt; fn f() { fmt::Debug; u64::MAX; Strategy::ALL; str::len(x) }",
        "#[cfg(test)] mod tests { use proptest::prelude::*; use std::time::Instant; }",
        "#[derive(Debug)] #[must_use = \"tokio::spawn\"] struct X;",
    ] {
        keeps("purity", &[("floor/child.rs", ""), ("floor/inner.rs", ""), ("floor/mod.rs", code)]);
    }
    for (code, named) in [
        ("use crate::desk::Clock;", "crate::desk::Clock"),
        ("use super::super::sync::Mutex;", "crate::sync::Mutex"),
        ("use std::time::{Instant};", "std::time::Instant"),
        ("use std::time;", "std::time"),
        ("use std::sync::atomic::AtomicU64;", "std::sync::atomic::AtomicU64"),
        ("use std::sync::Mutex;", "std::sync::Mutex"),
        ("use std::sync;", "std::sync"),
        ("fn f() { std::thread::yield_now() }", "std::thread::yield_now"),
        ("use serde::Serialize;", "serde::Serialize"),
        ("fn f() { tokio::spawn(x) }", "tokio::spawn"),
        ("fn f() { format!(\"{}\", quanta::now()) }", "quanta::now"),
    ] {
        let files = [("desk.rs", ""), ("sync.rs", ""), ("floor/child.rs", code)];
        breaks("purity", &files, &format!("1: `floor` is pure: not `{named}`"));
    }
}

#[test]
fn a_closed_struct_has_private_fields() {
    keeps("private", &[("hall.rs", "pub struct Engine { a: u8 } pub struct Other { pub a: u8 }")]);
    for field in ["pub a: u8", "pub(crate) a: u8", "pub(super) a: u8"] {
        let code = format!("pub struct Engine {{\nb: u8,\n{field} }}");
        breaks("private", &[("hall.rs", &code)], "3: `Engine` has a field that is not private");
    }
}

#[test]
fn only_lines_outside_tests_make_a_file_long() {
    let code = "fn f() {}\n".repeat(350);
    let tests = format!("/// Why.\n#[cfg(all(test, unix))]\nmod tests {{\n{code}}}\n");
    keeps("length", &[("hall.rs", &code), ("desk.rs", &(code.clone() + &tests))]);
    keeps(
        "length",
        &[("hall/tests.rs", &(code.clone() + &code)), ("/docs/x.md", &(code.clone() + &code))],
    );
    keeps("length", &[("/crates/sample/tests/x.rs", &(code.clone() + &code))]);
    breaks("length", &[("hall.rs", &(tests + &code + "fn g() {}\n"))], "1: 351 lines");
}

#[test]
fn a_source_file_opens_with_its_header() {
    keeps("header", &[("hall.rs", "// What.\n// Never.\n"), ("/benches/Cargo.toml", "")]);
    keeps("header", &[("/loom-tests/tests/x.rs", "//! What.\n//! Never.\n")]);
    for path in ["hall.rs", "/loom-tests/tests/x.rs", "/crates/sample/examples/x.rs"] {
        breaks("header", &[(path, "// What.\nfn f() {}")], "1: opens with 1 lines");
    }
}

#[test]
fn an_ordering_has_its_reason_beside_it() {
    let inside = |code: &str| format!("fn f() {{\n{code}\n}}");
    for code in [
        "// Why.\n\n\n\na.store(1, Release);",
        "a.load(Acquire); // Why.",
        "\n\n\n\n\n\"Relaxed\"; Released; NotRelaxed",
    ] {
        keeps("ordering", &[("hall.rs", &inside(code))]);
    }
    keeps("ordering", &[("hall.rs", "use x::{A,\n Ordering::{self, Relaxed}};")]);
    keeps("ordering", &[("hall.rs", "#[cfg(test)]\nmod tests { fn f() { a.load(SeqCst); } }")]);
    for (code, line) in [
        ("a.load(Ordering::Acquire);", 2),
        ("a.load(Relaxed);", 2),
        ("// Why.\n\n\n\n\na.store(1, Release);", 7),
        ("assert_eq!(a.load(\nSeqCst), 1);", 3),
    ] {
        breaks("ordering", &[("hall.rs", &inside(code))], &format!("{line}: without a reason"));
    }
}

#[test]
fn words_that_stand_in_no_file_are_found_in_prose_and_in_code() {
    for word in [
        concat!("FIX", "ME"),
        concat!("#[", "ignore]"),
        concat!("/wo", "rk/x"),
        concat!("CRATES", ".io"),
        concat!("LL", "Ms"),
        concat!("an AI ag", "ents"),
        concat!("Seam", "lessly"),
    ] {
        breaks("word", &[("/docs/guide.md", &format!("fine\nSee {word} here"))], "2: `");
        breaks("word", &[("hall.rs", &format!("// {word}"))], "1: `");
        keeps("word", &[("/Cargo.lock", word)]);
    }
    for text in ["mastodon, LLVM, todo = \"deny\", xxl", "[patch.crates-io]", "the user agent"] {
        keeps("word", &[("/docs/guide.md", text)]);
    }
}

#[test]
fn a_module_is_named_for_what_it_holds() {
    for path in ["utils.rs", "/crates/sample/tests/common/mod.rs", "string_helpers.rs"] {
        breaks("module-name", &[(path, "")], "1: says nothing as a module's name");
    }
    keeps("module-name", &[("commons.rs", ""), ("/docs/common.md", "")]);
}

/// A root that exports a `Desk` and a `Shelf`, and the desk's file with these lines above and in it.
fn desk(above: &str, inside: &str) -> [(&'static str, String); 2] {
    let root =
        "mod desk;\nmod shelf;\npub use desk::Desk;\npub use shelf::Shelf;\npub use desk::open;\n";
    let text = format!("{above}pub struct Desk;\nimpl Desk {{\n{inside}\n}}\n");
    [("lib.rs", root.into()), ("desk.rs", text)]
}

fn check_examples(check: impl Fn(&[(&str, &str)]), files: &[(&'static str, String)]) {
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, &**text)).collect();
    check(&files);
}

#[test]
fn a_public_function_is_shown_or_says_why_not() {
    let keeps = |files: &[(&str, &str)]| keeps("example", files);
    let own = "/// ```\n/// sit();\n/// ```\npub fn sit(&self) {}";
    check_examples(keeps, &desk("", own));
    check_examples(keeps, &desk("", "/// No example: it is as `stand`.\npub fn sit(&self) {}"));
    check_examples(keeps, &desk("/// ```\n/// desk.sit();\n/// ```\n", "pub fn sit(&self) {}"));
    check_examples(keeps, &desk("", "pub(crate) fn sit(&self) {}\nfn lie(&self) {}"));
    check_examples(keeps, &desk("", "#[doc(hidden)]\npub fn sit(&self) {}"));
    check_examples(keeps, &desk("", "#[cfg(kairos_loom)]\npub fn sit(&self) {}"));
    let [root, file] = desk("", "pub fn sit(&self) {}");
    let program = ("/crates/sample/examples/tour.rs", "fn main() { desk.sit(); }".into());
    check_examples(keeps, &[root.clone(), file.clone(), program]);
    let page = ("/docs/page.md", "```rust\ndesk.sit();\n```\n".into());
    let pages =
        ("guide.rs", "#[doc = include_str!(\"../../../docs/page.md\")]\nstruct Page;".into());
    check_examples(keeps, &[pages, page, root.clone(), file]);
    let unexported = ("shelf.rs", "struct Drawer;\nimpl Drawer { pub fn pull(&self) {} }".into());
    check_examples(keeps, &[root, unexported]);
}

#[test]
fn a_public_function_that_nobody_shows_is_found_where_it_stands() {
    let expect =
        |words: &'static str| move |files: &[(&str, &str)]| breaks("example", files, words);
    check_examples(expect("3: `Desk::sit`"), &desk("", "pub fn sit(&self) {}"));
    check_examples(expect("4: `open`"), &{
        let [root, (path, text)] = desk("", "");
        [root, (path, text.replace("\n\n", "\n") + "pub fn open() {}")]
    });
    let ignored = "/// ```ignore\n/// desk.sit();\n/// ```\npub fn sit(&self) {}";
    check_examples(expect("6: `Desk::sit`"), &desk("", ignored));
    // A page that no source includes is not compiled.
    let [root, file] = desk("", "pub fn sit(&self) {}");
    let page = ("/docs/page.md", "```rust\ndesk.sit();\n```\n".into());
    check_examples(expect("3: `Desk::sit`"), &[page, root.clone(), file.clone()]);
    // A longer name is another one, and so is the same name of another type.
    let longer = ("/crates/sample/examples/a.rs", "fn main() { desk.sit_down(); }".into());
    check_examples(expect("3: `Desk::sit`"), &[longer, root.clone(), file.clone()]);
    let shelf = "/// ```\n/// shelf.sit();\n/// ```\npub struct Shelf;\nimpl Shelf { pub fn sit(&self) {} }";
    check_examples(expect("3: `Desk::sit`"), &[("shelf.rs", shelf.into()), root, file]);
}
