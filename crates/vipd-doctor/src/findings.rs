//! Findings that follow from the facts.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::Serialize;
use vipd_status::Severity;

use super::facts::{Facts, Interface, Ipvs, Router};
use super::ruleset::{Direction, Packet, Verdict};

/// Something that hurts, or will.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    pub(super) code: &'static str,
    /// The thing that has it.
    pub(super) subject: String,
    pub(super) wrong: String,
    pub(super) why: String,
    #[serde(rename = "do")]
    pub(super) remedy: String,
}

/// All findings, the worst first.
pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    interfaces(facts, &mut found);
    facts.routers.iter().for_each(|router| of_router(facts, router, &mut found));
    packet_filter(facts, &mut found);
    services(facts, &mut found);
    daemon(facts, &mut found);
    others(facts, &mut found);
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    found
}

/// Puts a finding together.
fn finding(
    severity: Severity,
    code: &'static str,
    subject: &str,
    [wrong, why, remedy]: [String; 3],
) -> Finding {
    Finding { severity, code, subject: subject.to_owned(), wrong, why, remedy }
}

/// Owned words, for the three sentences of a finding.
macro_rules! said {
    ($($text:expr),+ $(,)?) => { [$(format!($text)),+] };
}

fn interfaces(facts: &Facts, found: &mut Vec<Finding>) {
    let names: BTreeSet<&String> =
        facts.routers.iter().filter_map(|router| router.interface.as_ref()).collect();
    for name in names {
        let Some(interface) = facts.interfaces.get(name) else {
            found.push(finding(
                Severity::Error,
                "interface-missing",
                name,
                said![
                    "this machine has no interface {name}",
                    "its instances stay in FAULT",
                    "make the interface, or correct `interface` (`ip link` lists names)",
                ],
            ));
            continue;
        };
        if !interface.up {
            found.push(finding(
                Severity::Error,
                "interface-down",
                name,
                said![
                    "the interface is down, or has no carrier",
                    "its instances stay in FAULT",
                    "`ip link set {name} up`, or look at the cable and the port of the switch",
                ],
            ));
        }
        let users: Vec<&Router> =
            facts.routers.iter().filter(|router| router.interface.as_ref() == Some(name)).collect();
        of_interface(name, interface, &users, found);
    }
}

fn of_interface(name: &str, interface: &Interface, users: &[&Router], found: &mut Vec<Finding>) {
    if !interface.multicast && users.iter().any(|router| router.peers.is_empty()) {
        found.push(finding(
            Severity::Error,
            "multicast-off",
            name,
            said![
                "multicast is off on the interface",
                "adverts to the group of VRRP may not be heard, and two machines serve",
                "`ip link set {name} multicast on`, or use unicast_peer",
            ],
        ));
    }
    let needed = users.iter().map(|router| advert_len(router)).max().unwrap_or_default();
    if interface.mtu < needed {
        let mtu = interface.mtu;
        found.push(finding(
            Severity::Error,
            "mtu-small",
            name,
            said![
                "its MTU is {mtu}, and adverts or IPv6 need {needed}",
                "adverts cannot be sent, and another machine serves as well",
                "`ip link set {name} mtu {needed}` or more, or move addresses to virtual_ipaddress_excluded",
            ],
        ));
    }
    if interface.arp_ignore == 8 && users.iter().any(|router| !router.ipv6) {
        found.push(finding(
            Severity::Error,
            "arp-ignore",
            name,
            said![
                "arp_ignore is 8: the kernel answers ARP for no local address",
                "clients whose entry for a virtual address expires do not reach it",
                "`sysctl net.ipv4.conf.{name}.arp_ignore=1`, and the same for `all`",
            ],
        ));
    }
    if interface.accept_ra == 1 && interface.forwards_v6 && users.iter().any(|router| router.ipv6) {
        found.push(finding(
            Severity::Warning,
            "accept-ra",
            name,
            said![
                "IPv6 is forwarded, and accept_ra is 1: router advertisements are ignored",
                "a default route that was learned from them expires",
                "`sysctl net.ipv6.conf.{name}.accept_ra=2`, or set the route by hand",
            ],
        ));
    }
}

