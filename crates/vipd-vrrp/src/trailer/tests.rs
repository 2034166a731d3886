use vrrp_election::{Instant, Node, NodeConfig, RouterId};
use vrrp_proto::{Accepted, Datagram, IPV4_GROUP, Priority, Rejection, TrailerRejection};

use super::*;
use crate::advert::{Outgoing, Packet};
use crate::ipc::Generation;
use crate::ipc::Memory;
use crate::judge::Record;
use crate::memory::{decode, encode};
use crate::plan::Plan;
use crate::stamp_keeper::{STAMPS, recall};

const KEY_1: &str = "key 1 0123456789abcdef0123456789abcdef\n";
const KEY_2: &str = "key 2 fedcba9876543210fedcba9876543210\n";
const NOW: Duration = Duration::from_secs(1_780_000_000);
const SECOND: Duration = Duration::from_secs(1);

/// A router with these lines in its `auth_hmac`, and what it remembers.
struct Machine {
    plan: Plan,
    record: Record,
    address: &'static str,
}

impl Machine {
    fn new(address: &'static str, hmac: &str) -> Self {
        Self { plan: plan(hmac), record: Record::default(), address }
    }

    fn reload(&mut self, hmac: &str) {
        self.plan = plan(hmac);
    }

    fn send(&mut self, at: Duration) -> Vec<u8> {
        let (router, source) = (&self.plan.routers[0], self.address.parse().unwrap());
        let advert = Outgoing::next(router, &mut self.record, source, Priority::new(150), at);
        let mut packet = Vec::new();
        advert.each_packet(|found| match found {
            Packet::V4 { octets, .. } => packet = octets.to_vec(),
            Packet::V6 { .. } => panic!("{found:?}"),
        });
        packet
    }

    fn hear<'p>(&mut self, packet: &'p [u8], at: Duration) -> Result<Accepted<'p>, Rejection> {
        self.record.judge(&self.plan.routers[0], &Datagram::from_ipv4(packet).unwrap(), at)
    }
}

fn plan(hmac: &str) -> Plan {
    let block = if hmac.is_empty() { String::new() } else { format!("auth_hmac {{\n{hmac}\n}}\n") };
    let text = format!(
        "vrrp_instance V {{\n interface eth0\n virtual_router_id 51\n{block}virtual_ipaddress {{\n 192.0.2.100\n }}\n}}"
    );
    Plan::new(Generation::default(), keepalived_conf::load_str(&text).config)
}

