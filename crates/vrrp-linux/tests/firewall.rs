//! Packets to virtual addresses are dropped by a real kernel, and `nft` understands the table.

#![allow(clippy::unwrap_used, reason = "helper functions of tests may panic too")]

mod support;

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::process::Command;
use std::time::Duration;

use support::{in_namespace, skipped, until};
use vrrp_linux::firewall::{Blocked, Family, Firewall, FirewallCommands, FirewallMonitor, Settings};
use vrrp_linux::links::LinkCommands;

const MARK: u8 = 112;

/// A machine for loopback addresses, and its socket; `None` if the kernel has no nftables.
fn open(settings: Settings) -> Option<(Firewall<u32>, FirewallCommands)> {
    let mut commands = FirewallCommands::open().ok()?;
    let mut firewall = Firewall::new(MARK, settings.clone());
    firewall.configure(settings, |_| true);
    look(&mut firewall, &mut commands).ok()?;
    let transaction = &firewall.before()[0];
    if commands.carry_out(&firewall, transaction).unwrap().is_err() {
        skipped("no nftables for IPv4");
        return None;
    }
    look(&mut firewall, &mut commands).ok()?;
    Some((firewall, commands))
}

fn look(firewall: &mut Firewall<u32>, commands: &mut FirewallCommands) -> io::Result<()> {
    let tables = commands.tables()?;
    firewall.handle_tables(&tables, &[MARK], true);
    Ok(())
}

fn settle(firewall: &mut Firewall<u32>, commands: &mut FirewallCommands) {
    for phase in [|firewall: &mut Firewall<u32>| firewall.before(), Firewall::after] {
        for transaction in phase(firewall) {
            let answer = commands.carry_out(firewall, &transaction).unwrap();
            assert!(answer.is_ok(), "{transaction:?}: {answer:?}");
            firewall.handle_answer(&transaction, None);
        }
    }
}

/// Whether a packet to that address arrives.
fn arrives(address: &str) -> bool {
    let address: IpAddr = address.parse().unwrap();
    let receiver = UdpSocket::bind(SocketAddr::new(address, 0)).unwrap();
    receiver.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let local: IpAddr = if address.is_ipv4() { [127, 0, 0, 1].into() } else { "::1".parse().unwrap() };
    let sender = UdpSocket::bind(SocketAddr::new(local, 0)).unwrap();
    // The kernel says at once that it may not be sent, or drops it on arrival.
    let _ = sender.send_to(b"hello", receiver.local_addr().unwrap());
    receiver.recv(&mut [0; 8]).is_ok()
}

