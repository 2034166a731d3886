//! What a whole machine is told.

use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use vrrp_proto::Family;

use crate::{RouterConfig, ScriptConfig};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// A network interface, by the caller's own numbering: an index into [`NodeConfig::links`].
    ///
    /// Not the kernel's index: an interface that is deleted and made anew is the same link.
    LinkId
}
id! {
    /// A check script: an index into [`NodeConfig::scripts`].
    ScriptId
}

/// All virtual routers of one machine and what they depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeConfig {
    /// The virtual routers.
    pub routers: Vec<RouterSetup>,
    /// The check scripts. One that no router tracks is never run.
    pub scripts: Vec<ScriptSetup>,
    /// The interfaces, as they are now.
    pub links: Vec<LinkState>,
    /// Until this long after the start, no router speaks or listens (`vrrp_startup_delay`).
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
    /// The address that adverts come from; `None` is the primary address of the link.
    pub source: Option<IpAddr>,
    /// Other interfaces.
    pub track_links: Vec<Track<LinkId>>,
    /// Check scripts.
    pub track_scripts: Vec<Track<ScriptId>>,
    /// It was Active until a moment ago and its addresses are still there: go on as Active.
    pub resume: bool,
    /// On a reload, which router of the configuration before this one is; `None` if it is new.
    pub carries: Option<RouterId>,
    /// On a reload, whether its addresses differ from those before.
    pub addresses_changed: bool,
}

impl RouterSetup {
    /// A router on `link` that depends on nothing else.
    #[must_use]
    pub fn new(config: RouterConfig, link: LinkId) -> Self {
        Self {
            config,
            link: Some(link),
            ignore_link_state: false,
            source: None,
            track_links: Vec::new(),
            track_scripts: Vec::new(),
            resume: false,
            carries: None,
            addresses_changed: false,
        }
    }
}

/// A check script of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptSetup {
    /// Its parameters.
    pub config: ScriptConfig,
    /// On a reload, which script of the configuration before this one is.
    pub carries: Option<ScriptId>,
}

/// Something tracked, and what it does to the priority.
///
/// With weight 0, a failure is a fault: the router stops taking part. A positive weight is added while the
/// target is good, a negative one while it has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Track<T> {
    /// What is tracked.
    pub target: T,
    /// -254 to 254.
    pub weight: i16,
    /// Good and failed change places.
    pub reverse: bool,
}

/// What is known of an interface.
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
