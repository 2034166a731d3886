//! Reports of the LVS worker about real and virtual servers: scripts run, FIFOs and mails go out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use keepalived_conf::model::Command;
use keepalived_conf::model::lvs::{RealServer, VirtualServer};
use vipd_status::EventKind;

use vipd_notify::Job;

use super::super::accounts::Accounts;
use super::super::kept::Kept;
use super::super::paths::FifoRequest;
use super::Parent;
use super::last_reported::ReportedState;
use super::messages::{GROUP_SUBJECT, group_subject};
use crate::ipc::{Generation, Role};
use crate::log::Log;
use crate::lvs::names;
use crate::outlets::mail::RealServerChange;
use crate::paths::FoundFifo;

/// Which real server: generation, virtual server, real server.
type ServerKey = (Generation, u32, u32);

impl Parent {
    /// A real server went up or down.
    pub(super) fn handle_server(
        &mut self,
        key: ServerKey,
        told: ReportedState,
        because: &str,
        now: Instant,
        log: &mut Log,
    ) {
        let Some((reading, service, real)) = real_server(&self.readings, key) else { return };
        if !self.last_reported.note_server(service, real, told) {
            return;
        }
        let up = told.up;
        let name = names::real_server(service, real);
        let jobs = server_jobs(real, up, &reading.accounts);
        self.notifier.event(now, &format!("{name} of {}", service.name), jobs, log);
        let subject = format!("RS {name} {}", service.name);
        self.fifos.write(Role::Lvs, Some(&subject), &format!("{subject} {}", word(up)), log);
        self.mailing.real_server(now, real.smtp_alert, &change(service, &name, true, up, because), log);
        let (service, because) = (service.name.clone(), because.to_owned());
        self.control.publish(EventKind::Server { service, server: name, up, because });
    }

    /// A checker changed its result without consequence for its server.
    pub(super) fn handle_checker(
        &mut self,
        key: ServerKey,
        up: bool,
        because: &str,
        now: Instant,
        log: &mut Log,
    ) {
        let Some((_, service, real)) = real_server(&self.readings, key) else { return };
        let name = names::real_server(service, real);
        self.mailing.real_server(now, real.smtp_alert, &change(service, &name, false, up, because), log);
        let (service, because) = (service.name.clone(), because.to_owned());
        self.control.publish(EventKind::Check { service, server: name, up, because });
    }

    /// A virtual server gained or lost its quorum.
    pub(super) fn handle_quorum(
        &mut self,
        (generation, service): (Generation, u32),
        told: ReportedState,
        because: &str,
        now: Instant,
        log: &mut Log,
    ) {
        let Some((reading, service)) = virtual_server(&self.readings, generation, service) else { return };
        if !self.last_reported.note_quorum(service, told) {
            return;
        }
        let up = told.up;
        let jobs = quorum_jobs(service, up, &reading.accounts);
        self.notifier.event(now, &service.name, jobs, log);
        let subject = format!("VS {}", service.name);
        self.fifos.write(Role::Lvs, Some(&subject), &format!("{subject} {}", word(up)), log);
        self.mailing.virtual_server(now, service.smtp_alert, &service.name, up, because, log);
        let (service, because) = (service.name.clone(), because.to_owned());
        self.control.publish(EventKind::Quorum { service, up, because });
    }

    /// FIFOs and mail as the present configuration wants them.
    pub(super) fn arrange_outlets(&mut self, now: Instant, log: &mut Log) {
        if let Some(reading) = self.readings.get(&self.supervisor.current()) {
            self.mailing.arrange(now, &reading.config, log);
            let instances = reading.instance_names();
            self.mailing.retain_instances(|name| instances.contains(name));
            self.last_reported.retain(&reading.config);
            self.notifier.limit(reading.config.global.notify_timeout);
            let services = &reading.config.virtual_servers;
            self.fifos.forget(Role::Lvs, |subject| {
                !services.iter().any(|service| subject.ends_with(service.name.as_str()))
            });
            let groups: BTreeSet<String> =
                reading.config.sync_groups.iter().map(|group| group_subject(&group.name)).collect();
            self.fifos.forget(Role::Vrrp, |subject| {
                subject.starts_with(GROUP_SUBJECT) && !groups.contains(subject)
            });
            self.fifos.arrange(now, &reading.config.global.fifos, &reading.accounts, log);
        }
        self.ask_about_fifos(now, log);
    }

    /// Has FIFOs made and removed.
    pub(super) fn ask_about_fifos(&mut self, now: Instant, log: &mut Log) {
        while let Some((purpose, job)) = self.fifos.poll_job() {
            let answers = self.paths.ask(now, purpose, job, log);
            self.take_answers(answers, now, log);
        }
    }

    /// A FIFO may be opened, or there is none.
    pub(super) fn handle_fifo(
        &mut self,
        request: FifoRequest,
        found: Result<FoundFifo, String>,
        now: Instant,
        log: &mut Log,
    ) {
        let Some(reading) = self.readings.get(&self.supervisor.current()) else { return };
        self.fifos.handle_found(now, request, found, &reading.accounts, log);
        self.ask_about_fifos(now, log);
    }
}

fn virtual_server(
    readings: &BTreeMap<Generation, Kept>,
    generation: Generation,
    index: u32,
) -> Option<(&Kept, &VirtualServer)> {
    let reading = readings.get(&generation)?;
    Some((reading, reading.config.virtual_servers.get(usize::try_from(index).ok()?)?))
}

fn real_server(
    readings: &BTreeMap<Generation, Kept>,
    (generation, service, server): ServerKey,
) -> Option<(&Kept, &VirtualServer, &RealServer)> {
    let (reading, service) = virtual_server(readings, generation, service)?;
    Some((reading, service, service.real_servers.get(usize::try_from(server).ok()?)?))
}

fn change<'a>(
    service: &'a VirtualServer,
    name: &'a str,
    is_whole: bool,
    up: bool,
    because: &'a str,
) -> RealServerChange<'a> {
    RealServerChange { virtual_server: &service.name, real_server: name, is_whole, up, because }
}

fn word(up: bool) -> &'static str {
    if up { "UP" } else { "DOWN" }
}

fn server_jobs(server: &RealServer, up: bool, accounts: &Accounts) -> Vec<Job> {
    let (keyword, command) =
        if up { ("notify_up", &server.notify_up) } else { ("notify_down", &server.notify_down) };
    job(keyword, command.as_deref(), accounts).into_iter().collect()
}

fn quorum_jobs(server: &VirtualServer, up: bool, accounts: &Accounts) -> Vec<Job> {
    let (keyword, command) =
        if up { ("quorum_up", &server.quorum_up) } else { ("quorum_down", &server.quorum_down) };
    job(keyword, command.as_deref(), accounts).into_iter().collect()
}

fn job(keyword: &'static str, command: Option<&Command>, accounts: &Accounts) -> Option<Job> {
    let command = command?;
    let credentials = accounts.find(command.user.as_ref()).ok()?;
    Some(Job { keyword: keyword.into(), command: command.clone(), arguments: Vec::new(), credentials })
}
