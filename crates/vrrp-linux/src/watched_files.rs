//! Files with a number in them: which to read when, and which numbers count. No I/O.
//!
//! The caller watches the directories and tells of writes ([`handle_write`](WatchedFiles::handle_write)); everything is
//! looked at every now and then as well, for file systems and links that tell of nothing
//! ([`handle_tick`](WatchedFiles::handle_tick)). A writer empties a file before it fills it. So what nobody told of,
//! and an empty file, count only once they were read twice, [`PAUSE`] apart. A read that does not end (a file system
//! that hangs) changes nothing, and is not begun again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The files and what is known of them.
#[derive(Debug, Default)]
pub struct WatchedFiles {
    files: BTreeMap<PathBuf, Watched>,
    reads: VecDeque<PathBuf>,
    changes: VecDeque<(PathBuf, i32)>,
}

#[derive(Debug, Default)]
struct Watched {
    /// The value that counts.
    number: Option<i32>,
    /// A value that does not count yet, and the time of the next look.
    doubt: Option<(i32, Instant)>,
    read: Read,
    /// When the read that runs is reported as one that hangs.
    report_at: Option<Instant>,
    /// Somebody wrote since it was last read.
    written: bool,
}

/// Where a read is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Read {
    #[default]
    None,
    /// It waits to be begun.
    Queued,
    Running,
    /// Something happened meanwhile: once more.
    Outdated,
}

/// The result of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileReading {
    /// There is nothing in the file: it counts as 0.
    Empty,
    /// There is a number in it, or no file, which counts as 0.
    Number(i32),
    /// It could not be read for want of something on this machine, which says nothing about the number.
    Unknown,
}

impl WatchedFiles {
    /// Watches these files and no others. New ones are read; the values of the others stay.
    pub fn watch(&mut self, paths: &BTreeSet<PathBuf>) {
        self.files.retain(|path, _| paths.contains(path));
        self.reads.retain(|path| paths.contains(path));
        for path in paths {
            self.files.entry(path.clone()).or_default();
            self.look(path);
        }
    }

    /// Somebody wrote the file, put another one in its place, or removed it.
    pub fn handle_write(&mut self, path: &Path) {
        if let Some(file) = self.files.get_mut(path) {
            file.written = true;
            self.look(path);
        }
    }

    /// It is time to look at everything.
    pub fn handle_tick(&mut self) {
        for path in self.files.keys().cloned().collect::<Vec<_>>() {
            self.look(&path);
        }
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        let due = self.files.iter().filter(|(_, file)| file.doubt.is_some_and(|(_, at)| at <= now));
        for path in due.map(|(path, _)| path.clone()).collect::<Vec<_>>() {
            self.look(&path);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let idle = self.files.values().filter(|file| file.read == Read::None);
        idle.filter_map(|file| Some(file.doubt?.1)).min()
    }

    /// The next file to read; [`handle_read`](Self::handle_read) says what is in it.
    pub fn poll_read(&mut self, now: Instant) -> Option<PathBuf> {
        let path = self.reads.pop_front()?;
        let file = self.files.get_mut(&path)?;
        file.read = Read::Running;
        file.report_at = Some(now + PATIENCE);
        Some(path)
    }

    /// The files whose reads have hung for [`PATIENCE`], each once for each read.
    pub fn overdue(&mut self, now: Instant) -> Vec<PathBuf> {
        let files = self.files.iter_mut();
        let overdue =
            files.filter_map(|(path, file)| file.report_at.take_if(|at| *at <= now).map(|_| path.clone()));
        overdue.collect()
    }

    /// A read has ended.
    pub fn handle_read(&mut self, now: Instant, path: &Path, reading: FileReading) {
        let Some(file) = self.files.get_mut(path) else { return };
        let is_outdated = file.read == Read::Outdated;
        file.read = Read::None;
        file.report_at = None;
        if is_outdated {
            return self.look(path);
        }
        let (number, certain) = match reading {
            FileReading::Empty => (0, false),
            FileReading::Number(number) => (number, file.written),
            // The next look tries again.
            FileReading::Unknown => return,
        };
        file.written = false;
        let confirmed = file.doubt.is_some_and(|(doubted, at)| doubted == number && at <= now);
        if file.number == Some(number) {
            file.doubt = None;
        } else if certain || confirmed || file.number.is_none() {
            file.doubt = None;
            file.number = Some(number);
            self.changes.push_back((path.to_owned(), number));
        } else if file.doubt.is_none_or(|(doubted, _)| doubted != number) {
            file.doubt = Some((number, now + PAUSE));
        }
    }

    /// A read that [`poll_read`](Self::poll_read) asked for cannot be begun now; the next look asks again.
    pub fn postpone(&mut self, path: &Path) {
        if let Some(file) = self.files.get_mut(path) {
            file.read = Read::None;
            file.report_at = None;
        }
    }

    /// The next file whose number is another one than it was, or was not known.
    pub fn poll_change(&mut self) -> Option<(PathBuf, i32)> {
        self.changes.pop_front()
    }

    fn look(&mut self, path: &Path) {
        let Some(file) = self.files.get_mut(path) else { return };
        match file.read {
            Read::None => {
                file.read = Read::Queued;
                self.reads.push_back(path.to_owned());
            }
            // A look that hangs is not waited for with another one, but a write in the meantime is not lost.
            Read::Running if file.written => file.read = Read::Outdated,
            Read::Queued | Read::Running | Read::Outdated => {}
        }
    }
}

/// Time between two reads that have to agree.
pub const PAUSE: Duration = Duration::from_millis(50);

/// Time without an answer after which a file system is reported.
pub const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    /// One watched file whose first number is known.
    fn watched(number: i32, now: Instant) -> WatchedFiles {
        let mut files = WatchedFiles::default();
        files.watch(&BTreeSet::from([path()]));
        assert_eq!(read(&mut files, now, FileReading::Number(number)), Some(number));
        files
    }

