//! Files with a number: directories are watched by inotify, and threads read, for a file system may hang.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use lvs_health::file::{CONTENT_LIMIT, parse_number};
use mio::{Registry, Token, Waker};
use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use vrrp_linux::watched_files::{FileReading, WatchedFiles};

/// The files, their watches and the threads that read them.
#[derive(Debug)]
pub(super) struct Files {
    watched: WatchedFiles,
    inotify: Arc<Inotify>,
    /// The files that an entry of a directory concerns.
    entries: HashMap<(WatchDescriptor, OsString), BTreeSet<PathBuf>>,
    threads: Threads,
    answers: Receiver<Done>,
}

/// Threads that read: as many as were needed at once, for a file system that hangs keeps those that read it.
#[derive(Debug)]
struct Threads {
    jobs: Sender<PathBuf>,
    /// Where free threads wait for the next job.
    next: Arc<Mutex<Receiver<PathBuf>>>,
    answer: Sender<Done>,
    waker: Arc<Waker>,
    count: usize,
    busy: usize,
}

/// The result of a thread.
#[derive(Debug)]
struct Done {
    path: PathBuf,
    reading: FileReading,
    /// The directories that tell of changes of the file, with the name that it has there.
    entries: Vec<(WatchDescriptor, OsString)>,
}

impl Files {
    /// The poll tells by `token` that something was read.
    ///
    /// # Errors
    /// The kernel refuses.
    pub(super) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let ((jobs, next), (answer, answers)) = (channel(), channel());
        let threads = Threads {
            jobs,
            next: Arc::new(Mutex::new(next)),
            answer,
            waker: Arc::new(Waker::new(registry, token)?),
            count: 0,
            busy: 0,
        };
        Ok(Self {
            watched: WatchedFiles::default(),
            inotify: Arc::new(Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?),
            entries: HashMap::new(),
            threads,
            answers,
        })
    }

    /// Readable when directories changed.
    pub(super) fn descriptor(&self) -> RawFd {
        use std::os::fd::AsFd;
        self.inotify.as_fd().as_raw_fd()
    }

    /// Watches these files and no others.
    pub(super) fn watch(&mut self, paths: &BTreeSet<PathBuf>) {
        self.watched.watch(paths);
        for (entry, files) in &mut self.entries {
            files.retain(|path| paths.contains(path));
            if files.is_empty() {
                // Another file may be in the same directory: it is watched again with the next look at it.
                let _ = self.inotify.rm_watch(entry.0);
            }
        }
        self.entries.retain(|_, files| !files.is_empty());
        self.advance();
    }

    /// Directories changed.
    pub(super) fn handle_events(&mut self) {
        loop {
            match self.inotify.read_events() {
                Ok(events) => {
                    for event in events {
                        self.handle_event(event.wd, event.name.as_deref(), event.mask);
                    }
                }
                Err(Errno::EINTR) => {}
                Err(_) => break,
            }
        }
        self.advance();
    }

    fn handle_event(&mut self, directory: WatchDescriptor, name: Option<&OsStr>, mask: AddWatchFlags) {
        if mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
            return self.watched.handle_tick();
        }
        // An event of the directory itself concerns all files in it.
        let concerned = self.entries.iter().filter(|((watch, entry), _)| {
            *watch == directory && name.is_none_or(|name| name == entry.as_os_str())
        });
        let files: BTreeSet<PathBuf> = concerned.flat_map(|(_, files)| files.clone()).collect();
        for path in files {
            self.watched.handle_write(&path);
        }
    }

    /// It is time to look at everything.
    pub(super) fn handle_tick(&mut self) {
        self.watched.handle_tick();
        self.advance();
    }

    /// Time passed.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.watched.handle_timeout(now);
        self.advance();
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.watched.poll_timeout()
    }

    /// Takes in what threads have read.
    pub(super) fn take_done(&mut self, now: Instant) {
        while let Ok(Done { path, reading, entries }) = self.answers.try_recv() {
            self.threads.busy -= 1;
            for entry in entries {
                self.entries.entry(entry).or_default().insert(path.clone());
            }
            self.watched.handle_read(now, &path, reading);
        }
        self.advance();
    }

    /// Files whose file systems have given no answer for a while.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<PathBuf> {
        self.watched.overdue(now)
    }

    /// The next file whose number is new.
    pub(super) fn poll_change(&mut self) -> Option<(PathBuf, i32)> {
        self.watched.poll_change()
    }

    fn advance(&mut self) {
        while self.threads.busy < MOST_THREADS
            && let Some(path) = self.watched.poll_read(Instant::now())
        {
            if self.threads.read(&self.inotify, path.clone()).is_err() {
                // No thread is to be had on this machine: our own trouble.
                self.watched.postpone(&path);
                return;
            }
        }
    }
}

