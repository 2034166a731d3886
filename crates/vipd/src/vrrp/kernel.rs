//! The kernel's side: how interfaces are, and which virtual addresses are on them.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::IpAddr;

use vrrp_election::{Fact, LinkId, LinkState, RouterId};
use vrrp_linux::address::{AddressChange, AddressFlags, AddressSpec};
use vrrp_linux::address_commands::AddressCommands;
use vrrp_linux::interfaces::{Change, Interface, Interfaces};
use vrrp_linux::monitor::{Monitor, Progress};

use super::plan::{Numbers, Observe, Plan, Vip, WatchedFact};
use super::sources;

/// Interfaces, addresses, and the two netlink sockets for them.
#[derive(Debug)]
pub(super) struct Kernel {
    pub(super) monitor: Monitor,
    pub(super) commands: AddressCommands,
    interfaces: Interfaces,
    /// What was put on interfaces for whom, and not taken away again: by interface index and address. An
    /// address that is in here and not on its interface was removed by somebody else.
    held: HashMap<(u32, IpAddr), RouterId>,
    changes: Vec<Change>,
}

/// What a look at the kernel's events found.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Interfaces or addresses changed.
    pub(super) changed: bool,
    /// What costs sockets their group memberships.
    pub(super) memberships: Vec<Change>,
    /// Virtual addresses that somebody else removed.
    pub(super) lost: Vec<(RouterId, IpAddr)>,
    /// There may be more events.
    pub(super) more: bool,
}

impl Kernel {
    pub(super) fn open(receive_buffer: usize) -> io::Result<Self> {
        let mut kernel = Self {
            monitor: Monitor::open(receive_buffer)?,
            commands: AddressCommands::open()?,
            interfaces: Interfaces::new(),
            held: HashMap::new(),
            changes: Vec::new(),
        };
        while kernel.look()?.more {}
        Ok(kernel)
    }

    /// Reads the kernel's events.
    pub(super) fn look(&mut self) -> io::Result<News> {
        let progress = self.monitor.drain(&mut self.interfaces, &mut self.changes)?;
        let mut news =
            News { changed: !self.changes.is_empty(), more: progress == Progress::More, ..News::default() };
        for change in std::mem::take(&mut self.changes) {
            if let Change::LinkRemoved { .. } | Change::MembershipsLost { .. } = &change {
                news.memberships.push(change.clone());
            }
            match change {
                Change::LinkRemoved { index, .. } => {
                    self.held.retain(|(on, _), _| *on != index);
                }
                Change::AddressRemoved { index, network } => {
                    self.note_removal(index, network.ip(), &mut news);
                }
                _ => {}
            }
        }
        Ok(news)
    }

    /// Whether an address that is gone should still be there. One that came back meanwhile is not lost.
    fn note_removal(&mut self, index: u32, address: IpAddr, news: &mut News) {
        if self.holds(index, address) {
            return;
        }
        if let Some(router) = self.held.remove(&(index, address)) {
            news.lost.push((router, address));
        }
    }

    fn holds(&self, index: u32, address: IpAddr) -> bool {
        let has = |interface: &Interface| interface.addresses.iter().any(|own| own.network.ip() == address);
        self.interfaces.by_index(index).is_some_and(has)
    }

    pub(super) fn interface(&self, name: &str) -> Option<&Interface> {
        self.interfaces.by_name(name)
    }

    /// All interfaces.
    pub(super) fn interfaces(&self) -> &Interfaces {
        &self.interfaces
    }

    /// What the election should know of something else.
    pub(super) fn fact(&self, fact: &WatchedFact) -> Fact {
        match fact {
            WatchedFact::Source { address, interface } => {
                sources::is_usable(self.interfaces.iter(), *address, interface.as_deref()).into()
            }
            // The sockets tell that themselves, when they are opened.
            WatchedFact::Socket(_) => Fact::Unknown,
        }
    }

