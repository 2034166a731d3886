//! Metrics: their values, and their number.

#![allow(clippy::needless_raw_string_hashes, reason = "so UPDATE_EXPECT=1 writes them")]

mod samples;

use expect_test::{expect, expect_file};
use samples::{at, backup, busy, empty, master, service};
use vipd_status::metrics::{Detail, Format, Options, Tally, metrics};
use vipd_status::{Cause, Event, EventKind, Evidence, State, Status, VERSION};

fn lines(status: &Status, options: Options) -> Vec<String> {
    metrics(status, &Tally::default(), options).lines().map(str::to_owned).collect()
}

#[test]
fn a_daemon_without_work() {
    expect![[r##"
        # HELP vipd_info Version of vipd; always 1.
        # TYPE vipd_info gauge
        vipd_info{version="0.1.0"} 1
        # HELP vipd_start_time_seconds Start of the daemon.
        # TYPE vipd_start_time_seconds gauge
        vipd_start_time_seconds 1794982210.000
        # HELP vipd_config_loaded_timestamp_seconds Time at which the configuration that runs was loaded.
        # TYPE vipd_config_loaded_timestamp_seconds gauge
        vipd_config_loaded_timestamp_seconds 1796029964.000
        # HELP vipd_config_stale 1 if the file was changed since it was loaded.
        # TYPE vipd_config_stale gauge
        vipd_config_stale 0
        # HELP vipd_config_last_reload_successful 1 if the last reload was taken, or there was none.
        # TYPE vipd_config_last_reload_successful gauge
        vipd_config_last_reload_successful 1
        # HELP vipd_config_last_reload_timestamp_seconds Time of the last reload, taken or not.
        # TYPE vipd_config_last_reload_timestamp_seconds gauge
        vipd_config_last_reload_timestamp_seconds 1796029964.000
        # HELP vipd_reloads_total Reloads, by their result.
        # TYPE vipd_reloads_total counter
        vipd_reloads_total{result="taken"} 0
        vipd_reloads_total{result="refused"} 0
        vipd_reloads_total{result="undone"} 0
        # HELP vipd_problems Problems that `vipd status` names, by severity.
        # TYPE vipd_problems gauge
        vipd_problems{severity="error"} 0
        vipd_problems{severity="warning"} 0
        vipd_problems{severity="note"} 0
        # HELP vipd_events_lost_total Events that the process that serves these metrics did not see.
        # TYPE vipd_events_lost_total counter
        vipd_events_lost_total 0
        # HELP vipd_notify_failures_total Notify scripts that could not be run or failed.
        # TYPE vipd_notify_failures_total counter
        vipd_notify_failures_total 0
        # HELP vipd_restored_total Virtual addresses and routes that somebody else removed and that were restored.
        # TYPE vipd_restored_total counter
        vipd_restored_total 0
        # HELP keepalived_up 1 if the daemon answers.
        # TYPE keepalived_up gauge
        keepalived_up 1
        # HELP keepalived_exporter_build_info Version of the daemon; always 1.
        # TYPE keepalived_exporter_build_info gauge
        keepalived_exporter_build_info{version="0.1.0"} 1
    "##]].assert_eq(&metrics(&empty(), &Tally::default(), Options::default()));
}

#[test]
fn a_busy_machine() {
    let mut text = String::new();
    for line in lines(&busy(), Options::default()).iter().filter(|line| !line.starts_with('#')) {
        text += line;
        text.push('\n');
    }
    expect_file!["golden/busy.metrics"].assert_eq(&text);
}

#[test]
fn the_label_state_of_gen2brain_is_there_if_asked_for() {
    let options = Options { gen2brain: true, ..Options::default() };
    let wanted = r#"keepalived_vrrp_advert_sent{name="VI_1",intf="eth0",vrid="51",state="MASTER"} 2090212"#;
    assert!(lines(&busy(), options).iter().any(|line| line == wanted));
}

#[test]
fn series_of_an_instance_and_a_server_are_bounded() {
    let series = |instances: usize, servers: usize, detail| {
        let mut status = empty();
        status.instances =
            (0..instances).map(|number| backup(&format!("VI_{number}"), 51, &["192.0.2.10/24"])).collect();
        let mut web = service();
        let server = web.servers[0].clone();
        web.servers = vec![server; servers];
        for (number, server) in web.servers.iter_mut().enumerate() {
            server.address = format!("10.0.0.{number}:80");
        }
        status.services = vec![web];
        lines(&status, Options { detail, ..Options::default() })
            .iter()
            .filter(|line| !line.starts_with('#'))
            .count()
    };
    let of_instance = |detail| series(3, 1, detail) - series(2, 1, detail);
    let of_server = |detail| series(1, 3, detail) - series(1, 2, detail);
    assert_eq!([of_instance(Detail::Full), of_instance(Detail::Low)], [55, 20]);
    assert_eq!([of_server(Detail::Full), of_server(Detail::Low)], [20, 2]);
}

#[test]
fn events_are_counted_by_cause() {
    let mut tally = Tally::default();
    for seq in 0..3 {
        let kind = EventKind::Transition {
            instance: "VI_1".to_owned(),
            from: State::Backup,
            to: State::Master,
            cause: Cause::Silence { silent_ms: Some(1) },
            evidence: Evidence::default(),
        };
        tally.count(&Event { v: VERSION, seq, at: at("2026-11-30T09:15:00Z"), kind });
    }
    let text = metrics(&empty(), &tally, Options::default());
    let wanted = r#"vipd_vrrp_transitions_total{iname="VI_1",to="master",cause="silence"} 3"#;
    assert!(text.contains(wanted), "{text}");
}

#[test]
fn open_metrics_ends_with_its_mark() {
    let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
    let format = Format::accepted(accept);
    assert_eq!((format, Format::accepted("*/*")), (Format::OpenMetrics, Format::Text));
    let text = metrics(&busy(), &Tally::default(), Options { format, ..Options::default() });
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert!(text.contains("# TYPE vipd_vrrp_near_failovers counter\n"), "{text}");
}

#[test]
fn names_of_a_file_cannot_break_a_line() {
    let mut status = empty();
    status.instances =
        vec![master("a\"\n\\b", 1, &["192.0.2.10/24"]), master("a\"\n\\b", 1, &["192.0.2.10/24"])];
    let all = lines(&status, Options::default());
    assert!(
        all.iter().all(|line| line.starts_with('#')
            || line.starts_with("vipd_")
            || line.starts_with("keepalived_"))
    );
    let named = all.iter().filter(|line| line.starts_with("vipd_vrrp_master_known"));
    assert_eq!(
        named.collect::<Vec<_>>(),
        [r#"vipd_vrrp_master_known{iname="a\"\n\\b",intf="eth0",vrid="1",family="ipv4"} 1"#]
    );
}
