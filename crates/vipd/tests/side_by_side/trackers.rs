//! Files, processes, interfaces and scripts that move a priority.

use crate::pair::Act::{Crash, KillWorker, Peer, Reload, Sh, Start, Stop};
use crate::pair::Row;

const FAULT: &str = "fifo INSTANCE \"A\" FAULT 150";
const MASTER: &str = "fifo INSTANCE \"A\" MASTER 150";

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "missing file with weight 0, then made by rename",
        file: "track_file F { file /run/n; weight 0 }; vrrp_instance A eth0 101 150 { track_file { F }; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["sent 101 150"]),
            (Sh("echo 1 > /run/m; mv /run/m /run/n"), &[FAULT, "!192.0.2.101"]),
            (Sh("echo 0 > /run/m; mv /run/m /run/n"), &[MASTER]),
            (Sh("echo 5 > /run/n"), &[FAULT]),
            (Sh("rm /run/n"), &[MASTER]),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "file in FAULT at start",
        file: "track_file F { file /run/n; weight 1 }; vrrp_instance A eth0 101 150 { track_file { F weight 1 }; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Sh("echo -254 > /run/n"), &[]),
            (Start, &[FAULT, "!192.0.2.101"]),
            (Sh("echo -100 > /run/n"), &["sent 101 50"]),
            (
                Reload(
                    "track_file F { file /run/n; weight 1 }; vrrp_instance A eth0 101 160 { track_file { F weight 1 }; virtual_ipaddress { 192.0.2.101/24 } }",
                ),
                &["sent 101 60"],
            ),
            (
                Reload("vrrp_instance A eth0 101 160 { virtual_ipaddress { 192.0.2.101/24 } }"),
                &["sent 101 160"],
            ),
            (Stop, &[]),
        ],
        differs: "",
    },
    Row {
        name: "file with weight reverse",
        file: "track_file F { file /run/n; weight 2 reverse }; vrrp_instance A eth0 101 150 { track_file { F }; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Sh("echo 10 > /run/n"), &[]),
            (Start, &["sent 101 130"]),
            (Sh("echo -20 > /run/n"), &["sent 101 190"]),
            (KillWorker, &["sent 101 190"]),
            (
                Reload(
                    "track_file F { file /run/n; weight 2 }; vrrp_instance A eth0 101 150 { track_file { F }; virtual_ipaddress { 192.0.2.101/24 } }",
                ),
                &["sent 101 110"],
            ),
            (Stop, &[]),
        ],
        differs: "",
    },
    Row {
        name: "init_file and two instances, one file, two weights",
        file: "vrrp_track_file F { file /run/n; init_file 7 }; vrrp_instance A eth0 101 100 { track_file { F weight 2 }; virtual_ipaddress { 192.0.2.101/24 } }; \
 vrrp_instance B eth0 102 100 { track_file { F weight -3 }; virtual_ipaddress { 192.0.2.102/24 } }",
        steps: &[
            (Start, &["sent 101 114", "sent 102 79"]),
            (Sh("echo 20 > /run/n"), &["sent 101 140", "sent 102 40"]),
            (Sh("echo 99 > /run/n"), &["sent 101 254", "fifo INSTANCE \"B\" FAULT"]),
            (Crash, &["sent 101 254"]),
            (Stop, &[]),
        ],
        differs: "an instance in FAULT because of what a file says keeps the weight",
    },
    Row {
        name: "new file by a reload",
        file: "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["sent 101 150"]),
            (Sh("echo 1 > /run/n"), &[]),
            (
                Reload(
                    "track_file F { file /run/n; weight 0 }; vrrp_instance A eth0 101 150 { track_file { F }; virtual_ipaddress { 192.0.2.101/24 } }",
                ),
                &[FAULT, "!192.0.2.101"],
            ),
            (Sh("echo 0 > /run/n"), &["sent 101 150"]),
            (Stop, &[]),
        ],
        differs: "",
    },
    Row {
        name: "file and process of a sync group",
        file: "track_file F { file /run/n; weight 1 }; vrrp_track_process P { process nobodys; weight -20 }; vrrp_sync_group G { group { A; B }; track_file { F weight 2 }; track_process { P } }; \
 vrrp_instance A eth0 101 100 { track_file { F weight 5 }; virtual_ipaddress { 192.0.2.101/24 } }; vrrp_instance B eth0 102 100 { virtual_ipaddress { 192.0.2.102/24 } }",
        steps: &[
            (Sh("echo 7 > /run/n"), &[]),
            (Start, &["sent 101 94", "sent 102 94"]),
            (Sh("echo -30 > /run/n"), &["sent 101 20", "sent 102 20"]),
            (Sh("echo 0 > /run/n"), &["sent 101 80", "sent 102 80"]),
            (Stop, &[]),
        ],
        differs: "",
    },
    Row {
        name: "file of a sync group is a FAULT of its members",
        file: "track_file F { file /run/n; weight 0 }; vrrp_sync_group G { group { A; B }; track_file { F } }; vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 } }; vrrp_instance B eth0 102 100 { virtual_ipaddress { 192.0.2.102/24 } }",
        steps: &[
            (Sh("echo 0 > /run/n"), &[]),
            (Start, &["sent 101 150", "sent 102 100"]),
            (Sh("echo 1 > /run/n"), &["GROUP \"G\" FAULT", "!192.0.2.101", "!192.0.2.102"]),
            (Sh("echo 0 > /run/n"), &["sent 101 150", "sent 102 100"]),
            (Stop, &[]),
        ],
        differs: "",
    },
    Row {
        name: "interface with weight",
        file: "vrrp_instance A eth0 101 150 { track_interface { eth1 weight -40 }; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["sent 101 150"]),
            (Sh("ip link set eth1 down"), &["sent 101 110"]),
            (
                Reload(
                    "vrrp_instance A eth0 101 150 { track_interface { eth1 weight 40 reverse }; virtual_ipaddress { 192.0.2.101/24 } }",
                ),
                &["sent 101"],
            ),
            (Sh("ip link set eth1 up"), &["sent 101"]),
            (Sh("ip link set far down"), &["sent 101"]),
            (Stop, &[]),
        ],
        differs: "",
    },
    Row {
        name: "interface without weight, two instances, deleted and made again",
        file: "vrrp_instance A eth0 101 150 { track_interface { eth1 }; virtual_ipaddress { 192.0.2.101/24 } }; vrrp_instance B eth0 102 150 { track_interface { eth1 weight 10 }; virtual_ipaddress { 192.0.2.102/24 } }",
        steps: &[
            (Start, &["sent 101 150", "sent 102 160"]),
            (Sh("ip link del eth1"), &[FAULT, "sent 102 150"]),
            (
                Sh("ip link add name eth1 type veth peer name far; ip link set far up; ip link set eth1 up"),
                &[MASTER, "sent 102 160"],
            ),
            (Stop, &[]),
        ],
        differs: "",
    },
    Row {
        name: "script with weights, rise and fall",
        file: "vrrp_script C { script \"/usr/bin/test -e /run/n\"; interval 1; rise 1; fall 1; weight -30 }; vrrp_instance A eth0 101 150 { track_script { C }; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["sent 101 120"]),
            (Sh("touch /run/n"), &["sent 101 150"]),
            (
                Reload(
                    "vrrp_script C { script \"/usr/bin/test -e /run/n\"; interval 1; rise 1; fall 1; weight 20 }; vrrp_instance A eth0 101 150 { track_script { C }; virtual_ipaddress { 192.0.2.101/24 } }",
                ),
                &["sent 101 170"],
            ),
            (Sh("rm /run/n"), &["sent 101 150"]),
            (
                Reload(
                    "vrrp_script C { script \"/usr/bin/test -e /run/n\"; interval 1; rise 1; fall 1 }; vrrp_instance A eth0 101 150 { track_script { C weight 0 }; virtual_ipaddress { 192.0.2.101/24 } }",
                ),
                &[FAULT],
            ),
            (Sh("touch /run/n"), &[MASTER]),
            (Stop, &[]),
        ],
        differs: "",
    },
    Row {
        name: "script with init_fail and reverse",
        file: "vrrp_script C { script \"/usr/bin/test -e /run/n\"; interval 1; rise 1; fall 1; init_fail }; vrrp_instance A eth0 101 150 { track_script { C weight 10 reverse }; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[(Start, &["sent 101 150"]), (Sh("touch /run/n"), &["sent 101 140"]), (Stop, &[])],
        differs: "",
    },
    Row {
        name: "track_interface of the interface that carries the instance",
        file: "vrrp_instance A eth0 101 150 { dont_track_primary; track_interface { eth0 weight -20 }; virtual_ipaddress { 192.0.2.101/24 dev eth1 } }",
        steps: &[
            (Start, &["sent 101 150", "192.0.2.101/24 scope global eth1"]),
            (Sh("ip link set eth1 down"), &["fifo INSTANCE \"A\" FAULT 150"]),
            (Sh("ip link set eth1 up"), &["sent 101 150"]),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "dont_track_primary and the interface of an address",
        file: "vrrp_instance A eth0 101 150 { dont_track_primary; virtual_ipaddress { 192.0.2.101/24 dev eth1 } }",
        steps: &[
            (Start, &["sent 101 150", "192.0.2.101/24 scope global eth1"]),
            (Sh("ip link set eth1 down"), &[]),
            (Sh("ip link set eth1 up"), &["sent 101 150"]),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "dont_track_primary and the interface of an address down at the start",
        file: "vrrp_instance A eth0 101 150 { dont_track_primary; virtual_ipaddress { 192.0.2.101/24 dev eth1 } }",
        steps: &[
            (Sh("ip link set eth1 down"), &[]),
            (Start, &[]),
            (Sh("ip link set eth1 up"), &["sent 101 150"]),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "dont_track_primary, an excluded address and a route of another interface",
        file: "vrrp_instance A eth0 101 150 { dont_track_primary; virtual_ipaddress { 192.0.2.101/24 }; virtual_ipaddress_excluded { 10.9.9.9/24 dev eth1 }; virtual_routes { 10.1.0.0/16 dev eth1 } }",
        steps: &[
            (Start, &[]),
            (Sh("ip link set eth1 down"), &[]),
            (Sh("ip link set eth1 up"), &["sent 101 150"]),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "dont_track_primary, route of another interface",
        file: "vrrp_instance A eth0 101 150 { dont_track_primary; virtual_ipaddress { 192.0.2.101/24 }; virtual_routes { 10.1.0.0/16 via 198.51.100.7 dev eth1 } }",
        steps: &[
            (Start, &[]),
            (Sh("ip link set eth1 down"), &[]),
            (Sh("ip link set eth1 up"), &["sent 101 150"]),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "dont_track_primary, an address of another interface with no_track",
        file: "vrrp_instance A eth0 101 150 { dont_track_primary; virtual_ipaddress { 192.0.2.101/24 dev eth1 no_track } }",
        steps: &[
            (Start, &["sent 101 150"]),
            (Sh("ip link set eth1 down"), &["sent 101 150"]),
            (Sh("ip link set eth1 up"), &["sent 101 150"]),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "dont_track_primary and an excluded address of another interface",
        file: "vrrp_instance A eth0 101 150 { dont_track_primary; virtual_ipaddress { 192.0.2.101/24 }; virtual_ipaddress_excluded { 10.9.9.9/24 dev eth1 } }",
        steps: &[
            (Start, &["sent 101 150"]),
            (Sh("ip link set eth1 down"), &["fifo INSTANCE \"A\" FAULT 150"]),
            (Sh("ip link set eth1 up"), &["sent 101 150"]),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "process: quorum, and one that ends",
        file: "vrrp_track_process P { process probe; weight 30; quorum 2; delay 1 }; vrrp_instance A eth0 101 100 { track_process { P }; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Sh("cp /bin/sleep /run/probe; /run/probe 90 </dev/null >/dev/null 2>&1 &"), &[]),
            (Start, &["sent 101 100"]),
            (Sh("/run/probe 91 </dev/null >/dev/null 2>&1 & sleep 1.5"), &["sent 101 130"]),
            (
                Reload(
                    "vrrp_track_process P { process probe; weight 20; quorum 3; delay 1 }; vrrp_instance A eth0 101 100 { track_process { P }; virtual_ipaddress { 192.0.2.101/24 } }",
                ),
                &["sent 101 100"],
            ),
            (Sh("/run/probe 92 </dev/null >/dev/null 2>&1 & sleep 1.5"), &["sent 101 120"]),
            (Stop, &[]),
        ],
        differs: "where the kernel does not tell of processes",
    },
    Row {
        name: "process with parameters",
        file: "vrrp_track_process P { process /run/probe 92; param_match partial; weight 30 }; vrrp_track_process Q { process probe 9; full_command; param_match initial; weight 7 }; \
 vrrp_instance A eth0 101 100 { track_process { P; Q }; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Sh("cp /bin/sleep /run/probe; /run/probe 90 </dev/null >/dev/null 2>&1 &"), &[]),
            (Start, &["sent 101"]),
            (Sh("/run/probe 92 </dev/null >/dev/null 2>&1 & sleep 1.5"), &["sent 101"]),
            (Stop, &[]),
        ],
        differs: "where the kernel does not tell of processes",
    },
    Row {
        name: "a delay of an interface, and a reload in the middle of it",
        file: "interface_up_down_delays { eth1 3 2 }; vrrp_instance A eth1 101 150 { notify \"/etc/keepalived/record.sh all\"; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["addr eth1 inet 192.0.2.101/24"]),
            (Sh("ip link set far down"), &["addr eth1 inet 192.0.2.101/24", "!fifo"]),
            (
                Reload(
                    "interface_up_down_delays { eth1 3 2 }; vrrp_instance A eth1 101 160 { notify \"/etc/keepalived/record.sh all\"; virtual_ipaddress { 192.0.2.101/24 } }",
                ),
                &["fifo INSTANCE \"A\" FAULT"],
            ),
            (Sh("sleep 3; ip link set far up"), &["fifo INSTANCE \"A\" MASTER 160"]),
            (Stop, &[]),
        ],
        differs: "a delay of an interface of two intervals or more",
    },
    Row {
        name: "priority by a file decides who is MASTER",
        file: "track_file F { file /run/n; weight 1 }; vrrp_instance A eth0 101 150 { track_file { F }; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["sent 101 150"]),
            (
                Peer("vrrp_instance A eth0 101 140 { virtual_ipaddress { 192.0.2.101/24 } }"),
                &["sent 101 150"],
            ),
            (Sh("echo -20 > /run/n"), &["!sent 101", "!192.0.2.101"]),
            (Sh("echo 0 > /run/n"), &["sent 101 150", "192.0.2.101"]),
            (Stop, &[]),
        ],
        differs: "",
    },
];
