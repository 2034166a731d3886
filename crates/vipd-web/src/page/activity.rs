//! Everything else: trackers, sync groups, other routers, BFD sessions, events, the daemon.

use std::fmt::Write;

use jiff::tz::TimeZone;
use vipd_status::{Event, EventKind, State, Status, Tracker};

use super::Blocks;
use super::html::{Badge, Link, Moment, Text, badge, count, millis, moment};
use crate::events::Events;

pub(super) fn add(blocks: &mut Blocks, status: &Status, events: &Events) {
    blocks.block("trackers", trackers(status));
    blocks.block("sync-groups", sync_groups(status));
    blocks.block("neighbours", neighbours(status));
    blocks.block("bfd", sessions(status));
    blocks.block("events", list(events));
    blocks.block("daemon", daemon(status));
}

/// A section with a table, or an empty place for one.
fn section(id: &str, title: &str, about: &str, heads: &[&str], rows: &[String]) -> String {
    if rows.is_empty() {
        return format!("<section id=\"{id}\" hidden></section>");
    }
    let mut html = format!(
        "<section id=\"{id}\" class=\"card\" aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\">{title}</h2>\
         <div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"{title}\"><table><caption>{about}</caption><thead><tr>"
    );
    for head in heads {
        let _ = write!(html, "<th scope=\"col\">{head}</th>");
    }
    html.push_str("</tr></thead><tbody>");
    rows.iter().take(MAX_ROWS).for_each(|row| html.push_str(row));
    html.push_str("</tbody></table></div>");
    if let Some(more) = rows.len().checked_sub(MAX_ROWS).filter(|more| *more > 0) {
        let _ = write!(html, "<p>and {more} more: <code>vipd status</code> shows all</p>");
    }
    html.push_str("</section>");
    html
}

fn trackers(status: &Status) -> String {
    let mut trackers: Vec<&Tracker> = status.trackers.iter().collect();
    trackers.sort_by_key(|tracker| tracker.up != Some(false));
    let rows: Vec<String> = trackers.into_iter().map(tracker).collect();
    let heads = ["State", "Name", "Last result", "Since"];
    section(
        "trackers",
        "Trackers",
        "Trackers that priorities depend on; those that are down first",
        &heads,
        &rows,
    )
}

fn tracker(tracker: &Tracker) -> String {
    let mut html = "<tr><td>".to_owned();
    let _ = match tracker.up {
        Some(true) => badge(&mut html, "up", "UP"),
        Some(false) => badge(&mut html, "down", "DOWN"),
        None => badge(&mut html, "init", "UNKNOWN"),
    };
    let _ = write!(
        html,
        "</td><th scope=\"row\">{}<small>{}</small></th><td>",
        Link(&tracker.name),
        Text(tracker.kind)
    );
    if let Some(last) = &tracker.last {
        let _ = write!(html, "{}<small>took {}</small>", Text(last), millis(last.ms));
    }
    if let Some(value) = tracker.value {
        let _ = write!(html, "holds {value}");
    }
    if let Some(shortage) = &tracker.shortage {
        let _ = write!(html, "<small class=\"missing\">no result for long: {}</small>", Text(shortage));
    }
    let _ = write!(html, "</td><td>{}</td></tr>", moment(tracker.since));
    html
}

fn sync_groups(status: &Status) -> String {
    let row = |group: &vipd_status::Group| {
        let members = group.members.join(", ");
        format!(
            "<tr><td>{}</td><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>",
            Badge(group.state),
            Link(&group.name),
            Text(members),
            moment(group.since)
        )
    };
    let rows: Vec<String> = status.groups.iter().map(row).collect();
    let heads = ["State", "Group", "Members", "Since"];
    section("sync-groups", "Sync groups", "Instances that change together", &heads, &rows)
}

/// Routers that are not peers of ours: other VRIDs on our links, and strangers with ours.
fn neighbours(status: &Status) -> String {
    let strangers = status.neighbours.iter().filter(|neighbour| {
        neighbour.instance.is_none() || neighbour.differs || neighbour.rejected.is_some()
    });
    let row = |neighbour: &vipd_status::Neighbour| {
        let what = match (&neighbour.instance, &neighbour.rejected) {
            (Some(instance), Some(reason)) => format!("{instance} rejects it: {reason}"),
            (Some(instance), None) => format!("shares the VRID of {instance}, with other addresses"),
            (None, _) => "VRID of no instance here".to_owned(),
        };
        let addresses: Vec<String> = neighbour.addresses.iter().map(ToString::to_string).collect();
        format!(
            "<tr><th scope=\"row\" class=\"mono\">{}</th><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
             <td class=\"mono\">{}</td><td>{}</td></tr>",
            neighbour.source,
            Text(&neighbour.interface),
            neighbour.vrid,
            neighbour.priority,
            Text(addresses.join(" ")),
            Text(what)
        )
    };
    let rows: Vec<String> = strangers.map(row).collect();
    let heads = ["Router", "Interface", "VRID", "Priority", "Its addresses", "Finding"];
    section(
        "neighbours",
        "Other VRRP routers on these links",
        "Routers heard that are not peers",
        &heads,
        &rows,
    )
}

