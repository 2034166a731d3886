//! A Backup beside a live Active goes on hearing it, whatever happens to its interface, its address, its neighbours or
//! its own process; and what an Active sends, octet by octet and in order.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::net::IpAddr;
use std::thread::sleep;
use std::time::Duration;

use common::conf::{
    Instance, V2_AH, V3_CALM, V3_IPV4, V3_IPV4_UNICAST, V3_IPV6, V3_IPV6_UNICAST, Variant, text,
};
use common::hosts::Maker::Vipd;
use common::hosts::WORKER_PID;
use common::lan::Lan;
use common::wire::Seen;
use common::{eventually, lab_test};
use vip_lab::frame::Frame;
use vip_lab::{Host, Stamp};
use vrrp_linux::links::LinkCommands;
use vrrp_linux::monitor::snapshot;

const A: usize = 0;
const B: usize = 1;
const HIGH: u8 = 150;
const LOW: u8 = 100;

/// Both run, the better one has the address, and the other one is a Backup.
fn pair(variant: Variant, extra: &'static str) -> Lan {
    let mut lan = Lan::new(variant, &[Vipd, Vipd], &[100]);
    let vip = lan.vip(100);
    for (router, priority) in [(A, HIGH), (B, LOW)] {
        lan.routers[router].start(&text(&[Instance::new(variant, priority).with(extra)]));
        lan.expect_holder(vip, A, variant.down(HIGH));
    }
    lan.routers[B].expect_record("VI_1", &["BACKUP"]);
    lan
}

/// The Backup heard the Active all the time, and still takes over when that dies.
#[track_caller]
fn b_was_never_active_and_takes_over(lan: &mut Lan, variant: Variant) {
    let vip = lan.vip(100);
    lan.stays_with(vip, A, variant.down(LOW) + Duration::from_millis(500));
    assert_eq!(lan.routers[B].log_count("Entering MASTER STATE"), 0);
    lan.routers[A].kill();
    lan.expect_holder(vip, B, variant.down(LOW));
}

#[test]
fn an_ipv6_backup_hears_its_group_again_after_an_mtu_below_1280() {
    lab_test("an_ipv6_backup_hears_its_group_again_after_an_mtu_below_1280", &[], || {
        let mut lan = pair(V3_IPV6, "");
        lan.routers[B].links(|links, eth0| links.set_mtu(eth0, 1000).map_err(std::io::Error::other));
        lan.routers[B].expect_log("Entering FAULT STATE", Duration::ZERO);
        lan.routers[B].links(|links, eth0| links.set_mtu(eth0, 1500).map_err(std::io::Error::other));
        // Duplicate address detection takes its time.
        eventually("it is a Backup again", Duration::from_secs(5), || {
            lan.routers[B].log_count("Entering BACKUP STATE") == 2
        });
        b_was_never_active_and_takes_over(&mut lan, V3_IPV6);
    });
}

#[test]
fn an_interface_that_went_down_and_up_before_the_worker_looked_was_down() {
    lab_test("an_interface_that_went_down_and_up_before_the_worker_looked_was_down", &[], || {
        let mut lan = pair(V3_IPV4, "");
        let router = &lan.routers[B];
        let worker = router.host.read_file(WORKER_PID).unwrap().trim().to_owned();
        router.shell(&format!(
            "kill -STOP {worker}; ip link set eth0 down; ip link set eth0 up; kill -CONT {worker}"
        ));
        router.expect_log("Entering FAULT STATE", Duration::from_secs(5));
        eventually("it is a Backup again", Duration::from_secs(5), || {
            router.log_count("Entering BACKUP STATE") == 2
        });
        b_was_never_active_and_takes_over(&mut lan, V3_IPV4);
    });
}

