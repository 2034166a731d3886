//! The watcher process, as the parent sees it: the subjects go out, the observations come back and are kept for workers
//! that start later.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use keepalived_conf::model::trackers::Tracked;
use keepalived_conf::model::{Config, VrrpInstance};
use mio::{Registry, Token};
use rustix::event::{PollFd, PollFlags};

use super::process::Child;
use super::worker::WorkerProgram;
use crate::ipc::watcher::{FromWatcher, Observation, Subject, ToWatcher};
use crate::ipc::{Channel, ChannelError, RunAs};
use crate::log::{Log, LogSource};

/// The watched subjects, and their state.
#[derive(Debug)]
pub(super) struct Watching {
    program: WorkerProgram,
    registry: Registry,
    token: Token,
    process: Option<Process>,
    run_as: Option<RunAs>,
    subjects: BTreeSet<Subject>,
    known: BTreeMap<Subject, i32>,
    /// When to start it again after it died.
    start_at: Option<Instant>,
    /// Times that it was started again after it had died.
    restarts: u32,
}

#[derive(Debug)]
struct Process {
    child: Child,
    channel: Channel,
}

/// Dependencies of the routers of a configuration beside interfaces and scripts.
pub(super) fn subjects<'a>(
    config: &Config,
    instances: impl Iterator<Item = &'a VrrpInstance>,
) -> BTreeSet<Subject> {
    let mut subjects = BTreeSet::new();
    let mut watch = |files: &[Tracked], processes: &[Tracked]| {
        let files = files.iter().filter_map(|tracked| config.track_files.get(tracked.index));
        subjects.extend(files.map(|file| Subject::File(file.path.clone())));
        let processes = processes.iter().filter_map(|tracked| config.track_processes.get(tracked.index));
        subjects.extend(processes.map(|process| Subject::Processes(process.pattern.clone())));
    };
    for instance in instances {
        watch(&instance.track_files, &instance.track_processes);
    }
    for group in &config.sync_groups {
        watch(&group.track_files, &group.track_processes);
    }
    subjects
}

impl Watching {
    /// For a process that is this program and whose channel gets this token.
    pub(super) fn new(program: WorkerProgram, registry: Registry, token: Token) -> Self {
        Self {
            program,
            registry,
            token,
            process: None,
            run_as: None,
            subjects: BTreeSet::new(),
            known: BTreeMap::new(),
            start_at: None,
            restarts: 0,
        }
    }

    /// Takes the observations of the program before this one.
    pub(super) fn resume(&mut self, known: Vec<Observation>) {
        self.known.extend(known.into_iter().map(|seen| (seen.subject, seen.value)));
    }

    /// Has these watched and nothing else, by a process of this user.
    pub(super) fn watch(
        &mut self,
        now: Instant,
        subjects: BTreeSet<Subject>,
        run_as: Option<RunAs>,
        log: &mut Log,
    ) {
        if subjects == self.subjects {
            return;
        }
        self.run_as = run_as;
        self.known.retain(|subject, _| subjects.contains(subject));
        self.subjects = subjects;
        if self.subjects.is_empty() {
            // It ends with its channel, unless a file system holds it; it is reaped as another one would be.
            if let Some(process) = &mut self.process {
                process.child.kill();
            }
            self.start_at = None;
            return;
        }
        if self.start_at.is_none() {
            self.tell(now, log);
        }
    }

    /// Starts the process if there is none, and says what is to be watched.
    fn tell(&mut self, now: Instant, log: &mut Log) {
        if self.process.is_none() {
            match self.program.start(&self.registry, self.token) {
                Ok((child, channel)) => self.process = Some(Process { child, channel }),
                Err(error) => {
                    log.error(format!(
                        "cannot start the watcher of files and processes, trying again: {error}"
                    ));
                    self.start_at = Some(now + PAUSE);
                    return;
                }
            }
        }
        let message = ToWatcher::Watch { subjects: self.subjects.clone(), run_as: self.run_as };
        if let Some(process) = &mut self.process
            && process.channel.send(&message).is_err()
        {
            // Its end is told by SIGCHLD.
            process.child.kill();
        }
    }

