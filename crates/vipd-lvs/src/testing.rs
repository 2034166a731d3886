//! Shared parts of the load balancer's tests.

use std::time::Instant;

use lvs_health::director::{Action, AttemptId, Director, Event};

use super::plan::Plan;
use crate::ipc::Generation;

/// The plan that this text stands for.
pub(super) fn plan(generation: Generation, text: &str) -> Plan {
    let loaded = keepalived_conf::load_str(text);
    assert_eq!(loaded.usable, Ok(()), "{:?}", loaded.diagnostics);
    Plan::new(generation, loaded.config)
}

/// A virtual server with these lines, and with these real servers' ports and lines.
pub(super) fn balanced(lines: &str, servers: &[(u16, &str)]) -> String {
    let real = |(port, lines): &(u16, &str)| format!("real_server 10.0.0.1 {port} {{\n{lines}\n}}\n");
    let servers: String = servers.iter().map(real).collect();
    format!(
        "virtual_server 192.0.2.1 80 {{\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n{lines}\n{servers}}}\n"
    )
}

/// Everything that a director asks for now: what it tells, and what it begins.
pub(super) fn asked(director: &mut Director, now: Instant) -> (Vec<Event>, Vec<AttemptId>) {
    director.handle_timeout(now);
    let (mut events, mut attempts) = (Vec::new(), Vec::new());
    while let Some(action) = director.poll_action() {
        match action {
            Action::Tell(event) => events.push(event),
            Action::Start { attempt, .. } => attempts.push(attempt),
            Action::Cancel(_) | Action::Remove { .. } | Action::Program(_) => {}
        }
    }
    (events, attempts)
}
