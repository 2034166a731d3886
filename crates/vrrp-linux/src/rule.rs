//! Policy rules as somebody wants them to be, and the messages that add and remove them.
//!
//! All pure; [`Commands`](crate::commands::Commands) carries the changes out, and
//! [`Holdings`](crate::holdings::Holdings) decides which are due. The kernel keeps any number of equal rules unless it
//! is asked not to (`NLM_F_EXCL`), and removes the first that agrees with what it is told.

use std::fmt;
use std::net::IpAddr;

use ipnetwork::IpNetwork;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::route::{RouteProtocol, RouteRealm};
use netlink_packet_route::rule::{
    RuleAction as Action, RuleAttribute, RuleFlags, RuleMessage, RulePortRange, RuleUidRange,
};
use netlink_packet_route::{AddressFamily, IpProtocol, RouteNetlinkMessage};

use crate::route::PROTOCOL;

/// A policy rule as somebody wants it to be. Interfaces are known by their names, as in the kernel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleSpec {
    /// IPv6, else IPv4.
    pub ipv6: bool,
    /// The place among all rules; the smallest is looked at first.
    pub priority: u32,
    /// Packets that do not match the selectors match the rule.
    pub invert: bool,
    /// Where packets come from.
    pub from: Option<IpNetwork>,
    /// Where they go.
    pub to: Option<IpNetwork>,
    /// The type of service that they carry.
    pub tos: u8,
    /// The mark that they carry, and the bits that count.
    pub fwmark: Option<(u32, u32)>,
    /// The interface that they arrive on.
    pub iif: Option<Box<str>>,
    /// The interface that they are bound to.
    pub oif: Option<Box<str>>,
    /// The key of the tunnel that they come from.
    pub tunnel_id: Option<u64>,
    /// The users whose packets they are, both ends included.
    pub uids: Option<(u32, u32)>,
    /// The protocol above IP.
    pub ip_protocol: Option<u8>,
    /// Source ports, both ends included.
    pub source_ports: Option<(u16, u16)>,
    /// Destination ports, both ends included.
    pub destination_ports: Option<(u16, u16)>,
    /// Realms: source << 16 | destination.
    pub realms: Option<u32>,
    /// Routes with prefixes of at most this length are passed over.
    pub suppress_prefix_len: Option<u32>,
    /// Routes by interfaces of this group are passed over.
    pub suppress_group: Option<u32>,
    /// Protocol that adds it (`RTPROT_*`).
    pub protocol: u8,
    /// The action.
    pub action: RuleAction,
}

/// Action for packets that match a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleAction {
    /// Look into this table.
    Table(u32),
    /// Look into the table of the VRF.
    L3mdev,
    /// Go on at the rule with this priority.
    Goto(u32),
    /// Go on.
    Nop,
    /// Drop them silently.
    Blackhole,
    /// Drop them, the sender hears "network unreachable".
    Unreachable,
    /// Drop them, the sender hears "administratively prohibited".
    Prohibit,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RuleChange {
    /// Add it, unless it is there.
    Add(RuleSpec),
    /// Take it away.
    Remove(RuleSpec),
    /// Take away what a predecessor put there, as [`RuleSpec::removal`] described it.
    RemoveFormer(Vec<u8>),
}

impl RuleSpec {
    /// A rule for all packets.
    pub fn new(ipv6: bool, priority: u32, action: RuleAction) -> Self {
        Self {
            ipv6,
            priority,
            invert: false,
            from: None,
            to: None,
            tos: 0,
            fwmark: None,
            iif: None,
            oif: None,
            tunnel_id: None,
            uids: None,
            ip_protocol: None,
            source_ports: None,
            destination_ports: None,
            realms: None,
            suppress_prefix_len: None,
            suppress_group: None,
            protocol: PROTOCOL,
            action,
        }
    }

    /// Everything that sets it apart, as octets that outlive this process.
    pub fn removal(&self) -> Vec<u8> {
        let message = describe(self);
        let mut bytes = vec![0; netlink_packet_core::Emitable::buffer_len(&message)];
        netlink_packet_core::Emitable::emit(&message, &mut bytes);
        bytes
    }

    /// Whether the removal of this rule could take the other one instead: the kernel compares only what it is told.
    pub fn may_hit(&self, other: &Self) -> bool {
        fn told<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
            one.is_none() || one == other
        }
        self.ipv6 == other.ipv6
            && self.priority == other.priority
            && told(self.iif.as_ref(), other.iif.as_ref())
            && told(self.oif.as_ref(), other.oif.as_ref())
            && told(self.fwmark.as_ref(), other.fwmark.as_ref())
            && told(self.from.as_ref(), other.from.as_ref())
            && told(self.to.as_ref(), other.to.as_ref())
            && self.action == other.action
    }
}

/// A rule that somebody removed, as far as the kernel's word for it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedRule {
    /// IPv6, else IPv4.
    pub ipv6: bool,
    /// Its place among all rules.
    pub priority: u32,
    /// Protocol that added it.
    pub protocol: u8,
}

impl RuleChange {
    /// The netlink request and its flags.
    pub(crate) fn request(&self) -> Option<(RouteNetlinkMessage, u16)> {
        Some(match self {
            Self::Add(rule) => (RouteNetlinkMessage::NewRule(describe(rule)), NLM_F_CREATE | NLM_F_EXCL),
            Self::Remove(rule) => (RouteNetlinkMessage::DelRule(describe(rule)), 0),
            Self::RemoveFormer(bytes) => {
                if bytes.len() < HEADER_LEN {
                    return None;
                }
                let message = netlink_packet_core::Parseable::parse(bytes.as_slice()).ok()?;
                (RouteNetlinkMessage::DelRule(message), 0)
            }
        })
    }
}