    fn path() -> PathBuf {
        PathBuf::from("/run/n")
    }

    /// Reads what is to be read and gives what came of it.
    fn read(files: &mut WatchedFiles, now: Instant, reading: FileReading) -> Option<i32> {
        assert_eq!(files.poll_read(now), Some(path()));
        files.handle_read(now, &path(), reading);
        files.poll_change().map(|(_, number)| number)
    }

    #[test]
    fn a_write_counts_at_once() {
        let now = Instant::now();
        let mut files = watched(5, now);
        files.handle_write(&path());
        assert_eq!(read(&mut files, now, FileReading::Number(-254)), Some(-254));
        files.handle_write(&path());
        assert_eq!(read(&mut files, now, FileReading::Number(-254)), None, "the same is no change");
    }

    #[test]
    fn an_unannounced_change_counts_when_it_was_read_twice() {
        let now = Instant::now();
        let mut files = watched(5, now);
        files.handle_tick();
        assert_eq!(read(&mut files, now, FileReading::Number(7)), None);
        assert_eq!(files.poll_timeout(), Some(now + PAUSE));
        files.handle_timeout(now + PAUSE);
        assert_eq!(read(&mut files, now + PAUSE, FileReading::Number(7)), Some(7));
        assert_eq!(files.poll_timeout(), None);
    }

    #[test]
    fn a_file_that_is_being_written_anew_is_never_0_in_between() {
        let now = Instant::now();
        let mut files = watched(5, now);
        files.handle_write(&path());
        assert_eq!(read(&mut files, now, FileReading::Empty), None, "the next writer has emptied it");
        files.handle_write(&path());
        assert_eq!(read(&mut files, now, FileReading::Number(6)), Some(6));
        assert_eq!(files.poll_timeout(), None);
        files.handle_write(&path());
        assert_eq!(read(&mut files, now, FileReading::Empty), None);
        files.handle_timeout(now + PAUSE);
        assert_eq!(read(&mut files, now + PAUSE, FileReading::Empty), Some(0), "it stays empty");
    }

    #[test]
    fn a_read_that_fails_for_lack_of_resources_changes_nothing() {
        let now = Instant::now();
        let mut files = watched(5, now);
        files.handle_write(&path());
        assert_eq!(read(&mut files, now, FileReading::Unknown), None);
        files.handle_tick();
        assert_eq!(files.poll_read(now), Some(path()));
        files.postpone(&path());
        files.handle_tick();
        assert_eq!(
            read(&mut files, now, FileReading::Number(6)),
            Some(6),
            "it was written, and read at last"
        );
    }

    #[test]
    fn a_read_that_hangs_is_not_begun_again_and_changes_nothing() {
        let now = Instant::now();
        let mut files = watched(5, now);
        files.handle_tick();
        assert_eq!(files.poll_read(now), Some(path()));
        for _ in 0..100 {
            files.handle_tick();
            files.handle_timeout(now + PAUSE);
            assert_eq!((files.poll_read(now), files.poll_change()), (None, None));
        }
        assert_eq!(files.overdue(now + PAUSE), [] as [PathBuf; 0]);
        assert_eq!(files.overdue(now + PATIENCE), [path()]);
        assert_eq!(files.overdue(now + PATIENCE * 2), [] as [PathBuf; 0], "it is reported once");
    }

    #[test]
    fn a_file_written_during_a_read_is_read_again() {
        let now = Instant::now();
        let mut files = watched(5, now);
        files.handle_write(&path());
        assert_eq!(files.poll_read(now), Some(path()));
        files.handle_write(&path());
        files.handle_read(now, &path(), FileReading::Number(8));
        assert_eq!(files.poll_change(), None, "it may be from before");
        assert_eq!(read(&mut files, now, FileReading::Number(9)), Some(9));
    }

    #[test]
    fn other_files_are_watched_after_a_reload_and_known_values_stay() {
        let now = Instant::now();
        let mut files = watched(5, now);
        files.watch(&BTreeSet::from([path(), "/run/other".into()]));
        assert_eq!(read(&mut files, now, FileReading::Number(5)), None);
        assert_eq!(files.poll_read(now), Some("/run/other".into()));
        files.watch(&BTreeSet::new());
        files.handle_read(now, Path::new("/run/other"), FileReading::Number(1));
        files.handle_write(&path());
        assert_eq!((files.poll_read(now), files.poll_change()), (None, None));
    }
}
