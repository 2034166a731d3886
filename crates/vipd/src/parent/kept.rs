//! The part of a configuration that the parent keeps once it is read.

use std::collections::BTreeSet;
use std::path::PathBuf;

use keepalived_conf::model::lvs::{Checker, VirtualServer};
use keepalived_conf::model::{Config, VrrpInstance};

use super::accounts::Accounts;
use super::fingerprint::Fingerprint;
use super::load::LoadedConfig;
use super::watching::subjects;
use crate::ipc::watcher::Subject;
use crate::ipc::{LvsConfig, VrrpConfig};
use crate::packed::Packed;

/// A configuration that may be in force for months: without its findings, and what only workers look at.
pub(super) struct Kept {
    /// Everything but the instances and the checkers, of which there may be thousands.
    pub(super) config: Config,
    /// Workers get them when they start, scripts and mails need one at a time.
    instances: Packed<VrrpInstance>,
    /// The checkers of each virtual server: of its real servers, then of its sorry server. Only the worker needs them.
    checkers: Packed<Vec<Vec<Checker>>>,
    /// Accounts of its scripts.
    pub(super) accounts: Accounts,
    /// Files and processes for the watcher.
    pub(super) subjects: BTreeSet<Subject>,
    /// The files that it was read from.
    files: Vec<PathBuf>,
    /// Its preprocessed text, without secrets.
    pub(super) text: Box<str>,
    /// Of what was read.
    pub(super) fingerprint: Fingerprint,
}

impl From<LoadedConfig> for Kept {
    fn from(loaded: LoadedConfig) -> Self {
        let LoadedConfig { mut config, accounts, files, text, fingerprint, .. } = loaded;
        let subjects = subjects(&config, config.instances.iter());
        let mut instances = Packed::default();
        // Should there be no encoding, they stay as they are.
        if let Ok(packed) = Packed::new(&config.instances) {
            instances = packed;
            config.instances = Vec::new();
        }
        let taken: Vec<_> = config.virtual_servers.iter_mut().map(take_checkers).collect();
        let mut checkers = Packed::default();
        match Packed::new(&taken) {
            Ok(packed) => checkers = packed,
            Err(_) => put_checkers(&mut config.virtual_servers, taken.into_iter()),
        }
        Self { config, instances, checkers, accounts, subjects, files, text, fingerprint }
    }
}

impl Kept {
    /// The instance that a message names.
    pub(super) fn instance(&self, index: u32) -> Option<VrrpInstance> {
        let index = usize::try_from(index).ok()?;
        self.instances.get(index).or_else(|| self.config.instances.get(index).cloned())
    }

    /// The names of all instances.
    pub(super) fn instance_names(&self) -> BTreeSet<String> {
        let all = self.config.instances.iter().cloned().chain(self.instances.iter());
        all.map(|instance| instance.name).collect()
    }

    /// Number of instances.
    pub(super) fn instances(&self) -> usize {
        self.instances.len() + self.config.instances.len()
    }

    /// The part that a VRRP worker gets.
    pub(super) fn vrrp_part(&self) -> VrrpConfig {
        let mut part = VrrpConfig::from(&self.config);
        part.instances.extend(self.instances.iter());
        part
    }

    /// The part that an LVS worker gets.
    pub(super) fn lvs_part(&self) -> LvsConfig {
        let mut part = LvsConfig::from(&self.config);
        put_checkers(&mut part.virtual_servers, self.checkers.iter());
        part
    }

    /// All of it.
    pub(super) fn whole(&self) -> Config {
        let mut whole = self.config.clone();
        whole.instances.extend(self.instances.iter());
        put_checkers(&mut whole.virtual_servers, self.checkers.iter());
        whole
    }

    /// As it was read, without its findings.
    pub(super) fn loaded(&self) -> LoadedConfig {
        LoadedConfig {
            config: self.whole(),
            accounts: self.accounts.clone(),
            findings: Vec::new(),
            omitted: 0,
            errors: 0,
            unusable: None,
            damage: None,
            files: self.files.clone(),
            absent: Vec::new(),
            text: self.text.clone(),
            fingerprint: self.fingerprint,
        }
    }

    /// Whether it was read from this file, among others.
    pub(super) fn comes_from(&self, file: &PathBuf) -> bool {
        self.files.contains(file)
    }
}

fn take_checkers(server: &mut VirtualServer) -> Vec<Vec<Checker>> {
    let sorry = server.sorry_server.iter_mut().map(|sorry| &mut sorry.checkers);
    let reals = server.real_servers.iter_mut().map(|real| &mut real.checkers);
    reals.chain(sorry).map(std::mem::take).collect()
}

/// Puts back what was taken.
fn put_checkers(servers: &mut [VirtualServer], taken: impl Iterator<Item = Vec<Vec<Checker>>>) {
    for (server, taken) in servers.iter_mut().zip(taken) {
        let sorry = server.sorry_server.iter_mut().map(|sorry| &mut sorry.checkers);
        let reals = server.real_servers.iter_mut().map(|real| &mut real.checkers);
        for (place, checkers) in reals.chain(sorry).zip(taken) {
            *place = checkers;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parent::load::ReadConfig;

    fn loaded() -> LoadedConfig {
        let text = "vrrp_instance A {\n interface eth0\n virtual_router_id 7\n notify_master /bin/true\n}\n\
                    vrrp_instance B {\n interface eth0\n virtual_router_id 8\n}\n\
                    virtual_server 192.0.2.1 80 {\n lvs_sched rr\n protocol TCP\n sorry_server 10.0.0.9 80\n \
                    sorry_server_check {\n TCP_CHECK {\n }\n }\n real_server 10.0.0.1 80 {\n TCP_CHECK {\n }\n }\n \
                    real_server 10.0.0.2 80 {\n }\n}\n";
        ReadConfig::of(keepalived_conf::load_str(text)).into()
    }

    #[test]
    fn a_restarted_worker_gets_the_same_as_the_first_one() {
        let whole = loaded().config;
        let kept = Kept::from(loaded());
        assert_eq!(kept.vrrp_part(), VrrpConfig::from(&whole));
        assert_eq!(kept.lvs_part(), LvsConfig::from(&whole));
        assert_eq!(kept.whole(), whole);
        let servers = |config: &Config| config.virtual_servers[0].clone();
        assert_eq!(servers(&whole).sorry_server.unwrap().checkers.len(), 1);
        assert!(servers(&kept.config).real_servers[0].checkers.is_empty(), "they are packed");
        assert_eq!(kept.instance_names(), ["A", "B"].map(str::to_owned).into());
    }

    #[test]
    fn an_instance_is_found_by_its_number() {
        let whole = loaded().config;
        let kept = Kept::from(loaded());
        assert_eq!(kept.instances(), 2);
        assert_eq!(kept.instance(1).as_ref(), whole.instances.get(1));
        assert_eq!(kept.instance(2), None);
        assert!(kept.config.instances.is_empty());
    }
}
