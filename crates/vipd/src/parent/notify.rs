//! Notify scripts, in order: who runs when. No process is started here.
//!
//! Each instance has its own lane. In a lane one script runs at a time: the specific script of an event, then the
//! generic one, then those of the next event, so that the last script to run is that of the last state. Lanes do
//! not wait for each other. (keepalived starts all scripts at once; the older state's script may then end last.)
//!
//! A script that runs longer than [`SCRIPT_LIMIT`] is ended, so that those behind it are not lost. Past
//! [`LANE_LIMIT`] waiting events the oldest is dropped and said so.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use keepalived_conf::model::{Command, Notify};

use super::accounts::Accounts;
use super::process::{Credentials, Ended};
use crate::ipc::{InstanceEvent, LogLevel};

/// A script to run for an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    /// The keyword it comes from.
    pub(super) keyword: &'static str,
    /// What to run.
    pub(super) command: Command,
    /// Arguments behind the command's own.
    pub(super) arguments: Vec<String>,
    /// Whom it runs as.
    pub(super) credentials: Credentials,
}

/// Names one run of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RunId(u64);

/// What the queue wants done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Start this job; its end is told with [`NotifyQueue::handle_ended`].
    Start(RunId, Job),
    /// SIGTERM to the run's process group.
    Terminate(RunId),
    /// SIGKILL to the run's process group.
    Kill(RunId),
    /// Write this to the log.
    Log(LogLevel, String),
}

/// The waiting and running notify scripts of all instances.
///
/// Tell it what happens with `handle_*`, then do what [`NotifyQueue::poll_action`] asks for until it asks for
/// nothing, then wait no longer than until [`NotifyQueue::poll_timeout`].
#[derive(Debug, Default)]
pub(super) struct NotifyQueue {
    /// By instance name, so that a reload changes nothing. A lane without work is removed.
    lanes: BTreeMap<String, Lane>,
    actions: VecDeque<Action>,
    runs: u64,
}

#[derive(Debug, Default)]
struct Lane {
    /// What is left of the event whose scripts run now.
    current: VecDeque<Job>,
    waiting: VecDeque<Vec<Job>>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    id: RunId,
    keyword: &'static str,
    text: String,
    /// When it is signalled next.
    deadline: Instant,
    terminated: bool,
}

impl NotifyQueue {
    /// An event of an instance: its jobs run after those of all its earlier events.
    pub(super) fn handle_event(&mut self, now: Instant, instance: &str, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        let lane = self.lanes.entry(instance.to_owned()).or_default();
        lane.waiting.push_back(jobs);
        if lane.waiting.len() > LANE_LIMIT {
            lane.waiting.pop_front();
            let text = format!(
                "({instance}) notify scripts are too slow: the oldest of {LANE_LIMIT} waiting events is dropped"
            );
            self.actions.push_back(Action::Log(LogLevel::Error, text));
        }
        self.advance(now, instance);
    }

    /// A run ended, or could not be started.
    pub(super) fn handle_ended(&mut self, now: Instant, id: RunId, ended: Ended) {
        let is_its = |lane: &Lane| lane.running.as_ref().is_some_and(|running| running.id == id);
        let Some((instance, lane)) = self.lanes.iter_mut().find(|(_, lane)| is_its(lane)) else { return };
        let instance = instance.clone();
        let complaint = lane.running.take().and_then(|running| complaint(&instance, &running, ended));
        self.actions.extend(complaint.map(|text| Action::Log(LogLevel::Warning, text)));
        self.advance(now, &instance);
    }

