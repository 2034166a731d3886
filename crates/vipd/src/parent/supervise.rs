//! The loop: events go to the supervisor and to the other parts that they concern, and their actions are performed.
//!
//! No decision is made here. In one turn everything that has arrived is taken in before time is judged, and no worker
//! can keep the loop from the others or from signals.

mod acts;
mod balancing;
mod children;
mod control;
mod intents;
mod last_reported;
mod messages;
mod perform;
mod reload;
mod show;
mod timers;
mod upgrade;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::time::Instant;

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use serde::Serialize;
use vipd_checks::Checks;
use vipd_control::{Answer, ClientId};
use vipd_notify::Notifier;
use vipd_supervisor::{Demand, Settings, Supervisor, WorkerId};

use super::control::{Control, is_client};
use super::daemonize::Starter;
use super::fifo::Fifos;
use super::fingerprint::Freshness;
use super::init_files::{self, Occasion};
use super::kept::Kept;
use super::kept_intents::KeptIntents;
use super::life_scripts::LifeScripts;
use super::load::LoadedConfig;
use super::mailing::Mailing;
use super::paths::{Paths, Purpose};
use super::pid_file::PidFile;
use super::process::Child;
use super::reload_time::ReloadTime;
use super::sessions::Sessions;
use super::signals::{Request, Signals};
use super::systemd::Systemd;
use super::watching::Watching;
use super::web::Web;
use super::worker::{Worker, WorkerProgram};
use crate::cli::Options;
use crate::ipc::watcher::Observation;
use crate::ipc::{DumpKind, Generation, PerRole, ToBfd, ToLvs, ToVrrp, ToWorker, Told};
use crate::log::Log;
use crate::outlets::mail::MailMemory;
use control::Facts;
pub(super) use last_reported::LastReported;
#[cfg(test)]
pub(super) use last_reported::ReportedState;
use upgrade::{TookOver, Upgrading};

/// The parent process after its start.
pub(super) struct Parent {
    options: Options,
    poll: Poll,
    signals: Signals,
    systemd: Systemd,
    starter: Starter,
    /// Removed when the parent ends.
    pid_file: Option<PidFile>,

    supervisor: Supervisor,
    /// The configurations that it knows.
    readings: BTreeMap<Generation, Kept>,
    programs: PerRole<WorkerProgram>,
    pid_paths: PerRole<PathBuf>,
    workers: BTreeMap<WorkerId, Worker>,
    /// Workers that are not waited for any longer, until they are reaped.
    forgotten: Vec<Child>,
    /// Turns in a row in which there was more to be heard than was heard.
    unheard_turns: u32,
    /// When to give back memory that a start or a reload needed.
    tidy_at: Option<Instant>,
    /// No worker is left; the supervisor waits for everything else.
    winds_down: bool,
    /// The exit status, at the end.
    finished: Option<u8>,

    last_reported: LastReported,

    sessions: Sessions,
    checks: Checks,
    life_scripts: LifeScripts,
    reload_time: ReloadTime,
    notifier: Notifier,
    fifos: Fifos,
    mailing: Mailing,
    paths: Paths,
    watching: Watching,
    control: Control,
    web: Web,
    facts: Facts,
    freshness: Freshness,
    kept_intents: KeptIntents,
    upgrading: Option<Upgrading>,
    took_over: Option<TookOver>,
    /// For a client whose upgrade came to nothing, once the workers run again.
    answer_when_settled: Option<(ClientId, Answer)>,
    /// It goes on where another program in this process stopped: children may have ended meanwhile.
    has_resumed: bool,
    /// Mails that the program before this one had, until the outlets are arranged.
    mail: Option<MailMemory>,
}

