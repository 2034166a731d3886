//! Packets that no honest router sends, and far too many of them: the daemon counts, says little, and goes on.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::conf::{Instance, V2_PASS, V3_IPV4, Variant, text};
use common::hosts::Maker::Vipd;
use common::hosts::Router;
use common::lan::Lan;
use common::{eventually, lab_test};
use nix::sys::signal::Signal;
use serde_json::Value;
use vip_lab::{Host, Stamp};
use vrrp_linux::announce::Announcer;
use vrrp_linux::links::LinkCommands;
use vrrp_proto::{
    Addresses, Advert, AdvertInterval, AuthData, AuthKey, Centiseconds, ChecksumRule, Ipv4Header, Priority,
    Seconds, Vrid,
};

const A: usize = 0;
const B: usize = 1;
const STATS: &str = "/tmp/keepalived.stats";

/// A machine that sends whatever it likes.
struct Attacker {
    announcer: Announcer,
    index: u32,
    /// The machine lives as long as its socket is used.
    _host: Host,
}

impl Attacker {
    fn join(lan: &mut Lan) -> Self {
        let host = lan.lab.host("attacker", "eth0", &["192.0.2.66/24".parse().unwrap()]).unwrap();
        let (announcer, index) = host
            .run(|| {
                let index = LinkCommands::open().unwrap().index_of("eth0").unwrap();
                (Announcer::open().unwrap(), index)
            })
            .unwrap();
        Self { announcer, index, _host: host }
    }

    /// Sends IP packets in frames to the VRRP group.
    fn send(&mut self, packets: &[Vec<u8>]) {
        let frames: Vec<Vec<u8>> = packets.iter().map(|packet| frame(packet)).collect();
        let frames: Vec<_> = frames.iter().map(|frame| (self.index, frame.as_slice())).collect();
        self.announcer.send(&frames, |_, result| result.unwrap());
    }

    /// Sends these again and again: about so many in a second, for so long. Gives how many it were.
    fn flood(&mut self, packets: &[Vec<u8>], per_second: u32, time: Duration) -> u128 {
        const STEP: Duration = Duration::from_millis(2);
        let frames: Vec<Vec<u8>> = packets.iter().map(|packet| frame(packet)).collect();
        let frames: Vec<_> = frames.iter().map(|frame| (self.index, frame.as_slice())).collect();
        let (start, mut sent) = (Instant::now(), 0);
        while start.elapsed() < time {
            let due = start.elapsed().as_micros() * u128::from(per_second) / 1_000_000;
            while sent < due {
                // A full queue drops some: that is the attacker's problem.
                self.announcer.send(&frames, |_, _| {});
                sent += frames.len() as u128;
            }
            sleep(STEP);
        }
        sent
    }
}

fn frame(packet: &[u8]) -> Vec<u8> {
    let v6 = packet[0] >> 4 == 6;
    let mut frame = if v6 { vec![0x33, 0x33, 0, 0, 0, 0x12] } else { vec![0x01, 0x00, 0x5e, 0, 0, 0x12] };
    frame.extend_from_slice(&[2, 0, 0, 0, 0, 0x66]);
    frame.extend_from_slice(if v6 { &[0x86, 0xdd] } else { &[0x08, 0x00] });
    frame.extend_from_slice(packet);
    frame
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

/// Error counters of the statistics file that are not zero: `instance: section: counter`, and how many.
fn errors(router: &Router) -> Vec<(String, u64)> {
    router.host.remove_file(STATS).unwrap();
    router.signal(Signal::SIGUSR2);
    eventually("the statistics are written", Duration::from_secs(2), || {
        router.host.read_file(STATS).is_ok_and(|text| !text.is_empty())
    });
    let (mut instance, mut section, mut found) = (String::new(), String::new(), Vec::new());
    for line in router.host.read_file(STATS).unwrap().lines() {
        let (key, value) = line.split_once(':').unwrap();
        if let Some(name) = line.strip_prefix("VRRP Instance: ") {
            name.clone_into(&mut instance);
        } else if !line.starts_with("    ") {
            key.trim().clone_into(&mut section);
        } else if section.ends_with("Errors") {
            let count = value.trim().parse().unwrap();
            if count > 0 {
                found.push((format!("{instance}: {section}: {}", key.trim()), count));
            }
        }
    }
    found
}

/// Where the statistics count a reason to reject; `None` for a packet that belongs to no instance at all.
fn counter(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "ttl" => "Packet Errors: TTL",
        "version" => "Packet Errors: Version",
        "type" => "Packet Errors: Invalid Type",
        "length_short" | "length_long" => "Packet Errors: Length",
        "checksum" => "Packet Errors: Checksum",
        "auth_password" | "ah_icv" | "ah_replay" => "Authentication Errors: Failure",
        "interval_mismatch" | "interval_zero" => "Packet Errors: Advertisement Interval",
        "count_zero" => "Packet Errors: Address List",
        "vrid" => return None,
        other => panic!("no counter is known for {other}"),
    })
}

