//! Statuses that tests render.

#![allow(dead_code, reason = "each test uses some of them")]
#![allow(clippy::unwrap_used, reason = "samples of tests")]

use vipd_status::{
    Address, BfdSession, Cause, Check, CheckFailure, CloseCalls, ConfigState, Connections, Daemon, Evidence,
    Fault, Group, Histogram, Instance, Intent, IntentKind, LastRun, Master, Neighbour, Priority, Quorum,
    ReloadOutcome, ReloadResult, Role, Server, ServerWeight, Service, State, Statistics, Status, Term,
    Timers, Timestamp, Tracker, TrackerKind, Transition, Worker,
};

/// A moment, as RFC 3339 writes it.
pub(crate) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

/// 09:17:12 of a day on which the samples play.
pub(crate) fn now() -> Timestamp {
    at("2026-11-30T09:17:12Z")
}

/// A daemon without workers.
pub(crate) fn empty() -> Status {
    let config = ConfigState {
        file: "/etc/keepalived/keepalived.conf".to_owned(),
        loaded: at("2026-11-30T09:12:44Z"),
        reloads: 3,
        last_reload: Some(ReloadOutcome {
            result: ReloadResult::Taken,
            reason: None,
            at: at("2026-11-30T09:12:44Z"),
        }),
        stale: false,
        confirm_until: None,
    };
    let start = at("2026-11-18T06:10:10Z");
    Status::new(now(), Daemon { version: "0.1.0".to_owned(), pid: 812, start, config })
}

/// A worker that was heard 3 ms ago.
pub(crate) fn worker(role: Role) -> Worker {
    Worker { role, pid: Some(813), restarts: 0, heard_ms: Some(3), silent: false }
}

/// A router that is MASTER since its start.
pub(crate) fn master(name: &str, vrid: u8, addresses: &[&str]) -> Instance {
    let address = |address: &&str| Address {
        address: (*address).to_owned(),
        dev: "eth0".to_owned(),
        set: true,
        excluded: false,
    };
    Instance {
        name: name.to_owned(),
        interface: "eth0".to_owned(),
        vrid,
        version: 3,
        state: State::Master,
        since: Some(at("2026-11-18T06:10:14Z")),
        cause: Some(Cause::Silence { silent_ms: None }),
        priority: Priority { base: 150, effective: 150, terms: Vec::new() },
        timers: Timers {
            advertise_interval_ms: 500,
            master_down_interval_ms: 1707,
            skew_time_us: 207_031,
            deadline_ms: Some(120),
        },
        source: Some("192.0.2.2".parse().unwrap()),
        addresses: addresses.iter().map(address).collect(),
        statistics: Statistics {
            master_transitions: 1,
            advertisement_sent: 2_090_212,
            ..Statistics::default()
        },
        ..Instance::default()
    }
}

