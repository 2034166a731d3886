//! The order of notify scripts. No process is started here.
//!
//! Each instance has its own lane. In a lane one script runs at a time: the specific script of an event, then the
//! generic one, then those of the next event, so that the last script to run is that of the last state. Lanes do
//! not wait for each other. (keepalived starts all scripts at once; the older state's script may then end last.)
//!
//! A script may take as long as it likes, as in keepalived, unless `notify_timeout` says otherwise. Events do not pile
//! up meanwhile: of those that wait only the last is kept, for only the last state is true, and the log says so. One
//! that has waited for [`OVERTAKE_AFTER`] starts beside the script that it waits for.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use keepalived_conf::model::{Command, Notify};
use privsep::process::{Credentials, Ended};
use serde::{Deserialize, Serialize};
use vipd_ipc::{GroupEvent, InstanceEvent, LogLevel};
use vipd_scripts::accounts::Accounts;
use vrrp_election::{EndSignal, Termination};

/// A script to run for an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The keyword it comes from.
    pub keyword: Cow<'static, str>,
    /// What to run.
    pub command: Command,
    /// Arguments behind the command's own.
    pub arguments: Vec<String>,
    /// The account that it runs as.
    pub credentials: Credentials,
}

/// Names one run of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunId(u64);

/// Requests of the queue.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
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
pub struct NotifyQueue {
    /// By instance name, so that a reload changes nothing. A lane without work is removed.
    lanes: BTreeMap<String, Lane>,
    actions: VecDeque<Action>,
    runs: u64,
    /// Time limit of a script.
    limit: Option<Duration>,
}

/// A script that runs, as another program is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedRun {
    id: RunId,
    keyword: Cow<'static, str>,
    text: String,
}

/// The scripts of one instance, as another program is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedLane {
    instance: String,
    running: Option<HandedRun>,
    overtaken: Vec<HandedRun>,
    current: Vec<Job>,
    waiting: Option<Vec<Job>>,
}

#[derive(Debug, Default)]
struct Lane {
    /// Remaining scripts of the present event.
    current: VecDeque<Job>,
    /// The event after it, and since when it waits.
    waiting: Option<(Instant, Vec<Job>)>,
    running: Option<Running>,
    /// Scripts that were overtaken.
    overtaken: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    id: RunId,
    keyword: Cow<'static, str>,
    text: String,
    started: Instant,
    /// When its time is up, and how it is ended then.
    end: Option<Termination<Instant>>,
    end_at: Option<Instant>,
}

impl Lane {
    fn all_running(&mut self) -> impl Iterator<Item = &mut Running> {
        self.running.iter_mut().chain(&mut self.overtaken)
    }

    /// When the waiting event no longer waits.
    fn overtakes_at(&self) -> Option<Instant> {
        let (since, _) = self.waiting.as_ref().filter(|_| self.running.is_some())?;
        (self.overtaken.len() < MAX_OVERTAKEN).then(|| *since + OVERTAKE_AFTER)
    }
}

impl Running {
    fn deadline(&self) -> Option<Instant> {
        self.end.map(|end| end.poll_timeout()).or(self.end_at)
    }
}

impl NotifyQueue {
    /// Sets the time limit of scripts that start from now on; `None` is no limit.
    pub fn limit(&mut self, limit: Option<Duration>) {
        self.limit = limit;
    }

    /// An event of an instance: its jobs run after those of the event before it, and in the place of those of any event
    /// that still waits.
    pub fn handle_event(&mut self, now: Instant, instance: &str, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        let lane = self.lanes.entry(instance.to_owned()).or_default();
        if lane.waiting.is_some() && jobs.iter().all(|job| job.keyword == NOT_A_STATE) {
            // It must not take the place of a state.
            return;
        }
        let since = lane.waiting.as_ref().map_or(now, |&(since, _)| since);
        if let Some((_, skipped)) = lane.waiting.replace((since, jobs)) {
            let keywords: Vec<&str> = skipped.iter().map(|job| &*job.keyword).collect();
            let text = format!(
                "({instance}) skipping the waiting {} of an earlier event: only the last one counts",
                keywords.join(" and ")
            );
            self.actions.push_back(Action::Log(LogLevel::Warning, text));
        }
        self.advance(now, instance);
    }

