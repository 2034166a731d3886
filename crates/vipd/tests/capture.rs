//! `vipd capture` on a real link, and with a file that tcpdump wrote there.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::conf::{Instance, V3_CALM, text};
use common::hosts::Maker::Vipd;
use common::hosts::shell_in as shell;
use common::lan::Lan;
use common::{eventually, lab_test};
use serde_json::Value;

const A: usize = 0;
const B: usize = 1;
const HIGH: u8 = 150;
const LOW: u8 = 100;

fn kinds(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().filter_map(|found| found["kind"].as_str()).collect()
}

#[test]
fn a_takeover_is_told_alike_from_the_link_and_from_a_file_of_tcpdump() {
    let name = "a_takeover_is_told_alike_from_the_link_and_from_a_file_of_tcpdump";
    lab_test(name, &["/usr/bin/tcpdump"], || {
        let vipd = env!("CARGO_BIN_EXE_vipd");
        let mut lan = Lan::new(V3_CALM, &[Vipd, Vipd], &[100]);
        let vip = lan.vip(100);
        for (router, priority) in [(A, HIGH), (B, LOW)] {
            lan.routers[router].start(&text(&[Instance::new(V3_CALM, priority)]));
            lan.expect_holder(vip, A, V3_CALM.down(HIGH) + Duration::from_secs(2));
        }
        let directory = shell(&lan.listener, "mktemp -d").trim().to_owned();
        // Both end by a signal, so that no time has to be guessed.
        let start = format!(
            "cd {directory}; \
             {vipd} capture eth0 --json --svg picture.svg >live.json 2>errors & echo $! >capture.pid; \
             tcpdump -q -U -i eth0 -w file.pcap 2>tcpdump.log & echo $! >tcpdump.pid"
        );
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &start]);
        assert!(lan.listener.spawn(command).unwrap().wait().unwrap().success());
        eventually("tcpdump listens", Duration::from_secs(20), || {
            shell(&lan.listener, &format!("cat {directory}/tcpdump.log")).contains("listening")
        });
        // The file tells when both have certainly heard A.
        let packets = |count: usize| {
            let read = format!("tcpdump -nr {directory}/file.pcap 'ip proto 112' 2>/dev/null | wc -l");
            shell(&lan.listener, &read).trim().parse::<usize>().unwrap() >= count
        };
        eventually("A was captured", Duration::from_secs(20), || packets(3));
        lan.routers[A].stop();
        lan.expect_holder(vip, B, V3_CALM.down(LOW));
        let heard =
            shell(&lan.listener, &format!("tcpdump -nr {directory}/file.pcap 2>/dev/null | grep -c VRRP"));
        let heard: usize = heard.trim().parse().unwrap();
        eventually("B was captured", Duration::from_secs(20), || packets(heard + 3));
        shell(&lan.listener, &format!("cd {directory}; kill $(cat capture.pid) $(cat tcpdump.pid)"));
        eventually("both have ended", Duration::from_secs(20), || {
            shell(
                &lan.listener,
                &format!("cat {directory}/live.json {directory}/tcpdump.log; cat {directory}/errors"),
            )
            .contains("packets captured")
                && !shell(&lan.listener, &format!("cat {directory}/live.json")).is_empty()
        });

        let live = shell(&lan.listener, &format!("cat {directory}/live.json"));
        let file = shell(&lan.listener, &format!("{vipd} capture {directory}/file.pcap --json"));
        for json in [&live, &file] {
            let report: Value =
                serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json:?}"));
            assert_eq!(kinds(&report), ["priority-zero"], "{report:#}");
            let speakers = report["routers"][0]["speakers"].as_array().unwrap();
            assert_eq!(speakers.len(), 2, "{report:#}");
            assert_eq!((&speakers[0]["priority"], &speakers[1]["priority"]), (&HIGH.into(), &LOW.into()));
            let changes = report["changes"].as_array().unwrap();
            let told: Vec<_> = changes.iter().filter_map(|change| change["what"]["kind"].as_str()).collect();
            assert_eq!(told, ["first", "goodbye", "after-goodbye"], "{report:#}");
            let silent = changes[2]["what"]["silent-ms"].as_f64().unwrap();
            assert!(silent < V3_CALM.down(LOW).as_secs_f64() * 1000.0, "{silent} ms");
        }
        assert!(shell(&lan.listener, &format!("cat {directory}/picture.svg")).ends_with("</svg>"));
        let words = shell(&lan.listener, &format!("{vipd} capture {directory}/file.pcap; echo status $?"));
        assert!(words.contains("gives up (priority 0)") && words.ends_with("status 0"), "{words}");
        shell(&lan.listener, &format!("rm -r {directory}"));
    });
}

#[test]
fn a_source_that_cannot_be_captured_is_named() {
    let vipd = |source: &str| {
        let output =
            std::process::Command::new(env!("CARGO_BIN_EXE_vipd")).args(["capture", source]).output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (status, text) = vipd("nosuchif0");
    assert!(status == Some(1) && text.contains("no interface 'nosuchif0'"), "{text}");
    let (status, text) = vipd("/nonexistent/file.pcap");
    assert!(status == Some(1) && text.contains("/nonexistent/file.pcap"), "{text}");
    let (status, text) = vipd("/proc/self/status");
    assert!(status == Some(1) && text.contains("neither a pcap nor a pcapng file"), "{text}");
}
