//! Other speakers of VRRP, and the VRIDs that are free.

use std::collections::BTreeSet;

use super::Options;
use super::table::{Cell, Page, Row, Style};
use crate::words::{between, millis};
use crate::{Neighbour, Status};

/// A table of the other speakers of VRRP on our links, and a line for each interface with the VRIDs that nobody uses there.
pub fn neighbours(status: &Status, options: &Options) -> String {
    let mut page = Page::new(options.width, options.colour);
    if status.neighbours.is_empty() {
        page.line("No other speaker of VRRP was heard.");
    }
    let headings = ["INTERFACE", "SOURCE", "VRID", "VERSION", "PRIO", "EVERY", "HEARD", "OURS", "ADDRESSES"];
    page.table(&headings, status.neighbours.iter().map(|heard| row(status, heard)));
    let interfaces: BTreeSet<&str> = (status.instances.iter().map(|instance| instance.interface.as_str()))
        .chain(status.neighbours.iter().map(|heard| heard.interface.as_str()))
        .filter(|interface| !interface.is_empty())
        .collect();
    if !interfaces.is_empty() {
        page.blank();
    }
    for interface in interfaces {
        let free = ranges(status.free_vrids(interface));
        page.line(&format!("free VRIDs on {interface}: {free}"));
    }
    page.finish()
}

fn row(status: &Status, heard: &Neighbour) -> Row {
    let addresses: Vec<String> = heard.addresses.iter().map(ToString::to_string).collect();
    let ours = match &heard.instance {
        Some(name) => Cell::from(name),
        None => Cell::styled("-", Style::Doubtful),
    };
    Row::new(vec![
        (&heard.interface).into(),
        heard.source.to_string().into(),
        Cell::number(&heard.vrid),
        Cell::number(&heard.version),
        Cell::number(&heard.priority),
        millis(heard.interval_ms).into(),
        format!("{} ago", between(heard.last_heard, status.at)).into(),
        ours,
        addresses.join(", ").into(),
    ])
    .notes(notes(heard))
}

fn notes(heard: &Neighbour) -> Vec<String> {
    let mut notes = Vec::new();
    if let (true, Some(name)) = (heard.differs, &heard.instance) {
        notes.push(format!("its addresses are not those of {name}: another cluster may use this VRID"));
    }
    let rejected = heard.rejected.as_ref();
    notes.extend(rejected.map(|reason| format!("its advertisements are rejected: {reason}")));
    notes
}

/// `1-50, 52-255`; `none` without numbers. They are in order.
fn ranges(numbers: impl Iterator<Item = u8>) -> String {
    let mut ranges: Vec<(u8, u8)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let range = |&(first, last): &(u8, u8)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    let shown: Vec<String> = ranges.iter().map(range).collect();
    if shown.is_empty() { "none".to_owned() } else { shown.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_row_are_a_range() {
        assert_eq!(ranges([].into_iter()), "none");
        assert_eq!(ranges([1, 2, 3, 50, 254, 255].into_iter()), "1-3, 50, 254-255");
        assert_eq!(ranges(1..=255), "1-255");
    }
}
