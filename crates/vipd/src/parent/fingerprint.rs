//! Whether the files of a configuration are still those that it was read from.

use std::cell::Cell;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use keepalived_conf::{FileKind, Files};
use serde::{Deserialize, Serialize};

/// Of everything that was read for a configuration: paths, texts, and what could not be read. Two processes of the same
/// executable make the same of the same files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint(u64);

/// Files, and the fingerprint of what was read of them.
pub(super) struct Fingerprinted<'a> {
    files: &'a dyn Files,
    fingerprint: Cell<u64>,
}

impl<'a> Fingerprinted<'a> {
    pub(super) fn new(files: &'a dyn Files) -> Self {
        Self { files, fingerprint: Cell::new(0) }
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.fingerprint.get())
    }
}

impl Files for Fingerprinted<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let read = self.files.read(path);
        let mut hasher = DefaultHasher::new();
        (self.fingerprint.get(), path, read.as_ref().ok()).hash(&mut hasher);
        self.fingerprint.set(hasher.finish());
        read
    }

    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        self.files.kind(path)
    }

    fn is_private(&self, path: &Path) -> io::Result<bool> {
        self.files.is_private(path)
    }

    fn glob(&self, pattern: &str) -> Vec<PathBuf> {
        self.files.glob(pattern)
    }

    fn directory_of(&self, file: &Path) -> PathBuf {
        self.files.directory_of(file)
    }

    fn identity(&self, file: &Path) -> PathBuf {
        self.files.identity(file)
    }
}

/// Knowledge of the files on disk, and the time of the next look at them. Looking takes at most a twentieth of the time.
#[derive(Debug, Default)]
pub(super) struct Freshness {
    /// Since when somebody looks.
    looking: Option<Instant>,
    /// The result of that look is older than what is known.
    is_overtaken: bool,
    /// When to look again at the earliest.
    next: Option<Instant>,
    /// The files as last seen.
    seen: Option<Fingerprint>,
}

impl Freshness {
    /// Whether somebody has to look now, whose answer goes to [`handle_seen`](Self::handle_seen).
    pub(super) fn begin(&mut self, now: Instant) -> bool {
        if self.looking.is_some() || self.next.is_some_and(|next| now < next) {
            return false;
        }
        self.looking = Some(now);
        self.is_overtaken = false;
        true
    }

    /// The files are so; none if they could not be looked at.
    pub(super) fn handle_seen(&mut self, now: Instant, seen: Option<Fingerprint>) {
        let Some(since) = self.looking.take() else { return };
        let took = now.saturating_duration_since(since);
        self.next = Some(now + (took * SHARE).max(LEAST_PAUSE));
        if !self.is_overtaken {
            self.seen = seen.or(self.seen);
        }
    }

    /// The configuration was read, for a reload or for somebody who asked.
    pub(super) fn handle_read(&mut self, fingerprint: Fingerprint) {
        self.seen = Some(fingerprint);
        self.is_overtaken = true;
    }

    /// Whether the files are known to be others than those that the running configuration was read from.
    pub(super) fn is_stale(&self, runs: Fingerprint) -> bool {
        self.seen.is_some_and(|seen| seen != runs)
    }
}

const LEAST_PAUSE: Duration = Duration::from_secs(1);

/// A pause is so many times as long as a look.
const SHARE: u32 = 20;

#[cfg(test)]
mod tests {
    use keepalived_conf::{MemoryFiles, Options, load};

    use super::*;

    const A: Fingerprint = Fingerprint(1);
    const B: Fingerprint = Fingerprint(2);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn every_file_that_is_read_counts_with_its_name() {
        let of = |files: MemoryFiles| {
            let files = Fingerprinted::new(&files);
            let _ = load("/k.conf".as_ref(), &Options::new(&files));
            files.fingerprint()
        };
        let main = "include /c/*.conf\ninclude /more.conf\n";
        let with = |more: &[(&str, &str)]| {
            let mut files = MemoryFiles::from([("/k.conf", main)]);
            for &(path, text) in more {
                files.add(path, FileKind::Plain, text);
            }
            of(files)
        };
        let all = [
            with(&[]),
            with(&[("/c/a.conf", "")]),
            with(&[("/c/b.conf", "")]),
            with(&[("/c/a.conf", "# other\n")]),
            with(&[("/more.conf", "")]),
            of(MemoryFiles::new()),
        ];
        for (number, one) in all.iter().enumerate() {
            assert_eq!(all.iter().position(|other| other == one), Some(number));
        }
        assert_eq!(with(&[("/c/a.conf", "")]), all[1]);
        assert_eq!(with(&[("/unread.conf", "x")]), all[0]);
    }

    #[test]
    fn files_that_changed_are_known_once_somebody_looked_and_not_after_a_reload() {
        let (mut known, start) = (Freshness::default(), Instant::now());
        assert!(!known.is_stale(A));
        assert!(known.begin(start));
        known.handle_seen(start, Some(B));
        assert!(known.is_stale(A));
        known.handle_read(B);
        assert!(!known.is_stale(B) && known.is_stale(A));
        // A look that fails changes nothing.
        assert!(known.begin(start + SECOND));
        known.handle_seen(start + SECOND, None);
        assert!(!known.is_stale(B));
    }

    #[test]
    fn a_look_that_a_reload_overtook_counts_no_more() {
        let (mut known, start) = (Freshness::default(), Instant::now());
        assert!(known.begin(start));
        known.handle_read(B);
        known.handle_seen(start, Some(A));
        assert!(!known.is_stale(B));
    }

    #[test]
    fn one_looks_at_a_time_and_seldom() {
        let (mut known, start) = (Freshness::default(), Instant::now());
        assert!(known.begin(start));
        assert!(!known.begin(start + 100 * SECOND), "a file system hangs");
        known.handle_seen(start + SECOND, Some(A));
        assert!(!known.begin(start + 20 * SECOND));
        assert!(known.begin(start + 21 * SECOND));
        known.handle_seen(start + 21 * SECOND, Some(A));
        assert!(!known.begin(start + 21 * SECOND + SECOND / 2));
        assert!(known.begin(start + 22 * SECOND));
    }
}
