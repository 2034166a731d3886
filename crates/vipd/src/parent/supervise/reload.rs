//! Reloads: one at a time, and never worse than before.
//!
//! A configuration that cannot be used changes nothing: the old one stays in force. (keepalived takes whatever can
//! be read, down to nothing at all.) The same when the worker refuses it.

use std::time::Instant;

use keepalived_conf::Severity;

use super::super::load::{self, Reading};
use super::super::{namespace, report};
use super::{Parent, give_up};
use crate::ipc::{Generation, ToWorker};
use crate::log::{Log, Voice};

/// Where a reload is.
#[derive(Debug, Default)]
pub(super) struct Reload {
    /// The worker works on this generation; [`Option::None`] when nothing is under way.
    active: Option<Generation>,
    /// How often a worker died of this reload.
    deaths: u8,
    /// One more was asked for meanwhile.
    again: bool,
    /// The generation the worker runs; `None` before it said so.
    running: Option<Generation>,
}

impl Parent {
    /// SIGHUP.
    pub(super) fn handle_reload(&mut self, now: Instant, log: &mut Log) {
        if self.stop.is_some() {
            return;
        }
        // During the start too: the worker may not yet have taken its first configuration.
        let starting = self.worker.is_some() && self.reload.running.is_none();
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
            self.systemd.ready();
            return;
        }
        self.take_over(reading, now, log);
    }

    /// Why a configuration is not taken.
    fn refusal(&self, reading: &Reading) -> Option<String> {
        if let Err(why) = &reading.usable {
            return Some(why.to_string());
        }
        let old = &self.readings.get(&self.current)?.config.global;
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
        let generation = self.current;
        if let Some(worker) = self.worker.as_mut().filter(|worker| !worker.stopping) {
            self.reload.active = Some(generation);
            self.reload.deaths = 0;
            let config = self.readings.get(&generation).map(|reading| Box::new(reading.config.clone()));
            let sent = config
                .map(|config| worker.send(&ToWorker::Config { generation, config, resume: Vec::new() }));
            if let Some(Err(error)) = sent {
                give_up(worker, &error, now, log);
            }
            return;
        }
        // No worker to wait for: either none is wanted, or one starts with this configuration.
        self.respawn_at = None;
        if self.worker.is_none() && self.wants_worker() {
            self.start_worker(now, log);
        }
        self.forget_old();
        self.systemd.ready();
    }

    /// The worker runs a generation.
    pub(super) fn handle_running(&mut self, generation: Generation, now: Instant, log: &mut Log) {
        let first = self.reload.running.is_none();
        self.reload.running = Some(generation);
        if generation != self.current {
            return;
        }
        let pid = self.worker.as_ref().map_or(0, super::Worker::pid);
        let reloaded = self.reload.active.take().is_some();
        if reloaded || first {
            let what = if reloaded { "Reload complete" } else { "Startup complete" };
            log.write(Voice::Vrrp(pid), crate::ipc::LogLevel::Info, what);
        }
        self.forget_old();
        self.systemd.ready();
        self.starter.release();
        if !self.wants_worker() {
            // Everything was taken out of the configuration: deletions are told, now it can go.
            self.dismiss_worker(now, log);
        }
        if std::mem::take(&mut self.reload.again) {
            self.handle_reload(now, log);
        }
    }

    /// Gives a reload up that the worker does not want, or died of; whether there was one.
    pub(super) fn take_back_reload(&mut self, now: Instant, log: &mut Log) -> bool {
        let Some(refused) = self.reload.active.take() else { return false };
        let previous = self.reload.running.filter(|running| self.readings.contains_key(running));
        let Some(previous) = previous.filter(|&previous| previous != refused) else { return false };
        self.readings.remove(&refused);
        self.current = previous;
        log.error("Reload refused by the VRRP child process, the old configuration stays in force");
        self.systemd.ready();
        if self.worker.is_none() {
            self.start_worker(now, log);
        }
        if std::mem::take(&mut self.reload.again) {
            self.handle_reload(now, log);
        }
        true
    }

    /// A worker died; whether a second one died of the reload under way, so that it is no accident.
    pub(super) fn reload_died_twice(&mut self) -> bool {
        self.reload.deaths = self.reload.deaths.saturating_add(1);
        self.reload.active.is_some() && self.reload.deaths >= 2
    }

    fn dismiss_worker(&mut self, now: Instant, log: &mut Log) {
        if let Some(worker) = self.worker.as_mut() {
            worker.stopping = true;
        }
        self.tell_worker(&ToWorker::Stop { keep_addresses: self.options.keep_addresses }, now, log);
    }

    /// Messages may still name the generation before the running one, for deletions; none older.
    fn forget_old(&mut self) {
        let current = self.current;
        let previous = self.readings.range(..current).next_back().map(|(&generation, _)| generation);
        self.readings.retain(|&generation, _| generation == current || Some(generation) == previous);
    }
}