/// A router that is BACKUP because a check script took 60 of its priority.
pub(crate) fn backup(name: &str, vrid: u8, addresses: &[&str]) -> Instance {
    let since = at("2026-11-30T09:13:00Z");
    let cause = Cause::BetterAdvert { source: "192.0.2.1".parse().unwrap(), priority: 100 };
    let mut instance = master(name, vrid, addresses);
    instance.addresses.iter_mut().for_each(|address| address.set = false);
    let term = Term {
        tracker: TrackerKind::Script,
        name: "chk_haproxy".to_owned(),
        weight: -60,
        reverse: false,
        up: Some(false),
        adds: -60,
    };
    Instance {
        state: State::Backup,
        since: Some(since),
        cause: Some(cause.clone()),
        priority: Priority { base: 150, effective: 90, terms: vec![term] },
        master: Some(Master {
            address: "192.0.2.1".parse().unwrap(),
            mac: Some("52:54:00:12:34:56".to_owned()),
            priority: 100,
            interval_ms: 500,
            last_heard_ms: 213,
        }),
        timers: Timers {
            advertise_interval_ms: 500,
            master_down_interval_ms: 1824,
            skew_time_us: 324_218,
            deadline_ms: Some(1611),
        },
        history: vec![
            Transition {
                at: since,
                from: State::Master,
                to: State::Backup,
                cause,
                evidence: Evidence {
                    last_source: Some("192.0.2.1".parse().unwrap()),
                    last_priority: Some(100),
                    silent_ms: Some(0),
                    priority: Some(90),
                    remark: None,
                },
            },
            Transition {
                at: at("2026-11-18T06:10:14Z"),
                from: State::Backup,
                to: State::Master,
                cause: Cause::Silence { silent_ms: None },
                evidence: Evidence::default(),
            },
        ],
        close_calls: CloseCalls {
            count: 2,
            last: vec![at("2026-11-30T03:12:44Z"), at("2026-11-30T03:12:09Z")],
        },
        advert_gap: Histogram {
            bounds_us: vec![250_000, 500_000, 1_000_000],
            counts: vec![0, 480, 12, 2],
            sum_us: 251_000_000,
            max_us: 1_500_000,
        },
        statistics: Statistics {
            master_transitions: 1,
            released_master: 1,
            advertisement_rcvd: 494,
            advertisement_sent: 2_090_212,
            rejected: [("checksum".to_owned(), 2)].into(),
            ..Statistics::default()
        },
        ..instance
    }
}

/// A router that is in FAULT for a script.
pub(crate) fn fault(name: &str, vrid: u8, addresses: &[&str]) -> Instance {
    let fault = Fault::Tracker {
        tracker: TrackerKind::Script,
        name: "chk_haproxy".to_owned(),
        reason: Some("exited with status 7: \"disk full\"".to_owned()),
    };
    let mut instance = master(name, vrid, addresses);
    instance.addresses.iter_mut().for_each(|address| address.set = false);
    let term = Term {
        tracker: TrackerKind::Script,
        name: "chk_haproxy".to_owned(),
        weight: 0,
        reverse: false,
        up: Some(false),
        adds: 0,
    };
    Instance {
        state: State::Fault,
        since: Some(at("2026-11-30T09:14:02Z")),
        cause: Some(Cause::Fault(fault.clone())),
        fault: Some(fault),
        priority: Priority { base: 100, effective: 0, terms: vec![term] },
        timers: Timers::default(),
        ..instance
    }
}

/// The script that the samples track, down since 09:12:59.
pub(crate) fn script() -> Tracker {
    Tracker {
        kind: TrackerKind::Script,
        name: "chk_haproxy".to_owned(),
        up: Some(false),
        since: Some(at("2026-11-30T09:12:59Z")),
        value: None,
        last: Some(LastRun {
            exit: Some(7),
            signal: None,
            timed_out: false,
            ms: 12,
            output: "disk full".to_owned(),
            at: Some(at("2026-11-30T09:17:11Z")),
        }),
        rise: Some(2),
        fall: Some(3),
        streak: Some(3),
        running: false,
        next_ms: Some(400),
        shortage: None,
    }
}

/// Maintenance by root for 18 more minutes.
pub(crate) fn maintenance() -> Intent {
    Intent {
        kind: IntentKind::Maintenance,
        by: "root".to_owned(),
        reason: "kernel update".to_owned(),
        since: at("2026-11-30T09:05:12Z"),
        until: Some(at("2026-11-30T09:35:12Z")),
        hard: false,
        weight: None,
        open: None,
    }
}

/// Another router on eth0.
pub(crate) fn neighbour(source: &str, vrid: u8, instance: Option<&str>) -> Neighbour {
    Neighbour {
        interface: "eth0".to_owned(),
        source: source.parse().unwrap(),
        mac: Some("52:54:00:00:00:09".to_owned()),
        vrid,
        version: 3,
        priority: 100,
        interval_ms: 1000,
        addresses: vec!["198.51.100.7".parse().unwrap()],
        instance: instance.map(str::to_owned),
        differs: instance.is_some(),
        rejected: None,
        last_heard: at("2026-11-30T09:17:11.500Z"),
    }
}

