//! The watcher process: looks at files and processes that priorities depend on, and tells the parent what is new.
//!
//! It decides nothing about routers. The parent starts it when something is to be watched, keeps what it said for workers
//! that start later, and starts it again if it dies. It runs as the user of the workers, and may read any file.

mod files;
mod privileges;
mod processes;

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

use vrrp_linux::watched_files::PATIENCE;

use files::Files;
use processes::Processes;
use vipd_ipc::watcher::{FromWatcher, Observation, Subject, ToWatcher};
use vipd_ipc::{Channel, ChannelError, LogLevel};

/// Runs the watcher at the other end of `socket` until the parent goes away.
pub fn main(socket: OwnedFd) -> ExitCode {
    let status = match run(socket) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("vipd watcher: {error}");
            1
        }
    };
    // Threads that wait for a file system are not waited for.
    std::process::exit(status)
}

fn run(socket: OwnedFd) -> io::Result<()> {
    let poll = Poll::new()?;
    let mut channel = Channel::from_fd(socket).map_err(io::Error::other)?;
    let interest = Interest::READABLE | Interest::WRITABLE;
    poll.registry().register(&mut SourceFd(&channel.as_raw_fd()), CHANNEL, interest)?;
    let files = Files::new(poll.registry(), READ)?;
    poll.registry().register(&mut SourceFd(&files.descriptor()), DIRECTORIES, Interest::READABLE)?;
    let processes = Processes::new(Instant::now());
    let mut watcher = Watcher { poll, files, processes, tick: None, is_first: true };
    match watcher.serve(&mut channel) {
        Ok(()) | Err(ChannelError::Closed) => Ok(()),
        Err(error) => Err(io::Error::other(error)),
    }
}

#[derive(Debug)]
struct Watcher {
    poll: Poll,
    files: Files,
    processes: Processes,
    /// When to look at everything again.
    tick: Option<Instant>,
    is_first: bool,
}

impl Watcher {
    fn serve(&mut self, channel: &mut Channel) -> Result<(), ChannelError> {
        let mut events = Events::with_capacity(16);
        loop {
            while let Some(message) = channel.receive()? {
                self.take(message, channel)?;
            }
            self.look();
            self.tell(channel)?;
            channel.flush()?;
            match self.poll.poll(&mut events, self.time_to_wait(Instant::now())) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
                _ => {}
            }
        }
    }

    fn take(&mut self, message: ToWatcher, channel: &mut Channel) -> Result<(), ChannelError> {
        let ToWatcher::Watch { subjects, run_as } = message;
        if std::mem::take(&mut self.is_first) {
            // While this is the only thread.
            for complaint in privileges::keep(run_as) {
                channel.queue(&FromWatcher::Log(LogLevel::Warning, complaint))?;
            }
        }
        let (mut paths, mut patterns) = (BTreeSet::new(), Vec::new());
        for subject in subjects {
            match subject {
                Subject::File(path) => _ = paths.insert(path),
                Subject::Processes(pattern) => patterns.push(pattern),
            }
        }
        let complaint = self.processes.watch(Instant::now(), patterns, self.poll.registry(), PROCESSES);
        if let Some(complaint) = complaint {
            channel.queue(&FromWatcher::Log(LogLevel::Info, complaint))?;
        }
        self.files.watch(&paths);
        self.tick = (!paths.is_empty()).then(|| Instant::now() + TICK);
        Ok(())
    }

    /// Takes in what happened and what time it is.
    fn look(&mut self) {
        let now = Instant::now();
        self.files.handle_events();
        self.files.take_done(now);
        self.files.handle_timeout(now);
        self.processes.look(now, self.poll.registry());
        if self.tick.is_some_and(|at| at <= now) {
            self.files.handle_tick();
            self.tick = Some(now + TICK);
        }
    }

    fn tell(&mut self, channel: &mut Channel) -> Result<(), ChannelError> {
        for path in self.files.overdue(Instant::now()) {
            let text = format!(
                "track_file {}: no answer from its file system for {} seconds; the last number stays until there is one",
                path.display(),
                PATIENCE.as_secs()
            );
            channel.queue(&FromWatcher::Log(LogLevel::Warning, text))?;
        }
        let mut news = Vec::new();
        while let Some((path, value)) = self.files.poll_change() {
            news.push(Observation { subject: Subject::File(path), value });
        }
        for (pattern, count) in self.processes.changes() {
            let value = i32::try_from(count).unwrap_or(i32::MAX);
            news.push(Observation { subject: Subject::Processes(pattern), value });
        }
        if news.is_empty() { Ok(()) } else { channel.queue(&FromWatcher::Observed(news)) }
    }

    fn time_to_wait(&self, now: Instant) -> Option<Duration> {
        if self.processes.has_backlog() {
            return Some(Duration::ZERO);
        }
        let due = [self.files.poll_timeout(), self.processes.poll_timeout(), self.tick];
        let due = due.into_iter().flatten().min()?;
        // epoll counts milliseconds: never wake just before the moment.
        Some(due.saturating_duration_since(now) + Duration::from_millis(1))
    }
}

/// File systems that tell of no change are looked at so often.
const TICK: Duration = Duration::from_secs(1);

const CHANNEL: Token = Token(0);
const READ: Token = Token(1);
const DIRECTORIES: Token = Token(2);
const PROCESSES: Token = Token(3);
