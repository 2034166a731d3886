//! Routes and policy rules.

use crate::pair::Act::{Crash, KillWorker, Peer, PeerStop, Reload, Sh, Start, Stop};
use crate::pair::Row;

const TWO: &str = "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 }; virtual_routes { 10.1.0.0/16 via 192.0.2.254 dev eth0 } }; \
 vrrp_instance B eth0 102 150 { virtual_ipaddress { 192.0.2.102/24 }; virtual_routes { 10.1.0.0/16 via 192.0.2.254 dev eth0 } }";
const KINDS: &str = "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24; 2001:db8::101/64 }; virtual_routes { \
 blackhole 10.1.0.0/16; unreachable 10.2.0.0/16; prohibit 10.3.0.0/16 metric 7; 10.4.0.0/16 via 192.0.2.254 dev eth0 metric 50; \
 10.5.0.0/16 dev eth1; src 192.0.2.101 to 10.6.0.0/16 via 192.0.2.254; 10.7.0.0/16 via 192.0.2.253 dev eth0 table 77 mtu 1300 tos 0x10 } }";
const V6: &str = "vrrp_instance A eth0 101 150 { native_ipv6; virtual_ipaddress { fe80::101/64; 2001:db8::101/64 }; virtual_routes { \
 2001:db8:1::/48 via 2001:db8::fe dev eth0; default via fe80::fe dev eth0 metric 55; blackhole 2001:db8:2::/48; 2001:db8:3::/48 dev eth1 table 77 }; \
 virtual_rules { from 2001:db8::101 table 77 priority 300 } }";
const RULES: &str = "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 }; virtual_rules { \
 from 192.0.2.101 lookup 77 priority 2000; to 10.9.0.0/16 table main priority 2001; iif eth1 table 78 priority 2002; fwmark 0x11/0xff table 79 preference 2003; \
 from 192.0.2.102 blackhole priority 2004; not from 192.0.2.103 table 80 priority 2005 } }";
const UNICAST: &str = "vrrp_instance A eth0 101 150 { unicast_src_ip 192.0.2.1; unicast_peer { 192.0.2.2 }; virtual_ipaddress { 192.0.2.101/24 }; \
 virtual_routes { default via 192.0.2.254; 10.1.0.0/16 via 192.0.2.254 } }";