fn sessions(status: &Status) -> String {
    let row = |session: &vipd_status::BfdSession| {
        let class = if session.state == "up" { "up" } else { "down" };
        let mut state = String::new();
        let _ = badge(&mut state, class, &Text(session.state.to_uppercase()).to_string());
        format!(
            "<tr><td>{state}</td><th scope=\"row\">{}</th><td class=\"mono\">{}</td><td>{}</td><td>{}</td></tr>",
            Text(&session.name),
            session.neighbour,
            Text(session.diagnostic.as_deref().unwrap_or("–")),
            moment(session.since)
        )
    };
    let rows: Vec<String> = status.bfd.iter().map(row).collect();
    let heads = ["State", "Session", "Neighbour", "Last diagnostic", "Since"];
    section("bfd", "BFD sessions", "Paths to neighbours", &heads, &rows)
}

fn list(events: &Events) -> String {
    let mut html = "<section id=\"events\" class=\"card\" aria-labelledby=\"events-title\">\
                    <h2 id=\"events-title\">Events</h2>"
        .to_owned();
    if events.newest() == 0 {
        html.push_str("<p>Nothing happened since the start.</p></section>");
        return html;
    }
    html.push_str("<ol class=\"log\" reversed>");
    for event in events.after(0).rev().take(MAX_EVENTS) {
        let _ =
            write!(html, "<li class=\"{}\">{} {}</li>", kind(event), Moment(event.at), Text(words(event)));
    }
    html.push_str("</ol></section>");
    html
}

/// An event without its time, which stands before it as a moment.
fn words(event: &Event) -> String {
    let line = vipd_status::text::event(event, &TimeZone::UTC);
    line.get(TIME_LENGTH..).map(str::to_owned).unwrap_or(line)
}

/// The class of an event: whether it is good or bad news.
fn kind(event: &Event) -> &'static str {
    match &event.kind {
        EventKind::Tracker { up, .. }
        | EventKind::Check { up, .. }
        | EventKind::Server { up, .. }
        | EventKind::Quorum { up, .. }
        | EventKind::Bfd { up, .. } => {
            if *up {
                "fine"
            } else {
                "bad"
            }
        }
        EventKind::Transition { to: State::Fault, .. }
        | EventKind::Group { to: State::Fault, .. }
        | EventKind::Competitor { .. }
        | EventKind::Stall { .. }
        | EventKind::Upgrade { refused: Some(_), .. }
        | EventKind::Notify { .. } => "bad",
        _ => "plain",
    }
}

fn daemon(status: &Status) -> String {
    let daemon = &status.daemon;
    let config = &daemon.config;
    let mut html = format!(
        "<footer id=\"daemon\"><h2 class=\"unseen\">Daemon</h2><p>vipd {}, process {}, up since {}</p>\
         <p>configuration {}, loaded {}, {}",
        Text(&daemon.version),
        daemon.pid,
        Moment(daemon.start),
        Text(&config.file),
        Moment(config.loaded),
        count(config.reloads as usize, "reload"),
    );
    html.push_str("</p><p>");
    for worker in &status.workers {
        let (class, word) = match (worker.pid, worker.silent) {
            (None, _) => ("down", "NOT RUNNING"),
            (Some(_), true) => ("down", "SILENT"),
            (Some(_), false) => ("up", "RUNS"),
        };
        let _ = badge(&mut html, class, word);
        let _ = write!(html, " {}, {} · ", worker.role, count(worker.restarts as usize, "restart"));
    }
    html.push_str(
        "<a href=\"/metrics\">metrics</a> · <a href=\"/api/v1/status\">status as JSON</a> · \
         <a href=\"/api/v1/events\">events as JSON</a></p><p>This page changes nothing: it shows the commands that do.</p></footer>",
    );
    html
}

/// Rows of a table here.
const MAX_ROWS: usize = 200;

/// Events that are shown.
const MAX_EVENTS: usize = 40;

/// Length of `2026-11-30 21:30:31.019 ` before the words of an event.
const TIME_LENGTH: usize = 24;
