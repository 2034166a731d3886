//! Configuration of a whole machine.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use vrrp_proto::Family;

use super::{GroupSetup, Transport};
use crate::{RouterConfig, ScriptConfig};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub u32);

        impl $name {
            pub(crate) fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A virtual router of a node: an index into [`NodeConfig::routers`].
    RouterId
}
id! {
    /// A sync group: an index into [`NodeConfig::groups`].
    GroupId
}
id! {
    /// A network interface, by the caller's own numbering: an index into [`NodeConfig::links`].
    ///
    /// Not the kernel's index: an interface that is deleted and made anew is the same link.
    LinkId
}
id! {
    /// A check script: an index into [`NodeConfig::scripts`].
    ScriptId
}
id! {
    /// Anything else that routers depend on: an index into [`NodeConfig::facts`].
    FactId
}

/// All virtual routers of one machine and what they depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeConfig {
    /// The virtual routers. Of two with the same [`RouterKey`](crate::RouterKey) the later one stays in fault.
    pub routers: Vec<RouterSetup>,
    /// Routers that change their state together.
    pub groups: Vec<GroupSetup>,
    /// The check scripts. One that no router tracks is never run.
    pub scripts: Vec<ScriptSetup>,
    /// The interfaces, as they are now.
    pub links: Vec<LinkSetup>,
    /// Everything else that routers depend on, as it is now: files, processes, BFD sessions, addresses.
    pub facts: Vec<Fact>,
    /// Until this long after the start, no router speaks or listens (`vrrp_startup_delay`). A reload changes nothing.
    pub startup_delay: Duration,
}

/// One virtual router and what it depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterSetup {
    /// Its own parameters. The priority is the base that tracking starts from.
    pub config: RouterConfig,
    /// The interface it speaks on; `None` if it needs none (unicast from a given address).
    pub link: Option<LinkId>,
    /// Whether that interface may be down without a fault (`dont_track_primary`).
    pub ignore_link_state: bool,
    /// Where its adverts go.
    pub transport: Transport,
    /// The address that adverts come from; `None` is the primary address of the link.
    pub source: Option<IpAddr>,
    /// The virtual addresses: where a reload finds others, an Active announces them.
    pub addresses: Vec<VirtualAddress>,
    /// Its other dependencies.
    pub tracks: Vec<Track>,
}

/// A virtual address, as far as a reload compares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VirtualAddress {
    /// The interface it is put on.
    pub link: LinkId,
    /// The address.
    pub address: IpAddr,
    /// The length of its prefix. Another one makes another address of it: it is removed and added.
    pub prefix_len: u8,
}

impl RouterSetup {
    /// A router on `link` that speaks to the group of its family and depends on nothing else.
    #[must_use]
    pub fn new(config: RouterConfig, link: LinkId) -> Self {
        Self {
            transport: Transport::multicast(config.family),
            config,
            link: Some(link),
            ignore_link_state: false,
            source: None,
            addresses: Vec::new(),
            tracks: Vec::new(),
        }
    }

    pub(super) fn tracks_target(&self, target: TrackTarget) -> bool {
        self.tracks.iter().any(|track| track.target == target)
    }
}

/// A check script of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptSetup {
    /// Its name. After a reload it keeps its result, although it may run another command: the result stays until that
    /// has ended.
    pub name: String,
    /// The command, as far as a reload compares it: a script that runs the same command keeps its result, whatever its
    /// name.
    pub command: String,
    /// Its parameters.
    pub config: ScriptConfig,
}

/// Something tracked, and its effect on the priority.
///
/// With weight 0, a failure is a fault: the router stops taking part. While such a target is [`Fact::Unknown`], a
/// router that has not started waits for it. A positive weight is added while the target is up, a negative one
/// while it is down.
///
/// A [`Fact::Value`] is multiplied by the weight; of the product at most 253 is added, one below -253 is a fault, and so
/// is any value but 0 with weight 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Track {
    /// The tracked target.
    pub target: TrackTarget,
    /// -254 to 254; of a value any number.
    pub weight: i32,
    /// With weight 0, up and down change places; else the weight is subtracted where it would be added.
    pub reverse: bool,
}

impl Track {
    /// A target without which the router does not take part.
    #[must_use]
    pub fn required(target: impl Into<TrackTarget>) -> Self {
        Self { target: target.into(), weight: 0, reverse: false }
    }
}

/// A thing that a router may depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TrackTarget {
    /// An interface: up or down.
    Link(LinkId),
    /// A check script, which the node has run.
    Script(ScriptId),
    /// A fact that the caller watches.
    Fact(FactId),
}

impl From<LinkId> for TrackTarget {
    fn from(id: LinkId) -> Self {
        Self::Link(id)
    }
}

impl From<ScriptId> for TrackTarget {
    fn from(id: ScriptId) -> Self {
        Self::Script(id)
    }
}

impl From<FactId> for TrackTarget {
    fn from(id: FactId) -> Self {
        Self::Fact(id)
    }
}

/// Knowledge of a thing that routers depend on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Fact {
    /// Nothing yet. It weighs nothing.
    #[default]
    Unknown,
    /// It is missing, or has failed.
    Down,
    /// It is there, and good.
    Up,
    /// A number, for example from a file.
    Value(i32),
}

impl From<bool> for Fact {
    fn from(up: bool) -> Self {
        if up { Self::Up } else { Self::Down }
    }
}

/// An interface of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkSetup {
    /// Its name: a link of another configuration with this name is the same.
    pub name: String,
    /// Its present state.
    pub state: LinkState,
}

/// State of an interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkState {
    /// It exists, is administratively up and has a carrier.
    pub up: bool,
    /// Its primary IPv4 address: the source of IPv4 adverts (RFC 9568 §5.1.1.1).
    pub ipv4: Option<Ipv4Addr>,
    /// Its link-local IPv6 address: the source of IPv6 adverts (RFC 9568 §5.1.2.1).
    pub ipv6: Option<Ipv6Addr>,
}

impl LinkState {
    /// The source address for a family.
    #[must_use]
    pub fn address(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::Ipv4 => self.ipv4.map(IpAddr::V4),
            Family::Ipv6 => self.ipv6.map(IpAddr::V6),
        }
    }
}
