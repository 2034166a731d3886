//! Messages from the workers.

use std::time::Instant;

use vipd_checks::{News, Owner, ScriptKey};
use vipd_supervisor::WorkerId;

use super::super::paths::{Answer, Purpose};
use super::super::worker::Own;
use super::super::{dump, namespace};
use super::Parent;
use super::last_reported::ReportedState;
use crate::ipc::{
    ChannelError, DumpKind, FromBfd, FromLvs, FromVrrp, FromWorker, Generation, GroupEvent, InstanceEvent,
    Role, ScriptAct, SessionKey, Task, ToLvs, ToVrrp,
};
use crate::log::Log;
use crate::paths::Job;
use crate::tidy;

impl Parent {
    /// The channel of a worker is readable or writable.
    pub(super) fn handle_channel(&mut self, id: WorkerId, now: Instant, log: &mut Log) {
        let Some(worker) = self.workers.get_mut(&id) else { return };
        worker.unread = true;
        if let Err(error) = worker.flush() {
            self.lose_channel(id, &error, now, log);
        }
    }

    /// Takes some of the messages that are there, so that one worker cannot keep the parent from everything else. The
    /// others are taken in the next turns.
    pub(super) fn receive_some(&mut self, id: WorkerId, now: Instant, log: &mut Log) {
        self.receive(id, MESSAGES_PER_TURN, now, log);
    }

    /// Takes all messages of a worker that ended: no more can follow.
    pub(super) fn receive_rest(&mut self, id: WorkerId, now: Instant, log: &mut Log) {
        for _ in 0..MAX_LAST_TURNS {
            self.receive(id, MESSAGES_PER_TURN, now, log);
            if self.workers.get(&id).is_none_or(|worker| !worker.unread) {
                return;
            }
        }
    }

    fn receive(&mut self, id: WorkerId, most: usize, now: Instant, log: &mut Log) {
        let Some(worker) = self.workers.get_mut(&id) else { return };
        let received = worker.receive(most);
        if received.messages.len() > tidy::MANY {
            self.tidy_at = Some(now + tidy::AFTER);
        }
        for message in received.messages {
            self.handle_message(id, now, message, log);
        }
        if let Some(error) = received.end {
            self.lose_channel(id, &error, now, log);
        }
    }

    /// A worker cannot be talked to any more.
    pub(super) fn lose_channel(&mut self, id: WorkerId, error: &ChannelError, now: Instant, log: &mut Log) {
        // One that ended closed it: that is told by its exit status.
        let why = (!matches!(error, ChannelError::Closed)).then(|| error.to_string());
        self.supervisor.handle_broken_channel(now, id, why.as_deref());
        self.perform(now, log);
    }

    fn handle_message(&mut self, id: WorkerId, now: Instant, message: FromWorker<Own>, log: &mut Log) {
        let Some(worker) = self.workers.get(&id) else { return };
        let (role, task, pid) = (worker.role, worker.task, worker.pid());
        self.supervisor.handle_heard(now, id);
        match message {
            FromWorker::Alive => {}
            FromWorker::Running(generation) => self.supervisor.handle_running(now, id, generation),
            FromWorker::Stopped => self.supervisor.handle_stopped(now, id),
            FromWorker::Refused(reason) => self.supervisor.handle_refused(now, id, &reason),
            FromWorker::Remember { key, value } => self.supervisor.handle_remember(id, key, value),
            FromWorker::Log(line) => log.write_line(role.voice(pid), &line),
            FromWorker::Status { request, part, last } => {
                self.handle_status_part(role, request, &part, last);
            }
            FromWorker::Happened(what) => self.handle_happened(&what),
            FromWorker::Own(Own::Vrrp(message)) => self.handle_vrrp(message, task, now, log),
            FromWorker::Own(Own::Lvs(message)) => self.handle_lvs(message, now, log),
            FromWorker::Own(Own::Bfd(message)) => self.handle_bfd(message, now, log),
        }
        self.perform(now, log);
    }

    fn handle_vrrp(&mut self, message: FromVrrp, task: Task, now: Instant, log: &mut Log) {
        match message {
            FromVrrp::Script { generation, script, act } => {
                self.handle_script((Owner::Vrrp, generation, script), act, now, log);
            }
            FromVrrp::Transition { generation, instance, event, priority } => {
                self.handle_transition((generation, instance), task, event, priority, now, log);
            }
            FromVrrp::GroupTransition { generation, group, event } => {
                self.handle_group((generation, group), task, event, now, log);
            }
            FromVrrp::PriorityChanged { generation, instance, priority } => {
                self.handle_priority((generation, instance), priority, log);
            }
            FromVrrp::Dump(kind, text) => self.write_dump(Role::Vrrp, kind, text, log),
            FromVrrp::Acted { request, result } => self.handle_acted(request, result, now),
            FromVrrp::Recorded { request, line } => self.handle_recorded(request, line, now),
            FromVrrp::Pursued { instances, outcome } => self.handle_pursued(&instances, &outcome, now),
        }
    }