#[test]
fn a_backup_hears_its_group_again_after_its_interface_was_elsewhere() {
    lab_test("a_backup_hears_its_group_again_after_its_interface_was_elsewhere", &[], || {
        let mut lan = pair(V3_IPV4, "");
        let away = Host::new("away").unwrap();
        let there = away.network().try_clone_to_owned().unwrap();
        let back = lan.routers[B].host.network().try_clone_to_owned().unwrap();
        let before = lan.routers[B].links(move |links, eth0| {
            links.move_to_namespace(eth0, std::os::fd::AsFd::as_fd(&there)).map_err(std::io::Error::other)?;
            Ok(eth0)
        });
        lan.routers[B].expect_log("Entering FAULT STATE", Duration::ZERO);
        let send_back = move || {
            let mut links = LinkCommands::open().unwrap();
            let index = links.index_of("eth0").unwrap();
            links.move_to_namespace(index, std::os::fd::AsFd::as_fd(&back)).unwrap();
        };
        away.run(send_back).unwrap();
        let after = lan.routers[B].links(|links, eth0| {
            links.add_address(eth0, "192.0.2.2/24".parse().unwrap()).map_err(std::io::Error::other)?;
            links.set_up(eth0).map_err(std::io::Error::other)?;
            Ok(eth0)
        });
        assert_eq!(before, after, "the index tells nothing");
        eventually("it is a Backup again", Duration::ZERO, || {
            lan.routers[B].log_count("Entering BACKUP STATE") == 2
        });
        b_was_never_active_and_takes_over(&mut lan, V3_IPV4);
    });
}

#[test]
fn a_unicast_router_without_its_source_address_gives_up() {
    lab_test("a_unicast_router_without_its_source_address_gives_up", &[], || {
        for variant in [V3_IPV4_UNICAST, V3_IPV6_UNICAST] {
            let lan = pair(variant, "");
            let vip = lan.vip(100);
            let source = ipnetwork::IpNetwork::new(variant.address(1), variant.prefix()).unwrap();
            lan.routers[A]
                .links(move |links, eth0| links.delete_address(eth0, source).map_err(std::io::Error::other));
            lan.routers[A].expect_log("Entering FAULT STATE", Duration::ZERO);
            lan.expect_holder(vip, B, variant.down(LOW));
            lan.routers[A]
                .links(move |links, eth0| links.add_address(eth0, source).map_err(std::io::Error::other));
            lan.expect_holder(vip, A, variant.down(HIGH));
            lan.stays_with(vip, A, variant.interval * 2);
        }
    });
}

#[test]
fn a_unicast_backup_with_a_new_interface_announces_its_source_and_hears_its_peer() {
    let test = "a_unicast_backup_with_a_new_interface_announces_its_source_and_hears_its_peer";
    lab_test(test, &[], || {
        for variant in [V3_IPV4_UNICAST, V3_IPV6_UNICAST] {
            let mut lan = pair(variant, "");
            let start = Stamp::now();
            lan.routers[B].links(|links, eth0| links.delete(eth0).map_err(std::io::Error::other));
            lan.routers[B].expect_log("Entering FAULT STATE", Duration::ZERO);
            let source = variant.address(2);
            let network = ipnetwork::IpNetwork::new(source, variant.prefix()).unwrap();
            let Lan { lab, routers, .. } = &mut lan;
            lab.connect(&routers[B].host, "eth0", &[network]).unwrap();
            eventually("its source is announced", Duration::from_secs(3), || {
                lan.wire.announcements(source, start) > 0
            });
            b_was_never_active_and_takes_over(&mut lan, variant);
        }
    });
}

/// Its peer has lost the neighbour entry meanwhile and asks once a second.
#[test]
fn preempt_delay_counts_again_after_the_link_of_a_unicast_router_was_down() {
    let test = "preempt_delay_counts_again_after_the_link_of_a_unicast_router_was_down";
    lab_test(test, &[], || {
        let mut lan = pair(V3_IPV4_UNICAST, "    preempt_delay 15\n    state BACKUP");
        let vip = lan.vip(100);
        lan.lab.unplug("a").unwrap();
        lan.expect_holder(vip, B, V3_IPV4_UNICAST.down(LOW));
        lan.routers[B].shell("ip neigh del 192.0.2.1 dev eth0");
        eventually("the peer cannot be resolved", Duration::from_secs(5), || {
            let entry = lan.routers[B].shell("ip neigh show 192.0.2.1");
            entry.contains("FAILED") || entry.contains("INCOMPLETE")
        });
        lan.lab.plug("a").unwrap();
        eventually("it listens again", Duration::ZERO, || {
            lan.routers[A].log_count("Entering BACKUP STATE") == 2
        });
        lan.stays_with(vip, B, Duration::from_secs(2));
        assert_eq!(lan.routers[A].log_count("Entering MASTER STATE"), 1);
    });
}

