//! Makes and changes network interfaces, one command at a time.
//!
//! For laboratories (veth pairs into namespaces, bridges) and for virtual MAC interfaces (macvlan, RFC 9568 §7.3).
//! Each command waits for the kernel's answer, which takes tens of microseconds; nothing here is for the fast path
//! of a takeover, see [`address`](crate::address) for that.
//!
//! ```no_run
//! use vrrp_linux::links::LinkCommands;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut links = LinkCommands::open()?;
//! let bridge = links.create_bridge("lan0")?;
//! let port = links.create_veth("r1", "eth0", None)?;
//! links.set_master(port, Some(bridge))?;
//! links.set_up(port)?;
//! links.add_address(bridge, "192.0.2.254/24".parse()?)?;
//! # Ok(())
//! # }
//! ```

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use ipnetwork::IpNetwork;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::address::{AddressAttribute, AddressHeaderFlags, AddressMessage};
use netlink_packet_route::link::{
    AfSpecInet6, AfSpecUnspec, In6AddrGenMode, InfoData, InfoIpVlan, InfoKind, InfoMacVlan, InfoVeth,
    IpVlanFlags, IpVlanMode, LinkAttribute, LinkFlags, LinkInfo, LinkMessage, MacVlanMode,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::netlink::decode::route_message;
use crate::netlink::{CommandError, RouteSocket};

/// Mode in which a macvlan shares its lower interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MacvlanMode {
    /// Sees no other macvlan on the same lower interface, and keeps multicast with its own source MAC for itself.
    Private,
    /// Exchanges frames with the other macvlans on the same lower interface.
    Bridge,
}

/// An interface on top of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VirtualKind {
    /// A private macvlan with this MAC address.
    Macvlan {
        /// The MAC address.
        mac: [u8; 6],
    },
    /// An ipvlan of layer 2.
    Ipvlan {
        /// Visibility between the ipvlans of one interface.
        mode: IpvlanMode,
    },
}

/// Visibility between the ipvlans of one interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpvlanMode {
    /// Directly.
    Bridge,
    /// Not at all.
    Private,
    /// By way of the switch.
    Vepa,
}

/// Commands to interfaces of one network namespace.
#[derive(Debug)]
pub struct LinkCommands {
    socket: RouteSocket,
}

impl LinkCommands {
    /// Opens a command socket for the network namespace of the calling thread.
    pub fn open() -> io::Result<Self> {
        RouteSocket::open().map(|socket| Self { socket })
    }

    /// The index of the interface named `name`.
    pub fn index_of(&mut self, name: &str) -> Result<u32, CommandError> {
        let query = RouteNetlinkMessage::GetLink(named(name));
        let mut index = None;
        let _one_object_cannot_tear = self.socket.query(&format!("find link {name}"), query, 0, |frame| {
            if let Some(RouteNetlinkMessage::NewLink(link)) = route_message(frame) {
                index = Some(link.header.index);
            }
        })?;
        index.ok_or_else(|| CommandError::Socket {
            command: format!("find link {name}"),
            source: io::Error::from(io::ErrorKind::NotFound),
        })
    }

    /// Creates two interfaces joined by a wire, `name` here and `peer_name` in `peer_namespace` (here if `None`);
    /// both are down. Gives the index of `name`.
    pub fn create_veth(
        &mut self,
        name: &str,
        peer_name: &str,
        peer_namespace: Option<BorrowedFd<'_>>,
    ) -> Result<u32, CommandError> {
        let mut peer = named(peer_name);
        peer.attributes.extend(peer_namespace.map(|fd| LinkAttribute::NetNsFd(fd.as_raw_fd())));
        let data = InfoData::Veth(InfoVeth::Peer(peer));
        self.create(name, vec![LinkInfo::Kind(InfoKind::Veth), LinkInfo::Data(data)], &[])
    }

    /// Creates a bridge, down. Gives its index.
    pub fn create_bridge(&mut self, name: &str) -> Result<u32, CommandError> {
        self.create(name, vec![LinkInfo::Kind(InfoKind::Bridge)], &[])
    }

    /// Creates a macvlan on top of the interface with index `lower`, down, with the given MAC address or a random
    /// one. It gets no link-local IPv6 address of its own, which would be made of the shared MAC (RFC 9568 §7.4).
    /// Gives its index.
    pub fn create_macvlan(
        &mut self,
        name: &str,
        lower: u32,
        mode: MacvlanMode,
        mac: Option<[u8; 6]>,
    ) -> Result<u32, CommandError> {
        let mode = match mode {
            MacvlanMode::Private => MacVlanMode::Private,
            MacvlanMode::Bridge => MacVlanMode::Bridge,
        };
        let data = InfoData::MacVlan(vec![InfoMacVlan::Mode(mode)]);
        let mut attributes = vec![LinkAttribute::Link(lower)];
        attributes.extend(mac.map(|mac| LinkAttribute::Address(mac.to_vec())));
        let info = vec![LinkInfo::Kind(InfoKind::MacVlan), LinkInfo::Data(data)];
        let index = self.create(name, info, &attributes)?;
        // The creating message must not carry this: newer kernels answer EAFNOSUPPORT. Without IPv6 it may fail.
        let mode = AfSpecUnspec::Inet6(vec![AfSpecInet6::AddrGenMode(In6AddrGenMode::None)]);
        let _ = self.set(
            &format!("set addrgenmode of {name}"),
            index,
            vec![LinkAttribute::AfSpecUnspec(vec![mode])],
        );
        Ok(index)
    }

