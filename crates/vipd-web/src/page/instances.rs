//! Instances, with both sides as heard from here.

use std::collections::BTreeMap;
use std::fmt::Write;

use vipd_status::{Instance, Neighbour, Priority, State, Status};

use super::Blocks;
use super::html::{Badge, Link, Text, millis, moment};

pub(super) fn add(blocks: &mut Blocks, status: &Status) {
    if status.instances.is_empty() {
        return;
    }
    let heard = heard(status);
    blocks.frame(
        "<section id=\"instances\" class=\"card\" aria-labelledby=\"instances-title\">\
         <h2 id=\"instances-title\">Instances</h2>",
    );
    let groups = groups(&status.instances);
    let is_short = status.instances.len() <= MAX_OPEN;
    for (index, group) in groups.iter().enumerate() {
        // Problems stand in the headline; a group that opens by itself would hide the others.
        let open = if is_short || !blocks.wanted.is_empty() { " open" } else { "" };
        if groups.len() > 1 {
            blocks.frame(&format!("<details class=\"group\"{open}>"));
            blocks.block(format!("g{index}"), summary(index, group));
        }
        blocks.frame(HEAD);
        for (place, instance) in group.iter().enumerate() {
            let id = format!("i{index}-{place}");
            let hidden = blocks.hidden(searched(instance));
            blocks.block(id.clone(), row(&id, hidden, instance, &heard));
        }
        blocks.frame("</tbody></table></div>");
        if groups.len() > 1 {
            blocks.frame("</details>");
        }
    }
    blocks.frame("</section>");
}

/// Texts that a search looks at.
fn searched(instance: &Instance) -> impl Iterator<Item = &str> {
    let own = [instance.name.as_str(), instance.interface.as_str(), instance.state.word()];
    let group = instance.group.as_deref();
    let addresses = instance.addresses.iter().map(|address| address.address.as_str());
    own.into_iter().chain(group).chain(addresses)
}

/// Instances of one sync group or interface that stand together in the file, at most [`MAX_GROUP`]. The groups follow
/// from the configuration: no change of a state moves a row.
fn groups(instances: &[Instance]) -> Vec<&[Instance]> {
    if instances.len() <= MAX_OPEN {
        return vec![instances];
    }
    let is_same = |a: &Instance, b: &Instance| a.group == b.group && a.interface == b.interface;
    let groups: Vec<&[Instance]> =
        instances.chunk_by(is_same).flat_map(|group| group.chunks(MAX_GROUP)).collect();
    // Many small groups would be as long as no groups.
    let is_fine = groups.len() * 8 <= instances.len();
    if is_fine { groups } else { instances.chunks(MAX_GROUP).collect() }
}

fn summary(index: usize, group: &[Instance]) -> String {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return String::new() };
    let mut html = format!("<summary id=\"g{index}\"><span class=\"name\">");
    let is_shared = group.iter().all(|instance| instance.interface == first.interface);
    match &first.group {
        Some(name) if group.iter().all(|instance| instance.group.as_ref() == Some(name)) => {
            let _ = write!(html, "group {}", Text(name));
        }
        _ if is_shared => html.push_str(&Text(&first.interface).to_string()),
        _ => html.push_str("instances"),
    }
    let _ = write!(html, "</span> <span>{}", Text(&first.name));
    if group.len() > 1 {
        let _ = write!(html, " … {}", Text(&last.name));
    }
    html.push_str("</span>");
    for state in [State::Master, State::Backup, State::Fault, State::Init, State::Stop] {
        let number = group.iter().filter(|instance| instance.state == state).count();
        if number > 0 {
            let _ = write!(html, " <span>{number} {}</span>", Badge(state));
        }
    }
    html.push_str("</summary>");
    html
}

fn row(id: &str, hidden: &str, instance: &Instance, heard: &BTreeMap<&str, Vec<&Neighbour>>) -> String {
    let Instance { name, interface, vrid, version, state, .. } = instance;
    let group = instance.group.as_deref().map(|group| format!(" · {}", Text(group))).unwrap_or_default();
    let mut html = format!(
        "<tr id=\"{id}\"{hidden}><td>{}</td><th scope=\"row\">{}\
         <small>{} · VRID {vrid} · v{version}{group}</small></th><td class=\"mono\">",
        Badge(*state),
        Link(name),
        Text(interface),
    );
    addresses(&mut html, instance);
    html.push_str("</td><td>");
    priority(&mut html, &instance.priority);
    html.push_str("</td><td>");
    other_side(&mut html, instance, heard.get(name.as_str()).map_or(&[], Vec::as_slice));
    let _ = write!(html, "</td><td>{}", moment(instance.since));
    because(&mut html, instance);
    html.push_str("</td></tr>");
    html
}

fn addresses(html: &mut String, instance: &Instance) {
    let is_missing = |set: bool| instance.state == State::Master && !set;
    for address in instance.addresses.iter().take(MAX_ADDRESSES) {
        let text = Text(&address.address);
        if is_missing(address.set) {
            let _ = write!(
                html,
                "<div class=\"missing\">{text} <small>not on {}</small></div>",
                Text(&address.dev)
            );
        } else {
            let _ = write!(html, "{text}<br>");
        }
    }
    if let Some(more) = instance.addresses.len().checked_sub(MAX_ADDRESSES).filter(|more| *more > 0) {
        let _ = write!(html, "<small>and {more} more</small>");
    }
}

