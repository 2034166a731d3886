//! `interface_up_down_delays`: for how long a change of an interface has to last before it counts.

use std::time::Duration;

use crate::line::Word;
use crate::model::trackers::InterfaceDelays;

use super::reader::Entry;
use super::report::Report;
use super::{Lowering, arguments, value};

impl<'a> Lowering<'a> {
    pub(super) fn interface_up_down_delays(&mut self, entry: Entry<'a>) {
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(line) = self.reader.next_line(&mut block, &mut self.report) {
            let report = &mut self.report;
            let Some((name, delays)) = line.words().split_first() else { continue };
            let Some(interface) = arguments::interface_name(name, report) else { continue };
            let Some((down, more)) = delays.split_first() else {
                let message = format!("{interface} has no delay; this line is ignored");
                report.lint("missing-argument", name.span, message);
                continue;
            };
            let Some(down) = delay(&interface, down, report) else { continue };
            let up = match more.split_first() {
                // As keepalived does, unlike what its manual says.
                None => Duration::ZERO,
                Some((up, _)) => match delay(&interface, up, report) {
                    Some(up) => up,
                    None => continue,
                },
            };
            if let Some(extra) = more.get(1) {
                let message = format!("`{}` is ignored: {interface} has both delays already", extra.text);
                report.lint("extra-words", extra.span, message);
            }
            self.interface_delays.retain(|known| known.interface != interface);
            self.interface_delays.push(InterfaceDelays { interface, down, up });
        }
    }
}

/// Seconds, at most 255.
fn delay(interface: &str, word: Word<'_>, report: &mut Report<'_>) -> Option<Duration> {
    let delay = value::decimal(word.text, 0, MOST, 6).ok().map(|(micros, _)| Duration::from_micros(micros));
    if delay.is_none() {
        let message = format!(
            "a delay of {interface} is a number of seconds from 0 to 255, not `{}`; this line is ignored",
            word.text
        );
        report.error("bad-value", word.span, message);
    }
    delay
}

/// Microseconds.
const MOST: u64 = 255_000_000;
