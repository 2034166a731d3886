//! Sync groups.

use crate::stage::{Act, Scenario, Step};

/// An instance on an interface, with a VRID, a priority, the last number of its address and other lines.
macro_rules! instance {
    ($name:literal, $interface:literal, $number:literal, $priority:literal, $lines:literal) => {
        concat!(
            "vrrp_instance ",
            $name,
            " {\ninterface ",
            $interface,
            "\nversion 3\nadvert_int 0.3\nvirtual_router_id ",
            $number,
            "\npriority ",
            $priority,
            "\n",
            $lines,
            "\nvirtual_ipaddress {\n192.0.2.",
            $number,
            "/32 dev eth0\n}\n}\n"
        )
    };
}

macro_rules! group {
    ($members:literal, $lines:literal) => {
        concat!("vrrp_sync_group G {\ngroup {\n", $members, "\n}\n", $lines, "\n}\n")
    };
}

/// A check that is good as long as a file is missing, with other lines.
macro_rules! check {
    ($lines:literal) => {
        concat!(
            "vrrp_script check {\nscript \"/usr/bin/test ! -e /etc/keepalived/down\"\ninterval 1\nrise 1\nfall 1\n",
            $lines,
            "\n}\n"
        )
    };
}

const TWO: &str =
    concat!(instance!("A", "eth0", 101, 150, ""), instance!("B", "eth1", 102, 150, ""), group!("A\nB", ""));
const THREE: &str = concat!(
    instance!("A", "eth0", 101, 150, ""),
    instance!("B", "eth1", 102, 150, ""),
    instance!("C", "eth0", 103, 150, ""),
    group!("A\nB\nC", "")
);

const BEGIN: Step = Step {
    act: Act::Start,
    lines: &[
        "GROUP \"G\" BACKUP 0",
        "INSTANCE \"A\" BACKUP 150",
        "INSTANCE \"B\" BACKUP 150",
        "INSTANCE \"A\" MASTER 150",
        "INSTANCE \"B\" MASTER 150",
        "GROUP \"G\" MASTER 0",
    ],
    holds: &[101, 102],
};
/// A group that has to wait for a check is told of after its members.
const BEGIN_AFTER_CHECK: Step = Step { act: Act::Start, lines: AGAIN, holds: &[101, 102] };
const FAULT: &[&str] = &["INSTANCE \"A\" FAULT 150", "INSTANCE \"B\" FAULT 150", "GROUP \"G\" FAULT 0"];
const AGAIN: &[&str] = &[
    "INSTANCE \"A\" BACKUP 150",
    "INSTANCE \"B\" BACKUP 150",
    "GROUP \"G\" BACKUP 0",
    "INSTANCE \"A\" MASTER 150",
    "INSTANCE \"B\" MASTER 150",
    "GROUP \"G\" MASTER 0",
];
const STOP: Step = Step {
    act: Act::Stop,
    lines: &["INSTANCE \"A\" STOP 150", "INSTANCE \"B\" STOP 150", "GROUP \"G\" STOP 0"],
    holds: &[],
};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "a group begins and stops", file: TWO, steps: &[BEGIN, STOP] },
    Scenario {
        name: "an interface of one member is down for a while",
        file: TWO,
        steps: &[
            BEGIN,
            Step { act: Act::Shell("ip link set dev eth1 down"), lines: FAULT, holds: &[] },
            Step { act: Act::Shell("ip link set dev eth1 up"), lines: AGAIN, holds: &[101, 102] },
            STOP,
        ],
    },
    Scenario {
        name: "one of three members is in fault at the start",
        file: THREE,
        steps: &[
            Step { act: Act::Shell("ip link set dev eth1 down"), lines: &[], holds: &[] },
            Step {
                act: Act::Start,
                lines: &[
                    "INSTANCE \"A\" FAULT 150",
                    "INSTANCE \"B\" FAULT 150",
                    "INSTANCE \"C\" FAULT 150",
                    "GROUP \"G\" FAULT 0",
                ],
                holds: &[],
            },
            Step {
                act: Act::Shell("ip link set dev eth1 up"),
                lines: &[
                    "INSTANCE \"A\" BACKUP 150",
                    "INSTANCE \"B\" BACKUP 150",
                    "INSTANCE \"C\" BACKUP 150",
                    "GROUP \"G\" BACKUP 0",
                    "INSTANCE \"A\" MASTER 150",
                    "INSTANCE \"B\" MASTER 150",
                    "INSTANCE \"C\" MASTER 150",
                    "GROUP \"G\" MASTER 0",
                ],
                holds: &[101, 102, 103],
            },
        ],
    },
    Scenario {
        name: "the check of one member fails for a while",
        file: concat!(
            check!(""),
            instance!("A", "eth0", 101, 150, "track_script {\ncheck\n}"),
            instance!("B", "eth1", 102, 150, ""),
            group!("A\nB", "")
        ),
        steps: &[
            BEGIN_AFTER_CHECK,
            Step { act: Act::Shell("touch /etc/keepalived/down"), lines: FAULT, holds: &[] },
            Step { act: Act::Shell("rm /etc/keepalived/down"), lines: AGAIN, holds: &[101, 102] },
        ],
    },
    Scenario {
        name: "the check of the group fails for a while",
        file: concat!(
            check!(""),
            instance!("A", "eth0", 101, 150, ""),
            instance!("B", "eth1", 102, 150, ""),
            group!("A\nB", "track_script {\ncheck\n}")
        ),
        steps: &[
            BEGIN_AFTER_CHECK,
            Step { act: Act::Shell("touch /etc/keepalived/down"), lines: FAULT, holds: &[] },
            Step { act: Act::Shell("rm /etc/keepalived/down"), lines: AGAIN, holds: &[101, 102] },
        ],
    },
    Scenario {
        name: "a reload dissolves the group",
        file: TWO,
        steps: &[
            BEGIN,
            Step {
                act: Act::Reload(concat!(
                    instance!("A", "eth0", 101, 150, ""),
                    instance!("B", "eth1", 102, 150, "")
                )),
                lines: &[],
                holds: &[101, 102],
            },
            Step {
                act: Act::Shell("ip link set dev eth1 down"),
                lines: &["INSTANCE \"B\" FAULT 150"],
                holds: &[101],
            },
        ],
    },
];