impl Parent {
    /// Prepares the loop with the first configuration.
    pub(super) fn new(
        options: Options,
        reading: LoadedConfig,
        signals: Signals,
        pid_file: Option<PidFile>,
        starter: Starter,
        (programs, pid_paths, intents): (PerRole<WorkerProgram>, PerRole<PathBuf>, PathBuf),
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let paths = Paths::new(WorkerProgram::paths(), poll.registry().try_clone()?, PATHS);
        let watching = Watching::new(WorkerProgram::watcher(), poll.registry().try_clone()?, WATCHER);
        let mailing = Mailing::new(WorkerProgram::mailer(), poll.registry().try_clone()?, MAILER);
        let control = Control::new(poll.registry().try_clone()?);
        poll.registry().register(&mut SourceFd(&signals.as_raw_fd()), SIGNALS, Interest::READABLE)?;
        let checks = Checks::default();
        if let Some(descriptor) = checks.output_descriptor() {
            poll.registry().register(&mut SourceFd(&descriptor), OUTPUTS, Interest::READABLE)?;
        }
        let supervisor = Supervisor::new(Instant::now(), settings(&options), Demand::of(&reading.config));
        Ok(Self {
            options,
            poll,
            signals,
            systemd: Systemd::from_environment(Instant::now()),
            starter,
            pid_file,
            supervisor,
            readings: BTreeMap::from([(0, Kept::from(reading))]),
            programs,
            pid_paths,
            workers: BTreeMap::new(),
            forgotten: Vec::new(),
            unheard_turns: 0,
            tidy_at: None,
            winds_down: false,
            finished: None,
            last_reported: LastReported::default(),
            sessions: Sessions::default(),
            checks,
            life_scripts: LifeScripts::default(),
            reload_time: ReloadTime::default(),
            notifier: Notifier::default(),
            fifos: Fifos::default(),
            mailing,
            paths,
            watching,
            control,
            web: Web::default(),
            facts: Facts::new(),
            freshness: Freshness::default(),
            kept_intents: KeptIntents::new(intents),
            upgrading: None,
            took_over: None,
            answer_when_settled: None,
            has_resumed: false,
            mail: None,
        })
    }

    /// Runs until everything has stopped and gives the exit status.
    pub(super) fn run(&mut self, mut log: Log) -> u8 {
        let log = &mut log;
        self.log_options(log);
        self.read_kept_intents(log);
        self.perform(Instant::now(), log);
        self.starter.release();
        if self.has_resumed {
            self.reap(Instant::now(), log);
        }
        let mut events = Events::with_capacity(16);
        loop {
            if let Some(status) = self.finished {
                log.info(super::farewell());
                return status;
            }
            if let Err(error) = self.poll.poll(&mut events, self.time_to_wait(Instant::now())) {
                if error.kind() != io::ErrorKind::Interrupted {
                    log.error(format!("poll: {error}"));
                    return 1;
                }
                continue;
            }
            self.turn(&events, log);
        }
    }

    fn turn(&mut self, events: &Events, log: &mut Log) {
        let now = Instant::now();
        let has_event = |token| events.iter().any(|event| event.token() == token);
        for id in events.iter().filter_map(worker_of) {
            self.handle_channel(id, now, log);
        }
        let unread = self.workers.iter().filter(|(_, worker)| worker.unread);
        for id in unread.map(|(&id, _)| id).collect::<Vec<_>>() {
            self.receive_some(id, now, log);
        }
        if has_event(OUTPUTS) || self.checks.has_more_output() {
            self.checks.read_outputs();
        }
        if has_event(MAILER) {
            self.mailing.handle_channel(now, log);
        }
        if has_event(PATHS) {
            let answers = self.paths.handle_channel(log);
            self.take_answers(answers, now, log);
            self.perform(now, log);
        }
        if has_event(WATCHER) {
            let news = self.watching.handle_channel(log);
            self.tell_of_observations(news, now, log);
        }
        if has_event(SIGNALS) {
            for request in self.signals.take() {
                self.handle_request(now, request, log);
            }
        }
        self.control.handle_events(events.iter(), now);
        self.handle_timers(Instant::now(), log);
        self.serve_clients(Instant::now(), log);
    }

