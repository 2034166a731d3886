//! Carries out what [`VirtualLinks`](super::VirtualLinks) asks for.

use std::io;

use crate::CommandError;
use crate::links::{LinkCommands, VirtualKind};
use crate::sysctl::{self, Family};

use super::alias::Alias;
use super::{BaseSettings, Task, WantedLink};

/// Makes, changes and removes interfaces.
#[derive(Debug)]
pub struct Applier {
    links: LinkCommands,
    mark: u8,
    warnings: Vec<Failure>,
}

/// Why a task was not carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The kernel refused it.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A setting of an interface could not be changed.
    #[error("{setting} of {interface}: {source}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// The interface.
        interface: String,
        /// The error.
        source: io::Error,
    },
    /// Another interface has the name.
    #[error("{name} is there already and is not ours: choose another name, or remove it")]
    Conflict {
        /// The name.
        name: String,
    },
}

impl Applier {
    /// For a daemon with this mark, in the network namespace of the calling thread.
    pub fn open(mark: u8) -> io::Result<Self> {
        Ok(Self { links: LinkCommands::open()?, mark, warnings: Vec::new() })
    }

    /// Carries out a task. Gives the index of an interface that is there now.
    pub fn apply(&mut self, task: &Task) -> Result<Option<u32>, Failure> {
        match task {
            Task::Create { wanted, base, group, vrf, former } => {
                let former = self.prepare_base(wanted, *former);
                let index = self.links.create_virtual(&wanted.name, wanted.kind, *base, *group, *vrf)?;
                let finished = self.finish(wanted, index, Alias { mark: self.mark, base: *base, former });
                if finished.is_err() {
                    // It is as if it had never been there.
                    let _ = self.links.delete(index);
                }
                finished.map(|()| Some(index))
            }
            Task::Adopt { wanted, base, index, former } => {
                let former = self.prepare_base(wanted, *former);
                self.finish(wanted, *index, Alias { mark: self.mark, base: *base, former })
                    .map(|()| Some(*index))
            }
            Task::Rename { index, name } => {
                if self.links.rename(*index, name).is_err() {
                    // Kernels before 6.2 rename only what is down.
                    self.links.set_down(*index)?;
                    let renamed = self.links.rename(*index, name);
                    self.links.set_up(*index)?;
                    renamed?;
                }
                Ok(None)
            }
            Task::Delete { index, restore, .. } => {
                match self.links.delete(*index) {
                    Err(error) if error.errno() != Some(libc::ENODEV) => return Err(error.into()),
                    _ => {}
                }
                if let Some((base, former)) = restore {
                    restore_base(base, *former);
                }
                Ok(None)
            }
            Task::Conflict { name, .. } => Err(Failure::Conflict { name: name.clone() }),
        }
    }

    /// Waits until the kernel is through with what it does to an interface: one that is being removed is down first.
    pub fn settle(&mut self, index: u32) {
        self.links.settle(index);
    }

    /// Settings that could not be changed; the interfaces are there all the same.
    pub fn take_warnings(&mut self) -> Vec<Failure> {
        std::mem::take(&mut self.warnings)
    }

    /// Changes a setting to at least `value`, and gives what it was.
    fn raise(&mut self, family: Family, interface: &str, setting: &'static str, value: i32) -> i32 {
        let raised = sysctl::read(family, interface, setting).and_then(|before| {
            if before < value {
                sysctl::set(family, interface, setting, value)?;
            }
            Ok(before)
        });
        raised.unwrap_or_else(|source| {
            self.warnings.push(Failure::Setting { setting, interface: interface.to_owned(), source });
            value
        })
    }

    /// IPv6 is on where addresses of it are, and nowhere else: an interface that is up with IPv6 and without addresses
    /// would tell switches where a MAC address is that another router serves.
    pub fn set_ipv6(&self, name: &str, on: bool) -> io::Result<()> {
        sysctl::set(Family::V6, name, "disable_ipv6", i32::from(!on)).map(drop)
    }

    /// The base answers for its own addresses only, with its own MAC address, and asks in its own name. Before the
    /// first virtual address is there. Gives the settings as they were.
    fn prepare_base(&mut self, wanted: &WantedLink, former: Option<BaseSettings>) -> BaseSettings {
        if let VirtualKind::Ipvlan { .. } = wanted.kind {
            return former.unwrap_or(BaseSettings { arp_ignore: ARP_IGNORE, arp_announce: ARP_ANNOUNCE });
        }
        let arp_ignore = self.raise(Family::V4, &wanted.base, "arp_ignore", ARP_IGNORE);
        let arp_announce = self.raise(Family::V4, &wanted.base, "arp_announce", ARP_ANNOUNCE);
        former.unwrap_or(BaseSettings { arp_ignore, arp_announce })
    }

    /// Everything that has to be so before the interface is up.
    fn finish(&mut self, wanted: &WantedLink, index: u32, alias: Alias) -> Result<(), Failure> {
        self.links.mark(index, &alias.to_string())?;
        if let VirtualKind::Macvlan { .. } = wanted.kind {
            for (setting, value) in MACVLAN_IPV4 {
                self.raise(Family::V4, &wanted.name, setting, value);
            }
            // A machine without IPv6 has none of these.
            for (setting, value) in MACVLAN_IPV6 {
                let _ = sysctl::set(Family::V6, &wanted.name, setting, value);
            }
        }
        self.links.set_up(index)?;
        Ok(())
    }
}

/// A setting that somebody changed meanwhile stays.
fn restore_base(base: &str, former: BaseSettings) {
    for (setting, ours, value) in
        [("arp_ignore", ARP_IGNORE, former.arp_ignore), ("arp_announce", ARP_ANNOUNCE, former.arp_announce)]
    {
        if value < ours && sysctl::read(Family::V4, base, setting).is_ok_and(|now| now == ours) {
            let _ = sysctl::set(Family::V4, base, setting, value);
        }
    }
}

/// Answer for addresses of the interface that was asked only.
const ARP_IGNORE: i32 = 1;
/// Ask in the name of an address of the interface that asks.
const ARP_ANNOUNCE: i32 = 2;

/// `rp_filter` is loose: the route to a neighbour mostly leads out of the base. While there is no address, that is on a
/// Backup, it lets nothing in (RFC 9568 §6.4.2 (340): frames to the virtual MAC are discarded).
const MACVLAN_IPV4: [(&str, i32); 4] = [
    ("arp_ignore", ARP_IGNORE),
    ("arp_announce", ARP_ANNOUNCE),
    ("rp_filter", 2),
    ("promote_secondaries", 1),
];
/// No addresses and routes from router advertisements; IPv6 comes with the first address, see
/// [`Applier::set_ipv6`].
const MACVLAN_IPV6: [(&str, i32); 3] = [("disable_ipv6", 1), ("accept_ra", 0), ("autoconf", 0)];
