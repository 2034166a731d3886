use super::*;

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
