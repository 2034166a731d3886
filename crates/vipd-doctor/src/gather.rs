//! Gathers the facts. Nothing is judged here.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};

use keepalived_conf::model::lvs::Forwarding;
use keepalived_conf::model::{Auth, Config, VrrpInstance};
use nix::net::if_::InterfaceFlags;
use nix::sys::resource::{Resource, getrlimit};
use vipd_status::{ProblemKind, Status};
use vrrp_linux::interfaces::Interfaces;
use vrrp_linux::sysctl::{self, Family};

use super::facts::{DaemonFacts, Facts, Interface, Ipvs, Peer, Router, Services};
use super::ruleset::Ruleset;
use crate::Subject;

/// Everything that can be known now. `status` is that of the daemon, or the reason why there is none.
pub(super) fn gather(subject: Subject, status: Result<&Status, String>) -> Facts {
    let config = &subject.config;
    let present = vrrp_linux::monitor::snapshot().unwrap_or_default();
    let (ruleset, filter_unknown) = match listed() {
        Ok(rules) => (Some(rules), None),
        Err(why) => (None, Some(why)),
    };
    Facts {
        routers: config.instances.iter().map(|instance| router(config, instance, &present)).collect(),
        interfaces: interfaces(&present),
        ruleset,
        filter_unknown,
        iptables_drop: iptables_drop(),
        clock_is_synchronised: vrrp_linux::clock::is_synchronised().ok(),
        forwards: flag("/proc/sys/net/ipv4/ip_forward"),
        nonlocal_bind: flag("/proc/sys/net/ipv4/ip_nonlocal_bind"),
        insecure: subject.insecure,
        unrunnable: subject.unrunnable,
        strangers: status.as_ref().map(|status| strangers(status)).unwrap_or_default(),
        others: others(),
        services: services(config),
        daemon: daemon(config, status),
    }
}

fn router(config: &Config, instance: &VrrpInstance, present: &Interfaces) -> Router {
    let usual: IpAddr =
        if instance.ipv6 { config.global.multicast_v6.into() } else { config.global.multicast_v4.into() };
    let peers = instance.unicast_peers.iter().map(|peer| Peer {
        address: peer.address,
        route: route(peer.address).and_then(|own| Some(present.owner_of(own)?.name.clone())),
    });
    Router {
        name: instance.name.clone(),
        interface: instance.interface.clone(),
        ipv6: instance.ipv6,
        group: instance.multicast_group.or(Some(usual)),
        peers: peers.collect(),
        has_ah: matches!(instance.auth, Auth::Ah(_)),
        needs_clock: matches!(&instance.auth, Auth::Hmac(hmac) if hmac.window.is_some()),
        addresses: instance.addresses.len(),
    }
}

