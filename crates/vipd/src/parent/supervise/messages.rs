//! What the worker says.

use std::time::Instant;

use super::super::worker::instance;
use super::super::{dump, notify};
use super::{Parent, give_up};
use crate::ipc::{DumpKind, FromWorker, Generation, InstanceEvent, ScriptAct, ToWorker};
use crate::log::{Log, Voice};

impl Parent {
    /// The channel of the worker is readable or writable.
    pub(super) fn handle_channel(&mut self, now: Instant, log: &mut Log) {
        if let Some(worker) = self.worker.as_mut()
            && let Err(error) = worker.flush()
        {
            give_up(worker, &error, now, log);
        }
        self.receive_all(now, log);
    }

    /// Takes every message that is there.
    pub(super) fn receive_all(&mut self, now: Instant, log: &mut Log) {
        while let Some(worker) = self.worker.as_mut() {
            match worker.receive() {
                Ok(Some(message)) => self.handle_message(now, message, log),
                Ok(None) => return,
                Err(error) => {
                    give_up(worker, &error, now, log);
                    return;
                }
            }
        }
    }

    fn handle_message(&mut self, now: Instant, message: FromWorker, log: &mut Log) {
        match message {
            FromWorker::Running(generation) => self.handle_running(generation, now, log),
            FromWorker::Script { generation, script, act } => {
                self.handle_script((generation, script), act, now, log);
            }
            FromWorker::Transition { generation, instance, event, priority } => {
                self.handle_transition((generation, instance), event, priority, now, log);
            }
            FromWorker::Log { level, text } => {
                let pid = self.worker.as_ref().map_or(0, super::Worker::pid);
                log.write(Voice::Vrrp(pid), level, &text);
            }
            FromWorker::Dump(kind, text) => self.write_dump(kind, &text, log),
            // Its end follows, and SIGCHLD tells of it.
            FromWorker::Stopped => {}
            FromWorker::Refused(reason) => {
                log.error(&reason);
                if !self.take_back_reload(now, log) {
                    log.error("Terminating");
                    self.handle_stop(now, super::PERMANENT[0], log);
                }
            }
        }
    }

    fn handle_script(&mut self, key: (Generation, u32), act: ScriptAct, now: Instant, log: &mut Log) {
        match act {
            ScriptAct::Terminate => self.checks.terminate(key),
            ScriptAct::Kill => self.checks.kill(key),
            ScriptAct::Run => {
                let (generation, script) = key;
                let Some(reading) = self.readings.get(&generation) else { return };
                let index = usize::try_from(script).unwrap_or(usize::MAX);
                let Some(configured) = reading.config.scripts.get(index) else { return };
                if let Some(outcome) = self.checks.run(key, &configured.command, &reading.accounts) {
                    self.tell_worker(&ToWorker::ScriptDone { generation, script, outcome }, now, log);
                }
            }
        }
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
    }

    fn write_dump(&self, kind: DumpKind, text: &str, log: &mut Log) {
        let reading = self.readings.get(&self.current);
        let configured = reading.and_then(|reading| reading.config.global.state_dump_file.as_deref());
        match dump::write(kind, text, configured) {
            Ok(path) => log.info(format!("Wrote {}", path.display())),
            Err(error) => log.error(format!("cannot write the {kind:?} dump: {error}")),
        }
    }
}
