//! Meanings of virtual servers: inheritance, defaults, what is refused.

mod checks;
mod global;
mod mail;
mod services;

use keepalived_conf::model::fifo::Lines;
use keepalived_conf::model::lvs::{
    Checker, CheckerKind, FlushOnStop, Forwarding, HttpCheck, HttpMethod, HttpVersion, LvsProtocol,
    LvsService, RealServer, Reconcile, TunnelChecksum, TunnelKind, Url, VirtualServer,
};
use keepalived_conf::model::mail::MailTls;
use keepalived_conf::model::{InitFile, Run, User};
use keepalived_conf::{Class, Loaded, Severity, exit_code, load_str, render_all, render_line};
use std::net::SocketAddr;
use std::time::Duration;

const SERVICE: &str = "lb_algo rr\nlb_kind NAT\nprotocol TCP\n";

/// A virtual server on an address with these lines and one real server with those.
fn server(lines: &str, real: &str) -> Loaded {
    load_str(&format!(
        "virtual_server 192.0.2.1 80 {{\n{SERVICE}{lines}\nreal_server 192.0.2.11 80 {{\n{real}\n}}\n}}\n"
    ))
}

/// A virtual server behind this key with these lines and real servers.
fn keyed(key: &str, lines: &str, real_servers: &[&str]) -> String {
    let real_servers = real_servers.join(" {\n}\nreal_server ");
    let real_servers =
        if real_servers.is_empty() { real_servers } else { format!("real_server {real_servers} {{\n}}\n") };
    format!("virtual_server {key} {{\n{lines}\n{real_servers}}}\n")
}

fn only(loaded: &Loaded) -> &VirtualServer {
    assert_eq!(loaded.config.virtual_servers.len(), 1, "{:?}", loaded.diagnostics);
    &loaded.config.virtual_servers[0]
}

fn real(loaded: &Loaded) -> &RealServer {
    let servers = &only(loaded).real_servers;
    assert_eq!(servers.len(), 1, "{:?}", loaded.diagnostics);
    &servers[0]
}

fn checker(loaded: &Loaded) -> &Checker {
    let checkers = &real(loaded).checkers;
    assert_eq!(checkers.len(), 1, "{:?}", loaded.diagnostics);
    &checkers[0]
}

fn has(loaded: &Loaded, code: &str) -> bool {
    loaded.diagnostics.has_code(code)
}

/// The checker of a real server with this block.
fn check(block: &str) -> Loaded {
    server("", block)
}

fn http(loaded: &Loaded) -> &HttpCheck {
    let http = match &checker(loaded).kind {
        CheckerKind::Http(_, http) => Some(http),
        _ => None,
    };
    http.expect("an HTTP check")
}

fn url(loaded: &Loaded) -> &Url {
    &http(loaded).urls[0]
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}
