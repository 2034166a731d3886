//! Scripts, FIFOs, and the life of the daemon.

use crate::pair::Act::{Crash, KillWorker, Peer, PeerStop, Reload, Sh, Start, Stop};
use crate::pair::Row;

const NOTIFY: &str = "vrrp_instance A eth0 101 150 { notify_priority_changes yes; notify \"/etc/keepalived/record.sh all\"; notify_master \"/etc/keepalived/record.sh master\"; \
 notify_backup \"/etc/keepalived/record.sh backup\"; notify_fault \"/etc/keepalived/record.sh fault\"; notify_stop \"/etc/keepalived/record.sh stop\"; \
 notify_master_rx_lower_pri \"/etc/keepalived/record.sh lower\"; track_interface { eth1 weight -40 }; virtual_ipaddress { 192.0.2.101/24 } }";

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "notify_priority_changes with scripts",
        file: NOTIFY,
        steps: &[
            (Start, &["ran all INSTANCE A MASTER 150", "ran master"]),
            (
                Sh("ip link set eth1 down"),
                &["!ran all INSTANCE A MASTER 110", "fifo INSTANCE \"A\" MASTER_PRIORITY 110"],
            ),
            (Sh("ip link set eth0 down"), &["ran all INSTANCE A FAULT 110"]),
            (Sh("ip link set eth1 up; sleep 0.3; ip link set eth0 up"), &["sent 101 150"]),
            (Stop, &["ran all INSTANCE A STOP 150", "ran stop"]),
        ],
        differs: "",
    },
    Row {
        name: "notify of a reload and with the states on the FIFO",
        file: "global_defs { fifo_write_vrrp_states_on_reload }; vrrp_instance A eth0 101 150 { notify \"/etc/keepalived/record.sh all\"; virtual_ipaddress { 192.0.2.101/24 } }; \
 vrrp_instance B eth1 102 150 { virtual_ipaddress { 192.0.2.102/24 } }",
        steps: &[
            (Start, &["fifo INSTANCE \"A\" MASTER 150", "fifo INSTANCE \"B\" MASTER 150"]),
            (
                Reload(
                    "global_defs { fifo_write_vrrp_states_on_reload }; vrrp_instance A eth0 101 170 { notify \"/etc/keepalived/record.sh all\"; virtual_ipaddress { 192.0.2.101/24 } }; \
 vrrp_instance C eth1 103 150 { virtual_ipaddress { 192.0.2.103/24 } }",
                ),
                &[
                    "fifo INSTANCE \"A\" MASTER 170",
                    "!fifo INSTANCE \"A\" MASTER 150",
                    "sent 101 170",
                    "!192.0.2.102",
                    "192.0.2.103",
                ],
            ),
            (Stop, &["!192.0.2.10"]),
        ],
        differs: "readers of a FIFO see its end at every reload",
    },
    Row {
        name: "priority changes while in FAULT",
        file: NOTIFY,
        steps: &[
            (Start, &[]),
            (Sh("ip link set eth0 down"), &["ran all INSTANCE A FAULT 150"]),
            (Sh("ip link set eth1 down"), &[]),
            (Sh("ip link set eth0 up"), &["sent 101 110"]),
            (Stop, &["ran all INSTANCE A STOP 110"]),
        ],
        differs: "",
    },
    Row {
        name: "states on the FIFO after a reload, nothing changed",
        file: "global_defs { fifo_write_vrrp_states_on_reload }; vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 } }; vrrp_instance B eth1 102 150 { virtual_ipaddress { 192.0.2.102/24 } }",
        steps: &[
            (Start, &["fifo INSTANCE \"A\" MASTER 150", "fifo INSTANCE \"B\" MASTER 150"]),
            (
                Reload(
                    "global_defs { fifo_write_vrrp_states_on_reload }; vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 } }; vrrp_instance B eth1 102 150 { virtual_ipaddress { 192.0.2.102/24 } }",
                ),
                &[],
            ),
            (Sh("ip link set eth1 down"), &[]),
            (
                Reload(
                    "global_defs { fifo_write_vrrp_states_on_reload }; vrrp_instance A eth0 101 140 { virtual_ipaddress { 192.0.2.101/24 } }; vrrp_instance B eth1 102 150 { virtual_ipaddress { 192.0.2.102/24 } }",
                ),
                &[],
            ),
            (Stop, &[]),
        ],
        differs: "readers of a FIFO see its end at every reload",
    },
    Row {
        name: "start-up script that fails, shutdown script",
        file: "global_defs { startup_script \"/usr/bin/false\"; shutdown_script \"/etc/keepalived/record.sh down\" }; vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[(Start, &["sent 101 150"]), (Stop, &["ran down"])],
        differs: "",
    },
    Row {
        name: "start-up script that is slow",
        file: "global_defs { startup_script \"/bin/sleep 30\"; startup_script_timeout 1; shutdown_script \"/bin/sleep 30\"; shutdown_script_timeout 1 }; vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[(Start, &["sent 101 150"]), (Stop, &["!192.0.2.101"])],
        differs: "",
    },
    Row {
        name: "nopreempt, reload in the middle, higher priority comes back",
        file: "vrrp_instance A eth0 101 150 { nopreempt; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Peer("vrrp_instance A eth0 101 100 { virtual_ipaddress { 192.0.2.101/24 } }"), &[]),
            (Start, &["fifo INSTANCE \"A\" BACKUP 150", "!sent 101"]),
            (
                Reload("vrrp_instance A eth0 101 160 { nopreempt; virtual_ipaddress { 192.0.2.101/24 } }"),
                &["!sent 101"],
            ),
            (PeerStop, &["sent 101 160"]),
            (Sh("ip link set eth0 down"), &["fifo INSTANCE \"A\" FAULT"]),
            (Peer("vrrp_instance A eth0 101 100 { virtual_ipaddress { 192.0.2.101/24 } }"), &[]),
            (Sh("ip link set eth0 up"), &["!sent 101"]),
            (
                Reload("vrrp_instance A eth0 101 160 { virtual_ipaddress { 192.0.2.101/24 } }"),
                &["sent 101 160"],
            ),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "an instance gets another name, VRID and family",
        file: "vrrp_instance A eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["sent 101 150"]),
            (
                Reload("vrrp_instance Z eth0 101 150 { virtual_ipaddress { 192.0.2.101/24 } }"),
                &["sent 101 150", "192.0.2.101"],
            ),
            (
                Reload("vrrp_instance Z eth0 102 150 { virtual_ipaddress { 192.0.2.101/24 } }"),
                &["sent 102 150", "!sent 101", "192.0.2.101"],
            ),
            (
                Reload(
                    "vrrp_instance Z eth0 102 150 { virtual_ipaddress { fe80::101/64; 2001:db8::101/64 } }",
                ),
                &["sent 102 150 v6", "!192.0.2.101"],
            ),
            (Crash, &["sent 102 150 v6"]),
            (Stop, &["!2001:db8::101"]),
        ],
        differs: "",
    },
    Row {
        name: "an interface away and back",
        file: "vrrp_instance A eth1 101 150 { notify \"/etc/keepalived/record.sh all\"; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Start, &["addr eth1 inet 192.0.2.101/24"]),
            (Sh("ip link set far down"), &["fifo INSTANCE \"A\" FAULT 150"]),
            (Sh("ip link set far up"), &["fifo INSTANCE \"A\" MASTER 150"]),
            (Sh("ip link set eth1 down; ip link set eth1 up"), &["addr eth1 inet 192.0.2.101/24"]),
            (KillWorker, &["addr eth1 inet 192.0.2.101/24"]),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
    Row {
        name: "state MASTER, two instances, one stops by reload",
        file: "vrrp_instance A eth0 101 150 { state MASTER; virtual_ipaddress { 192.0.2.101/24 } }; vrrp_instance B eth0 102 90 { state MASTER; virtual_ipaddress { 192.0.2.102/24 } }",
        steps: &[
            (Start, &["sent 101 150", "sent 102 90"]),
            (
                Reload(
                    "vrrp_instance A eth0 101 150 { state MASTER; virtual_ipaddress { 192.0.2.101/24; 192.0.2.102/24 } }",
                ),
                &["sent 101 150", "!sent 102", "192.0.2.102"],
            ),
            (Stop, &["!192.0.2.10"]),
        ],
        differs: "",
    },
    Row {
        name: "preempt_delay and a peer that is lower",
        file: "vrrp_instance A eth0 101 150 { preempt_delay 2; virtual_ipaddress { 192.0.2.101/24 } }",
        steps: &[
            (Peer("vrrp_instance A eth0 101 100 { virtual_ipaddress { 192.0.2.101/24 } }"), &[]),
            (Start, &["sent 101 150"]),
            (Stop, &["!192.0.2.101"]),
        ],
        differs: "",
    },
];