#[test]
fn a_backup_whose_process_is_stopped_or_starved_does_not_take_over_beside_the_active() {
    let test = "a_backup_whose_process_is_stopped_or_starved_does_not_take_over_beside_the_active";
    lab_test(test, &[], || {
        let mut lan = pair(V3_CALM, "");
        let signal = |lan: &Lan, name: &str| {
            let sent = lan.routers[B].shell(&format!("kill -{name} $(cat {WORKER_PID}) && echo sent"));
            assert_eq!(sent, "sent");
        };
        // Once for longer than a Backup waits, then with hardly any time to run.
        for (stopped, times) in [(1500, 1), (500, 8)] {
            for _ in 0..times {
                signal(&lan, "STOP");
                sleep(Duration::from_millis(stopped));
                signal(&lan, "CONT");
                sleep(Duration::from_millis(20));
            }
            lan.stays_with(lan.vip(100), A, V3_CALM.interval);
        }
        b_was_never_active_and_takes_over(&mut lan, V3_CALM);
    });
}

/// Its successor goes on with greater sequence numbers: anything else is a repeated packet to the Backup.
#[test]
fn with_an_authentication_header_a_crash_of_the_worker_costs_the_active_nothing() {
    let test = "with_an_authentication_header_a_crash_of_the_worker_costs_the_active_nothing";
    lab_test(test, &[], || {
        let mut lan = pair(V2_AH, "");
        let crash = Stamp::now();
        let sent = lan.routers[A].shell(&format!("kill -KILL $(cat {WORKER_PID}) && echo sent"));
        assert_eq!(sent, "sent");
        eventually("the successor sends adverts", V2_AH.interval, || lan.adverts_of(A, 51, crash).len() >= 2);
        b_was_never_active_and_takes_over(&mut lan, V2_AH);
        assert_eq!(lan.routers[B].log_count("bad advert"), 0);
    });
}

/// Neighbours would send to a router that does not have the address (RFC 9568 §8.1.2).
#[test]
fn an_address_that_the_kernel_refuses_is_not_announced() {
    lab_test("an_address_that_the_kernel_refuses_is_not_announced", &[], || {
        const REFUSED: &str = "2001:db8::150";
        let mut lan = Lan::new(V3_CALM, &[Vipd], &[100]);
        let start = Stamp::now();
        lan.routers[A].host.set_sysctl("ipv6/conf/eth0/disable_ipv6", "1").unwrap();
        let extra = "    virtual_ipaddress_excluded {\n        2001:db8::150/64\n    }";
        lan.routers[A].start(&text(&[Instance::new(V3_CALM, HIGH).with(extra)]));
        let vip = lan.vip(100);
        // Twice five times, the second time after garp_master_delay.
        eventually("the other address is announced", Duration::from_secs(3), || {
            lan.wire.announcements(vip, start) >= 10
        });
        assert_eq!(lan.wire.announcements(REFUSED.parse().unwrap(), start), 0);
        assert!(lan.routers[A].log_count(REFUSED) > 0, "the log says what was refused");
    });
}

/// A switch that bears little (`vrrp_garp_interval`) must not be told of an address that has moved on meanwhile.
#[test]
fn announcements_that_wait_are_dropped_when_the_address_moves() {
    lab_test("announcements_that_wait_are_dropped_when_the_address_moves", &[], || {
        let mut lan = Lan::new(V3_CALM, &[Vipd, Vipd], &[100, 101]);
        let vip = lan.vip(100);
        let spaced = |priority| {
            let text = text(&[Instance::new(V3_CALM, priority).vip(101)]);
            text.replace("router_id lab\n", "router_id lab\n    vrrp_garp_interval 0.4\n")
        };
        let start = Stamp::now();
        lan.routers[B].start(&spaced(LOW));
        eventually("the first is announced", V3_CALM.down(LOW), || lan.wire.announcements(vip, start) > 0);
        lan.routers[A].start(&spaced(HIGH));
        lan.expect_holder(vip, A, V3_CALM.down(HIGH));
        let moved = Stamp::now();
        eventually("its new place is announced", Duration::from_secs(4), || {
            lan.wire.announcements(vip, moved) >= 3
        });
        let late: Vec<_> = sent(&lan, B, moved)
            .into_iter()
            .filter(|seen| matches!(seen.frame, Frame::Announcement { .. }))
            .collect();
        assert!(late.is_empty(), "{late:?}");
    });
}

