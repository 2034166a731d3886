//! The words of a route line (`virtual_routes`, `static_routes`).

use super::Keyword;
use super::table::keywords;

pub(super) static ROUTES: &[Keyword] = keywords![
    [VirtualRoutes, StaticRoutes] "<line>": Form("[<type>] <dest>|default|any|all [option ...] | <src/dst shorthand>"),
        default "", since "1.2.1", Acts,
        "One route per line; type unicast local broadcast anycast multicast throw unreachable prohibit blackhole nat.";
    [VirtualRoutes, StaticRoutes] "inet": None, default "", since "1.2.24", Acts,
        "Force IPv4.";
    [VirtualRoutes, StaticRoutes] "inet6": None, default "", since "1.2.24", Acts,
        "Force IPv6.";
    [VirtualRoutes, StaticRoutes] "src": Address, default "", since "1.2.1", Acts,
        "Preferred source address.";
    [VirtualRoutes, StaticRoutes] "as": Form("[to] <ip>"), default "", since "1.2.24", Ignored,
        "Parsed and ignored.";
    [VirtualRoutes, StaticRoutes] "via": Form("[inet|inet6] <ip>"), default "", since "1.2.1", Acts,
        "Next hop.";
    [VirtualRoutes, StaticRoutes] "gw": Address, default "", since "1.2.1", Deprecated("via"),
        "Deprecated spelling of via.";
    [VirtualRoutes, StaticRoutes] "or": Address, default "", since "1.2.1", Deprecated("nexthop"),
        "Deprecated second gateway.";
    [VirtualRoutes, StaticRoutes] "from": Prefix, default "", since "1.2.24", Acts,
        "IPv6 source selector.";
    [VirtualRoutes, StaticRoutes] "to": Form("[<type>] <dest>"), default "", since "1.2.1", Acts,
        "Optional word before destination.";
    [VirtualRoutes, StaticRoutes] "tos": Word("num|name"), default "", since "1.2.24", Acts,
        "TOS selector.";
    [VirtualRoutes, StaticRoutes] "dsfield": Word("num|name"), default "", since "1.2.24", Acts,
        "Same as tos.";
    [VirtualRoutes, StaticRoutes] "table": Word("num|name"), default "", since "1.2.1", Acts,
        "Routing table.";
    [VirtualRoutes, StaticRoutes] "protocol": Word("num|name"), default "", since "1.2.24", Acts,
        "Route protocol; forced to 18 when tracked.";
    [VirtualRoutes, StaticRoutes] "scope": Word("num|name"), default "", since "1.2.1", Acts,
        "Route scope.";
    [VirtualRoutes, StaticRoutes] "metric": integer(0, U32, Unit::None),
        default "", since "1.2.1", Acts,
        "Route metric.";
    [VirtualRoutes, StaticRoutes] "priority": integer(0, U32, Unit::None),
        default "", since "1.2.24", Acts,
        "Same as metric.";
    [VirtualRoutes, StaticRoutes] "preference": integer(0, U32, Unit::None),
        default "", since "1.2.24", Acts,
        "Same as metric.";
    [VirtualRoutes, StaticRoutes] "dev": Interface, default "", since "1.2.1", Acts,
        "Output device; also tracked.";
    [VirtualRoutes, StaticRoutes] "oif": Interface, default "", since "1.2.1", Acts,
        "Same as dev.";
    [VirtualRoutes, StaticRoutes] "onlink": None, default "", since "1.2.24", Acts,
        "Treat next hop as directly reachable.";
    [VirtualRoutes, StaticRoutes] "encap": Form("ip|ip6|mpls|ila <args>"),
        default "", since "1.2.24", Acts,
        "Lightweight tunnel. ip: id dst src tos ttl flags; ip6: id dst src tc hoplimit flags; mpls: labels; ila: locator.";
    [VirtualRoutes, StaticRoutes] "expires": integer(0, U32, Unit::Seconds),
        default "", since "1.2.24", Acts,
        "IPv6 route lifetime.";
    [VirtualRoutes, StaticRoutes] "mtu": Form("[lock] <n>"), default "", since "1.2.24", Acts,
        "Path MTU.";
    [VirtualRoutes, StaticRoutes] "hoplimit": integer(0, 255, Unit::None),
        default "", since "1.2.24", Acts,
        "Hop limit metric.";
    [VirtualRoutes, StaticRoutes] "advmss": Form("[lock] <n>"), default "", since "1.2.24", Acts,
        "Advertised MSS.";
    [VirtualRoutes, StaticRoutes] "rtt": Form("[lock] <n>[s|ms]"), default "", since "1.2.24", Acts,
        "Initial RTT.";
    [VirtualRoutes, StaticRoutes] "rttvar": Form("[lock] <n>[s|ms]"), default "", since "1.2.24", Acts,
        "Initial RTT variance.";
    [VirtualRoutes, StaticRoutes] "reordering": Form("[lock] <n>"), default "", since "1.2.24", Acts,
        "Reordering metric.";
    [VirtualRoutes, StaticRoutes] "window": Word("n"), default "", since "1.2.24", Acts,
        "Max TCP window.";
    [VirtualRoutes, StaticRoutes] "cwnd": Form("[lock] <n>"), default "", since "1.2.24", Acts,
        "Congestion window clamp.";
    [VirtualRoutes, StaticRoutes] "ssthresh": Form("[lock] <n>"), default "", since "1.2.24", Acts,
        "Slow start threshold.";
    [VirtualRoutes, StaticRoutes] "realms": Form("[<src>/]<dst>"), default "", since "1.2.24", Acts,
        "Realms (IPv4).";
    [VirtualRoutes, StaticRoutes] "rto_min": Form("[lock] <n>[s|ms]"), default "", since "1.2.24", Acts,
        "Minimum RTO.";
    [VirtualRoutes, StaticRoutes] "initcwnd": Word("n"), default "", since "1.2.24", Acts,
        "Initial congestion window.";
    [VirtualRoutes, StaticRoutes] "initrwnd": Word("n"), default "", since "1.2.24", Acts,
        "Initial receive window.";
    [VirtualRoutes, StaticRoutes] "features": Choice(&["ecn"]), default "", since "1.2.24", Acts,
        "Feature flags.";
    [VirtualRoutes, StaticRoutes] "quickack": integer(0, 1, Unit::None),
        default "", since "1.2.24", Acts,
        "Quick ACK metric.";
    [VirtualRoutes, StaticRoutes] "congctl": Form("[lock] <name>"), default "", since "1.2.24", Acts,
        "Congestion control.";
    [VirtualRoutes, StaticRoutes] "pref": Form("low|medium|high|<n>"), default "", since "1.2.24", Acts,
        "IPv6 router preference.";
    [VirtualRoutes, StaticRoutes] "ttl-propagate": Choice(&["enabled", "disabled"]),
        default "", since "2.0.8", Acts,
        "MPLS TTL propagation.";
    [VirtualRoutes, StaticRoutes] "fastopen_no_cookie": integer(0, 1, Unit::None),
        default "", since "1.4.3", Acts,
        "TCP fast open without cookie.";
    [VirtualRoutes, StaticRoutes] "add": None, default "", since "2.2.5", Acts,
        "Fail if an equal route exists.";
    [VirtualRoutes, StaticRoutes] "prepend": None, default "", since "2.2.5", Acts,
        "Insert before equal routes (default).";
    [VirtualRoutes, StaticRoutes] "append": None, default "", since "2.2.5", Acts,
        "Insert after equal routes.";
    [VirtualRoutes, StaticRoutes] "nexthop": Form("[via [inet|inet6] <ip>] [dev <if>] [weight <1..256>] [onlink] [encap ..] [realms ..]"),
        default "", since "1.2.24", Acts,
        "Multipath leg, repeatable, must be last.";
    [VirtualRoutes, StaticRoutes] "no_track": None, default "", since "2.0.3", Acts,
        "Do not fault/restore when the route disappears.";
    [VirtualRoutes, StaticRoutes] "vrf": Interface, default "", since "2.2.5", Acts,
        "Use table of the VRF.";

    [StaticRoutes] "track_group": Word("name"), default "none", since "2.0.3", Acts,
        "Bind the object to instances of the group.";
];
