//! The path process, as the parent sees it: questions about paths go out, answers come when they come.
//!
//! It runs from the first question on. The caller waits for nothing; a question that stays without an answer for
//! [`PATIENCE`] is reported once, as what it is. A process that died is started again with the next question.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mio::{Registry, Token};
use rustix::event::{PollFd, PollFlags};
use vipd_checks::ScriptKey;
use vipd_control::ClientId;
use vipd_supervisor::{ReadId, UpgradeId};

use super::fingerprint::Fingerprint;
use super::load::LoadedConfig;
use super::process::Child;
use super::worker::WorkerProgram;
use crate::ipc::{Channel, ChannelError, DumpKind};
use crate::log::Log;
use crate::paths::{Done, FoundFifo, FromPaths, Job, ToPaths};

/// Asks the path process, and remembers what for.
#[derive(Debug)]
pub(super) struct Paths {
    program: WorkerProgram,
    registry: Registry,
    token: Token,
    process: Option<Process>,
    asked: BTreeMap<u64, Question>,
    last_id: u64,
}

#[derive(Debug)]
struct Process {
    child: Child,
    channel: Channel,
}

#[derive(Debug)]
struct Question {
    purpose: Purpose,
    path: PathBuf,
    asked: Instant,
    /// When the silence is reported; `None` once it was, and where somebody else keeps the time.
    report_at: Option<Instant>,
}

/// Names a FIFO that the path process is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FifoRequest(pub(super) u64);

/// Purpose of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The check of a file.
    Check(ScriptKey),
    /// A state file.
    Dump(DumpKind),
    /// A file made for those who track it.
    InitFile,
    /// A FIFO.
    Fifo(FifoRequest),
    /// The end of a FIFO that was made here.
    FifoRemoval,
    /// The configuration.
    Read(ReadId),
    /// The configuration, for a client that only wants to know what would change.
    Preview(ClientId, Previewed),
    /// The files of the configuration: whether they are still the same.
    Fingerprint,
    /// The configuration, before another program takes over.
    Upgrade(UpgradeId),
    /// The time of a reload.
    ReloadTime,
    /// The end of the file with that time.
    ReloadTimeRemoval,
    /// The list of kept intents.
    Intents,
}

/// The form in which a client wants to know what would change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Previewed {
    /// Text for people.
    Text,
    /// One change after the other.
    Changes,
}

/// An answer that somebody waits for; errno if there is none.
#[derive(Debug)]
pub(super) enum Answer {
    /// Whether a file could be opened.
    Check(ScriptKey, Result<(), i32>),
    /// A FIFO that may be opened, or why there is none.
    Fifo(FifoRequest, Result<FoundFifo, String>),
    /// Content of the file with the time of a reload; `None` if it is not there.
    ReloadTime(Option<String>),
    /// Whether the list of kept intents is written, or why not.
    Intents(Result<(), String>),
    /// A configuration.
    Config(ReadId, Result<Box<LoadedConfig>, i32>),
    /// The same before another program takes over.
    Upgrade(UpgradeId, Result<Box<LoadedConfig>, i32>),
    /// The same for a client that wants to know what would change.
    Preview(ClientId, Previewed, Result<Box<LoadedConfig>, i32>),
    /// The files of the configuration; none if they cannot be looked at.
    Fingerprint(Option<Fingerprint>),
}

impl Paths {
    /// For a process that is this program and whose channel gets this token.
    pub(super) fn new(program: WorkerProgram, registry: Registry, token: Token) -> Self {
        Self { program, registry, token, process: None, asked: BTreeMap::new(), last_id: 0 }
    }

    /// Asks.
    pub(super) fn ask(&mut self, now: Instant, purpose: Purpose, job: Job, log: &mut Log) -> Vec<Answer> {
        self.last_id += 1;
        let id = self.last_id;
        let report_at = (!matches!(purpose, Purpose::Check(_))).then(|| now + PATIENCE);
        self.asked.insert(id, Question { purpose, path: job.path().to_owned(), asked: now, report_at });
        match self.send(id, job) {
            Ok(()) => Vec::new(),
            Err(errno) => self.answer(FromPaths { id, result: Err(errno) }, log).into_iter().collect(),
        }
    }