fn rejection(result: Result<Accepted<'_>, Rejection>) -> TrailerRejection {
    match result {
        Err(Rejection::Trailer(rejection)) => rejection,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_step_of_the_roll_out_is_heard_by_its_neighbours() {
    let of = |mode: &str| format!("{KEY_1}active_key 1\nmode {mode}");
    let steps = [String::new(), of("receive-only"), of("permissive"), of("enforce")];
    for (step, lines) in steps.iter().enumerate() {
        for (other, others) in steps.iter().enumerate() {
            let (mut one, mut two) = (Machine::new("192.0.2.1", lines), Machine::new("192.0.2.2", others));
            let heard = one.hear(&two.send(NOW), NOW).is_ok() && two.hear(&one.send(NOW), NOW).is_ok();
            assert_eq!(heard, step.abs_diff(other) <= 1, "{step} and {other}");
        }
    }
}

#[test]
fn a_key_is_rotated_without_an_advert_that_is_rejected() {
    let old = format!("{KEY_1}active_key 1");
    let both = format!("{KEY_1}{KEY_2}active_key 1");
    let signs_with_new = format!("{KEY_1}{KEY_2}active_key 2");
    let new = format!("{KEY_2}active_key 2");
    let (mut one, mut two) = (Machine::new("192.0.2.1", &old), Machine::new("192.0.2.2", &old));
    let mut at = NOW;
    let mut exchange = |one: &mut Machine, two: &mut Machine| {
        at += SECOND;
        two.hear(&one.send(at), at).unwrap();
        one.hear(&two.send(at), at).unwrap();
    };
    for step in [&both, &signs_with_new, &new] {
        one.reload(step);
        exchange(&mut one, &mut two);
        two.reload(step);
        exchange(&mut one, &mut two);
    }
    let packet = Machine::new("192.0.2.3", &old).send(at);
    assert_eq!(rejection(one.hear(&packet, at)), TrailerRejection::UnknownKey { actual: 1 });
}

#[test]
fn a_repeated_packet_is_rejected_also_by_the_successor_of_a_worker() {
    for rule in ["", "anti_replay monotonic"] {
        let lines = format!("{KEY_1}active_key 1\n{rule}");
        let (mut one, mut two) = (Machine::new("192.0.2.1", &lines), Machine::new("192.0.2.2", &lines));
        let packet = one.send(NOW);
        assert!(two.hear(&packet, NOW).is_ok());
        assert_eq!(rejection(two.hear(&packet, NOW + SECOND)), TrailerRejection::Replay);

        let value = encode(two.record.stamps.as_deref().unwrap());
        two.record = Record::default();
        two.record.stamps = decode::<Stamps>(&value).map(Box::new);
        assert_eq!(rejection(two.hear(&packet, NOW + SECOND)), TrailerRejection::Replay, "{rule}");
        assert!(two.hear(&one.send(NOW + SECOND), NOW + SECOND).is_ok());
        let late = NOW + SECOND * 10;
        let found = rejection(two.hear(&packet, late));
        assert!(matches!(
            (rule, found),
            ("", TrailerRejection::Stale { seconds: 10 }) | (_, TrailerRejection::Replay)
        ));
    }
}

#[test]
fn a_successor_is_heard_at_once_also_if_the_clock_was_set_back_before() {
    for (rule, back) in [("", SECOND * 3), ("anti_replay monotonic", SECOND * 3600)] {
        let lines = format!("{KEY_1}active_key 1\n{rule}");
        let (mut one, mut two) = (Machine::new("192.0.2.1", &lines), Machine::new("192.0.2.2", &lines));
        assert!(two.hear(&one.send(NOW), NOW).is_ok());
        assert!(!one.record.stamps.as_deref().unwrap().untold, "the clock gives a successor a later stamp");

        let at = NOW.checked_sub(back).unwrap();
        assert!(two.hear(&one.send(at), NOW).is_ok(), "{rule}");
        let told = one.record.stamps.clone().unwrap();
        assert!(told.untold, "{rule}");
        // These were sent after the last report to the parent.
        for _ in 0..20 {
            assert!(two.hear(&one.send(at), NOW).is_ok());
        }
        one.record = Record::default();
        one.record.stamps = Some(Box::new(told.resumed()));
        assert!(two.hear(&one.send(at), NOW).is_ok(), "{rule}");
    }
}

#[test]
fn senders_are_remembered_apart_and_their_number_is_bounded() {
    let hmac = format!("{KEY_1}active_key 1");
    let mut receiver = Machine::new("192.0.2.250", &hmac);
    let addresses: Vec<&'static str> =
        (1..=40).map(|last| &*Box::leak(format!("192.0.2.{last}").into_boxed_str())).collect();
    for address in &addresses {
        assert!(receiver.hear(&Machine::new(address, &hmac).send(NOW), NOW).is_ok(), "{address}");
    }
    let stamps = receiver.record.stamps.as_deref().unwrap();
    assert_eq!(stamps.heard.len(), MULTICAST_SENDERS);
    assert_eq!(stamps.heard.last().map(|(sender, _)| sender.to_string()).as_deref(), Some("192.0.2.40"));
}

#[test]
fn a_successor_finds_the_stamps_of_its_routers() {
    let mut machine = Machine::new("192.0.2.1", &format!("{KEY_1}active_key 1"));
    let config = machine.plan.node_config(&crate::plan::NothingKnown);
    let node = Node::new(Instant::ZERO, config);
    machine.send(NOW);
    let stamps = machine.record.stamps.clone().unwrap();
    let mut memory = Memory::default();
    let key = node.key(RouterId(0)).unwrap();
    memory.note(format!("{STAMPS}{key}"), Some(encode(&*stamps))).unwrap();
    memory.note(format!("{STAMPS}x"), Some(vec![0xff; 3])).unwrap();
    let mut records = vec![Record::default()];
    recall(&memory, &node, &mut records);
    assert_eq!(records[0].stamps.as_deref(), Some(&stamps.resumed()));
    recall(&memory, &Node::new(Instant::ZERO, NodeConfig::default()), &mut []);
}

#[test]
fn unicast_is_heard_from_peers_only() {
    let block = format!("auth_hmac {{\n{KEY_1}active_key 1\n}}\nunicast_peer {{\n192.0.2.2\n}}\n");
    let text = format!(
        "vrrp_instance V {{\n interface eth0\n virtual_router_id 51\n{block}virtual_ipaddress {{\n 192.0.2.100\n }}\n}}"
    );
    let plan = Plan::new(Generation::default(), keepalived_conf::load_str(&text).config);
    let mut sender = Machine::new("192.0.2.3", &format!("{KEY_1}active_key 1"));
    let mut packet = sender.send(NOW);
    assert_eq!(packet[16..20], IPV4_GROUP.octets());
    // To us instead of the group; the digest does not cover that, the checksum of the IP header does.
    packet[16..20].copy_from_slice(&[192, 0, 2, 1]);
    packet[10..12].fill(0);
    let words = packet[..20].chunks(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])));
    let sum = words.sum::<u32>();
    let sum = !u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap();
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    let mut record = Record::default();
    let datagram = Datagram::from_ipv4(&packet).unwrap();
    let found = record.judge(&plan.routers[0], &datagram, NOW).unwrap_err();
    assert_eq!(found, Rejection::UnicastSource { actual: "192.0.2.3".parse().unwrap() });
}