    fn handle_lvs(&mut self, message: FromLvs, now: Instant, log: &mut Log) {
        match message {
            FromLvs::Script { generation, script, act } => {
                self.handle_script((Owner::Lvs, generation, script), act, now, log);
            }
            FromLvs::Server { generation, service, server, up, because, resumed } => {
                let reported = ReportedState { up, resumed };
                self.handle_server((generation, service, server), reported, &because, now, log);
            }
            FromLvs::Checker { generation, service, server, up, because } => {
                self.handle_checker((generation, service, server), up, &because, now, log);
            }
            FromLvs::Quorum { generation, service, up, because, resumed } => {
                self.handle_quorum((generation, service), ReportedState { up, resumed }, &because, now, log);
            }
            FromLvs::Dump(text) => self.write_dump(Role::Lvs, DumpKind::Data, text, log),
            FromLvs::Steered { request, result } => self.handle_steered(request, result, now, log),
        }
    }

    fn handle_bfd(&mut self, message: FromBfd, now: Instant, log: &mut Log) {
        match message {
            FromBfd::Session { key, up } => {
                if self.sessions.note(key, up) {
                    self.tell_of_session(key, up, now, log);
                }
            }
            FromBfd::Dump(text) => self.write_dump(Role::Bfd, DumpKind::Data, text, log),
        }
    }

    /// The workers that track sessions hear of each change.
    fn tell_of_session(&mut self, key: SessionKey, up: bool, now: Instant, log: &mut Log) {
        self.tell(ToVrrp::Session { key, up }, now, log);
        self.tell(ToLvs::Session { key, up }, now, log);
    }

    /// No BFD worker has run for long.
    pub(super) fn lose_unwatched_sessions(&mut self, now: Instant, log: &mut Log) {
        let lost = self.sessions.handle_timeout(now);
        if lost.is_empty() {
            return;
        }
        log.error(format!("no BFD process runs: {} sessions count as down", lost.len()));
        for key in lost {
            self.tell_of_session(key, false, now, log);
        }
    }

    fn handle_script(&mut self, key: ScriptKey, act: ScriptAct, now: Instant, log: &mut Log) {
        if let Some(news) = self.checks.handle(key, act) {
            self.tell_of_check(key, news, now, log);
        }
    }

    /// Starts check scripts that wait. All messages of the workers about them have been read.
    pub(super) fn start_checks(&mut self, now: Instant, log: &mut Log) {
        let readings = &self.readings;
        let news = self.checks.start(now, |(owner, generation, script)| {
            let reading = readings.get(&generation)?;
            let index = usize::try_from(script).ok()?;
            let command = match owner {
                Owner::Vrrp => reading.config.scripts.get(index).map(|script| &script.command),
                Owner::Lvs => reading.config.checks.get(index),
            };
            Some((command?, &reading.accounts))
        });
        for (key, news) in news {
            self.tell_of_check(key, news, now, log);
        }
        for (key, file) in self.checks.take_unasked() {
            let answers = self.paths.ask(now, Purpose::Check(key), Job::Open(file), log);
            self.take_answers(answers, now, log);
        }
    }

    /// The path process said what somebody waits for.
    pub(super) fn take_answers(&mut self, answers: Vec<Answer>, now: Instant, log: &mut Log) {
        for answer in answers {
            match answer {
                Answer::Check(key, result) => {
                    if let Some(news) = self.checks.handle_file(key, result) {
                        self.tell_of_check(key, news, now, log);
                    }
                }
                Answer::Fifo(request, found) => self.handle_fifo(request, found, now, log),
                Answer::Intents(result) => self.take_written_intents(&result, now, log),
                Answer::ReloadTime(text) => self.take_reload_time(text, now, log),
                Answer::Config(id, loaded) => self.take_config(id, loaded, now, log),
                Answer::Preview(client, form, loaded) => self.tell_preview(client, form, loaded, now),
                Answer::Fingerprint(seen) => {
                    self.freshness.handle_seen(now, seen);
                    self.control.gatherer.handle_files();
                }
                Answer::Upgrade(id, loaded) => self.try_program(id, loaded, now, log),
            }
        }
    }

    pub(super) fn tell_of_check(
        &mut self,
        (owner, generation, script): ScriptKey,
        news: News,
        now: Instant,
        log: &mut Log,
    ) {
        if let Some(complaint) = self.checks.complaint(now, &news) {
            log.warning(complaint);
        }
        match (owner, news) {
            (Owner::Vrrp, News::Started(at)) => {
                self.tell(ToVrrp::ScriptStarted { generation, script, at }, now, log);
            }
            (Owner::Vrrp, News::Done(run)) => {
                self.tell(ToVrrp::ScriptDone { generation, script, run }, now, log);
            }
            (Owner::Lvs, News::Started(at)) => {
                self.tell(ToLvs::ScriptStarted { generation, script, at }, now, log);
            }
            (Owner::Lvs, News::Done(run)) => {
                self.tell(ToLvs::ScriptDone { generation, script, run }, now, log);
            }
        }
    }

