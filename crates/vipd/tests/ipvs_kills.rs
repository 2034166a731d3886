//! The worker of the load balancer is killed at random moments, and nobody can tell: a director that is left alone runs the
//! same story beside it, and both have the same table and tell the same.
//!
//! `VIPD_KILLS=200` asks for more than the twenty of every day, `VIPD_SEED=7` for other moments.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use common::conf::RECORD;
use common::hosts::{CHECKERS_PID, Maker};
use common::lvs::{Balancers, ipvs_test, saved};
use common::{MARGIN, eventually};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use vip_lab::Stamp;
use vip_lab::table::{Table, TableWatch};

/// From one step of the story to the next: longer than it takes to find a server closed.
const STEP: Duration = Duration::from_millis(1500);

/// Both directors check twice in this time, at moments of their own.
const PHASES: Duration = Duration::from_millis(600);

/// Calls of scripts at the start, by the virtual server in which everything is down at first. Each may take its time.
const TOLD_AT_START: [&str; 3] = ["quorum_up 81", "up 81 11", "up 81 12"];

/// A worker takes this long to be back.
const RESTART: Duration = Duration::from_millis(100);

/// The virtual servers: a sorry server and slow starts; a quorum of both, and `alpha`; a server that is dropped and drains.
fn configuration(has_second: bool) -> String {
    let check = "TCP_CHECK {\n connect_timeout 1\n retry 1\n delay_before_retry 0.1\n warmup 0.3\n }";
    let server = |port: u16, last: u8, weight: u32| {
        format!(
            " real_server 10.0.0.{last} 80 {{\n weight {weight}\n notify_up \"/etc/keepalived/record.sh up {port} {last}\"\n \
             notify_down \"/etc/keepalived/record.sh down {port} {last}\"\n {check}\n }}\n"
        )
    };
    let service = |port: u16, lines: &str, servers: &[String]| {
        format!(
            "virtual_server 192.0.2.100 {port} {{\n protocol TCP\n delay_loop 0.3\n lvs_sched wrr\n lvs_method NAT\n {lines}\n \
             quorum_up \"/etc/keepalived/record.sh quorum_up {port}\"\n \
             quorum_down \"/etc/keepalived/record.sh quorum_down {port}\"\n{}}}\n",
            servers.concat()
        )
    };
    let both = |port, weight| [server(port, 11, weight), server(port, 12, weight)];
    let mut third = both(82, 1).to_vec();
    third.truncate(if has_second { 2 } else { 1 });
    [
        "global_defs {\n router_id lab\n script_user root\n}\n".to_owned(),
        service(80, "sorry_server 10.0.0.10 80\n slow_start 4", &both(80, 10)),
        service(81, "alpha\n quorum 2\n sorry_server 10.0.0.10 80\n sorry_server_inhibit", &both(81, 1)),
        service(82, "drain_timeout 2\n inhibit_on_failure", &third),
    ]
    .concat()
}

/// One step of the story, which begins anew after the last.
fn step(lab: &mut Balancers, number: usize) {
    match number % 8 {
        0 | 3 | 7 => lab.open_only(&["s1", "s2"]),
        1 => lab.open_only(&["s1"]),
        2 => lab.open_only(&[]),
        4 => lab.reload(&configuration(false)),
        5 => lab.open_only(&["s2"]),
        _ => lab.reload(&configuration(true)),
    }
}

/// A generator of moments that anybody can repeat (SplitMix64).
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Duration::from_millis(300 + (mixed ^ (mixed >> 31)) % 1000)
    }
}

/// Kills the worker of the second director; whether there was one.
fn kill_worker(lab: &Balancers) -> bool {
    let text = lab.directors[1].host.read_file(CHECKERS_PID).unwrap_or_default();
    text.trim().parse().is_ok_and(|pid| kill(Pid::from_raw(pid), Signal::SIGKILL).is_ok())
}

/// For each virtual server and each of its destinations: when it got which weight; `None` is gone.
type Timelines = BTreeMap<String, Vec<(Stamp, Option<i32>)>>;

fn timelines(changes: &[(Stamp, Table)], from: Stamp) -> Timelines {
    let rows = |table: &Table| -> BTreeMap<String, i32> {
        let service = |service: &vip_lab::table::Service| {
            let row = |to: SocketAddr| format!("{} {to}", service.id);
            let servers = service.servers.iter().map(|server| (row(server.address), server.weight));
            std::iter::once((service.id.to_string(), 1)).chain(servers).collect::<Vec<_>>()
        };
        table.services.iter().flat_map(service).collect()
    };
    let mut timelines = Timelines::new();
    for (at, table) in changes {
        let rows = rows(table);
        for name in rows.keys() {
            timelines.entry(name.clone()).or_insert_with(|| vec![(from, None)]);
        }
        for (name, line) in &mut timelines {
            let weight = rows.get(name).copied();
            if line.last().is_some_and(|(_, last)| *last != weight) {
                line.push((*at, weight));
            }
        }
    }
    timelines
}

