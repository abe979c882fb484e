//! A text file as the rules see it: path, text, and for Rust its code and its place in a crate.
//! Never knows: the disk, git, or any rule.
//! Read next: `tree.rs`, which reads all of them.

use std::cell::OnceCell;

use super::paths::{self, Named};
use super::rust::Rust;

/// One text file, its path relative to the workspace with `/` between the parts.
#[derive(Debug)]
pub(crate) struct File {
    path: String,
    text: String,
    rust: OnceCell<Rust>,
}

/// A crate's source file: the crate's folder name, and the module that the file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// `kairos-cache` for everything below `crates/kairos-cache/`.
    pub(crate) package: String,
    /// The module path, empty for a crate root.
    pub(crate) module: Vec<String>,
}

impl Place {
    /// The crate's module that the file belongs to, or `lib` for a crate root.
    pub(crate) fn unit(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }
}

impl File {
    /// A file of this path and text.
    pub(crate) fn new(path: impl Into<String>, text: impl Into<String>) -> File {
        File { path: path.into(), text: text.into(), rust: OnceCell::new() }
    }

    /// Its path from the workspace root.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Its whole text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Its code, taken apart once; nothing for a file that is not Rust.
    pub(crate) fn rust(&self) -> Option<&Rust> {
        self.is_rust().then(|| self.rust.get_or_init(|| Rust::new(&self.text)))
    }

    /// Whether it is a Rust file.
    pub(crate) fn is_rust(&self) -> bool {
        self.extension() == "rs"
    }

    /// What stands behind the last dot of its name.
    pub(crate) fn extension(&self) -> &str {
        self.name().rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// The last part of its path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or("")
    }

    /// The folders of its path.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &str> {
        self.path.split('/').rev().skip(1)
    }

    /// Every path that its production code names.
    pub(crate) fn production_paths(&self) -> Vec<Named> {
        let mut paths = self.paths();
        paths.retain(|path| !self.is_test_line(path.line));
        paths
    }

    /// Every path that its code names.
    pub(crate) fn paths(&self) -> Vec<Named> {
        self.rust().map_or_else(Vec::new, paths::named)
    }

    /// Whether the whole file is test code: in a `tests` folder, named for tests, or a model.
    pub(crate) fn is_test_file(&self) -> bool {
        let stem = self.name().trim_end_matches(".rs");
        self.path.starts_with("loom-tests/")
            || self.folders().any(|folder| folder == "tests")
            || (self.is_rust() && (matches!(stem, "test" | "tests") || stem.ends_with("_tests")))
    }

    /// Whether this line, counted from one, is test code.
    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        self.is_test_file()
            || self.rust().is_some_and(|rust| rust.test_only.get(line - 1) == Some(&true))
    }

    /// Where it stands, if it is a source file of a crate under `crates/`.
    pub(crate) fn place(&self) -> Option<Place> {
        let (package, module) = self.path.strip_prefix("crates/")?.split_once("/src/")?;
        let mut module: Vec<String> =
            module.strip_suffix(".rs")?.split('/').map(String::from).collect();
        match module.last().map(String::as_str) {
            Some("mod") => drop(module.pop()),
            Some("lib" | "main") if module.len() == 1 => module.clear(),
            _ if module[0] == "bin" => module.clear(),
            _ => {}
        }
        Some(Place { package: package.into(), module })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_gives_the_place_in_its_crate() {
        let check = |path: &str, expected: Option<(&str, &str, &str)>| {
            let place = File::new(path, "").place();
            let found = place.as_ref().map(|p| (&*p.package, p.module.join("::"), p.unit()));
            let expected = expected.map(|(package, module, unit)| (package, module.into(), unit));
            assert_eq!(found, expected, "{path}");
        };
        check("crates/kairos-cache/src/lib.rs", Some(("kairos-cache", "", "lib")));
        check("crates/kairos-cli/src/bin/kairos.rs", Some(("kairos-cli", "", "lib")));
        check("crates/a/src/slot.rs", Some(("a", "slot", "slot")));
        check("crates/a/src/policy/mod.rs", Some(("a", "policy", "policy")));
        check("crates/a/src/policy/decide.rs", Some(("a", "policy::decide", "policy")));
        check("crates/a/tests/slot.rs", None);
        check("crates/a/src/notes.md", None);
        check("benches/src/main.rs", None);
    }

    #[test]
    fn test_code_is_known_by_its_path_or_its_attribute() {
        for path in ["crates/a/tests/x.rs", "crates/a/src/slot/tests.rs", "loom-tests/src/lib.rs"] {
            assert!(File::new(path, "").is_test_file(), "{path}");
        }
        let file = File::new("crates/a/src/slot.rs", "fn a() {}\n#[cfg(test)]\nmod tests {}\n");
        assert!(!file.is_test_file());
        assert_eq!([1, 2, 3].map(|line| file.is_test_line(line)), [false, true, true]);
    }
}
