//! A configuration from standard input, for tests of one that is in no file.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use keepalived_conf::{DiskFiles, FileKind, Files};

/// Name of standard input on the command line.
pub(crate) const NAME: &str = "-";

/// Name of standard input in findings.
pub(super) const SHOWN: &str = "<stdin>";

/// The files on disk, and standard input in the place of the main file. It is read once.
#[derive(Default)]
pub(super) struct StandardInput {
    text: OnceLock<Result<Vec<u8>, io::ErrorKind>>,
}

impl Files for StandardInput {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path != Path::new(SHOWN) {
            return DiskFiles.read(path);
        }
        let text = self.text.get_or_init(|| bounded(io::stdin().lock()).map_err(|error| error.kind()));
        text.clone().map_err(io::Error::from)
    }

    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        if path == Path::new(SHOWN) { Ok(FileKind::Plain) } else { DiskFiles.kind(path) }
    }

    fn is_private(&self, path: &Path) -> io::Result<bool> {
        DiskFiles.is_private(path)
    }

    fn glob(&self, pattern: &str) -> Vec<PathBuf> {
        DiskFiles.glob(pattern)
    }

    /// Includes start from the working directory.
    fn directory_of(&self, file: &Path) -> PathBuf {
        DiskFiles.directory_of(file)
    }

    fn identity(&self, file: &Path) -> PathBuf {
        DiskFiles.identity(file)
    }
}

/// As much as is read of a file.
fn bounded(input: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    input.take(DiskFiles::SIZE_LIMIT + 1).read_to_end(&mut text)?;
    if text.len() as u64 > DiskFiles::SIZE_LIMIT {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_without_end_is_refused() {
        assert_eq!(bounded(io::repeat(b'#')).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(bounded(&b"global_defs"[..]).unwrap(), b"global_defs");
    }
}