    /// What the election should know of an interface. A virtual address is nobody's primary address.
    pub(super) fn link_state(&self, name: &str, virtual_ips: &HashSet<IpAddr>) -> LinkState {
        let Some(interface) = self.interface(name) else { return LinkState::default() };
        let own =
            || interface.addresses.iter().filter(|address| !virtual_ips.contains(&address.network.ip()));
        LinkState {
            up: interface.up,
            ipv4: own().find_map(|address| match address.network.ip() {
                IpAddr::V4(ip) if !address.flags.contains(AddressFlags::SECONDARY) => Some(ip),
                _ => None,
            }),
            ipv6: own().find_map(|address| match address.network.ip() {
                IpAddr::V6(ip) if ip.is_unicast_link_local() && is_usable(address.flags) => Some(ip),
                _ => None,
            }),
        }
    }

    /// Queues what puts all of a router's addresses on their interfaces, and removes what it held otherwise.
    pub(super) fn add(&mut self, router: RouterId, vips: &[Vip], links: &LinkNames) {
        let wanted: Vec<_> = vips.iter().filter_map(|vip| self.locate(vip, links)).collect();
        let keys: HashSet<_> = wanted.iter().map(|spec| (spec.index, spec.network.ip())).collect();
        let stale: Vec<_> = self
            .held
            .iter()
            .filter(|(key, owner)| **owner == router && !keys.contains(key))
            .map(|(key, _)| *key)
            .collect();
        for key in stale {
            self.give_up(key);
        }
        for spec in wanted {
            self.held.insert((spec.index, spec.network.ip()), router);
            self.commands.queue(AddressChange::Add(spec));
        }
    }

    /// Queues the removal of a router's addresses: those that were put there, and those that a predecessor left.
    /// Gives whether there was anything to remove.
    pub(super) fn remove(&mut self, router: RouterId, vips: &[Vip], links: &LinkNames) -> bool {
        let mut any = false;
        for vip in vips {
            let Some(spec) = self.locate(vip, links) else { continue };
            let key = (spec.index, spec.network.ip());
            let held = self.held.get(&key) == Some(&router);
            let left_behind = !self.held.contains_key(&key) && self.holds(spec.index, spec.network.ip());
            if held || left_behind {
                self.held.remove(&key);
                self.commands.queue(AddressChange::Remove(spec));
                any = true;
            }
        }
        any
    }

    /// After a reload, addresses are held for the routers' new numbers; `None` if nobody has them any more.
    pub(super) fn renumber(&mut self, number: impl Fn(RouterId) -> Option<RouterId>) {
        let held = std::mem::take(&mut self.held);
        self.held = held.into_iter().filter_map(|(key, owner)| Some((key, number(owner)?))).collect();
    }

    fn give_up(&mut self, key: (u32, IpAddr)) {
        self.held.remove(&key);
        let Some(interface) = self.interfaces.by_index(key.0) else { return };
        let mut specs = AddressSpec::of_interface(interface);
        if let Some(spec) = specs.find(|spec| spec.network.ip() == key.1) {
            self.commands.queue(AddressChange::Remove(spec));
        }
    }

    /// The address with the index that its interface has now; `None` while there is no such interface.
    fn locate(&self, vip: &Vip, links: &LinkNames) -> Option<AddressSpec> {
        let index = self.interface(links.name(vip.link)?)?.index;
        Some(AddressSpec { index, ..vip.spec.clone() })
    }
}

/// The kernel, as the election of one reading of the configuration sees it.
pub(super) struct Seen<'a> {
    pub(super) kernel: &'a Kernel,
    pub(super) plan: &'a Plan,
}

impl Observe for Seen<'_> {
    fn link(&self, name: &str) -> LinkState {
        self.kernel.link_state(name, &self.plan.virtual_ips)
    }

    fn fact(&self, fact: &WatchedFact) -> Fact {
        self.kernel.fact(fact)
    }
}

type LinkNames = Numbers<String, LinkId>;

/// An address that duplicate address detection has not passed cannot be a source.
fn is_usable(flags: AddressFlags) -> bool {
    !flags.intersects(AddressFlags::TENTATIVE | AddressFlags::DADFAILED)
}
