//! `vrrp_track_process`: processes that are counted.

use std::collections::HashMap;
use std::time::Duration;

use crate::keywords::Status;
use crate::line::Word;
use crate::model::trackers::{ParameterPattern, ProcessPattern, TrackProcess};

use super::Lowering;
use super::arguments::{self, Junk};
use super::reader::Entry;
use super::report::Report;
use super::track_file::file_weight;
use crate::keywords::word;

/// Every `vrrp_track_process` so far.
#[derive(Default)]
pub(super) struct TrackProcesses<'a> {
    pub(super) list: Vec<TrackProcess>,
    /// Places in `list`. Of two with one name, what follows tracks the later one.
    pub(super) by_name: HashMap<&'a str, usize>,
}

/// The part of a block that has been read.
struct Draft<'a> {
    /// The program and its parameters.
    words: Vec<Word<'a>>,
    parameters: Option<ParameterMatch>,
    full_command: bool,
    quorum: Option<u32>,
    quorum_max: Option<u32>,
    fork_delay: Duration,
    terminate_delay: Duration,
    weight: (i16, bool),
    /// Whether `weight` is written.
    weighted: bool,
}

/// `param_match`
#[derive(Clone, Copy)]
enum ParameterMatch {
    Exact,
    Initial,
    Partial,
}

impl<'a> Lowering<'a> {
    pub(super) fn track_process(&mut self, entry: Entry<'a>) {
        let Some(name) = entry.argument() else {
            self.report.missing_argument(entry.keyword, entry.span());
            self.reader.skip_next_block();
            return;
        };
        arguments::extra_words(&entry, 1, &mut self.report);
        let mut draft = Draft {
            words: Vec::new(),
            parameters: None,
            full_command: false,
            quorum: None,
            quorum_max: None,
            fork_delay: Duration::ZERO,
            terminate_delay: Duration::ZERO,
            weight: (1, false),
            weighted: false,
        };
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(entry) = self.reader.next(&mut block, &mut self.report) {
            if entry.keyword.status == Status::Acts {
                draft.take(&entry, &mut self.report);
            } else {
                self.understood(entry);
            }
        }
        let Some(pattern) = draft.pattern() else {
            let message = format!("vrrp_track_process {} has no `process`; it is ignored", name.text);
            self.report.error("incomplete", name.span, message);
            return;
        };
        let (weight, reverse) = draft.weight;
        self.track_processes.by_name.insert(name.text, self.track_processes.list.len());
        self.track_processes.list.push(TrackProcess {
            name: name.text.to_owned(),
            pattern,
            quorum: draft.quorum.unwrap_or(1),
            quorum_max: draft.quorum_max,
            fork_delay: draft.fork_delay,
            terminate_delay: draft.terminate_delay,
            weight,
            reverse,
        });
    }
}

impl<'a> Draft<'a> {
    fn take(&mut self, entry: &Entry<'a>, report: &mut Report<'_>) {
        let delay = |report: &mut Report<'_>| arguments::decimal(entry, Junk::Ignored, "", report);
        match entry.keyword.name {
            word::PROCESS => {
                if entry.arguments().is_empty() {
                    report.missing_argument(entry.keyword, entry.span());
                } else if self.words.is_empty() {
                    self.words = entry.arguments().iter().collect();
                } else {
                    report.error("repeated", entry.span(), "`process` is set already; this one is ignored");
                }
            }
            word::PARAM_MATCH => self.parameters = parameter_match(entry, report).or(self.parameters),
            word::FULL_COMMAND => self.full_command = arguments::bare(entry, report),
            word::WEIGHT if self.weighted => report.repeated(entry.keyword, entry.span()),
            word::WEIGHT => {
                self.weight = file_weight(entry, self.weight, report);
                self.weighted = true;
            }
            word::QUORUM => {
                let quorum = arguments::number(entry, Junk::Ignored, "", report);
                let fits = |quorum: &u32| self.quorum_max.is_none_or(|most| *quorum <= most);
                self.quorum = in_order(quorum, fits, entry, report).or(self.quorum);
            }
            word::QUORUM_MAX => {
                let most = arguments::number(entry, Junk::Ignored, "", report);
                let fits = |most: &u32| self.quorum.is_none_or(|quorum| quorum <= *most);
                self.quorum_max = in_order(most, fits, entry, report).or(self.quorum_max);
            }
            word::FORK_DELAY => self.fork_delay = delay(report).unwrap_or(self.fork_delay),
            word::TERMINATE_DELAY => self.terminate_delay = delay(report).unwrap_or(self.terminate_delay),
            _ => {
                let delay = delay(report);
                self.fork_delay = delay.unwrap_or(self.fork_delay);
                self.terminate_delay = delay.unwrap_or(self.terminate_delay);
            }
        }
    }

    /// Which processes are meant; `None` if that is not said.
    fn pattern(&self) -> Option<ProcessPattern> {
        let (program, parameters) = self.words.split_first()?;
        let program = program.text.to_owned();
        let parameters: Vec<_> = parameters.iter().map(|word| word.text.to_owned()).collect();
        if parameters.is_empty() && self.parameters.is_none() {
            return Some(if self.full_command {
                ProcessPattern::CommandLine { program, parameters: ParameterPattern::Any }
            } else {
                ProcessPattern::Name(program)
            });
        }
        let parameters = match self.parameters {
            None | Some(ParameterMatch::Exact) => ParameterPattern::Exactly(parameters),
            // Any words, as keepalived takes them.
            Some(_) if parameters.is_empty() => ParameterPattern::Any,
            Some(ParameterMatch::Partial) => ParameterPattern::First(parameters),
            Some(ParameterMatch::Initial) => ParameterPattern::Beginning(parameters),
        };
        Some(ProcessPattern::CommandLine { program, parameters })
    }
}

/// A quorum that does not contradict the other one.
fn in_order(
    number: Option<u32>,
    fits: impl Fn(&u32) -> bool,
    entry: &Entry<'_>,
    report: &mut Report<'_>,
) -> Option<u32> {
    if number.is_some_and(|number| !fits(&number)) {
        let message = format!("`quorum` is above `quorum_max`; this `{}` is ignored", entry.keyword.name);
        report.error("quorum", entry.span(), message);
    }
    number.filter(fits)
}

fn parameter_match(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<ParameterMatch> {
    if entry.arguments().is_empty() {
        return Some(ParameterMatch::Exact);
    }
    Some(match arguments::choice(entry, report)? {
        "initial" => ParameterMatch::Initial,
        _ => ParameterMatch::Partial,
    })
}
