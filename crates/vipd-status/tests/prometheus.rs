//! The metrics, the alert rules and the dashboards, as Prometheus itself reads them. Without Debian's package `prometheus`
//! these tests say SKIPPED.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod samples;

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use samples::{at, backup, busy, empty, service};
use serde_json::{Value, json};
use vipd_status::metrics::{Detail, Format, Options, Tally, metrics};
use vipd_status::{Cause, Connections, Event, EventKind, Evidence, Histogram, State, Status, VERSION};

/// Runs promtool; its exit status and output. None if it is not installed.
fn promtool(arguments: &[&str], input: &str) -> Option<(bool, String)> {
    let mut command = Command::new("promtool");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        println!("SKIPPED promtool is not installed");
        return None;
    };
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8(text).unwrap()))
}

fn dist() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dist")
}

/// A folder of a test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("vipd-status-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A status and events in which every metric has a series.
fn everything() -> (Status, Tally) {
    let mut status = busy();
    let mut second = backup("VI_4", 54, &["192.0.2.14/24"]);
    second.addresses[0].excluded = true;
    second.send_lateness =
        Histogram { bounds_us: vec![1_000, 10_000], counts: vec![9, 1, 0], sum_us: 9_000, max_us: 2_000 };
    status.instances.push(second);
    let mut web = service();
    web.servers[1].checks[0].certificate_expires = Some(at("2027-01-01T00:00:00Z"));
    web.servers[1].connections = Some(Connections::default());
    status.services = vec![web];
    let mut tally = Tally::default();
    let kind = EventKind::Transition {
        instance: "VI_1".to_owned(),
        from: State::Backup,
        to: State::Master,
        cause: Cause::Startup,
        evidence: Evidence::default(),
    };
    tally.count(&Event { v: VERSION, seq: 0, at: samples::now(), kind });
    (status, tally)
}

#[test]
fn promtool_finds_nothing_wrong_with_the_metrics() {
    let (status, tally) = everything();
    for status in [&empty(), &busy(), &status] {
        for detail in [Detail::Full, Detail::Low] {
            for gen2brain in [false, true] {
                let options = Options { format: Format::Text, detail, gen2brain };
                let text = metrics(status, &tally, options);
                let Some((good, said)) = promtool(&["check", "metrics"], &text) else { return };
                assert!(good && said.is_empty(), "{options:?}: {said}");
            }
        }
    }
}

#[test]
fn the_alert_rules_hold_what_their_test_says() {
    let rules = dist().join("prometheus/vipd.rules.yml");
    let Some((good, said)) = promtool(&["check", "rules", rules.to_str().unwrap()], "") else { return };
    assert!(good, "{said}");
    let test = dist().join("prometheus/vipd.rules.test.yml");
    let Some((good, said)) = promtool(&["test", "rules", test.to_str().unwrap()], "") else { return };
    assert!(good, "{said}");
}

/// The metrics as promtool takes them, as if they had been scraped 40 times from a target with these labels.
fn scraped(target: &str, options: Options) -> Vec<Value> {
    let (status, tally) = everything();
    let text = metrics(&status, &tally, options);
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let series = samples.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let series = match series.strip_suffix('}') {
            Some(open) => format!("{open},{target}}}"),
            None => format!("{series}{{{target}}}"),
        };
        json!({"series": series, "values": format!("{value}x40")})
    });
    series.collect()
}

/// Asserts that each query has as many results as it says, when it is asked of such metrics.
fn answers(name: &str, series: &[Value], queries: &[(String, usize)]) {
    let test = |(query, results): &(String, usize)| {
        let expr = format!("count({query})");
        json!({"expr": expr, "eval_time": "8m", "exp_samples": [{"labels": "{}", "value": results}]})
    };
    let tests: Vec<Value> = queries.iter().map(test).collect();
    let file = json!({
        "rule_files": [],
        "evaluation_interval": "15s",
        "tests": [{"interval": "15s", "input_series": series, "promql_expr_test": tests}],
    });
    let folder = Folder::new(name);
    // JSON is YAML.
    let path = folder.write("queries.yml", &file.to_string());
    let Some((good, said)) = promtool(&["test", "rules", &path], "") else { return };
    assert!(good, "{said}");
}

