//! Where a field is meant to differ from keepalived's, and why.

/// A difference that is on purpose.
pub(crate) struct Difference {
    /// The fields, under keepalived's names.
    pub(crate) fields: &'static [&'static str],
    /// The cases that it is expected of, by their text.
    pub(crate) when: fn(&str) -> bool,
    /// The reason.
    pub(crate) why: &'static str,
}

pub(crate) const DIFFERENCES: &[Difference] = &[
    Difference {
        fields: &[
            "Gratuitous ARP delay",
            "Gratuitous ARP repeat",
            "Gratuitous ARP refresh",
            "Gratuitous ARP refresh repeat",
            "Gratuitous ARP lower priority delay",
            "Gratuitous ARP lower priority repeat",
            "Interval",
            "Timeout",
            "Weight",
            "Tracked scripts",
        ],
        when: |case| case.ends_with(" x") || case.ends_with(" 4294967296"),
        why: "a value that is refused leaves what held before; keepalived takes 0, 1 or the default",
    },
    Difference {
        fields: &["Multicast address"],
        when: |case| case.ends_with("mcast_dst_ip 10.0.0.1"),
        why: "a group that is refused leaves the one before; keepalived forgets that too",
    },
    Difference {
        fields: &["Preempt delay"],
        when: |case| ["3x", "1001.000000", "-1"].iter().any(|end| case.ends_with(end)),
        why: "a delay that is refused leaves the one before; keepalived takes 0, or microseconds for `3x`",
    },
    Difference {
        fields: &["Interval", "Timeout"],
        when: |case| case.contains("2.5") || case.contains("4294967.0"),
        why: "times of scripts have fractions and are as long as in later releases; 2.2.7 counts whole seconds up to 4294",
    },
    Difference {
        fields: &["Weight", "Tracked scripts"],
        when: |case| case.contains("weight 254") || case.contains("weight -254"),
        why: "a weight out of range is taken at the nearest bound, where its effect is the same",
    },
    Difference {
        fields: &["Accept"],
        when: |case| case.contains("strict_mode") && case.contains("accept"),
        why: "`accept` counts in strict mode, as in later releases",
    },
    Difference {
        fields: &["Unicast Peer"],
        when: |case| case.matches("10.255.0.2").count() == 2,
        why: "a peer that is listed twice gets one copy of each advert; later releases refuse it",
    },
    Difference {
        fields: &["Tracked interfaces"],
        when: |case| case.contains("eth1 foo"),
        why: "a word that is no option costs itself, not the tracker",
    },
    Difference {
        fields: &["Gratuitous ARP refresh repeat"],
        when: |case| case.contains("vrrp_min_garp on"),
        why: "`vrrp_min_garp` leaves one packet to a refresh that is asked for; keepalived sends none then",
    },
];
