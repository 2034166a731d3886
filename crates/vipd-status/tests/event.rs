//! Events as lines.

#![allow(clippy::needless_raw_string_hashes, reason = "so UPDATE_EXPECT=1 writes them")]

mod samples;

use std::net::IpAddr;

use expect_test::expect;
use samples::{at, maintenance};
use vipd_status::text::event;
use vipd_status::{
    Cause, Event, EventKind, Evidence, Fault, ReloadResult, Role, State, TrackerKind, VERSION,
};

fn kinds() -> Vec<EventKind> {
    let [service, server] = ["[192.0.2.10]:tcp:80", "10.0.0.14:80"].map(str::to_owned);
    let name = "VI_1".to_owned();
    let peer = IpAddr::from([192, 0, 2, 1]);
    let evidence = Evidence {
        last_source: Some(peer),
        last_priority: Some(150),
        silent_ms: Some(1_805),
        priority: Some(90),
        remark: None,
    };
    let transition = |to, cause| EventKind::Transition {
        instance: name.clone(),
        from: State::Backup,
        to,
        cause,
        evidence: evidence.clone(),
    };
    let missing = Fault::InterfaceDown { interface: "eth0".to_owned(), missing: true };
    let because = "HTTP status 503".to_owned();
    vec![
        transition(State::Master, Cause::Silence { silent_ms: Some(1_805) }),
        transition(State::Fault, Cause::Fault(missing)),
        EventKind::Group { group: "VG".to_owned(), from: State::Backup, to: State::Master },
        EventKind::Priority { instance: name.clone(), effective: 90 },
        EventKind::Tracker {
            tracker: TrackerKind::Script,
            name: "chk".to_owned(),
            up: false,
            reason: Some("exited with status 7\x1b[2J".to_owned()),
        },
        EventKind::Competitor {
            instance: name.clone(),
            source: peer,
            what: "also advertises VRID 51".to_owned(),
        },
        EventKind::Stall { instance: name.clone(), late_ms: 2_500 },
        EventKind::Restored { what: "192.0.2.10/24 dev eth0".to_owned() },
        EventKind::Check {
            service: service.clone(),
            server: server.clone(),
            up: false,
            because: because.clone(),
        },
        EventKind::Server { service: service.clone(), server, up: true, because: String::new() },
        EventKind::Quorum { service, up: false, because },
        EventKind::Bfd { session: "rack".to_owned(), up: true },
        EventKind::Reload {
            result: ReloadResult::Refused,
            reason: Some("line 3: unknown keyword".to_owned()),
        },
        EventKind::Intent { target: name.clone(), intent: Some(maintenance()), ended: String::new() },
        EventKind::Intent { target: name.clone(), intent: None, ended: "its time is over".to_owned() },
        EventKind::Worker { role: Role::Vrrp, what: "was killed by signal 9; started again".to_owned() },
        EventKind::Notify { target: name, what: "exited with status 1".to_owned() },
        EventKind::Upgrade { from: "1.2.0".to_owned(), to: "1.3.0".to_owned(), refused: None },
        EventKind::Upgrade {
            from: "1.2.0".to_owned(),
            to: "1.3.0".to_owned(),
            refused: Some("it does not run".to_owned()),
        },
    ]
}

#[test]
fn each_kind_is_one_line() {
    let told = |(seq, kind): (u64, EventKind)| {
        let told = Event { v: VERSION, seq, at: at("2026-11-30T09:17:12.019Z"), kind };
        let json = serde_json::to_string(&told).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), told, "{json}");
        event(&told, &jiff::tz::TimeZone::UTC) + "\n"
    };
    let text: String = (0..).zip(kinds()).map(told).collect();
    expect![[r#"
        2026-11-30 09:17:12.019 VI_1: BACKUP -> MASTER: no advertisement for 1.805 s (last heard 192.0.2.1 priority 150 1.805 s before; own priority 90)
        2026-11-30 09:17:12.019 VI_1: BACKUP -> FAULT: interface eth0 does not exist (last heard 192.0.2.1 priority 150 1.805 s before; own priority 90)
        2026-11-30 09:17:12.019 group VG: BACKUP -> MASTER
        2026-11-30 09:17:12.019 VI_1: effective priority 90
        2026-11-30 09:17:12.019 script chk is down: exited with status 7�[2J
        2026-11-30 09:17:12.019 VI_1: 192.0.2.1 also advertises VRID 51
        2026-11-30 09:17:12.019 VI_1: this machine was stalled for 2.500 s; listening longer
        2026-11-30 09:17:12.019 somebody else removed 192.0.2.10/24 dev eth0; restored
        2026-11-30 09:17:12.019 check of 10.0.0.14:80 of [192.0.2.10]:tcp:80 is down: HTTP status 503
        2026-11-30 09:17:12.019 10.0.0.14:80 of [192.0.2.10]:tcp:80 is up
        2026-11-30 09:17:12.019 [192.0.2.10]:tcp:80 has lost its quorum: HTTP status 503
        2026-11-30 09:17:12.019 BFD session rack is up
        2026-11-30 09:17:12.019 reload was refused: line 3: unknown keyword
        2026-11-30 09:17:12.019 VI_1: maintenance by root, 17 min left: "kernel update"
        2026-11-30 09:17:12.019 VI_1: in service again: its time is over
        2026-11-30 09:17:12.019 VRRP worker: was killed by signal 9; started again
        2026-11-30 09:17:12.019 notify script of VI_1: exited with status 1
        2026-11-30 09:17:12.019 upgraded from version 1.2.0 to 1.3.0
        2026-11-30 09:17:12.019 upgrade refused, version 1.2.0 goes on: it does not run
    "#]].assert_eq(&text);
}
