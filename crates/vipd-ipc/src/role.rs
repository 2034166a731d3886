//! Roles of workers.

use keepalived_conf::model::mail::Mail;
use keepalived_conf::model::{Config, Global};
use serde::{Deserialize, Serialize};
use vipd_log::LogSource;

/// The role of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The election and its addresses.
    Vrrp,
    /// Checkers and the kernel's load balancer.
    Lvs,
    /// BFD sessions.
    Bfd,
}

impl Role {
    /// Every role, in the order of starts and stops.
    pub const ALL: [Self; 3] = [Self::Vrrp, Self::Lvs, Self::Bfd];

    /// As another program is told: the same in every version.
    pub fn number(self) -> u8 {
        match self {
            Self::Vrrp => 0,
            Self::Lvs => 1,
            Self::Bfd => 2,
        }
    }

    /// The role of this number.
    pub fn numbered(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.number() == number)
    }

    /// As the status shows it.
    pub fn shown(self) -> vipd_status::Role {
        match self {
            Self::Vrrp => vipd_status::Role::Vrrp,
            Self::Lvs => vipd_status::Role::Lvs,
            Self::Bfd => vipd_status::Role::Bfd,
        }
    }

    /// keepalived's name of the process in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vrrp => "VRRP",
            Self::Lvs => "Healthcheck",
            Self::Bfd => "BFD",
        }
    }

    /// Whether a configuration has something to do for this worker.
    pub fn has_work(self, config: &Config) -> bool {
        match self {
            Self::Vrrp => !config.instances.is_empty() || !config.statics.is_empty(),
            Self::Lvs => !config.virtual_servers.is_empty() || config.global.lvs.sync_daemon.is_some(),
            Self::Bfd => !config.bfd_instances.is_empty(),
        }
    }

    /// The source of such a worker's log lines.
    pub fn voice(self, pid: u32) -> LogSource {
        match self {
            Self::Vrrp => LogSource::Vrrp(pid),
            Self::Lvs => LogSource::Lvs(pid),
            Self::Bfd => LogSource::Bfd(pid),
        }
    }
}

/// `global_defs` without what only the parent needs: no worker gets the password of the mail server.
pub(crate) fn global(config: &Config) -> Global {
    Global { mail: Mail::default(), ..config.global.clone() }
}

/// One value for each role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerRole<T> {
    /// That of the VRRP worker.
    pub vrrp: T,
    /// That of the LVS worker.
    pub lvs: T,
    /// That of the BFD worker.
    pub bfd: T,
}

impl<T> PerRole<T> {
    /// All values, in the order of [`Role::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        [&self.vrrp, &self.lvs, &self.bfd].into_iter()
    }
}

impl<T> std::ops::Index<Role> for PerRole<T> {
    type Output = T;

    fn index(&self, role: Role) -> &T {
        match role {
            Role::Vrrp => &self.vrrp,
            Role::Lvs => &self.lvs,
            Role::Bfd => &self.bfd,
        }
    }
}

impl<T> std::ops::IndexMut<Role> for PerRole<T> {
    fn index_mut(&mut self, role: Role) -> &mut T {
        match role {
            Role::Vrrp => &mut self.vrrp,
            Role::Lvs => &mut self.lvs,
            Role::Bfd => &mut self.bfd,
        }
    }
}
