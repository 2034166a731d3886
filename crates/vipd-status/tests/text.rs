//! The status as text, word by word.

#![allow(clippy::needless_raw_string_hashes, reason = "so UPDATE_EXPECT=1 writes them")]

mod samples;

use expect_test::{Expect, expect};
use samples::{at, backup, busy, empty, maintenance, master, neighbour, service, worker};
use vipd_status::text::{Options, headline, status};
use vipd_status::{ReloadOutcome, ReloadResult, Role, State, Status, Worker, problems};

fn shows(given: &Status, expected: &Expect) {
    let text = status(given, &Options::default());
    let long: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(long.is_empty(), "longer than 80 columns: {long:#?}");
    expected.assert_eq(&text);
}

#[test]
fn nothing_is_configured() {
    shows(
        &empty(),
        &expect![[r#"
        vipd 0.1.0, up 12 d 3 h, configuration of 09:12:44 (3 reloads), no problem
    "#]],
    );
    assert_eq!(headline(&empty()), "nothing is configured; no problem");
}

#[test]
fn a_master_without_a_problem() {
    let mut given = empty();
    given.workers = vec![worker(Role::Vrrp)];
    given.instances = vec![master("VI_1", 51, &["192.0.2.10/24"])];
    shows(
        &given,
        &expect![[r#"
        vipd 0.1.0, up 12 d 3 h, configuration of 09:12:44 (3 reloads), no problem

        INSTANCE  STATE   FOR       PRIO  MASTER    ADDRESSES
        VI_1      MASTER  12 d 3 h  150   this one  192.0.2.10
    "#]],
    );
    assert_eq!(headline(&given), "1 MASTER; no problem");
}

#[test]
fn a_busy_machine_says_what_is_wrong_first() {
    shows(
        &busy(),
        &expect![[r#"
        vipd 0.1.0, up 12 d 3 h, configuration of 09:12:44 (3 reloads), 3 problems, 1
          note
        ! VI_2 is in FAULT: script chk_haproxy is down: exited with status 7: "disk
          full" (since 09:14:02, 3 min 10 s)
        * 10.0.0.14:80 of [192.0.2.10]:tcp:80 is down: HTTP_GET: HTTP status 503 (since
          09:13:11, 4 min 1 s)
        * script chk_haproxy is down; its last run exited with status 7: "disk full"
          (since 09:12:59, 4 min 13 s)
        - VI_3 is BACKUP: maintenance by root, 18 min left: "kernel update" (since
          09:05:12, 12 min)

        INSTANCE  STATE   FOR         PRIO      MASTER              ADDRESSES
        VI_1      MASTER  12 d 3 h    150       this one            192.0.2.10,
                                                                    192.0.2.11
        VI_2      FAULT   3 min 10 s  0 (100)   -                   192.0.2.12
        VI_3      BACKUP  4 min 12 s  90 (150)  192.0.2.1 prio 100  2001:db8::10
            maintenance by root, 18 min left: "kernel update"
            priority 150 -60 by script chk_haproxy

        GROUP  STATE   FOR         MEMBERS
        VG     MASTER  4 min 12 s  VI_1, VI_3

        VIRTUAL SERVER       STATE  FOR        WEIGHT  CONNS  REMARK
        [192.0.2.10]:tcp:80  up     12 d 3 h        1     31  1/2 servers, quorum 1
          10.0.0.13:80       up     12 d 3 h        1     31
          10.0.0.14:80       down   4 min 1 s   - (1)      -  HTTP_GET: HTTP status 503

        TRACKED      KIND    STATE  FOR         REMARK
        chk_haproxy  script  down   4 min 13 s  exited with status 7: "disk full" in
                                                0.012 s

        BFD   STATE  FOR         NEIGHBOUR   REMARK
        rack  up     1 h 17 min  192.0.2.77  sends every 0.050 s, down after 0.150 s of
                                             silence
    "#]],
    );
    let said = headline(&busy());
    assert!(
        said.starts_with(
            "1 MASTER, 1 BACKUP, 1 FAULT, 1 of 1 virtual servers up; 3 problems, 1 note: VI_2 is in FAULT"
        ),
        "{said}"
    );
}

#[test]
fn colours_only_mark() {
    let coloured = status(&busy(), &Options { colour: true, ..Options::default() });
    assert!(
        coloured.contains("\x1b[1;31mFAULT\x1b[0m ") && coloured.contains("\x1b[32mMASTER\x1b[0m "),
        "{coloured:?}"
    );
    let mut plain = String::new();
    for (number, piece) in coloured.split("\x1b[").enumerate() {
        plain += if number == 0 { piece } else { piece.split_once('m').unwrap().1 };
    }
    assert_eq!(plain, status(&busy(), &Options::default()));
}

#[test]
fn a_hung_worker_and_one_that_does_not_run() {
    let mut given = empty();
    let hung = Worker { heard_ms: Some(7_310), silent: true, ..worker(Role::Vrrp) };
    given.workers = vec![hung, Worker { pid: None, heard_ms: None, restarts: 4, ..worker(Role::Lvs) }];
    shows(
        &given,
        &expect![[r#"
        vipd 0.1.0, up 12 d 3 h, configuration of 09:12:44 (3 reloads), 2 problems
        ! VRRP worker (process 813) does not answer, last heard 7.310 s ago; its part is
          missing here
        ! LVS worker does not run; it is started again
    "#]],
    );
}

#[test]
fn a_refused_reload_a_stale_file_and_one_to_confirm() {
    let mut given = empty();
    given.daemon.config.stale = true;
    shows(
        &given,
        &expect![[r#"
        vipd 0.1.0, up 12 d 3 h, configuration of 09:12:44 (3 reloads), 1 problem
        * /etc/keepalived/keepalived.conf was changed since it was loaded; reload to use
          it
    "#]],
    );
    let reason = Some("line 12: VI_3: virtual_router_id is missing".to_owned());
    given.daemon.config.last_reload =
        Some(ReloadOutcome { result: ReloadResult::Refused, reason, at: at("2026-11-30T09:16:00Z") });
    shows(
        &given,
        &expect![[r#"
        vipd 0.1.0, up 12 d 3 h, configuration of 09:12:44 (3 reloads), 1 problem
        * last reload was refused, the earlier configuration runs: line 12: VI_3:
          virtual_router_id is missing (since 09:16:00, 1 min 12 s)
    "#]],
    );
    given.daemon.config.last_reload = None;
    given.daemon.config.stale = false;
    given.daemon.config.confirm_until = Some(at("2026-11-30T09:18:12Z"));
    shows(
        &given,
        &expect![[r#"
        vipd 0.1.0, up 12 d 3 h, configuration of 09:12:44 (3 reloads), no problem, 1
          note
        - last reload is undone in 1 min 0 s unless `vipd confirm` is run (since
          09:12:44, 4 min 28 s)
    "#]],
    );
}

#[test]
fn a_second_master_and_a_stranger() {
    let mut given = empty();
    given.instances = vec![master("VI_1", 51, &["192.0.2.10/24"]), backup("VI_2", 52, &["192.0.2.12/24"])];
    let mut second = neighbour("192.0.2.1", 51, Some("VI_1"));
    second.differs = false;
    let mut gone = neighbour("192.0.2.8", 52, Some("VI_2"));
    gone.last_heard = at("2026-11-30T09:00:00Z");
    given.neighbours =
        vec![second, neighbour("192.0.2.9", 52, Some("VI_2")), gone, neighbour("192.0.2.9", 77, None)];
    given.instances[0].addresses[0].set = false;
    shows(
        &given,
        &expect![[r#"
        vipd 0.1.0, up 12 d 3 h, configuration of 09:12:44 (3 reloads), 3 problems
        ! VI_1 is MASTER without 192.0.2.10/24
        ! VI_1 is MASTER, and so is 192.0.2.1 (priority 100) (since 2026-11-18 06:10:14,
          12 d 3 h)
        * VI_2 shares VRID 52 on eth0 with 192.0.2.9, which has other addresses
          (198.51.100.7)

        INSTANCE  STATE   FOR         PRIO      MASTER              ADDRESSES
        VI_1      MASTER  12 d 3 h    150       this one            192.0.2.10
        VI_2      BACKUP  4 min 12 s  90 (150)  192.0.2.1 prio 100  192.0.2.12
            priority 150 -60 by script chk_haproxy
    "#]],
    );
}

#[test]
fn a_master_of_a_moment_is_not_called_one_of_two() {
    let mut given = empty();
    given.instances = vec![master("VI_1", 51, &["192.0.2.10/24"])];
    given.instances[0].since = Some(at("2026-11-30T09:17:10Z"));
    let mut second = neighbour("192.0.2.1", 51, Some("VI_1"));
    second.differs = false;
    given.neighbours = vec![second];
    assert_eq!(problems(&given), []);
}

#[test]
fn a_virtual_server_without_quorum_drains_and_certificates() {
    let mut given = empty();
    let mut web = service();
    web.up = false;
    web.sorry = true;
    web.quorum.live = 0;
    web.servers[0].up = false;
    web.servers[0].checks[0].up = false;
    web.servers[0].checks[0].settled = false;
    web.servers[1].intent = Some(maintenance());
    web.servers[1].checks[0].certificate_expires = Some(at("2026-12-05T00:00:00Z"));
    given.services = vec![web];
    shows(
        &given,
        &expect![[r#"
        vipd 0.1.0, up 12 d 3 h, configuration of 09:12:44 (3 reloads), 4 problems, 1
          note
        ! [192.0.2.10]:tcp:80 has no quorum: weight 0 of 1 is up; the sorry server
          serves (since 2026-11-18 06:10:15, 12 d 3 h)
        * 10.0.0.13:80 of [192.0.2.10]:tcp:80 is down: HTTP_GET has had no result yet
          (since 2026-11-18 06:10:15, 12 d 3 h)
        * 10.0.0.14:80 of [192.0.2.10]:tcp:80 is down: HTTP_GET: HTTP status 503 (since
          09:13:11, 4 min 1 s)
        * 10.0.0.14:80 of [192.0.2.10]:tcp:80 has a certificate that ends on 2026-12-05
        - 10.0.0.14:80 of [192.0.2.10]:tcp:80 has maintenance by root, 18 min left:
          "kernel update" (since 09:05:12, 12 min)

        VIRTUAL SERVER       STATE  FOR        WEIGHT  CONNS  REMARK
        [192.0.2.10]:tcp:80  down   12 d 3 h        0     31  0/2 servers, quorum 1,
                                                              sorry server serves
          10.0.0.13:80       down   12 d 3 h        1     31  HTTP_GET has had no result
                                                              yet
          10.0.0.14:80       down   4 min 1 s   - (1)      -  maintenance by root, 18
                                                              min left: "kernel update";
                                                              HTTP_GET: HTTP status 503
    "#]],
    );
}

#[test]
fn one_name_shows_its_part_alone() {
    let text = |name: &str| status(&busy(), &Options { name: Some(name.to_owned()), ..Options::default() });
    expect![[r#"
        ! VI_2 is in FAULT: script chk_haproxy is down: exited with status 7: "disk
          full" (since 09:14:02, 3 min 10 s)
        * script chk_haproxy is down; its last run exited with status 7: "disk full"
          (since 09:12:59, 4 min 13 s)

        INSTANCE  STATE  FOR         PRIO     MASTER  ADDRESSES
        VI_2      FAULT  3 min 10 s  0 (100)  -       192.0.2.12

        TRACKED      KIND    STATE  FOR         REMARK
        chk_haproxy  script  down   4 min 13 s  exited with status 7: "disk full" in
                                                0.012 s
    "#]]
    .assert_eq(&text("VI_2"));
    expect![[r#"
        * 10.0.0.14:80 of [192.0.2.10]:tcp:80 is down: HTTP_GET: HTTP status 503 (since
          09:13:11, 4 min 1 s)

        VIRTUAL SERVER       STATE  FOR        WEIGHT  CONNS  REMARK
        [192.0.2.10]:tcp:80  up     12 d 3 h        1     31  1/2 servers, quorum 1
          10.0.0.13:80       up     12 d 3 h        1     31
          10.0.0.14:80       down   4 min 1 s   - (1)      -  HTTP_GET: HTTP status 503
    "#]]
    .assert_eq(&text("10.0.0.14"));
    expect![[r#"
        nothing is named 'VI_9'
    "#]]
    .assert_eq(&text("VI_9"));
    assert_eq!(text("2001:db8:0::10"), text("VI_3"));
    assert!(text("VG").contains("VI_1") && !text("VG").contains("VI_2"), "{}", text("VG"));
}

#[test]
fn four_thousand_instances_are_four_thousand_lines() {
    let mut given = empty();
    given.instances =
        (0..4000).map(|number| master(&format!("VI_{number}"), 51, &["192.0.2.10/24"])).collect();
    let text = status(&given, &Options::default());
    assert_eq!(text.lines().count(), 4003);
    assert_eq!(headline(&given), "4000 MASTER; no problem");
}

#[test]
fn names_and_output_of_others_cannot_steer_the_terminal() {
    let mut given = busy();
    given.instances[1].name = "VI\x1b]0;x\x07\n2".to_owned();
    given.instances[1].state = State::Fault;
    given.trackers[0].last.as_mut().unwrap().output = "\x1b[2J\r\u{202e}".to_owned();
    for width in [0, 40, 80, 200] {
        let text = status(&given, &Options { width, ..Options::default() });
        assert!(!text.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}'), "{text:?}");
        assert!(text.lines().all(|line| line.chars().count() <= width.max(60)), "{width}: {text}");
    }
}