fn nft(arguments: &[&str]) -> Option<String> {
    let output = Command::new("nft").args(arguments).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

fn blocked(address: &str) -> Blocked {
    Blocked::new(address.parse().unwrap(), 1)
}

fn on_loopback(addresses: &[&str]) {
    let mut links = LinkCommands::open().unwrap();
    for address in addresses {
        links.add_address(1, address.parse().unwrap()).unwrap();
    }
    until("the addresses are usable", || {
        addresses.iter().all(|address| {
            let address: IpAddr = address.split('/').next().unwrap().parse().unwrap();
            UdpSocket::bind(SocketAddr::new(address, 0)).is_ok()
        })
    });
}

#[test]
fn a_closed_address_gets_no_packets_until_it_is_opened() {
    in_namespace(|| {
        on_loopback(&["192.0.2.1/32", "192.0.2.2/32", "2001:db8::1/128", "2001:db8::2/128"]);
        let Some((mut firewall, mut commands)) = open(Settings::new("keepalived")) else { return };
        firewall.want(1, [blocked("192.0.2.1"), blocked("2001:db8::1")]);
        settle(&mut firewall, &mut commands);
        for (address, expected) in
            [("192.0.2.1", false), ("192.0.2.2", true), ("2001:db8::1", false), ("2001:db8::2", true)]
        {
            assert_eq!(arrives(address), expected, "{address}");
        }
        firewall.release(1);
        settle(&mut firewall, &mut commands);
        assert!(arrives("192.0.2.1") && arrives("2001:db8::1"));
        firewall.configure(Settings::new("keepalived"), |_| false);
        settle(&mut firewall, &mut commands);
        assert_eq!(commands.tables().unwrap(), []);
    });
}

#[test]
fn thousands_of_addresses_are_closed_in_one_transaction() {
    in_namespace(|| {
        let Some((mut firewall, mut commands)) = open(Settings::new("keepalived")) else { return };
        let many =
            (0..4000_u32).map(|number| Blocked::new(IpAddr::from((0x0a00_0000 + number).to_be_bytes()), 1));
        let local = (1..2000_u16)
            .map(|number| Blocked::new([0xfe80, 0, 0, 0, 0, 0, 0, number].into(), number.into()));
        firewall.want(1, many.chain(local));
        settle(&mut firewall, &mut commands);
        firewall.release(1);
        settle(&mut firewall, &mut commands);
        assert!(!firewall.has_tasks());
    });
}

#[test]
fn the_table_reads_as_it_is_meant() {
    in_namespace(|| {
        let mut settings = Settings::new("mine");
        (settings.priority, settings.counters) = (7, true);
        let Some((mut firewall, mut commands)) = open(settings) else { return };
        firewall.want(1, [blocked("192.0.2.1"), blocked("fe80::1"), blocked("2001:db8::1")]);
        settle(&mut firewall, &mut commands);
        let Some(text) = nft(&["list", "ruleset"]) else { return skipped("no nft") };
        let words: Vec<_> = text.split_whitespace().collect();
        let text = words.join(" ");
        for part in [
            "table ip mine { comment \"vrrp-linux mark 112\"",
            "set vips { type ipv4_addr elements = { 192.0.2.1 } }",
            "chain in { type filter hook input priority filter + 7; policy accept; ip daddr @vips counter packets 0 bytes 0 drop }",
            "chain out { type filter hook output priority filter + 7; policy accept; ip saddr @vips counter packets 0 bytes 0 drop }",
            "set vips_link_local { type ipv6_addr . iface_index elements = { fe80::1 . \"lo\" } }",
            "set vips { type ipv6_addr elements = { 2001:db8::1 } }",
            "icmpv6 type 135-136",
            "ip6 daddr . iif @vips_link_local counter packets",
            "ip6 saddr . oif @vips_link_local counter packets",
            "ip6 daddr @vips counter packets",
            "ip6 saddr @vips counter packets",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    });
}

#[test]
fn changes_by_others_are_reported_and_our_own_are_not() {
    in_namespace(|| {
        let Some((mut firewall, mut commands)) = open(Settings::new("keepalived")) else { return };
        settle(&mut firewall, &mut commands);
        let mut monitor = FirewallMonitor::open().unwrap();
        let own: Vec<_> = firewall.own().map(|(family, name)| (family, name.to_owned())).collect();
        assert_eq!(own.len(), 2);
        let own = || own.iter().map(|(family, name)| (*family, name.as_str()));
        firewall.want(1, [blocked("192.0.2.1")]);
        settle(&mut firewall, &mut commands);
        firewall.release(1);
        settle(&mut firewall, &mut commands);
        assert!(!monitor.drain(commands.port(), &own()).unwrap().concerns_us);
        if nft(&["add", "table", "ip", "other"]).is_none() {
            return skipped("no nft");
        }
        nft(&["delete", "table", "ip", "other"]);
        assert!(!monitor.drain(commands.port(), &own()).unwrap().concerns_us);
        for damage in [
            &["flush", "chain", "ip", "keepalived", "in"][..],
            &["delete", "table", "ip6", "keepalived"],
            &["flush", "ruleset"],
        ] {
            let answer = nft(damage).unwrap();
            assert_eq!(answer, "", "{damage:?}");
            assert!(monitor.drain(commands.port(), &own()).unwrap().concerns_us, "{damage:?}");
            firewall.distrust();
            look(&mut firewall, &mut commands).unwrap();
            settle(&mut firewall, &mut commands);
            let tables = commands.tables().unwrap();
            assert_eq!(tables.iter().filter(|table| table.mark == Some(MARK)).count(), 2);
            assert_eq!(nft(&["list", "chain", "ip", "keepalived", "in"]).unwrap().matches("drop").count(), 1);
            assert!(!monitor.drain(commands.port(), &own()).unwrap().concerns_us);
        }
    });
}

#[test]
fn a_table_that_somebody_else_made_first_is_refused_and_found() {
    in_namespace(|| {
        let Ok(mut commands) = FirewallCommands::open() else { return skipped("no netfilter") };
        let settings = Settings::new("keepalived");
        let mut firewall = Firewall::new(MARK, settings.clone());
        firewall.configure(settings, |family| family == Family::Ipv4);
        if look(&mut firewall, &mut commands).is_err() {
            return skipped("no nftables");
        }
        let make = &firewall.before()[0];
        if nft(&["add", "table", "ip", "keepalived"]).is_none() {
            return skipped("no nft");
        }
        let refusal = commands.carry_out(&firewall, make).unwrap().unwrap_err();
        assert_eq!(refusal.errno, libc::EEXIST);
        firewall.handle_answer(make, Some(refusal.errno));
        look(&mut firewall, &mut commands).unwrap();
        assert_eq!(firewall.other_name(Family::Ipv4), Some("keepalived_112"));
        settle(&mut firewall, &mut commands);
        let tables = commands.tables().unwrap();
        let marks: Vec<_> = tables.iter().map(|table| (table.name.as_str(), table.mark)).collect();
        assert_eq!(marks, [("keepalived", None), ("keepalived_112", Some(MARK))]);
    });
}