/// Bytes of an advert with its IP header; what IPv6 itself needs, if that is more.
fn advert_len(router: &Router) -> u32 {
    let addresses = u32::try_from(router.addresses).unwrap_or(u32::MAX);
    if router.ipv6 {
        addresses.saturating_mul(16).saturating_add(48).max(1280)
    } else {
        let ah = if router.has_ah { 24 } else { 0 };
        addresses.saturating_mul(4).saturating_add(20 + 8 + 8 + ah)
    }
}

fn of_router(facts: &Facts, router: &Router, found: &mut Vec<Finding>) {
    let is_strict = |name: &&String| facts.interfaces.get(*name).is_some_and(|it| it.rp_filter == 1);
    if let Some(name) = router.interface.as_ref().filter(is_strict) {
        let elsewhere = router.peers.iter().filter(|peer| peer.address.is_ipv4()).find_map(|peer| {
            let route = peer.route.as_ref().filter(|route| *route != name)?;
            Some((peer.address, route))
        });
        if let Some((peer, route)) = elsewhere {
            found.push(finding(Severity::Error, "rp-filter-strict", &router.name, said![
                "rp_filter is strict on {name}, and the route to the peer {peer} leaves by {route}",
                "the kernel discards adverts of {peer} that arrive on {name}, and both machines serve",
                "`sysctl net.ipv4.conf.{name}.rp_filter=2` (and that of `all` not 1), or route {peer} by {name}",
            ]));
        }
    }
    if router.needs_clock && facts.clock_is_synchronised == Some(false) {
        found.push(finding(
            Severity::Warning,
            "clock-unsynchronised",
            &router.name,
            said![
                "auth_hmac compares clocks, and nothing keeps the clock of this machine right",
                "once the clocks are too far apart, peers reject each other's adverts and all of them serve",
                "run chrony, ntpd or systemd-timesyncd, or use `anti_replay monotonic`",
            ],
        ));
    }
}

fn packet_filter(facts: &Facts, found: &mut Vec<Finding>) {
    if facts.routers.is_empty() {
        return;
    }
    if let Some(why) = &facts.filter_unknown {
        found.push(finding(
            Severity::Note,
            "firewall-unknown",
            "packet filter",
            said![
                "its rules are not known: {why}",
                "a rule that drops adverts would not be found",
                "run this as root, with nft installed",
            ],
        ));
    }
    if let Some(rule) = &facts.iptables_drop {
        found.push(finding(
            Severity::Error,
            "firewall-drops-vrrp",
            "iptables",
            said![
                "the rule `{rule}` drops adverts",
                "a machine that does not hear the other one serves as well",
                "put `-p vrrp -j ACCEPT` before it",
            ],
        ));
    }
    let Some(ruleset) = &facts.ruleset else { return };
    let mut told = BTreeSet::new();
    for (router, packet) in
        facts.routers.iter().flat_map(|it| packets(it).into_iter().map(move |one| (it, one)))
    {
        let (severity, code, rule) = match ruleset.verdict(&packet) {
            Verdict::Passes => continue,
            Verdict::Drops(rule) => (Severity::Error, "firewall-drops-vrrp", rule),
            Verdict::MayDrop(rule) => (Severity::Warning, "firewall-may-drop-vrrp", rule),
        };
        let (way, effect) = match packet.direction {
            Direction::In => ("arrive on", "this machine does not hear the other one, and serves as well"),
            Direction::Out => ("leave by", "other machines do not hear this one, and serve as well"),
        };
        let Packet { interface, protocol, destination, .. } = &packet;
        let drops = if severity == Severity::Error { "drops" } else { "may drop" };
        let wrong =
            format!("{rule} {drops} adverts (protocol {protocol} to {destination}) that {way} {interface}");
        if told.insert(wrong.clone()) {
            let name = if *protocol == 51 { "ah" } else { "vrrp" };
            let remedy = format!("accept them before that rule: `meta l4proto {name} accept`");
            found.push(finding(severity, code, &router.name, [wrong, effect.to_owned(), remedy]));
        }
    }
}

