//! The loop: signals, the workers, timers.
//!
//! At any time at most one worker runs in each role, one reload is under way and one more is remembered, and after
//! the request to stop everything ends at a deadline.

mod balancing;
mod messages;
mod reload;
mod stop;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

use super::checks::Checks;
use super::daemonize::Starter;
use super::fifo::Fifos;
use super::init_files::{self, Occasion};
use super::load::Reading;
use super::mailing::Mailing;
use super::notifier::Notifier;
use super::paths::{Paths, Purpose};
use super::pid_file::PidFile;
use super::post::{Post, Posts, Role};
use super::process::Ended;
use super::signals::{Request, Signals};
use super::systemd::Systemd;
use super::worker::{Worker, WorkerProgram};
use crate::cli::Options;
use crate::ipc::{ChannelError, Generation, InstanceEvent, Predecessor, Task, ToWorker};
use crate::log::Log;
use balancing::Told;
use reload::Reload;
use stop::Stop;

/// The parent process after its start.
pub(super) struct Parent {
    options: Options,
    poll: Poll,
    signals: Signals,
    systemd: Systemd,
    starter: Starter,
    /// Removed when the parent ends.
    _pid_file: PidFile,

    /// Configurations that messages of workers may still refer to; the last is the current one. Never empty.
    readings: BTreeMap<Generation, Reading>,
    current: Generation,
    /// Numbers are used once, also for configurations that were taken back.
    last_generation: Generation,
    reload: Reload,
    stop: Option<Stop>,

    posts: Posts,
    /// The last state of each instance: a new worker goes on with those that are MASTER.
    states: BTreeMap<String, InstanceEvent>,

    /// The same for virtual and real servers.
    told: Told,

    checks: Checks,
    notifier: Notifier,
    fifos: Fifos,
    mailing: Mailing,
    paths: Paths,
}

impl Parent {
    /// Prepares the loop with the first configuration.
    pub(super) fn new(
        options: Options,
        reading: Reading,
        signals: Signals,
        pid_file: PidFile,
        starter: Starter,
        posts: Posts,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let paths = Paths::new(WorkerProgram::paths(), poll.registry().try_clone()?, PATHS);
        let mailing = Mailing::new(WorkerProgram::mailer(), poll.registry().try_clone()?, MAILER);
        poll.registry().register(&mut SourceFd(&signals.as_raw_fd()), SIGNALS, Interest::READABLE)?;
        Ok(Self {
            options,
            poll,
            signals,
            systemd: Systemd::from_environment(),
            starter,
            _pid_file: pid_file,
            readings: BTreeMap::from([(0, reading)]),
            current: 0,
            last_generation: 0,
            reload: Reload::default(),
            stop: None,
            posts,
            states: BTreeMap::new(),
            told: Told::default(),
            checks: Checks::default(),
            notifier: Notifier::default(),
            fifos: Fifos::default(),
            mailing,
            paths,
        })
    }

    /// Runs until everything has stopped and gives the exit status.
    pub(super) fn run(&mut self, mut log: Log) -> u8 {
        let log = &mut log;
        self.log_options(log);
        self.arrange_outlets(Instant::now(), log);
        self.make_files(Occasion::Start, log);
        self.paths.wait(log);
        let wanted: Vec<Role> = Role::ALL.into_iter().filter(|&role| self.wants(role)).collect();
        for &role in &wanted {
            self.start_worker(role, Instant::now(), log);
        }
        if wanted.is_empty() {
            log.info("Nothing to run in this configuration");
            self.systemd.ready();
        }
        self.starter.release();
        let mut events = Events::with_capacity(16);
        loop {
            if let Some(status) = self.finished(Instant::now(), log) {
                log.info(super::farewell());
                return status;
            }
            if let Err(error) = self.poll.poll(&mut events, self.patience(Instant::now())) {
                if error.kind() != io::ErrorKind::Interrupted {
                    log.error(format!("poll: {error}"));
                    return 1;
                }
                continue;
            }
            let now = Instant::now();
            for role in Role::ALL {
                if events.iter().any(|event| event.token() == role.token()) {
                    self.handle_channel(role, now, log);
                }
            }
            if events.iter().any(|event| event.token() == MAILER) {
                self.mailing.handle_channel(now, log);
            }
            if events.iter().any(|event| event.token() == PATHS) {
                let answers = self.paths.handle_channel(log);
                self.take_file_checks(answers, now, log);
            }
            if events.iter().any(|event| event.token() == SIGNALS) {
                for request in self.signals.take() {
                    self.handle_request(now, request, log);
                }
            }
            self.handle_timers(Instant::now(), log);
        }
    }

