//! What the workers say.

use std::time::Instant;

use super::super::checks::{News, ScriptKey};
use super::super::paths::{CheckAnswer, Purpose};
use super::super::post::Role;
use super::super::worker::instance;
use super::super::{dump, notify};
use super::{Parent, give_up};
use crate::ipc::{DumpKind, FromWorker, Generation, InstanceEvent, ScriptAct, ToWorker};
use crate::log::Log;
use crate::paths::Job;

impl Parent {
    /// The channel of a worker is readable or writable.
    pub(super) fn handle_channel(&mut self, role: Role, now: Instant, log: &mut Log) {
        if let Some(worker) = self.posts[role].worker.as_mut()
            && let Err(error) = worker.flush()
        {
            give_up(role, worker, &error, now, log);
        }
        self.receive_all(role, now, log);
    }

    /// Takes every message that is there.
    pub(super) fn receive_all(&mut self, role: Role, now: Instant, log: &mut Log) {
        while let Some(worker) = self.posts[role].worker.as_mut() {
            match worker.receive() {
                Ok(Some(message)) => self.handle_message(role, now, message, log),
                Ok(None) => return,
                Err(error) => {
                    give_up(role, worker, &error, now, log);
                    return;
                }
            }
        }
    }

    pub(super) fn handle_message(&mut self, role: Role, now: Instant, message: FromWorker, log: &mut Log) {
        match message {
            FromWorker::Running(generation) => self.handle_running(role, generation, now, log),
            FromWorker::Remember { key, value } => {
                if let Err(error) = self.posts[role].memory.note(key, value) {
                    log.error(format!("{} child process: {error}", role.name()));
                }
            }
            FromWorker::Script { generation, script, act } => {
                self.handle_script((role, generation, script), act, now, log);
            }
            FromWorker::Server { generation, service, server, up, because } => {
                self.handle_server((generation, service, server), up, &because, now, log);
            }
            FromWorker::Checker { generation, service, server, up, because } => {
                self.handle_checker((generation, service, server), up, &because, now, log);
            }
            FromWorker::Quorum { generation, service, up, because } => {
                self.handle_quorum((generation, service), up, &because, now, log);
            }
            FromWorker::Transition { generation, instance, event, priority } => {
                self.handle_transition((generation, instance), event, priority, now, log);
            }
            FromWorker::Log { level, text } => {
                let pid = self.posts[role].worker.as_ref().map_or(0, super::Worker::pid);
                log.write(role.voice(pid), level, &text);
            }
            FromWorker::Dump(kind, text) => self.write_dump(role, kind, text, log),
            // Its end follows, and SIGCHLD tells of it.
            FromWorker::Alive | FromWorker::Stopped => {}
            FromWorker::Refused(reason) => {
                log.error(&reason);
                if let Some(worker) = self.posts[role].worker.as_mut() {
                    worker.refused = true;
                }
                if !self.take_back_reload(role, now, log) {
                    log.error("Terminating");
                    self.handle_stop(now, super::FATAL, log);
                }
            }
        }
    }

    fn handle_script(&mut self, key: ScriptKey, act: ScriptAct, now: Instant, log: &mut Log) {
        if let Some(news) = self.checks.handle(key, act) {
            self.tell_of_check(key, news, now, log);
        }
    }

    /// Starts check scripts that wait. Whatever the workers said of them has been heard.
    pub(super) fn start_checks(&mut self, now: Instant, log: &mut Log) {
        let readings = &self.readings;
        let news = self.checks.start(now, |(role, generation, script)| {
            let reading = readings.get(&generation)?;
            let index = usize::try_from(script).ok()?;
            let command = match role {
                Role::Vrrp => reading.config.scripts.get(index).map(|script| &script.command),
                Role::Lvs => reading.config.checks.get(index),
            };
            Some((command?, &reading.accounts))
        });
        for (key, news) in news {
            self.tell_of_check(key, news, now, log);
        }
        for (key, file) in self.checks.take_unasked() {
            let answers = self.paths.ask(now, Purpose::Check(key), Job::Open(file), log);
            self.take_file_checks(answers, now, log);
        }
    }

    /// The path process said what became of files that are checked.
    pub(super) fn take_file_checks(&mut self, answers: Vec<CheckAnswer>, now: Instant, log: &mut Log) {
        for (key, result) in answers {
            if let Some(news) = self.checks.handle_file(key, result) {
                self.tell_of_check(key, news, now, log);
            }
        }
    }

    pub(super) fn tell_of_check(
        &mut self,
        (role, generation, script): ScriptKey,
        news: News,
        now: Instant,
        log: &mut Log,
    ) {
        if let Some(complaint) = self.checks.complaint(now, news) {
            log.warning(complaint);
        }
        let message = match news {
            News::Started(at) => ToWorker::ScriptStarted { generation, script, at },
            News::Done(run) => ToWorker::ScriptDone { generation, script, run },
        };
        self.tell_worker(role, &message, now, log);
    }

    fn handle_transition(
        &mut self,
        (generation, index): (Generation, u32),
        event: InstanceEvent,
        priority: u8,
        now: Instant,
        log: &mut Log,
    ) {
        let Some(reading) = self.readings.get(&generation) else { return };
        let Some(instance) = instance(&reading.config.instances, index) else { return };
        match event {
            InstanceEvent::Master | InstanceEvent::Backup | InstanceEvent::Fault => {
                if self.states.insert(instance.name.clone(), event) == Some(event) {
                    // A new worker that goes on where its predecessor was: nothing changed.
                    return;
                }
            }
            InstanceEvent::Stop | InstanceEvent::Deleted => {
                self.states.remove(&instance.name);
            }
            InstanceEvent::MasterReceivedLowerPriority => {}
        }
        let jobs = notify::jobs(&instance.notify, &instance.name, event, priority, &reading.accounts);
        self.notifier.event(now, &instance.name, jobs, log);
        let line =
            format!("INSTANCE \"{}\" {} {priority}", instance.name, notify::word(&instance.notify, event));
        self.fifos.write(Role::Vrrp, &line, log);
        self.mailing.instance(now, &instance.name, instance.smtp_alert, event, log);
        if event != InstanceEvent::MasterReceivedLowerPriority {
            let standing = ToWorker::Standing {
                instance: instance.name.clone(),
                master: event == InstanceEvent::Master,
            };
            self.tell_worker(Role::Lvs, &standing, now, log);
        }
    }

    fn write_dump(&mut self, role: Role, kind: DumpKind, text: String, log: &mut Log) {
        let reading = self.readings.get(&self.current);
        let configured = reading.and_then(|reading| reading.config.global.state_dump_file.as_deref());
        let job = Job::Replace(dump::place(role, kind, configured), text);
        self.paths.ask(Instant::now(), Purpose::Dump(kind), job, log);
    }
}