/// The adverts that a router has to send and hear.
fn packets(router: &Router) -> Vec<Packet> {
    let Some(interface) = router.interface.clone() else { return Vec::new() };
    let protocol = if router.has_ah { 51 } else { 112 };
    let packet = |direction, destination, source| Packet {
        direction,
        interface: interface.clone(),
        destination,
        source,
        protocol,
    };
    let mut all = Vec::new();
    for peer in &router.peers {
        all.push(packet(Direction::Out, peer.address, None));
        // The destination is an address of ours: any will do, for rules about it are rare.
        let own: IpAddr =
            if router.ipv6 { [0xfe80, 0, 0, 0, 0, 0, 0, 1].into() } else { [192, 0, 2, 1].into() };
        all.push(packet(Direction::In, own, Some(peer.address)));
    }
    if let Some(group) = router.group.filter(|_| router.peers.is_empty()) {
        all.push(packet(Direction::In, group, None));
        all.push(packet(Direction::Out, group, None));
    }
    all
}

fn services(facts: &Facts, found: &mut Vec<Finding>) {
    let services = &facts.services;
    if services.count == 0 {
        return;
    }
    let about = "virtual servers";
    match services.ipvs {
        Ipvs::Loaded => {}
        Ipvs::Module => found.push(finding(
            Severity::Note,
            "ipvs-not-loaded",
            about,
            said![
                "the module ip_vs is not loaded",
                "it is loaded when the daemon starts, unless modules are locked by then",
                "`modprobe ip_vs`, and name it in /etc/modules-load.d",
            ],
        )),
        Ipvs::Absent => found.push(finding(
            Severity::Error,
            "ipvs-missing",
            about,
            said![
                "the kernel has no load balancer (ip_vs)",
                "no virtual server works",
                "install a kernel with the module ip_vs; in a container load it on the host",
            ],
        )),
    }
    if services.nat && facts.forwards == Some(false) {
        found.push(finding(
            Severity::Error,
            "forwarding-off",
            about,
            said![
                "some forward by NAT, and net.ipv4.ip_forward is 0",
                "answers of real servers are not forwarded to the clients",
                "`sysctl net.ipv4.ip_forward=1`, also in /etc/sysctl.d",
            ],
        ));
    }
}

fn daemon(facts: &Facts, found: &mut Vec<Finding>) {
    let daemon = &facts.daemon;
    if let Some(why) = &daemon.unreachable {
        found.push(finding(
            Severity::Note,
            "control-socket",
            "daemon",
            said![
                "{why}",
                "the neighbours that a running daemon hears are not part of these findings",
                "start it, or say --socket; only root and members of control_group may ask it",
            ],
        ));
    }
    if daemon.is_stale {
        found.push(finding(
            Severity::Warning,
            "config-stale",
            "configuration",
            said![
                "the file was changed since it was loaded",
                "a restart would do something else than what runs now",
                "look at `vipd config --diff`, then `vipd reload`",
            ],
        ));
    }
    // One for each check under way, and what a process has anyway.
    let needed = u64::try_from(facts.services.checkers + 2 * facts.routers.len() + 64).unwrap_or(u64::MAX);
    if let Some(limit) = daemon.descriptors.filter(|&limit| limit < needed) {
        found.push(finding(
            Severity::Warning,
            "descriptor-limit",
            "daemon",
            said![
                "a process may open {limit} descriptors, and {needed} may be needed at once",
                "checks wait for each other, and routers may not get their sockets",
                "LimitNOFILE= of the unit, or `ulimit -n` where it is started",
            ],
        ));
    }
    if let Some(limit) = daemon.lockable.filter(|&limit| limit < LOCKED) {
        found.push(finding(
            Severity::Warning,
            "memlock-limit",
            "daemon",
            said![
                "vrrp_no_swap is set, and only {limit} bytes may be locked",
                "the memory of the election is not locked and may be swapped out",
                "LimitMEMLOCK=infinity of the unit, or give the container CAP_IPC_LOCK",
            ],
        ));
    }
}