    fn log_options(&mut self, log: &mut Log) {
        if self.options.dump_config
            && let Some(reading) = self.readings.get(&self.current)
        {
            for line in format!("{:#?}", reading.config).lines() {
                log.info(line);
            }
        }
    }

    /// Before who tracks them looks.
    fn make_files(&mut self, occasion: Occasion, log: &mut Log) {
        let Some(reading) = self.readings.get(&self.current) else { return };
        for file in &reading.config.init_files {
            self.paths.ask(Instant::now(), Purpose::InitFile, init_files::job(file, occasion), log);
        }
    }

    fn handle_request(&mut self, now: Instant, request: Request, log: &mut Log) {
        match request {
            Request::ChildEnded => self.reap(now, log),
            Request::Reload => self.handle_reload(now, log),
            Request::Stop => self.handle_stop(now, 0, log),
            Request::Dump(kind) => {
                for role in Role::ALL {
                    self.tell_worker(role, &ToWorker::Dump(kind), now, log);
                }
            }
        }
    }

    /// How long nothing is due.
    fn patience(&self, now: Instant) -> Option<Duration> {
        let posts = self.posts.iter().filter_map(Post::deadline).min();
        let stop = self.stop.as_ref().map(|stop| stop.deadline);
        let others = [
            self.notifier.deadline(),
            self.mailing.deadline(),
            self.checks.deadline(),
            self.paths.deadline(),
        ];
        let first = [posts, stop].into_iter().chain(others).flatten().min()?;
        // epoll counts milliseconds: never wake just before the moment.
        Some(first.saturating_duration_since(now) + Duration::from_millis(1))
    }

    fn handle_timers(&mut self, now: Instant, log: &mut Log) {
        self.start_checks(now, log);
        self.paths.timeout(now, log);
        self.notifier.timeout(now, log);
        self.mailing.timeout(now, log);
        for role in Role::ALL {
            self.handle_post_timers(role, now, log);
        }
    }

    fn handle_post_timers(&mut self, role: Role, now: Instant, log: &mut Log) {
        let post = &mut self.posts[role];
        if let Some(worker) = post.worker.as_mut()
            && worker.kill_at.is_some_and(|at| at <= now)
        {
            log.error(format!("{} child process({}) does not end - killing it", role.name(), worker.pid()));
            worker.kill_at = None;
            worker.kill();
        }
        if post.respawn_at.is_some_and(|at| at <= now) {
            if post.worker.is_none() {
                post.respawn_at = None;
                self.start_worker(role, now, log);
            } else {
                // It still sweeps; its end starts the next.
                post.respawn_at = Some(now + SWEEP_TIME);
            }
        }
    }

    /// Whether the current configuration has something for a worker to do.
    fn wants(&self, role: Role) -> bool {
        let allowed = match role {
            Role::Vrrp => self.options.vrrp,
            Role::Lvs => self.options.checkers,
        };
        let has_work = self.readings.get(&self.current).is_some_and(|reading| role.has_work(&reading.config));
        allowed && (has_work || self.options.all)
    }

    /// Whether a worker leaves in the kernel what is there when it stops.
    fn keeps(&self, role: Role) -> bool {
        match role {
            Role::Vrrp => self.options.keep_addresses,
            Role::Lvs => self.options.keep_ipvs,
        }
    }

