//! Results of checks, and their effects in the tables, the scripts and the FIFO.

use std::net::SocketAddr;
use std::time::Duration;

use vip_lab::farm::NAT;

use crate::common::hosts::{KEEPALIVED, Maker};
use crate::common::lvs::{Balancers, ipvs_test};
use crate::stage::{GLOBAL, MAKERS, NOTICE, START, Talk, Talker, one_director, own_addresses};

/// Ends as the file of its argument's name says; while there is none, well.
const SCRIPT: &str = "/etc/keepalived/check.sh";
const SCRIPT_TEXT: &str = "#!/bin/sh\nread status < /run/$1\nexit ${status:-0}\n";

/// A real server with a script that decides about it.
fn real(service: &str, last: u8, lines: &str, check_lines: &str) -> String {
    format!(
        "real_server 10.0.0.{last} 80 {{\n {lines}\n notify_up \"/etc/keepalived/record.sh up {service} {last}\"\n \
         notify_down \"/etc/keepalived/record.sh down {service} {last}\"\n MISC_CHECK {{\n \
         misc_path \"{SCRIPT} {service}{last}\"\n misc_timeout 3\n delay_loop 0.5\n retry 0\n warmup 0.2\n {check_lines}\n }}\n}}\n"
    )
}

fn service(port: u16, name: &str, lines: &str, servers: &[String]) -> String {
    format!(
        "virtual_server 192.0.2.100 {port} {{\n protocol TCP\n lvs_sched rr\n lvs_method NAT\n delay_loop 0.5\n {lines}\n \
         quorum_up \"/etc/keepalived/record.sh quorum_up {name}\"\n \
         quorum_down \"/etc/keepalived/record.sh quorum_down {name}\"\n{}}}\n",
        servers.concat()
    )
}

/// The lines of a service of these tests as `ipvsadm` saves them, weights by last octet.
fn saved(port: u16, servers: &[(u8, u32)]) -> Vec<String> {
    let head = format!("-A -t 192.0.2.100:{port} -s rr");
    let line =
        |(last, weight): &(u8, u32)| format!("-a -t 192.0.2.100:{port} -r 10.0.0.{last}:80 -m -w {weight}");
    std::iter::once(head).chain(servers.iter().map(line)).collect()
}

/// Lets the script of this name end so, on every director.
fn set(lab: &Balancers, name: &str, status: &str) {
    for director in &lab.directors {
        director.host.write_file(format!("/run/{name}"), format!("{status}\n")).unwrap();
    }
}

