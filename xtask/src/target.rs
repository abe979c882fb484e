// Where cargo builds: the target folder in force.
// Never knows: what is built there.
// Read next: `check/loom.rs`, which keeps a folder of its own inside it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The target folder of the workspace at `root`.
pub(crate) fn folder(root: &Path) -> PathBuf {
    inside(root, std::env::var_os("CARGO_TARGET_DIR"))
}

/// The folder `name` in the target folder, as it is written on a command line run in `root`.
pub(crate) fn shown(root: &Path, name: &str) -> String {
    let folder = folder(root).join(name);
    folder.strip_prefix(root).unwrap_or(&folder).display().to_string()
}

fn inside(root: &Path, configured: Option<OsString>) -> PathBuf {
    root.join(configured.unwrap_or_else(|| "target".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_folder_is_the_configured_one_or_in_the_workspace() {
        let root = Path::new("/kairos");
        assert_eq!(inside(root, None), Path::new("/kairos/target"));
        assert_eq!(inside(root, Some("../built".into())), Path::new("/kairos/../built"));
        assert_eq!(inside(root, Some("/built".into())), Path::new("/built"));
    }
}