/// The own address that packets to another one leave with: the kernel says so without sending any.
fn route(peer: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { [0_u16; 8].into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((peer, DISCARD)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

fn interfaces(present: &Interfaces) -> BTreeMap<String, Interface> {
    let flags: BTreeMap<String, InterfaceFlags> = nix::ifaddrs::getifaddrs()
        .map(|all| all.map(|one| (one.interface_name, one.flags)).collect())
        .unwrap_or_default();
    let of = |link: &vrrp_linux::interfaces::Interface| {
        let v4 = |setting| {
            let one = |name: &str| sysctl::read(Family::V4, name, setting).unwrap_or_default();
            one(&link.name).max(one("all"))
        };
        let v6 = |setting| sysctl::read(Family::V6, &link.name, setting).unwrap_or_default();
        let multicast = flags.get(&link.name).is_none_or(|it| it.contains(InterfaceFlags::IFF_MULTICAST));
        let interface = Interface {
            up: link.up,
            multicast,
            mtu: link.mtu,
            rp_filter: v4("rp_filter"),
            arp_ignore: v4("arp_ignore"),
            accept_ra: v6("accept_ra"),
            forwards_v6: v6("forwarding") != 0,
        };
        (link.name.clone(), interface)
    };
    present.iter().map(of).collect()
}

/// The rules of nftables.
fn listed() -> Result<Ruleset, String> {
    let output = run("nft", &["-j", "list", "ruleset"]).map_err(|error| format!("nft: {error}"))?;
    Ruleset::parse(&output).ok_or_else(|| "nft printed no rules that are understood".to_owned())
}

/// A rule of iptables about protocol 112 alone. Where iptables writes to nftables, nft lists the same.
fn iptables_drop() -> Option<String> {
    ["iptables-save", "ip6tables-save"].into_iter().find_map(|program| {
        let rules = run(program, &["-t", "filter"]).ok()?;
        let about = |line: &&str| {
            let chain = line.starts_with("-A INPUT ") || line.starts_with("-A OUTPUT ");
            chain && ["-p vrrp ", "-p 112 "].iter().any(|protocol| line.contains(protocol))
        };
        let first = rules.lines().find(about)?;
        ["-j DROP", "-j REJECT"].iter().any(|verdict| first.contains(verdict)).then(|| first.to_owned())
    })
}

fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(vipd_status::clean(said.lines().next().unwrap_or("it failed")).into_owned())
}

fn flag(path: &str) -> Option<bool> {
    Some(fs::read_to_string(path).ok()?.trim() != "0")
}

fn strangers(status: &Status) -> Vec<(String, String)> {
    let kinds = [ProblemKind::Stranger, ProblemKind::TwoMasters];
    let problems = vipd_status::problems(status).into_iter().filter(|problem| kinds.contains(&problem.kind));
    problems.map(|problem| (problem.subject, problem.text)).collect()
}

/// Other programs that speak VRRP or the like in this network namespace.
fn others() -> Vec<(u32, String)> {
    let own = fs::read_link("/proc/self/ns/net").ok();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let found = processes.filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let name = fs::read_to_string(entry.path().join("comm")).ok()?.trim().to_owned();
        let is_here = fs::read_link(entry.path().join("ns/net")).ok() == own;
        (is_here && OTHERS.contains(&name.as_str())).then_some((pid, name))
    });
    let found: Vec<_> = found.collect();
    // Processes of one daemon have one name: the first stands for all.
    let mut first: BTreeMap<String, u32> = BTreeMap::new();
    for (pid, name) in found {
        first.entry(name).and_modify(|known| *known = pid.min(*known)).or_insert(pid);
    }
    first.into_iter().map(|(name, pid)| (pid, name)).collect()
}

fn services(config: &Config) -> Services {
    let real = config.virtual_servers.iter().flat_map(|server| &server.real_servers);
    Services {
        count: config.virtual_servers.len(),
        nat: real.clone().any(|real| real.forwarding == Forwarding::Nat),
        checkers: real.map(|real| real.checkers.len()).sum(),
        ipvs: ipvs(),
    }
}

fn ipvs() -> Ipvs {
    if Path::new("/proc/net/ip_vs").exists() {
        return Ipvs::Loaded;
    }
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let modules = fs::read_to_string(format!("/lib/modules/{release}/modules.dep")).unwrap_or_default();
    if modules.contains("/ip_vs.ko") { Ipvs::Module } else { Ipvs::Absent }
}

fn daemon(config: &Config, status: Result<&Status, String>) -> DaemonFacts {
    let process = status.as_ref().map_or_else(|_| "self".to_owned(), |status| status.daemon.pid.to_string());
    let descriptors =
        limit(&process, "Max open files").or_else(|| Some(getrlimit(Resource::RLIMIT_NOFILE).ok()?.1));
    let locks = config.global.vrrp_no_swap && !may_lock(&process);
    DaemonFacts {
        is_stale: status.as_ref().is_ok_and(|status| status.daemon.config.stale),
        unreachable: status.err(),
        descriptors,
        lockable: limit(&process, "Max locked memory").filter(|_| locks),
    }
}

/// The hard limit of a process.
fn limit(process: &str, name: &str) -> Option<u64> {
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).ok()?;
    let line = limits.lines().find(|line| line.starts_with(name))?;
    line.get(name.len()..)?.split_whitespace().nth(1)?.parse().ok()
}

/// Whether a process has CAP_IPC_LOCK.
fn may_lock(process: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let bits = effective.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    bits.is_some_and(|bits| bits >> CAP_IPC_LOCK & 1 == 1)
}

/// Names of processes, which the kernel cuts after 15 bytes.
const OTHERS: [&str; 5] = ["keepalived", "vrrpd", "uvrrpd", "ucarp", "carpd"];

const CAP_IPC_LOCK: u32 = 14;

/// Nothing is sent there.
const DISCARD: u16 = 9;