    /// A run ended, or could not be started.
    pub fn handle_ended(&mut self, now: Instant, id: RunId, ended: Ended) {
        for (instance, lane) in &mut self.lanes {
            let ran = match &lane.running {
                Some(running) if running.id == id => lane.running.take(),
                _ => {
                    let place = lane.overtaken.iter().position(|running| running.id == id);
                    place.map(|place| lane.overtaken.swap_remove(place))
                }
            };
            let Some(ran) = ran else { continue };
            let complaint = complaint(instance, &ran, ended);
            self.actions.extend(complaint.map(|text| Action::Log(LogLevel::Warning, text)));
            let instance = instance.clone();
            return self.advance(now, &instance);
        }
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        let mut overtaking = Vec::new();
        for (instance, lane) in &mut self.lanes {
            for running in lane.all_running() {
                self.actions.extend(end_late(instance, running, now));
            }
            if lane.overtakes_at().is_some_and(|at| at <= now)
                && let Some(running) = lane.running.take()
            {
                let text = format!(
                    "({instance}) {} script {} still runs after {} seconds; the scripts of the last event start beside it",
                    running.keyword,
                    running.text,
                    now.saturating_duration_since(running.started).as_secs()
                );
                self.actions.push_back(Action::Log(LogLevel::Warning, text));
                lane.overtaken.push(running);
                // The remaining scripts of an older event are superseded as well.
                lane.current.clear();
                overtaking.push(instance.clone());
            }
        }
        for instance in overtaking {
            self.advance(now, &instance);
        }
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`NotifyQueue::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let due = |lane: &Lane| {
            let running = lane.running.iter().chain(&lane.overtaken).filter_map(Running::deadline).min();
            [running, lane.overtakes_at()].into_iter().flatten().min()
        };
        self.lanes.values().filter_map(due).min()
    }

    /// Whether nothing runs and nothing waits.
    pub fn is_idle(&self) -> bool {
        self.lanes.is_empty()
    }

    /// Number of scripts that have not ended or not begun.
    pub fn unfinished(&self) -> usize {
        let waiting =
            |lane: &Lane| lane.current.len() + lane.waiting.as_ref().map_or(0, |(_, jobs)| jobs.len());
        let running = |lane: &Lane| lane.overtaken.len() + usize::from(lane.running.is_some());
        self.lanes.values().map(|lane| waiting(lane) + running(lane)).sum()
    }

    /// Everything that runs and waits, for a program that takes over.
    pub fn lanes(&self) -> Vec<HandedLane> {
        let run = |running: &Running| HandedRun {
            id: running.id,
            keyword: running.keyword.clone(),
            text: running.text.clone(),
        };
        let lane = |(instance, lane): (&String, &Lane)| HandedLane {
            instance: instance.clone(),
            running: lane.running.as_ref().map(run),
            overtaken: lane.overtaken.iter().map(run).collect(),
            current: lane.current.iter().cloned().collect(),
            waiting: lane.waiting.as_ref().map(|(_, jobs)| jobs.clone()),
        };
        self.lanes.iter().map(lane).collect()
    }

    /// Scripts that ran and waited in the program before this one. The time of scripts that run begins anew.
    pub fn resume(&mut self, now: Instant, lanes: Vec<HandedLane>) {
        let end_at = self.limit.and_then(|limit| now.checked_add(limit));
        for HandedLane { instance, running, overtaken, current, waiting } in lanes {
            let mut run = |HandedRun { id, keyword, text }: HandedRun| {
                self.runs = self.runs.max(id.0);
                Running { id, keyword, text, started: now, end: None, end_at }
            };
            let running = running.map(&mut run);
            let overtaken = overtaken.into_iter().map(&mut run).collect();
            let waiting = waiting.map(|jobs| (now, jobs));
            self.lanes
                .insert(instance.clone(), Lane { current: current.into(), waiting, running, overtaken });
        }
        for instance in self.lanes.keys().cloned().collect::<Vec<_>>() {
            self.advance(now, &instance);
        }
    }

    fn advance(&mut self, now: Instant, instance: &str) {
        let Some(lane) = self.lanes.get_mut(instance) else { return };
        if lane.running.is_some() {
            return;
        }
        if lane.current.is_empty() {
            lane.current = lane.waiting.take().map(|(_, jobs)| jobs).unwrap_or_default().into();
        }
        let Some(job) = lane.current.pop_front() else {
            if lane.overtaken.is_empty() {
                self.lanes.remove(instance);
            }
            return;
        };
        self.runs += 1;
        let id = RunId(self.runs);
        lane.running = Some(Running {
            id,
            keyword: job.keyword.clone(),
            text: job.command.text.clone(),
            started: now,
            end: None,
            end_at: self.limit.and_then(|limit| now.checked_add(limit)),
        });
        self.actions.push_back(Action::Start(id, job));
    }
}

/// Ends a script whose time is up, step by step.
fn end_late(instance: &str, running: &mut Running, now: Instant) -> Vec<Action> {
    let mut actions = Vec::new();
    if running.end.is_none() && running.end_at.is_some_and(|at| at <= now) {
        running.end = Some(Termination::begin(now));
        let text = format!(
            "({instance}) {} script {} still runs after {} seconds (notify_timeout) - terminating it",
            running.keyword,
            running.text,
            now.saturating_duration_since(running.started).as_secs()
        );
        actions.push(Action::Log(LogLevel::Error, text));
    }
    let signal = running.end.as_mut().and_then(|end| end.poll_signal(now));
    actions.extend(signal.map(|signal| match signal {
        EndSignal::Term => Action::Terminate(running.id),
        EndSignal::Kill => Action::Kill(running.id),
    }));
    actions
}

/// The log line of a script that did not end well.
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
pub fn jobs(
    notify: &Notify,
    instance: &str,
    event: InstanceEvent,
    priority: u8,
    accounts: &Accounts,
) -> Vec<Job> {
    jobs_of(("INSTANCE", instance), notify, event, priority, accounts)
}

/// The same for a sync group, which has no priority.
pub fn group_jobs(notify: &Notify, group: &str, event: GroupEvent, accounts: &Accounts) -> Vec<Job> {
    let event = match event {
        GroupEvent::Master => InstanceEvent::Master,
        GroupEvent::Backup => InstanceEvent::Backup,
        GroupEvent::Fault => InstanceEvent::Fault,
        GroupEvent::Stop => InstanceEvent::Stop,
    };
    jobs_of(("GROUP", group), notify, event, 0, accounts)
}

fn jobs_of(
    (kind, name): (&str, &str),
    notify: &Notify,
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
            (NOT_A_STATE, notify.master_received_lower_priority.as_deref())
        }
    };
    let state = (event != InstanceEvent::MasterReceivedLowerPriority).then(|| word(notify, event));
    let job = |keyword: &'static str, command: &Command, arguments| {
        let credentials = accounts.find(command.user.as_ref()).ok()?;
        Some(Job { keyword: Cow::Borrowed(keyword), command: command.clone(), arguments, credentials })
    };
    let specific = specific.and_then(|command| job(keyword, command, Vec::new()));
    let generic = notify.any.as_deref().zip(state).and_then(|(command, word)| {
        let arguments = [kind, name, word, &priority.to_string()].map(str::to_owned);
        job("notify", command, arguments.into())
    });
    specific.into_iter().chain(generic).collect()
}

/// The word for an event in scripts and FIFOs.
pub fn word(notify: &Notify, event: InstanceEvent) -> &'static str {
    match event {
        InstanceEvent::Master => "MASTER",
        InstanceEvent::Backup => "BACKUP",
        InstanceEvent::Stop => "STOP",
        InstanceEvent::Deleted if notify.deleted.is_some() => "DELETED",
        // A configuration that does not ask for deletions reports one as a fault.
        InstanceEvent::Fault | InstanceEvent::Deleted => "FAULT",
        InstanceEvent::MasterReceivedLowerPriority => "MASTER_RX_LOWER_PRI",
    }
}

/// The keyword of the event that is no state.
const NOT_A_STATE: &str = "notify_master_rx_lower_pri";

/// Longest wait of an event for a script before its own start all the same: one that hangs must not keep the last state
/// from being reported.
const OVERTAKE_AFTER: Duration = Duration::from_secs(10);

/// Overtaken scripts of a lane that may still run when another one is overtaken.
const MAX_OVERTAKEN: usize = 8;

#[cfg(test)]
mod tests;
