//! `vrrp_instance`, with everything that stands in its block.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use ipnetwork::IpNetwork;

use crate::keywords::word;

use super::routing::{Route, Rule};
use super::trackers::Tracked;
use super::virtual_link::VirtualLinks;
use super::{Command, Hmac, InitialState, Preempt, RfcMode};

/// VRRPv2 authentication (RFC 2338), or keepalived's trailer.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Auth {
    /// None (or VRRPv3).
    None,
    /// `auth_type PASS`: eight octets, zero-filled.
    Password([u8; 8]),
    /// `auth_type AH`: eight octets of key, zero-filled.
    Ah([u8; 8]),
    /// `auth_hmac`, in either version.
    Hmac(Box<Hmac>),
    /// An `auth_hmac` without a key that signs: the instance must not take part.
    UnusableHmac,
}

impl std::fmt::Debug for Auth {
    /// Never shows the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Password(_) => "Password(********)",
            Self::Ah(_) => "Ah(********)",
            Self::Hmac(hmac) => return hmac.fmt(f),
            Self::UnusableHmac => "UnusableHmac",
        })
    }
}

/// A `vrrp_instance`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword of its own")]
pub struct VrrpInstance {
    /// Its name.
    pub name: String,
    /// `version`, 2 or 3; always 3 for IPv6.
    pub version: u8,
    /// Whether the virtual router speaks IPv6 (decided by its addresses).
    pub ipv6: bool,
    /// `interface`; `None` only for unicast with a configured source.
    pub interface: Option<String>,
    /// `virtual_router_id`, 1 to 255.
    pub vrid: u8,
    /// `state`, with keepalived's default (MASTER if the priority is 255).
    pub state: InitialState,
    /// `priority`, 1 to 255.
    pub priority: u8,
    /// `advert_int`, already rounded to what the version can say.
    pub advert_interval: Duration,
    /// `down_timer_adverts`, default 3.
    pub down_adverts: u8,
    /// Preemption.
    pub preempt: Preempt,
    /// `timer_expired_backup`: after a stall in which a router of this priority has taken over, it becomes BACKUP.
    pub backup_after_stall: Option<u8>,
    /// `authentication`.
    pub auth: Auth,
    /// `strict_mode` or `vrrp_strict`.
    pub strict: bool,
    /// `rfc9568` or `rfc3768` (vipd's own); its effects are in the other fields.
    pub rfc: Option<RfcMode>,
    /// `accept` / strict: whether packets to the VIPs are taken by a non-owner.
    pub accept: bool,
    /// `lower_prio_no_advert`
    pub lower_priority_no_advert: bool,
    /// `higher_prio_send_advert`; `None` where the file does not say (keepalived takes that as off).
    pub higher_priority_send_advert: Option<bool>,
    /// `owner_ignore_adverts`
    pub owner_ignores_adverts: bool,
    /// `v3_checksum_as_v2`: IPv4 VRRPv3 checksum without pseudo-header.
    pub v3_checksum_as_v2: bool,
    /// `old_unicast_checksum`: `Some(true)`: the checksum of keepalived before 1.3.7 is sent to unicast peers; `Some(false)`
    /// (`never`): nor is it accepted; `None`: it is sent once a peer is heard that sends it.
    pub old_unicast_checksum: Option<bool>,
    /// `skip_check_adv_addr`
    pub skip_check_adv_addr: bool,
    /// `garp_master_*` and `garp_lower_prio_*`.
    pub garp: Garp,
    /// `mcast_src_ip` or `unicast_src_ip`.
    pub source: Option<IpAddr>,
    /// `track_src_ip`
    pub track_source: bool,
    /// `mcast_dst_ip`, or the global group; `None` with unicast peers.
    pub multicast_group: Option<IpAddr>,
    /// `unicast_peer`; empty means multicast.
    pub unicast_peers: Vec<UnicastPeer>,
    /// `unicast_ttl`
    pub unicast_ttl: Option<u8>,
    /// `check_unicast_src`
    pub check_unicast_source: bool,
    /// `unicast_fault_no_peer`
    pub unicast_fault_no_peer: bool,
    /// `dont_track_primary`
    pub dont_track_primary: bool,
    /// `virtual_ipaddress`, in file order: what adverts list.
    pub addresses: Vec<VirtualAddress>,
    /// `virtual_ipaddress_excluded`: held while MASTER, not advertised.
    pub excluded_addresses: Vec<VirtualAddress>,
    /// `virtual_routes`: there while MASTER.
    pub routes: Vec<Route>,
    /// `virtual_rules`: there while MASTER.
    pub rules: Vec<Rule>,
    /// `promote_secondaries`
    pub promote_secondaries: bool,
    /// `use_vmac`, `use_ipvlan`, `use_vmac_addr`.
    pub virtual_links: Option<Box<VirtualLinks>>,
    /// `track_interface`, without the instance's own.
    pub track_interfaces: Vec<TrackInterface>,
    /// `track_script`
    pub track_scripts: Vec<TrackScript>,
    /// `track_file`
    pub track_files: Vec<Tracked>,
    /// `track_process`
    pub track_processes: Vec<Tracked>,
    /// `track_bfd`
    pub track_bfd: Vec<Tracked>,
    /// `notify*`
    pub notify: Notify,
    /// `notify_priority_changes`: FIFOs get a line for each change of the effective priority.
    pub notify_priority_changes: bool,
    /// Whether state changes are mailed (`smtp_alert` after its precedence).
    pub smtp_alert: bool,
}

