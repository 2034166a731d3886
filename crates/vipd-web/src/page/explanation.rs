//! One instance or virtual server: why it is so, with evidence, and the commands that would change it.

use std::fmt::Write;

use vipd_status::{Instance, Preempt, Service, State, Status, Term};

use super::html::{Badge, Moment, Text, badge, count, millis, moment, thousands};
use super::services;

/// Why an instance is what it is; `None` if there is none of that name.
pub(crate) fn of_instance(status: &Status, name: &str) -> Option<String> {
    let instance = status.instances.iter().find(|instance| instance.name == name)?;
    let mut html = format!("<h2>{} {}</h2><dl>", Text(name), Badge(instance.state));
    let mut fact = |name: &str, html_of_fact: String| {
        let _ = write!(html, "<dt>{name}</dt><dd>{html_of_fact}</dd>");
    };
    fact("Since", moment(instance.since));
    match (&instance.fault, &instance.cause) {
        (Some(fault), _) => fact("Because", Text(fault).to_string()),
        (None, Some(cause)) => fact("Because", Text(cause).to_string()),
        (None, None) => {}
    }
    fact("Master", master(instance));
    for (name, words) in prospects(instance) {
        fact(name, Text(words).to_string());
    }
    fact("Virtual router", identity(instance));
    fact("Addresses", addresses(instance));
    fact("Close calls", close_calls(instance));
    html.push_str("</dl>");
    terms(&mut html, instance);
    history(&mut html, instance);
    statistics(&mut html, instance);
    commands(&mut html, &instance_commands(instance));
    Some(html)
}

fn master(instance: &Instance) -> String {
    match &instance.master {
        Some(master) => {
            let mac = master.mac.as_deref().map(|mac| format!(" ({mac})")).unwrap_or_default();
            let (address, priority) = (master.address, master.priority);
            let (every, ago) = (millis(master.interval_ms), millis(master.last_heard_ms));
            Text(format!("{address}{mac}, priority {priority}, every {every}, last heard {ago} ago"))
                .to_string()
        }
        None if instance.state == State::Master => "this machine".to_owned(),
        None => "none is heard".to_owned(),
    }
}

/// What would change the state.
fn prospects(instance: &Instance) -> Vec<(&'static str, String)> {
    let down = millis(instance.timers.master_down_interval_ms);
    let skew = millis(instance.timers.skew_time_us / 1_000);
    let own = instance.priority.effective;
    match (instance.state, &instance.master) {
        (State::Backup, Some(master)) => {
            let address = master.address;
            let silent = format!("if {address} is silent for {down}, or leaves (then after {skew})");
            let preempts = match instance.preempt {
                _ if own < master.priority => {
                    format!("not while priority {own} here is below {} there", master.priority)
                }
                Preempt::Never => "never (nopreempt)".to_owned(),
                Preempt::AtOnce if own > master.priority => "now".to_owned(),
                Preempt::AfterMs(ms) if own > master.priority => format!("after {}", millis(ms)),
                _ => "not at equal priority, unless its address is the higher one".to_owned(),
            };
            vec![("Would take over", silent), ("Would preempt", preempts)]
        }
        (State::Backup, None) => vec![("Will take over", format!("after {down} without a master"))],
        (State::Master, _) => {
            let better = format!("if another router advertises more than priority {own}");
            vec![("Would give way", better)]
        }
        (State::Fault, _) => vec![("Will return", "when nothing is missing any more".to_owned())],
        (State::Init | State::Stop, _) => Vec::new(),
    }
}

fn identity(instance: &Instance) -> String {
    let Instance { interface, vrid, version, family, .. } = instance;
    let source = instance.source.map(|source| format!(", sends from {source}")).unwrap_or_default();
    let peers: Vec<String> = instance.unicast_peers.iter().map(ToString::to_string).collect();
    let to = if peers.is_empty() { "multicast".to_owned() } else { format!("to {}", peers.join(", ")) };
    Text(format!("VRID {vrid} on {interface}, VRRPv{version} for {family}{source}, {to}")).to_string()
}

fn addresses(instance: &Instance) -> String {
    let mut html = String::new();
    for address in &instance.addresses {
        let here = if address.set { "is on" } else { "is not on" };
        let _ = write!(
            html,
            "<div><span class=\"mono\">{}</span> {here} {}</div>",
            Text(&address.address),
            Text(&address.dev)
        );
    }
    html
}

