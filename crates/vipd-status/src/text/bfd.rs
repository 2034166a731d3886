//! Table of BFD sessions.

use super::table::{Cell, Page, Row, Style};
use crate::words::{between, millis};
use crate::{BfdSession, Status};

pub(super) fn table(page: &mut Page, status: &Status) {
    let row = |session: &BfdSession| {
        let style = if session.state == "up" { Style::Good } else { Style::Bad };
        Row::new(vec![
            (&session.name).into(),
            Cell::styled(&session.state, style),
            session.since.map_or_else(|| "-".to_owned(), |since| between(since, status.at)).into(),
            session.neighbour.to_string().into(),
            remark(session).into(),
        ])
    };
    page.table(&["BFD", "STATE", "FOR", "NEIGHBOUR", "REMARK"], status.bfd.iter().map(row));
}

fn remark(session: &BfdSession) -> String {
    let mut said = Vec::new();
    said.extend(session.diagnostic.clone());
    said.extend(session.transmit_ms.map(|ms| format!("sends every {}", millis(ms))));
    said.extend(session.detection_ms.map(|ms| format!("down after {} of silence", millis(ms))));
    said.join(", ")
}
