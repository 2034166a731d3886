//! Reloads: one at a time, and never worse than before.
//!
//! A configuration that cannot be used changes nothing: the old one stays in force. (keepalived takes whatever can
//! be read, down to nothing at all.) The same when a worker refuses it.

use std::time::Instant;

use keepalived_conf::Severity;

use super::super::init_files::Occasion;
use super::super::load::{self, Reading};
use super::super::post::{Post, Role};
use super::super::{namespace, refusal, report};
use super::Parent;
use crate::ipc::{Generation, ToWorker};
use crate::log::Log;

/// Where a reload is.
#[derive(Debug, Default)]
pub(super) struct Reload {
    /// The workers take this generation; [`Option::None`] when nothing is under way.
    active: Option<Generation>,
    /// One more was asked for meanwhile.
    again: bool,
    /// The generation that all workers last ran together.
    agreed: Option<Generation>,
}

impl Parent {
    /// SIGHUP.
    pub(super) fn handle_reload(&mut self, now: Instant, log: &mut Log) {
        if self.stop.is_some() {
            return;
        }
        // During the start too: a worker may not yet have taken its first configuration.
        let starting = self.posts.iter().any(|post| post.is_serving() && post.running.is_none());
        if self.reload.active.is_some() || starting {
            self.reload.again = true;
            return;
        }
        log.info("Reloading ...");
        self.systemd.reloading();
        let reading = load::read(&self.options);
        report(log, &reading);
        if let Some(why) = self.refusal(&reading) {
            log.error(format!("Reload refused, the old configuration stays in force: {why}"));
            self.systemd.refused(&why);
            return;
        }
        self.take_over(reading, now, log);
    }

    /// Why a configuration is not taken.
    fn refusal(&self, reading: &Reading) -> Option<String> {
        let in_force = self.readings.get(&self.current)?;
        if let Some(why) = refusal::refusal(reading, in_force) {
            return Some(why);
        }
        let old = &in_force.config.global;
        let new = &reading.config.global;
        if old.reload_check_config || new.reload_check_config {
            let errors =
                reading.diagnostics.iter().filter(|finding| finding.severity == Severity::Error).count();
            if errors > 0 {
                return Some(format!("it has {errors} errors and reload_check_config is set"));
            }
        }
        if namespace(&self.options, old) != namespace(&self.options, new) {
            return Some("net_namespace cannot be changed by a reload".to_owned());
        }
        (old.instance != new.instance).then(|| "instance cannot be changed by a reload".to_owned())
    }

    fn take_over(&mut self, reading: Reading, now: Instant, log: &mut Log) {
        self.last_generation += 1;
        self.current = self.last_generation;
        self.readings.insert(self.current, reading);
        self.arrange_outlets(now, log);
        self.make_files(Occasion::Reload, log);
        let generation = self.current;
        let mut asked = false;
        for role in Role::ALL {
            self.posts[role].deaths = 0;
            if self.posts[role].serving().is_some() {
                asked = true;
                self.reload.active = Some(generation);
                self.send_config(role, Vec::new(), now, log);
                continue;
            }
            // None is wanted until now, or one starts with this configuration.
            self.posts[role].respawn_at = None;
            // One that died may have left what nobody wants any more: the next one removes it, and is dismissed.
            let needed = self.wants(role) || !self.posts[role].holdings.is_empty();
            if self.posts[role].worker.is_none() && needed {
                self.start_worker(role, now, log);
            }
        }
        if !asked {
            self.reload.agreed = Some(generation);
            self.forget_old();
            self.systemd.ready();
        }
    }

    /// A worker runs a generation.
    pub(super) fn handle_running(&mut self, role: Role, generation: Generation, now: Instant, log: &mut Log) {
        let post = &mut self.posts[role];
        let first = post.running.is_none();
        post.running = Some(generation);
        if post.sent == Some(generation)
            && let Some(reading) = self.readings.get(&generation)
        {
            post.holdings.note_running(&role.part(&reading.config));
        }
        if generation != self.current {
            return;
        }
        let pid = post.worker.as_ref().map_or(0, super::Worker::pid);
        let reloading = self.reload.active.is_some();
        if reloading || first {
            let what = if reloading { "Reload complete" } else { "Startup complete" };
            log.write(role.voice(pid), crate::ipc::LogLevel::Info, what);
        }
        self.starter.release();
        if !self.wants(role) {
            // Everything was taken out of the configuration: deletions are told, now it can go.
            self.dismiss_worker(role, now, log);
        }
        self.conclude_reload(now, log);
    }

    /// Ends the start or the reload under way once every worker runs the current generation.
    fn conclude_reload(&mut self, now: Instant, log: &mut Log) {
        let current = self.current;
        let behind = |post: &Post| post.is_serving() && post.running != Some(current);
        if self.posts.iter().any(behind) {
            return;
        }
        self.reload.active = None;
        self.reload.agreed = Some(current);
        self.forget_old();
        // Only now: until here workers told of what is no longer configured.
        if let Some(reading) = self.readings.get(&current) {
            self.told.retain(&reading.config);
        }
        self.systemd.ready();
        if std::mem::take(&mut self.reload.again) {
            self.handle_reload(now, log);
        }
    }

    /// Gives a reload up that a worker does not want, or died of; whether there was one.
    pub(super) fn take_back_reload(&mut self, role: Role, now: Instant, log: &mut Log) -> bool {
        let Some(refused) = self.reload.active.take() else { return false };
        let previous = self.reload.agreed.filter(|agreed| self.readings.contains_key(agreed));
        let Some(previous) = previous.filter(|&previous| previous != refused) else { return false };
        // What workers told of it that took it counts: its reading stays until all have gone back.
        self.current = previous;
        self.arrange_outlets(now, log);
        let name = role.name();
        log.error(format!(
            "Reload refused by the {name} child process, the old configuration stays in force"
        ));
        self.systemd.ready();
        for role in Role::ALL {
            if self.posts[role].worker.is_none() && self.wants(role) {
                self.start_worker(role, now, log);
            } else if self.posts[role].sent != Some(previous) && self.posts[role].is_serving() {
                // It has taken the new one, or will.
                self.send_config(role, Vec::new(), now, log);
            }
        }
        if std::mem::take(&mut self.reload.again) {
            self.handle_reload(now, log);
        }
        true
    }

    /// A worker died; whether a second one died of the reload under way, so that it is no accident.
    pub(super) fn reload_died_twice(&mut self, role: Role) -> bool {
        let post = &mut self.posts[role];
        post.deaths = post.deaths.saturating_add(1);
        self.reload.active.is_some() && post.deaths >= 2
    }

    fn dismiss_worker(&mut self, role: Role, now: Instant, log: &mut Log) {
        if let Some(worker) = self.posts[role].worker.as_mut() {
            worker.stopping = true;
        }
        self.tell_worker(role, &ToWorker::Stop, now, log);
    }

    /// Messages may still name the generation before the running one, for deletions; none older.
    fn forget_old(&mut self) {
        let current = self.current;
        let previous = self.readings.range(..current).next_back().map(|(&generation, _)| generation);
        self.readings.retain(|&generation, _| generation == current || Some(generation) == previous);
    }
}