/// A virtual server with a real server that is up and one that is down.
pub(crate) fn service() -> Service {
    let check = Check {
        kind: "HTTP_GET".to_owned(),
        target: "http://10.0.0.13:80/health".to_owned(),
        up: true,
        settled: true,
        since: Some(at("2026-11-18T06:10:15Z")),
        failure: None,
        failures: 0,
        ms: Some(4),
        running: false,
        next_ms: Some(812),
        certificate_expires: None,
    };
    let up = Server {
        address: "10.0.0.13:80".to_owned(),
        up: true,
        backup: false,
        outlier: false,
        since: Some(at("2026-11-18T06:10:15Z")),
        weight: ServerWeight { configured: 1, effective: 1, programmed: Some(1) },
        intent: None,
        checks: vec![check.clone()],
        connections: Some(Connections { active: 31, inactive: 9, total: 1200, ..Connections::default() }),
    };
    let failure = CheckFailure {
        kind: "status".to_owned(),
        text: "HTTP status 503".to_owned(),
        at: Some(at("2026-11-30T09:17:10Z")),
    };
    let down = Server {
        address: "10.0.0.14:80".to_owned(),
        up: false,
        since: Some(at("2026-11-30T09:13:11Z")),
        weight: ServerWeight { configured: 1, effective: 1, programmed: None },
        checks: vec![Check {
            target: "http://10.0.0.14:80/health".to_owned(),
            up: false,
            failure: Some(failure),
            failures: 3,
            since: Some(at("2026-11-30T09:13:11Z")),
            ..check
        }],
        connections: None,
        ..up.clone()
    };
    Service {
        name: "[192.0.2.10]:tcp:80".to_owned(),
        scheduler: "wlc".to_owned(),
        up: true,
        since: Some(at("2026-11-18T06:10:15Z")),
        quorum: Quorum { need: 1, live: 1 },
        sorry: false,
        panics: false,
        backups: false,
        suspended: false,
        draining: 0,
        servers: vec![up, down],
        sorry_server: None,
        connections: Some(Connections {
            total: 1204,
            in_packets: 9000,
            out_packets: 8000,
            in_bytes: 700_000,
            out_bytes: 9_000_000,
            ..Connections::default()
        }),
    }
}

/// A BFD session that is up.
pub(crate) fn bfd() -> BfdSession {
    BfdSession {
        name: "rack".to_owned(),
        neighbour: "192.0.2.77".parse().unwrap(),
        source: None,
        state: "up".to_owned(),
        remote_state: Some("up".to_owned()),
        since: Some(at("2026-11-30T08:00:00Z")),
        diagnostic: None,
        transmit_ms: Some(50),
        detection_ms: Some(150),
    }
}

/// One of each: what a busy machine says.
pub(crate) fn busy() -> Status {
    let mut status = empty();
    status.workers = vec![worker(Role::Vrrp), worker(Role::Lvs)];
    let mut kept_away = backup("VI_3", 53, &["2001:db8::10/64"]);
    kept_away.intent = Some(maintenance());
    status.instances = vec![
        master("VI_1", 51, &["192.0.2.10/24", "192.0.2.11/24"]),
        fault("VI_2", 52, &["192.0.2.12/24"]),
        kept_away,
    ];
    let members = vec!["VI_1".to_owned(), "VI_3".to_owned()];
    status.groups = vec![Group {
        name: "VG".to_owned(),
        state: State::Master,
        since: Some(at("2026-11-30T09:13:00Z")),
        members,
    }];
    status.trackers = vec![script()];
    status.services = vec![service()];
    status.bfd = vec![bfd()];
    status
}