/// Frames that one router sent from a moment on: adverts and announcements.
fn sent(lan: &Lan, router: usize, since: Stamp) -> Vec<Seen> {
    let sources = lan.routers[router].sources();
    let mac = mac(lan, router);
    let is_its = |seen: &Seen| match seen.frame {
        Frame::Advert(advert) => sources.contains(&advert.source),
        Frame::Announcement { mac: of, .. } => of == mac,
        Frame::Probe { .. } => false,
    };
    lan.wire.seen().into_iter().filter(|seen| seen.at >= since && is_its(seen)).collect()
}

fn mac(lan: &Lan, router: usize) -> [u8; 6] {
    let read = || snapshot().unwrap().by_name("eth0").and_then(|eth0| eth0.mac);
    lan.routers[router].host.run(read).unwrap().unwrap()
}

/// The first advert, then every address, five times in turn.
fn expect_takeover(frames: &[Seen], priority: u8, mac: [u8; 6]) {
    let [first, announced @ ..] = frames else { panic!("nothing was sent") };
    let Frame::Advert(advert) = first.frame else { panic!("an announcement came first: {first:?}") };
    assert_eq!(advert.priority, priority);
    let announcements: Vec<_> =
        announced.iter().filter(|seen| matches!(seen.frame, Frame::Announcement { .. })).take(10).collect();
    assert_eq!(announcements.len(), 10);
    for (seen, last) in announcements.iter().zip([100, 101].iter().cycle()) {
        let mut expected = vec![0xff; 6];
        expected.extend(mac);
        expected.extend([8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
        expected.extend(mac);
        expected.extend([192, 0, 2, *last]);
        expected.extend([0xff; 6]);
        expected.extend([192, 0, 2, *last]);
        assert_eq!(seen.octets, expected);
    }
    // All within one turn: no second advert before the last of them.
    let tenth = frames.iter().filter(|seen| matches!(seen.frame, Frame::Announcement { .. })).nth(9).unwrap();
    let before = frames.iter().take_while(|seen| seen.at < tenth.at);
    assert_eq!(before.filter(|seen| matches!(seen.frame, Frame::Advert(_))).count(), 1);
}

#[test]
fn at_a_start_and_at_a_takeover_adverts_leave_first_and_each_address_is_announced_in_turn() {
    let test = "at_a_start_and_at_a_takeover_adverts_leave_first_and_each_address_is_announced_in_turn";
    lab_test(test, &[], || {
        let mut lan = Lan::new(V3_CALM, &[Vipd, Vipd], &[100, 101]);
        let vip: IpAddr = lan.vip(100);
        let start = Stamp::now();
        for (router, priority) in [(A, HIGH), (B, LOW)] {
            lan.routers[router].start(&text(&[Instance::new(V3_CALM, priority).vip(101)]));
            lan.expect_holder(vip, A, V3_CALM.down(HIGH));
        }
        eventually("all is announced", Duration::ZERO, || lan.wire.announcements(vip, start) >= 5);
        expect_takeover(&sent(&lan, A, start), HIGH, mac(&lan, A));

        let stop = Stamp::now();
        lan.routers[A].stop();
        lan.expect_holder(vip, B, V3_CALM.skew(LOW));
        eventually("all is announced", Duration::ZERO, || lan.wire.announcements(vip, stop) >= 5);
        expect_takeover(&sent(&lan, B, stop), LOW, mac(&lan, B));
        let last = sent(&lan, A, stop).pop().map(|seen| seen.frame);
        assert!(matches!(last, Some(Frame::Advert(advert)) if advert.priority == 0), "{last:?}");
    });
}
