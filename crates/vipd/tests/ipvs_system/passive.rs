//! Passive detection: a server that its checks find good, and that completes no connection of a client.

use std::time::Duration;

use vip_lab::farm::NAT;
use vip_lab::visitor::Visitor;

use crate::common::hosts::Maker;
use crate::common::lvs::{Balancers, ipvs_test, service};
use crate::stage::{GLOBAL, own_addresses, shell};

/// Three looks, the first of which has nothing to compare with, and a busy machine.
const SUSPECTED: Duration = Duration::from_secs(70);

/// The shortest suspicion, one look more, and a busy machine.
const CLEARED: Duration = Duration::from_secs(150);

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn a_server_whose_answers_do_not_reach_the_clients_loses_weight_until_it_is_proven_again() {
    ipvs_test("a_server_whose_answers_do_not_reach_the_clients_loses_weight", &[], || {
        let table = |second| service(NAT, "wrr", "-m", &[("10.0.0.11", 10), ("10.0.0.12", second)]);
        let check = "weight 10\n TCP_CHECK {\n connect_timeout 1\n warmup 0\n delay_loop 2\n }";
        let mut lab = Balancers::new(&[Maker::Vipd]);
        own_addresses(&lab.directors[0], &["192.0.2.100/32%eth0", "10.0.0.1/24%eth1"]);
        lab.start(&format!(
            "{GLOBAL}virtual_server 192.0.2.100 80 {{\n protocol TCP\n lvs_sched wrr\n lvs_method NAT\n \
             outlier_weight 20\n real_server 10.0.0.11 80 {{\n {check}\n }}\n real_server 10.0.0.12 80 {{\n {check}\n }}\n}}\n"
        ));
        lab.expect_tables("both serve", Duration::from_secs(10), &table(10));
        // The checks come from the same network, the clients do not.
        let s2 = &lab.farm.servers.iter().find(|server| server.host.name() == "s2").unwrap().host;
        shell(s2, "ip route add blackhole 198.51.100.0/24");
        let visitor =
            Visitor::start(&lab.farm.client, NAT.client, NAT.socket(), Duration::from_millis(150)).unwrap();
        lab.expect_tables("s2 is suspected", SUSPECTED, &table(2));
        lab.directors[0].expect_log("of the new connections to", Duration::from_secs(5));
        let status = lab.directors[0].shell(&format!("{} status --json", env!("CARGO_BIN_EXE_vipd")));
        assert!(status.contains(r#""outlier":true"#), "{status}");
        let counted = status.split(r#""total":"#).skip(1).filter(|rest| !rest.starts_with("0,")).count();
        assert_eq!(counted, 3, "the virtual server and both servers: {status}");
        shell(s2, "ip route del blackhole 198.51.100.0/24");
        lab.expect_tables("s2 is proven again", CLEARED, &table(10));
        drop(visitor);
    });
}
