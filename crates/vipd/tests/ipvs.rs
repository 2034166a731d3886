//! The load balancer on a real kernel: what the kernel's tables hold after each event, which scripts are called, and
//! whether clients are answered.
//!
//! Every daemon gets the same configuration and the same events at the same time, keepalived among them; the
//! expectations are written out, so that it is known what both of them do.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::process::Command;
use std::time::Duration;

use common::hosts::{KEEPALIVED, Maker};
use common::lvs::{Balancers, answered_by, answers, ipvs_test, longest_gap, service};
use common::{MARGIN, eventually};
use vip_lab::Stamp;
use vip_lab::farm::{DIRECT, NAT};
use vip_lab::visitor::{Visit, Visitor};

/// The load balancers that run side by side.
const MAKERS: &[Maker] = &[Maker::Keepalived, Maker::Vipd];

/// A real server of the configurations below.
#[derive(Clone, Copy)]
struct Real<'a> {
    name: &'a str,
    address: &'a str,
    weight: u32,
}

/// By address translation, checked by connecting; a server that fails is removed.
fn nat_service(servers: &[Real<'_>]) -> String {
    virtual_server(
        "192.0.2.100",
        "nat",
        "lvs_sched rr\n lvs_method NAT\n sorry_server 10.0.0.10 80",
        servers,
        TCP,
    )
}

/// By direct routing, checked by asking for a page; a server that fails stays with weight 0.
fn direct_service(servers: &[Real<'_>]) -> String {
    let lines = "lvs_sched wrr\n lvs_method DR\n inhibit_on_failure\n sorry_server 192.0.2.10 80";
    virtual_server("192.0.2.101", "dr", lines, servers, HTTP)
}

const TCP: &str = "TCP_CHECK {\n connect_timeout 3\n retry 1\n delay_before_retry 0.2\n }";
const HTTP: &str = "HTTP_GET {\n url {\n path /\n status_code 200\n }\n connect_timeout 3\n retry 1\n \
                    delay_before_retry 0.2\n }";

fn virtual_server(vip: &str, name: &str, lines: &str, servers: &[Real<'_>], check: &str) -> String {
    let server = |server: &Real<'_>| {
        let Real { name: real, address, weight } = server;
        format!(
            "real_server {address} 80 {{\n weight {weight}\n \
             notify_up \"/etc/keepalived/record.sh up {name} {real}\"\n \
             notify_down \"/etc/keepalived/record.sh down {name} {real}\"\n {check}\n}}\n"
        )
    };
    let servers: Vec<String> = servers.iter().map(server).collect();
    let servers = servers.concat();
    format!(
        "virtual_server {vip} 80 {{\n protocol TCP\n delay_loop 0.5\n {lines}\n \
         quorum_up \"/etc/keepalived/record.sh quorum_up {name}\"\n \
         quorum_down \"/etc/keepalived/record.sh quorum_down {name}\"\n{servers}}}\n"
    )
}

const GLOBAL: &str = "global_defs {\n router_id lab\n script_user root\n}\n";

const NAT_BOTH: [Real<'static>; 2] = [
    Real { name: "s1", address: "10.0.0.11", weight: 1 },
    Real { name: "s2", address: "10.0.0.12", weight: 2 },
];
const DIRECT_BOTH: [Real<'static>; 2] = [
    Real { name: "s1", address: "192.0.2.11", weight: 1 },
    Real { name: "s2", address: "192.0.2.12", weight: 1 },
];

/// Lines of the table for both services.
fn tables(nat: &[(&str, u32)], direct: &[(&str, u32)]) -> Vec<String> {
    [service(NAT, "rr", "-m", nat), service(DIRECT, "wrr", "-g", direct)].concat()
}

/// Both services while all is well.
fn all_up() -> Vec<String> {
    tables(&[("10.0.0.11", 1), ("10.0.0.12", 2)], &[("192.0.2.11", 1), ("192.0.2.12", 1)])
}

/// While s1 is closed: removed from the one, without new connections in the other.
fn without_s1() -> Vec<String> {
    tables(&[("10.0.0.12", 2)], &[("192.0.2.11", 0), ("192.0.2.12", 1)])
}

/// While both are closed.
fn sorry() -> Vec<String> {
    tables(&[("10.0.0.10", 1)], &[("192.0.2.10", 1), ("192.0.2.11", 0), ("192.0.2.12", 0)])
}

/// The pairs of directors that share an address.
const PAIRS: &[[Maker; 2]] =
    &[[Maker::Vipd, Maker::Vipd], [Maker::Vipd, Maker::Keepalived], [Maker::Keepalived, Maker::Vipd]];

/// The address of both services and the servers' gateway, held by the director that runs.
fn instance(priority: u8) -> String {
    format!(
        "vrrp_instance front {{\n version 3\n interface eth0\n virtual_router_id 51\n priority {priority}\n \
         advert_int 0.3\n garp_master_delay 1\n virtual_ipaddress {{\n 192.0.2.100/24 dev eth0\n \
         192.0.2.101/24 dev eth0\n 10.0.0.1/24 dev eth1\n }}\n}}\n"
    )
}

/// Longest time until the director with priority 100 takes over: three adverts of 300 ms and the skew.
const TAKEOVER: Duration = Duration::from_millis(1083);

/// Longest time until the first director serves; starting a daemon takes a second here.
const START: Duration = Duration::from_secs(4);

/// Longest time until a busy machine leaves clients in peace for a second.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest time until a check has noticed something: a second by the intervals above, and a busy machine.
const NOTICE: Duration = Duration::from_secs(4);

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn tables_and_scripts_follow_the_real_servers() {
    ipvs_test("tables_and_scripts_follow_the_real_servers", &[KEEPALIVED], || {
        let mut lab = Balancers::new(MAKERS);
        let whole = [GLOBAL, &nat_service(&NAT_BOTH), &direct_service(&DIRECT_BOTH)].concat();

        lab.start(&whole);
        lab.expect_tables("start", NOTICE, &all_up());
        lab.expect_calls("start", &["quorum_up nat", "quorum_up dr"]);

        lab.open_only(&["s2"]);
        lab.expect_tables("s1 closed", NOTICE, &without_s1());
        lab.expect_calls("s1 closed", &["down nat s1", "down dr s1"]);

        lab.open_only(&["s1", "s2"]);
        lab.expect_tables("s1 back", NOTICE, &all_up());
        lab.expect_calls("s1 back", &["up nat s1", "up dr s1"]);

        lab.open_only(&[]);
        lab.expect_tables("all closed", NOTICE, &sorry());
        let calls =
            ["down nat s1", "down nat s2", "quorum_down nat", "down dr s1", "down dr s2", "quorum_down dr"];
        lab.expect_calls("all closed", &calls);

        lab.open_only(&["s1", "s2"]);
        lab.expect_tables("all back", NOTICE, &all_up());
        let calls = ["up nat s1", "up nat s2", "quorum_up nat", "up dr s1", "up dr s2", "quorum_up dr"];
        lab.expect_calls("all back", &calls);

        for director in &mut lab.directors {
            let (status, _) = director.stop();
            assert!(status.success(), "{:?}: {status}", director.maker);
        }
        lab.expect_tables("stopped", Duration::ZERO, &[]);
        lab.expect_calls("stopped", &[]);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn a_reload_changes_what_has_changed_and_nothing_else() {
    ipvs_test("a_reload_changes_what_has_changed_and_nothing_else", &[KEEPALIVED], || {
        let mut lab = Balancers::new(MAKERS);
        let direct = direct_service(&DIRECT_BOTH);
        let whole = [GLOBAL, &nat_service(&NAT_BOTH), &direct].concat();
        let direct_up = [("192.0.2.11", 1), ("192.0.2.12", 1)];
        lab.start(&whole);
        lab.expect_tables("start", NOTICE, &tables(&[("10.0.0.11", 1), ("10.0.0.12", 2)], &direct_up));
        lab.expect_calls("start", &["quorum_up nat", "quorum_up dr"]);

        let [s1, s2] = NAT_BOTH;
        let heavier = [s1, Real { weight: 5, ..s2 }];
        lab.reload(&[GLOBAL, &nat_service(&heavier), &direct].concat());
        lab.expect_tables("weight", NOTICE, &tables(&[("10.0.0.11", 1), ("10.0.0.12", 5)], &direct_up));
        lab.expect_calls("weight", &[]);

        lab.open_only(&["s2"]);
        let s1_down = tables(&[("10.0.0.12", 5)], &[("192.0.2.11", 0), ("192.0.2.12", 1)]);
        lab.expect_tables("s1 closed", NOTICE, &s1_down);
        lab.expect_calls("s1 closed", &["down nat s1", "down dr s1"]);
        lab.reload(&[GLOBAL, &nat_service(&heavier), &direct].concat());
        lab.stays("a reload does not forget who is down", Duration::from_secs(1), &s1_down);
        lab.expect_calls("a reload does not forget who is down", &[]);
        lab.open_only(&["s1", "s2"]);
        lab.expect_tables("s1 back", NOTICE, &tables(&[("10.0.0.11", 1), ("10.0.0.12", 5)], &direct_up));
        lab.expect_calls("s1 back", &["up nat s1", "up dr s1"]);

        lab.reload(&[GLOBAL, &nat_service(&heavier[..1]), &direct].concat());
        lab.expect_tables("s2 removed", NOTICE, &tables(&[("10.0.0.11", 1)], &direct_up));
        lab.expect_calls("s2 removed", &["down nat s2"]);

        lab.reload(&whole);
        lab.expect_tables("s2 added", NOTICE, &tables(&[("10.0.0.11", 1), ("10.0.0.12", 2)], &direct_up));
        lab.expect_calls("s2 added", &[]);

        lab.reload(&[GLOBAL, &direct].concat());
        lab.expect_tables("a service removed", NOTICE, &service(DIRECT, "wrr", "-g", &direct_up));
        lab.expect_calls("a service removed", &["down nat s1", "down nat s2", "quorum_down nat"]);

        lab.reload(&whole);
        lab.expect_tables(
            "a service added",
            NOTICE,
            &tables(&[("10.0.0.11", 1), ("10.0.0.12", 2)], &direct_up),
        );
        lab.expect_calls("a service added", &["quorum_up nat"]);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn clients_are_answered_with_any_director_and_any_server() {
    ipvs_test("clients_are_answered_with_any_director_and_any_server", &[KEEPALIVED], || {
        for makers in PAIRS {
            println!("{makers:?}");
            a_pair_and_its_clients(*makers);
        }
    });
}

fn a_pair_and_its_clients(makers: [Maker; 2]) {
    const PERIOD: Duration = Duration::from_millis(60);
    let mut lab = Balancers::new(&makers);
    let visitors = [NAT, DIRECT]
        .map(|offer| Visitor::start(&lab.farm.client, offer.client, offer.socket(), PERIOD).unwrap());
    let visits = |from: Stamp| {
        let after = |visit: &Visit| visit.asked >= from;
        visitors.each_ref().map(|visitor| visitor.after(0).into_iter().filter(after).collect::<Vec<_>>())
    };
    // A busy machine makes checks and clients late; in the end a second without a surprise must come.
    let served = |what: &str, by: &[&str]| {
        let mut from = Stamp::now();
        eventually(what, PATIENCE, || {
            std::thread::sleep(Duration::from_secs(1));
            let seen = visits(from);
            from = Stamp::now();
            println!("{what}: {:?}", seen.each_ref().map(|visits| answers(visits)));
            seen.iter().all(|visits| answered_by(visits) == by)
        });
    };

    let services = [nat_service(&NAT_BOTH), direct_service(&DIRECT_BOTH)].concat();
    for (director, priority) in lab.directors.iter_mut().zip([150, 100]) {
        director.start(&[GLOBAL, &instance(priority), &services].concat());
    }
    lab.expect_holder(0, START);
    lab.expect_tables("start", NOTICE, &all_up());
    served("both serve", &["s1", "s2"]);

    lab.open_only(&["s2"]);
    lab.expect_tables("s1 closed", NOTICE, &without_s1());
    served("s2 alone", &["s2"]);

    lab.open_only(&[]);
    lab.expect_tables("both closed", NOTICE, &sorry());
    served("nobody but the sorry server", &["sorry"]);

    lab.open_only(&["s1", "s2"]);
    lab.expect_tables("both back", NOTICE, &all_up());
    served("both serve again", &["s1", "s2"]);

    let death = Stamp::now();
    lab.farm.isolate("A").unwrap();
    lab.directors[0].kill();
    lab.expect_holder(1, TAKEOVER);
    served("the second directs", &["s1", "s2"]);
    let now = Stamp::now();
    let stalled = lab.stalled(death);
    for visits in visits(death) {
        let gap = longest_gap(&visits, death, now);
        println!("takeover: at most {gap:?} without an answer, the machine stood still for {stalled:?}");
        assert!(gap < TAKEOVER + MARGIN + stalled, "{gap:?}, of which {stalled:?} are the machine's");
    }
}

/// Daemons that the demonstration is told with; `None` is vipd itself.
const TELLERS: &[Option<&str>] = &[None];

/// Most attempts of the demonstration on a machine that stands still meanwhile.
const ATTEMPTS: usize = 3;

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn the_demonstration_behaves() {
    ipvs_test("the_demonstration_behaves", &[KEEPALIVED], || {
        for teller in TELLERS {
            let mut attempt = 1;
            loop {
                let (code, told) = tell(*teller);
                if code == Some(0) {
                    break;
                }
                let excused = told.contains("This machine stood still") && attempt < ATTEMPTS;
                assert!(excused, "{teller:?}: {code:?}\n{told}");
                attempt += 1;
            }
        }
    });
}

/// Exit code and output of the whole story; the picture is looked at here.
fn tell(teller: Option<&str>) -> (Option<i32>, String) {
    let svg = std::env::temp_dir().join(format!("vipd-demo-lvs-{}.svg", std::process::id()));
    let mut command = Command::new(env!("CARGO_BIN_EXE_vipd"));
    command.args(["demo", "lvs", "--fast", "--svg"]).arg(&svg);
    command.args(teller.iter().flat_map(|line| ["--daemon", line]));
    let output = command.output().unwrap();
    let picture = std::fs::read_to_string(&svg).unwrap_or_default();
    let _ = std::fs::remove_file(&svg);
    for step in ["both directors start", "s1 dies", "A loses power"] {
        assert!(picture.contains(step), "no {step:?} in the picture");
    }
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), told + &String::from_utf8_lossy(&output.stderr))
}
