//! `vrrp_script`.

use std::collections::hash_map::Entry as MapEntry;
use std::time::Duration;

use crate::diagnostic::{Class, Diagnostic, Severity};
use crate::keywords::{self, Arguments, Context, Status};
use crate::model::{Command, OnShortage, Run, User, VrrpScript};

use super::Lowering;
use super::arguments::{self, Junk};
use super::command;
use super::reader::Entry;
use super::report::Report;
use super::shell;
use super::value::{self, NumberError};
use crate::keywords::word;

/// The part of a script that has been read.
#[derive(Default)]
struct ScriptDraft {
    command: Option<Command>,
    user: Option<User>,
    interval: Option<Duration>,
    timeout: Option<Duration>,
    weight: i16,
    reverse: bool,
    rise: Option<u32>,
    fall: Option<u32>,
    init_fail: bool,
    on_shortage: OnShortage,
}

impl<'a> Lowering<'a> {
    pub(super) fn vrrp_script(&mut self, entry: Entry<'a>) {
        let Some(name) = entry.argument() else {
            self.report.missing_argument(entry.keyword, entry.span());
            self.reader.skip_next_block();
            return;
        };
        arguments::extra_words(&entry, 1, &mut self.report);
        let mut draft = ScriptDraft::default();
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(entry) = self.reader.next(&mut block, &mut self.report) {
            self.script_keyword(&mut draft, entry);
        }
        let Some(mut command) = draft.command else {
            let message = format!("vrrp_script {} has no `script`; it is ignored", name.text);
            self.report.error("no-script", name.span, message);
            self.empty_scripts.insert(name.text);
            return;
        };
        if draft.user.is_some() {
            command.user = draft.user;
        }
        let interval = draft.interval.unwrap_or(Duration::from_secs(1));
        let script = VrrpScript {
            name: name.text.to_string(),
            command,
            interval,
            timeout: draft.timeout.unwrap_or(interval),
            weight: draft.weight,
            reverse: draft.reverse,
            rise: draft.rise.unwrap_or(1),
            fall: draft.fall.unwrap_or(1),
            init_fail: draft.init_fail,
            on_shortage: draft.on_shortage,
        };
        match self.script_index.entry(script.name.clone()) {
            MapEntry::Vacant(free) => {
                free.insert((self.scripts.len(), name.span));
                self.scripts.push(script);
            }
            MapEntry::Occupied(first) => {
                let first = first.get().1;
                let message = format!("vrrp_script {} is defined already; the first one holds", name.text);
                self.report.push(
                    Diagnostic::new(Severity::Warning, Class::None, "duplicate-script", message)
                        .at(name.span)
                        .related(Some(first), "first defined here"),
                );
            }
        }
    }

    fn script_keyword(&mut self, draft: &mut ScriptDraft, entry: Entry<'a>) {
        let report = &mut self.report;
        match entry.keyword.name {
            word::SCRIPT => {
                draft.command = command::command(&entry, report);
                if let Some(command) = &draft.command {
                    suggest_track_process(&entry, command, report);
                }
            }
            word::INTERVAL => draft.interval = time(&entry, report).or(draft.interval),
            word::TIMEOUT => draft.timeout = time(&entry, report).or(draft.timeout),
            word::WEIGHT => script_weight(&entry, draft, report),
            word::RISE => draft.rise = times(&entry, report).or(draft.rise),
            word::FALL => draft.fall = times(&entry, report).or(draft.fall),
            word::USER => draft.user = command::user(&entry, report).or(draft.user.take()),
            word::INIT_FAIL => draft.init_fail = arguments::bare(&entry, report),
            word::ON_SHORTAGE => draft.on_shortage = on_shortage(&entry, report).unwrap_or(draft.on_shortage),
            _ => self.understood(entry),
        }
    }

    /// Scripts that no instance tracks are never run.
    pub(super) fn note_untracked_scripts(&mut self) {
        let mut untracked: Vec<_> = self
            .script_index
            .iter()
            .filter(|(_, (index, _))| !self.tracked_scripts.contains(index))
            .map(|(name, (index, span))| (*index, *span, name))
            .collect();
        untracked.sort_unstable_by_key(|(index, ..)| *index);
        for (_, span, name) in untracked {
            let message = format!("vrrp_script {name} is not tracked by any instance and will never run");
            self.report.note("untracked-script", span, message);
        }
    }
}

/// `interval` and `timeout`: 0 becomes 1 second.
fn time(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<Duration> {
    let time = arguments::decimal(entry, Junk::Ignored, "", report)?;
    if time.is_zero() {
        let at = entry.argument().map_or(entry.span(), |word| word.span);
        report.error("bad-value", at, format!("`{}` is more than 0; 1 is used", entry.keyword.name));
        return Some(Duration::from_secs(1));
    }
    Some(time)
}

fn on_shortage(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<OnShortage> {
    Some(match arguments::choice(entry, report)? {
        "fail" => OnShortage::Fail,
        _ => OnShortage::Keep,
    })
}

/// `rise` and `fall`: numbers below 1 become 1.
fn times(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<u32> {
    let times = arguments::number(entry, Junk::Ignored, "1 is used", report);
    times.or(entry.argument().map(|_| 1))
}

/// keepalived keeps a weight outside of its range after complaining; at the nearest bound it has the same effect.
fn script_weight(entry: &Entry<'_>, draft: &mut ScriptDraft, report: &mut Report<'_>) {
    let Some(word) = entry.argument() else {
        report.missing_argument(entry.keyword, entry.span());
        return;
    };
    let Arguments::Weight { limit, .. } = entry.keyword.arguments else { return };
    let limit = i64::from(limit);
    match value::integer(word.text, -limit, limit) {
        Ok(weight) => draft.weight = i16::try_from(weight).unwrap_or_default(),
        Err(NumberError::OutOfRange(weight)) => {
            let nearest = weight.clamp(-limit, limit);
            arguments::bad_number(entry, word, &format!("{nearest} is used"), report);
            draft.weight = i16::try_from(nearest).unwrap_or_default();
        }
        Err(NumberError::NotANumber | NumberError::TrailingJunk(_)) => {
            arguments::bad_number(entry, word, "", report);
        }
    }
    match entry.arguments().get(1) {
        Some(word) if word.text == "reverse" => {
            draft.reverse = true;
            arguments::extra_words(entry, 2, report);
        }
        Some(word) => report.error(
            "bad-value",
            word.span,
            format!("only `reverse` may follow a weight, not `{}`", word.text),
        ),
        None => draft.reverse = false,
    }
}

fn suggest_track_process(entry: &Entry<'_>, command: &Command, report: &mut Report<'_>) {
    let Run::Exec(argv) = &command.run else { return };
    let Some(process) = shell::looked_for_process(argv) else { return };
    let at = entry.argument().map_or(entry.span(), |word| word.span);
    let message = format!("this script only looks whether a process named `{process}` exists");
    let acts = keywords::find(Context::Root, word::VRRP_TRACK_PROCESS)
        .is_some_and(|keyword| keyword.status == Status::Acts);
    let help = if acts {
        format!(
            "a `vrrp_track_process` with `process {process}` does that without running a program every interval"
        )
    } else {
        format!(
            "in keepalived a `vrrp_track_process` with `process {process}` does that without running a program every \
             interval; here that is not implemented yet"
        )
    };
    report.push(Diagnostic::note("process-check", message).at(at).help(help));
}
