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
use std::time::{Duration, Instant};

use keepalived_conf::model::fifo::{Fifo as Configured, Lines};
use vrrp_election::{EndSignal, Termination};

use super::accounts::Accounts;
use super::command;
use super::paths::Purpose;
use super::process::{Child, Credentials};
use super::role::Role;
use crate::log::Log;
use crate::paths::{FileId, FoundFifo, Job, WantedFifo, open_fifo};

/// The FIFOs of the present configuration, and the scripts that read them.
#[derive(Debug, Default)]
pub(super) struct Fifos {
    configured: Vec<Configured>,
    /// What the path process was asked for and has not answered.
    requests: BTreeMap<FifoRequest, Configured>,
    last_request: u64,
    jobs: VecDeque<(Purpose, Job)>,
    open: Vec<Fifo>,
    /// Scripts that were told to end.
    ending: Vec<(Child, Termination<Instant>)>,
    /// The last line about the state of each thing, by its name.
    states: BTreeMap<(Role, String), String>,
}

/// Names a FIFO that the path process is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FifoRequest(u64);

#[derive(Debug)]
struct Fifo {
    configured: Configured,
    file: File,
    id: FileId,
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

    /// What the path process is to do next.
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
        // What was open, if anything, is no longer what is at the path.
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
        Ok(Self { configured, file, id, made, script: None, restart_at: None, lost: 0 })
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

