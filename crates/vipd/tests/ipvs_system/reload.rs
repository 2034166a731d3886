//! A reload does not disturb connected clients.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use vip_lab::farm::NAT;

use crate::common::hosts::Maker;
use crate::common::lvs::ipvs_test;
use crate::stage::{GLOBAL, NOTICE, START, Talk, count, one_director, own_addresses};

const RELOADS: u32 = 20;

/// Weights of the servers by last octet; a missing server drains.
fn configuration(servers: &[(u8, u32)]) -> (String, Vec<String>) {
    let mut text = format!(
        "{GLOBAL}virtual_server 192.0.2.100 7001 {{\n protocol TCP\n lvs_sched wrr\n lvs_method NAT\n drain_timeout 60\n"
    );
    let mut table = vec!["-A -t 192.0.2.100:7001 -s wrr".to_owned()];
    for last in [10, 11, 12] {
        let weight = servers.iter().find(|(of, _)| *of == last).map(|(_, weight)| *weight);
        if let Some(weight) = weight {
            let _ = writeln!(
                text,
                " real_server 10.0.0.{last} 7000 {{\n weight {weight}\n TCP_CHECK {{\n delay_loop 1\n connect_timeout 2\n }}\n }}"
            );
        }
        table.push(format!("-a -t 192.0.2.100:7001 -r 10.0.0.{last}:7000 -m -w {}", weight.unwrap_or(0)));
    }
    (text + "}\n", table)
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn twenty_reloads_lose_no_connection_old_or_new() {
    ipvs_test("reload::twenty_reloads_lose_no_connection_old_or_new", &[], || {
        let (mut lab, _talkers) = one_director(Maker::Vipd);
        own_addresses(&lab.directors[0], &["192.0.2.100/32%eth0", "10.0.0.1/24%eth1"]);
        let (text, table) = configuration(&[(10, 1), (11, 1), (12, 1)]);
        lab.start(&text);
        lab.expect_tables("start", START, &table);
        let target = SocketAddr::new(NAT.address, 7001);
        let mut old: Vec<Talk> =
            (0..3).map(|_| Talk::open(&lab.farm.client, NAT.client, target).unwrap()).collect();
        let who = count(old.iter().map(|talk| talk.with.as_str()));
        assert_eq!(who, [("s1", 1), ("s2", 1), ("sorry", 1)].into());

        let stop = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stop);
        // One after the other without a pause: whatever a reload does, a new connection meets it.
        let newcomers = move || {
            let mut answered = Vec::new();
            while !until.load(Ordering::Relaxed) {
                answered.push(Talk::connect(NAT.client, target).map(|talk| talk.with));
            }
            answered
        };
        let newcomers = lab.farm.client.thread("newcomers", newcomers).unwrap();
        for number in 0..RELOADS {
            let weight = number % 5 + 1;
            let servers = match number % 3 {
                0 => [(10, weight), (11, 2)].to_vec(),
                1 => [(10, 1), (11, weight), (12, 7)].to_vec(),
                _ => [(12, weight)].to_vec(),
            };
            let (text, table) = configuration(&servers);
            lab.reload(&text);
            lab.expect_tables(&format!("reload {number}"), NOTICE, &table);
            for talk in &mut old {
                talk.say("still here?", Duration::from_secs(5)).unwrap();
            }
        }
        stop.store(true, Ordering::Relaxed);
        let answered = newcomers.join().unwrap().unwrap();
        let failed: Vec<_> = answered.iter().filter_map(|answer| answer.as_ref().err()).collect();
        assert!(failed.is_empty(), "{failed:?} of {}", answered.len());
        println!("{:?}", count(answered.iter().flatten().map(String::as_str)));
        assert!(answered.len() > 100, "{}", answered.len());
    });
}
