//! The part of a configuration that the parent keeps once it is read.

use std::collections::BTreeSet;
use std::path::PathBuf;

use keepalived_conf::model::{Config, VrrpInstance};

use super::accounts::Accounts;
use super::fingerprint::Fingerprint;
use super::load::LoadedConfig;
use super::role::Role;
use super::watching::subjects;
use crate::ipc::watcher::Subject;
use crate::packed::Packed;

/// A configuration that may be in force for months: without its findings, and what only workers look at.
pub(super) struct Kept {
    /// Everything but the instances, of which there may be thousands.
    pub(super) config: Config,
    /// Workers get them when they start, scripts and mails need one at a time.
    instances: Packed<VrrpInstance>,
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
        Self { config, instances, accounts, subjects, files, text, fingerprint }
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

    /// The part that a worker needs.
    pub(super) fn part(&self, role: Role) -> Config {
        let mut part = role.part(&self.config);
        if role == Role::Vrrp {
            part.instances.extend(self.instances.iter());
        }
        part
    }

    /// All of it.
    pub(super) fn whole(&self) -> Config {
        let mut whole = self.config.clone();
        whole.instances.extend(self.instances.iter());
        whole
    }

    /// Whether it was read from this file, among others.
    pub(super) fn comes_from(&self, file: &PathBuf) -> bool {
        self.files.contains(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parent::load::Reading;

    fn loaded() -> LoadedConfig {
        let text = "vrrp_instance A {\n interface eth0\n virtual_router_id 7\n notify_master /bin/true\n}\n\
                    vrrp_instance B {\n interface eth0\n virtual_router_id 8\n}\n\
                    virtual_server 192.0.2.1 80 {\n lvs_sched rr\n protocol TCP\n}\n";
        Reading::of(keepalived_conf::load_str(text)).into()
    }

    #[test]
    fn a_restarted_worker_gets_the_same_as_the_first_one() {
        let whole = loaded().config;
        let kept = Kept::from(loaded());
        for role in Role::ALL {
            assert_eq!(kept.part(role), role.part(&whole));
        }
        assert_eq!(kept.whole(), whole);
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