fn describe(rule: &RuleSpec) -> RuleMessage {
    let mut message = RuleMessage::default();
    let header = &mut message.header;
    header.family = if rule.ipv6 { AddressFamily::Inet6 } else { AddressFamily::Inet };
    header.src_len = rule.from.map_or(0, |from| from.prefix());
    header.dst_len = rule.to.map_or(0, |to| to.prefix());
    header.tos = rule.tos;
    if rule.invert {
        header.flags |= RuleFlags::Invert;
    }
    let attributes = &mut message.attributes;
    attributes.push(RuleAttribute::Priority(rule.priority));
    let some = |network: Option<IpNetwork>| {
        network.filter(|network| network.prefix() > 0).map(|network| network.ip())
    };
    attributes.extend(some(rule.from).map(RuleAttribute::Source));
    attributes.extend(some(rule.to).map(RuleAttribute::Destination));
    if let Some((mark, mask)) = rule.fwmark {
        attributes.extend([RuleAttribute::FwMark(mark), RuleAttribute::FwMask(mask)]);
    }
    attributes.extend(rule.iif.as_deref().map(|name| RuleAttribute::Iifname(name.to_owned())));
    attributes.extend(rule.oif.as_deref().map(|name| RuleAttribute::Oifname(name.to_owned())));
    attributes.extend(rule.tunnel_id.map(RuleAttribute::TunId));
    attributes.extend(rule.uids.map(|(start, end)| RuleAttribute::UidRange(RuleUidRange { start, end })));
    attributes.extend(rule.ip_protocol.map(|number| RuleAttribute::IpProtocol(IpProtocol::from(number))));
    let ports = |(start, end)| RulePortRange { start, end };
    attributes.extend(rule.source_ports.map(ports).map(RuleAttribute::SourcePortRange));
    attributes.extend(rule.destination_ports.map(ports).map(RuleAttribute::DestinationPortRange));
    attributes.extend(rule.realms.map(|realms| {
        let [s1, s0, d1, d0] = realms.to_be_bytes();
        let (source, destination) = (u16::from_be_bytes([s1, s0]), u16::from_be_bytes([d1, d0]));
        RuleAttribute::Realm(RouteRealm { source, destination })
    }));
    attributes.extend(rule.suppress_prefix_len.map(RuleAttribute::SuppressPrefixLen));
    attributes.extend(rule.suppress_group.map(RuleAttribute::SuppressIfGroup));
    attributes.push(RuleAttribute::Protocol(RouteProtocol::from(rule.protocol)));
    message.header.action = match rule.action {
        RuleAction::Table(table) => {
            message.header.table = u8::try_from(table).unwrap_or(0);
            message.attributes.push(RuleAttribute::Table(table));
            Action::ToTable
        }
        RuleAction::L3mdev => {
            message.attributes.push(RuleAttribute::L3MDev(true));
            Action::ToTable
        }
        RuleAction::Goto(priority) => {
            message.attributes.push(RuleAttribute::Goto(priority));
            Action::Goto
        }
        RuleAction::Nop => Action::Nop,
        RuleAction::Blackhole => Action::Blackhole,
        RuleAction::Unreachable => Action::Unreachable,
        RuleAction::Prohibit => Action::Prohibit,
    };
    message
}

impl fmt::Display for RuleSpec {
    /// In the words of `ip rule`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.invert {
            write!(f, "not ")?;
        }
        match self.from {
            Some(from) if from.prefix() > 0 => write!(f, "from {}", short(from))?,
            _ => write!(f, "from all")?,
        }
        if let Some(to) = self.to.filter(|to| to.prefix() > 0) {
            write!(f, " to {}", short(to))?;
        }
        if let Some((mark, mask)) = self.fwmark {
            write!(f, " fwmark {mark:#x}/{mask:#x}")?;
        }
        if let Some(iif) = &self.iif {
            write!(f, " iif {iif}")?;
        }
        if let Some(oif) = &self.oif {
            write!(f, " oif {oif}")?;
        }
        match self.action {
            RuleAction::Table(table) => write!(f, " table {table}")?,
            RuleAction::L3mdev => write!(f, " l3mdev")?,
            RuleAction::Goto(priority) => write!(f, " goto {priority}")?,
            RuleAction::Nop => write!(f, " nop")?,
            RuleAction::Blackhole => write!(f, " blackhole")?,
            RuleAction::Unreachable => write!(f, " unreachable")?,
            RuleAction::Prohibit => write!(f, " prohibit")?,
        }
        write!(f, " priority {}", self.priority)
    }
}

/// A host without its prefix length.
fn short(network: IpNetwork) -> String {
    let ip: IpAddr = network.ip();
    let whole = if ip.is_ipv4() { 32 } else { 128 };
    if network.prefix() == whole { ip.to_string() } else { network.to_string() }
}

impl fmt::Display for RuleChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add(rule) => write!(f, "add rule {rule}"),
            Self::Remove(rule) => write!(f, "remove rule {rule}"),
            Self::RemoveFormer(_) => write!(f, "remove a rule of an earlier run"),
        }
    }
}

/// `struct fib_rule_hdr`.
const HEADER_LEN: usize = 12;