    fn send(&mut self, id: u64, job: Job) -> Result<(), i32> {
        if self.process.is_none() {
            let started = self.program.start(&self.registry, self.token);
            let (child, channel) = started.map_err(|error| error.raw_os_error().unwrap_or(libc::EAGAIN))?;
            self.process = Some(Process { child, channel });
        }
        match self.process.as_mut().map(|process| process.channel.send(&ToPaths { id, job })) {
            // Its end is told by SIGCHLD.
            Some(Ok(()) | Err(ChannelError::Closed)) => Ok(()),
            _ => Err(libc::EAGAIN),
        }
    }

    /// The channel is readable or writable.
    pub(super) fn handle_channel(&mut self, log: &mut Log) -> Vec<Answer> {
        let mut answers = Vec::new();
        while let Some(process) = &mut self.process {
            let _ = process.channel.flush();
            match process.channel.receive() {
                Ok(Some(answer)) => answers.extend(self.answer(answer, log)),
                Ok(None) | Err(ChannelError::Closed) => break,
                Err(error) => {
                    log.error(format!("path process({}): {error}", process.child.pid()));
                    process.child.kill();
                    break;
                }
            }
        }
        answers
    }

    /// SIGCHLD came.
    pub(super) fn reap(&mut self, log: &mut Log) -> Vec<Answer> {
        let Some(ended) = self.process.as_mut().and_then(|process| process.child.poll()) else {
            return Vec::new();
        };
        // Answers that it gave before it died still count.
        let mut answers = self.handle_channel(log);
        log.error(format!("path process ended ({ended:?}); it is started again when it is needed"));
        self.process = None;
        let lost: Vec<u64> = self.asked.keys().copied().collect();
        for id in lost {
            answers.extend(self.answer(FromPaths { id, result: Err(libc::EAGAIN) }, log));
        }
        answers
    }

    /// Time passed.
    pub(super) fn timeout(&mut self, now: Instant, log: &mut Log) {
        for question in self.asked.values_mut() {
            if question.report_at.take_if(|at| *at <= now).is_some() {
                log.warning(format!(
                    "{} {}: no answer from its file system for {} seconds; waiting for it without delaying anything else",
                    question.purpose.name(),
                    question.path.display(),
                    PATIENCE.as_secs()
                ));
            }
        }
    }