fn lab_with_scripts(makers: &[Maker], names: &[&str]) -> Balancers {
    let lab = Balancers::new(makers);
    for director in &lab.directors {
        director.install(SCRIPT, SCRIPT_TEXT);
    }
    for name in names {
        set(&lab, name, "0");
    }
    lab
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn a_quorum_with_hysteresis_is_lost_late_and_gained_late() {
    ipvs_test("features::a_quorum_with_hysteresis_is_lost_late_and_gained_late", &[KEEPALIVED], || {
        let mut lab = lab_with_scripts(&MAKERS, &["q11", "q12"]);
        let servers = [real("q", 11, "weight 2", ""), real("q", 12, "weight 2", "")];
        let lines = "quorum 3\n hysteresis 1\n sorry_server 10.0.0.10 80\n sorry_server_inhibit";
        let fifo = "global_defs {\n lvs_notify_fifo /run/lvs.fifo\n}\n";
        for director in &lab.directors {
            // A reader that is there before the daemon, for all that is ever written.
            director.shell("mkfifo -m 644 /run/lvs.fifo; cat /run/lvs.fifo > /run/lines 2>/dev/null &");
        }
        lab.start(&[GLOBAL, fifo, &service(81, "q", lines, &servers)].concat());
        lab.expect_tables("start", START, &saved(81, &[(10, 0), (11, 2), (12, 2)]));
        lab.expect_calls("start", &["quorum_up q"]);

        set(&lab, "q11", "1");
        lab.expect_tables("2 of 3, with a hysteresis of 1", NOTICE, &saved(81, &[(10, 0), (12, 2)]));
        lab.expect_calls("2 of 3, with a hysteresis of 1", &["down q 11"]);

        set(&lab, "q12", "1");
        lab.expect_tables("none", NOTICE, &saved(81, &[(10, 1)]));
        lab.expect_calls("none", &["down q 12", "quorum_down q"]);

        set(&lab, "q11", "0");
        lab.expect_calls("2 of 4", &["up q 11"]);
        lab.stays("2 of 4", Duration::from_secs(1), &saved(81, &[(10, 1)]));

        set(&lab, "q12", "0");
        lab.expect_tables("4 of 4", NOTICE, &saved(81, &[(10, 0), (11, 2), (12, 2)]));
        lab.expect_calls("4 of 4", &["up q 12", "quorum_up q"]);

        for director in &mut lab.directors {
            let (status, _) = director.stop();
            assert!(status.success(), "{:?}: {status}", director.maker);
        }
        expect_fifo(&lab);
    });
}

/// Expects these lines in the FIFO, in order and nothing else.
fn expect_fifo(lab: &Balancers) {
    const LINES: [&str; 7] = [
        "VS [192.0.2.100]:tcp:81 UP",
        "RS [10.0.0.11]:tcp:80 [192.0.2.100]:tcp:81 DOWN",
        "RS [10.0.0.12]:tcp:80 [192.0.2.100]:tcp:81 DOWN",
        "VS [192.0.2.100]:tcp:81 DOWN",
        "RS [10.0.0.11]:tcp:80 [192.0.2.100]:tcp:81 UP",
        "RS [10.0.0.12]:tcp:80 [192.0.2.100]:tcp:81 UP",
        "VS [192.0.2.100]:tcp:81 UP",
    ];
    for director in &lab.directors {
        let lines = director.host.read_file("/run/lines").unwrap();
        assert_eq!(lines, LINES.map(|line| format!("{line}\n")).concat(), "{:?}", director.maker);
    }
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn checks_add_servers_take_them_out_and_set_their_weights() {
    ipvs_test("features::checks_add_servers_take_them_out_and_set_their_weights", &[KEEPALIVED], || {
        let mut lab = lab_with_scripts(&MAKERS, &["d11", "i11", "i12", "file"]);
        set(&lab, "a11", "1");
        let file = "real_server 10.0.0.11 80 {\n weight 10\n FILE_CHECK {\n track_file load\n }\n}\n";
        let services = [
            service(
                82,
                "i",
                "inhibit_on_failure",
                &[real("i", 11, "weight 3", ""), real("i", 12, "weight 4", "")],
            ),
            service(83, "a", "alpha\n omega", &[real("a", 11, "weight 1", "")]),
            service(84, "d", "", &[real("d", 11, "weight 5", "misc_dynamic")]),
            service(85, "f", "", &[file.to_owned()]),
        ];
        let track_file = "track_file load {\n file /run/file\n weight 1\n}\n";
        lab.start(&[GLOBAL, track_file, &services.concat()].concat());
        let table = |i11, alpha: &[(u8, u32)], dynamic, file: &[(u8, u32)]| {
            [saved(82, &[(11, i11), (12, 4)]), saved(83, alpha), saved(84, &[(11, dynamic)]), saved(85, file)]
                .concat()
        };
        lab.expect_tables("start", START, &table(3, &[], 5, &[(11, 10)]));
        // A server that begins as down is reported as down when a check has proved it.
        lab.expect_calls("start", &["quorum_up i", "quorum_up d", "quorum_up f", "down a 11"]);

        set(&lab, "i11", "1");
        lab.expect_tables("inhibited", NOTICE, &table(0, &[], 5, &[(11, 10)]));
        lab.expect_calls("inhibited", &["down i 11"]);
        set(&lab, "a11", "0");
        lab.expect_tables("alpha passed", NOTICE, &table(0, &[(11, 1)], 5, &[(11, 10)]));
        lab.expect_calls("alpha passed", &["up a 11", "quorum_up a"]);
        // Two more than the weight.
        set(&lab, "d11", "12");
        lab.expect_tables("weight 10", NOTICE, &table(0, &[(11, 1)], 10, &[(11, 10)]));
        set(&lab, "d11", "2");
        lab.expect_tables("weight 0", NOTICE, &table(0, &[(11, 1)], 0, &[(11, 10)]));
        set(&lab, "d11", "0");
        lab.expect_tables("its own weight", NOTICE, &table(0, &[(11, 1)], 5, &[(11, 10)]));
        set(&lab, "file", "7");
        lab.expect_tables("seven more", NOTICE, &table(0, &[(11, 1)], 5, &[(11, 17)]));
        set(&lab, "file", "300");
        lab.expect_tables("many more", NOTICE, &table(0, &[(11, 1)], 5, &[(11, 310)]));
        set(&lab, "file", "-254");
        lab.expect_tables("nothing new", NOTICE, &table(0, &[(11, 1)], 5, &[(11, 0)]));
        set(&lab, "file", "-2147483648");
        lab.expect_tables("down", NOTICE, &table(0, &[(11, 1)], 5, &[]));
        for director in &mut lab.directors {
            director.host.write_file(crate::common::conf::RECORD, "").unwrap();
            let (status, _) = director.stop();
            assert!(status.success(), "{:?}: {status}", director.maker);
        }
        lab.expect_calls("omega", &["down a 11", "quorum_down a"]);
    });
}

/// Everything that only the kernel acts on.
const SETTINGS: &str = "\
virtual_server_group several {
  198.18.0.1-3 80
  fwmark 5
}
virtual_server group several {
  protocol TCP
  lvs_sched wlc
  lvs_method NAT
  real_server 10.0.0.11 80 {
    weight 2
    uthreshold 1000
    lthreshold 800
  }
}
virtual_server 192.0.2.100 86 {
  protocol TCP
  lvs_sched sh
  sh-port
  sh-fallback
  lvs_method NAT
  persistence_timeout 90
  persistence_granularity 255.255.255.0
  real_server 10.0.0.11 80 { }
}
virtual_server 192.0.2.100 87 {
  protocol UDP
  lvs_sched rr
  ops
  lvs_method NAT
  real_server 10.0.0.11 80 { }
}
virtual_server 2001:db8::100 88 {
  protocol SCTP
  lvs_sched mh
  mh-port
  lvs_method TUN type gre csum
  persistence_timeout 60
  persistence_granularity 64
  real_server 2001:db8::11 88 { weight 0 }
}
";

const SETTINGS_SAVED: &str = "\
-A -t 198.18.0.1:80 -s wlc
-a -t 198.18.0.1:80 -r 10.0.0.11:80 -m -w 2
-A -t 198.18.0.2:80 -s wlc
-a -t 198.18.0.2:80 -r 10.0.0.11:80 -m -w 2
-A -t 198.18.0.3:80 -s wlc
-a -t 198.18.0.3:80 -r 10.0.0.11:80 -m -w 2
-A -f 5 -s wlc
-a -f 5 -r 10.0.0.11:80 -m -w 2
-A -t 192.0.2.100:86 -s sh -p 90 -M 255.255.255.0 -b sh-fallback,sh-port
-a -t 192.0.2.100:86 -r 10.0.0.11:80 -m -w 1
-A -u 192.0.2.100:87 -s rr -o
-a -u 192.0.2.100:87 -r 10.0.0.11:80 -m -w 1
-A --sctp-service [2001:db8::100]:88 -s mh -p 60 -M 64 -b mh-port
-a --sctp-service [2001:db8::100]:88 -r [2001:db8::11]:88 -i -w 0 --tun-type gre --tun-csum
";

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn settings_reach_the_kernel_as_keepalived_passes_them() {
    ipvs_test("features::settings_reach_the_kernel_as_keepalived_passes_them", &[KEEPALIVED], || {
        let mut lab = Balancers::new(&MAKERS);
        lab.start(&[GLOBAL, SETTINGS].concat());
        let expected: Vec<String> = SETTINGS_SAVED.lines().map(str::to_owned).collect();
        lab.expect_tables("start", START, &expected);
        for director in &lab.directors {
            // The saved rules do not contain the thresholds.
            let thresholds = director.shell("/usr/sbin/ipvsadm -Ln --thresholds -f 5 | tail -1");
            let words: Vec<&str> = thresholds.split_whitespace().collect();
            assert_eq!(words, ["->", "10.0.0.11:80", "1000", "800", "0", "0"], "{:?}", director.maker);
        }
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn servers_are_not_checked_where_the_address_is_not() {
    ipvs_test("features::servers_are_not_checked_where_the_address_is_not", &[KEEPALIVED], || {
        for maker in MAKERS {
            a_pair_with_suspended_checks(maker);
        }
    });
}

fn a_pair_with_suspended_checks(maker: Maker) {
    let mut lab = Balancers::new(&[maker; 2]);
    let service = "virtual_server 192.0.2.100 80 {\n protocol TCP\n lvs_sched rr\n lvs_method NAT\n ha_suspend\n \
                   real_server 10.0.0.11 80 {\n TCP_CHECK {\n delay_loop 0.5\n retry 0\n connect_timeout 1\n warmup 0.2\n }\n }\n \
                   real_server 10.0.0.12 80 {\n TCP_CHECK {\n delay_loop 0.5\n retry 0\n connect_timeout 1\n warmup 0.2\n }\n }\n}\n";
    lab.open_only(&["s2"]);
    for (number, priority) in [(0, 150), (1, 100)] {
        let instance = format!(
            "vrrp_instance front {{\n version 3\n interface eth0\n virtual_router_id 51\n priority {priority}\n \
             advert_int 0.3\n virtual_ipaddress {{\n 192.0.2.100/24 dev eth0\n }}\n}}\n"
        );
        lab.directors[number].start(&[GLOBAL, &instance, service].concat());
        // Or the other would hold the address for a moment, and check.
        lab.expect_holder(0, START);
    }
    let both = saved(80, &[(11, 1), (12, 1)]);
    let one = saved(80, &[(12, 1)]);
    let backup = lab.directors.split_off(1);
    lab.expect_tables("the holder", START + NOTICE, &one);
    let active = std::mem::replace(&mut lab.directors, backup);
    lab.expect_tables("the other", START, &both);
    lab.stays("not the other", Duration::from_secs(1), &both);

    drop(active);
    lab.expect_tables("the other holds the address", START + NOTICE, &one);
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn an_agent_sets_weights_a_server_comes_back_slowly_and_leaves_drained() {
    let name = "features::an_agent_sets_weights_a_server_comes_back_slowly_and_leaves_drained";
    ipvs_test(name, &[], || {
        let (mut lab, _talkers) = one_director(Maker::Vipd);
        let director = &lab.directors[0];
        own_addresses(director, &["192.0.2.100/32%eth0", "10.0.0.1/24%eth1"]);
        director.install(SCRIPT, SCRIPT_TEXT);
        set(&lab, "r11", "0");
        let agent = crate::stage::Agent::start(&lab.farm.servers[0].host, "up 50%");
        let agent_service = "virtual_server 192.0.2.100 91 {\n protocol TCP\n lvs_sched rr\n lvs_method NAT\n \
                             real_server 10.0.0.11 80 {\n weight 40\n AGENT_CHECK {\n connect_port 7100\n delay_loop 0.5\n \
                             connect_timeout 1\n warmup 0.2\n retry 0\n }\n }\n}\n";
        let slow = service(92, "r", "slow_start 3", &[real("r", 11, "weight 100", "")]);
        let drained = |servers: &[u8]| {
            let server = |last: &u8| format!("real_server 10.0.0.{last} 7000 {{ }}\n");
            let servers: String = servers.iter().map(server).collect();
            format!(
                "virtual_server 192.0.2.100 93 {{\n protocol TCP\n lvs_sched rr\n lvs_method NAT\n drain_timeout 3\n{servers}}}\n"
            )
        };
        let text = |drained: &str| [GLOBAL, agent_service, &slow, drained].concat();
        lab.start(&text(&drained(&[11, 12])));
        let table = |agent, slow: &[(u8, u32)], s1: Option<u32>| {
            let drained =
                [s1.map(|weight| (11, weight)), Some((12, 1))].into_iter().flatten().collect::<Vec<_>>();
            let port = |line: String| line.replace(":80 -m", ":7000 -m");
            let drained = saved(93, &drained).into_iter().map(port);
            [saved(91, &[(11, agent)]), saved(92, slow), drained.collect()].concat()
        };
        lab.expect_tables("50 %", START, &table(20, &[(11, 100)], Some(1)));
        agent.says("drain");
        lab.expect_tables("drain", NOTICE, &table(0, &[(11, 100)], Some(1)));
        agent.says("ready up 100%");
        lab.expect_tables("ready", NOTICE, &table(40, &[(11, 100)], Some(1)));

        set(&lab, "r11", "1");
        lab.expect_tables("down", NOTICE, &table(40, &[], Some(1)));
        set(&lab, "r11", "0");
        let weights = watch_weight(&lab, "-a -t 192.0.2.100:92 -r 10.0.0.11:80 -m -w ");
        assert!(weights.len() >= 4 && weights.is_sorted(), "{weights:?}");
        assert!(weights[0] < 50 && *weights.last().unwrap() == 100, "{weights:?}");

        let target = SocketAddr::new(NAT.address, 93);
        let mut talk = Talk::open(&lab.farm.client, NAT.client, target).unwrap();
        if talk.with != "s1" {
            talk = Talk::open(&lab.farm.client, NAT.client, target).unwrap();
        }
        assert_eq!(talk.with, "s1");
        lab.reload(&text(&drained(&[12])));
        lab.expect_tables("draining", NOTICE, &table(40, &[(11, 100)], Some(0)));
        talk.say("still there", NOTICE).unwrap();
        assert_eq!(Talk::open(&lab.farm.client, NAT.client, target).unwrap().with, "s2");
        lab.expect_tables("drained", START + NOTICE, &table(40, &[(11, 100)], None));
    });
}

/// The weights that a server has until it has its full one, 100.
fn watch_weight(lab: &Balancers, line: &str) -> Vec<u32> {
    let mut weights = Vec::new();
    crate::common::eventually("the full weight", START + NOTICE, || {
        let table = crate::common::lvs::saved(&lab.directors[0]);
        let weight = table.iter().find_map(|saved| saved.strip_prefix(line)?.parse::<u32>().ok());
        if weight.is_some() && weights.last() != weight.as_ref() {
            weights.extend(weight);
        }
        weight == Some(100)
    });
    weights
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn one_shared_check_speaks_for_a_server_of_many_services() {
    ipvs_test("features::one_shared_check_speaks_for_a_server_of_many_services", &[], || {
        let mut lab = Balancers::new(&[Maker::Vipd]);
        let probed = Talker::start(&lab.farm.servers[0].host);
        let check =
            "TCP_CHECK {\n connect_port 7000\n delay_loop 0.5\n connect_timeout 1\n retry 0\n warmup 0.2\n }";
        let server = format!("real_server 10.0.0.11 80 {{\n {check}\n }}\n");
        let services: Vec<String> =
            (100..150).map(|port| service(port, "many", "", std::slice::from_ref(&server))).collect();
        let services = services.concat();
        lab.start(&[GLOBAL, "global_defs {\n lvs_share_checks\n}\n", &services].concat());
        let table =
            |servers: &[(u8, u32)]| (100..150).flat_map(|port| saved(port, servers)).collect::<Vec<_>>();
        lab.expect_tables("start", START, &table(&[(11, 1)]));
        std::thread::sleep(Duration::from_secs(2));
        let asked = probed.greeted();
        assert!(
            (2..=8).contains(&asked),
            "{asked} connections in two seconds, by a check of each half second"
        );
        drop(probed);
        lab.expect_tables("down in all", NOTICE, &table(&[]));
    });
}
