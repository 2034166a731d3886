//! The texts that people of the project write.

use std::fs;
use std::path::Path;

use crate::run::workspace;

/// A text of the workspace.
#[derive(Debug)]
pub(super) struct File {
    /// From the workspace's folder.
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    pub(super) fn is_rust(&self) -> bool {
        self.has_extension("rs")
    }

    pub(super) fn is_markdown(&self) -> bool {
        self.has_extension("md")
    }

    /// Whether all of it is tests.
    pub(super) fn is_test(&self) -> bool {
        self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
            || self.path.ends_with("/testing.rs")
    }

    /// The lines before the module of tests, with their numbers.
    pub(super) fn lines_without_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = self.text.lines().position(|line| line == "#[cfg(test)]").unwrap_or(usize::MAX);
        self.text.lines().take(end).enumerate().map(|(index, line)| (index + 1, line))
    }

    fn has_extension(&self, wanted: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|extension| extension == wanted)
    }
}

/// All Rust and Markdown files, or those below a path, in the order of their paths.
pub(super) fn all(under: Option<&Path>) -> Vec<File> {
    let root = workspace();
    let start = under.map_or_else(|| root.clone(), |under| root.join(under));
    let mut files = Vec::new();
    collect(&root, &start, &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(root: &Path, path: &Path, files: &mut Vec<File>) {
    let Ok(entries) = fs::read_dir(path) else {
        files.extend(read(root, path));
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with('.') && !SKIPPED.contains(&name.as_ref()) {
            collect(root, &entry.path(), files);
        }
    }
}

fn read(root: &Path, path: &Path) -> Option<File> {
    let file = File {
        path: path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned(),
        text: String::new(),
    };
    let text = (file.is_rust() || file.is_markdown()).then(|| fs::read_to_string(path).ok())??;
    Some(File { text, ..file })
}

/// Folders in which nothing is written by hand.
const SKIPPED: [&str; 4] = ["target", "corpus", "seeds", "test_data"];