    /// Creates an interface on top of `lower`, down, in this link group and, if there is one, in the VRF `master`. Its
    /// alias names its owner, and the kernel gives it no link-local IPv6 address. Gives its index.
    pub fn create_virtual(
        &mut self,
        name: &str,
        kind: VirtualKind,
        lower: u32,
        group: u32,
        master: Option<u32>,
    ) -> Result<u32, CommandError> {
        let mut attributes = vec![LinkAttribute::Link(lower), LinkAttribute::Group(group)];
        attributes.extend(master.map(LinkAttribute::Controller));
        let info = match kind {
            VirtualKind::Macvlan { mac } => {
                attributes.push(LinkAttribute::Address(mac.to_vec()));
                let data = InfoData::MacVlan(vec![InfoMacVlan::Mode(MacVlanMode::Private)]);
                vec![LinkInfo::Kind(InfoKind::MacVlan), LinkInfo::Data(data)]
            }
            VirtualKind::Ipvlan { mode } => {
                let flags = match mode {
                    IpvlanMode::Bridge => IpVlanFlags::empty(),
                    IpvlanMode::Private => IpVlanFlags::Private,
                    IpvlanMode::Vepa => IpVlanFlags::Vepa,
                };
                let data = vec![InfoIpVlan::Mode(IpVlanMode::L2), InfoIpVlan::Flags(flags)];
                vec![LinkInfo::Kind(InfoKind::IpVlan), LinkInfo::Data(InfoData::IpVlan(data))]
            }
        };
        self.create(name, info, &attributes)
    }

    /// Writes an alias on the interface and keeps the kernel from giving it a link-local IPv6 address of its own.
    pub fn mark(&mut self, index: u32, alias: &str) -> Result<(), CommandError> {
        let command = format!("set alias of link {index}");
        self.set(&command, index, vec![LinkAttribute::IfAlias(alias.to_owned())])?;
        let mode = AfSpecUnspec::Inet6(vec![AfSpecInet6::AddrGenMode(In6AddrGenMode::None)]);
        let command = format!("set addrgenmode of link {index}");
        // Without IPv6 it fails, and does not matter.
        let _ = self.set(&command, index, vec![LinkAttribute::AfSpecUnspec(vec![mode])]);
        Ok(())
    }

    /// Sets the interface administratively up.
    pub fn set_up(&mut self, index: u32) -> Result<(), CommandError> {
        self.set_flags(&format!("set link {index} up"), index, LinkFlags::Up)
    }

    /// Sets the interface administratively down.
    pub fn set_down(&mut self, index: u32) -> Result<(), CommandError> {
        self.set_flags(&format!("set link {index} down"), index, LinkFlags::empty())
    }

    /// Makes the interface a port of the bridge (or a member of the VRF) `master`, or of none.
    pub fn set_master(&mut self, index: u32, master: Option<u32>) -> Result<(), CommandError> {
        let master = LinkAttribute::Controller(master.unwrap_or(0));
        self.set(&format!("set master of link {index}"), index, vec![master])
    }

    /// Gives the interface another name, at most 15 bytes; older kernels refuse while it is up.
    pub fn rename(&mut self, index: u32, name: &str) -> Result<(), CommandError> {
        let attribute = LinkAttribute::IfName(name.to_owned());
        self.set(&format!("rename link {index} to {name}"), index, vec![attribute])
    }

    /// Sets the MAC address.
    pub fn set_mac(&mut self, index: u32, mac: [u8; 6]) -> Result<(), CommandError> {
        self.set(&format!("set MAC of link {index}"), index, vec![LinkAttribute::Address(mac.to_vec())])
    }

    /// Sets the largest IP packet the interface carries, in bytes.
    pub fn set_mtu(&mut self, index: u32, mtu: u32) -> Result<(), CommandError> {
        self.set(&format!("set MTU of link {index}"), index, vec![LinkAttribute::Mtu(mtu)])
    }

    /// Moves the interface into another network namespace, where it may get another index.
    pub fn move_to_namespace(&mut self, index: u32, namespace: BorrowedFd<'_>) -> Result<(), CommandError> {
        let attribute = LinkAttribute::NetNsFd(namespace.as_raw_fd());
        self.set(&format!("move link {index} to a namespace"), index, vec![attribute])
    }

    /// Asks for the interface and ignores the answer, which comes when the kernel is through with earlier changes.
    pub(crate) fn settle(&mut self, index: u32) {
        let mut message = LinkMessage::default();
        message.header.index = index;
        let query = RouteNetlinkMessage::GetLink(message);
        let _ = self.socket.query(&format!("find link {index}"), query, 0, |_| ());
    }

