//! FIFOs that get a line for each change of an instance, a virtual or a real server.
//!
//! As keepalived's: made if absent, opened for reading and writing so that no reader is needed, never waited for. A
//! line that does not fit is lost, and that is said. Those that were made here are removed at the end.
//!
//! The path process makes and removes them ([`Fifos::poll_job`]): one on a file system that hangs must not stop the parent,
//! which opens a FIFO only when its file system has just answered.
//!
//! A reader must know what is so, not only what changes. So a reload leaves a FIFO and its script alone if it changes
//! neither (keepalived ends every reader, and tells the next one nothing); a FIFO that is opened anew gets the present
//! states first, and a script that ended by itself is started again and told the same.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use keepalived_conf::model::fifo::{Fifo as Configured, Lines};
use serde::{Deserialize, Serialize};
use vrrp_election::{EndSignal, Termination};

use super::accounts::Accounts;
use super::command;
use super::paths::{FifoRequest, Purpose};
use super::process::{Child, Credentials};
use crate::ipc::Role;
use crate::log::Log;
use crate::paths::{FileId, FoundFifo, Job, WantedFifo, open_fifo};

/// The FIFOs of the present configuration, and the scripts that read them.
#[derive(Debug, Default)]
pub(super) struct Fifos {
    configured: Vec<Configured>,
    /// Questions that the path process has not answered.
    requests: BTreeMap<FifoRequest, Configured>,
    last_request: u64,
    jobs: VecDeque<(Purpose, Job)>,
    open: Vec<Fifo>,
    /// Scripts that were told to end.
    ending: Vec<(Child, Termination<Instant>)>,
    /// The last line about the state of each thing, by its name.
    states: States,
}

type States = BTreeMap<(Role, String), String>;

/// State of FIFOs for a program that takes over.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct HandedFifos {
    pub(super) open: Vec<HandedFifo>,
    states: Vec<(u8, String, String)>,
}

/// A FIFO that is open.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HandedFifo {
    configured: Configured,
    pub(super) descriptor: RawFd,
    id: FileId,
    made: bool,
    script: Option<u32>,
}

#[derive(Debug)]
struct Fifo {
    configured: Configured,
    file: File,
    id: FileId,
    /// It was opened since the last reload.
    is_new: bool,
    /// It did not exist before.
    made: bool,
    script: Option<Child>,
    /// When a script that ended is started again.
    restart_at: Option<Instant>,
    /// Lines lost since the last one that was not.
    lost: u64,
}

impl Fifos {
    /// Closes what the configuration no longer names, and has all others looked for: they are opened when they were found.
    pub(super) fn arrange(
        &mut self,
        now: Instant,
        configured: &[Configured],
        accounts: &Accounts,
        log: &mut Log,
    ) {
        self.configured = configured.to_vec();
        let (kept, closed): (Vec<Fifo>, Vec<Fifo>) =
            self.open.drain(..).partition(|fifo| configured.contains(&fifo.configured));
        self.open = kept;
        for fifo in closed {
            self.close_one(now, fifo);
        }
        for fifo in configured {
            let owner = match &fifo.owner {
                Some(user) => accounts.find(Some(user)),
                None => Ok(Credentials::own()),
            };
            match owner {
                Ok(owner) => self.request(fifo, &owner),
                Err(error) => log.error(format!("FIFO {}: {error}", fifo.path.display())),
            }
        }
    }

    fn request(&mut self, fifo: &Configured, owner: &Credentials) {
        self.last_request += 1;
        let request = FifoRequest(self.last_request);
        let owner = (owner.uid.as_raw(), owner.gid.as_raw());
        let wanted = WantedFifo { path: fifo.path.clone(), owner };
        self.jobs.push_back((Purpose::Fifo(request), Job::Fifo(wanted)));
        self.requests.insert(request, fifo.clone());
    }

    /// The next job for the path process.
    pub(super) fn poll_job(&mut self) -> Option<(Purpose, Job)> {
        self.jobs.pop_front()
    }

    /// The path process found a FIFO, or none that may be used: opens it, unless it is open.
    pub(super) fn handle_found(
        &mut self,
        now: Instant,
        request: FifoRequest,
        found: Result<FoundFifo, String>,
        accounts: &Accounts,
        log: &mut Log,
    ) {
        let Some(configured) = self.requests.remove(&request) else { return };
        let is_wanted = self.configured.contains(&configured);
        let opened = match found {
            Ok(found) if !is_wanted => return self.remove(&configured, found),
            Ok(found) if self.open.iter().any(|fifo| fifo.is(&configured, found.id)) => return,
            Ok(found) => Fifo::open(&configured, found).map_err(|error| error.to_string()),
            Err(error) => Err(error),
        };
        // The FIFO that was open, if any, is no longer the one at the path.
        while let Some(place) = self.open.iter().position(|fifo| fifo.configured == configured) {
            let fifo = self.open.remove(place);
            self.close_one(now, fifo);
        }
        match opened {
            Ok(mut fifo) => {
                fifo.start_script(now, accounts, log);
                fifo.tell_states(&self.states, log);
                self.open.push(fifo);
            }
            Err(error) if is_wanted => log.error(format!("FIFO {}: {error}", configured.path.display())),
            Err(_) => {}
        }
    }

