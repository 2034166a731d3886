//! Interfaces that this daemon makes: a macvlan with a virtual router's MAC address (RFC 9568 §7.3), an ipvlan.
//!
//! A pure machine, [`VirtualLinks`]: which interfaces are wanted and which are there go in, [`Task`]s come out;
//! [`Applier`] carries them out. It is asked again whenever interfaces have changed, so it needs no memory of its own
//! beyond the names of what it wants: an interface that somebody removed is made again, one whose base went away comes
//! back with it, one that a reload calls otherwise is renamed.
//!
//! An interface of ours carries our mark in its alias, together with what the settings of its base were. So the successor of
//! a daemon that was killed takes it over or removes it, and no other interface is ever removed. An interface of the
//! wanted name that was made by hand, or by another VRRP daemon, is taken over if it is as it would have been made.

mod alias;
mod apply;

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv6Addr;

use crate::interfaces::{Interface, Interfaces, LinkKind};
use crate::links::VirtualKind;
use alias::Alias;

pub use alias::BaseSettings;
pub use apply::{Applier, Failure};

/// An interface that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedLink {
    /// Its name.
    pub name: String,
    /// The interface below.
    pub base: String,
    /// Its kind, with what that kind has.
    pub kind: VirtualKind,
    /// Its group; `None`: its base's.
    pub group: Option<u32>,
}

/// The machine.
#[derive(Debug, Clone, Default)]
pub struct VirtualLinks {
    mark: u8,
    wanted: Vec<WantedLink>,
    /// Indexes of what is ours.
    held: BTreeSet<u32>,
}

/// Something to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Task {
    /// Remove an interface of ours. If it is the last one on its base, that gets its settings back.
    Delete {
        /// Its index.
        index: u32,
        /// Its name.
        name: String,
        /// Its base and the base's settings as they were, unless other such interfaces stay there.
        restore: Option<(String, BaseSettings)>,
    },
    /// Give an interface of ours another name.
    Rename {
        /// Its index.
        index: u32,
        /// The new name.
        name: String,
    },
    /// Make it.
    Create {
        /// As wished.
        wanted: WantedLink,
        /// The index of its base.
        base: u32,
        /// Its group.
        group: u32,
        /// The VRF of its base.
        vrf: Option<u32>,
        /// The base's settings as another interface there tells them; `None`: they are as they were.
        former: Option<BaseSettings>,
    },
    /// Take over what is there.
    Adopt {
        /// As wished.
        wanted: WantedLink,
        /// The index of its base.
        base: u32,
        /// Its index.
        index: u32,
        /// The base's settings as its alias, or that of another interface, tells them.
        former: Option<BaseSettings>,
    },
    /// An interface has the name that is not ours to remove.
    Conflict {
        /// The name.
        name: String,
        /// It is another daemon's that seems to run.
        of_daemon: bool,
    },
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delete { name, .. } => write!(f, "removing interface {name}"),
            Self::Rename { name, .. } => write!(f, "renaming an interface to {name}"),
            Self::Create { wanted, .. } => write!(f, "making interface {} on {}", wanted.name, wanted.base),
            Self::Adopt { wanted, .. } => {
                write!(f, "taking over interface {} on {}", wanted.name, wanted.base)
            }
            Self::Conflict { name, .. } => write!(f, "interface {name} is not ours"),
        }
    }
}

impl VirtualLinks {
    /// A machine that wants nothing, for a daemon with this mark.
    #[must_use]
    pub fn new(mark: u8) -> Self {
        Self { mark, wanted: Vec::new(), held: BTreeSet::new() }
    }

    /// From now on exactly these are wanted.
    pub fn want(&mut self, wanted: Vec<WantedLink>) {
        self.wanted = wanted;
    }