    fn handle_transition(
        &mut self,
        (generation, index): (Generation, u32),
        task: Task,
        event: InstanceEvent,
        priority: u8,
        now: Instant,
        log: &mut Log,
    ) {
        let Some(reading) = self.readings.get(&generation) else { return };
        let Some(instance) = reading.instance(index) else { return };
        if !self.last_reported.note_instance(&instance.name, event, task) {
            return;
        }
        let jobs = vipd_notify::jobs(&instance.notify, &instance.name, event, priority, &reading.accounts);
        self.notifier.event(now, &instance.name, jobs, log);
        let line = format!(
            "INSTANCE \"{}\" {} {priority}",
            instance.name,
            vipd_notify::word(&instance.notify, event)
        );
        match event {
            InstanceEvent::Stop | InstanceEvent::Deleted => {
                self.fifos.write(Role::Vrrp, None, &line, log);
                self.fifos.forget(Role::Vrrp, |subject| subject == instance.name);
            }
            InstanceEvent::MasterReceivedLowerPriority => self.fifos.write(Role::Vrrp, None, &line, log),
            InstanceEvent::Master | InstanceEvent::Backup | InstanceEvent::Fault => {
                self.fifos.write(Role::Vrrp, Some(&instance.name), &line, log);
            }
        }
        self.mailing.instance(now, &instance.name, instance.smtp_alert, event, log);
        if event != InstanceEvent::MasterReceivedLowerPriority {
            let standing =
                ToLvs::Standing { instance: instance.name.clone(), master: event == InstanceEvent::Master };
            self.tell(standing, now, log);
        }
    }

    fn handle_group(
        &mut self,
        (generation, index): (Generation, u32),
        task: Task,
        event: GroupEvent,
        now: Instant,
        log: &mut Log,
    ) {
        let Some(reading) = self.readings.get(&generation) else { return };
        let groups = &reading.config.sync_groups;
        let Some(group) = usize::try_from(index).ok().and_then(|index| groups.get(index)) else { return };
        if !self.last_reported.note_group(&group.name, event, task) {
            return;
        }
        let jobs = vipd_notify::group_jobs(&group.notify, &group.name, event, &reading.accounts);
        let subject = group_subject(&group.name);
        self.notifier.event(now, &subject, jobs, log);
        let line = format!("GROUP \"{}\" {} 0", group.name, event.word());
        let lasts = event != GroupEvent::Stop;
        self.fifos.write(Role::Vrrp, lasts.then_some(&*subject), &line, log);
        if !lasts {
            self.fifos.forget(Role::Vrrp, |other| other == subject);
        }
        self.mailing.group(now, &group.name, group.smtp_alert, event, log);
    }

    fn handle_priority(&mut self, (generation, index): (Generation, u32), priority: u8, log: &mut Log) {
        let Some(reading) = self.readings.get(&generation) else { return };
        let Some(instance) = reading.instance(index) else { return };
        // keepalived knows two such lines, and writes that of BACKUP in FAULT too.
        let (state, line_of) = match self.last_reported.instance(&instance.name) {
            Some(InstanceEvent::Master) => ("MASTER", "MASTER"),
            Some(InstanceEvent::Backup) => ("BACKUP", "BACKUP"),
            Some(InstanceEvent::Fault) => ("FAULT", "BACKUP"),
            _ => return,
        };
        let name = &instance.name;
        self.fifos.note(Role::Vrrp, name, format!("INSTANCE \"{name}\" {state} {priority}"));
        if instance.notify_priority_changes {
            let line = format!("INSTANCE \"{name}\" {line_of}_PRIORITY {priority}");
            self.fifos.write(Role::Vrrp, None, &line, log);
        }
    }

    fn write_dump(&mut self, role: Role, kind: DumpKind, text: String, log: &mut Log) {
        let Some(reading) = self.readings.get(&self.supervisor.current()) else { return };
        let global = &reading.config.global;
        let place = dump::place(role, kind, global, namespace(&self.options, global));
        let job = Job::Replace(place, text);
        self.paths.ask(Instant::now(), Purpose::Dump(kind), job, log);
    }
}

/// A group may have the name of an instance, which has no blank in it.
pub(super) fn group_subject(name: &str) -> String {
    format!("{GROUP_SUBJECT}{name}")
}

/// Names of groups begin with this where those of instances stand too.
pub(super) const GROUP_SUBJECT: &str = "group ";

/// Messages of one worker that are taken in one turn of the loop.
const MESSAGES_PER_TURN: usize = 256;

/// Most turns in which messages are taken from a worker that ended: far more than a socket holds.
const MAX_LAST_TURNS: usize = 4096;
