// Claims about outputs: what stands under a name while it is written, after it is kept, and after it is not.
// Never depend on another test's files.
// Read next: `../apart.rs`.

use std::{env, process};

use super::super::apart::check_apart;
use super::*;

/// A folder of a test, gone with its owner.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("kairos-{}-{name}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> Vec<String> {
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

#[test]
fn what_stood_there_stays_until_the_output_is_kept() {
    let folder = Folder::new("kept");
    fs::write(folder.at("out"), "before").unwrap();
    let mut output = Output::create(&folder.at("out")).unwrap();
    output.write_all(b"after").unwrap();
    output.flush().unwrap();
    assert_eq!(fs::read(folder.at("out")).unwrap(), b"before");
    assert_eq!(folder.names().len(), 2, "{:?}", folder.names());
    output.keep().unwrap();
    assert_eq!(fs::read(folder.at("out")).unwrap(), b"after");
    assert_eq!(folder.names(), ["out"]);
}

#[test]
fn an_output_that_is_not_kept_leaves_nothing() {
    let folder = Folder::new("dropped");
    for name in ["out", "out.gz", "out.zst"] {
        let mut output = Output::create(&folder.at(name)).unwrap();
        output.write_all(b"half").unwrap();
        drop(output);
    }
    let mut ended = Output::create(&folder.at("ended")).unwrap();
    ended.end().unwrap();
    drop(ended);
    assert_eq!(folder.names(), [""; 0]);
}

#[cfg(unix)]
#[test]
fn links_and_permissions_stay_and_devices_are_written_directly() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new("links");
    fs::write(folder.at("real"), "").unwrap();
    fs::set_permissions(folder.at("real"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real", folder.at("link")).unwrap();
    symlink("to-come", folder.at("ahead")).unwrap();
    for name in ["link", "ahead"] {
        let mut output = Output::create(&folder.at(name)).unwrap();
        output.write_all(b"text").unwrap();
        output.keep().unwrap();
        assert!(fs::symlink_metadata(folder.at(name)).unwrap().is_symlink(), "{name}");
        assert_eq!(fs::read(folder.at(name)).unwrap(), b"text");
    }
    assert_eq!(fs::metadata(folder.at("real")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(folder.names(), ["ahead", "link", "real", "to-come"]);
    let mut null = Output::create(Path::new("/dev/null")).unwrap();
    null.write_all(b"text").unwrap();
    null.keep().unwrap();
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[cfg(unix)]
#[test]
fn the_same_file_is_found_under_every_name() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new("apart");
    for name in ["a", "b"] {
        fs::write(folder.at(name), "").unwrap();
    }
    fs::hard_link(folder.at("a"), folder.at("hard")).unwrap();
    symlink("a", folder.at("soft")).unwrap();
    symlink("new", folder.at("ahead")).unwrap();
    symlink(".", folder.at("here")).unwrap();
    let check = |inputs: &[&str], outputs: &[&str], fails: bool| {
        let inputs: Vec<PathBuf> = inputs.iter().map(|name| folder.at(name)).collect();
        let outputs: Vec<PathBuf> = outputs.iter().map(|name| folder.at(name)).collect();
        let outputs: Vec<_> = outputs.iter().map(|path| ("--decisions", path.as_path())).collect();
        assert_eq!(check_apart(&inputs, &outputs).is_err(), fails, "{inputs:?} {outputs:?}");
    };
    check(&["a"], &["b", "new"], false);
    for same in ["a", "hard", "soft", "here/a", "here/here/soft"] {
        check(&["b", "a"], &["new", same], true);
        check(&["b"], &["a", "new", same], true);
    }
    for same in ["new", "ahead", "here/new", "here/ahead"] {
        check(&["a"], &["new", same], true);
    }
    check(&["absent"], &["new"], false);
    let null = Path::new("/dev/null");
    check_apart(&[null.into()], &[("--emit", null), ("--decisions", null)]).unwrap();
    let both = [("--emit", Path::new("-")), ("--decisions", Path::new("-"))];
    assert!(check_apart(&[], &both).is_err());
}
