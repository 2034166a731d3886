//! The last reports about instances, virtual and real servers: a new worker that finds things as its predecessor left
//! them changes nothing, so no script runs and no mail is sent.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;

use keepalived_conf::model::Config;
use keepalived_conf::model::lvs::{LvsService, RealServer, VirtualServer};
use serde::{Deserialize, Serialize};

use crate::ipc::{GroupEvent, InstanceEvent, Task};

/// The last state of each: of instances by name, of virtual servers by their first kernel service, of real servers by that and
/// their address. (Names of groups change, and those of real servers behind a firewall mark lack the port.)
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::parent) struct LastReported {
    instances: BTreeMap<String, InstanceEvent>,
    groups: BTreeMap<String, GroupEvent>,
    servers: HashMap<(Option<LvsService>, SocketAddr), bool>,
    quorums: HashMap<Option<LvsService>, bool>,
    /// Something changed since this was asked last.
    changed: bool,
}

/// A worker's report about a server or a quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::parent) struct ReportedState {
    pub(in crate::parent) up: bool,
    /// It stands as a predecessor left it, and that one may have died before it told.
    pub(in crate::parent) resumed: bool,
}

impl ReportedState {
    /// Whether this is news after what was told last. Without an earlier report, a state that a predecessor left is
    /// news only if it is `worth_telling`: a server is expected to be up, a quorum to be missing.
    fn is_news(self, last: Option<bool>, worth_telling: bool) -> bool {
        last.map_or(!self.resumed || worth_telling, |last| last != self.up)
    }
}

impl LastReported {
    /// Something happened to an instance, says a worker with this task; whether that is news.
    pub(in crate::parent) fn note_instance(&mut self, name: &str, event: InstanceEvent, task: Task) -> bool {
        self.changed = true;
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

    /// A sync group changed, says a worker with this task; whether that is news.
    pub(super) fn note_group(&mut self, name: &str, event: GroupEvent, task: Task) -> bool {
        match event {
            GroupEvent::Master | GroupEvent::Backup | GroupEvent::Fault => {
                self.groups.insert(name.to_owned(), event) != Some(event)
            }
            GroupEvent::Stop => self.groups.remove(name).is_some() || task == Task::Serve,
        }
    }

    /// The state of an instance.
    pub(super) fn instance(&self, name: &str) -> Option<InstanceEvent> {
        self.instances.get(name).copied()
    }

    /// Every instance that was reported, with its state.
    pub(in crate::parent) fn instances(&self) -> impl Iterator<Item = (&str, InstanceEvent)> {
        self.instances.iter().map(|(name, &state)| (name.as_str(), state))
    }

    /// Whether a real server is up.
    pub(in crate::parent) fn server(&self, service: &VirtualServer, real: &RealServer) -> Option<bool> {
        self.servers.get(&(service.services.first().copied(), real.address)).copied()
    }

    /// Whether a virtual server has its quorum.
    pub(in crate::parent) fn quorum(&self, service: &VirtualServer) -> Option<bool> {
        self.quorums.get(&service.services.first().copied()).copied()
    }

    /// Whether something was noted since the last call.
    pub(in crate::parent) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// The instances that are MASTER.
    pub(super) fn masters(&self) -> Vec<String> {
        let masters = self.instances.iter().filter(|&(_, &state)| state == InstanceEvent::Master);
        masters.map(|(name, _)| name.clone()).collect()
    }

    /// A real server is up or down; whether that is news.
    pub(in crate::parent) fn note_server(
        &mut self,
        service: &VirtualServer,
        real: &RealServer,
        told: ReportedState,
    ) -> bool {
        self.changed = true;
        let key = (service.services.first().copied(), real.address);
        let news = told.is_news(self.servers.get(&key).copied(), !told.up);
        if news {
            self.servers.insert(key, told.up);
        }
        news
    }

    /// A virtual server has its quorum or not; whether that is news.
    pub(in crate::parent) fn note_quorum(&mut self, service: &VirtualServer, told: ReportedState) -> bool {
        self.changed = true;
        let key = service.services.first().copied();
        let news = told.is_news(self.quorums.get(&key).copied(), told.up);
        if news {
            self.quorums.insert(key, told.up);
        }
        news
    }

    /// Forgets servers and groups that are no longer configured.
    pub(super) fn retain(&mut self, config: &Config) {
        self.groups.retain(|name, _| config.sync_groups.iter().any(|group| group.name == *name));
        let first = |server: &VirtualServer| server.services.first().copied();
        let services: HashSet<_> = config.virtual_servers.iter().map(first).collect();
        self.quorums.retain(|service, _| services.contains(service));
        let mut servers = HashSet::new();
        for service in &config.virtual_servers {
            servers.extend(service.real_servers.iter().map(|real| (first(service), real.address)));
        }
        self.servers.retain(|server, _| servers.contains(server));
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
        last.note_server(service, &service.real_servers[server], ReportedState { up, resumed: false })
    }

    #[test]
    fn only_a_change_is_news() {
        let config = config("192.0.2.1 80", &["10.0.0.1 80"]);
        let mut last = LastReported::default();
        let news = [false, false, true, true, false].map(|up| note(&mut last, &config, 0, up));
        assert_eq!(news, [true, false, true, false, true]);
        let service = &config.virtual_servers[0];
        let news = [false, false, true, true]
            .map(|up| last.note_quorum(service, ReportedState { up, resumed: false }));
        assert_eq!(news, [true, false, true, false]);
    }

    #[test]
    fn a_resumed_state_is_news_only_if_it_was_not_reported() {
        let config = config("192.0.2.1 80", &["10.0.0.1 80"]);
        let service = &config.virtual_servers[0];
        // Told before, found again, news.
        let table = [
            (None, true, false),
            (None, false, true),
            (Some(true), true, false),
            (Some(true), false, true),
            (Some(false), true, true),
            (Some(false), false, false),
        ];
        for (before, up, news) in table {
            let mut last = LastReported::default();
            if let Some(before) = before {
                note(&mut last, &config, 0, before);
            }
            let told = ReportedState { up, resumed: true };
            let noted = last.note_server(service, &service.real_servers[0], told);
            assert_eq!(noted, news, "{before:?}, then {up}");
            if news {
                assert!(!last.note_server(service, &service.real_servers[0], told), "it is known now");
            }
        }
        let mut last = LastReported::default();
        let news = [false, true, true, false]
            .map(|up| last.note_quorum(service, ReportedState { up, resumed: true }));
        assert_eq!(news, [false, true, false, true], "a start without quorum is not told");
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
    fn a_sweeping_worker_reports_only_ends_that_its_predecessor_did_not_report() {
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