impl Threads {
    fn read(&mut self, inotify: &Arc<Inotify>, path: PathBuf) -> io::Result<()> {
        if self.busy == self.count {
            self.hire(Arc::clone(inotify))?;
            self.count += 1;
        }
        self.busy += 1;
        self.jobs.send(path).map_err(io::Error::other)
    }

    fn hire(&self, inotify: Arc<Inotify>) -> io::Result<()> {
        let (next, answer, waker) = (Arc::clone(&self.next), self.answer.clone(), Arc::clone(&self.waker));
        let work = move || {
            while let Ok(path) = next.lock().map_err(drop).and_then(|next| next.recv().map_err(drop)) {
                let entries = watch_entries(&inotify, &path);
                let reading = read(&path);
                // Nobody is left to hear it at the end of the process.
                let _ = answer.send(Done { path, reading, entries });
                let _ = waker.wake();
            }
        };
        thread::Builder::new().name("reader".to_owned()).stack_size(STACK_LEN).spawn(work)?;
        Ok(())
    }
}

/// Has the directories watched that tell of changes of a file: the one it is in, and for a link the one that it leads to.
/// Watching them again changes nothing; one that was made anew is watched from now on.
fn watch_entries(inotify: &Inotify, path: &Path) -> Vec<(WatchDescriptor, OsString)> {
    let target = path.symlink_metadata().ok().filter(std::fs::Metadata::is_symlink);
    let target = target.and_then(|_| path.canonicalize().ok());
    let places = [Some(path.to_owned()), target];
    let watch = |place: PathBuf| {
        let directory = place.parent().filter(|parent| !parent.as_os_str().is_empty());
        let watch = inotify.add_watch(directory.unwrap_or(Path::new(".")), changes()).ok()?;
        Some((watch, place.file_name()?.to_owned()))
    };
    places.into_iter().flatten().filter_map(watch).collect()
}

fn changes() -> AddWatchFlags {
    AddWatchFlags::IN_CLOSE_WRITE
        | AddWatchFlags::IN_MOVED_TO
        | AddWatchFlags::IN_MOVED_FROM
        | AddWatchFlags::IN_CREATE
        | AddWatchFlags::IN_DELETE
        | AddWatchFlags::IN_DELETE_SELF
        | AddWatchFlags::IN_MOVE_SELF
}

/// No file, and one that may not be read, is as 0.
fn read(path: &Path) -> FileReading {
    let mut content = Vec::new();
    // A FIFO without a writer is as an empty file.
    let opened = File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path);
    let most = u64::try_from(CONTENT_LIMIT).unwrap_or(u64::MAX);
    match opened.and_then(|file| file.take(most).read_to_end(&mut content)) {
        Ok(0) => FileReading::Empty,
        Ok(_) => FileReading::Number(number(&content)),
        Err(error) if error.raw_os_error().is_some_and(|errno| NO_FILE.contains(&errno)) => {
            FileReading::Number(0)
        }
        Err(_) => FileReading::Unknown,
    }
}

/// Errors of a file or its path. All other errors are the machine's.
const NO_FILE: [i32; 7] =
    [libc::ENOENT, libc::ENOTDIR, libc::EACCES, libc::EISDIR, libc::ELOOP, libc::ENAMETOOLONG, libc::ENXIO];

/// The nearest that 32 bits can hold.
fn number(content: &[u8]) -> i32 {
    let number = parse_number(content);
    i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
}

/// Files that are read at once: so many may hang before others have to wait.
const MOST_THREADS: usize = 64;

/// Octets; reading a file takes few.
const STACK_LEN: usize = 128 * 1024;
