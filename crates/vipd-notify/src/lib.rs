//! Notify scripts: which of them an event calls for ([`jobs`]), in which order they run ([`NotifyQueue`], a value), and
//! their processes ([`Notifier`]).

mod queue;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use keepalived_conf::model::Run;
use privsep::process::{Child, Ended};
use vipd_log::{Log, LogSource};
use vipd_scripts::command;

pub use queue::{Action, HandedLane, HandedRun, Job, NotifyQueue, RunId, group_jobs, jobs, word};

/// The notify queue and its processes.
#[derive(Debug, Default)]
pub struct Notifier {
    queue: NotifyQueue,
    running: HashMap<RunId, Child>,
    /// Complaints since they were last taken.
    failures: Vec<(String, String)>,
}

impl Notifier {
    /// An event of an instance and the scripts it calls for.
    pub fn event(&mut self, now: Instant, instance: &str, jobs: Vec<Job>, log: &mut Log) {
        self.queue.handle_event(now, instance, jobs);
        self.perform(now, log);
    }

    /// Sets the time limit of scripts that start from now on; `None` is no limit.
    pub fn limit(&mut self, limit: Option<Duration>) {
        self.queue.limit(limit);
    }

    /// SIGCHLD came.
    pub fn reap(&mut self, now: Instant, log: &mut Log) {
        let mut ended = Vec::new();
        self.running.retain(|&id, child| {
            let end = child.poll();
            ended.extend(end.map(|end| (id, end)));
            end.is_none()
        });
        for (id, end) in ended {
            self.queue.handle_ended(now, id, end);
        }
        self.perform(now, log);
    }

    /// Time passed.
    pub fn timeout(&mut self, now: Instant, log: &mut Log) {
        self.queue.handle_timeout(now);
        self.perform(now, log);
    }

    /// When [`Notifier::timeout`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.queue.poll_timeout()
    }

    /// Whether nothing runs and nothing waits.
    pub fn is_idle(&self) -> bool {
        self.queue.is_idle()
    }

    /// Scripts that could not be run, or did not end well: the object that each was run for, and the failure.
    pub fn take_failures(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.failures)
    }

    /// Everything that runs and waits, and the process of each run, for a program that takes over.
    pub fn hand_over(&self) -> (Vec<HandedLane>, Vec<(RunId, u32)>) {
        (self.queue.lanes(), self.running.iter().map(|(&id, child)| (id, child.pid())).collect())
    }

    /// Scripts that ran and waited in the program before this one.
    pub fn resume(&mut self, now: Instant, lanes: Vec<HandedLane>, runs: Vec<(RunId, u32)>) {
        self.running.extend(runs.into_iter().filter_map(|(id, pid)| Some((id, Child::adopt(pid)?))));
        self.queue.resume(now, lanes);
    }

    /// Process ids of the scripts that run.
    pub fn pids(&self) -> impl Iterator<Item = u32> {
        self.running.values().map(Child::pid)
    }

    /// The daemon ends now: scripts that run are terminated, those that wait never run.
    pub fn abandon(&mut self, log: &mut Log) {
        if !self.queue.is_idle() {
            log.error(format!("{} notify scripts did not end in time", self.queue.unfinished()));
        }
        for child in self.running.values_mut() {
            child.terminate();
        }
    }

    fn perform(&mut self, now: Instant, log: &mut Log) {
        while let Some(action) = self.queue.poll_action() {
            match action {
                Action::Start(id, job) => {
                    if let Err(end) = self.start(id, &job) {
                        self.queue.handle_ended(now, id, end);
                    }
                }
                Action::Terminate(id) => {
                    if let Some(child) = self.running.get_mut(&id) {
                        child.terminate();
                    }
                }
                Action::Kill(id) => {
                    if let Some(child) = self.running.get_mut(&id) {
                        child.kill();
                    }
                }
                Action::Log(level, text) => {
                    log.write(LogSource::Parent, level, &text);
                    self.failures.extend(failure(&text).filter(|_| self.failures.len() < MAX_FAILURES));
                }
            }
        }
    }

    /// # Errors
    /// There is no process to wait for: the job has this end.
    fn start(&mut self, id: RunId, job: &Job) -> Result<(), Ended> {
        if let Run::FileReadable(_) = &job.command.run {
            // A check of a file is no notification: there is nothing to run.
            return Err(Ended::Exited(0));
        }
        let started = command::launch(&job.command, &job.arguments, job.credentials.clone());
        let child =
            started.and_then(|launch| launch.start()).map_err(|errno| Ended::NotStarted(errno as i32))?;
        self.running.insert(id, child);
        Ok(())
    }
}

/// The two parts of a log line: `(subject) what`.
fn failure(text: &str) -> Option<(String, String)> {
    let (subject, what) = text.strip_prefix('(')?.split_once(") ")?;
    Some((subject.to_owned(), what.to_owned()))
}

/// Complaints that are kept between two turns of the loop.
const MAX_FAILURES: usize = 64;
