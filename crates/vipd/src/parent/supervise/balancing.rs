//! What the LVS worker tells of real and virtual servers: scripts run, FIFOs and mails go out.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Instant;

use keepalived_conf::model::lvs::{RealServer, VirtualServer};
use keepalived_conf::model::{Command, Config};

use super::super::accounts::Accounts;
use super::super::load::Reading;
use super::super::notify::Job;
use super::super::post::Role;
use super::Parent;
use crate::ipc::Generation;
use crate::log::Log;
use crate::lvs::names;
use crate::outlets::mail::RealServerChange;

/// What was last told of virtual and real servers, by name and address: a new worker that finds things as its
/// predecessor left them changes nothing. (Names of real servers behind a firewall mark lack the port.)
#[derive(Debug, Default)]
pub(super) struct Told {
    servers: BTreeMap<(String, SocketAddr), bool>,
    quorums: BTreeMap<String, bool>,
}

impl Told {
    /// Forgets what is no longer configured.
    pub(super) fn retain(&mut self, config: &Config) {
        let services: BTreeSet<&str> =
            config.virtual_servers.iter().map(|server| server.name.as_str()).collect();
        self.quorums.retain(|name, _| services.contains(name.as_str()));
        let servers: BTreeSet<(&str, SocketAddr)> = config
            .virtual_servers
            .iter()
            .flat_map(|server| server.real_servers.iter().map(|real| (server.name.as_str(), real.address)))
            .collect();
        self.servers.retain(|(service, real), _| servers.contains(&(service.as_str(), *real)));
    }
}

/// Which real server: generation, virtual server, real server.
type ServerKey = (Generation, u32, u32);

impl Parent {
    /// A real server went up or down.
    pub(super) fn handle_server(
        &mut self,
        key: ServerKey,
        up: bool,
        because: &str,
        now: Instant,
        log: &mut Log,
    ) {
        let Some((reading, service, real)) = real_server(&self.readings, key) else { return };
        if self.told.servers.insert((service.name.clone(), real.address), up) == Some(up) {
            return;
        }
        let name = names::real_server(service, real);
        let jobs = server_jobs(real, up, &reading.accounts);
        self.notifier.event(now, &format!("{name} of {}", service.name), jobs, log);
        self.fifos.write(Role::Lvs, &format!("RS {name} {} {}", service.name, word(up)), log);
        self.mailing.real_server(now, real.smtp_alert, &change(service, &name, true, up, because), log);
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
    }

    /// A virtual server gained or lost its quorum.
    pub(super) fn handle_quorum(
        &mut self,
        (generation, service): (Generation, u32),
        up: bool,
        because: &str,
        now: Instant,
        log: &mut Log,
    ) {
        let Some((reading, service)) = virtual_server(&self.readings, generation, service) else { return };
        if self.told.quorums.insert(service.name.clone(), up) == Some(up) {
            return;
        }
        let jobs = quorum_jobs(service, up, &reading.accounts);
        self.notifier.event(now, &service.name, jobs, log);
        self.fifos.write(Role::Lvs, &format!("VS {} {}", service.name, word(up)), log);
        self.mailing.virtual_server(now, service.smtp_alert, &service.name, up, because, log);
    }

    /// FIFOs and mail as the present configuration wants them.
    pub(super) fn arrange_outlets(&mut self, now: Instant, log: &mut Log) {
        if let Some(reading) = self.readings.get(&self.current) {
            self.mailing.arrange(now, &reading.config, log);
            self.told.retain(&reading.config);
            self.fifos.reopen(&reading.config.global.fifos, &reading.accounts, log);
        }
    }
}

fn virtual_server(
    readings: &BTreeMap<Generation, Reading>,
    generation: Generation,
    index: u32,
) -> Option<(&Reading, &VirtualServer)> {
    let reading = readings.get(&generation)?;
    Some((reading, reading.config.virtual_servers.get(usize::try_from(index).ok()?)?))
}

fn real_server(
    readings: &BTreeMap<Generation, Reading>,
    (generation, service, server): ServerKey,
) -> Option<(&Reading, &VirtualServer, &RealServer)> {
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
    Some(Job { keyword, command: command.clone(), arguments: Vec::new(), credentials })
}
