//! Shares of the servers: each scheduler with one server of weight 1 and one of weight 3.

use std::fmt::Write as _;
use std::net::SocketAddr;

use vip_lab::farm::NAT;

use crate::common::hosts::KEEPALIVED;
use crate::common::lvs::{Balancers, ipvs_test};
use crate::stage::{GLOBAL, MAKERS, START, Talk, expect_connections, one_director, own_addresses};

/// A scheduler and the servers that get eight connections that stay open, in order where the scheduler has one; an
/// empty text where a hash decides.
struct Case {
    scheduler: &'static str,
    /// The first connections, as far as the order is known.
    first: &'static [&'static str],
    /// Accepted numbers of connections to s1 and s2.
    shares: &'static [(usize, usize)],
    /// Number of refused connections.
    refused: usize,
}

const CASES: [Case; 11] = [
    Case { scheduler: "rr", first: &[], shares: &[(4, 4)], refused: 0 },
    Case { scheduler: "wrr", first: &["s2"], shares: &[(2, 6)], refused: 0 },
    // Both count an open connection the same; the weights matter to the second.
    Case { scheduler: "lc", first: &[], shares: &[(4, 4)], refused: 0 },
    Case { scheduler: "wlc", first: &[], shares: &[(2, 6)], refused: 0 },
    // One prefers the heavier server, the other an idle one.
    Case { scheduler: "sed", first: &["s2", "s2"], shares: &[(2, 6)], refused: 0 },
    Case { scheduler: "nq", first: &["s2", "s1"], shares: &[(2, 6)], refused: 0 },
    // All to the heaviest; to the next when that has more connections than its weight, and nobody left refuses.
    Case { scheduler: "fo", first: &["s2"], shares: &[(0, 8)], refused: 0 },
    Case { scheduler: "ovf", first: &["s2", "s2", "s2"], shares: &[(2, 4)], refused: 2 },
    // One client and one address: always the same server.
    Case { scheduler: "sh", first: &[], shares: &[(8, 0), (0, 8)], refused: 0 },
    Case { scheduler: "dh", first: &[], shares: &[(8, 0), (0, 8)], refused: 0 },
    Case { scheduler: "mh", first: &[], shares: &[(8, 0), (0, 8)], refused: 0 },
];

const CONNECTIONS: usize = 8;

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn each_scheduler_shares_connections_as_it_promises() {
    ipvs_test("schedulers::each_scheduler_shares_connections_as_it_promises", &[KEEPALIVED], || {
        for maker in MAKERS {
            let (mut lab, _talkers) = one_director(maker);
            own_addresses(&lab.directors[0], &["192.0.2.100/32%eth0", "10.0.0.1/24%eth1"]);
            let (configuration, table) = services();
            lab.start(&configuration);
            lab.expect_tables("start", START, &table);
            let tries = CASES.iter().zip(FIRST_PORT..);
            let tries: Vec<_> = tries.map(|(case, port)| try_scheduler(&lab, case, port)).collect();
            let expected = tries.iter().zip(FIRST_PORT..).flat_map(|((_, shares), port)| {
                let name = |server| format!("TCP 192.0.2.100:{port} > 10.0.0.1{server}:7000");
                [(name(1), shares.0), (name(2), shares.1)]
            });
            expect_connections(&lab.directors[0], &expected.collect::<Vec<_>>());
        }
    });
}

const FIRST_PORT: u16 = 7001;

/// A virtual server for each scheduler, as configured and as `ipvsadm` saves them.
fn services() -> (String, Vec<String>) {
    let (mut text, mut table) = (GLOBAL.to_owned(), Vec::new());
    for (Case { scheduler, .. }, port) in CASES.iter().zip(FIRST_PORT..) {
        let _ = write!(
            text,
            "virtual_server 192.0.2.100 {port} {{\n protocol TCP\n lvs_sched {scheduler}\n lvs_method NAT\n \
             real_server 10.0.0.11 7000 {{\n weight 1\n }}\n real_server 10.0.0.12 7000 {{\n weight 3\n }}\n}}\n"
        );
        let service = format!("-t 192.0.2.100:{port}");
        table.push(format!("-A {service} -s {scheduler}"));
        table.push(format!("-a {service} -r 10.0.0.11:7000 -m -w 1"));
        table.push(format!("-a {service} -r 10.0.0.12:7000 -m -w 3"));
    }
    (text, table)
}

/// Opens the connections, and gives them with how many s1 and s2 got.
fn try_scheduler(lab: &Balancers, case: &Case, port: u16) -> (Vec<Talk>, (u64, u64)) {
    let target = SocketAddr::new(NAT.address, port);
    let talk = |_| Talk::open(&lab.farm.client, NAT.client, target).ok();
    let talks: Vec<Talk> = (0..CONNECTIONS).filter_map(talk).collect();
    let who: Vec<&str> = talks.iter().map(|talk| talk.with.as_str()).collect();
    let scheduler = case.scheduler;
    println!("{scheduler}: {who:?}");
    assert!(who.starts_with(case.first), "{scheduler}: {who:?}");
    let share = |name| who.iter().filter(|&&who| who == name).count();
    let shares = (share("s1"), share("s2"));
    assert!(case.shares.contains(&shares), "{scheduler}: {who:?}");
    assert_eq!(CONNECTIONS - who.len(), case.refused, "{scheduler}: {who:?}");
    (talks, (shares.0 as u64, shares.1 as u64))
}
