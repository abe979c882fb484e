// Hands the version to the command: that of the manifest, and the commit where this folder is part of a repository.
// Never fails for want of git, and never names the commit of a repository that only contains the folder.
//! The build script of the command `kairos`.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let version = env!("CARGO_PKG_VERSION");
    println!("cargo::rustc-env=KAIROS_VERSION={version}");
    println!("cargo::rustc-env=KAIROS_COMMIT=");
    // A commit and a checkout write to the log of HEAD, whatever branch it is on and however branches are stored.
    for name in ["HEAD", "logs/HEAD"] {
        let path = git(&format!("rev-parse --git-path {name}")).unwrap_or_default();
        // Cargo would run this at every build for the sake of a file that is not there.
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    // Sources that were unpacked into the folder of another repository are not among its files.
    let is_tracked = git("ls-files --error-unmatch build.rs").is_some();
    if let Some(commit) = git("rev-parse --short=7 HEAD").filter(|_| is_tracked) {
        println!("cargo::rustc-env=KAIROS_VERSION={version} ({commit})");
        println!("cargo::rustc-env=KAIROS_COMMIT={commit}");
    }
}

/// What git says in this folder; nothing where there is no git, or where it fails.
fn git(line: &str) -> Option<String> {
    let output = Command::new("git").args(line.split(' ')).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