/// Whether a destination had this weight at some moment within `margin` of that one.
fn had(line: &[(Stamp, Option<i32>)], weight: Option<i32>, at: Stamp, margin: Duration) -> bool {
    let ends = line.iter().skip(1).map(|(at, _)| Some(*at)).chain([None]);
    line.iter().zip(ends).any(|((begin, held), end)| {
        let begins_in_time = *begin <= at || begin.since(at) <= margin;
        let ends_in_time = end.is_none_or(|end| end >= at || at.since(end) <= margin);
        *held == weight && begins_in_time && ends_in_time
    })
}

/// Entries that one director held and the other did not hold at about the same time.
fn differences(lab: &Balancers, one: &Timelines, other: &Timelines, from: Stamp) -> Vec<String> {
    let mut found = Vec::new();
    for (name, line) in one {
        let nothing = [(from, None)];
        let others = other.get(name).map_or(&nothing[..], Vec::as_slice);
        for pair in line.windows(2) {
            let [(begin, weight), (end, _)] = pair else { continue };
            for at in [begin, end] {
                let margin = PHASES + RESTART + MARGIN + lab.stalled_around(*at, PHASES);
                if !had(others, *weight, *at, margin) {
                    found.push(format!("{name}: {weight:?} at {:.3} s", at.since(from).as_secs_f64()));
                }
            }
        }
    }
    found
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn a_worker_that_is_killed_at_any_moment_changes_no_table_and_tells_nothing() {
    ipvs_test("a_worker_that_is_killed_at_any_moment_changes_no_table_and_tells_nothing", &[], || {
        let number = |name: &str, usual| {
            std::env::var(name).ok().and_then(|it| it.parse::<u64>().ok()).unwrap_or(usual)
        };
        let (kills, seed) = (number("VIPD_KILLS", 20), number("VIPD_SEED", 1));
        let kills = usize::try_from(kills).unwrap();
        println!("{kills} kills, seed {seed}");
        let mut lab = Balancers::new(&[Maker::Vipd, Maker::Vipd]);
        lab.start(&configuration(true));
        eventually("both have all servers", Duration::from_secs(20), || {
            let tables: Vec<_> = lab.directors.iter().map(saved).collect();
            tables[0] == tables[1]
                && tables[0].iter().filter(|line| line.ends_with("-w 10")).count() == 2
                && tables[0].len() == 10
        });
        for director in &lab.directors {
            eventually("all is told", Duration::from_secs(10), || {
                let told = director.record();
                TOLD_AT_START.iter().all(|call| told.iter().any(|line| line == call))
            });
            director.host.write_file(RECORD, "").unwrap();
        }
        let watch = |number: usize| {
            TableWatch::start(&lab.directors[number].host, Duration::from_millis(20)).unwrap()
        };
        let watches = [watch(0), watch(1)];
        let from = Stamp::now();
        let killed = tell_story(&mut lab, kills, seed);
        // The last step undoes the others, and the slow starts come to their end.
        lab.open_only(&["s1", "s2"]);
        lab.reload(&configuration(true));
        let calm = |lab: &Balancers| saved(&lab.directors[0]) == saved(&lab.directors[1]);
        std::thread::sleep(Duration::from_secs(8));
        eventually("the same table in the end", Duration::from_secs(5), || calm(&lab));
        let [alone, disturbed] = [0, 1].map(|number| timelines(&watches[number].changes(), from));
        let changes: usize = alone.values().map(Vec::len).sum();
        let mut found = differences(&lab, &disturbed, &alone, from);
        found
            .extend(differences(&lab, &alone, &disturbed, from).iter().map(|text| format!("missing {text}")));
        println!("{killed} workers killed during {changes} changes of weights: {} differences", found.len());
        assert_eq!(found, [""; 0], "seed {seed}");
        assert_eq!(killed, kills);
        assert!(changes > 10, "the story changes something");
        expect_the_same_told(&lab);
    });
}

/// Plays steps and kills side by side until all have been killed; gives how many were.
fn tell_story(lab: &mut Balancers, kills: usize, seed: u64) -> usize {
    let mut moments = Moments(seed);
    let (mut now, mut killed, mut steps) = (Stamp::now(), 0, 0);
    let (begin, mut next_kill) = (now, moments.next());
    while killed < kills {
        let passed = now.since(begin);
        if passed >= STEP * u32::try_from(steps).unwrap() {
            step(lab, steps);
            steps += 1;
        }
        if passed >= next_kill && kill_worker(lab) {
            killed += 1;
            next_kill = passed + moments.next();
        }
        std::thread::sleep(Duration::from_millis(10));
        now = Stamp::now();
    }
    killed
}

/// Scripts overtake each other, so only how often each was called is compared.
fn expect_the_same_told(lab: &Balancers) {
    let calls = |number: usize| {
        let mut calls = lab.directors[number].record();
        calls.sort();
        calls
    };
    let limit = std::time::Instant::now() + Duration::from_secs(5);
    while calls(0) != calls(1) && std::time::Instant::now() < limit {
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("{} calls of scripts", calls(0).len());
    assert_eq!(calls(0), calls(1), "the calls of the scripts");
}