const UNICAST_PEER: &str = "vrrp_instance A eth0 101 200 { unicast_src_ip 192.0.2.2; unicast_peer { 192.0.2.1 }; virtual_ipaddress { 192.0.2.101/24 } }";

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "routes of two instances, one leaves",
        file: TWO,
        steps: &[
            (Start, &["route 10.1.0.0/16 via 192.0.2.254", "fifo INSTANCE \"A\" MASTER 150", "sent 101 150"]),
            (
                Peer("vrrp_instance B eth0 102 200 { virtual_ipaddress { 192.0.2.102/24 } }"),
                &["!192.0.2.102", "route 10.1.0.0/16 via", "fifo INSTANCE \"B\" BACKUP"],
            ),
            (PeerStop, &["192.0.2.102", "route 10.1.0.0/16 via"]),
            (Stop, &["!10.1.0.0"]),
        ],
        differs: "a virtual route that two instances hold goes with the first of them",
    },
    Row {
        name: "routes of many kinds",
        file: KINDS,
        steps: &[
            (
                Start,
                &[
                    "route blackhole 10.1.0.0/16",
                    "route 10.4.0.0/16 via 192.0.2.254 dev eth0 metric 50",
                    "table 77",
                ],
            ),
            (
                Reload(
                    "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24; 2001:db8::101/64 }; virtual_routes { \
 blackhole 10.1.0.0/16; 10.4.0.0/16 via 192.0.2.254 dev eth0 metric 60; 10.5.0.0/16 dev eth0 } }",
                ),
                &["metric 60", "!metric 50", "!10.2.0.0", "!table 77"],
            ),
            (Stop, &["!10."]),
        ],
        differs: "",
    },
    Row {
        name: "routes of IPv6",
        file: V6,
        steps: &[
            (Start, &["route 2001:db8:1::/48 via 2001:db8::fe", "metric 55", "rule 300:"]),
            (KillWorker, &["route 2001:db8:1::/48 via 2001:db8::fe"]),
            (Stop, &["!2001:db8:1::/48", "!rule"]),
        ],
        differs: "",
    },
    Row {
        name: "rules of many kinds",
        file: RULES,
        steps: &[
            (Start, &["rule 2000: from 192.0.2.101 lookup 77", "rule 2005: not from", "rule 2002:"]),
            (
                Reload(
                    "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 }; virtual_rules { \
 from 192.0.2.101 lookup 78 priority 2000; to 10.9.0.0/16 table main priority 2001 } }",
                ),
                &["rule 2000: from 192.0.2.101 lookup 78", "!2002"],
            ),
            (KillWorker, &["rule 2000: from 192.0.2.101 lookup 78"]),
            (Stop, &["!rule"]),
        ],
        differs: "",
    },
    Row {
        name: "default route beside one with a metric, unicast",
        file: UNICAST,
        steps: &[
            (
                Sh("ip route add default via 192.0.2.253 metric 500"),
                &["route default via 192.0.2.253 dev eth0 metric 500"],
            ),
            (
                Start,
                &[
                    "route default via 192.0.2.254 dev eth0",
                    "route default via 192.0.2.253 dev eth0 metric 500",
                ],
            ),
            (Peer(UNICAST_PEER), &["!192.0.2.254", "fifo INSTANCE \"A\" BACKUP 150"]),
            (PeerStop, &["route default via 192.0.2.254 dev eth0"]),
            (Crash, &["route default via 192.0.2.254 dev eth0"]),
            (Stop, &["!192.0.2.254", "route default via 192.0.2.253 dev eth0 metric 500"]),
        ],
        differs: "",
    },
    Row {
        name: "route of a device that is down",
        file: "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 }; virtual_routes { 10.1.0.0/16 dev eth1; 10.2.0.0/16 via 192.0.2.254 dev eth0 } }",
        steps: &[
            (Sh("ip link set eth1 down"), &[]),
            (Start, &["fifo INSTANCE \"A\" FAULT 150", "!192.0.2.101", "!10.2.0.0"]),
            (Sh("ip link set eth1 up"), &["sent 101 150"]),
            (Stop, &["!10.2.0.0"]),
        ],
        differs: "",
    },
    Row {
        name: "route with no_track, device down and up",
        file: "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 }; virtual_routes { 10.1.0.0/16 dev eth1 no_track } }",
        steps: &[
            (Start, &["route 10.1.0.0/16 dev eth1"]),
            (Sh("ip link set eth1 down"), &["sent 101 150", "!10.1.0.0"]),
            (Sh("ip link set eth1 up"), &["sent 101 150"]),
            (Sh("ip route del 10.1.0.0/16"), &["sent 101 150", "!10.1.0.0"]),
            (Stop, &["!10.1.0.0"]),
        ],
        differs: "a `no_track` route that went with its interface stays away",
    },
    Row {
        name: "static route deleted by hand",
        file: "static_routes { 10.1.0.0/16 via 192.0.2.254 dev eth0; 10.2.0.0/16 via 192.0.2.254 dev eth0 no_track }; static_rules { from 10.1.0.0/16 table 88 priority 400 }; \
 vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["route 10.1.0.0/16 via", "rule 400:"]),
            (Sh("ip route del 10.1.0.0/16; ip rule del priority 400"), &[]),
            (Sh("ip route del 10.2.0.0/16"), &["!10.2.0.0"]),
            (Stop, &["!10.1.0.0", "!rule"]),
        ],
        differs: "a static route or rule that somebody deletes is gone",
    },
    Row {
        name: "routes by an excluded address",
        file: "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 }; virtual_ipaddress_excluded { 10.50.0.1/24 dev eth0; 2001:db8:50::1/64 dev eth0 }; \
 virtual_routes { 10.1.0.0/16 via 10.50.0.254 dev eth0; 10.2.0.0/16 via 10.50.0.254; 2001:db8:1::/48 via 2001:db8:50::fe } }",
        steps: &[
            (
                Start,
                &[
                    "route 10.1.0.0/16 via 10.50.0.254",
                    "route 10.2.0.0/16 via 10.50.0.254",
                    "route 2001:db8:1::/48",
                ],
            ),
            (
                Peer("vrrp_instance A eth0 101 200 { virtual_ipaddress { 192.0.2.101/24 } }"),
                &["!10.50.0", "!10.1.0.0", "!2001:db8:1::/48"],
            ),
            (PeerStop, &["route 10.1.0.0/16 via 10.50.0.254", "route 2001:db8:1::/48"]),
            (Stop, &["!10.50.0", "!2001:db8:1::/48"]),
        ],
        differs: "",
    },
];