    fn log_options(&mut self, log: &mut Log) {
        if self.options.dump_config
            && let Some(reading) = self.readings.get(&self.supervisor.current())
        {
            for line in format!("{:#?}", reading.whole()).lines() {
                log.info(line);
            }
        }
    }

    /// Must run before the trackers read the files.
    fn make_files(&mut self, occasion: Occasion, log: &mut Log) {
        let Some(reading) = self.readings.get(&self.supervisor.current()) else { return };
        for file in &reading.config.init_files {
            self.paths.ask(Instant::now(), Purpose::InitFile, init_files::job(file, occasion), log);
        }
    }

    fn handle_request(&mut self, now: Instant, request: Request, log: &mut Log) {
        match request {
            Request::ChildEnded => self.reap(now, log),
            Request::Reload => self.supervisor.handle_reload(now),
            Request::Stop => self.supervisor.handle_stop(now, 0),
            Request::Dump(kind) => {
                self.tell(ToVrrp::Dump(kind), now, log);
                // Statistics and JSON are the VRRP worker's.
                if kind == DumpKind::Data {
                    self.tell(ToLvs::Dump, now, log);
                    self.tell(ToBfd::Dump, now, log);
                }
            }
        }
        self.perform(now, log);
    }

    /// Has everything watched that a configuration which may be in force depends on.
    pub(super) fn arrange_watching(&mut self, now: Instant, log: &mut Log) {
        let subjects = self.readings.values().flat_map(|reading| reading.subjects.iter().cloned()).collect();
        let run_as = self.readings.values().next_back().map(|reading| reading.accounts.worker());
        self.watching.watch(now, subjects, run_as, log);
    }

    /// Sends the watcher's observations to the worker that judges by them.
    pub(super) fn tell_of_observations(&mut self, news: Vec<Observation>, now: Instant, log: &mut Log) {
        if !news.is_empty() {
            self.tell(ToVrrp::Observed(news), now, log);
        }
    }

    /// Sends to the worker that serves in the role that the message is for, if there is one.
    fn tell<T: Told>(&mut self, message: T, now: Instant, log: &mut Log) {
        if let Some(id) = self.supervisor.serving(T::ROLE) {
            self.send(id, &ToWorker::Own(message), now, log);
        }
    }

    /// Sends to a worker, if it runs. One that cannot be talked to is ended.
    fn send(&mut self, id: WorkerId, message: &impl Serialize, now: Instant, log: &mut Log) {
        if let Some(worker) = self.workers.get_mut(&id)
            && let Err(error) = worker.send(message)
        {
            self.lose_channel(id, &error, now, log);
        }
    }
}

fn settings(options: &Options) -> Settings {
    Settings {
        allowed: PerRole { vrrp: options.vrrp, lvs: options.checkers, bfd: options.bfd },
        all: options.all,
        // A BFD worker has nothing in the kernel.
        keep: PerRole { vrrp: options.keep_addresses, lvs: options.keep_ipvs, bfd: true },
        respawn: options.respawn,
    }
}

/// The worker whose channel an event is about.
fn worker_of(event: &Event) -> Option<WorkerId> {
    let number = event.token().0.checked_sub(FIRST_WORKER).filter(|_| !is_client(event.token()))?;
    u64::try_from(number).ok().map(WorkerId)
}

/// The token of a worker's channel.
fn token_of(worker: WorkerId) -> Token {
    Token(FIRST_WORKER.saturating_add(usize::try_from(worker.0).unwrap_or(usize::MAX)))
}

const SIGNALS: Token = Token(0);
const MAILER: Token = Token(1);
const PATHS: Token = Token(2);
const WATCHER: Token = Token(3);
const OUTPUTS: Token = Token(5);
const FIRST_WORKER: usize = 16;
