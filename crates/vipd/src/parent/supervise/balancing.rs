//! What the LVS worker tells of real and virtual servers: scripts run, FIFOs and mails go out.

use std::time::Instant;

use keepalived_conf::model::Command;
use keepalived_conf::model::lvs::{RealServer, VirtualServer};

use super::super::accounts::Accounts;
use super::super::load::Reading;
use super::super::notify::Job;
use super::Parent;
use crate::ipc::Generation;
use crate::log::Log;

impl Parent {
    /// A real server went up or down.
    pub(super) fn handle_server(
        &mut self,
        key: (Generation, u32, u32),
        up: bool,
        _because: &str,
        now: Instant,
        log: &mut Log,
    ) {
        let (generation, service, server) = key;
        let Some((reading, virtual_server)) = self.virtual_server(generation, service) else { return };
        let Some(real_server) =
            usize::try_from(server).ok().and_then(|at| virtual_server.real_servers.get(at))
        else {
            return;
        };
        let lane = format!("{} {}", virtual_server.name, real_server.address);
        let jobs = server_jobs(real_server, up, &reading.accounts);
        self.notifier.event(now, &lane, jobs, log);
    }

    /// A virtual server gained or lost its quorum.
    pub(super) fn handle_quorum(
        &mut self,
        key: (Generation, u32),
        up: bool,
        _because: &str,
        now: Instant,
        log: &mut Log,
    ) {
        let (generation, service) = key;
        let Some((reading, virtual_server)) = self.virtual_server(generation, service) else { return };
        let lane = virtual_server.name.clone();
        let jobs = quorum_jobs(virtual_server, up, &reading.accounts);
        self.notifier.event(now, &lane, jobs, log);
    }

    fn virtual_server(&self, generation: Generation, index: u32) -> Option<(&Reading, &VirtualServer)> {
        let reading = self.readings.get(&generation)?;
        Some((reading, reading.config.virtual_servers.get(usize::try_from(index).ok()?)?))
    }
}

fn server_jobs(server: &RealServer, up: bool, accounts: &Accounts) -> Vec<Job> {
    let (keyword, command) =
        if up { ("notify_up", &server.notify_up) } else { ("notify_down", &server.notify_down) };
    job(keyword, command.as_ref(), accounts).into_iter().collect()
}

fn quorum_jobs(server: &VirtualServer, up: bool, accounts: &Accounts) -> Vec<Job> {
    let (keyword, command) =
        if up { ("quorum_up", &server.quorum_up) } else { ("quorum_down", &server.quorum_down) };
    job(keyword, command.as_ref(), accounts).into_iter().collect()
}

fn job(keyword: &'static str, command: Option<&Command>, accounts: &Accounts) -> Option<Job> {
    let command = command?;
    let credentials = accounts.find(command.user.as_ref()).ok()?;
    Some(Job { keyword, command: command.clone(), arguments: Vec::new(), credentials })
}
