//! Explanations of each cause, and their text.

#![allow(clippy::needless_raw_string_hashes, reason = "so UPDATE_EXPECT=1 writes them")]

mod samples;

use std::net::IpAddr;

use expect_test::{Expect, expect};
use jiff::tz::TimeZone;
use samples::{at, backup, bfd, busy, empty, fault, maintenance, master, neighbour, now, script, worker};
use vipd_status::explain::{Label, explain, text};
use vipd_status::{
    Cause, Evidence, Fault, Group, Instance, IntentKind, Master, Preempt, Priority, Role, State, Status,
    Term, Timers, Tracker, TrackerKind, Transition,
};

const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

fn says(status: &Status, name: &str, expected: &Expect) {
    let said = text(&explain(status, name, &TimeZone::UTC), 100);
    assert!(said.lines().all(|line| line.chars().count() <= 100), "{said}");
    expected.assert_eq(&said);
}

/// The statements of an instance with a label, in a status that holds it.
fn told(status: &Status, label: Label) -> String {
    let explanations = explain(status, "VI_1", &TimeZone::UTC);
    let statements = explanations[0].statements.iter().filter(|statement| statement.label == label);
    statements.map(|statement| statement.text.as_str()).collect::<Vec<_>>().join(" | ")
}

fn with(instance: Instance) -> Status {
    let mut status = empty();
    status.workers = vec![worker(Role::Vrrp)];
    status.instances = vec![instance];
    status
}

fn one(state: State, cause: Cause) -> Instance {
    let mut instance = master("VI_1", 51, &["192.0.2.10/24"]);
    instance.state = state;
    instance.cause = Some(cause);
    instance.since = Some(at("2026-11-30T09:15:00Z"));
    instance
}

fn in_fault(fault: Fault) -> Instance {
    Instance { fault: Some(fault.clone()), ..one(State::Fault, Cause::Fault(fault)) }
}

fn tracked(kind: TrackerKind, name: &str, reason: &str) -> Instance {
    in_fault(Fault::Tracker { tracker: kind, name: name.to_owned(), reason: Some(reason.to_owned()) })
}

fn peer(priority: u8) -> Master {
    Master { address: PEER, mac: None, priority, interval_ms: 1000, last_heard_ms: 200 }
}

