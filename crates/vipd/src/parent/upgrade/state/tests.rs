use std::collections::HashMap;
use std::net::SocketAddr;

use keepalived_conf::model::fifo::{Fifo, Lines};
use keepalived_conf::model::lvs::LvsService;

use super::*;
use crate::ipc::watcher::Subject;
use crate::ipc::{GroupEvent, InstanceEvent};

fn state() -> HandedOver {
    HandedOver {
        pid: 7,
        version: "1.2.3".to_owned(),
        arguments: vec![b"vipd".to_vec(), b"-n".to_vec()],
        config_file: "/etc/keepalived/keepalived.conf".into(),
        namespace: None,
        instance: Some("west".to_owned()),
        descriptors: Descriptors {
            pid_file: Some(("/run/keepalived.pid".into(), 9)),
            control: Some(("/run/vipd/control.sock".into(), (1, 2), 10)),
            client: Some((11, 0, vec![0])),
        },
        former: vec![1; 100],
        next: vec![2; 100],
        went_back: None,
        left: PerRole::default(),
        reload: true,
        last_reported: LastReported::default(),
        sessions: Vec::new(),
        observed: Vec::new(),
        lanes: Vec::new(),
        runs: Vec::new(),
        fifos: HandedFifos::default(),
        mail: MailMemory::default(),
        children: vec![12],
        facts: "[]".to_owned(),
        last_event: 3,
        events: vec![b"{}".to_vec()],
    }
}

/// A value of a type whose fields are private, from values in the places of its fields.
fn of<T: serde::de::DeserializeOwned>(fields: impl Serialize) -> T {
    postcard::from_bytes(&postcard::to_extend(&fields, Vec::new()).unwrap()).unwrap()
}

/// A state in which every list has an entry.
fn filled() -> HandedOver {
    let service = LvsService::Fwmark { mark: 7, ipv6: true };
    let memory = (BTreeMap::from([("key", vec![1_u8, 2])]), 5_usize);
    let left: LeftBehind = of((true, false, [service].as_slice(), memory));
    let (instances, groups) =
        (BTreeMap::from([("V", InstanceEvent::Fault)]), BTreeMap::from([("G", GroupEvent::Stop)]));
    let address = SocketAddr::from(([10, 0, 0, 1], 80));
    let servers = HashMap::from([((Some(service), address), true)]);
    let quorums = HashMap::from([(Some(service), false)]);
    let (neighbor, source) = ([192, 0, 2, 2].into(), Some([192, 0, 2, 1].into()));
    let observed = Observation { subject: Subject::File("/run/number".into()), value: -3 };
    let run = (9_u64, "notify", "/bin/notify");
    let fifo = Fifo { path: "/run/fifo".into(), lines: Lines::Vrrp, owner: None, script: None };
    let fifos = ([(fifo, 13_i32, (1_u64, 2_u64), true, Some(14_u32))], [(1_u8, "V", "INSTANCE")]);
    let mail = ("subject".to_owned(), "from".to_owned(), vec!["to".to_owned()], b"text".to_vec());
    HandedOver {
        left: PerRole { vrrp: left.clone(), lvs: left.clone(), bfd: left },
        last_reported: of((instances, groups, servers, quorums, true)),
        sessions: vec![(SessionKey { neighbor, source }, true)],
        observed: vec![observed],
        lanes: vec![of((
            "V",
            Some(&run),
            [&run].as_slice(),
            [0_u8; 0].as_slice(),
            Some([0_u8; 0].as_slice()),
        ))],
        runs: vec![(of(9_u64), 15)],
        fifos: of((fifos.0.as_slice(), fifos.1.as_slice())),
        mail: MailMemory { mails: vec![mail], ..MailMemory::default() },
        went_back: Some("why".to_owned()),
        ..state()
    }
}

/// A program of an earlier version wrote these bytes. If they are no longer what this one writes, or mean something else,
/// the number of the format has to be raised: then this test is given the new bytes (`UPDATE_EXPECT=1`).
#[test]
fn the_bytes_of_a_format_never_change() {
    let bytes = filled().encode().unwrap();
    let head = bytes.iter().position(|&byte| byte == b'\n').unwrap();
    let lines: Vec<String> = bytes[head + 1..]
        .chunks(32)
        .map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat())
        .collect();
    expect_test::expect_file![format!("state_{FORMAT}.hex")].assert_eq(&(lines.join("\n") + "\n"));
    let read = HandedOver::decode(&bytes).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", filled()));
}

#[test]
fn what_is_handed_over_is_read() {
    let bytes = state().encode().unwrap();
    let read = HandedOver::read(&bytes[..]).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", state()));
}

#[test]
fn what_is_cut_or_damaged_is_an_error_and_no_panic() {
    let bytes = state().encode().unwrap();
    for end in 0..bytes.len() {
        assert!(HandedOver::decode(&bytes[..end]).is_err(), "{end}");
    }
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0xff;
        let _ = HandedOver::decode(&damaged);
    }
    for other in [&b""[..], b"\n", b"{}\n", b"#!/bin/sh\n", b"\x7fELF"] {
        assert!(matches!(HandedOver::decode(other), Err(StateError::Foreign)));
    }
}

#[test]
fn another_format_is_refused_with_both_numbers() {
    let bytes = state().encode().unwrap();
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let with = |from: &str, to: &str| {
        let other = head.replacen(from, to, 1);
        assert_ne!(other, head);
        HandedOver::decode(&[other.as_bytes(), &bytes[end..]].concat()).unwrap_err().to_string()
    };
    let why = with("\"state\":1", "\"state\":99");
    assert!(why.contains("state in format 99") && why.contains("knows format 1"), "{why}");
    let why = with("\"VRRP\":1", "\"VRRP\":1,\"SNMP\":4");
    assert!(why.contains("SNMP in format 4") && why.contains("knows format none"), "{why}");
}

#[test]
fn nobody_changes_what_was_handed_over() {
    let mut file = sealed(b"state").unwrap();
    assert!(file.write_all(b"x").is_err());
    assert!(file.set_len(0).is_err());
}
