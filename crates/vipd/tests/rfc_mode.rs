//! `rfc3768` and `rfc9568` on a real kernel, beside a keepalived that is configured as near to them as it can be.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::net::IpAddr;
use std::time::Duration;

use common::conf::{V2, V3_CALM, Variant};
use common::hosts::{KEEPALIVED, Maker, Router, shell_in};
use common::lan::Lan;
use common::{eventually, lab_test};
use vip_lab::Stamp;
use vip_lab::frame::Frame;

const SOON: Duration = Duration::from_secs(4);

/// Lines with which keepalived does what the RFC says, as far as it can.
const NEAREST: &str =
    "use_vmac\nno_accept\ngarp_master_repeat 1\ngarp_master_delay 0\ngarp_lower_prio_repeat 0";

/// The mode, its version, and the line that keepalived needs besides [`NEAREST`].
struct Mode {
    keyword: &'static str,
    variant: Variant,
    of_keepalived: &'static str,
    mac: [u8; 6],
    /// The first address, where that is not the one that is watched.
    first: &'static str,
}

fn file(mode: &Mode, priority: u8, lines: &str) -> String {
    let Mode { variant, first, .. } = mode;
    format!(
        "vrrp_instance V {{\ninterface eth0\nvirtual_router_id 51\npriority {priority}\nadvert_int {}\n{lines}\n\
         virtual_ipaddress {{\n{first}\n{}/{}\n}}\n}}\n",
        variant.interval.as_secs_f64(),
        variant.address(100),
        variant.prefix()
    )
}

fn setting(router: &Router, name: &str) -> String {
    router.shell(&format!("cat /proc/sys/net/ipv4/conf/{name}")).trim().to_owned()
}

/// vipd is MASTER, hands over to keepalived, and comes back as BACKUP that must not forward.
fn beside_keepalived(test: &str, mode: &Mode) {
    lab_test(test, &[KEEPALIVED], || {
        let variant = mode.variant;
        let mut lan = Lan::new(variant, &[Maker::Vipd, Maker::Keepalived], &[100]);
        let vip = lan.vip(100);
        for router in &lan.routers {
            router.shell("echo 1 >/proc/sys/net/ipv4/ip_forward");
        }
        let start = Stamp::now();
        lan.routers[0].start(&file(mode, 150, mode.keyword));
        lan.expect_holder(vip, 0, variant.down(150) + SOON);
        let theirs = format!("version {}\n{}\n{NEAREST}", variant.version, mode.of_keepalived);
        lan.routers[1].start(&file(mode, 100, &theirs));
        lan.stays_with(vip, 0, variant.down(100));
        is_virtual(&lan, mode, vip, start);
        if !variant.ipv6 {
            assert_eq!(setting(&lan.routers[0], "vrrp.51/forwarding"), "1", "the MASTER forwards");
            assert_eq!(setting(&lan.routers[0], "vrrp.51/send_redirects"), "0");
        }

        lan.routers[0].stop();
        lan.expect_holder(vip, 1, variant.down(100) + SOON);
        lan.routers[0].start(&file(mode, 50, mode.keyword));
        lan.stays_with(vip, 1, variant.down(50) + SOON);
        if !variant.ipv6 {
            eventually("a BACKUP does not forward", SOON, || {
                setting(&lan.routers[0], "vrrp.51/forwarding") == "0"
            });
        }
        lan.routers[1].stop();
        lan.expect_holder(vip, 0, variant.down(50) + SOON);
        if !variant.ipv6 {
            eventually("the MASTER forwards", SOON, || setting(&lan.routers[0], "vrrp.51/forwarding") == "1");
        }
        lan.never_two(variant.overlap());
    });
}

/// One announcement with the virtual MAC address, which hosts learn, and no answer to ping (Accept_Mode is False).
fn is_virtual(lan: &Lan, mode: &Mode, vip: IpAddr, since: Stamp) {
    let announced: Vec<_> = lan
        .wire
        .seen()
        .iter()
        .filter(|seen| seen.at >= since)
        .filter_map(|seen| match seen.frame {
            Frame::Announcement { address, mac } if address == vip => Some(mac),
            _ => None,
        })
        .collect();
    assert_eq!(announced, [mode.mac], "one, when it became MASTER");
    let family = if vip.is_ipv4() { "-4" } else { "-6" };
    let heard =
        shell_in(&lan.listener, &format!("ping {family} -c1 -W1 {vip}; ip {family} neigh show to {vip}"));
    let mac = mode.mac.map(|octet| format!("{octet:02x}")).join(":");
    assert!(heard.contains(&mac), "{heard}");
    assert!(heard.contains(" 0 received"), "{heard}");
}

#[test]
fn rfc_3768_beside_a_keepalived_that_is_as_near_as_it_can_be() {
    let mode = Mode {
        keyword: "rfc3768",
        variant: V2,
        of_keepalived: "lower_prio_no_advert",
        mac: [0, 0, 0x5e, 0, 1, 51],
        first: "",
    };
    beside_keepalived("rfc_3768_beside_a_keepalived_that_is_as_near_as_it_can_be", &mode);
}

#[test]
fn rfc_9568_beside_a_keepalived_that_is_as_near_as_it_can_be() {
    // Over IPv4, keepalived knows the checksum of RFC 9568 since 2.2.8 only.
    let mode = Mode {
        keyword: "rfc9568",
        variant: Variant { ipv6: true, ..V3_CALM },
        of_keepalived: "",
        mac: [0, 0, 0x5e, 0, 2, 51],
        first: "fe80::51/64",
    };
    beside_keepalived("rfc_9568_beside_a_keepalived_that_is_as_near_as_it_can_be", &mode);
}
