//! Tables of virtual routers and sync groups.

use super::table::{Cell, Page, Row, Style};
use crate::words::{between, intent, millis};
use crate::{Instance, State, Status};

pub(super) fn table(page: &mut Page, status: &Status) {
    let headings = ["INSTANCE", "STATE", "FOR", "PRIO", "MASTER", "ADDRESSES"];
    page.table(&headings, status.instances.iter().map(|instance| row(status, instance)));
}

fn row(status: &Status, instance: &Instance) -> Row {
    let addresses: Vec<&str> = instance.addresses.iter().map(|address| host(&address.address)).collect();
    Row::new(vec![
        (&instance.name).into(),
        state(instance.state),
        instance.since.map_or_else(|| "-".to_owned(), |since| between(since, status.at)).into(),
        priority(instance).into(),
        master(instance).into(),
        addresses.join(", ").into(),
    ])
    .notes(notes(status, instance))
}

/// An address without the length of its prefix.
pub(crate) fn host(address: &str) -> &str {
    address.split('/').next().unwrap_or(address)
}

fn state(state: State) -> Cell {
    let style = match state {
        State::Master => Style::Good,
        State::Backup => Style::Plain,
        State::Fault => Style::Bad,
        State::Init | State::Stop => Style::Doubtful,
    };
    Cell::styled(state.word(), style)
}

fn priority(instance: &Instance) -> String {
    let priority = &instance.priority;
    if priority.base == priority.effective {
        return priority.base.to_string();
    }
    format!("{} ({})", priority.effective, priority.base)
}

fn master(instance: &Instance) -> String {
    match (&instance.master, instance.state) {
        (_, State::Master) => "this one".to_owned(),
        (Some(master), _) => format!("{} prio {}", master.address, master.priority),
        (None, _) => "-".to_owned(),
    }
}

fn notes(status: &Status, instance: &Instance) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(instance.intent.as_ref().map(|wanted| intent(wanted, status.at)));
    let terms = instance.priority.terms.iter().filter(|term| term.adds != 0);
    let terms: Vec<String> =
        terms.map(|term| format!("{:+} by {} {}", term.adds, term.tracker, term.name)).collect();
    if !terms.is_empty() && instance.priority.effective != instance.priority.base {
        notes.push(format!("priority {} {}", instance.priority.base, terms.join(", ")));
    }
    let late = instance.timers.master_down_interval_ms / 3;
    let silent = instance.master.as_ref().filter(|master| late > 0 && master.last_heard_ms > late * 2);
    notes.extend(
        silent.map(|master| format!("the master was last heard {} ago", millis(master.last_heard_ms))),
    );
    notes
}

pub(super) fn groups(page: &mut Page, status: &Status) {
    let row = |group: &crate::Group| {
        Row::new(vec![
            (&group.name).into(),
            state(group.state),
            group.since.map_or_else(|| "-".to_owned(), |since| between(since, status.at)).into(),
            group.members.join(", ").into(),
        ])
    };
    page.table(&["GROUP", "STATE", "FOR", "MEMBERS"], status.groups.iter().map(row));
}
