//! Lines of `track_interface`, `track_script`, `track_file`, `track_process` and `unicast_peer`.

use std::collections::HashSet;

use crate::diagnostic::Diagnostic;
use crate::line::{Word, Words};
use crate::model::trackers::Tracked;
use crate::model::{TrackInterface, TrackScript, UnicastPeer};
use crate::similar::did_you_mean;

use super::Lowering;
use super::arguments;
use super::instance::Draft;
use super::reader::Entry;
use super::report::Report;
use super::understood::tracker_named;
use super::value;
use crate::keywords::word;

/// Options after the name of a tracker.
#[derive(Default)]
struct TrackOptions {
    weight: Option<i16>,
    reverse: Option<bool>,
}

/// Reads `[weight N [reverse|noreverse]]`; `None` leaves the line out. A word that is no option costs itself only: a
/// thing that is no longer tracked causes no failover.
fn track_options(
    name: &str,
    options: Words<'_>,
    allowed: Allowed,
    report: &mut Report<'_>,
) -> Option<TrackOptions> {
    let mut read = TrackOptions::default();
    let mut words = options.iter();
    while let Some(word) = words.next() {
        match word.text {
            "weight" => {
                let Some(number) = words.next() else {
                    report.error(
                        "missing-argument",
                        word.span,
                        format!("`weight` of {name} has no number; {name} is ignored"),
                    );
                    return None;
                };
                read.weight = weight(name, number, allowed.most, report);
            }
            "reverse" => read.reverse = Some(true),
            "noreverse" if allowed.noreverse => read.reverse = Some(false),
            other => {
                let message = format!("unknown option `{other}` of {name}; it is ignored");
                report.error("unknown-option", word.span, message);
            }
        }
    }
    Some(read)
}

/// From -254 to 254; where they are not allowed, the ends are taken as 253.
fn weight(name: &str, word: Word<'_>, most: i64, report: &mut Report<'_>) -> Option<i16> {
    let Ok(weight) = value::integer(word.text, -254, 254) else {
        let message = format!(
            "the weight of {name} is a number from -{most} to {most}, not `{}`; it is ignored",
            word.text
        );
        report.error("bad-value", word.span, message);
        return None;
    };
    if weight.abs() > most {
        report.error(
            "bad-value",
            word.span,
            format!("the weight of {name} is at most {most}; {} is used", weight.signum() * most),
        );
    }
    i16::try_from(weight.clamp(-most, most)).ok()
}

/// Lines of a block.
#[derive(Clone, Copy)]
struct Allowed {
    noreverse: bool,
    /// The largest weight.
    most: i64,
}

const OF_INTERFACES: Allowed = Allowed { noreverse: false, most: 253 };
const OF_SCRIPTS: Allowed = Allowed { noreverse: true, most: 253 };
const OF_OTHERS: Allowed = Allowed { noreverse: true, most: 254 };

impl<'a> Lowering<'a> {
    pub(super) fn track_interfaces(&mut self, draft: &mut Draft, entry: Entry<'a>) {
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(line) = self.reader.next_line(&mut block, &mut self.report) {
            let report = &mut self.report;
            let Some((name, options)) = line.words().split_first() else { continue };
            let Some(interface) = arguments::interface_name(name, report) else { continue };
            let Some(options) = track_options(&interface, options, OF_INTERFACES, report) else { continue };
            if !draft.seen.interfaces.insert(interface.clone()) {
                report.warning(
                    "duplicate",
                    name.span,
                    format!("{interface} is tracked already; this line is ignored"),
                );
                continue;
            }
            let tracked = TrackInterface {
                interface,
                weight: options.weight.unwrap_or(0),
                reverse: options.reverse.unwrap_or(false),
            };
            draft.track_interfaces.push((tracked, name.span));
        }
    }

    pub(super) fn track_scripts(&mut self, draft: &mut Draft, entry: Entry<'a>) {
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(line) = self.reader.next_line(&mut block, &mut self.report) {
            let Some((name, options)) = line.words().split_first() else { continue };
            let Some(script) = self.script_named(name) else { continue };
            let report = &mut self.report;
            let Some(options) = track_options(name.text, options, OF_SCRIPTS, report) else { continue };
            if !draft.seen.scripts.insert(script) {
                report.warning(
                    "duplicate",
                    name.span,
                    format!("{} is tracked already; this line is ignored", name.text),
                );
                continue;
            }
            let Some(definition) = self.scripts.get(script) else { continue };
            draft.track_scripts.push(TrackScript {
                script,
                weight: options.weight.unwrap_or(definition.weight),
                reverse: options.reverse.unwrap_or(definition.reverse),
            });
        }
    }

    pub(super) fn tracked_files(&mut self, entry: Entry<'a>, tracked: &mut Vec<Tracked>) {
        self.tracked(entry, tracked, OF_OTHERS, |lowering, name| {
            let index = lowering.track_file_named(name)?;
            let file = lowering.track_files.list.get(index)?;
            Some(Tracked { index, weight: file.weight, reverse: file.reverse })
        });
    }

    pub(super) fn tracked_processes(&mut self, entry: Entry<'a>, tracked: &mut Vec<Tracked>) {
        self.tracked(entry, tracked, OF_OTHERS, |lowering, name| {
            let index = lowering.track_process_named(name)?;
            let process = lowering.track_processes.list.get(index)?;
            Some(Tracked { index, weight: process.weight, reverse: process.reverse })
        });
    }

