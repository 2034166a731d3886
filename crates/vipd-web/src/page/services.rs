//! Virtual servers, as operators know them from HAProxy's page.

use std::fmt::Write;

use vipd_status::{Connections, IntentKind, Server, Service, Status};

use super::Blocks;
use super::html::{Link, Text, badge, count, millis, moment, thousands, volume};

pub(super) fn add(blocks: &mut Blocks, status: &Status) {
    if status.services.is_empty() {
        return;
    }
    blocks.frame(
        "<section id=\"services\" class=\"card\" aria-labelledby=\"services-title\">\
         <h2 id=\"services-title\">Virtual servers</h2>",
    );
    for (index, service) in status.services.iter().enumerate() {
        let id = format!("s{index}");
        let hidden = blocks.hidden(searched(service));
        blocks.block(id.clone(), table(&id, hidden, service));
    }
    blocks.frame("</section>");
}

fn searched(service: &Service) -> impl Iterator<Item = &str> {
    std::iter::once(service.name.as_str()).chain(service.servers.iter().map(|server| server.address.as_str()))
}

fn table(id: &str, hidden: &str, service: &Service) -> String {
    let mut html = format!(
        "<div id=\"{id}\" class=\"scroll service\" tabindex=\"0\" role=\"group\" aria-label=\"{}\"{hidden}><table>\
         <caption>",
        Text(&service.name)
    );
    caption(&mut html, service);
    html.push_str("</caption>");
    html.push_str(HEAD);
    for server in &service.servers {
        row(&mut html, server);
    }
    total(&mut html, service);
    html.push_str("</table></div>");
    html
}

fn caption(html: &mut String, service: &Service) {
    let (class, word) = if service.up { ("up", "UP") } else { ("down", "DOWN") };
    let _ = badge(html, class, word);
    let _ = write!(
        html,
        " {} <small>{} · quorum {} of {}",
        Link(&service.name),
        Text(&service.scheduler),
        service.quorum.live,
        service.quorum.need
    );
    if let Some(since) = service.since {
        let _ = write!(html, " · since {}", moment(Some(since)));
    }
    html.push_str("</small>");
    for (is_so, word) in [
        (service.sorry, "sorry server serves"),
        (service.panics, "all servers used (panic_threshold)"),
        (service.suspended, "checks suspended (ha_suspend)"),
    ] {
        if is_so {
            let _ = write!(html, " <em>{word}</em>");
        }
    }
    if service.draining > 0 {
        let _ = write!(html, " <em>{} still draining</em>", count(service.draining as usize, "server"));
    }
}

/// The class and the word of a server's state.
fn state(server: &Server) -> (&'static str, &'static str) {
    match server.intent.as_ref().map(|intent| intent.kind) {
        Some(IntentKind::Maintenance) => ("maint", "MAINT"),
        Some(IntentKind::Drain) => ("drain", "DRAIN"),
        _ if !server.up => ("down", "DOWN"),
        _ if server.checks.iter().any(|check| !check.settled) => ("init", "CHECKING"),
        _ if server.weight.programmed == Some(0) => ("drain", "WEIGHT 0"),
        _ => ("up", "UP"),
    }
}

fn row(html: &mut String, server: &Server) {
    let (class, word) = state(server);
    let _ = write!(html, "<tr class=\"{class}\"><td>");
    let _ = badge(html, class, word);
    let _ = write!(
        html,
        "</td><th scope=\"row\" class=\"mono\">{}</th><td class=\"number\">",
        Link(&server.address)
    );
    let weight = server.weight;
    let _ = match weight.programmed {
        Some(programmed) => write!(html, "{programmed}"),
        None => write!(html, "–"),
    };
    if weight.programmed != Some(weight.configured) {
        let _ = write!(html, "<small>of {}</small>", weight.configured);
    }
    html.push_str("</td>");
    connections(html, server.connections.as_ref(), true);
    html.push_str("<td>");
    checks(html, server);
    let _ = write!(html, "</td><td>{}", moment(server.since));
    if let Some(intent) = &server.intent {
        let _ = write!(html, "<small>{} by {}", Text(intent.kind), Text(&intent.by));
        if let Some(open) = intent.open {
            let _ = write!(html, ", {} open", thousands(open));
        }
        if !intent.reason.is_empty() {
            let _ = write!(html, ": {}", Text(&intent.reason));
        }
        html.push_str("</small>");
    }
    html.push_str("</td></tr>");
}

/// Five cells: active, inactive, total, in, out.
fn connections(html: &mut String, connections: Option<&Connections>, has_open: bool) {
    let Some(counted) = connections else {
        html.push_str(&"<td class=\"number\">–</td>".repeat(5));
        return;
    };
    let open = |number: u64| if has_open { thousands(number) } else { String::new() };
    let cells = [
        open(counted.active),
        open(counted.inactive),
        thousands(counted.total),
        volume(counted.in_bytes),
        volume(counted.out_bytes),
    ];
    for cell in cells {
        let _ = write!(html, "<td class=\"number\">{cell}</td>");
    }
}

/// The last check: the one that is down, or the first.
fn checks(html: &mut String, server: &Server) {
    let down = server.checks.iter().find(|check| !check.up);
    let Some(check) = down.or_else(|| server.checks.first()) else {
        html.push_str("<small>no check</small>");
        return;
    };
    let _ = write!(html, "{}", Text(&check.kind));
    if let Some(ms) = check.ms {
        let _ = write!(html, " in {}", millis(ms));
    }
    match &check.failure {
        Some(failure) => {
            let _ = write!(html, "<small class=\"missing\">{}", Text(&failure.text));
            if check.failures > 1 {
                let _ = write!(html, ", {} times", check.failures);
            }
            html.push_str("</small>");
        }
        None if !check.settled => html.push_str("<small>no result yet</small>"),
        None => {}
    }
    if let Some(ends) = check.certificate_expires {
        let _ = write!(html, "<small>certificate until {}</small>", ends.strftime("%Y-%m-%d"));
    }
    let others = server.checks.len() - 1;
    if others > 0 {
        let _ = write!(html, "<small>and {}</small>", count(others, "other check"));
    }
}

fn total(html: &mut String, service: &Service) {
    let live = service.servers.iter().filter(|server| server.up).count();
    let all = service.servers.len();
    let _ = write!(
        html,
        "<tfoot><tr><td></td><th scope=\"row\">all</th><td class=\"number\">{live}/{all} up</td>"
    );
    let open = |one: fn(&Connections) -> u64| -> u64 {
        service.servers.iter().filter_map(|server| server.connections.as_ref()).map(one).sum()
    };
    let counted = service.connections.map(|all| Connections {
        active: open(|server| server.active),
        inactive: open(|server| server.inactive),
        ..all
    });
    connections(html, counted.as_ref(), true);
    html.push_str("<td></td><td></td></tr></tfoot>");
}

const HEAD: &str = "<thead><tr><th scope=\"col\">State</th><th scope=\"col\">Server</th>\
<th scope=\"col\" class=\"number\">Weight</th><th scope=\"col\" class=\"number\">Active</th>\
<th scope=\"col\" class=\"number\">Inactive</th><th scope=\"col\" class=\"number\">Total</th>\
<th scope=\"col\" class=\"number\">In</th><th scope=\"col\" class=\"number\">Out</th>\
<th scope=\"col\">Last check</th><th scope=\"col\">Since</th></tr></thead>";
