//! Table of what priorities depend on.

use super::table::{Cell, Page, Row, Style};
use crate::words::{between, millis};
use crate::{Status, Tracker};

pub(super) fn table(page: &mut Page, status: &Status) {
    let row = |tracker: &Tracker| {
        Row::new(vec![
            (&tracker.name).into(),
            tracker.kind.to_string().into(),
            state(tracker.up),
            tracker.since.map_or_else(|| "-".to_owned(), |since| between(since, status.at)).into(),
            remark(tracker).into(),
        ])
    };
    page.table(&["TRACKED", "KIND", "STATE", "FOR", "REMARK"], status.trackers.iter().map(row));
}

fn state(up: Option<bool>) -> Cell {
    match up {
        Some(true) => Cell::styled("up", Style::Good),
        Some(false) => Cell::styled("down", Style::Bad),
        None => Cell::styled("unknown", Style::Doubtful),
    }
}

/// Value of a file, end of the last run of a script, results towards the other state.
pub(crate) fn remark(tracker: &Tracker) -> String {
    let mut said = Vec::new();
    said.extend(tracker.value.map(|value| format!("holds {value}")));
    if let Some(last) = &tracker.last {
        said.push(format!("{last} in {}", millis(last.ms)));
    }
    let needed = match tracker.up {
        Some(true) => tracker.fall.map(|fall| (fall, "fall")),
        _ => tracker.rise.map(|rise| (rise, "rise")),
    };
    let failed = tracker.last.as_ref().is_some_and(|last| last.exit != Some(0));
    if let (Some((needed, word)), Some(streak)) = (needed, tracker.streak)
        && failed == (tracker.up == Some(true))
        && needed > 1
    {
        said.push(format!("{streak} of {word} {needed}"));
    }
    said.extend(tracker.running.then(|| "runs now".to_owned()));
    said.extend(tracker.shortage.clone());
    said.join("; ")
}