    pub(super) fn tracked_sessions(&mut self, entry: Entry<'a>, tracked: &mut Vec<Tracked>) {
        self.tracked(entry, tracked, OF_SCRIPTS, |lowering, name| lowering.session_named(name));
    }

    /// `NAME [weight N [reverse|noreverse]]` a line; `find` gives what holds where the line says no more.
    fn tracked(
        &mut self,
        entry: Entry<'a>,
        tracked: &mut Vec<Tracked>,
        allowed: Allowed,
        find: impl Fn(&mut Self, Word<'a>) -> Option<Tracked>,
    ) {
        let mut seen: HashSet<usize> = tracked.iter().map(|tracked| tracked.index).collect();
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(line) = self.reader.next_line(&mut block, &mut self.report) {
            let Some((name, options)) = line.words().split_first() else { continue };
            let Some(found) = find(self, name) else { continue };
            let report = &mut self.report;
            let Some(options) = track_options(name.text, options, allowed, report) else { continue };
            if !seen.insert(found.index) {
                let message = format!("{} is tracked already; this line is ignored", name.text);
                report.warning("duplicate", name.span, message);
                continue;
            }
            tracked.push(Tracked {
                weight: options.weight.unwrap_or(found.weight),
                reverse: options.reverse.unwrap_or(found.reverse),
                ..found
            });
        }
        tracked.shrink_to_fit();
    }

    /// The `track_file` that a line names; it must stand above.
    pub(super) fn track_file_named(&mut self, name: Word<'_>) -> Option<usize> {
        let known = &self.track_files.by_name;
        let index = known.get(name.text).copied();
        tracker_named(word::TRACK_FILE, name, index.is_some(), known.keys().copied(), &mut self.report);
        index
    }

    /// The `vrrp_track_process` that a line names; it must stand above.
    pub(super) fn track_process_named(&mut self, name: Word<'_>) -> Option<usize> {
        let known = &self.track_processes.by_name;
        let index = known.get(name.text).copied();
        tracker_named(
            word::VRRP_TRACK_PROCESS,
            name,
            index.is_some(),
            known.keys().copied(),
            &mut self.report,
        );
        index
    }

    /// The script a track line names; it must stand above.
    pub(super) fn script_named(&mut self, name: Word<'_>) -> Option<usize> {
        if let Some(&(index, _)) = self.script_index.get(name.text) {
            self.tracked_scripts.insert(index);
            return Some(index);
        }
        let finding =
            Diagnostic::error("unknown-script", format!("there is no vrrp_script {} above", name.text));
        let known = self.script_index.keys().map(String::as_str);
        let help = if self.empty_scripts.contains(name.text) {
            Some("it was left out, because it has no `script`".to_owned())
        } else if self.all_scripts.contains(name.text) {
            Some("it is defined below: move the vrrp_script before the block that tracks it".to_owned())
        } else {
            // Enough names for a person, and a bound for a hostile file.
            let known = known.take(if self.report.keeps_findings() { 1000 } else { 0 });
            did_you_mean(name.text, known).map(|near| format!("did you mean `{near}`?"))
        };
        let mut finding = finding.at(name.span).label("this line is ignored");
        finding.help = help;
        self.report.push(finding);
        None
    }

    pub(super) fn unicast_peers(&mut self, draft: &mut Draft, entry: Entry<'a>) {
        draft.unicast_keyword.get_or_insert(entry.span());
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(line) = self.reader.next_line(&mut block, &mut self.report) {
            let report = &mut self.report;
            let Some((word, options)) = line.words().split_first() else { continue };
            let Some(address) = arguments::host(word, report) else {
                report.error(
                    "bad-address",
                    word.span,
                    format!("`{}` is not an IP address; this peer is ignored", word.text),
                );
                continue;
            };
            if !draft.fits_family(address, word.span, report) {
                continue;
            }
            if !draft.seen.peers.insert(address) {
                report.lint(
                    "duplicate",
                    word.span,
                    format!("{address} is a peer already; this line is ignored"),
                );
                continue;
            }
            draft.unicast_peers.push(UnicastPeer { address, ttl: peer_ttl(options, report) });
        }
    }
}

/// `[min_ttl N] [max_ttl N]`
fn peer_ttl(options: Words<'_>, report: &mut Report<'_>) -> Option<(u8, u8)> {
    let (mut min, mut max) = (None, None);
    let mut words = options.iter();
    while let Some(word) = words.next() {
        let slot = match word.text {
            "min_ttl" => &mut min,
            "max_ttl" => &mut max,
            other => {
                report.error(
                    "unknown-option",
                    word.span,
                    format!("unknown option `{other}` of a peer; it is ignored"),
                );
                continue;
            }
        };
        let Some(number) = words.next() else {
            report.error("missing-argument", word.span, format!("`{}` has no number", word.text));
            break;
        };
        let ttl = value::integer(number.text, 0, 255).ok().and_then(|ttl| u8::try_from(ttl).ok());
        *slot = ttl.or(*slot);
        if ttl.is_none() {
            let message = format!("`{}` takes a number from 0 to 255, not `{}`", word.text, number.text);
            report.error("bad-value", number.span, message);
        }
    }
    if min.is_none() && max.is_none() {
        return None;
    }
    let (min, max) = (min.unwrap_or(0), max.unwrap_or(255));
    if let Some(first) = options.first().filter(|_| min > max) {
        report.warning(
            "ttl-range",
            first.span,
            format!("min_ttl {min} is above max_ttl {max}: every advert is discarded"),
        );
    }
    Some((min, max))
}
