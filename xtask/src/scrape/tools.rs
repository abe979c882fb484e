//! Where promtool and Prometheus come from: the machine, or Debian's package unpacked beside it.
//! Never knows: what they are used for, but for promtool's verdicts.
//! Read next: `process.rs`.
//!
//! The package is unpacked, not installed: that needs no rights, changes nothing outside the target
//! folder, and starts no service on the machine.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// The programs, by their paths.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tools {
    pub(crate) prometheus: PathBuf,
    promtool: PathBuf,
}

/// Finds both programs, fetching Debian's package into `target` where it can.
///
/// # Errors
///
/// [`Failure::Failed`] when they are missing and cannot be fetched; it says how to get them.
pub(crate) fn find(target: &Path) -> Result<Tools, Failure> {
    let folder = target.join("prometheus");
    let unpacked = folder.join("usr/bin");
    let search = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        folders.push(unpacked.clone());
        among(&folders)
    };
    if let Some(tools) = search() {
        return Ok(tools);
    }
    println!("`promtool` and `prometheus` are not on the PATH");
    let missing = |reason: String| {
        Failure::Failed(format!(
            "`promtool` and `prometheus` are missing: {reason}. Install Prometheus 2.42 or newer \
             (Debian: `apt-get install prometheus`; elsewhere: prometheus.io/download) and put \
             both on the PATH"
        ))
    };
    if !Path::new("/etc/debian_version").exists() {
        return Err(missing("this is no Debian, whose package could be fetched".into()));
    }
    fetch(&folder).map_err(missing)?;
    search().ok_or_else(|| missing("the package does not hold them".into()))
}

/// Both programs in the first folders that have them.
fn among(folders: &[PathBuf]) -> Option<Tools> {
    let find = |name: &str| {
        let paths = folders.iter().map(|folder| folder.join(name));
        paths.into_iter().find(|path| path.is_file())
    };
    Some(Tools { prometheus: find("prometheus")?, promtool: find("promtool")? })
}

/// Unpacks Debian's package `prometheus` in `folder`. The lists of packages are brought up to date
/// only where the package is not to be had without.
fn fetch(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let download = || run(folder, "apt-get", &["download", "prometheus"].map(OsStr::new));
    if download().is_err() {
        run(folder, "apt-get", &["update"].map(OsStr::new))?;
        download()?;
    }
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files = entries.flatten().map(|entry| entry.path());
    let package = files
        .find(|path| path.extension() == Some(OsStr::new("deb")))
        .ok_or("apt-get left no package")?;
    run(folder, "dpkg-deb", &["--extract".as_ref(), package.as_os_str(), ".".as_ref()])
}

/// Shows a command line and runs it in `folder`.
fn run(folder: &Path, program: &str, args: &[&OsStr]) -> Result<(), String> {
    let shown: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let shown = format!("{program} {}", shown.join(" "));
    println!("{shown}  (in {})", folder.display());
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).env("DEBIAN_FRONTEND", "noninteractive");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{shown}` ended with {status}")),
        Err(error) => Err(format!("cannot start `{shown}`: {error}")),
    }
}

impl Tools {
    /// `promtool check metrics` on what `whose` registry exposes.
    ///
    /// # Errors
    ///
    /// [`Failure::Failed`] when it finds fault; what it says about it is shown.
    pub(crate) fn lint(&self, whose: &str, text: &str) -> Result<(), Failure> {
        let shown = format!("{} check metrics", self.promtool.display());
        println!("{shown}  (on {} lines of {whose})", text.lines().count());
        let failed = |error: std::io::Error| Failure::Failed(format!("`{shown}`: {error}"));
        let mut child = Command::new(&self.promtool)
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let written = match child.stdin.take() {
            Some(mut stdin) => stdin.write_all(text.as_bytes()),
            None => Ok(()),
        };
        let status = child.wait().map_err(failed)?;
        written.map_err(failed)?;
        if status.success() {
            Ok(())
        } else {
            Err(Failure::Failed(format!("`{shown}` on {whose} ended with {status}")))
        }
    }

    /// Has promtool read `OpenMetrics`, which its linter does not know, as if to store it: that takes
    /// the text only where Prometheus would. `folder` is for what it reads and stores.
    ///
    /// # Errors
    ///
    /// [`Failure::Failed`] when it does not take the text; what it says about it is shown.
    pub(crate) fn read_openmetrics(
        &self,
        whose: &str,
        text: &str,
        folder: &Path,
    ) -> Result<(), Failure> {
        let file = folder.join("openmetrics.txt");
        fs::write(&file, with_timestamps(text))
            .map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
        let stored = folder.join("openmetrics");
        let mut args: Vec<&OsStr> =
            ["tsdb", "create-blocks-from", "openmetrics"].map(OsStr::new).into();
        args.extend([file.as_os_str(), stored.as_os_str()]);
        run(folder, &self.promtool.to_string_lossy(), &args)
            .map_err(|reason| Failure::Failed(format!("{reason} on {whose}")))
    }
}

/// The same samples, each with a time, which a scrape leaves to the scraper.
fn with_timestamps(text: &str) -> String {
    let stamped = |line: &str| match line.strip_suffix('\n') {
        Some(sample) if !sample.starts_with('#') => format!("{sample} 1700000000\n"),
        _ => line.to_owned(),
    };
    text.split_inclusive('\n').map(stamped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_programs_are_taken_from_the_first_folder_that_has_them() {
        let root = std::env::temp_dir().join(format!("kairos-tools-{}", std::process::id()));
        let folders = ["a", "b", "c"].map(|name| root.join(name));
        let touch = |folder: &Path, name: &str| {
            fs::create_dir_all(folder).expect("a folder");
            fs::write(folder.join(name), "").expect("a file");
        };
        touch(&folders[1], "promtool");
        assert_eq!(among(&folders), None, "one of them is not enough");
        touch(&folders[1], "prometheus");
        touch(&folders[2], "prometheus");
        let expected = Tools {
            prometheus: folders[1].join("prometheus"),
            promtool: folders[1].join("promtool"),
        };
        assert_eq!(among(&folders), Some(expected));
        fs::remove_dir_all(&root).expect("it was made here");
    }

    #[test]
    fn every_sample_gets_a_time_and_no_other_line_does() {
        let text = "# TYPE a counter\na_total{b=\"c\\r#\"} 1\na_created 2\n# EOF\n";
        let expected =
            "# TYPE a counter\na_total{b=\"c\\r#\"} 1 1700000000\na_created 2 1700000000\n# EOF\n";
        assert_eq!(with_timestamps(text), expected);
    }

    #[test]
    fn a_command_that_fails_is_named() {
        let here = Path::new(".");
        assert_eq!(run(here, "true", &[]), Ok(()));
        let reason = run(here, "false", &["x".as_ref()]).expect_err("it fails");
        assert_eq!(reason, "`false x` ended with exit status: 1");
        assert!(run(here, "no-such-program-anywhere", &[]).is_err());
    }
}