fn others(facts: &Facts, found: &mut Vec<Finding>) {
    for (pid, name) in &facts.others {
        found.push(finding(
            Severity::Error,
            "other-daemon",
            name,
            said![
                "process {pid} of another VRRP daemon runs in this network namespace",
                "both set and remove the same addresses, and peers hear two speakers",
                "stop and disable one of them",
            ],
        ));
    }
    for (instance, words) in &facts.strangers {
        found.push(finding(Severity::Error, "duplicate-vrid", instance, said![
            "{instance} {words}",
            "both groups believe the other's adverts, or reject them: addresses are served twice or not at all",
            "give one of them another virtual_router_id (`vipd neighbours` shows free ones)",
        ]));
    }
    for words in &facts.insecure {
        found.push(finding(Severity::Warning, "script-rights", "scripts", said![
            "{words}",
            "anybody who changes it runs commands as its user, which is often root",
            "chown and chmod the file and every directory above it; `enable_script_security` refuses to run it",
        ]));
    }
    for words in &facts.unrunnable {
        found.push(finding(
            Severity::Warning,
            "script-not-runnable",
            "scripts",
            said![
                "{words}",
                "it never runs, and its instances go on without it",
                "correct the path, the rights of the file or its user",
            ],
        ));
    }
    let serves_v4 = facts.routers.iter().any(|router| !router.ipv6);
    if serves_v4 && facts.nonlocal_bind == Some(false) {
        found.push(finding(Severity::Note, "nonlocal-bind", "machine", said![
            "net.ipv4.ip_nonlocal_bind is 0",
            "a program that binds to a virtual address (HAProxy) does not start while this machine is BACKUP",
            "`sysctl net.ipv4.ip_nonlocal_bind=1`, if there is such a program",
        ]));
    }
}

/// Bytes that the VRRP worker locks with some instances.
const LOCKED: u64 = 64 << 20;

/// Codes with their meaning, for `vipd explain CODE`.
pub(super) const CODES: &[(&str, &str)] = &[
    ("accept-ra", "IPv6 is forwarded, so the kernel ignores router advertisements unless accept_ra is 2."),
    ("arp-ignore", "arp_ignore 8 lets the kernel answer ARP for no local address, virtual ones included."),
    (
        "clock-unsynchronised",
        "auth_hmac with a window compares clocks, and the kernel says that nothing disciplines this one.",
    ),
    ("config-stale", "The files of the configuration are not those that the running daemon read."),
    ("control-socket", "No daemon answers at the control socket."),
    (
        "descriptor-limit",
        "The limit of open descriptors (RLIMIT_NOFILE) is lower than what checks and routers may need.",
    ),
    (
        "duplicate-vrid",
        "The running daemon hears another router with a VRID of ours that is no peer, or a second master.",
    ),
    ("firewall-drops-vrrp", "A rule of the packet filter drops adverts for certain."),
    (
        "firewall-may-drop-vrrp",
        "A rule of the packet filter drops adverts, unless one before it lets them pass that could not be judged.",
    ),
    ("firewall-unknown", "The rules of the packet filter could not be read."),
    ("forwarding-off", "Virtual servers forward by NAT, and the kernel forwards no IPv4 packets."),
    ("interface-down", "An interface of an instance is down or has no carrier."),
    ("interface-missing", "An interface of an instance is not there."),
    ("ipvs-missing", "Virtual servers are configured, and this kernel has no ip_vs."),
    ("ipvs-not-loaded", "Virtual servers are configured, and ip_vs is a module that is not loaded yet."),
    ("memlock-limit", "vrrp_no_swap is set, and RLIMIT_MEMLOCK is too low for it."),
    ("mtu-small", "The MTU of an interface is smaller than an advert, or than what IPv6 needs."),
    ("multicast-off", "An interface of an instance without unicast peers has no MULTICAST flag."),
    ("nonlocal-bind", "Programs cannot bind to a virtual address that this machine does not hold."),
    ("other-daemon", "Another program that speaks VRRP runs in the same network namespace."),
    (
        "rp-filter-strict",
        "Strict reverse path filtering discards adverts of a unicast peer whose route leaves by another interface.",
    ),
    ("script-not-runnable", "A script of the configuration is missing, or its user cannot run it."),
    ("script-rights", "A script, or a directory above it, can be changed by others than root and its user."),
];

#[cfg(test)]
#[path = "findings_tests.rs"]
mod tests;
