//! A service that is short of servers, in the kernel's table: backup servers, and a sorry server that is checked.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::hosts::Maker;
use common::lvs::{Balancers, ipvs_test, service};
use vip_lab::farm::NAT;

const SOON: Duration = Duration::from_secs(6);

/// `s1` serves, `s2` is its backup, and the sorry server stands behind both.
fn tiers() -> String {
    let check = "TCP_CHECK {\n connect_timeout 1\n retry 0\n warmup 0\n delay_loop 0.3\n }";
    format!(
        "virtual_server 192.0.2.100 80 {{\n protocol TCP\n lvs_sched rr\n lvs_method NAT\n sorry_server 10.0.0.10 80\n \
         sorry_server_check {{\n {check}\n }}\n real_server 10.0.0.11 80 {{\n {check}\n }}\n \
         real_server 10.0.0.12 80 {{\n backup\n {check}\n }}\n}}\n"
    )
}

fn sorry_opens(lab: &mut Balancers, open: bool) {
    let sorry = lab.farm.servers.iter_mut().find(|server| server.host.name() == "sorry").unwrap();
    if open { sorry.open().unwrap() } else { sorry.close() }
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn backup_servers_are_used_before_the_sorry_server_and_that_only_while_it_is_good() {
    ipvs_test("backup_servers_are_used_before_the_sorry_server_and_that_only_while_it_is_good", &[], || {
        let table = |servers: &[(&str, u32)]| service(NAT, "rr", "-m", servers);
        let mut lab = Balancers::new(&[Maker::Vipd]);
        lab.start(&tiers());
        lab.expect_tables("the backup server stands by", SOON, &table(&[("10.0.0.11", 1), ("10.0.0.12", 0)]));
        lab.open_only(&["s2"]);
        lab.expect_tables("it is used", SOON, &table(&[("10.0.0.12", 1)]));
        lab.open_only(&[]);
        lab.expect_tables("the sorry server", SOON, &table(&[("10.0.0.10", 1)]));
        sorry_opens(&mut lab, false);
        lab.expect_tables("nothing is good", SOON, &table(&[]));
        lab.directors[0].expect_log("Sorry server", SOON);
        lab.open_only(&["s1"]);
        lab.expect_tables("the server is back", SOON, &table(&[("10.0.0.11", 1)]));
        lab.open_only(&[]);
        lab.expect_tables("nothing again", SOON, &table(&[]));
        sorry_opens(&mut lab, true);
        lab.expect_tables("the sorry server again", SOON, &table(&[("10.0.0.10", 1)]));
    });
}
