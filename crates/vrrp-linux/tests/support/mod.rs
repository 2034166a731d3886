//! Shared by the kernel tests: a private network namespace, or a loud excuse.

#![allow(dead_code, unreachable_pub, reason = "no test file uses all of this")]
#![allow(clippy::unwrap_used, reason = "only tests call this")]

use std::io::Write;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use vrrp_linux::links::LinkCommands;
use vrrp_linux::monitor::snapshot;
use vrrp_linux::namespace::Namespace;
use vrrp_linux::socket::Device;
use vrrp_linux::sysctl::{self, Family};

/// Runs `test` on a thread in a new network namespace whose loopback interface is up.
pub fn in_namespace(test: impl FnOnce() + Send) {
    let namespace = match Namespace::create() {
        Ok(namespace) => namespace,
        Err(reason) => {
            skipped(&format!("no network namespace: {reason}"));
            return;
        }
    };
    namespace
        .run(|| {
            let mut links = LinkCommands::open().unwrap();
            let loopback = links.index_of("lo").unwrap();
            links.set_up(loopback).unwrap();
            test();
        })
        .unwrap();
}

/// A wire between "left" and "right", with addresses at both ends.
pub fn addressed_wire() -> (Device, Device) {
    let (left, right) = wire("left", "right");
    let mut links = LinkCommands::open().unwrap();
    for (index, addresses) in
        [(left, ["192.0.2.1/24", "fe80::1/64"]), (right, ["192.0.2.2/24", "fe80::2/64"])]
    {
        for address in addresses {
            links.add_address(index, address.parse().unwrap()).unwrap();
        }
    }
    // Both ends are this machine: packets come from an address of our own.
    for name in ["left", "right", "all"] {
        sysctl::set(Family::V4, name, "accept_local", 1).unwrap();
        sysctl::set(Family::V4, name, "rp_filter", 0).unwrap();
    }
    until_up(left, right);
    (Device { index: left, name: "left".into() }, Device { index: right, name: "right".into() })
}

/// A VRRPv3 advertisement in an IPv4 packet, complete but for what the kernel fills in.
pub fn ipv4_packet(source: Ipv4Addr, destination: Ipv4Addr, ttl: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0xc0, 0, 0, 0x12, 0x34, 0, 0, ttl, 112, 0, 0];
    packet.extend(source.octets());
    packet.extend(destination.octets());
    packet.extend(payload);
    packet
}

/// Says that a test cannot run here. Written past the test harness, which hides what a passing test prints.
pub fn skipped(reason: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED {reason}");
}

/// Two interfaces of this namespace joined by a wire, both up. Gives their indexes.
pub fn wire(left: &str, right: &str) -> (u32, u32) {
    let mut links = LinkCommands::open().unwrap();
    let left = links.create_veth(left, right, None).unwrap();
    let right = links.index_of(right).unwrap();
    links.set_up(left).unwrap();
    links.set_up(right).unwrap();
    (left, right)
}

/// Keeps IPv6 away from interfaces made from now on: their link-local addresses come without an event, when they
/// like.
pub fn without_ipv6() {
    sysctl::set(Family::V6, "default", "disable_ipv6", 1).unwrap();
}

/// Waits until both interfaces can carry traffic.
pub fn until_up(left: u32, right: u32) {
    until("both ends are up", || {
        let interfaces = snapshot().unwrap();
        [left, right].iter().all(|index| interfaces.by_index(*index).unwrap().up)
    });
}

/// Waits until `done` says so, at most twenty seconds.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "timed out: {what}");
        std::thread::yield_now();
    }
}