    /// What a reader that begins now has to know.
    fn tell_states(&mut self, states: &BTreeMap<(Role, String), String>, log: &mut Log) {
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
mod tests {
    use std::io::Read;
    use std::os::unix::fs::OpenOptionsExt;
    use std::path::Path;

    use super::*;
    use crate::log::LogOptions;
    use crate::parent::testing::{TestDirectory, empty_config};
    use crate::paths::{Done, perform};

    fn quiet() -> Log {
        Log::new(LogOptions { console: false, syslog: None, detail: false })
    }

    fn configured(path: &Path) -> Configured {
        Configured { path: path.to_owned(), lines: Lines::Lvs, owner: None, script: None }
    }

    fn arrange(
        fifos: &mut Fifos,
        now: Instant,
        configured: &[Configured],
        accounts: &Accounts,
        log: &mut Log,
    ) {
        fifos.arrange(now, configured, accounts, log);
        settle(fifos, accounts, log);
    }

    /// Does what the path process would do.
    fn settle(fifos: &mut Fifos, accounts: &Accounts, log: &mut Log) {
        while let Some((purpose, job)) = fifos.poll_job() {
            if let (Purpose::Fifo(request), Ok(Done::Fifo(found))) = (purpose, perform(&job)) {
                fifos.handle_found(Instant::now(), request, found, accounts, log);
            }
        }
    }

    #[test]
    fn a_fifo_whose_file_system_hangs_keeps_nobody_waiting_and_hears_the_states_later() {
        let directory = TestDirectory::new();
        let path = directory.path().join("fifo");
        let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
        fifos.arrange(Instant::now(), &[configured(&path)], &accounts, &mut log);
        assert!(!path.exists(), "the path process makes it");
        fifos.write(Role::Lvs, Some("a"), "a UP", &mut log);
        settle(&mut fifos, &accounts, &mut log);
        let mut reader = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
        let mut bytes = [0; 64];
        let count = reader.read(&mut bytes).unwrap();
        assert_eq!(&bytes[..count], b"a UP\n");
    }

    #[test]
    fn a_fifo_that_is_no_longer_wanted_when_it_was_made_is_removed() {
        let directory = TestDirectory::new();
        let path = directory.path().join("fifo");
        let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
        fifos.arrange(Instant::now(), &[configured(&path)], &accounts, &mut log);
        let (purpose, job) = fifos.poll_job().unwrap();
        let (Purpose::Fifo(request), Ok(Done::Fifo(found))) = (purpose, perform(&job)) else {
            panic!("{purpose:?}")
        };
        assert!(path.exists());
        arrange(&mut fifos, Instant::now(), &[], &accounts, &mut log);
        fifos.handle_found(Instant::now(), request, found, &accounts, &mut log);
        settle(&mut fifos, &accounts, &mut log);
        assert!(fifos.open.is_empty() && !path.exists());
    }

    #[test]
    fn a_fifo_that_was_replaced_is_opened_anew_by_a_reload() {
        let directory = TestDirectory::new();
        let path = directory.path().join("fifo");
        let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
        let wanted = [configured(&path)];
        arrange(&mut fifos, Instant::now(), &wanted, &accounts, &mut log);
        let first = fifos.open[0].id;
        std::fs::rename(&path, directory.path().join("old")).unwrap();
        arrange(&mut fifos, Instant::now(), &wanted, &accounts, &mut log);
        assert!(fifos.open.len() == 1 && fifos.open[0].id != first && path.exists());
    }

    #[test]
    fn lines_reach_a_reader_and_a_fifo_that_was_made_goes_with_the_daemon() {
        let directory = TestDirectory::new();
        let path = directory.path().join("fifo");
        let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
        arrange(&mut fifos, Instant::now(), &[configured(&path)], &accounts, &mut log);
        let mut reader = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
        fifos.write(Role::Lvs, None, "VS [192.0.2.1]:tcp:80 UP", &mut log);
        fifos.write(Role::Vrrp, None, "INSTANCE \"V1\" MASTER 150", &mut log);
        fifos.close(Instant::now());
        settle(&mut fifos, &accounts, &mut log);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "VS [192.0.2.1]:tcp:80 UP\n");
        assert!(!path.exists());
    }

    #[test]
    fn a_fifo_without_a_reader_loses_lines_but_never_blocks() {
        let directory = TestDirectory::new();
        let path = directory.path().join("fifo");
        let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
        arrange(&mut fifos, Instant::now(), &[configured(&path)], &accounts, &mut log);
        for _ in 0..10_000 {
            fifos.write(Role::Lvs, None, "RS [10.0.0.1]:tcp:80 [192.0.2.1]:tcp:80 DOWN", &mut log);
        }
        assert!(fifos.open[0].lost > 0);
    }

    #[test]
    fn what_is_no_fifo_is_left_alone() {
        let directory = TestDirectory::new();
        let path = directory.path().join("file");
        std::fs::write(&path, "mine").unwrap();
        let (mut fifos, accounts) = (Fifos::default(), Accounts::of(&empty_config()));
        arrange(&mut fifos, Instant::now(), &[configured(&path)], &accounts, &mut quiet());
        assert!(fifos.open.is_empty());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }

    fn script(text: &str, path: &Path) -> Configured {
        use keepalived_conf::model::{Command, Run};
        let command = Command { text: text.to_owned(), run: Run::Shell { bash: false }, user: None };
        Configured { script: Some(command), ..configured(path) }
    }

    #[test]
    fn a_reload_that_changes_nothing_leaves_the_reader_alone() {
        let directory = TestDirectory::new();
        let path = directory.path().join("fifo");
        let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
        let wanted = [script("exec sleep 60 #", &path)];
        let pids: Vec<Vec<u32>> = (0..3)
            .map(|_| {
                arrange(&mut fifos, Instant::now(), &wanted, &accounts, &mut log);
                fifos.pids().collect()
            })
            .collect();
        assert!(pids[0].len() == 1 && pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
        fifos.close(Instant::now());
        fifos.abandon();
    }

    #[test]
    fn a_reader_that_begins_is_told_the_present_states() {
        let directory = TestDirectory::new();
        let (first, second) = (directory.path().join("first"), directory.path().join("second"));
        let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
        arrange(&mut fifos, Instant::now(), &[configured(&first)], &accounts, &mut log);
        for (subject, line) in [
            (Some("a"), "a UP"),
            (Some("a"), "a DOWN"),
            (Some("b"), "b UP"),
            (None, "c"),
            (Some("gone"), "x"),
        ] {
            fifos.write(Role::Lvs, subject, line, &mut log);
        }
        fifos.write(Role::Vrrp, Some("V"), "of somebody else", &mut log);
        fifos.forget(Role::Lvs, |subject| subject == "gone");
        let mut reader = |path: &Path| {
            arrange(&mut fifos, Instant::now(), &[configured(path)], &accounts, &mut log);
            let mut file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path).unwrap();
            let mut bytes = [0; 64];
            let count = file.read(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes[..count]).into_owned()
        };
        assert_eq!(reader(&second), "a DOWN\nb UP\n");
        assert!(!first.exists());
    }

    #[test]
    fn a_reader_that_ignores_sigterm_is_killed() {
        let directory = TestDirectory::new();
        let (path, ready) = (directory.path().join("fifo"), directory.path().join("ready"));
        let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
        let text = format!("trap '' TERM; touch {}; while :; do sleep 60; done #", ready.display());
        arrange(&mut fifos, Instant::now(), &[script(&text, &path)], &accounts, &mut log);
        let limit = Instant::now() + Duration::from_secs(10);
        while !ready.exists() {
            assert!(Instant::now() < limit, "it does not start");
            std::thread::yield_now();
        }
        let now = Instant::now();
        arrange(&mut fifos, now, &[], &accounts, &mut log);
        assert_eq!(fifos.deadline(), Some(now + Duration::from_secs(2)));
        fifos.timeout(now + Duration::from_secs(2), &accounts, &mut log);
        while !fifos.has_ended() {
            assert!(Instant::now() < limit, "it does not end");
            fifos.reap(now, &mut log);
        }
    }

    #[test]
    fn a_reader_that_ended_is_started_again_after_a_moment() {
        let directory = TestDirectory::new();
        let path = directory.path().join("fifo");
        let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
        let now = Instant::now();
        arrange(&mut fifos, now, &[script("exit 0 #", &path)], &accounts, &mut log);
        while fifos.pids().count() == 1 {
            assert!(now.elapsed() < Duration::from_secs(10), "it does not end");
            fifos.reap(now, &mut log);
        }
        assert_eq!(fifos.deadline(), Some(now + RESTART_AFTER));
        fifos.timeout(now + RESTART_AFTER, &accounts, &mut log);
        assert_eq!(fifos.pids().count(), 1);
    }
}
