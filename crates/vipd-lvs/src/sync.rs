//! The kernel's sync daemon: it tells the other machine about connections, so that they survive a failover.
//!
//! With an instance, this machine sends while the instance is MASTER and listens otherwise; without, it does both.

use std::collections::HashSet;

use ipvs_netlink::{Client, SyncDaemon, SyncRole};
use keepalived_conf::model::lvs::LvsSyncDaemon;

use crate::ipc::LogLevel;

/// The state of the instances, and whether the kernel's daemons are ours.
#[derive(Debug)]
pub(super) struct SyncDaemons {
    masters: HashSet<String>,
    ours: bool,
}

impl SyncDaemons {
    /// Where these instances are MASTER: a predecessor may have left the right daemon running.
    pub(super) fn of(masters: Vec<String>) -> Self {
        Self { masters: masters.into_iter().collect(), ours: false }
    }

    /// An instance changed its state.
    pub(super) fn note(&mut self, instance: &str, master: bool) {
        if master {
            self.masters.insert(instance.to_owned());
        } else {
            self.masters.remove(instance);
        }
    }

    /// Makes the kernel run the daemons that the configuration asks for; gives lines for the log.
    pub(super) fn arrange(
        &mut self,
        configured: Option<&LvsSyncDaemon>,
        client: &mut Client,
    ) -> Vec<(LogLevel, String)> {
        if configured.is_none() && !self.ours {
            return Vec::new();
        }
        self.ours = configured.is_some();
        let wanted: Vec<SyncDaemon> = configured.map(|sync| self.wanted(sync)).unwrap_or_default();
        let running = match client.daemons() {
            Ok(running) => running,
            Err(error) => return vec![(LogLevel::Error, format!("IPVS: sync daemon: {error}"))],
        };
        let mut lines = Vec::new();
        for daemon in &running {
            if !wanted.iter().any(|wanted| is_as(daemon, wanted)) {
                match client.stop_daemon(daemon.role) {
                    Ok(()) => lines.push((LogLevel::Info, format!("Stopped sync daemon: {daemon}"))),
                    Err(error) => lines.push((LogLevel::Error, format!("IPVS: {error}"))),
                }
            }
        }
        for daemon in &wanted {
            if !running.iter().any(|running| is_as(running, daemon)) {
                match client.start_daemon(daemon) {
                    Ok(()) => lines.push((LogLevel::Info, format!("Started sync daemon: {daemon}"))),
                    Err(error) => lines.push((LogLevel::Error, format!("IPVS: {error}"))),
                }
            }
        }
        lines
    }

    /// Ends our daemons.
    pub(super) fn stop(&mut self, client: &mut Client) {
        // A daemon that cannot be stopped at the end is left.
        let _ = self.arrange(None, client);
    }

    fn wanted(&self, sync: &LvsSyncDaemon) -> Vec<SyncDaemon> {
        let roles = match &sync.instance {
            None => vec![SyncRole::Master, SyncRole::Backup],
            Some(instance) if self.masters.contains(instance) => vec![SyncRole::Master],
            Some(_) => vec![SyncRole::Backup],
        };
        let daemon = |role| SyncDaemon {
            max_len: sync.max_length,
            group: sync.group,
            port: sync.port,
            ttl: sync.ttl,
            ..SyncDaemon::new(role, sync.interface.clone(), sync.id)
        };
        roles.into_iter().map(daemon).collect()
    }
}

/// Whether a daemon runs as wanted; the kernel fills in open parameters.
fn is_as(running: &SyncDaemon, wanted: &SyncDaemon) -> bool {
    let fits = |asked: bool, same: bool| !asked || same;
    running.role == wanted.role
        && running.interface == wanted.interface
        && running.id == wanted.id
        && fits(wanted.max_len.is_some(), running.max_len == wanted.max_len)
        && fits(wanted.group.is_some(), running.group == wanted.group)
        && fits(wanted.port.is_some(), running.port == wanted.port)
        && fits(wanted.ttl.is_some(), running.ttl == wanted.ttl)
}