    /// Time passed.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        for (instance, lane) in &mut self.lanes {
            let Some(running) = lane.running.as_mut().filter(|running| running.deadline <= now) else {
                continue;
            };
            if running.terminated {
                running.deadline = now + KILL_AGAIN;
                self.actions.push_back(Action::Kill(running.id));
            } else {
                running.terminated = true;
                running.deadline = now + GRACE;
                let text = format!(
                    "({instance}) {} script {} still runs after {} seconds - terminating it",
                    running.keyword,
                    running.text,
                    SCRIPT_LIMIT.as_secs()
                );
                self.actions.push_back(Action::Log(LogLevel::Error, text));
                self.actions.push_back(Action::Terminate(running.id));
            }
        }
    }

    /// The next thing to do.
    pub(super) fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`NotifyQueue::handle_timeout`] is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.lanes.values().filter_map(|lane| Some(lane.running.as_ref()?.deadline)).min()
    }

    /// Whether nothing runs and nothing waits.
    pub(super) fn is_idle(&self) -> bool {
        self.lanes.is_empty()
    }

    /// How many scripts have not ended or not begun.
    pub(super) fn unfinished(&self) -> usize {
        let waiting = |lane: &Lane| lane.current.len() + lane.waiting.iter().map(Vec::len).sum::<usize>();
        self.lanes.values().map(|lane| waiting(lane) + usize::from(lane.running.is_some())).sum()
    }

    fn advance(&mut self, now: Instant, instance: &str) {
        let Some(lane) = self.lanes.get_mut(instance) else { return };
        if lane.running.is_some() {
            return;
        }
        if lane.current.is_empty() {
            lane.current = lane.waiting.pop_front().unwrap_or_default().into();
        }
        let Some(job) = lane.current.pop_front() else {
            self.lanes.remove(instance);
            return;
        };
        self.runs += 1;
        let id = RunId(self.runs);
        let text = job.command.text.clone();
        lane.running =
            Some(Running { id, keyword: job.keyword, text, deadline: now + SCRIPT_LIMIT, terminated: false });
        self.actions.push_back(Action::Start(id, job));
    }
}

/// What the log says of a script that did not end well.
fn complaint(instance: &str, running: &Running, ended: Ended) -> Option<String> {
    let how = match ended {
        Ended::Exited(0) => return None,
        Ended::Exited(status) => format!("exited with status {status}"),
        Ended::Signalled(signal) => format!("was killed by signal {signal}"),
        Ended::NotStarted(errno) => {
            format!("could not be run: {}", nix::errno::Errno::from_raw(errno).desc())
        }
    };
    Some(format!("({instance}) {} script {} {how}", running.keyword, running.text))
}

/// The scripts that an event of an instance calls for: the specific one, then `notify` with four arguments.
///
/// A script whose user does not exist is left out: it was disabled when the configuration was read.
pub(super) fn jobs(
    notify: &Notify,
    instance: &str,
    event: InstanceEvent,
    priority: u8,
    accounts: &Accounts,
) -> Vec<Job> {
    let (keyword, specific) = match (event, &notify.deleted) {
        (InstanceEvent::Master, _) => ("notify_master", notify.master.as_deref()),
        (InstanceEvent::Backup, _) => ("notify_backup", notify.backup.as_deref()),
        (InstanceEvent::Fault, _) | (InstanceEvent::Deleted, None) => {
            ("notify_fault", notify.fault.as_deref())
        }
        (InstanceEvent::Stop, _) => ("notify_stop", notify.stop.as_deref()),
        (InstanceEvent::Deleted, Some(command)) => ("notify_deleted", command.as_deref()),
        (InstanceEvent::MasterReceivedLowerPriority, _) => {
            ("notify_master_rx_lower_pri", notify.master_received_lower_priority.as_deref())
        }
    };
    let state = (event != InstanceEvent::MasterReceivedLowerPriority).then(|| word(notify, event));
    let job = |keyword, command: &Command, arguments| {
        let credentials = accounts.find(command.user.as_ref()).ok()?;
        Some(Job { keyword, command: command.clone(), arguments, credentials })
    };
    let specific = specific.and_then(|command| job(keyword, command, Vec::new()));
    let generic = notify.any.as_deref().zip(state).and_then(|(command, word)| {
        let arguments = ["INSTANCE", instance, word, &priority.to_string()].map(str::to_owned);
        job("notify", command, arguments.into())
    });
    specific.into_iter().chain(generic).collect()
}

/// What scripts and FIFOs call an event.
pub(super) fn word(notify: &Notify, event: InstanceEvent) -> &'static str {
    match event {
        InstanceEvent::Master => "MASTER",
        InstanceEvent::Backup => "BACKUP",
        InstanceEvent::Stop => "STOP",
        InstanceEvent::Deleted if notify.deleted.is_some() => "DELETED",
        // Who does not ask for deletions learns of one as a fault.
        InstanceEvent::Fault | InstanceEvent::Deleted => "FAULT",
        InstanceEvent::MasterReceivedLowerPriority => "MASTER_RX_LOWER_PRI",
    }
}

/// How long a notify script may run.
const SCRIPT_LIMIT: Duration = Duration::from_secs(60);

/// Between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// Between one SIGKILL and the next, for a process the kernel cannot end yet.
const KILL_AGAIN: Duration = Duration::from_secs(10);

/// Events that may wait in one lane.
const LANE_LIMIT: usize = 256;

#[cfg(test)]
mod tests;