    /// When [`Paths::timeout`] is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let reports = self.asked.values().filter_map(|question| question.report_at).min();
        [reports, self.last_moment().filter(|&at| at > Instant::now())].into_iter().flatten().min()
    }

    /// Process id of the path process.
    pub(super) fn pids(&self) -> impl Iterator<Item = u32> {
        self.process.iter().map(|process| process.child.pid())
    }

    /// The daemon ends now: whatever the process waits for, nobody waits for it.
    pub(super) fn abandon(&mut self) {
        if let Some(process) = &mut self.process {
            process.child.kill();
        }
    }

    /// Whether no file is about to be written: the end of the daemon waits a moment for such, not for one that hangs.
    pub(super) fn is_quiet(&self, now: Instant) -> bool {
        self.last_moment().is_none_or(|at| at <= now)
    }

    /// Until when a question may count as about to be answered.
    fn last_moment(&self) -> Option<Instant> {
        let others = self.asked.values().filter(|question| {
            !matches!(
                question.purpose,
                Purpose::Check(_)
                    | Purpose::Read(_)
                    | Purpose::Preview(..)
                    | Purpose::Fingerprint
                    | Purpose::Upgrade(_)
                    | Purpose::ReloadTime
            )
        });
        others.map(|question| question.asked + MOMENT).max()
    }

    /// Waits for what was asked, but a moment only: before workers look at files that are being made.
    pub(super) fn wait(&mut self, log: &mut Log) -> Vec<Answer> {
        let mut answers = Vec::new();
        while let Some(process) = &self.process
            && let Some(until) = self.last_moment()
        {
            let rest = until.saturating_duration_since(Instant::now());
            let timeout = rustix::event::Timespec::try_from(rest).ok();
            let mut channel = [PollFd::new(&process.channel, PollFlags::IN)];
            if rest.is_zero() || !matches!(rustix::event::poll(&mut channel, timeout.as_ref()), Ok(1..)) {
                break;
            }
            let before = self.asked.len();
            answers.extend(self.handle_channel(log));
            if self.asked.len() == before && self.has_ended() {
                break;
            }
        }
        answers
    }

    fn has_ended(&self) -> bool {
        self.process.as_ref().is_none_or(|process| process.child.has_ended())
    }

    fn answer(&mut self, FromPaths { id, result }: FromPaths, log: &mut Log) -> Option<Answer> {
        let Question { purpose, path, .. } = self.asked.remove(&id)?;
        match purpose {
            Purpose::Check(key) => return Some(Answer::Check(key, result.map(drop))),
            Purpose::Read(id) => return Some(Answer::Config(id, result.and_then(config))),
            Purpose::Preview(client, form) => {
                return Some(Answer::Preview(client, form, result.and_then(config)));
            }
            Purpose::Fingerprint => {
                let seen = match result {
                    Ok(Done::Fingerprint(seen)) => Some(seen),
                    Ok(_) | Err(_) => None,
                };
                return Some(Answer::Fingerprint(seen));
            }
            Purpose::Upgrade(id) => return Some(Answer::Upgrade(id, result.and_then(config))),
            Purpose::Fifo(request) => {
                let found = match result {
                    Ok(Done::Fifo(found)) => found,
                    Ok(_) => Err(desc(libc::EBADMSG).to_owned()),
                    Err(errno) => Err(desc(errno).to_owned()),
                };
                return Some(Answer::Fifo(request, found));
            }
            Purpose::ReloadTime => {
                let text = match result {
                    Ok(Done::Text(text)) => Some(text),
                    // Mostly there is none, which asks for nothing.
                    Ok(_) | Err(_) => None,
                };
                return Some(Answer::ReloadTime(text));
            }
            Purpose::Intents => {
                let result = result.map(drop).map_err(|errno| {
                    log.error(failure(purpose, &path, errno));
                    desc(errno).to_owned()
                });
                return Some(Answer::Intents(result));
            }
            Purpose::Dump(_) | Purpose::InitFile | Purpose::FifoRemoval | Purpose::ReloadTimeRemoval => {}
        }
        match (purpose, result) {
            (Purpose::Dump(_), Ok(_)) => log.info(format!("Wrote {}", path.display())),
            (_, Ok(_)) => {}
            (_, Err(errno)) => log.error(failure(purpose, &path, errno)),
        }
        None
    }
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Check(_) => "check of",
            Self::Dump(_) => "state file",
            Self::InitFile => "init_file",
            Self::Fifo(_) => "FIFO",
            Self::FifoRemoval => "removal of FIFO",
            Self::Read(_) | Self::Preview(..) | Self::Fingerprint | Self::Upgrade(_) => "configuration",
            Self::ReloadTime => "reload_time_file",
            Self::ReloadTimeRemoval => "removal of reload_time_file",
            Self::Intents => "kept intents",
        }
    }
}

fn config(done: Done) -> Result<Box<LoadedConfig>, i32> {
    match done {
        Done::Config(loaded) => Ok(loaded),
        Done::Finished | Done::Fifo(_) | Done::Text(_) | Done::Fingerprint(_) => Err(libc::EBADMSG),
    }
}

fn failure(purpose: Purpose, path: &Path, errno: i32) -> String {
    format!("{} {}: {}", purpose.name(), path.display(), desc(errno))
}

fn desc(errno: i32) -> &'static str {
    nix::errno::Errno::from_raw(errno).desc()
}

/// Longest wait for writes.
const MOMENT: Duration = Duration::from_millis(500);

/// Time that a file system may take before it is reported.
const PATIENCE: Duration = Duration::from_secs(5);
