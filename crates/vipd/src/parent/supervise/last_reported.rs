//! What was last reported of instances, virtual and real servers: a new worker that finds things as its predecessor
//! left them changes nothing, so no script runs and no mail is sent.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use keepalived_conf::model::Config;
use keepalived_conf::model::lvs::{RealServer, VirtualServer};

use crate::ipc::{InstanceEvent, Task};

/// The last state of each, by name and address. (Names of real servers behind a firewall mark lack the port.)
#[derive(Debug, Default)]
pub(super) struct LastReported {
    instances: BTreeMap<String, InstanceEvent>,
    servers: BTreeMap<(String, SocketAddr), bool>,
    quorums: BTreeMap<String, bool>,
}

impl LastReported {
    /// Something happened to an instance, says a worker with this task; whether that is news.
    pub(super) fn note_instance(&mut self, name: &str, event: InstanceEvent, task: Task) -> bool {
        match event {
            InstanceEvent::Master | InstanceEvent::Backup | InstanceEvent::Fault => {
                self.instances.insert(name.to_owned(), event) != Some(event)
            }
            InstanceEvent::Stop | InstanceEvent::Deleted => {
                // Perhaps the worker after which another sweeps said so before it was killed.
                self.instances.remove(name).is_some() || task == Task::Serve
            }
            InstanceEvent::MasterReceivedLowerPriority => true,
        }
    }

    /// The state of an instance.
    pub(super) fn instance(&self, name: &str) -> Option<InstanceEvent> {
        self.instances.get(name).copied()
    }

    /// The instances that are MASTER.
    pub(super) fn masters(&self) -> Vec<String> {
        let masters = self.instances.iter().filter(|&(_, &state)| state == InstanceEvent::Master);
        masters.map(|(name, _)| name.clone()).collect()
    }

    /// A real server is up or down; whether that is news.
    pub(super) fn note_server(&mut self, service: &VirtualServer, real: &RealServer, up: bool) -> bool {
        self.servers.insert((service.name.clone(), real.address), up) != Some(up)
    }

    /// A virtual server has its quorum or not; whether that is news.
    pub(super) fn note_quorum(&mut self, service: &VirtualServer, up: bool) -> bool {
        self.quorums.insert(service.name.clone(), up) != Some(up)
    }

    /// Forgets servers that are no longer configured.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn config(service: &str, servers: &[&str]) -> Config {
        let servers =
            servers.iter().fold(String::new(), |text, server| text + " real_server " + server + " {\n }\n");
        let text = format!(
            "virtual_server {service} {{\n lvs_sched rr\n lvs_method DR\n protocol TCP\n{servers}}}\n"
        );
        let loaded = keepalived_conf::load_str(&text);
        assert_eq!(loaded.usable, Ok(()), "{:?}", loaded.diagnostics);
        loaded.config
    }

    fn note(last: &mut LastReported, config: &Config, server: usize, up: bool) -> bool {
        let service = &config.virtual_servers[0];
        last.note_server(service, &service.real_servers[server], up)
    }

    #[test]
    fn only_a_change_is_news() {
        let config = config("192.0.2.1 80", &["10.0.0.1 80"]);
        let mut last = LastReported::default();
        let news = [false, false, true, true, false].map(|up| note(&mut last, &config, 0, up));
        assert_eq!(news, [true, false, true, false, true]);
        let service = &config.virtual_servers[0];
        let news = [false, false, true, true].map(|up| last.note_quorum(service, up));
        assert_eq!(news, [true, false, true, false]);
    }

    #[test]
    fn servers_behind_a_mark_with_one_address_are_told_apart() {
        let config = config("fwmark 7", &["10.0.0.1 80", "10.0.0.1 81"]);
        let mut last = LastReported::default();
        assert!(note(&mut last, &config, 0, false));
        assert!(note(&mut last, &config, 1, false), "both are [10.0.0.1]:none:0");
        last.retain(&config);
        assert!(!note(&mut last, &config, 1, false));
    }

    #[test]
    fn a_server_that_was_dropped_and_came_back_is_reported_again() {
        let two = config("192.0.2.1 80", &["10.0.0.1 80", "10.0.0.2 80"]);
        let mut last = LastReported::default();
        assert!(note(&mut last, &two, 0, false) && note(&mut last, &two, 1, false));
        last.retain(&config("192.0.2.1 80", &["10.0.0.1 80"]));
        assert!(!note(&mut last, &two, 0, false), "it was there all the time");
        assert!(note(&mut last, &two, 1, false));
    }

    #[test]
    fn a_worker_that_sweeps_reports_only_the_end_of_what_its_predecessor_did_not_end() {
        use InstanceEvent::{Backup, Master, Stop};
        let mut last = LastReported::default();
        assert!(last.note_instance("A", Master, Task::Serve));
        assert!(last.note_instance("B", Master, Task::Serve));
        assert_eq!(last.masters(), ["A", "B"]);
        assert!(last.note_instance("A", Stop, Task::Serve));
        assert!(!last.note_instance("A", Stop, Task::Sweep), "said before it was killed");
        assert!(last.note_instance("B", Stop, Task::Sweep));
        assert!(last.masters().is_empty());
        assert!(last.note_instance("A", Backup, Task::Serve));
        assert!(!last.note_instance("A", Backup, Task::Serve));
    }
}