    fn start_worker(&mut self, role: Role, now: Instant, log: &mut Log) {
        let name = role.name();
        let post = &mut self.posts[role];
        post.respawn.handle_start(now);
        post.running = None;
        let worker = match Worker::start(&post.program, self.poll.registry(), role.token()) {
            Ok(worker) => worker,
            Err(error) => {
                log.error(format!("cannot start the {name} child process: {error}"));
                post.respawn_at = Some(now + post.respawn.handle_death(now));
                return;
            }
        };
        log.info(format!("Starting {name} child process, pid={}", worker.pid()));
        // Of a predecessor, should one still be there.
        post.pid_file = None;
        match PidFile::lock(post.pid_path.clone()) {
            Ok(mut file) => {
                let written = file.write(worker.pid());
                if let Err(error) = written {
                    log.warning(format!("cannot write the pid file of the {name} child process: {error}"));
                }
                post.pid_file = Some(file);
            }
            Err(error) => log.warning(format!("pid file of the {name} child process: {error}")),
        }
        post.worker = Some(worker);
        let masters = self.masters().collect();
        self.send_config(role, masters, now, log);
    }

    /// The instances that are MASTER.
    fn masters(&self) -> impl Iterator<Item = String> {
        let masters = self.states.iter().filter(|&(_, &state)| state == InstanceEvent::Master);
        masters.map(|(name, _)| name.clone())
    }

    /// Sends the current configuration to the worker in a role.
    fn send_config(&mut self, role: Role, masters: Vec<String>, now: Instant, log: &mut Log) {
        let Some(reading) = self.readings.get(&self.current) else { return };
        let config = Box::new(role.part(&reading.config));
        let keep = self.keeps(role);
        let post = &mut self.posts[role];
        let left_behind = std::mem::take(&mut post.left_behind);
        let predecessor = left_behind.then(|| {
            let former = post.holdings.beyond(&config);
            Box::new(Predecessor { memory: post.memory.clone(), former, hung: false })
        });
        post.holdings.note_sent(&config);
        post.sent = Some(self.current);
        let task = if post.worker.as_ref().is_some_and(|worker| worker.stopping) {
            Task::Sweep
        } else {
            Task::Serve
        };
        let message = ToWorker::Config { generation: self.current, config, task, masters, predecessor, keep };
        self.tell_worker(role, &message, now, log);
    }

    /// Sends to the worker, if one runs. One that cannot be talked to is ended.
    fn tell_worker(&mut self, role: Role, message: &ToWorker, now: Instant, log: &mut Log) {
        if let Some(worker) = self.posts[role].worker.as_mut()
            && let Err(error) = worker.send(message)
        {
            give_up(role, worker, &error, now, log);
        }
    }

    fn reap(&mut self, now: Instant, log: &mut Log) {
        for (key, news) in self.checks.reap() {
            self.tell_of_check(key, news, now, log);
        }
        let answers = self.paths.reap(log);
        self.take_file_checks(answers, now, log);
        self.notifier.reap(now, log);
        self.fifos.reap(log);
        self.mailing.reap(now, log);
        for role in Role::ALL {
            if let Some(ended) = self.posts[role].worker.as_mut().and_then(Worker::poll) {
                // What it said before it died still counts.
                self.receive_all(role, now, log);
                self.handle_worker_end(role, ended, now, log);
            }
        }
        if std::process::id() == 1 {
            let ours = self.checks.pids().chain(self.notifier.pids());
            let ours = ours
                .chain(self.fifos.pids())
                .chain(self.mailing.pids())
                .chain(self.paths.pids())
                .chain(self.posts.pids());
            adopt_orphans(&ours.collect());
        }
    }

