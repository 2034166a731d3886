//! The loop: signals, the worker, timers.
//!
//! At any time at most one worker runs, one reload is under way and one more is remembered, and after the request
//! to stop everything ends at a deadline.

mod messages;
mod reload;
mod stop;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

use super::checks::Checks;
use super::daemonize::Starter;
use super::load::Reading;
use super::notifier::Notifier;
use super::pid_file::PidFile;
use super::process::Ended;
use super::respawn::Respawn;
use super::signals::{Request, Signals};
use super::systemd::Systemd;
use super::worker::{Worker, WorkerProgram};
use crate::cli::Options;
use crate::ipc::{ChannelError, Generation, InstanceEvent, ToWorker};
use crate::log::Log;
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
    worker_pid_path: PathBuf,
    worker_pid_file: Option<PidFile>,

    /// Configurations that messages of the worker may still refer to; the last is the current one. Never empty.
    readings: BTreeMap<Generation, Reading>,
    current: Generation,
    /// Numbers are used once, also for configurations that were taken back.
    last_generation: Generation,
    reload: Reload,
    stop: Option<Stop>,

    program: WorkerProgram,
    worker: Option<Worker>,
    respawn: Respawn,
    respawn_at: Option<Instant>,
    /// The last state of each instance: a new worker goes on with those that are MASTER.
    states: BTreeMap<String, InstanceEvent>,

    checks: Checks,
    notifier: Notifier,
}

impl Parent {
    /// Prepares the loop with the first configuration.
    pub(super) fn new(
        options: Options,
        reading: Reading,
        signals: Signals,
        pid_file: PidFile,
        worker_pid_path: PathBuf,
        starter: Starter,
        program: WorkerProgram,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        poll.registry().register(&mut SourceFd(&signals.as_raw_fd()), SIGNALS, Interest::READABLE)?;
        Ok(Self {
            options,
            poll,
            signals,
            systemd: Systemd::from_environment(),
            starter,
            _pid_file: pid_file,
            worker_pid_path,
            worker_pid_file: None,
            readings: BTreeMap::from([(0, reading)]),
            current: 0,
            last_generation: 0,
            reload: Reload::default(),
            stop: None,
            program,
            worker: None,
            respawn: Respawn::default(),
            respawn_at: None,
            states: BTreeMap::new(),
            checks: Checks::default(),
            notifier: Notifier::default(),
        })
    }

