// Programs that a Rust toolchain does not bring: found on the PATH, or fetched into the target folder.
// Never knows: what a program is used for.
// Read next: `scrape/promtool.rs` and `check/prose.rs`, which use them.
//
// Fetching changes nothing outside the target folder, except where Debian's python3 lacks the module
// that makes virtual environments: that is installed.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::invocation::Invocation;

/// A package and the programs that are needed of it.
#[derive(Debug)]
pub(crate) struct Tool<const N: usize> {
    programs: [&'static str; N],
    package: Package,
    /// How to get it where it cannot be fetched.
    advice: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Package {
    /// A package of Debian, unpacked: that needs no rights and starts no service on the machine.
    Debian(&'static str),
    /// A package of Python and its version, installed in a virtual environment. A program of another
    /// version is not used: what it finds would depend on the machine.
    Python(&'static str, &'static str),
}

pub(crate) const PROMETHEUS: Tool<2> = Tool {
    programs: ["prometheus", "promtool"],
    package: Package::Debian("prometheus"),
    advice: "install Prometheus 2.42 or newer (Debian: `apt-get install prometheus`; elsewhere: \
             prometheus.io/download) and put both programs on the PATH",
};

pub(crate) const TYPOS: Tool<1> = Tool {
    programs: ["typos"],
    package: Package::Python("typos", "1.52.0"),
    advice: "put typos 1.52.0 on the PATH (`pipx install typos==1.52.0`, or \
             `cargo install typos-cli --version 1.52.0`)",
};

pub(crate) const RUMDL: Tool<1> = Tool {
    programs: ["rumdl"],
    package: Package::Python("rumdl", "0.3.0"),
    advice: "put rumdl 0.3.0 on the PATH (`pipx install rumdl==0.3.0`, or \
             `cargo install rumdl --version 0.3.0`)",
};

/// The paths of a tool's programs, in their order; what is missing is fetched into `target`.
///
/// # Errors
///
/// [`Failure::Failed`] when a program is missing and cannot be fetched; it says how to get it.
pub(crate) fn find<const N: usize>(target: &Path, tool: &Tool<N>) -> Result<[PathBuf; N], Failure> {
    let folder = target.join("tools");
    let search = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        folders.extend(["usr/bin", "python/bin"].map(|bin| folder.join(bin)));
        among(&folders, tool)
    };
    if let Some(paths) = search() {
        return Ok(paths);
    }
    let names = tool.programs.join(" and ");
    println!("{names}: not on the PATH");
    let is_debian = Path::new("/etc/debian_version").exists();
    let fetched = std::fs::create_dir_all(&folder)
        .map_err(|error| format!("{}: {error}", folder.display()))
        .and_then(|()| {
            fetch(tool.package, is_debian, &mut |line| {
                line.run(&folder).map_err(Failure::into_reason)
            })
        });
    let reason = match fetched {
        Ok(()) => match search() {
            Some(paths) => return Ok(paths),
            None => "the package does not hold them".to_owned(),
        },
        Err(reason) => reason,
    };
    Err(Failure::Failed(format!("{names} are missing: {reason}; {}", tool.advice)))
}

/// For each program the first of `folders` that has it.
fn among<const N: usize>(folders: &[PathBuf], tool: &Tool<N>) -> Option<[PathBuf; N]> {
    let fits = |path: &PathBuf| match tool.package {
        Package::Debian(_) => path.is_file(),
        Package::Python(_, version) => path.is_file() && says(path, version),
    };
    let find = |name| folders.iter().map(|folder| folder.join(name)).find(fits);
    let found: Option<Vec<PathBuf>> = tool.programs.into_iter().map(find).collect();
    found?.try_into().ok()
}

/// Whether the program at `path` says that it is of this version.
fn says(path: &Path, version: &str) -> bool {
    let asked = Invocation::new(path.to_string_lossy(), ["--version"]).output(Path::new("."));
    asked.is_ok_and(|said| said.split_whitespace().any(|word| word == version))
}

/// Has `run` run what fetches `package`, in a folder for tools. Debian's lists of packages are
/// updated only where a package is not to be had without.
fn fetch(
    package: Package,
    is_debian: bool,
    run: &mut dyn FnMut(&Invocation) -> Result<(), String>,
) -> Result<(), String> {
    let mut words = |line: &str| run(&Invocation::words(line));
    let with_lists = |line: &str, words: &mut dyn FnMut(&str) -> Result<(), String>| {
        words(line).or_else(|_| words("apt-get update").and_then(|()| words(line)))
    };
    match package {
        Package::Debian(_) if !is_debian => {
            Err("this is no Debian, whose package could be fetched".into())
        }
        Package::Debian(name) => {
            with_lists(&format!("apt-get download {name}"), &mut words)?;
            // The name of the file that is left has the package's version in it.
            run(&Invocation::new("sh", ["-c", &format!("dpkg-deb --extract {name}_*.deb .")]))
        }
        Package::Python(name, version) => {
            let install = format!("python/bin/pip install --quiet {name}=={version}");
            // Another tool may have made the environment.
            if words(&install).is_ok() {
                return Ok(());
            }
            if words("python3 -m venv python").is_err() {
                if !is_debian {
                    return Err("python3 makes no virtual environment".into());
                }
                let module = "DEBIAN_FRONTEND=noninteractive apt-get install --yes python3-venv";
                with_lists(module, &mut words)?;
                words("/usr/bin/python3 -m venv --clear python")?;
            }
            words(&install)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: Tool<2> = Tool {
        programs: ["a-tool", "its-friend"],
        package: Package::Debian("a-tool"),
        advice: "write it",
    };

    #[test]
    fn each_program_is_taken_from_the_first_folder_that_has_it() {
        let root = std::env::temp_dir().join(format!("kairos-tools-{}", std::process::id()));
        let folders = ["a", "b", "c"].map(|name| root.join(name));
        let touch = |folder: &Path, name: &str| {
            std::fs::create_dir_all(folder).expect("a folder");
            std::fs::write(folder.join(name), "").expect("a file");
        };
        touch(&folders[1], "its-friend");
        assert_eq!(among(&folders, &BOTH), None, "one of them is not enough");
        touch(&folders[2], "a-tool");
        touch(&folders[2], "its-friend");
        let expected = [folders[2].join("a-tool"), folders[1].join("its-friend")];
        assert_eq!(among(&folders, &BOTH), Some(expected));
        std::fs::remove_dir_all(&root).expect("it was made here");
    }

    #[cfg(unix)]
    #[test]
    fn a_python_program_is_taken_only_in_its_version() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("kairos-version-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let (program, tool) = (folder.join("typos"), Tool { programs: ["typos"], ..TYPOS });
        let found = |version: &str| {
            std::fs::write(&program, format!("#!/bin/sh\necho typos-cli {version}"))?;
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
            Ok::<_, std::io::Error>(among(std::slice::from_ref(&folder), &tool).is_some())
        };
        assert!(!found("1.0").expect("a script"));
        assert!(found("1.52.0").expect("a script"));
        std::fs::remove_dir_all(&folder).expect("it was made here");
    }

    /// The lines that are run for `package` where those in `failing` fail once each.
    fn lines(package: Package, is_debian: bool, failing: &[&str]) -> (Vec<String>, bool) {
        let mut failing: Vec<&str> = failing.to_vec();
        let mut lines = Vec::new();
        let fetched = fetch(package, is_debian, &mut |line| {
            lines.push(line.to_string());
            let line = lines.last().expect("it was just pushed");
            match failing.iter().position(|part| line.contains(part)) {
                Some(at) => Err(failing.remove(at).to_owned()),
                None => Ok(()),
            }
        });
        (lines, fetched.is_ok())
    }

    #[test]
    fn a_package_of_debian_is_downloaded_and_unpacked() {
        let package = Package::Debian("prometheus");
        let unpack = "sh -c 'dpkg-deb --extract prometheus_*.deb .'".to_owned();
        let download = "apt-get download prometheus".to_owned();
        let (ran, fetched) = lines(package, true, &[]);
        assert!(fetched);
        assert_eq!(ran, [download.clone(), unpack.clone()]);
        let (ran, fetched) = lines(package, true, &["download"]);
        assert!(fetched);
        assert_eq!(ran, [download.clone(), "apt-get update".into(), download, unpack]);
        assert_eq!(lines(package, false, &[]), (Vec::new(), false));
        assert!(!lines(package, true, &["download", "update"]).1);
    }

    #[test]
    fn a_package_of_python_is_installed_in_a_virtual_environment() {
        let package = Package::Python("typos", "1.0");
        let venv = "python3 -m venv python";
        let pip = "python/bin/pip install --quiet typos==1.0";
        assert_eq!(lines(package, false, &[]), (vec![pip.into()], true));
        let (ran, fetched) = lines(package, false, &["pip"]);
        assert!(fetched);
        assert_eq!(ran, [pip, venv, pip]);
        let (ran, fetched) = lines(package, true, &["pip", "-m venv python"]);
        let install = "DEBIAN_FRONTEND=noninteractive apt-get install --yes python3-venv";
        assert!(fetched);
        assert_eq!(ran, [pip, venv, install, "/usr/bin/python3 -m venv --clear python", pip]);
        let (ran, fetched) = lines(package, false, &["pip", "-m venv python"]);
        assert_eq!((ran.len(), fetched), (2, false));
        assert!(!lines(package, true, &["pip", "pip"]).1);
    }

    #[test]
    fn what_cannot_be_had_is_named_with_how_to_get_it() {
        let tool = Tool {
            package: Package::Python("no-such", "0"),
            programs: ["no-such-program", "nor-this"],
            ..BOTH
        };
        // A folder that cannot be made: nothing is run.
        let result = find(Path::new("/dev/null"), &tool);
        let Err(Failure::Failed(reason)) = result else { panic!("{result:?}") };
        assert!(reason.contains("no-such-program") && reason.ends_with("write it"), "{reason}");
    }
}