    /// These are wanted too, and come first: interfaces that were wanted before stay, unless it has the name or the MAC
    /// address of one of them. Two interfaces with one MAC address cannot be up on one base.
    pub fn want_also(&mut self, wanted: Vec<WantedLink>) {
        let before = std::mem::replace(&mut self.wanted, wanted);
        let stays = |old: &WantedLink| {
            let clashes =
                |new: &WantedLink| new.name == old.name || (new.base == old.base && new.kind == old.kind);
            !self.wanted.iter().any(clashes)
        };
        let others: Vec<_> = before.into_iter().filter(stays).collect();
        self.wanted.extend(others);
    }

    /// The name of the base of a wanted interface.
    #[must_use]
    pub fn base_of(&self, name: &str) -> Option<&str> {
        self.wanted.iter().find(|wanted| wanted.name == name).map(|wanted| wanted.base.as_str())
    }

    /// Whether an interface is one of ours.
    #[must_use]
    pub fn holds(&self, index: u32) -> bool {
        self.held.contains(&index)
    }

    /// Whether there are interfaces of another daemon that seems to run.
    #[must_use]
    pub fn of_others(&self, interfaces: &Interfaces, abandoned: &[u8]) -> bool {
        let marks = interfaces.iter().filter_map(alias_of).map(|alias| alias.mark);
        marks.into_iter().any(|mark| mark != self.mark && !abandoned.contains(&mark))
    }

    /// Whether there are interfaces that carry a mark, of whatever daemon.
    #[must_use]
    pub fn are_in(interfaces: &Interfaces) -> bool {
        interfaces.iter().any(|interface| alias_of(interface).is_some())
    }

    /// Whether nothing is wanted and nothing is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.held.is_empty()
    }

    /// The tasks that are due now. `abandoned` are the marks of daemons that do not run any more, and our own.
    pub fn review(&mut self, interfaces: &Interfaces, abandoned: &[u8]) -> Vec<Task> {
        let ours: Vec<(&Interface, Alias)> = interfaces
            .iter()
            .filter_map(|interface| Some((interface, alias_of(interface)?)))
            .filter(|(_, alias)| alias.mark == self.mark || abandoned.contains(&alias.mark))
            .collect();
        self.held.retain(|index| ours.iter().any(|(interface, _)| interface.index == *index));
        let mut kept = BTreeSet::new();
        let (mut renamed, mut made) = (Vec::new(), Vec::new());
        for wanted in &self.wanted {
            let Some(base) = interfaces.by_name(&wanted.base) else { continue };
            let former = || former_settings(interfaces, base.index);
            match interfaces.by_name(&wanted.name) {
                Some(found) if fits(found, wanted, base) => {
                    kept.insert(found.index);
                    match alias_of(found) {
                        Some(alias) if alias.mark == self.mark && self.held.contains(&found.index) => {}
                        Some(alias) if alias.mark != self.mark && !abandoned.contains(&alias.mark) => {
                            made.push(Task::Conflict { name: wanted.name.clone(), of_daemon: true });
                        }
                        _ => made.push(Task::Adopt {
                            wanted: wanted.clone(),
                            base: base.index,
                            index: found.index,
                            former: former(),
                        }),
                    }
                }
                Some(found) if !ours.iter().any(|(own, _)| own.index == found.index) => {
                    made.push(Task::Conflict {
                        name: wanted.name.clone(),
                        of_daemon: alias_of(found).is_some(),
                    });
                }
                // One of ours that is of no use is removed first.
                found => {
                    let twin = |(own, _): &&(&Interface, Alias)| {
                        fits(own, wanted, base)
                            && !kept.contains(&own.index)
                            && !self.wanted.iter().any(|other| other.name == own.name)
                    };
                    if let Some((twin, _)) = ours.iter().find(twin).filter(|_| found.is_none()) {
                        kept.insert(twin.index);
                        renamed.push(Task::Rename { index: twin.index, name: wanted.name.clone() });
                        if !self.held.contains(&twin.index) {
                            made.push(Task::Adopt {
                                wanted: wanted.clone(),
                                base: base.index,
                                index: twin.index,
                                former: former(),
                            });
                        }
                    } else {
                        made.push(Self::creation(wanted, base, interfaces));
                    }
                }
            }
        }
        let unwanted = ours.iter().filter(|(own, _)| !kept.contains(&own.index));
        let gone: BTreeSet<u32> = unwanted.clone().map(|(own, _)| own.index).collect();
        let mut tasks: Vec<_> =
            unwanted.map(|(own, alias)| deletion(own, *alias, &gone, interfaces)).collect();
        tasks.append(&mut renamed);
        tasks.append(&mut made);
        tasks
    }

    /// A task was carried out: the interface is there.
    pub fn handle_done(&mut self, index: u32) {
        self.held.insert(index);
    }

    fn creation(wanted: &WantedLink, base: &Interface, interfaces: &Interfaces) -> Task {
        let is_vrf = |index: &u32| {
            interfaces.by_index(*index).is_some_and(|master| master.details.kind == LinkKind::Vrf)
        };
        Task::Create {
            wanted: wanted.clone(),
            base: base.index,
            group: wanted.group.unwrap_or(base.details.group),
            vrf: base.master.filter(is_vrf),
            former: former_settings(interfaces, base.index),
        }
    }
}

