// The binary and its files, for tests that run the command from outside.
// Never look behind the command line.
// Read next: `main.rs`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Runs the command; the words of `line` are its arguments.
pub(crate) fn kairos(line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kairos")).args(line.split_whitespace()).output().unwrap()
}

/// Runs the command with its standard output in a file.
pub(crate) fn kairos_into(line: &str, file: fs::File) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kairos"));
    let status = command.args(line.split_whitespace()).stdout(file).status().unwrap();
    assert!(status.success(), "{line}: {status}");
}

/// Runs the command with bytes on its standard input.
pub(crate) fn kairos_reading(line: &str, input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kairos"))
        .args(line.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its options reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// What the command writes when all is well.
pub(crate) fn told(line: &str) -> String {
    let output = kairos(line);
    assert!(output.status.success(), "{line}: {output:?}");
    // No bar where there is no terminal; but a feed without a load is told that it has one.
    let told = String::from_utf8_lossy(&output.stderr);
    let mut lines = told.lines().filter(|line| !line.starts_with("no read load was given: "));
    assert_eq!(lines.next(), None, "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What the command complains of, in one exit code and one text.
pub(crate) fn refused(line: &str) -> (i32, String) {
    let output = kairos(line);
    assert!(output.stdout.is_empty(), "{line}: {output:?}");
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// A report without its title, which names the scenario, and stands below the sentence and an empty line.
pub(crate) fn untitled(report: &str) -> String {
    let lines = report.lines().enumerate().filter(|(at, _)| *at != 2);
    lines.map(|(_, line)| line).collect::<Vec<_>>().join("\n")
}

/// A report as data.
pub(crate) struct Report(Value);

impl Report {
    pub(crate) fn of(line: &str) -> Report {
        let text = told(&format!("{line} --report json"));
        assert_eq!(text.lines().count(), 1, "one object on one line");
        Report(serde_json::from_str(&text).unwrap())
    }

    pub(crate) fn columns(&self) -> Vec<&str> {
        self.0["columns"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
    }

    /// A row by its label, one value for each column.
    pub(crate) fn row(&self, section: &str, label: &str) -> &[Value] {
        let sections = self.0["sections"].as_array().unwrap();
        let of = |title: &Value| title.as_str().unwrap().starts_with(section);
        let section = sections.iter().find(|section| of(&section["title"])).unwrap();
        let rows = section["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["label"] == label);
        row.unwrap_or_else(|| panic!("no row {label}"))["values"].as_array().unwrap()
    }

    /// The whole number of a row's first column.
    pub(crate) fn count(&self, section: &str, label: &str) -> u64 {
        self.row(section, label)[0].as_u64().unwrap_or_else(|| panic!("{label} is no count"))
    }

    pub(crate) fn fact(&self, label: &str) -> Option<i64> {
        let facts = self.0["facts"].as_array().unwrap();
        facts.iter().find(|fact| fact["label"] == label).and_then(|fact| fact["value"].as_i64())
    }
}

/// A file for a test, gone with its owner.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// A name where nothing stands yet.
    pub(crate) fn new(name: &str) -> Scratch {
        Scratch(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
    }

    pub(crate) fn holding(name: &str, bytes: impl AsRef<[u8]>) -> Scratch {
        let scratch = Scratch::new(name);
        fs::write(&scratch.0, bytes).unwrap();
        scratch
    }

    pub(crate) fn path(&self) -> std::path::Display<'_> {
        self.0.display()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(&self.0).unwrap()
    }

    /// The JSON objects of a file, one a line.
    pub(crate) fn objects(&self) -> Vec<Value> {
        let text = String::from_utf8(self.bytes()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may never have been written.
        let _ = fs::remove_file(&self.0);
    }
}

/// A folder for a test, gone with its owner.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Folder {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        // What a test that was ended has left.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    pub(crate) fn path(&self) -> std::path::Display<'_> {
        self.0.display()
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn hold(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.at(name), bytes).unwrap();
    }

    /// The names of the files in it, in alphabetical order.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
