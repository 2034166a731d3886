//! Routes, policy rules, and objects that are there as long as the daemon runs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;

use super::VirtualAddress;

/// `static_ipaddress`, `static_routes` and `static_rules`, in file order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Statics {
    /// Every line of `static_ipaddress`; their interface is always filled in.
    pub addresses: Vec<Static<VirtualAddress>>,
    /// Every line of `static_routes`.
    pub routes: Vec<Static<Route>>,
    /// Every line of `static_rules`.
    pub rules: Vec<Static<Rule>>,
}

impl Statics {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty() && self.routes.is_empty() && self.rules.is_empty()
    }
}

/// Something static.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Static<T> {
    /// Its kind.
    pub object: T,
    /// The members of its `track_group`, by the names of their instances: without it, they cannot serve.
    pub trackers: Vec<String>,
}

/// A line of `virtual_routes` or `static_routes`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Route {
    /// The kernel's number for its type (`RTN_*`); 1 is unicast.
    pub kind: u8,
    /// Where packets go.
    pub destination: IpNetwork,
    /// `from`, IPv6 only.
    pub from: Option<IpNetwork>,
    /// `tos`, `dsfield`
    pub tos: u8,
    /// `table`; default 254 (main).
    pub table: u32,
    /// `vrf`: the table is that of this interface.
    pub vrf: Option<String>,
    /// `protocol`; default 18 (keepalived), and always that unless `no_track`.
    pub protocol: u8,
    /// `scope`, with the default that belongs to the type.
    pub scope: u8,
    /// `metric`; default 0.
    pub metric: u32,
    /// `src`
    pub source: Option<IpAddr>,
    /// Where packets are handed to: one, or a `nexthop` each; none for a `blackhole` and the like.
    pub hops: Vec<Hop>,
    /// `mtu`, `advmss`, …: numbers of the kernel (`RTAX_*`) with their values, in the order of the numbers.
    pub path: Vec<(u16, u32)>,
    /// The numbers of those with `lock`, as bits.
    pub locked: u32,
    /// `congctl`
    pub congestion: Option<String>,
    /// `realms`: source << 16 | destination.
    pub realms: Option<u32>,
    /// `expires`, seconds.
    pub expires: Option<u32>,
    /// `pref`: the kernel's number.
    pub preference: Option<u8>,
    /// `ttl-propagate`
    pub ttl_propagate: Option<bool>,
    /// `add`, `prepend`, `append`
    pub insertion: Insertion,
    /// `no_track`
    pub no_track: bool,
}

/// `add`, `prepend` or `append` of a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Insertion {
    /// Before equal routes; the default.
    #[default]
    Prepend,
    /// Behind equal routes.
    Append,
    /// Only if there is no equal route.
    Add,
}

/// A next hop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Hop {
    /// `via`, `gw`
    pub via: Option<IpAddr>,
    /// `dev`, `oif`
    pub interface: Option<String>,
    /// `onlink`
    pub onlink: bool,
    /// `weight`, 1 to 256; 0 where it was not said.
    pub weight: u16,
    /// `realms`
    pub realms: Option<u32>,
    /// `encap`
    pub encap: Option<Encap>,
}

/// `encap` of a next hop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Encap {
    /// `mpls LABEL[/LABEL…]`
    Mpls(Vec<u32>),
    /// `ip`
    Ip {
        /// `id`
        id: Option<u64>,
        /// `dst`
        destination: Option<Ipv4Addr>,
        /// `src`
        source: Option<Ipv4Addr>,
        /// `tos`
        tos: Option<u8>,
        /// `ttl`
        ttl: Option<u8>,
        /// `flags`
        flags: Option<u16>,
    },
    /// `ip6`
    Ip6 {
        /// `id`
        id: Option<u64>,
        /// `dst`
        destination: Option<Ipv6Addr>,
        /// `src`
        source: Option<Ipv6Addr>,
        /// `tc`
        traffic_class: Option<u8>,
        /// `hoplimit`
        hop_limit: Option<u8>,
        /// `flags`
        flags: Option<u16>,
    },
    /// `ila LOCATOR`
    Ila(u64),
}

/// A line of `virtual_rules` or `static_rules`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rule {
    /// IPv6, else IPv4.
    pub ipv6: bool,
    /// `preference`; where it was not said, downward from 16384.
    pub priority: u32,
    /// `not`
    pub invert: bool,
    /// `from`
    pub from: Option<IpNetwork>,
    /// `to`
    pub to: Option<IpNetwork>,
    /// `tos`
    pub tos: u8,
    /// `fwmark`, with its mask.
    pub fwmark: Option<(u32, u32)>,
    /// `iif`, `dev`
    pub iif: Option<String>,
    /// `oif`
    pub oif: Option<String>,
    /// `tunnel-id`
    pub tunnel_id: Option<u64>,
    /// `uidrange`
    pub uids: Option<(u32, u32)>,
    /// `ipproto`
    pub ip_protocol: Option<u8>,
    /// `sport`
    pub source_ports: Option<(u16, u16)>,
    /// `dport`
    pub destination_ports: Option<(u16, u16)>,
    /// `realms`
    pub realms: Option<u32>,
    /// `suppress_prefixlength`
    pub suppress_prefix_len: Option<u32>,
    /// `suppress_ifgroup`
    pub suppress_group: Option<u32>,
    /// `protocol`; default 18 (keepalived), and always that unless `no_track`.
    pub protocol: u8,
    /// Its action.
    pub action: RuleAction,
    /// `no_track`
    pub no_track: bool,
}

/// Action of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum RuleAction {
    /// `table`, `lookup`
    Table(u32),
    /// `l3mdev`
    L3mdev,
    /// `goto`
    Goto(u32),
    /// `nop`
    Nop,
    /// `blackhole`
    Blackhole,
    /// `unreachable`
    Unreachable,
    /// `prohibit`
    Prohibit,
}