#[test]
fn the_dashboard_of_mehdy_is_answered() {
    // Four instances with five addresses, one of which is excluded; one script.
    let mut queries: Vec<(String, usize)> = vec![
        (r#"keepalived_up{node_name="a"} == 1"#.to_owned(), 1),
        (r#"keepalived_script_status{node_name="a",name="chk_haproxy"} == 0"#.to_owned(), 1),
        (r#"keepalived_script_state{node_name="a"}"#.to_owned(), 1),
        (r#"keepalived_vrrp_state{node_name="a"}"#.to_owned(), 4),
        (
            r#"keepalived_vrrp_state{iname="VI_1",intf="eth0",vrid="51",ip_address="192.0.2.10"} == 2"#
                .to_owned(),
            1,
        ),
        (r#"keepalived_vrrp_excluded_state{ip_address="192.0.2.14"} == 1"#.to_owned(), 1),
        (r#"keepalived_advertisements_received_total{iname="VI_3"} == 494"#.to_owned(), 1),
    ];
    let counters = [
        "advertisements_received",
        "advertisements_sent",
        "become_master",
        "release_master",
        "packet_length_errors",
        "advertisements_interval_errors",
        "ip_ttl_errors",
        "invalid_type_received",
        "address_list_errors",
        "authentication_invalid",
        "authentication_mismatch",
        "authentication_failure",
        "priority_zero_received",
        "priority_zero_sent",
    ];
    queries.extend(counters.map(|name| {
        (
            format!(
                r#"rate(keepalived_{name}_total{{node_name="a",iname=~"VI_.",intf="eth0",vrid=~".+"}}[1m])"#
            ),
            4,
        )
    }));
    answers("mehdy", &scraped(r#"node_name="a""#, Options::default()), &queries);
}

#[test]
fn the_dashboard_of_gen2brain_is_answered() {
    let mut queries: Vec<(String, usize)> = vec![
        (
            r#"keepalived_vrrp_advert_sent{name="VI_1",intf="eth0",vrid="51",state="MASTER"} == 2090212"#
                .to_owned(),
            1,
        ),
        (r#"sum by (state) (keepalived_vrrp_become_master{instance="a"})"#.to_owned(), 3),
    ];
    let counters = [
        "advert_rcvd",
        "advert_sent",
        "become_master",
        "release_master",
        "packet_len_err",
        "advert_interval_err",
        "ip_ttl_err",
        "invalid_type_rcvd",
        "addr_list_err",
        "invalid_authtype",
        "authtype_mismatch",
        "auth_failure",
        "pri_zero_rcvd",
        "pri_zero_sent",
    ];
    queries.extend(counters.map(|name| {
        (format!(r#"irate(keepalived_vrrp_{name}{{instance="a",name=~".+",intf=~".+",vrid=~".+"}}[5m])"#), 4)
    }));
    for name in ["in_packets", "out_packets", "in_bytes", "out_bytes", "conn"] {
        queries
            .push((format!(r#"irate(keepalived_lvs_vip_{name}{{addr="192.0.2.10:80",proto="6"}}[5m])"#), 1));
        let labels = r#"vip="192.0.2.10:80",addr=~"10.0.0.1[34]:80",proto="6""#;
        queries.push((format!("irate(keepalived_lvs_rs_{name}{{{labels}}}[5m])"), 2));
    }
    let options = Options { gen2brain: true, ..Options::default() };
    answers("gen2brain", &scraped(r#"instance="a""#, options), &queries);
}

#[test]
fn every_query_of_the_shipped_dashboard_has_an_answer() {
    let text = fs::read_to_string(dist().join("grafana/vipd.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let expr = target["expr"].as_str().unwrap();
            let expr =
                expr.replace("$__rate_interval", "5m").replace("$instance", ".*").replace("$iname", ".*");
            assert!(!expr.contains('$'), "{expr}");
            queries.push((format!("count({expr}) > bool 0"), 1));
        }
    }
    assert!(queries.len() > 20, "{}", queries.len());
    answers("own", &scraped(r#"instance="a",job="vipd""#, Options::default()), &queries);
}

/// A program that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves the metrics to every client, in the format that was asked for.
fn serve(listener: &TcpListener) {
    let (status, tally) = everything();
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut request = Vec::new();
        let mut buffer = [0; 1024];
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(read) => request.extend_from_slice(&buffer[..read]),
            }
        }
        let format = Format::accepted(&String::from_utf8_lossy(&request));
        let text = metrics(&status, &tally, Options { format, ..Options::default() });
        let head = format!("Content-Type: {}\r\nContent-Length: {}", format.content_type(), text.len());
        let _ = write!(stream, "HTTP/1.1 200 OK\r\n{head}\r\nConnection: close\r\n\r\n{text}");
    }
}

/// The answer of Prometheus's API, once it has one.
fn ask(port: u16, query: &str) -> Option<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let request = format!("GET /api/v1/query?query={query} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    let body: Value = serde_json::from_str(body).ok()?;
    body["data"]["result"][0]["value"][1].as_str().map(str::to_owned)
}

#[test]
fn a_prometheus_scrapes_the_open_metrics() {
    let folder = Folder::new("scrape");
    let metrics = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let target = metrics.local_addr().unwrap();
    let config = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n  - job_name: vipd\n    static_configs: [{{targets: ['{target}']}}]\n"
    );
    let config = folder.write("prometheus.yml", &config);
    // Nobody else of this machine's tests takes a port by number; if somebody does, Prometheus ends and the test says so.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={config}")).arg(format!("--web.listen-address=127.0.0.1:{port}"));
    command.arg(format!("--storage.tsdb.path={}", folder.0.join("data").display()));
    let Ok(child) = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
        println!("SKIPPED prometheus is not installed");
        return;
    };
    let mut prometheus = Running(child);
    thread::spawn(move || serve(&metrics));
    let begun = Instant::now();
    let answer = loop {
        if let Some(answer) = ask(port, "keepalived_vrrp_state%7Bip_address%3D%22192.0.2.10%22%7D") {
            break answer;
        }
        assert!(prometheus.0.try_wait().unwrap().is_none(), "prometheus ended by itself");
        assert!(begun.elapsed() < Duration::from_secs(120), "no scrape within two minutes");
        thread::sleep(Duration::from_millis(200));
    };
    assert_eq!(answer, "2");
    assert_eq!(ask(port, "up").as_deref(), Some("1"));
    let near = ask(port, "vipd_vrrp_near_failovers_total%7Biname%3D%22VI_3%22%7D");
    assert_eq!(near.as_deref(), Some("2"));
}
