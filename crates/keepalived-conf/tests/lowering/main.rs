//! Meanings of keywords: defaults, substitutes, rules between keywords.

mod addresses;
mod authentication;
mod daemon;
mod groups;
mod instances;
mod scripts;
mod text;

use keepalived_conf::model::trackers::Tracked;
use keepalived_conf::model::{
    Auth, Command, HmacMode, InitialState, OnShortage, Preempt, Run, User, VrrpInstance,
};
use keepalived_conf::{
    Class, InstanceProblem, Loaded, MemoryFiles, Options, Severity, Unusable, exit_code, load_str,
};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// An IPv4 instance with these lines.
fn instance(lines: &str) -> Loaded {
    load_str(&format!(
        "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 7\n{lines}\nvirtual_ipaddress {{\n192.0.2.10/24\n}}\n}}\n"
    ))
}

fn only(loaded: &Loaded) -> &VrrpInstance {
    assert_eq!(loaded.config.instances.len(), 1, "{:?}", loaded.diagnostics);
    &loaded.config.instances[0]
}

fn has(loaded: &Loaded, code: &str) -> bool {
    loaded.diagnostics.has_code(code)
}
