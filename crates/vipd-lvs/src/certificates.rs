//! Inputs of checks with TLS while they are prepared: files that were read before, and the time of day.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use lvs_health::Outside;

use super::files::Content;

/// Certificates and keys as they were read; nothing here waits for a file system. Copies are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Certificates(Arc<Mutex<HashMap<PathBuf, Content>>>);

impl Certificates {
    /// Whether this file was read, or found to be unreadable.
    pub(super) fn knows(&self, path: &Path) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(path)
    }

    /// This is in a file.
    pub(super) fn put(&self, path: PathBuf, content: Content) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path, content);
    }
}

impl Outside for Certificates {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).get(path) {
            Some(Ok(content)) => Ok(content.clone()),
            Some(Err(error)) => Err(again(error)),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// The same error once more.
fn again(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}
