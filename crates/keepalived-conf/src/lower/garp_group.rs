//! `garp_group`.

use std::time::Duration;

use crate::model::GarpGroup;

use super::Lowering;
use super::arguments::{self, Junk};
use super::global::set_some;
use super::reader::Entry;
use crate::keywords::word;

impl<'a> Lowering<'a> {
    /// Interfaces with gaps of their own. An interface that an earlier group has stays there.
    pub(super) fn garp_group(&mut self, entry: Entry<'a>) {
        let at = entry.span();
        let mut group = GarpDraft::default();
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(entry) = self.reader.next(&mut block, &mut self.report) {
            let report = &mut self.report;
            match entry.keyword.name {
                word::GARP_INTERVAL => {
                    set_some(&mut group.garp_interval, arguments::decimal(&entry, Junk::Ignored, "", report));
                }
                word::GNA_INTERVAL => {
                    set_some(&mut group.gna_interval, arguments::decimal(&entry, Junk::Ignored, "", report));
                }
                word::INTERFACE => group.interfaces.extend(arguments::interface(&entry, report)),
                word::INTERFACES => {
                    let mut lines = self.reader.open(entry, &mut self.report);
                    while let Some(line) = self.reader.next_line(&mut lines, &mut self.report) {
                        let report = &mut self.report;
                        let names = line.words().iter();
                        group
                            .interfaces
                            .extend(names.filter_map(|name| arguments::interface_name(name, report)));
                    }
                }
                _ => self.understood(entry),
            }
        }
        let Some((garp_interval, gna_interval)) = group.intervals() else {
            self.report.warning("incomplete", at, "this garp_group has no interval; it is ignored");
            return;
        };
        if group.interfaces.is_empty() {
            self.report.lint("incomplete", at, "this garp_group has no interface, so it has no effect");
            return;
        }
        let groups = &mut self.globals.public.garp_groups;
        let (report, mut kept) = (&mut self.report, Vec::new());
        for interface in group.interfaces {
            if kept.contains(&interface) || groups.iter().any(|group| group.interfaces.contains(&interface)) {
                let message = format!("{interface} is in a garp_group already; the first one holds");
                report.warning("repeated", at, message);
            } else {
                kept.push(interface);
            }
        }
        if !kept.is_empty() {
            groups.push(GarpGroup { garp_interval, gna_interval, interfaces: kept });
        }
    }
}

/// A group as written.
#[derive(Default)]
struct GarpDraft {
    garp_interval: Option<Duration>,
    gna_interval: Option<Duration>,
    interfaces: Vec<String>,
}

impl GarpDraft {
    /// A group that sets one interval has no gap between announcements of the other kind; one that sets none is no group.
    fn intervals(&self) -> Option<(Duration, Duration)> {
        self.garp_interval.or(self.gna_interval)?;
        Some((self.garp_interval.unwrap_or_default(), self.gna_interval.unwrap_or_default()))
    }
}