/// A link-local address for an interface with this virtual MAC address: made of that of its base, so that no other machine
/// has it, and neither equal to that nor made of the MAC address (RFC 9568 §7.4). Without one, IPv6 cannot ask for a
/// neighbour when it forwards.
#[must_use]
pub fn link_local(base: Ipv6Addr, mac: [u8; 6]) -> Ipv6Addr {
    let [.., family, vrid] = mac;
    let mut segments = base.segments();
    // An identifier that is not universal, and of one interface.
    segments[4] = (segments[4] ^ u16::from_be_bytes([family, vrid]) ^ 0x5e5e) & !0x0300;
    Ipv6Addr::from(segments)
}

/// Whether an interface is as it would be made for a wish.
fn fits(interface: &Interface, wanted: &WantedLink, base: &Interface) -> bool {
    interface.lower == lower_on(base, wanted.kind)
        && alias_of(interface).is_none_or(|alias| alias.base == base.index)
        && match wanted.kind {
            VirtualKind::Macvlan { mac } => {
                interface.details.kind == LinkKind::PrivateMacvlan && interface.mac == Some(mac)
            }
            VirtualKind::Ipvlan { .. } => interface.details.kind == LinkKind::Ipvlan,
        }
}

/// The lower interface that the kernel gives one on this base: a macvlan on a macvlan gets that one's.
fn lower_on(base: &Interface, kind: VirtualKind) -> Option<u32> {
    match (kind, base.details.kind) {
        (VirtualKind::Macvlan { .. }, LinkKind::Macvlan | LinkKind::PrivateMacvlan)
        | (VirtualKind::Ipvlan { .. }, LinkKind::Ipvlan) => base.lower,
        _ => Some(base.index),
    }
}

fn alias_of(interface: &Interface) -> Option<Alias> {
    interface.details.alias.as_deref()?.parse().ok()
}

/// The settings of a base as an interface of anybody on it tells them.
fn former_settings(interfaces: &Interfaces, base: u32) -> Option<BaseSettings> {
    interfaces.iter().filter_map(alias_of).find(|alias| alias.base == base).map(|alias| alias.former)
}

fn deletion(own: &Interface, alias: Alias, gone: &BTreeSet<u32>, interfaces: &Interfaces) -> Task {
    let stays = |other: &Interface| {
        alias_of(other).is_some_and(|other| other.base == alias.base) && !gone.contains(&other.index)
    };
    let base = interfaces.by_index(alias.base).filter(|_| !interfaces.iter().any(stays));
    let restore = base.map(|base| (base.name.clone(), alias.former));
    Task::Delete { index: own.index, name: own.name.clone(), restore }
}

#[cfg(test)]
mod tests;
