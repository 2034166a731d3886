//! What tests of the parent share.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use keepalived_conf::model::Config;

/// A directory of its own, removed with this value.
pub(crate) struct TestDirectory(PathBuf);

impl TestDirectory {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("vipd-test-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TestDirectory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What an empty file means.
pub(crate) fn empty_config() -> Config {
    keepalived_conf::load_str("").config
}