/// An instance as the receiver of a packet in the table is meant to be.
fn receiver(case: &Value, config: &mut String) {
    let receiver = &case["receiver"];
    let interval = receiver["advert_interval_cs"].as_f64().unwrap() / 100.0;
    let name = case["name"].as_str().unwrap();
    write!(
        config,
        "vrrp_instance {name} {{\n interface eth0\n version {}\n virtual_router_id {}\n priority 254\n \
         advert_int {interval}\n garp_master_repeat 1\n garp_master_delay 0\n",
        receiver["version"], receiver["vrid"]
    )
    .unwrap();
    let kind = match receiver["auth"]["type"].as_u64() {
        Some(1) => Some("PASS"),
        Some(2) => Some("AH"),
        _ => None,
    };
    if let Some(kind) = kind {
        let password = String::from_utf8(hex(receiver["auth"]["data"].as_str().unwrap())).unwrap();
        writeln!(config, " authentication {{\n auth_type {kind}\n auth_pass {password}\n }}").unwrap();
    }
    let vips = receiver["vips"].as_array().unwrap();
    let vips: Vec<&str> = vips.iter().filter_map(Value::as_str).collect();
    // A packet that lists no address is meant for a router that has some.
    let vips = if vips.is_empty() { vec!["203.0.113.200"] } else { vips };
    writeln!(config, " virtual_ipaddress {{\n {}\n }}\n}}", vips.join("\n ")).unwrap();
}

#[test]
fn every_packet_to_reject_moves_one_counter_and_nothing_else() {
    lab_test("every_packet_to_reject_moves_one_counter_and_nothing_else", &[], || {
        let cases: Vec<Value> = include_str!("data/rejected.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let mut config = "global_defs {\n log_unknown_vrids\n}\n".to_owned();
        for case in &cases {
            receiver(case, &mut config);
        }
        let mut lan = Lan::new(V3_IPV4, &[Vipd], &[200]);
        let mut attacker = Attacker::join(&mut lan);
        let router = &mut lan.routers[A];
        router.start(&config);
        eventually("all serve", Duration::from_secs(4), || {
            router.log_count("Entering MASTER STATE") == cases.len()
        });
        assert_eq!(errors(router), []);

        let mut expected = Vec::new();
        for case in &cases {
            let before =
                case["preamble"].as_array().unwrap().iter().map(|packet| hex(packet.as_str().unwrap()));
            let packet = hex(case["hex"].as_str().unwrap());
            attacker.send(&before.chain([packet]).collect::<Vec<_>>());
            let (name, reason) = (case["name"].as_str().unwrap(), case["reason"].as_str().unwrap());
            // Eight octets are the least that the length can be judged of.
            let reason = if reason == "short" { "length_short" } else { reason };
            if let Some(counter) = counter(reason) {
                expected.push((format!("{name}: {counter}"), 1));
            }
        }
        let mut counted = Vec::new();
        for _ in 0..20 {
            counted = errors(router);
            if counted.len() == expected.len() {
                break;
            }
            sleep(Duration::from_millis(50));
        }
        assert_eq!(counted, expected);
        assert_eq!(router.log_count("Entering"), 2 * cases.len(), "nobody changed its state");
        assert!(router.log_count("bad advert from") <= cases.len());
        let json = "/tmp/keepalived.json";
        // A file that another daemon of this machine left there is not the one that this daemon writes.
        let _ = router.host.remove_file(json);
        router.signal_number(libc::SIGRTMIN() + 2);
        eventually("the JSON file is written", Duration::from_secs(2), || {
            router.host.read_file(json).is_ok()
        });
        let json: Value = serde_json::from_str(&router.host.read_file(json).unwrap()).unwrap();
        assert_eq!(json[0]["data"]["iname"], "bad-v2-ttl254");
        assert_eq!(json[0]["stats"]["ip_ttl_err"], 1, "{}", json[0]["stats"]);

        let held = router.host.addresses().unwrap();
        assert!(held.iter().any(|(_, ip)| *ip == Ipv4Addr::new(203, 0, 113, 200)), "{held:?}");
    });
}

/// Attacks without the password, from another address.
fn garbage(variant: Variant) -> Vec<Vec<u8>> {
    let from = Ipv4Addr::new(192, 0, 2, 66);
    let header = Ipv4Header::new(from, vrrp_proto::IPV4_GROUP);
    let interval = if variant.version == 2 {
        AdvertInterval::V2(Seconds(1))
    } else {
        AdvertInterval::V3(Centiseconds::new(10).unwrap())
    };
    let advert = Advert {
        vrid: Vrid::new(51).unwrap(),
        priority: Priority::new(254),
        interval,
        addresses: Addresses::V4(&[[192, 0, 2, 100]]),
        auth: AuthData::None,
    };
    let emit = |header: Ipv4Header, advert: Advert<'_>| {
        let mut buffer = [0; 128];
        let length = header.emit(&mut buffer, &advert, ChecksumRule::PseudoHeader).unwrap();
        buffer[..length].to_vec()
    };
    let mut packets = Vec::new();
    // Not from this link.
    packets.push(emit(Ipv4Header { ttl: 254, ..header }, advert));
    // Other virtual routers.
    packets.extend((100..120).map(|vrid| emit(header, Advert { vrid: Vrid::new(vrid).unwrap(), ..advert })));
    // Cut off, and made of noise.
    let whole = emit(Ipv4Header { ttl: 1, ..header }, advert);
    for cut in 20..whole.len() {
        let mut packet = whole[..cut].to_vec();
        packet[2..4].copy_from_slice(&u16::try_from(cut).unwrap().to_be_bytes());
        packets.push(with_checksum(packet));
    }
    let mut noise = 0x2545_f491_4f6c_dd1d_u64;
    for length in 20..80 {
        let mut packet = whole[..20].to_vec();
        for _ in 20..length {
            // xorshift64: the same noise in every run.
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            packet.push(noise.to_le_bytes()[3]);
        }
        packet[2..4].copy_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        packets.push(with_checksum(packet));
    }
    if variant.password.is_some() {
        let wrong = AuthData::Password(AuthKey::new(b"wrong"));
        packets.push(emit(header, Advert { auth: wrong, ..advert }));
        packets.push(emit(header, Advert { auth: AuthData::None, ..advert }));
        let slow = AdvertInterval::V2(Seconds(9));
        packets.push(emit(header, Advert { interval: slow, ..advert }));
        packets.push(emit(header, Advert { priority: Priority::STOP, auth: wrong, ..advert }));
    }
    packets
}

