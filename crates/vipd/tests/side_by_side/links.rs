//! Virtual MAC addresses, ipvlan, and where addresses go.

use crate::pair::Act::{Crash, Far, KillWorker, Peer, PeerStop, Reload, Sh, Start, Stop};
use crate::pair::Row;

const VMAC: &str = "link vrrp.101 link/ether 00:00:5e:00:01:65 macvlan mode private";

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "VMAC with a tracked interface",
        file: "vrrp_instance A eth0 101 150 { use_vmac; track_interface { eth1 }; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &[VMAC, "addr vrrp.101 inet 192.0.2.101/24", "sent 101 150"]),
            (Sh("ip link set eth1 down"), &["fifo INSTANCE \"A\" FAULT 150", "!192.0.2.101"]),
            (Sh("ip link set eth1 up"), &["addr vrrp.101 inet 192.0.2.101/24"]),
            (Sh("ip link set eth0 down"), &["fifo INSTANCE \"A\" FAULT 150"]),
            (Sh("ip link set eth0 up"), &["addr vrrp.101 inet 192.0.2.101/24"]),
            (Stop, &["!macvlan"]),
        ],
        differs: "",
    },
    Row {
        name: "VMAC and unicast",
        file: "vrrp_instance A eth0 101 150 { use_vmac v101; vmac_xmit_base; unicast_src_ip 192.0.2.1; unicast_peer { 192.0.2.2 }; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (
                Start,
                &["link v101 link/ether 00:00:5e:00:01:65", "addr v101 inet 192.0.2.101/24", "sent 101 150"],
            ),
            (
                Peer(
                    "vrrp_instance A eth0 101 200 { unicast_src_ip 192.0.2.2; unicast_peer { 192.0.2.1 }; virtual_ipaddress { 192.0.2.101/24 } }",
                ),
                &["fifo INSTANCE \"A\" BACKUP", "!192.0.2.101", "!sent"],
            ),
            (PeerStop, &["addr v101 inet 192.0.2.101/24"]),
            (Stop, &["!macvlan"]),
        ],
        differs: "",
    },
    Row {
        name: "VMAC gets another name, then none",
        file: "vrrp_instance A eth0 101 150 { use_vmac one; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["addr one inet 192.0.2.101/24"]),
            (
                Reload("vrrp_instance A eth0 101 150 { use_vmac two; virtual_ipaddress { 192.0.2.101/24 } }"),
                &["addr two inet 192.0.2.101/24", "!one"],
            ),
            (
                Reload("vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 } }"),
                &["addr eth0 inet 192.0.2.101/24", "!macvlan"],
            ),
            (
                Reload("vrrp_instance A eth0 101 150 { use_vmac; virtual_ipaddress { 192.0.2.101/24 } }"),
                &["addr vrrp.101 inet 192.0.2.101/24", VMAC],
            ),
            (Stop, &["!macvlan", "!192.0.2.101"]),
        ],
        differs: "a VMAC that a reload renames is made again, without its addresses",
    },
    Row {
        name: "VMAC after kill -9 of everything",
        file: "vrrp_instance A eth0 101 150 { use_vmac; virtual_ipaddress { 192.0.2.101/24 }; virtual_routes { 10.1.0.0/16 via 192.0.2.254 dev vrrp.101 } }",
        steps: &[
            (Start, &[VMAC, "route 10.1.0.0/16 via 192.0.2.254 dev vrrp.101"]),
            (Crash, &[VMAC, "addr vrrp.101 inet 192.0.2.101/24", "route 10.1.0.0/16"]),
            (Stop, &["!macvlan"]),
        ],
        differs: "a missing interface ends the daemon",
    },
    Row {
        name: "two VMACs, IPv4 and IPv6 with one VRID",
        file: "vrrp_instance A eth0 101 150 { use_vmac; virtual_ipaddress { 192.0.2.101/24 } }; vrrp_instance B eth0 101 150 { use_vmac; virtual_ipaddress { fe80::101/64; 2001:db8::101/64 } }",
        steps: &[
            (Start, &[VMAC, "00:00:5e:00:02:65", "sent 101 150 v6", "inet6 2001:db8::101/64"]),
            (KillWorker, &[VMAC, "00:00:5e:00:02:65", "inet6 2001:db8::101/64"]),
            (Stop, &["!macvlan"]),
        ],
        differs: "",
    },
    Row {
        name: "VMAC and no_accept",
        file: "vrrp_instance A eth0 101 150 { use_vmac; no_accept; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &[VMAC, "addr vrrp.101 inet 192.0.2.101/24"]),
            (Far("ping -c1 -W1 192.0.2.101 >/dev/null && ping -c1 -W1 192.0.2.101 -s 77"), &["sent 101 150"]),
            (
                Sh(
                    "sysctl -qw net.ipv4.conf.eth0.arp_ignore=0; nft list ruleset | grep -c 192.0.2.101 > /run/n; test $(cat /run/n) -gt 0 && echo there > /run/ran",
                ),
                &["ran there"],
            ),
            (
                Reload(
                    "vrrp_instance A eth0 101 150 { use_vmac; accept; virtual_ipaddress { 192.0.2.101/24 } }",
                ),
                &[VMAC],
            ),
            (
                Sh("nft list ruleset | grep -q 192.0.2.101 && echo still > /run/ran || echo gone > /run/ran"),
                &["ran gone"],
            ),
            (Stop, &["!macvlan"]),
        ],
        differs: "",
    },
    Row {
        name: "no_accept of IPv6, reload to accept and back",
        file: "vrrp_instance A eth0 101 150 { no_accept; virtual_ipaddress { fe80::101/64; 2001:db8::101/64 } }",
        steps: &[
            (Start, &["inet6 2001:db8::101/64"]),
            (Sh("nft list ruleset | grep -q 2001:db8::101 && echo there > /run/ran"), &["ran there"]),
            (
                Reload(
                    "vrrp_instance A eth0 101 150 { accept; virtual_ipaddress { fe80::101/64; 2001:db8::101/64 } }",
                ),
                &["inet6 2001:db8::101/64"],
            ),
            (Sh("nft list ruleset | grep -q 2001:db8::101 || echo gone > /run/ran"), &["ran gone"]),
            (
                Reload(
                    "vrrp_instance A eth0 101 150 { no_accept; virtual_ipaddress { fe80::101/64; 2001:db8::101/64 } }",
                ),
                &["inet6 2001:db8::101/64"],
            ),
            (Sh("nft list ruleset | grep -q 2001:db8::101 && echo there > /run/ran"), &["ran there"]),
            (Stop, &["!2001:db8::101"]),
            (Sh("nft list ruleset | grep -q 2001:db8::101 || echo gone > /run/ran"), &["ran gone"]),
        ],
        differs: "a reload that ends `no_accept` or strict mode leaves the rules",
    },
    Row {
        name: "strict mode",
        file: "vrrp_instance A eth0 101 150 { strict_mode on; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["addr eth0 inet 192.0.2.101/24", "sent 101 150"]),
            (
                Sh("nft list ruleset | grep -q 192.0.2.101 && echo there > /run/ran || echo gone > /run/ran"),
                &["ran there"],
            ),
            (
                Reload(
                    "vrrp_instance A eth0 101 150 { strict_mode off; virtual_ipaddress { 192.0.2.101/24 } }",
                ),
                &["addr eth0 inet 192.0.2.101/24"],
            ),
            (
                Sh("nft list ruleset | grep -q 192.0.2.101 && echo there > /run/ran || echo gone > /run/ran"),
                &["ran gone"],
            ),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "a reload that ends `no_accept` or strict mode leaves the rules",
    },
    Row {
        name: "the owner, and priority 255 by reload",
        file: "vrrp_instance A eth0 101 255 { virtual_ipaddress { 192.0.2.1/24; 192.0.2.101/24 } }",
        steps: &[
            (Start, &["sent 101 255", "192.0.2.101"]),
            (
                Reload("vrrp_instance A eth0 101 254 { virtual_ipaddress { 192.0.2.101/24 } }"),
                &["sent 101 254"],
            ),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "a virtual address that is the only address of its interface is removed at the start",
    },
    Row {
        name: "addresses with labels, scopes, other interfaces and promote_secondaries",
        file: "vrrp_instance A eth0 101 150 { promote_secondaries; virtual_ipaddress { 192.0.2.101/24 label eth0:7; 198.51.100.7/24 dev eth1; 10.9.9.9 } ; \
 virtual_ipaddress_excluded { 2001:db8::101/64; 203.0.113.9/32 dev eth1 } }",
        steps: &[
            (Start, &["eth0:7", "198.51.100.7/24", "10.9.9.9/32", "2001:db8::101", "203.0.113.9/32"]),
            (
                Reload(
                    "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 label eth0:8; 198.51.100.7/24 dev eth1; 10.9.9.9/24 } }",
                ),
                &["eth0:8", "10.9.9.9/24", "!2001:db8::101", "!203.0.113.9"],
            ),
            (Stop, &["!10.9.9.9", "!198.51.100.7"]),
        ],
        differs: "",
    },
];