    /// Runs until everything has stopped and gives the exit status.
    pub(super) fn run(&mut self, mut log: Log) -> u8 {
        let log = &mut log;
        self.log_options(log);
        if self.wants_worker() {
            self.start_worker(Instant::now(), log);
        } else {
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
            if events.iter().any(|event| event.token() == WORKER) {
                self.handle_channel(now, log);
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

    fn handle_request(&mut self, now: Instant, request: Request, log: &mut Log) {
        match request {
            Request::ChildEnded => self.reap(now, log),
            Request::Reload => self.handle_reload(now, log),
            Request::Stop => self.handle_stop(now, 0, log),
            Request::Dump(kind) => self.tell_worker(&ToWorker::Dump(kind), now, log),
        }
    }

    /// How long nothing is due.
    fn patience(&self, now: Instant) -> Option<Duration> {
        let worker = self.worker.as_ref().and_then(|worker| worker.kill_at);
        let stop = self.stop.as_ref().map(|stop| stop.deadline);
        let first = [worker, stop, self.respawn_at, self.notifier.deadline()].into_iter().flatten().min()?;
        // epoll counts milliseconds: never wake just before the moment.
        Some(first.saturating_duration_since(now) + Duration::from_millis(1))
    }

    fn handle_timers(&mut self, now: Instant, log: &mut Log) {
        self.notifier.timeout(now, log);
        if let Some(worker) = self.worker.as_mut()
            && worker.kill_at.is_some_and(|at| at <= now)
        {
            log.error(format!("VRRP child process({}) does not end - killing it", worker.pid()));
            worker.kill_at = None;
            worker.kill();
        }
        if self.respawn_at.is_some_and(|at| at <= now) {
            match &self.worker {
                None => {
                    self.respawn_at = None;
                    self.start_worker(now, log);
                }
                // It still sweeps; its end starts the next.
                Some(_) => self.respawn_at = Some(now + SWEEP_TIME),
            }
        }
    }

    /// Whether the current configuration has something for the worker to do.
    fn wants_worker(&self) -> bool {
        let has_instances =
            self.readings.get(&self.current).is_some_and(|reading| !reading.config.instances.is_empty());
        self.options.vrrp && (has_instances || self.options.all)
    }

    fn start_worker(&mut self, now: Instant, log: &mut Log) {
        self.respawn.handle_start(now);
        let mut worker = match Worker::start(&self.program, self.poll.registry(), WORKER) {
            Ok(worker) => worker,
            Err(error) => {
                log.error(format!("cannot start the VRRP child process: {error}"));
                self.respawn_at = Some(now + self.respawn.handle_death(now));
                return;
            }
        };
        log.info(format!("Starting VRRP child process, pid={}", worker.pid()));
        // Of a predecessor, should one still be there.
        self.worker_pid_file = None;
        match PidFile::lock(self.worker_pid_path.clone()) {
            Ok(mut file) => {
                let written = file.write(worker.pid());
                if let Err(error) = written {
                    log.warning(format!("cannot write the pid file of the VRRP child process: {error}"));
                }
                self.worker_pid_file = Some(file);
            }
            Err(error) => log.warning(format!("pid file of the VRRP child process: {error}")),
        }
        let masters = self.states.iter().filter(|&(_, &state)| state == InstanceEvent::Master);
        let resume = masters.map(|(name, _)| name.clone()).collect();
        if let Err(error) = self.send_config(&mut worker, resume) {
            log.error(format!("VRRP child process({}): {error}", worker.pid()));
            worker.kill_at = Some(now);
        }
        self.worker = Some(worker);
    }

    fn send_config(&self, worker: &mut Worker, resume: Vec<String>) -> Result<(), ChannelError> {
        let Some(reading) = self.readings.get(&self.current) else { return Ok(()) };
        let config = Box::new(reading.config.clone());
        worker.send(&ToWorker::Config { generation: self.current, config, resume })
    }

    /// Sends to the worker, if one runs. One that cannot be talked to is ended.
    fn tell_worker(&mut self, message: &ToWorker, now: Instant, log: &mut Log) {
        if let Some(worker) = self.worker.as_mut()
            && let Err(error) = worker.send(message)
        {
            give_up(worker, &error, now, log);
        }
    }

    fn reap(&mut self, now: Instant, log: &mut Log) {
        for ((generation, script), outcome) in self.checks.reap() {
            self.tell_worker(&ToWorker::ScriptDone { generation, script, outcome }, now, log);
        }
        self.notifier.reap(now, log);
        if let Some(ended) = self.worker.as_mut().and_then(Worker::poll) {
            // What it said before it died still counts.
            self.receive_all(now, log);
            self.handle_worker_end(ended, now, log);
        }
        if std::process::id() == 1 {
            let ours =
                self.checks.pids().chain(self.notifier.pids()).chain(self.worker.as_ref().map(Worker::pid));
            adopt_orphans(&ours.collect());
        }
    }

    fn handle_worker_end(&mut self, ended: Ended, now: Instant, log: &mut Log) {
        let Some(worker) = self.worker.take() else { return };
        self.checks.abandon();
        self.worker_pid_file = None;
        let pid = worker.pid();
        let expected = worker.stopping;
        drop(worker);
        if self.stop.is_some() || (expected && !self.wants_worker()) {
            return;
        }
        if expected && self.respawn_at.is_some() {
            return; // it only swept, the next one has to wait
        }
        if expected {
            // It was not wanted any more, but a reload since then wants it again.
            self.start_worker(now, log);
            return;
        }
        match ended {
            Ended::Exited(status) if PERMANENT.contains(&status) => {
                log.error(format!("pid {pid} exited with permanent error {status}."));
                if !self.take_back_reload(now, log) {
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
        if !self.options.respawn {
            log.error(format!("VRRP child process({pid}) died: Exiting"));
            self.handle_stop(now, 0, log);
            return;
        }
        if self.reload_died_twice() && self.take_back_reload(now, log) {
            return;
        }
        log.error(format!("VRRP child process({pid}) died: Respawning"));
        let delay = self.respawn.handle_death(now);
        if delay.is_zero() {
            self.start_worker(now, log);
        } else {
            log.info(format!(
                "Restart of VRRP process delayed {} seconds to limit respawn rate",
                delay.as_secs()
            ));
            self.respawn_at = Some(now + delay);
            self.sweep(now, log);
        }
    }

    /// Takes away the addresses that a dead worker left: by the time the next one may start, a peer has them too. A
    /// worker that is stopped at once does it.
    fn sweep(&mut self, now: Instant, log: &mut Log) {
        if !self.states.values().any(|&state| state == InstanceEvent::Master) {
            return;
        }
        let mut worker = match Worker::start(&self.program, self.poll.registry(), WORKER) {
            Ok(worker) => worker,
            Err(error) => return log.error(format!("cannot take the addresses away: {error}")),
        };
        let stop = ToWorker::Stop { keep_addresses: self.options.keep_addresses };
        let sent = self.send_config(&mut worker, Vec::new()).and_then(|()| worker.send(&stop));
        if let Err(error) = sent {
            log.error(format!("cannot take the addresses away: {error}"));
        }
        worker.stopping = true;
        worker.kill_at = Some(now + SWEEP_TIME);
        self.worker = Some(worker);
    }
}

/// How long a worker may take that only takes addresses away.
const SWEEP_TIME: Duration = Duration::from_secs(1);

/// A worker that cannot be talked to gets a moment to end by itself: its exit status may say why.
fn give_up(worker: &mut Worker, error: &ChannelError, now: Instant, log: &mut Log) {
    if !matches!(error, ChannelError::Closed) && worker.kill_at.is_none() {
        log.error(format!("VRRP child process({}): {error}", worker.pid()));
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
const WORKER: Token = Token(1);

/// How long a worker that closed its channel may take to exit.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// Exit statuses that a restart would not change: an unusable configuration, missing permission.
const PERMANENT: [u8; 2] = [2, 4];

#[cfg(test)]
mod tests;
