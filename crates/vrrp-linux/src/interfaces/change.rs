//! Differences between what was known of interfaces and what is.

use ipnetwork::IpNetwork;

use crate::route::RemovedRoute;
use crate::rule::RemovedRule;

/// A difference that one message, or a comparison of whole tables, made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// There is a new interface.
    LinkAdded {
        /// Its index.
        index: u32,
    },
    /// An interface is gone, and its addresses with it, whether or not they were reported as removed before.
    LinkRemoved {
        /// The index it had.
        index: u32,
        /// The name it had.
        name: String,
    },
    /// An interface can carry traffic now.
    LinkUp {
        /// Its index.
        index: u32,
    },
    /// An interface can no longer carry traffic.
    LinkDown {
        /// Its index.
        index: u32,
    },
    /// An interface has another name.
    LinkRenamed {
        /// Its index.
        index: u32,
        /// The name it had before.
        before: String,
    },
    /// Something else about an interface is different: MAC address, MTU, master, ...
    LinkChanged {
        /// Its index.
        index: u32,
    },
    /// The kernel has dropped, or may have dropped, the group memberships on an interface, although the sockets that
    /// joined still list them: they have to leave and join again. So it does when the MTU falls below the least that
    /// a family needs ([`MIN_MTU_IPV4`](super::MIN_MTU_IPV4), [`MIN_MTU_IPV6`](super::MIN_MTU_IPV6)); and after events
    /// were lost this is reported for every interface. An interface that is reported as removed has lost all
    /// memberships, whether or not it comes back under the same index.
    MembershipsLost {
        /// Its index.
        index: u32,
        /// Those in IPv4 groups.
        ipv4: bool,
        /// Those in IPv6 groups.
        ipv6: bool,
    },
    /// An interface has a new address.
    AddressAdded {
        /// The interface's index.
        index: u32,
        /// The address.
        network: IpNetwork,
    },
    /// An address has other flags (the end of duplicate address detection, a secondary that was promoted), another
    /// label or another scope.
    AddressChanged {
        /// The interface's index.
        index: u32,
        /// The address.
        network: IpNetwork,
    },
    /// An interface has lost an address.
    AddressRemoved {
        /// The interface's index.
        index: u32,
        /// The address.
        network: IpNetwork,
    },
    /// A route is gone, or another one is in its place. Reported only if the monitor
    /// [hears of routes](crate::monitor::Monitor::hear_routing), and not for IPv4 routes that went with their
    /// interface.
    RouteRemoved(RemovedRoute),
    /// A policy rule is gone.
    RuleRemoved(RemovedRule),
}
