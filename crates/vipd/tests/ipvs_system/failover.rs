//! Connections outlive a director: the kernels' sync daemons tell each other, and the daemons tell the kernels which
//! one sends.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use vip_lab::farm::NAT;

use crate::common::eventually;
use crate::common::hosts::{CHECKERS_PID, KEEPALIVED, Maker, Router};
use crate::common::lvs::{Balancers, ipvs_test};
use crate::stage::{GLOBAL, NOTICE, START, Talk, Talker, shell};

/// The service, the address that the directors share, and the direction of the sync daemons.
fn configuration(priority: u8) -> String {
    let sync = "global_defs {\n lvs_sync_daemon eth1 inst front id 7 maxlen 1400 port 8850 ttl 2 group 224.0.0.82\n}\n";
    let instance = format!(
        "vrrp_instance front {{\n version 3\n interface eth0\n virtual_router_id 51\n priority {priority}\n \
         advert_int 0.3\n garp_master_delay 1\n virtual_ipaddress {{\n 192.0.2.100/24 dev eth0\n \
         10.0.0.1/24 dev eth1\n }}\n}}\n"
    );
    let service = "virtual_server 192.0.2.100 7001 {\n protocol TCP\n lvs_sched rr\n lvs_method NAT\n \
                   real_server 10.0.0.11 7000 { }\n real_server 10.0.0.12 7000 { }\n}\n";
    [GLOBAL, sync, &instance, service].concat()
}

/// Which sync daemon a director's kernel runs, as `ipvsadm` tells it.
fn role(director: &Router) -> String {
    director.shell("/usr/sbin/ipvsadm -Ln --daemon")
}

const SENDS: &str =
    "master sync daemon (mcast=eth1, syncid=7, maxlen=1400, group=224.0.0.82, port=8850, ttl=2)";
const LISTENS: &str =
    "backup sync daemon (mcast=eth1, syncid=7, maxlen=1400, group=224.0.0.82, port=8850, ttl=2)";

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn a_connection_goes_on_when_its_director_dies() {
    ipvs_test("failover::a_connection_goes_on_when_its_director_dies", &[KEEPALIVED], || {
        for makers in [[Maker::Keepalived; 2], [Maker::Vipd; 2], [Maker::Vipd, Maker::Keepalived]] {
            println!("{makers:?}");
            one_director_dies(makers);
        }
    });
}

fn one_director_dies(makers: [Maker; 2]) {
    let mut lab = Balancers::new(&makers);
    let _talkers: Vec<Talker> = lab.farm.servers.iter().map(|server| Talker::start(&server.host)).collect();
    for (director, priority) in lab.directors.iter_mut().zip([150, 100]) {
        director.start(&configuration(priority));
    }
    lab.expect_holder(0, START);
    expect_role(&lab, 0, SENDS);
    expect_role(&lab, 1, LISTENS);

    let target = SocketAddr::new(NAT.address, 7001);
    let mut talks = Vec::new();
    // One to each server.
    eventually("two connections", START, || {
        talks.extend(Talk::open(&lab.farm.client, NAT.client, target));
        talks.len() == 2
    });
    let answer = Duration::from_secs(3);
    eventually("the other kernel knows of both", NOTICE, || {
        for talk in &mut talks {
            talk.say("before", answer).unwrap();
        }
        let known = lab.directors[1].shell("/usr/sbin/ipvsadm -Lnc");
        known.lines().filter(|line| line.contains("ESTABLISHED") && line.contains("192.0.2.100:7001")).count()
            == 2
    });

    if makers[0] == Maker::Vipd {
        a_crash_leaves_the_sync_daemon_alone(&lab);
    }

    let death = Instant::now();
    lab.farm.isolate("A").unwrap();
    lab.directors[0].kill();
    for talk in &mut talks {
        // TCP repeats what nobody answered, less and less often.
        talk.say("after", Duration::from_secs(10)).unwrap();
    }
    println!("answered {:?} after the death", death.elapsed());
    expect_role(&lab, 1, SENDS);
    // And new ones are made.
    Talk::open(&lab.farm.client, NAT.client, target).unwrap();

    let (status, _) = lab.directors[1].stop();
    assert!(status.success(), "{status}");
    assert_eq!(role(&lab.directors[1]), "", "{:?}", makers[1]);
}

/// The successor of a worker finds the daemon that its predecessor started, and knows that it is the right one.
fn a_crash_leaves_the_sync_daemon_alone(lab: &Balancers) {
    let director = &lab.directors[0];
    let worker = || director.host.read_file(CHECKERS_PID).unwrap_or_default();
    let (first, quorums) = (worker(), director.log_count("Gained quorum"));
    shell(&director.host, &format!("kill -9 {first}"));
    eventually("a successor", NOTICE, || Some(worker()).is_some_and(|pid| !pid.is_empty() && pid != first));
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(director.log_count("Gained quorum"), quorums, "a known state is not reported again");
    assert_eq!(director.log_count("Stopped sync daemon: master"), 0);
    expect_role(lab, 0, SENDS);
}

#[track_caller]
fn expect_role(lab: &Balancers, director: usize, expected: &str) {
    let director = &lab.directors[director];
    if let Err(late) = lab.within(expected, NOTICE, || role(director) == expected) {
        let caller = std::panic::Location::caller();
        let log: Vec<String> = director.log().into_iter().map(|line| line.text).collect();
        let (maker, role, log) = (director.maker, role(director), log.join("\n"));
        panic!("{caller}: {maker:?}: {late}: {role:?}\n{log}");
    }
}