fn close_calls(instance: &Instance) -> String {
    let calls = &instance.close_calls;
    if calls.count == 0 {
        return "none".to_owned();
    }
    let last: Vec<String> = calls.last.iter().map(|&at| Moment(at).to_string()).collect();
    let number = thousands(calls.count);
    format!("{number}: one more lost advertisement would have moved the addresses; last {}", last.join(", "))
}

fn terms(html: &mut String, instance: &Instance) {
    let priority = &instance.priority;
    if priority.terms.is_empty() {
        return;
    }
    let _ = write!(
        html,
        "<h3>Priority {}</h3><table><caption>{} in the file, and what moves it</caption><thead><tr>\
         <th scope=\"col\">State</th><th scope=\"col\">Tracked</th><th scope=\"col\">Weight</th>\
         <th scope=\"col\">Adds now</th></tr></thead><tbody>",
        priority.effective, priority.base
    );
    priority.terms.iter().for_each(|term| self::term(html, term));
    html.push_str("</tbody></table>");
}

fn term(html: &mut String, term: &Term) {
    html.push_str("<tr><td>");
    let _ = match term.up {
        Some(true) => badge(html, "up", "UP"),
        Some(false) => badge(html, "down", "DOWN"),
        None => badge(html, "init", "UNKNOWN"),
    };
    let weight = match term.weight {
        0 => "0: FAULT when down".to_owned(),
        weight => weight.to_string(),
    };
    let reverse = if term.reverse { ", reverse" } else { "" };
    let _ = write!(
        html,
        "</td><th scope=\"row\">{} {}</th><td>{weight}{reverse}</td><td class=\"number\">{:+}</td></tr>",
        Text(term.tracker),
        Text(&term.name),
        term.adds
    );
}

fn history(html: &mut String, instance: &Instance) {
    if instance.history.is_empty() {
        return;
    }
    html.push_str("<h3>Changes</h3><ol class=\"log\">");
    for change in &instance.history {
        let _ = write!(
            html,
            "<li>{} {} → {}: {}",
            Moment(change.at),
            change.from,
            Badge(change.to),
            Text(&change.cause)
        );
        let evidence = &change.evidence;
        if let Some(source) = evidence.last_source {
            let priority = evidence.last_priority.map(|priority| format!(", priority {priority}"));
            let ago = evidence.silent_ms.map(|ms| format!(", {} before", millis(ms)));
            let (priority, ago) = (priority.unwrap_or_default(), ago.unwrap_or_default());
            let _ = write!(html, "<small>last heard {source}{priority}{ago}</small>");
        }
        if let Some(remark) = &evidence.remark {
            let _ = write!(html, "<small>{}</small>", Text(remark));
        }
        html.push_str("</li>");
    }
    html.push_str("</ol>");
}

fn statistics(html: &mut String, instance: &Instance) {
    let counted = &instance.statistics;
    let _ = write!(
        html,
        "<h3>Since the start</h3><p>{} sent, {} received; MASTER {}",
        count(usize::try_from(counted.advertisement_sent).unwrap_or(usize::MAX), "advertisement"),
        thousands(counted.advertisement_rcvd),
        count(usize::try_from(counted.master_transitions).unwrap_or(usize::MAX), "time"),
    );
    for (reason, number) in counted.rejected.iter().filter(|(_, number)| **number > 0) {
        let _ = write!(html, "; {} rejected: {}", thousands(*number), Text(reason));
    }
    html.push_str("</p>");
}

/// What could be done about an instance, and what it would do.
fn instance_commands(instance: &Instance) -> Vec<(String, &'static str)> {
    let name = shell_word(&instance.name);
    let mut commands = vec![(format!("vipd explain {name}"), "the same in a terminal")];
    if instance.intent.is_some() {
        commands.push((format!("vipd maintenance off {name}"), "takes part again"));
    } else {
        if instance.state == State::Master {
            commands.push((format!("vipd handover {name}"), "gives the addresses to a peer that is alive"));
        }
        let maintenance = format!("vipd maintenance on {name} --for 30m --reason 'why'");
        commands.push((maintenance, "leaves the service to the peer, and ends by itself"));
    }
    commands
}