    /// Deletes the interface; the other end of a veth pair goes with it.
    pub fn delete(&mut self, index: u32) -> Result<(), CommandError> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        self.socket.request(&format!("delete link {index}"), RouteNetlinkMessage::DelLink(message), 0)
    }

    /// Adds an address, without duplicate address detection for IPv6.
    pub fn add_address(&mut self, index: u32, network: IpNetwork) -> Result<(), CommandError> {
        let message = RouteNetlinkMessage::NewAddress(address(index, network));
        self.socket.request(&format!("add {network} to link {index}"), message, NLM_F_CREATE | NLM_F_EXCL)
    }

    /// Removes an address.
    pub fn delete_address(&mut self, index: u32, network: IpNetwork) -> Result<(), CommandError> {
        let message = RouteNetlinkMessage::DelAddress(address(index, network));
        self.socket.request(&format!("delete {network} from link {index}"), message, 0)
    }

    /// Adds a route to `destination` (`0.0.0.0/0` or `::/0` for the default route) through `gateway`, or directly
    /// out of the interface `index`, or both; not neither.
    pub fn add_route(
        &mut self,
        destination: IpNetwork,
        gateway: Option<IpAddr>,
        index: Option<u32>,
    ) -> Result<(), CommandError> {
        let message = RouteNetlinkMessage::NewRoute(route(destination, gateway, index));
        self.socket.request(&format!("add route to {destination}"), message, NLM_F_CREATE | NLM_F_EXCL)
    }

    fn create(
        &mut self,
        name: &str,
        info: Vec<LinkInfo>,
        attributes: &[LinkAttribute],
    ) -> Result<u32, CommandError> {
        let mut message = named(name);
        message.attributes.extend_from_slice(attributes);
        message.attributes.push(LinkAttribute::LinkInfo(info));
        let message = RouteNetlinkMessage::NewLink(message);
        self.socket.request(&format!("create link {name}"), message, NLM_F_CREATE | NLM_F_EXCL)?;
        self.index_of(name)
    }

    fn set(&mut self, command: &str, index: u32, attributes: Vec<LinkAttribute>) -> Result<(), CommandError> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes = attributes;
        self.socket.request(command, RouteNetlinkMessage::SetLink(message), 0)
    }

    fn set_flags(&mut self, command: &str, index: u32, flags: LinkFlags) -> Result<(), CommandError> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.header.flags = flags;
        message.header.change_mask = LinkFlags::Up;
        self.socket.request(command, RouteNetlinkMessage::SetLink(message), 0)
    }
}

fn named(name: &str) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.attributes.push(LinkAttribute::IfName(name.to_owned()));
    message
}

fn address(index: u32, network: IpNetwork) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = family(network.ip());
    message.header.prefix_len = network.prefix();
    message.header.index = index;
    if network.is_ipv6() {
        message.header.flags = AddressHeaderFlags::Nodad;
    }
    message.attributes = vec![AddressAttribute::Local(network.ip()), AddressAttribute::Address(network.ip())];
    message
}

fn route(destination: IpNetwork, gateway: Option<IpAddr>, index: Option<u32>) -> RouteMessage {
    let mut message = RouteMessage::default();
    message.header.address_family = family(destination.ip());
    message.header.destination_prefix_length = destination.prefix();
    message.header.table = RouteHeader::RT_TABLE_MAIN;
    message.header.protocol = RouteProtocol::Static;
    message.header.kind = RouteType::Unicast;
    message.header.scope =
        if gateway.is_none() && destination.is_ipv4() { RouteScope::Link } else { RouteScope::Universe };
    if destination.prefix() != 0 {
        message.attributes.push(RouteAttribute::Destination(RouteAddress::from(destination.network())));
    }
    message.attributes.extend(gateway.map(|gateway| RouteAttribute::Gateway(RouteAddress::from(gateway))));
    message.attributes.extend(index.map(RouteAttribute::Oif));
    message
}

fn family(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::serialize;

    /// The message that strace shows of `ip route add default via 192.0.2.254 dev eth0` (iproute2 6.1), but with the
    /// protocol "static" in place of "boot".
    #[cfg(target_endian = "little")]
    #[test]
    fn a_default_route_is_asked_for_as_iproute2_does() {
        let message = route("0.0.0.0/0".parse().unwrap(), Some("192.0.2.254".parse().unwrap()), Some(7));
        let mut bytes = Vec::new();
        serialize(RouteNetlinkMessage::NewRoute(message), 0x0605, 1, &mut bytes);
        #[rustfmt::skip]
        let expected = [
            44, 0, 0, 0,  24, 0,  0x05, 0x06,  1, 0, 0, 0,  0, 0, 0, 0,
            2, 0, 0, 0,  254, 4, 0, 1,  0, 0, 0, 0,
            8, 0, 5, 0,  192, 0, 2, 254,
            8, 0, 4, 0,  7, 0, 0, 0,
        ];
        assert_eq!(bytes, expected);
    }
}
