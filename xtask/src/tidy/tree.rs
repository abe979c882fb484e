//! The files of the workspace, as git lists them: tracked, and new ones that are not ignored.
//! Never knows: what is in a file beyond whether it is text.
//! Read next: `file.rs`, what the rules see of each.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::file::File;
use crate::failure::Failure;

/// Every path of the workspace, and the text files among them.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: Vec<File>,
    paths: BTreeSet<String>,
}

impl Tree {
    /// Reads the checkout at `root`.
    ///
    /// # Errors
    ///
    /// [`Failure::Failed`] if git cannot list it or a listed file cannot be read.
    pub(crate) fn read(root: &Path) -> Result<Tree, Failure> {
        let mut tree = Tree::default();
        for path in list(root)? {
            // Listed and not there: deleted, and not yet so in the index.
            if !root.join(&path).is_file() {
                continue;
            }
            let bytes = std::fs::read(root.join(&path))
                .map_err(|error| Failure::Failed(format!("cannot read {path}: {error}")))?;
            tree.insert(path, bytes);
        }
        Ok(tree)
    }

    /// Adds a file; one that is not text is known by its path alone.
    pub(crate) fn insert(&mut self, path: String, bytes: Vec<u8>) {
        if !bytes.contains(&0)
            && let Ok(text) = String::from_utf8(bytes)
        {
            self.files.push(File::new(path.as_str(), text));
        }
        self.paths.insert(path);
    }

    /// The text files, sorted by path.
    pub(crate) fn files(&self) -> &[File] {
        &self.files
    }

    /// Whether a file or a folder of this path exists; the empty path is the root. O(log n).
    pub(crate) fn contains(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self.paths.contains(path)
            || self.paths.range(folder.clone()..).next().is_some_and(|p| p.starts_with(&folder))
    }
}

fn list(root: &Path) -> Result<BTreeSet<String>, Failure> {
    let args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let mut git = Command::new("git");
    // Inside a hook these point at the repository of the hook, and `root` would be ignored.
    git.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    let output = git
        .args(args)
        .current_dir(root)
        .output()
        .map_err(|error| Failure::Failed(format!("cannot start git: {error}")))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::Failed(format!("git cannot list the files: {}", reason.trim())));
    }
    let listed = String::from_utf8_lossy(&output.stdout);
    Ok(listed.split_terminator('\0').map(String::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_exist_through_their_files_and_prefixes_do_not() {
        let mut tree = Tree::default();
        tree.insert("docs/guide.md".into(), b"text".to_vec());
        tree.insert("docs/logo.png".into(), vec![0, 159, 146, 150]);
        for path in ["", "docs", "docs/guide.md", "docs/logo.png"] {
            assert!(tree.contains(path), "{path}");
        }
        for path in ["doc", "docs/guide", "guide.md", "docs/guide.md/x"] {
            assert!(!tree.contains(path), "{path}");
        }
        assert_eq!(tree.files().len(), 1, "the picture is no text");
    }
}