/// Why a virtual server is as it is; `None` if there is none of that name.
pub(crate) fn of_service(status: &Status, name: &str) -> Option<String> {
    let service = status.services.iter().find(|service| service.name == name)?;
    let (class, word) = if service.up { ("up", "UP") } else { ("down", "DOWN") };
    let mut html = format!("<h2>{} ", Text(name));
    let _ = badge(&mut html, class, word);
    let _ = write!(
        html,
        "</h2><p>Quorum {} of {}, since {}.</p><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Checks\"><table>\
         <caption>Every check of every server</caption><thead><tr><th scope=\"col\">State</th>\
         <th scope=\"col\">Server</th><th scope=\"col\">Check</th><th scope=\"col\">Result</th>\
         <th scope=\"col\">Since</th></tr></thead><tbody>",
        service.quorum.live,
        service.quorum.need,
        moment(service.since)
    );
    for server in &service.servers {
        server_rows(&mut html, server);
    }
    html.push_str("</tbody></table></div>");
    commands(&mut html, &service_commands(service));
    Some(html)
}

fn server_rows(html: &mut String, server: &vipd_status::Server) {
    let (class, word) = services::state(server);
    if server.checks.is_empty() {
        html.push_str("<tr><td>");
        let _ = badge(html, class, word);
        let _ = write!(
            html,
            "</td><th scope=\"row\" class=\"mono\">{}</th><td>none</td><td></td><td>",
            Text(&server.address)
        );
        let _ = write!(html, "{}</td></tr>", moment(server.since));
    }
    for check in &server.checks {
        html.push_str("<tr><td>");
        let _ = match (check.settled, check.up) {
            (false, _) => badge(html, "init", "CHECKING"),
            (true, true) => badge(html, "up", "UP"),
            (true, false) => badge(html, "down", "DOWN"),
        };
        let _ = write!(
            html,
            "</td><th scope=\"row\" class=\"mono\">{}</th><td>{}<small>{}</small></td><td>",
            Text(&server.address),
            Text(&check.kind),
            Text(&check.target)
        );
        match &check.failure {
            Some(failure) => {
                let _ = write!(
                    html,
                    "{}<small>{} in a row</small>",
                    Text(&failure.text),
                    count(check.failures as usize, "failure")
                );
            }
            None if check.settled => html.push_str("good"),
            None => html.push_str("none yet"),
        }
        if let Some(next) = check.next_ms {
            let _ = write!(html, "<small>next in {}</small>", millis(next));
        }
        let _ = write!(html, "</td><td>{}</td></tr>", moment(check.since));
    }
}

fn service_commands(service: &Service) -> Vec<(String, &'static str)> {
    let name = shell_word(&service.name);
    let Some(server) = service.servers.iter().find(|server| !server.up).or(service.servers.first()) else {
        return Vec::new();
    };
    let server_name = shell_word(&server.address);
    let drain = if server.intent.is_some() {
        (format!("vipd server {name} {server_name} ready"), "serves again")
    } else {
        (
            format!("vipd server {name} {server_name} drain --for 30m"),
            "no new connections; the open ones finish",
        )
    };
    vec![
        (format!("vipd probe {name} {server_name}"), "runs its checks now and shows the dialogue"),
        drain,
        (format!("vipd explain {name}"), "the same in a terminal"),
    ]
}

fn commands(html: &mut String, commands: &[(String, &'static str)]) {
    html.push_str(
        "<h3>Commands</h3><p>This page changes nothing. To run on this machine:</p><ul class=\"commands\">",
    );
    for (command, what) in commands {
        let _ = write!(html, "<li><code>{}</code> <small>{what}</small></li>", Text(command));
    }
    html.push_str("</ul>");
}

/// A word that a shell takes as it is, whatever a name contains.
fn shell_word(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/@%+=,".contains(&byte);
    if !name.is_empty() && !name.starts_with('-') && name.bytes().all(is_plain) {
        return name.to_owned();
    }
    format!("'{}'", name.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_word_for_a_shell() {
        assert_eq!(shell_word("VI_1"), "VI_1");
        assert_eq!(shell_word("[192.0.2.10]:tcp:80"), "'[192.0.2.10]:tcp:80'");
        assert_eq!(shell_word("a'; rm -rf / #"), r"'a'\''; rm -rf / #'");
        assert_eq!(shell_word("$(reboot)"), "'$(reboot)'");
        assert_eq!(shell_word(""), "''");
    }
}