/// The effective priority, and its terms: `90`, `150 − 60 chk_haproxy`.
pub(super) fn priority(html: &mut String, priority: &Priority) {
    let _ = write!(html, "<strong>{}</strong>", priority.effective);
    let mut terms = String::new();
    for term in priority.terms.iter().filter(|term| term.adds != 0) {
        let sign = if term.adds < 0 { '−' } else { '+' };
        let _ = write!(terms, " {sign}\u{a0}{}\u{a0}{}", term.adds.unsigned_abs(), Text(&term.name));
    }
    if priority.base != priority.effective || !terms.is_empty() {
        let _ = write!(html, "<small>{}{terms}</small>", priority.base);
    }
}

/// Other routers, as heard. A router that is BACKUP sends nothing, so silence beside a MASTER is not a fault.
fn other_side(html: &mut String, instance: &Instance, heard: &[&Neighbour]) {
    if let Some(master) = &instance.master {
        let _ = write!(
            html,
            "<span class=\"mono\">{}</span> is {}<small>priority {}, every {}</small>",
            master.address,
            Badge(State::Master),
            master.priority,
            millis(master.interval_ms)
        );
    }
    for neighbour in
        heard.iter().filter(|neighbour| neighbour.differs || neighbour.rejected.is_some()).take(2)
    {
        let what = match &neighbour.rejected {
            Some(reason) => format!("is rejected: {reason}"),
            None => "uses this VRID with other addresses".to_owned(),
        };
        let _ = write!(
            html,
            "<div class=\"missing\"><span class=\"mono\">{}</span> {}</div>",
            neighbour.source,
            Text(what)
        );
    }
    if instance.master.is_some() {
        return;
    }
    html.push_str(match instance.state {
        State::Master => "<small>no other master is heard</small>",
        State::Backup => "<small>no master is heard</small>",
        State::Fault | State::Init | State::Stop => "<small>not taking part</small>",
    });
}

fn because(html: &mut String, instance: &Instance) {
    if let Some(fault) = &instance.fault {
        let _ = write!(html, "<small>{}</small>", Text(fault));
    } else if let Some(cause) = &instance.cause {
        let _ = write!(html, "<small>{}</small>", Text(cause));
    }
    if let Some(intent) = &instance.intent {
        let _ = write!(html, "<div class=\"intent\">{} by {}", Text(intent.kind), Text(&intent.by));
        if let Some(until) = intent.until {
            let _ = write!(html, " until {}", until.strftime("%H:%M:%S UTC"));
        }
        if !intent.reason.is_empty() {
            let _ = write!(html, ": {}", Text(&intent.reason));
        }
        html.push_str("</div>");
    }
}

/// Other routers by our instance.
fn heard(status: &Status) -> BTreeMap<&str, Vec<&Neighbour>> {
    let mut heard = BTreeMap::<&str, Vec<&Neighbour>>::new();
    for neighbour in &status.neighbours {
        if let Some(instance) = &neighbour.instance {
            heard.entry(instance).or_default().push(neighbour);
        }
    }
    heard
}

/// The head before the rows.
const HEAD: &str = "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table of instances\"><table class=\"instances\">\
<caption>State of each virtual router here, and what is heard of the others</caption>\
<thead><tr><th scope=\"col\">Here</th><th scope=\"col\">Instance</th><th scope=\"col\">Virtual addresses</th>\
<th scope=\"col\">Priority</th><th scope=\"col\">Other side</th><th scope=\"col\">Since, because</th></tr></thead><tbody>";

/// Addresses that a row shows.
const MAX_ADDRESSES: usize = 4;

/// So many instances stand in one table.
const MAX_OPEN: usize = 40;

/// Rows of a group at most.
const MAX_GROUP: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn instances(number: usize, interface: impl Fn(usize) -> String) -> Vec<Instance> {
        let one = |n| Instance { name: format!("VI_{n}"), interface: interface(n), ..Instance::default() };
        (0..number).map(one).collect()
    }

    #[test]
    fn many_instances_stand_in_groups_of_their_interface() {
        let lengths =
            |instances: &[Instance]| groups(instances).iter().map(|group| group.len()).collect::<Vec<_>>();
        assert_eq!(lengths(&instances(40, |n| format!("eth{n}"))), [40]);
        assert_eq!(lengths(&instances(250, |n| format!("eth{}", n / 130))), [100, 30, 100, 20]);
        assert_eq!(lengths(&instances(150, |n| format!("eth0.{n}"))), [100, 50]);
    }

    #[test]
    fn a_priority_is_shown_with_its_terms() {
        let shown = |priority: &Priority| {
            let mut html = String::new();
            super::priority(&mut html, priority);
            html
        };
        let mut of_file = Priority { base: 150, effective: 150, terms: Vec::new() };
        assert_eq!(shown(&of_file), "<strong>150</strong>");
        let term = r#"{"tracker":"script","name":"chk_<b>","weight":-60,"up":false,"adds":-60}"#;
        of_file.terms.push(serde_json::from_str(term).unwrap());
        of_file.effective = 90;
        assert_eq!(shown(&of_file), "<strong>90</strong><small>150 −\u{a0}60\u{a0}chk_&lt;b&gt;</small>");
    }
}