    /// The channel is readable or writable: gives the new observations.
    pub(super) fn handle_channel(&mut self, log: &mut Log) -> Vec<Observation> {
        let mut news = Vec::new();
        while let Some(process) = &mut self.process {
            let _ = process.channel.flush();
            match process.channel.receive() {
                Ok(Some(FromWatcher::Log(level, text))) => log.write(LogSource::Parent, level, &text),
                Ok(Some(FromWatcher::Observed(observations))) => {
                    news.extend(
                        observations.into_iter().filter(|seen| self.subjects.contains(&seen.subject)),
                    );
                }
                Ok(None) | Err(ChannelError::Closed) => break,
                Err(error) => {
                    log.error(format!("watcher process({}): {error}", process.child.pid()));
                    process.child.kill();
                    break;
                }
            }
        }
        // After its restart it tells everything again.
        news.retain(|seen| self.known.insert(seen.subject.clone(), seen.value) != Some(seen.value));
        news
    }

    /// SIGCHLD came.
    pub(super) fn reap(&mut self, now: Instant, log: &mut Log) -> Vec<Observation> {
        let Some(ended) = self.process.as_mut().and_then(|process| process.child.poll()) else {
            return Vec::new();
        };
        let news = self.handle_channel(log);
        self.process = None;
        if !self.subjects.is_empty() {
            log.error(format!(
                "watcher of files and processes ended ({ended:?}); its last results stay, and it is started again"
            ));
            self.start_at = Some(now + PAUSE);
            self.restarts = self.restarts.saturating_add(1);
        }
        news
    }

    /// Time passed.
    pub(super) fn timeout(&mut self, now: Instant, log: &mut Log) {
        if self.start_at.take_if(|at| *at <= now).is_some() {
            self.tell(now, log);
        }
    }

    /// When [`Watching::timeout`] is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.start_at
    }

    /// Everything that is known.
    pub(super) fn known(&self) -> Vec<Observation> {
        let known = self.known.iter();
        known.map(|(subject, &value)| Observation { subject: subject.clone(), value }).collect()
    }

    /// Waits until everything was looked at, but a moment only: before workers judge by it.
    pub(super) fn wait(&mut self, log: &mut Log) {
        let until = Instant::now() + MOMENT;
        while self.known.len() < self.subjects.len()
            && let Some(process) = &self.process
        {
            let rest = until.saturating_duration_since(Instant::now());
            let timeout = rustix::event::Timespec::try_from(rest).ok();
            let mut channel = [PollFd::new(&process.channel, PollFlags::IN)];
            if rest.is_zero() || !matches!(rustix::event::poll(&mut channel, timeout.as_ref()), Ok(1..)) {
                break;
            }
            if self.handle_channel(log).is_empty() && self.has_ended() {
                break;
            }
        }
    }

    fn has_ended(&self) -> bool {
        self.process.as_ref().is_none_or(|process| process.child.has_ended())
    }

    /// Times that it was started again after it had died.
    pub(super) fn restarts(&self) -> u32 {
        self.restarts
    }

    /// Process id of the watcher.
    pub(super) fn pids(&self) -> impl Iterator<Item = u32> {
        self.process.iter().map(|process| process.child.pid())
    }

    /// The daemon ends now: whatever the process waits for, nobody waits for it.
    pub(super) fn abandon(&mut self) {
        self.subjects.clear();
        if let Some(process) = &mut self.process {
            process.child.kill();
        }
    }
}

/// Longest wait of a start for files that may be on a file system that hangs.
const MOMENT: Duration = Duration::from_millis(500);

/// Delay between its end and its restart.
const PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_that_only_a_sync_group_tracks_is_watched() {
        let text = "track_file F {\nfile /run/f\n}\ntrack_file G {\nfile /run/g\n}\nvrrp_track_process P {\nprocess \
                    p\n}\nvrrp_sync_group G {\ngroup {\nA\n}\ntrack_file {\nF\n}\ntrack_process {\nP\n}\n}\n\
                    vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n";
        let config = keepalived_conf::load_str(text).config;
        let watched = subjects(&config, config.instances.iter());
        let process = config.track_processes[0].pattern.clone();
        assert_eq!(watched, BTreeSet::from([Subject::File("/run/f".into()), Subject::Processes(process)]));
    }
}
