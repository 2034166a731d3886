//! The web process of a real pair: its pages, its permitted clients, and that nothing depends on it.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use common::conf::{Instance, V2_PASS, V3_CALM, text};
use common::hosts::Maker::Vipd;
use common::hosts::{Router, WORKER_PID};
use common::lan::Lan;
use common::{eventually, lab_test};
use nix::sys::signal::Signal;

const A: usize = 0;
const B: usize = 1;
const HIGH: u8 = 150;
const LOW: u8 = 100;
const TOKEN: &str = "correct-horse-battery-staple";
const TOKEN_FILE: &str = "/etc/vipd/web.token";
const PASSWORD: &str = "Pa55word";
const PORT: u16 = 9165;
const BOUND: Duration = Duration::from_secs(10);
const ROUTES: [&str; 7] =
    ["/", "/explain?name=VI_1", "/metrics", "/healthz", "/api/v1/status", "/api/v1/events", "/live"];

/// A configuration with HTTP.
fn with_http(priority: u8, port: u16, more: &str) -> String {
    let instances = [Instance::new(V3_CALM, priority), Instance::second(V2_PASS, priority)];
    format!("global_defs {{\nhttp_listen 127.0.0.1:{port}\n{more}\n}}\n{}", text(&instances))
}

/// One router that serves, with HTTP.
fn alone(more: &str) -> Lan {
    let mut lan = Lan::new(V3_CALM, &[Vipd], &[100, 101]);
    lan.routers[A].start(&with_http(HIGH, PORT, more));
    lan.expect_holder(lan.vip(100), A, V3_CALM.down(HIGH));
    lan
}

fn connect(router: &Router, port: u16) -> io::Result<TcpStream> {
    let stream = router.host.run(move || TcpStream::connect(("127.0.0.1", port)))??;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    Ok(stream)
}

