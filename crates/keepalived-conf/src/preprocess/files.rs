//! Where files come from: the disk, or memory in tests.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Kind of a path, as far as including it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A regular file without any execute bit: it can be included.
    Plain,
    /// A regular file with an execute bit: never included.
    Executable,
    /// A directory, a socket, a device, …: never included.
    Other,
}

/// The files a configuration may be read from.
pub trait Files {
    /// The content of a file.
    ///
    /// # Errors
    /// Errors of the file system.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Kind of the path.
    ///
    /// # Errors
    /// Errors of the file system, `NotFound` when there is nothing.
    fn kind(&self, path: &Path) -> io::Result<FileKind>;

    /// Whether nobody but the owner of the file can read it. Files in memory are private.
    ///
    /// # Errors
    /// Errors of the file system.
    fn is_private(&self, path: &Path) -> io::Result<bool> {
        self.kind(path).map(|_| true)
    }

    /// The paths that match a glob pattern (`*`, `?`, `[…]`), sorted; nothing for a malformed pattern. A name
    /// with a leading dot only matches a dot.
    fn glob(&self, pattern: &str) -> Vec<PathBuf>;

    /// The directory a file is in, which relative patterns in it start from: absolute, without symbolic links.
    fn directory_of(&self, file: &Path) -> PathBuf;

    /// The one name of a file with many.
    fn identity(&self, file: &Path) -> PathBuf;
}

/// Files in memory, for tests and editors.
///
/// ```
/// use keepalived_conf::{Files as _, MemoryFiles};
///
/// let files = MemoryFiles::from([("/etc/keepalived/keepalived.conf", "global_defs {\n}\n")]);
/// assert!(files.read("/etc/keepalived/keepalived.conf".as_ref()).is_ok());
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles {
    files: BTreeMap<PathBuf, (FileKind, Vec<u8>)>,
}

impl MemoryFiles {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    pub fn add(&mut self, path: impl Into<PathBuf>, kind: FileKind, content: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), (kind, content.into()));
    }
}

impl<P: Into<PathBuf>, T: Into<Vec<u8>>, const N: usize> From<[(P, T); N]> for MemoryFiles {
    fn from(files: [(P, T); N]) -> Self {
        let mut all = Self::new();
        for (path, content) in files {
            all.add(path, FileKind::Plain, content);
        }
        all
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.files.get(&self.identity(path));
        file.map(|(_, content)| content.clone()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        let path = self.identity(path);
        let is_directory = || self.files.keys().any(|file| file.starts_with(&path));
        match self.files.get(&path) {
            Some(&(kind, _)) => Ok(kind),
            None if is_directory() => Ok(FileKind::Other),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn glob(&self, pattern: &str) -> Vec<PathBuf> {
        let Ok(pattern) = glob::Pattern::new(pattern) else { return Vec::new() };
        self.files.keys().filter(|path| pattern.matches_path_with(path, GLOB)).cloned().collect()
    }

    fn directory_of(&self, file: &Path) -> PathBuf {
        self.identity(file.parent().unwrap_or(Path::new("")))
    }

    /// Without `.` and `..`.
    fn identity(&self, file: &Path) -> PathBuf {
        let mut path = PathBuf::new();
        for component in file.components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir => {
                    path.pop();
                }
                _ => path.push(component),
            }
        }
        path
    }
}

/// As `glob(3)` matches.
pub(super) const GLOB: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};
