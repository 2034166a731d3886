//! Changes by operators while it runs: BFD neighbours, file paths, weights, lists of addresses, priorities.

use crate::pair::Act::{Peer, PeerStop, Reload, Sh, Start, Stop};
use crate::pair::Row;

const WITH_SESSION: &str =
    "bfd_instance N { neighbor_ip 192.0.2.1; source_ip 192.0.2.2; min_rx 50; min_tx 50 }";

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "a BFD neighbour with a weight comes and goes",
        file: "bfd_instance N { neighbor_ip 192.0.2.2; source_ip 192.0.2.1; min_rx 50; min_tx 50 }; vrrp_instance A eth0 101 150 { track_bfd { N weight -40 }; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["sent 101 110"]),
            (Peer(WITH_SESSION), &["sent 101 150"]),
            (PeerStop, &["sent 101 110", "192.0.2.101"]),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "a BFD neighbour without a weight is a FAULT while it is away",
        file: "bfd_instance N { neighbor_ip 192.0.2.2; source_ip 192.0.2.1; min_rx 50; min_tx 50 }; vrrp_instance A eth0 101 150 { track_bfd { N }; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["!sent 101", "!192.0.2.101"]),
            (Peer(WITH_SESSION), &["fifo INSTANCE \"A\" MASTER 150", "192.0.2.101"]),
            (PeerStop, &["fifo INSTANCE \"A\" FAULT 150", "!192.0.2.101"]),
            (Stop, &[]),
        ],
        differs: "",
    },
    Row {
        name: "a tracked file gets another path by a reload",
        file: "track_file F { file /run/n; weight 1 }; vrrp_instance A eth0 101 150 { track_file { F }; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Sh("echo 10 >/run/n; echo -20 >/run/o"), &[]),
            (Start, &["sent 101 160"]),
            (
                Reload(
                    "track_file F { file /run/o; weight 1 }; vrrp_instance A eth0 101 150 { track_file { F }; virtual_ipaddress { 192.0.2.101/24 } }",
                ),
                &["sent 101 130"],
            ),
            (Sh("echo 50 >/run/n"), &["sent 101 130"]),
            (Sh("echo 5 >/run/o"), &["sent 101 155"]),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "a tracked interface gets another weight by a reload, while it is down",
        file: "vrrp_instance A eth0 101 150 { track_interface { eth1 weight -30 }; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["sent 101 150"]),
            (Sh("ip link set eth1 down"), &["sent 101 120"]),
            (
                Reload(
                    "vrrp_instance A eth0 101 150 { track_interface { eth1 weight -50 }; virtual_ipaddress { 192.0.2.101/24 } }",
                ),
                &["sent 101 100"],
            ),
            (Sh("ip link set eth1 up"), &["sent 101 150"]),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "an address becomes an excluded one by a reload, and another one goes",
        file: "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24; 192.0.2.102/24; 192.0.2.103/24 } }",
        steps: &[
            (Start, &["192.0.2.101/24", "192.0.2.102/24", "192.0.2.103/24"]),
            (
                Reload(
                    "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 }; virtual_ipaddress_excluded { 192.0.2.102/24 } }",
                ),
                &["192.0.2.101/24", "192.0.2.102/24", "!192.0.2.103"],
            ),
            (Stop, &["!192.0.2.10"]),
        ],
        differs: "",
    },
    Row {
        name: "a reload with a keyword that nobody knows",
        file: "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["sent 101 150"]),
            (
                Reload("vrrp_instance A eth0 101 160 { frobnicate 7; virtual_ipaddress { 192.0.2.101/24 } }"),
                &["sent 101 160", "192.0.2.101/24"],
            ),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "a BACKUP gets the highest priority by a reload, then the lowest",
        file: "vrrp_instance A eth0 101 100 { virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Peer("vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 } }"), &[]),
            (Start, &["fifo INSTANCE \"A\" BACKUP 100", "!sent 101"]),
            (
                Reload("vrrp_instance A eth0 101 200 { virtual_ipaddress { 192.0.2.101/24 } }"),
                &["fifo INSTANCE \"A\" MASTER 200", "sent 101 200"],
            ),
            (
                Reload("vrrp_instance A eth0 101 50 { virtual_ipaddress { 192.0.2.101/24 } }"),
                &["fifo INSTANCE \"A\" BACKUP 50", "!192.0.2.101"],
            ),
            (PeerStop, &["fifo INSTANCE \"A\" MASTER 50"]),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "an interface without carrier at the start, then with it",
        file: "vrrp_instance A eth1 101 150 { virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Sh("ip link set far down"), &[]),
            (Start, &["!addr eth1 inet 192.0.2.101"]),
            (Sh("ip link set far up"), &["fifo INSTANCE \"A\" MASTER 150", "addr eth1 inet 192.0.2.101/24"]),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
];