    fn remove(&mut self, configured: &Configured, found: FoundFifo) {
        if found.made {
            self.jobs.push_back((Purpose::FifoRemoval, Job::RemoveFifo(configured.path.clone(), found.id)));
        }
    }

    /// Writes a line about a change to each FIFO that gets such lines. It is remembered as the state of `subject`;
    /// without one it is no state.
    pub(super) fn write(&mut self, role: Role, subject: Option<&str>, line: &str, log: &mut Log) {
        if let Some(subject) = subject {
            self.states.insert((role, subject.to_owned()), line.to_owned());
        }
        for fifo in self.open.iter_mut().filter(|fifo| fifo.takes(role)) {
            fifo.write_or_lose(line, log);
        }
    }

    /// Remembers a line as the state of `subject` without writing it.
    pub(super) fn note(&mut self, role: Role, subject: &str, line: String) {
        self.states.insert((role, subject.to_owned()), line);
    }

    /// After a reload: those that were open before it get the states of instances if `again` says so. (Those that were
    /// opened since got all states.)
    pub(super) fn after_reload(&mut self, again: bool, log: &mut Log) {
        for fifo in &mut self.open {
            let is_new = std::mem::take(&mut fifo.is_new);
            if again && !is_new && fifo.takes(Role::Vrrp) {
                fifo.tell(self.states.iter().filter(|((role, _), _)| *role == Role::Vrrp), log);
            }
        }
    }

    /// Forgets the states of what is no longer there.
    pub(super) fn forget(&mut self, role: Role, mut is_gone: impl FnMut(&str) -> bool) {
        self.states.retain(|(whose, subject), _| *whose != role || !is_gone(subject));
    }

    /// SIGCHLD came.
    pub(super) fn reap(&mut self, now: Instant, log: &mut Log) {
        self.ending.retain_mut(|(child, _)| child.poll().is_none());
        for fifo in &mut self.open {
            if let Some(ended) = fifo.script.as_mut().and_then(Child::poll) {
                fifo.script = None;
                fifo.restart_at = Some(now + RESTART_AFTER);
                log.warning(format!(
                    "script of FIFO {} ended ({ended:?}); starting it again in {} s",
                    fifo.configured.path.display(),
                    RESTART_AFTER.as_secs()
                ));
            }
        }
    }

    /// Time passed.
    pub(super) fn timeout(&mut self, now: Instant, accounts: &Accounts, log: &mut Log) {
        for (child, end) in &mut self.ending {
            match end.poll_signal(now) {
                Some(EndSignal::Term) => child.terminate(),
                Some(EndSignal::Kill) => child.kill(),
                None => {}
            }
        }
        for fifo in &mut self.open {
            if fifo.restart_at.is_some_and(|at| at <= now) {
                fifo.start_script(now, accounts, log);
                if fifo.script.is_some() {
                    fifo.tell_states(&self.states, log);
                }
            }
        }
    }

