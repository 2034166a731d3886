//! Scenarios of several subjects: reloads in the middle, things that come and go, both address families.

use crate::pair::Act::{Crash, Far, KillWorker, Peer, PeerStop, Reload, Sh, Start, Stop};
use crate::pair::Row;

const PING: &str = "for a in 192.0.2.1 192.0.2.101; do ping -c1 -W1 $a >/dev/null && echo $a answers || echo $a is silent; done";
const PING6: &str = "for a in 2001:db8::1 2001:db8::101; do ping -c1 -W1 $a >/dev/null && echo $a answers || echo $a is silent; done";

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "a rule of two instances, one leaves by a reload",
        file: "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 }; virtual_rules { from 10.1.0.0/16 table 70 priority 700 } }; \
 vrrp_instance B eth0 102 150 { virtual_ipaddress { 192.0.2.102/24 }; virtual_rules { from 10.1.0.0/16 table 70 priority 700 } }",
        steps: &[
            (Start, &["rule 700: from 10.1.0.0/16"]),
            (
                Reload(
                    "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 }; virtual_rules { from 10.1.0.0/16 table 70 priority 700 } }",
                ),
                &["rule 700: from 10.1.0.0/16", "!192.0.2.102"],
            ),
            (Stop, &["!rule"]),
        ],
        differs: "",
    },
    Row {
        name: "a route moves from one instance to another by a reload",
        file: "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 }; virtual_routes { 10.1.0.0/16 via 192.0.2.254 dev eth0 } }; \
 vrrp_instance B eth0 102 150 { virtual_ipaddress { 192.0.2.102/24 } }",
        steps: &[
            (Start, &["route 10.1.0.0/16"]),
            (
                Reload(
                    "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 } }; \
 vrrp_instance B eth0 102 150 { virtual_ipaddress { 192.0.2.102/24 }; virtual_routes { 10.1.0.0/16 via 192.0.2.254 dev eth0 } }",
                ),
                &["route 10.1.0.0/16"],
            ),
            (Stop, &["!10.1.0.0"]),
        ],
        differs: "",
    },
    Row {
        name: "a virtual route becomes static by a reload",
        file: "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 }; virtual_routes { 10.1.0.0/16 via 192.0.2.254 dev eth0 } }",
        steps: &[
            (Start, &["route 10.1.0.0/16"]),
            (
                Reload(
                    "static_routes { 10.1.0.0/16 via 192.0.2.254 dev eth0; 2001:db8:9::/48 via 2001:db8::fe dev eth0 metric 33 }; vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 } }",
                ),
                &["route 10.1.0.0/16", "metric 33"],
            ),
            (
                Peer("vrrp_instance A eth0 101 200 { virtual_ipaddress { 192.0.2.101/24 } }"),
                &["route 10.1.0.0/16", "!192.0.2.101"],
            ),
            (Stop, &["!10.1.0.0", "!metric 33"]),
        ],
        differs: "",
    },
    Row {
        name: "a route of many next hops, and of a source that is the virtual address",
        file: "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 }; virtual_routes { 10.1.0.0/16 nexthop via 192.0.2.253 dev eth0 weight 1 nexthop via 192.0.2.254 dev eth0 weight 2; \
 default via 192.0.2.254 dev eth0 src 192.0.2.101; 10.2.0.0/16 via 192.0.2.254 dev eth0 onlink table 5 } }",
        steps: &[
            (Start, &["src 192.0.2.101", "nexthop via 192.0.2.253"]),
            (
                Sh("ip link set eth0 down; ip link set eth0 up"),
                &["src 192.0.2.101", "nexthop via 192.0.2.253"],
            ),
            (Crash, &["src 192.0.2.101", "nexthop via 192.0.2.253"]),
            (Stop, &["!10.1.0.0", "!src 192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "no_accept: the machine answers, the address does not; reload and kill",
        file: "vrrp_instance A eth0 101 150 { no_accept; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["sent 101 150"]),
            (Far(PING), &["far 192.0.2.1 answers", "far 192.0.2.101 is silent"]),
            (KillWorker, &["sent 101 150"]),
            (Far(PING), &["far 192.0.2.1 answers", "far 192.0.2.101 is silent"]),
            (
                Reload(
                    "vrrp_instance A eth0 101 150 { no_accept; virtual_ipaddress { 192.0.2.101/24; 192.0.2.102/24 } }",
                ),
                &["192.0.2.102/24"],
            ),
            (Far("ping -c1 -W1 192.0.2.102 >/dev/null && echo answers || echo silent"), &["far silent"]),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "no_accept of IPv6: neighbours find it, packets to it are dropped",
        file: "vrrp_instance A eth0 101 150 { no_accept; virtual_ipaddress { fe80::101/64; 2001:db8::101/64 } }",
        steps: &[
            (Start, &["sent 101 150 v6"]),
            (Far(PING6), &["far 2001:db8::1 answers", "far 2001:db8::101 is silent"]),
            (Stop, &[]),
        ],
        differs: "",
    },
    Row {
        name: "VMAC answers, also after a fault of a script",
        file: "vrrp_script C { script \"/usr/bin/test ! -e /run/n\"; interval 1; rise 1; fall 1 }; vrrp_instance A eth0 101 150 { use_vmac; track_script { C }; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["addr vrrp.101 inet 192.0.2.101"]),
            (Far(PING), &["far 192.0.2.1 answers", "far 192.0.2.101 answers"]),
            (Sh("touch /run/n"), &["fifo INSTANCE \"A\" FAULT 150", "!192.0.2.101/24"]),
            (Sh("rm /run/n"), &["addr vrrp.101 inet 192.0.2.101"]),
            (
                Far(
                    "ip neigh flush all; ping -c1 -W1 192.0.2.101 >/dev/null; ip neigh show 192.0.2.101 | grep -o 'lladdr [^ ]*'",
                ),
                &["far lladdr 00:00:5e:00:01:65"],
            ),
            (Stop, &["!macvlan"]),
        ],
        differs: "",
    },
    Row {
        name: "VMAC moves to another interface by a reload",
        file: "vrrp_instance A eth0 101 150 { use_vmac; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["addr vrrp.101 inet 192.0.2.101"]),
            (
                Reload("vrrp_instance A eth1 101 150 { use_vmac; virtual_ipaddress { 192.0.2.101/24 } }"),
                &["addr vrrp.101 inet 192.0.2.101", "!sent 101"],
            ),
            (Stop, &["!macvlan"]),
        ],
        differs: "a VMAC that a reload moves to another interface gets another name",
    },
    Row {
        name: "VMAC of IPv6 and unicast",
        file: "vrrp_instance A eth0 101 150 { use_vmac; vmac_xmit_base; unicast_src_ip 2001:db8::1; unicast_peer { 2001:db8::2 }; virtual_ipaddress { fe80::101/64; 2001:db8::101/64 } }",
        steps: &[
            (Start, &["00:00:5e:00:02:65", "inet6 2001:db8::101/64"]),
            (
                Peer(
                    "vrrp_instance A eth0 101 200 { unicast_src_ip 2001:db8::2; unicast_peer { 2001:db8::1 }; virtual_ipaddress { fe80::101/64; 2001:db8::101/64 } }",
                ),
                &["!2001:db8::101/64"],
            ),
            (PeerStop, &["inet6 2001:db8::101/64"]),
            (Stop, &["!macvlan"]),
        ],
        differs: "",
    },
    Row {
        name: "the interface of an instance gets another name and comes back",
        file: "vrrp_instance A eth1 101 150 { virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["addr eth1 inet 192.0.2.101/24"]),
            (
                Sh("ip link set eth1 down; ip link set eth1 name other; ip link set other up"),
                &["fifo INSTANCE \"A\" FAULT 150", "!addr eth1"],
            ),
            (
                Sh("ip link set other down; ip link set other name eth1; ip link set eth1 up"),
                &["addr eth1 inet 192.0.2.101/24"],
            ),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "an interface is made again, with routes on it",
        file: "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24; 10.7.7.1/24 dev eth1 }; virtual_routes { 10.1.0.0/16 via 10.7.7.254 dev eth1 } }",
        steps: &[
            (Start, &["route 10.1.0.0/16 via 10.7.7.254 dev eth1"]),
            (Sh("ip link del eth1"), &["fifo INSTANCE \"A\" FAULT 150", "!192.0.2.101/24"]),
            (
                Sh("ip link add name eth1 type veth peer name far; ip link set far up; ip link set eth1 up"),
                &["route 10.1.0.0/16 via 10.7.7.254 dev eth1", "192.0.2.101/24"],
            ),
            (Stop, &["!10.1.0.0"]),
        ],
        differs: "",
    },
    Row {
        name: "intervals and versions by reload, BACKUP meanwhile",
        file: "vrrp_instance A eth0 101 90 { virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Peer("vrrp_instance A eth0 101 100 { virtual_ipaddress { 192.0.2.101/24 } }"), &[]),
            (Start, &["fifo INSTANCE \"A\" BACKUP 90", "!sent 101"]),
            (
                Reload(
                    "vrrp_instance A eth0 101 95 { virtual_ipaddress { 192.0.2.101/24 }; virtual_ipaddress_excluded { 192.0.2.102/24 } }",
                ),
                &["!sent 101", "!192.0.2.102"],
            ),
            (
                Reload("vrrp_instance A eth0 101 110 { virtual_ipaddress { 192.0.2.101/24 } }"),
                &["sent 101 110"],
            ),
            (PeerStop, &["sent 101 110"]),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "scripts that fail, time out and come back, two weights",
        file: "vrrp_script C { script \"/bin/sleep 5\"; interval 1; timeout 1; rise 1; fall 1; weight -20 }; vrrp_script D { script \"/usr/bin/test ! -e /run/n\"; interval 1; rise 1; fall 1; weight 10 }; \
 vrrp_instance A eth0 101 150 { notify \"/etc/keepalived/record.sh all\"; track_script { C; D weight 15 }; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["sent 101 145"]),
            (Sh("touch /run/n"), &["sent 101 130"]),
            (
                Reload(
                    "vrrp_script D { script \"/usr/bin/test ! -e /run/n\"; interval 1; rise 1; fall 1; weight 10 }; \
 vrrp_instance A eth0 101 150 { notify \"/etc/keepalived/record.sh all\"; track_script { D }; virtual_ipaddress { 192.0.2.101/24 } }",
                ),
                &["sent 101 150"],
            ),
            (Sh("rm /run/n"), &["sent 101 160"]),
            (Stop, &[]),
        ],
        differs: "",
    },
    Row {
        name: "a static address and a route by it, another one after a reload",
        file: "static_ipaddress { 10.9.0.1/24 dev eth1; 2001:db8:9::1/64 dev eth1 }; static_routes { 10.1.0.0/16 via 10.9.0.254 dev eth1 }; vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["10.9.0.1/24", "2001:db8:9::1/64", "route 10.1.0.0/16"]),
            (
                Reload(
                    "static_ipaddress { 10.9.1.1/24 dev eth1 }; static_routes { 10.1.0.0/16 via 10.9.1.254 dev eth1 }; vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 } }",
                ),
                &["10.9.1.1/24", "!10.9.0.1", "route 10.1.0.0/16 via 10.9.1.254"],
            ),
            (Stop, &["!10.9.1.1", "!10.1.0.0"]),
        ],
        differs: "",
    },
    Row {
        name: "an instance that follows a static route by a track_group",
        file: "track_group G { group { A } }; static_routes { 10.1.0.0/16 via 192.0.2.254 dev eth0 track_group G; 10.2.0.0/16 via 198.51.100.254 dev eth1 track_group G }; \
 vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["route 10.1.0.0/16", "sent 101 150"]),
            (Sh("ip link set eth1 down"), &["!10.2.0.0", "fifo INSTANCE \"A\" FAULT 150"]),
            (Sh("ip link set eth1 up"), &[]),
            (Stop, &["!10.1.0.0"]),
        ],
        differs: "",
    },
];