#[test]
fn a_peer_is_better() {
    let mut status = with(backup("VI_1", 51, &["192.0.2.10/24"]));
    status.trackers = vec![script()];
    says(
        &status,
        "VI_1",
        &expect![[r#"
        VI_1 (VRID 51 on eth0, VRRPv3, IPv4) is BACKUP since 09:13:00 (4 min 12 s).
          because      192.0.2.1 advertised priority 100
          evidence     last heard 192.0.2.1, priority 100, 0.000 s before; own priority 90
          priority     90 = 150 from the file, -60 by script chk_haproxy
          tracks       script chk_haproxy is down since 09:12:59 (4 min 13 s): exited with status 7: "disk
                       full" in 0.012 s; next run in 0.400 s; -60 to the priority of 150
          master       192.0.2.1 (52:54:00:12:34:56), priority 100, every 0.500 s, last heard 0.213 s ago;
                       99 % of its gaps are at most 1.000 s, the longest was 1.500 s
          takes over   if 192.0.2.1 is silent for 1.611 s more (1.824 s in all); if it leaves with priority
                       0, after 0.324 s
          preempts     as soon as script chk_haproxy is up, which makes its priority 150 (above 100)
          close calls  2, last at 03:12:44, 03:12:09: one more lost advertisement would have moved the
                       addresses
          before       MASTER until 09:13:00
                       BACKUP -> MASTER at 2026-11-18 06:10:14: no advertisement was received since it
                       started
          rejected     2 checksum
    "#]],
    );
}

#[test]
fn the_master_is_silent() {
    let mut instance = one(State::Master, Cause::Silence { silent_ms: Some(3_610) });
    instance.history = vec![Transition {
        at: at("2026-11-30T09:15:00Z"),
        from: State::Backup,
        to: State::Master,
        cause: Cause::Silence { silent_ms: Some(3_610) },
        evidence: Evidence {
            last_source: Some(PEER),
            last_priority: Some(200),
            silent_ms: Some(3_610),
            priority: Some(150),
            remark: None,
        },
    }];
    says(
        &with(instance),
        "192.0.2.10",
        &expect![[r#"
        VI_1 (VRID 51 on eth0, VRRPv3, IPv4) is MASTER since 09:15:00 (2 min 12 s).
          because      no advertisement for 3.610 s
          evidence     last heard 192.0.2.1, priority 200, 3.610 s before; own priority 150
          priority     150 from the file
          gives way    to an advertisement of a priority above 150, or of 150 from an address above
                       192.0.2.2
          before       BACKUP until 09:15:00
    "#]],
    );
}

#[test]
fn causes_that_are_faults() {
    let eth0 = || "eth0".to_owned();
    let cases = [
        (
            tracked(TrackerKind::Script, "chk", "exited with status 7: \"disk full\""),
            "script chk is down: exited with status 7: \"disk full\"",
        ),
        (
            tracked(TrackerKind::Script, "chk", "timed out after 2.000 s"),
            "script chk is down: timed out after 2.000 s",
        ),
        (tracked(TrackerKind::File, "load", "holds -255"), "file load is down: holds -255"),
        (
            tracked(TrackerKind::Bfd, "rack", "neighbour signaled session down"),
            "BFD session rack is down: neighbour signaled session down",
        ),
        (tracked(TrackerKind::Process, "haproxy", "0 of 1 run"), "process haproxy is down: 0 of 1 run"),
        (in_fault(Fault::InterfaceDown { interface: eth0(), missing: false }), "interface eth0 is down"),
        (
            in_fault(Fault::InterfaceDown { interface: eth0(), missing: true }),
            "interface eth0 does not exist",
        ),
        (in_fault(Fault::NoAddress { interface: eth0() }), "interface eth0 has no address to send from"),
        (in_fault(Fault::NoSource), "no interface has its unicast source address"),
        (
            in_fault(Fault::Deaf { interface: "eth0".to_owned() }),
            "no socket hears advertisements on interface eth0",
        ),
        (
            in_fault(Fault::Static { what: "static route 2".to_owned() }),
            "static route 2, which it tracks, is missing",
        ),
        (
            in_fault(Fault::Duplicate { of: "VI_0".to_owned() }),
            "VI_0 has the same interface, VRID, family and peers",
        ),
    ];
    for (instance, expected) in cases {
        let status = with(instance);
        assert_eq!(told(&status, Label::Because), expected);
        assert_eq!(
            told(&status, Label::Ends),
            "as soon as nothing that it needs is missing; then it is BACKUP"
        );
    }
}

#[test]
fn a_fault_of_another_member_is_followed_to_its_reason() {
    let mut status = with(in_fault(Fault::Member { name: "VI_2".to_owned() }));
    status.instances.push(fault("VI_2", 52, &[]));
    let members = vec!["VI_1".to_owned(), "VI_2".to_owned()];
    status.groups = vec![Group { name: "VG".to_owned(), state: State::Fault, since: None, members }];
    assert_eq!(
        told(&status, Label::Because),
        "VI_2 of its sync group is in FAULT: script chk_haproxy is down: exited with status 7: \"disk full\""
    );
    says(
        &status,
        "VG",
        &expect![[r#"
        sync group VG is FAULT.
          because      VI_2 is FAULT: script chk_haproxy is down: exited with status 7: "disk full"
          member       VI_1 is FAULT since 09:15:00 (2 min 12 s)
                       VI_2 is FAULT since 09:14:02 (3 min 10 s)
          takes over   not before every member can take part
    "#]],
    );
}

#[test]
fn a_sync_group_changed_for_the_cause_of_one_member() {
    let group = Some("VG".to_owned());
    let mut status =
        with(Instance { group: group.clone(), ..one(State::Backup, Cause::Group { name: group.clone() }) });
    let first = Instance {
        group,
        name: "VI_2".to_owned(),
        ..one(State::Backup, Cause::BetterAdvert { source: PEER, priority: 200 })
    };
    status.instances.push(first);
    assert_eq!(
        told(&status, Label::Because),
        "its sync group VG changed: VI_2 is BACKUP: 192.0.2.1 advertised priority 200"
    );
}

#[test]
fn advertisements_that_are_rejected_are_named_behind_a_silence() {
    for reason in ["authentication", "interval"] {
        let mut instance = one(State::Master, Cause::Silence { silent_ms: None });
        instance.statistics.rejected = [(reason.to_owned(), 77)].into();
        let mut status = with(instance);
        let mut heard = neighbour("192.0.2.1", 51, Some("VI_1"));
        heard.rejected = Some(reason.to_owned());
        heard.differs = false;
        status.neighbours = vec![heard];
        assert_eq!(told(&status, Label::Because), "no advertisement was received since it started");
        let expected = format!("192.0.2.1 is heard, but its advertisements are rejected: {reason}");
        assert_eq!(told(&status, Label::Evidence), expected);
        assert_eq!(told(&status, Label::Rejected), format!("77 {reason}"));
    }
}

#[test]
fn a_stranger_with_our_vrid_is_named_and_a_free_vrid() {
    let mut status = with(one(State::Master, Cause::Owner));
    status.neighbours = vec![neighbour("192.0.2.9", 51, Some("VI_1")), neighbour("192.0.2.9", 1, None)];
    assert_eq!(
        told(&status, Label::Stranger),
        "shares VRID 51 on eth0 with 192.0.2.9, which has other addresses (198.51.100.7) | \
         others on eth0 use VRID 1 (192.0.2.9) | VRID 2 is not used on eth0 as far as was heard"
    );
}

#[test]
fn two_masters_and_a_missing_address() {
    let mut status = with(one(State::Master, Cause::Startup));
    status.instances[0].addresses[0].set = false;
    let mut second = neighbour("192.0.2.1", 51, Some("VI_1"));
    second.differs = false;
    status.neighbours = vec![second];
    assert_eq!(
        told(&status, Label::Problem),
        "192.0.2.10/24 is not on eth0 | 192.0.2.1 is master too: priority 100, last heard at 09:17:11; each does not \
         hear or rejects the other"
    );
}

#[test]
fn causes_that_are_no_faults() {
    let cases = [
        (Cause::Startup, "it started, or its last fault ended"),
        (Cause::Owner, "it started as the owner of the addresses (priority 255)"),
        (Cause::MasterLeft { source: Some(PEER) }, "192.0.2.1 left (it advertised priority 0)"),
        (Cause::MasterLeft { source: None }, "the master left (it advertised priority 0)"),
        (Cause::Preempted { source: PEER, priority: 90 }, "it preempted 192.0.2.1, priority 90"),
        (
            Cause::Operator { intent: IntentKind::Handover, by: "root".to_owned() },
            "root asked for a handover",
        ),
        (Cause::Stop, "the daemon stopped"),
        (Cause::Deleted, "the configuration no longer has it"),
    ];
    for (cause, expected) in cases {
        assert_eq!(told(&with(one(State::Backup, cause)), Label::Because), expected);
    }
}

#[test]
fn a_worker_that_was_started_anew() {
    let mut status = with(one(State::Master, Cause::Resumed));
    status.workers[0].restarts = 2;
    assert_eq!(
        told(&status, Label::Because),
        "a new worker process goes on as the earlier one left it (VRRP worker processes that ended so far: 2)"
    );
}

#[test]
fn a_reload_at_the_time_of_the_change() {
    let mut instance = one(State::Backup, Cause::Startup);
    instance.since = Some(at("2026-11-30T09:12:44.300Z"));
    assert_eq!(told(&with(instance), Label::Evidence), "the configuration was reloaded at 09:12:44");
}

#[test]
fn a_weight_that_lowers_the_priority() {
    let mut status = with(backup("VI_1", 51, &[]));
    status.trackers = vec![script()];
    assert_eq!(told(&status, Label::Priority), "90 = 150 from the file, -60 by script chk_haproxy");
    assert_eq!(
        told(&status, Label::Preempts),
        "as soon as script chk_haproxy is up, which makes its priority 150 (above 100)"
    );
}

#[test]
fn a_positive_weight_that_is_missing_would_preempt() {
    let term = Term {
        tracker: TrackerKind::File,
        name: "load".to_owned(),
        weight: 20,
        reverse: false,
        up: Some(false),
        adds: 0,
    };
    let mut instance = one(State::Backup, Cause::BetterAdvert { source: PEER, priority: 110 });
    instance.priority = Priority { base: 100, effective: 100, terms: vec![term] };
    instance.master = Some(peer(110));
    instance.preempt = Preempt::AfterMs(5_000);
    let status = with(instance);
    assert_eq!(
        told(&status, Label::Preempts),
        "as soon as file load is up, which makes its priority 120 (above 110), after 5.000 s (preempt_delay)"
    );
    assert_eq!(told(&status, Label::Tracks), "file load is down; if it is up, +20 to the priority");
}

#[test]
fn nopreempt_and_equal_priorities() {
    let mut instance = one(State::Backup, Cause::BetterAdvert { source: PEER, priority: 100 });
    instance.master = Some(peer(100));
    instance.preempt = Preempt::Never;
    assert_eq!(
        told(&with(instance.clone()), Label::Preempts),
        "never while 192.0.2.1 is heard (nopreempt), although its priority is higher: 150 and 100"
    );
    instance.preempt = Preempt::AtOnce;
    instance.priority = Priority { base: 100, effective: 100, terms: Vec::new() };
    assert_eq!(told(&with(instance), Label::Preempts), "with a priority above 100; it is 100");
}

#[test]
fn a_backup_that_preempts_does_not_wait_for_silence() {
    let mut instance = one(State::Backup, Cause::Startup);
    instance.master = Some(peer(100));
    instance.timers.deadline_ms = Some(1_200);
    let status = with(instance);
    assert_eq!(
        told(&status, Label::TakesOver),
        "in 1.200 s: it does not obey 192.0.2.1, whose priority is lower"
    );
    assert_eq!(told(&status, Label::Preempts), "soon: its priority 150 is above 100");
}

#[test]
fn a_delay_at_the_start_is_longer_than_silence() {
    let mut instance = one(State::Backup, Cause::Startup);
    instance.timers =
        Timers { master_down_interval_ms: 3_400, deadline_ms: Some(25_000), ..Timers::default() };
    assert_eq!(
        told(&with(instance.clone()), Label::TakesOver),
        "in 25.000 s unless a master is heard (longer than its master-down interval of 3.400 s: a delay that the file \
         asks for, or a stall)"
    );
    instance.timers.deadline_ms = Some(2_000);
    assert_eq!(told(&with(instance), Label::TakesOver), "in 2.000 s unless a master is heard");
}

#[test]
fn maintenance_is_named_with_its_end() {
    let mut instance =
        one(State::Backup, Cause::Operator { intent: IntentKind::Maintenance, by: "root".to_owned() });
    instance.intent = Some(maintenance());
    instance.master = Some(peer(90));
    let mut status = with(instance);
    assert_eq!(told(&status, Label::Because), "root asked for maintenance");
    assert_eq!(told(&status, Label::Intent), "maintenance by root, 18 min left: \"kernel update\"");
    assert_eq!(told(&status, Label::Preempts), "not while maintenance lasts");
    status.instances[0].intent.as_mut().unwrap().hard = true;
    assert!(told(&status, Label::TakesOver).contains("even if nobody serves"));
}

#[test]
fn other_things_are_explained_too() {
    let mut status = busy();
    status.trackers.push(Tracker {
        kind: TrackerKind::File,
        name: "load".to_owned(),
        value: Some(-20),
        last: None,
        rise: None,
        fall: None,
        streak: None,
        next_ms: None,
        ..script()
    });
    says(
        &status,
        "chk_haproxy",
        &expect![[r#"
        script chk_haproxy is down since 09:12:59 (4 min 13 s).
          because      exited with status 7: "disk full" in 0.012 s; next run in 0.400 s
          ends         up after 2 successes in a row (rise)
          used by      VI_2 (FAULT) tracks it; down means FAULT
                       VI_3 (BACKUP) tracks it; -60 to the priority of 150
    "#]],
    );
    says(
        &status,
        "load",
        &expect![[r#"
        file load is down since 09:12:59 (4 min 13 s).
          because      holds -20
    "#]],
    );
    says(
        &status,
        "192.0.2.10:80",
        &expect![[r#"
        virtual server [192.0.2.10]:tcp:80 is up since 2026-11-18 06:10:15 (12 d 3 h).
          because      weight 1 is up, the quorum of 1
          server       10.0.0.13:80 is up since 2026-11-18 06:10:15 (12 d 3 h)
                       10.0.0.14:80 is down since 09:13:11 (4 min 1 s): HTTP_GET: HTTP status 503
    "#]],
    );
    says(
        &status,
        "10.0.0.14",
        &expect![[r#"
        10.0.0.14:80 of [192.0.2.10]:tcp:80 is down since 09:13:11 (4 min 1 s).
          because      HTTP_GET: HTTP status 503
          weight       not in the kernel; 1 from the file, 1 with its checks
          tracks       HTTP_GET of http://10.0.0.14:80/health is down since 09:13:11 (4 min 1 s); it failed
                       at 09:17:10 (3 in a row): HTTP status 503; took 0.004 s; next in 0.812 s
    "#]],
    );
    says(
        &status,
        "rack",
        &expect![[r#"
        BFD session rack with 192.0.2.77 is up since 08:00:00 (1 h 17 min).
          evidence     192.0.2.77 says that it is up
          ends         down after 0.150 s of silence
    "#]],
    );
    says(&status, "nothing", &expect![[""]]);
    assert_eq!(explain(&status, bfd().neighbour.to_string().as_str(), &TimeZone::UTC).len(), 1);
}

#[test]
fn numbers_at_their_ends_do_no_harm() {
    let mut instance = backup("VI_1", 255, &["", "/", "x/y"]);
    instance.since = Some(vipd_status::Timestamp::MAX);
    instance.advert_gap.counts = vec![u64::MAX; 3];
    instance.advert_gap.bounds_us.clear();
    instance.advert_gap.max_us = u64::MAX;
    instance.timers.master_down_interval_ms = u64::MAX;
    instance.timers.deadline_ms = Some(u64::MAX);
    instance.priority.terms[0].adds = i32::MIN;
    instance.priority.terms[0].weight = i32::MIN;
    instance.close_calls.count = u64::MAX;
    let mut status = with(instance);
    status.at = vipd_status::Timestamp::MIN;
    let mut heard = neighbour("192.0.2.9", 51, Some("VI_1"));
    heard.interval_ms = u64::MAX;
    heard.last_heard = vipd_status::Timestamp::MAX;
    status.neighbours = vec![heard];
    assert!(!told(&status, Label::State).is_empty());
    let _ = vipd_status::text::status(&status, &vipd_status::text::Options::default());
    status.at = now();
    assert!(!told(&status, Label::Master).is_empty());
}

#[test]
fn a_wait_and_a_stall_are_reported() {
    let mut instance = Instance { name: "VI_1".to_owned(), ..Instance::default() };
    instance.waits = Some("startup delay, 2998 ms left".to_owned());
    instance.stalled = Some(now());
    let status = with(instance);
    assert_eq!(told(&status, Label::Because), "it waits: startup delay, 2998 ms left");
    assert!(told(&status, Label::Evidence).starts_with("this machine was stalled until "));
    assert_eq!(told(&status, Label::Stranger), "");
}