/// Counts and delays of announcements by gratuitous ARP or unsolicited NA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Garp {
    /// `garp_master_delay`, default 5 s: when the second burst follows; 0 is never.
    pub delay: Duration,
    /// `garp_master_repeat`, default 5: packets per address in a burst.
    pub repeat: u32,
    /// `garp_master_refresh`, default 0 = never.
    pub refresh: Duration,
    /// `garp_master_refresh_repeat`, default 1.
    pub refresh_repeat: u32,
    /// `garp_lower_prio_delay`; default `vrrp_garp_lower_prio_delay`, else the default of `delay` (not its value here).
    pub lower_priority_delay: Duration,
    /// `garp_lower_prio_repeat`, by the same rule; 0 is none.
    pub lower_priority_repeat: u32,
    /// `garp_extra_if`: announcements elsewhere than on the interface of the adverts.
    pub elsewhere: Option<GarpElsewhere>,
}

/// `garp_extra_if`: addresses on other interfaces than that of the adverts are announced again and again, because the
/// adverts do not tell the switches there where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct GarpElsewhere {
    /// The number of times.
    pub interval: Duration,
    /// `all`: on every such interface, not only on those made for the instance (VMAC, ipvlan).
    pub all: bool,
}

/// A line of `unicast_peer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UnicastPeer {
    /// The peer.
    pub address: IpAddr,
    /// `min_ttl`, `max_ttl`: `None` checks nothing.
    pub ttl: Option<(u8, u8)>,
}

/// A line of `virtual_ipaddress`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword of its own")]
pub struct VirtualAddress {
    /// Address and prefix length (32 or 128 where none was written).
    pub network: IpNetwork,
    /// `dev`, or the virtual interface that the address is on; `None` is the instance's interface.
    pub interface: Option<String>,
    /// `label`, at most 15 characters.
    pub label: Option<String>,
    /// `scope` as a number; default 0 (universe).
    pub scope: u8,
    /// `brd`, resolved (`+` and `-` included).
    pub broadcast: Option<Ipv4Addr>,
    /// `peer`
    pub peer: Option<IpNetwork>,
    /// `home`
    pub home: bool,
    /// `-nodad`: let the kernel run duplicate address detection.
    pub duplicate_detection: bool,
    /// `mngtmpaddr`
    pub manage_temporary: bool,
    /// `noprefixroute`
    pub no_prefix_route: bool,
    /// `autojoin`
    pub autojoin: bool,
    /// `no_track`
    pub no_track: bool,
    /// `use_vmac`, or `use_vmac_addr` of the instance.
    pub use_vmac: bool,
    /// `preferred_lft`, seconds; `None` is forever. keepalived's default is 0 for an IPv6 /128.
    pub preferred_lifetime: Option<u32>,
}

/// A line of `track_interface`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TrackInterface {
    /// The interface.
    pub interface: String,
    /// -253 to 253; 0: down means FAULT.
    pub weight: i16,
    /// `reverse`
    pub reverse: bool,
}

/// A line of `track_script`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TrackScript {
    /// Index into [`Config::scripts`](super::Config::scripts).
    pub script: usize,
    /// The line's weight, or the script's.
    pub weight: i16,
    /// `reverse`
    pub reverse: bool,
}

/// The `notify*` keywords of one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Notify {
    /// `notify_master`
    pub master: Option<Box<Command>>,
    /// `notify_backup`
    pub backup: Option<Box<Command>>,
    /// `notify_fault`
    pub fault: Option<Box<Command>>,
    /// `notify_stop`
    pub stop: Option<Box<Command>>,
    /// `notify_deleted`; `Some(None)` is the bare keyword.
    #[cfg_attr(feature = "serde", serde(with = "nested_option"))]
    pub deleted: Option<Option<Box<Command>>>,
    /// `notify`: run on every change with `INSTANCE NAME STATE PRIORITY` appended.
    pub any: Option<Box<Command>>,
    /// `notify_master_rx_lower_pri`
    pub master_received_lower_priority: Option<Box<Command>>,
}

impl Notify {
    /// The commands, each with its keyword.
    pub(crate) fn into_commands(self) -> impl Iterator<Item = (&'static str, Command)> {
        let commands = [
            (word::NOTIFY_MASTER, self.master),
            (word::NOTIFY_BACKUP, self.backup),
            (word::NOTIFY_FAULT, self.fault),
            (word::NOTIFY_STOP, self.stop),
            (word::NOTIFY_DELETED, self.deleted.flatten()),
            (word::NOTIFY, self.any),
            (word::NOTIFY_MASTER_RX_LOWER_PRI, self.master_received_lower_priority),
        ];
        commands.into_iter().filter_map(|(keyword, command)| Some((keyword, *command?)))
    }
}

/// JSON and its like have one `null`, so "bare keyword" and "no keyword" would be the same: written as two values.
#[cfg(feature = "serde")]
#[expect(
    clippy::option_option,
    clippy::ref_option,
    reason = "that is what the field is, and how serde hands it over"
)]
mod nested_option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        (value.is_some(), value.as_ref().and_then(Option::as_ref)).serialize(serializer)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        let (written, value) = <(bool, Option<T>)>::deserialize(deserializer)?;
        Ok(written.then_some(value))
    }
}
