//! Processes that end.

use std::collections::BTreeSet;
use std::time::Instant;

use super::super::process::Child;
use super::super::worker::Worker;
use super::Parent;
use super::upgrade::Upgrading;
use crate::log::Log;

impl Parent {
    /// Process ids of all children.
    pub(super) fn pids(&self) -> impl Iterator<Item = u32> {
        let scripts = self.checks.pids().chain(self.notifier.pids()).chain(self.life_scripts.pids());
        let outlets = self.fifos.pids().chain(self.mailing.pids()).chain(self.web.pids());
        let helpers = self.paths.pids().chain(self.watching.pids());
        let trial = self.upgrading.iter().filter_map(Upgrading::pid);
        let workers = self.workers.values().map(Worker::pid).chain(self.forgotten.iter().map(Child::pid));
        scripts.chain(outlets).chain(helpers).chain(trial).chain(workers)
    }

    pub(super) fn reap(&mut self, now: Instant, log: &mut Log) {
        for (key, news) in self.checks.reap() {
            self.tell_of_check(key, news, now, log);
        }
        let answers = self.paths.reap(log);
        self.take_answers(answers, now, log);
        let news = self.watching.reap(now, log);
        self.tell_of_observations(news, now, log);
        self.perform(now, log);
        for (which, end) in self.life_scripts.reap() {
            self.supervisor.handle_script_ended(now, which, end);
        }
        self.perform(now, log);
        self.notifier.reap(now, log);
        self.fifos.reap(now, log);
        self.mailing.reap(now, log);
        self.web.reap(now, log);
        self.forgotten.retain_mut(|child| child.poll().is_none());
        self.reap_trial(now, log);
        let ended: Vec<_> = self
            .workers
            .iter_mut()
            .filter_map(|(&id, worker)| worker.poll().map(|ended| (id, ended)))
            .collect();
        for (id, ended) in ended {
            // Messages that it sent before it died still count.
            self.receive_rest(id, now, log);
            self.tell_of_end(id, ended);
            self.end_acts(id, now);
            self.supervisor.handle_end(now, id, ended);
            self.perform(now, log);
        }
        if std::process::id() == 1 {
            adopt_orphans(&self.pids().collect());
        }
    }
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