    /// When [`Fifos::timeout`] is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let ends = self.ending.iter().map(|(_, end)| end.poll_timeout());
        ends.chain(self.open.iter().filter_map(|fifo| fifo.restart_at)).min()
    }

    /// Whether no script has to end any more.
    pub(super) fn has_ended(&self) -> bool {
        self.ending.is_empty()
    }

    /// The daemon ends and cannot wait any longer.
    pub(super) fn abandon(&mut self) {
        for (child, _) in &mut self.ending {
            child.kill();
        }
    }

    /// The FIFOs that are open, for a program that takes over: their descriptors stay open.
    pub(super) fn hand_over(&self) -> HandedFifos {
        let fifo = |fifo: &Fifo| HandedFifo {
            configured: fifo.configured.clone(),
            descriptor: fifo.file.as_raw_fd(),
            id: fifo.id,
            made: fifo.made,
            script: fifo.script.as_ref().map(Child::pid),
        };
        let states =
            self.states.iter().map(|((role, subject), line)| (role.number(), subject.clone(), line.clone()));
        HandedFifos { open: self.open.iter().map(fifo).collect(), states: states.collect() }
    }

    /// Their descriptors.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.open.iter().map(|fifo| fifo.file.as_fd())
    }

    /// Process ids of the scripts that read them.
    pub(super) fn open_pids(&self) -> Vec<u32> {
        self.open.iter().filter_map(|fifo| fifo.script.as_ref()).map(Child::pid).collect()
    }

    /// Those that the program before this one had open. `take` gives what is behind a descriptor.
    pub(super) fn resume(&mut self, handed: HandedFifos, mut take: impl FnMut(RawFd) -> Option<OwnedFd>) {
        for HandedFifo { configured, descriptor, id, made, script } in handed.open {
            let Some(file) = take(descriptor).map(File::from) else { continue };
            let script = script.and_then(Child::adopt);
            self.open.push(Fifo {
                configured,
                file,
                id,
                is_new: false,
                made,
                script,
                restart_at: None,
                lost: 0,
            });
        }
        let states = handed.states.into_iter();
        self.states.extend(
            states.filter_map(|(role, subject, line)| Some(((Role::numbered(role)?, subject), line))),
        );
    }

    /// Process ids of the scripts.
    pub(super) fn pids(&self) -> impl Iterator<Item = u32> {
        let reading = self.open.iter().filter_map(|fifo| fifo.script.as_ref());
        reading.chain(self.ending.iter().map(|(child, _)| child)).map(Child::pid)
    }

    /// Closes all: readers see the end, scripts are told to.
    pub(super) fn close(&mut self, now: Instant) {
        self.configured.clear();
        for fifo in std::mem::take(&mut self.open) {
            self.close_one(now, fifo);
        }
    }

    fn close_one(&mut self, now: Instant, mut fifo: Fifo) {
        if let Some(mut script) = fifo.script.take() {
            let mut end = Termination::begin(now);
            let _ = end.poll_signal(now);
            script.terminate();
            self.ending.push((script, end));
        }
        self.remove(&fifo.configured, FoundFifo { id: fifo.id, made: fifo.made });
    }
}

impl Fifo {
    fn open(configured: &Configured, found: FoundFifo) -> io::Result<Self> {
        let file = open_fifo(&configured.path)?;
        if FileId::from(&file.metadata()?) != found.id {
            return Err(io::Error::other("somebody put another one in its place"));
        }
        let (configured, FoundFifo { id, made }) = (configured.clone(), found);
        Ok(Self { configured, file, id, is_new: true, made, script: None, restart_at: None, lost: 0 })
    }

    fn is(&self, configured: &Configured, id: FileId) -> bool {
        self.configured == *configured && self.id == id
    }

    fn takes(&self, role: Role) -> bool {
        matches!(
            (self.configured.lines, role),
            (Lines::All, _) | (Lines::Vrrp, Role::Vrrp) | (Lines::Lvs, Role::Lvs)
        )
    }

    fn start_script(&mut self, now: Instant, accounts: &Accounts, log: &mut Log) {
        self.restart_at = None;
        let Some(command) = &self.configured.script else { return };
        let argument = self.configured.path.to_string_lossy().into_owned();
        let started = accounts
            .find(command.user.as_ref())
            .map_err(io::Error::other)
            .and_then(|credentials| Ok(command::launch(command, &[argument], credentials)?.start()?));
        match started {
            Ok(child) => self.script = Some(child),
            Err(error) => {
                self.restart_at = Some(now + RESTART_AFTER);
                log.error(format!("script of FIFO {}: {error}", self.configured.path.display()));
            }
        }
    }

    /// Tells a reader that begins now the present states.
    fn tell_states(&mut self, states: &States, log: &mut Log) {
        self.tell(states.iter(), log);
    }

    fn tell<'a>(&mut self, states: impl Iterator<Item = (&'a (Role, String), &'a String)>, log: &mut Log) {
        for ((role, _), line) in states {
            if self.takes(*role) {
                self.write_or_lose(line, log);
            }
        }
    }

    fn write_or_lose(&mut self, line: &str, log: &mut Log) {
        let path = self.configured.path.display();
        if let Err(error) = write(&mut self.file, line) {
            self.lost += 1;
            if self.lost == 1 {
                log.warning(format!("FIFO {path}: {error}: lines are lost"));
            }
        } else if self.lost > 0 {
            log.warning(format!("FIFO {path}: {} lines were lost", self.lost));
            self.lost = 0;
        }
    }
}

/// A line of up to a page is written whole or not at all.
fn write(file: &mut File, line: &str) -> io::Result<()> {
    file.write_all(format!("{line}\n").as_bytes())
}

/// Between the end of a script and its next start.
const RESTART_AFTER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