/// A whole answer; empty while nobody listens.
fn ask(router: &Router, port: u16, method: &str, path: &str, fields: &str) -> String {
    let Ok(mut stream) = connect(router, port) else { return String::new() };
    let request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n{fields}\r\n");
    let mut answer = Vec::new();
    let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(router: &Router, path: &str, fields: &str) -> String {
    ask(router, PORT, "GET", path, &format!("Host: localhost\r\n{fields}"))
}

fn code(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

/// The web process that was started last.
fn web_pid(router: &Router) -> String {
    let log = router.log();
    let line = log.iter().rev().find_map(|line| line.text.split_once("Starting web child process, pid="));
    line.and_then(|(_, rest)| rest.split(',').next()).unwrap_or_default().to_owned()
}

#[test]
fn both_sides_are_shown() {
    lab_test("both_sides_are_shown", &[], || {
        let mut lan = Lan::new(V3_CALM, &[Vipd, Vipd], &[100, 101]);
        lan.routers[A].start(&with_http(HIGH, PORT, ""));
        lan.expect_holder(lan.vip(100), A, V3_CALM.down(HIGH));
        lan.routers[B].start(&with_http(LOW, PORT, ""));
        let (a, b) = (&lan.routers[A], &lan.routers[B]);
        let source = a.sources()[0].to_string();
        eventually("A is MASTER on its page", BOUND, || get(a, "/", "").contains("this machine is MASTER"));
        eventually("B shows itself as BACKUP, and A as the MASTER that it hears", BOUND, || {
            let page = get(b, "/", "");
            let heard = format!(">{source}</span> is <b class=\"badge master\">MASTER</b>");
            page.contains("this machine is BACKUP") && page.contains(&heard)
        });
        for (router, state) in [(a, 2), (b, 1)] {
            eventually("the state is a metric", BOUND, || {
                let metrics = get(router, "/metrics", "");
                metrics.lines().any(|line| {
                    line.starts_with("keepalived_vrrp_state{")
                        && line.contains("iname=\"VI_1\"")
                        && line.ends_with(&format!(" {state}"))
                })
            });
        }
        let explained = get(b, "/explain?name=VI_1", "");
        assert!(explained.contains(&source), "{explained}");
        assert_eq!(code(&get(b, "/explain?name=VI_9", "")), "404");
    });
}

#[test]
fn a_token_is_needed_and_no_route_shows_a_secret() {
    lab_test("a_token_is_needed_and_no_route_shows_a_secret", &[], || {
        let mut lan = Lan::new(V3_CALM, &[Vipd], &[100, 101]);
        lan.routers[A].install(TOKEN_FILE, &format!("{TOKEN}\n"));
        lan.routers[A].start(&with_http(HIGH, PORT, &format!("http_token_file {TOKEN_FILE}")));
        let router = &lan.routers[A];
        let right = format!("Authorization: Bearer {TOKEN}\r\n");
        eventually("it answers", BOUND, || code(&get(router, "/healthz", &right)) == "200");
        for route in ROUTES {
            assert_eq!(code(&get(router, route, "")), "401", "{route}");
            assert_eq!(code(&get(router, route, "Authorization: Bearer wrong\r\n")), "401", "{route}");
        }
        for route in &ROUTES[..6] {
            let answer = get(router, route, &right);
            assert_eq!(code(&answer), "200", "{route}");
            assert!(!answer.contains(TOKEN) && !answer.contains(PASSWORD), "{route}: {answer}");
        }
        let refused = ask(router, PORT, "POST", "/", &format!("Host: localhost\r\n{right}"));
        assert_eq!(code(&refused), "405");
        let elsewhere = ask(router, PORT, "GET", "/", &format!("Host: evil.example\r\n{right}"));
        assert_eq!(code(&elsewhere), "421");
        assert!(!router.log().iter().any(|line| line.text.contains(TOKEN)));
    });
}

#[test]
fn health_tells_of_a_worker_that_hangs() {
    lab_test("health_tells_of_a_worker_that_hangs", &[], || {
        let lan = alone("worker_timeout 0");
        let router = &lan.routers[A];
        let health = |expected: &str| code(&get(router, "/healthz", "")) == expected;
        eventually("all is well", BOUND, || health("200"));
        assert_eq!(router.shell(&format!("kill -STOP $(cat {WORKER_PID}) && echo sent")), "sent");
        eventually("a worker hangs", BOUND, || health("503"));
        assert_eq!(router.shell(&format!("kill -CONT $(cat {WORKER_PID}) && echo sent")), "sent");
        eventually("it goes on", BOUND, || health("200"));
    });
}

#[test]
fn the_process_has_no_rights_and_nothing_depends_on_it() {
    lab_test("the_process_has_no_rights_and_nothing_depends_on_it", &[], || {
        let lan = alone("");
        let router = &lan.routers[A];
        let answers = |port: u16| code(&ask(router, port, "GET", "/healthz", "Host: localhost\r\n")) == "200";
        eventually("it answers", BOUND, || answers(PORT));
        let pid = web_pid(router);
        let rights =
            router.shell(&format!("grep -E '^(Uid|Cap(Inh|Prm|Eff|Amb)|NoNewPrivs)' /proc/{pid}/status"));
        let zeros =
            rights.lines().filter(|line| line.starts_with("Cap") && line.ends_with("\t0000000000000000"));
        assert_eq!(zeros.count(), 4, "{rights}");
        assert!(rights.contains("NoNewPrivs:\t1"), "{rights}");
        // A user namespace of an ordinary user knows no nobody; the process says so.
        assert!(
            rights.contains("Uid:\t65534\t65534")
                || router.log_count("keeps its user, without capabilities") > 0,
            "{rights}"
        );

        assert_eq!(router.shell(&format!("kill -9 {pid} && echo sent")), "sent");
        router.expect_log("it is started again", BOUND);
        eventually("another process answers", BOUND, || web_pid(router) != pid && answers(PORT));

        router.configure(&with_http(HIGH, PORT + 1, ""));
        router.signal(Signal::SIGHUP);
        eventually("the port is another one", BOUND, || answers(PORT + 1) && !answers(PORT));
        router.configure(&text(&[Instance::new(V3_CALM, HIGH), Instance::second(V2_PASS, HIGH)]));
        router.signal(Signal::SIGHUP);
        eventually("nobody listens", BOUND, || connect(router, PORT + 1).is_err());
        // Nothing of all that was seen from outside.
        assert_eq!(router.log_count("(VI_1) Entering MASTER STATE"), 1);
        lan.stays_with(lan.vip(100), A, V3_CALM.interval * 2);
    });
}

#[test]
fn clients_that_never_read_delay_no_other_client() {
    lab_test("clients_that_never_read_delay_no_other_client", &[], || {
        let lan = alone("");
        let router = &lan.routers[A];
        eventually("it answers", BOUND, || code(&get(router, "/healthz", "")) == "200");
        let mut idle = Vec::new();
        for path in ["/", "/live?since=1", "/metrics", "/api/v1/status"] {
            let mut stream = connect(router, PORT).unwrap();
            stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
            // A reader that reads nothing asks until its requests are not taken any more; a stream never ends.
            let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            for _ in 0..if path.starts_with("/live") { 1 } else { 100_000 } {
                if stream.write_all(request.as_bytes()).is_err() {
                    break;
                }
            }
            idle.push(stream);
        }
        for route in &ROUTES[..6] {
            assert_eq!(code(&get(router, route, "")), "200", "{route}");
        }
        assert_eq!(router.log_count("(VI_1) Entering MASTER STATE"), 1);
        lan.stays_with(lan.vip(100), A, V3_CALM.interval * 2);
        drop(idle);
    });
}
