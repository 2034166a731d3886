//! Configuration files on disk.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::files::{FileKind, Files, GLOB};

/// The files on disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskFiles;

impl DiskFiles {
    /// The largest file that is read: 64 MiB.
    pub const SIZE_LIMIT: u64 = 64 << 20;
}

impl Files for DiskFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.len() > Self::SIZE_LIMIT {
            return Err(too_large());
        }
        // One octet more than is expected: reading ends without growing.
        let mut content = Vec::with_capacity(usize::try_from(metadata.len() + 1).unwrap_or_default());
        file.take(Self::SIZE_LIMIT + 1).read_to_end(&mut content)?;
        // It may have grown, or belong to a file system that knows no lengths.
        if content.len() as u64 > Self::SIZE_LIMIT { Err(too_large()) } else { Ok(content) }
    }

    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        let metadata = fs::metadata(path)?;
        Ok(match metadata.permissions().mode() & 0o111 {
            0 if metadata.is_file() => FileKind::Plain,
            _ if metadata.is_file() => FileKind::Executable,
            _ => FileKind::Other,
        })
    }

    fn is_private(&self, path: &Path) -> io::Result<bool> {
        let others = fs::metadata(path)?.permissions().mode() & 0o077;
        Ok(others == 0)
    }

    fn glob(&self, pattern: &str) -> Vec<PathBuf> {
        glob::glob_with(pattern, GLOB).map_or(Vec::new(), |paths| paths.filter_map(Result::ok).collect())
    }

    fn directory_of(&self, file: &Path) -> PathBuf {
        let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::canonicalize(parent).unwrap_or_else(|_| parent.to_owned())
    }

    fn identity(&self, file: &Path) -> PathBuf {
        fs::canonicalize(file).unwrap_or_else(|_| file.to_owned())
    }
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 64 MiB")
}