/// Corrects the checksum of the IPv4 header, so that the kernel lets the packet through.
fn with_checksum(mut packet: Vec<u8>) -> Vec<u8> {
    packet[10..12].fill(0);
    let (words, _) = packet[..20].as_chunks::<2>();
    let sum: u32 = words.iter().map(|word| u32::from(u16::from_be_bytes(*word))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let checksum = !u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap();
    packet[10..12].copy_from_slice(&checksum.to_be_bytes());
    packet
}

#[test]
fn a_flood_without_the_password_causes_no_failover() {
    lab_test("a_flood_without_the_password_causes_no_failover", &[], || flooded(V2_PASS));
}

#[test]
fn a_flood_of_noise_causes_no_failover() {
    let calm = Variant { interval: Duration::from_secs(1), ..V3_IPV4 };
    lab_test("a_flood_of_noise_causes_no_failover", &[], || flooded(calm));
}

fn flooded(variant: Variant) {
    let mut lan = Lan::new(variant, &[Vipd, Vipd], &[100]);
    let vip = lan.vip(100);
    let mut attacker = Attacker::join(&mut lan);
    for (router, priority) in [(A, 150), (B, 100)] {
        lan.routers[router].start(&text(&[Instance::new(variant, priority)]));
        lan.expect_holder(vip, A, variant.down(150));
    }
    lan.routers[B].expect_record("VI_1", &["BACKUP"]);
    lan.routers[A].expect_record("VI_1", &["BACKUP", "MASTER"]);
    let said: Vec<usize> = lan.routers.iter().map(|router| router.log().len()).collect();

    let start = Stamp::now();
    let packets = garbage(variant);
    let sent = attacker.flood(&packets, 50_000, Duration::from_secs(2));
    println!("sent {sent} packets of {} kinds in {:?}", packets.len(), Stamp::now().since(start));
    // An effect of the flood on the timers would show within this time.
    lan.stays_with(vip, A, variant.down(100) + variant.interval);

    for (router, before) in lan.routers.iter().zip(said) {
        let counted: u64 = errors(router).iter().map(|(_, count)| count).sum();
        println!("{}: {counted} counted as errors", router.host.name());
        assert!(counted > 1000, "{counted}");
        let lines = router.log();
        let new = &lines[before..];
        assert!(new.len() < 40, "{} log lines", new.len());
        assert!(new.iter().all(|line| !line.text.contains("Entering")), "{new:?}");
    }
    assert_eq!(lan.routers[B].holding(vip).changes().len(), 1, "the Backup stayed one");
    lan.routers[A].expect_record("VI_1", &["BACKUP", "MASTER"]);
    lan.routers[B].expect_record("VI_1", &["BACKUP"]);
    for router in &mut lan.routers {
        let (status, took) = router.stop();
        assert!(status.success() && took < Duration::from_secs(1), "{status} after {took:?}");
    }
}