    fn handle_worker_end(&mut self, role: Role, ended: Ended, now: Instant, log: &mut Log) {
        let post = &mut self.posts[role];
        let Some(worker) = post.worker.take() else { return };
        post.pid_file = None;
        let waits = post.respawn_at.is_some();
        let pid = worker.pid();
        let (expected, refused) = (worker.stopping, worker.refused);
        drop(worker);
        post.left_behind = !expected;
        if expected {
            post.holdings.clear();
            post.memory.clear();
        }
        self.checks.abandon(role);
        if self.stop.is_some() || ((expected || refused) && !self.wants(role)) {
            return;
        }
        if expected && waits {
            return; // it only swept, the next one has to wait
        }
        if expected {
            // It was not wanted any more, but a reload since then wants it again.
            self.start_worker(role, now, log);
            return;
        }
        match ended {
            Ended::Exited(status) if PERMANENT.contains(&status) => {
                log.error(format!("pid {pid} exited with permanent error {status}."));
                if !self.take_back_reload(role, now, log) {
                    log.error("Terminating");
                    self.handle_stop(now, status, log);
                }
                return;
            }
            Ended::Exited(status) => log.error(format!("pid {pid} exited with status {status}")),
            Ended::Signalled(signal) => log.error(format!("pid {pid} exited due to signal {signal}")),
            Ended::NotStarted(errno) => {
                let why = nix::errno::Errno::from_raw(errno).desc();
                log.error(format!("pid {pid} could not run this program: {why}"));
            }
        }
        self.respawn(role, pid, now, log);
    }

    /// Starts the successor of a worker that died: at once, or later if they die often.
    fn respawn(&mut self, role: Role, pid: u32, now: Instant, log: &mut Log) {
        let name = role.name();
        if !self.options.respawn {
            log.error(format!("{name} child process({pid}) died: Exiting"));
            self.handle_stop(now, 0, log);
            return;
        }
        if self.reload_died_twice(role) && self.take_back_reload(role, now, log) {
            return;
        }
        log.error(format!("{name} child process({pid}) died: Respawning"));
        let delay = self.posts[role].respawn.handle_death(now);
        if delay.is_zero() {
            self.start_worker(role, now, log);
        } else {
            log.info(format!(
                "Restart of {name} process delayed {} seconds to limit respawn rate",
                delay.as_secs()
            ));
            self.posts[role].respawn_at = Some(now + delay);
            if role == Role::Vrrp {
                self.sweep(now, log);
            }
        }
    }

    /// Takes away the addresses that a dead worker left: by the time the next one may start, a peer has them too. A
    /// worker that is stopped at once does it. (Tables of the load balancer are best left alone meanwhile.)
    fn sweep(&mut self, now: Instant, log: &mut Log) {
        let role = Role::Vrrp;
        if !self.states.values().any(|&state| state == InstanceEvent::Master) {
            return;
        }
        let post = &mut self.posts[role];
        let mut worker = match Worker::start(&post.program, self.poll.registry(), role.token()) {
            Ok(worker) => worker,
            Err(error) => return log.error(format!("cannot take the addresses away: {error}")),
        };
        worker.stopping = true;
        worker.kill_at = Some(now + SWEEP_TIME);
        post.worker = Some(worker);
        self.send_config(role, Vec::new(), now, log);
    }
}

/// How long a worker may take that only takes addresses away.
const SWEEP_TIME: Duration = Duration::from_secs(1);

/// A worker that cannot be talked to gets a moment to end by itself: its exit status may say why.
fn give_up(role: Role, worker: &mut Worker, error: &ChannelError, now: Instant, log: &mut Log) {
    if !matches!(error, ChannelError::Closed) && worker.kill_at.is_none() {
        log.error(format!("{} child process({}): {error}", role.name(), worker.pid()));
    }
    worker.kill_at.get_or_insert(now + LAST_MOMENT);
}

/// As process 1 of a container we inherit the grandchildren of scripts: reaps those that are not `ours`.
///
/// One of ours that ends meanwhile is left alone, its own SIGCHLD is still to come.
fn adopt_orphans(ours: &BTreeSet<u32>) {
    use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
    let peek = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    while let Ok(status) = waitid(Id::All, peek) {
        let Some(pid) = status.pid().filter(|pid| !ours.contains(&pid.as_raw().unsigned_abs())) else {
            return;
        };
        let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
    }
}

const SIGNALS: Token = Token(0);
/// Apart from those of the workers.
const MAILER: Token = Token(16);
const PATHS: Token = Token(17);

/// How long a worker that closed its channel may take to exit.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// Exit status where this machine lacks what is needed.
const FATAL: u8 = 1;

/// Exit statuses that a restart would not change: an unusable configuration, missing permission.
const PERMANENT: [u8; 2] = [2, 4];

#[cfg(test)]
mod tests;
