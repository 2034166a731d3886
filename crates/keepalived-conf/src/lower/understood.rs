//! Keywords that nothing acts on yet: their arguments are checked, their blocks walked.

use std::collections::hash_map::Entry as MapEntry;

use crate::diagnostic::Diagnostic;
use crate::keywords::{self, Arguments, Context};
use crate::line::{Statement, Word};
use crate::script::script_words;

use super::Lowering;
use super::arguments::{self, Junk};
use super::reader::Entry;
use super::value;

impl<'a> Lowering<'a> {
    /// Says once that the keyword has no effect, then checks it and everything in its block.
    pub(super) fn understood(&mut self, entry: Entry<'a>) {
        self.report.without_effect(entry.keyword, entry.span());
        self.check(entry);
    }

    /// Checks the keyword and everything in its block. Blocks nest as deep as the table, so this does too.
    fn check(&mut self, entry: Entry<'a>) {
        self.report.old_spelling(entry.keyword, entry.span());
        self.check_arguments(&entry);
        let Some(context) = entry.keyword.arguments.block() else { return };
        let mut block = self.reader.open(entry, &mut self.report);
        if matches!(entry.keyword.arguments, Arguments::Lines(_) | Arguments::NamedLines(_)) {
            while let Some(line) = self.reader.next_line(&mut block, &mut self.report) {
                self.check_line(context, line);
            }
            return;
        }
        while let Some(inner) = self.reader.next(&mut block, &mut self.report) {
            self.check(inner);
        }
    }

    fn check_line(&mut self, context: Context, line: Statement<'a>) {
        let Some(first) = line.words().first() else { return };
        match context {
            Context::GarpGroupInterfaces
            | Context::LinkbeatInterfaces
            | Context::InterfaceUpDownDelays
            | Context::SyncGroupTrackInterface => drop(arguments::interface_name(first, &mut self.report)),
            Context::SyncGroupTrackScript => drop(self.script_named(first)),
            Context::SyncGroupMembers | Context::TrackGroupMembers => self.group_members.extend(line.words()),
            Context::VirtualRoutes | Context::StaticRoutes => self.check_options(context, line),
            Context::VirtualRules | Context::StaticRules => {
                self.check_options(context, line);
                let ranks = |word: Word<'_>| matches!(word.text, "preference" | "order" | "priority");
                if !line.words().iter().any(ranks) {
                    let message = "a rule without `preference` gets whatever number is free";
                    self.report.warning("no-preference", first.span, message);
                }
            }
            _ => {}
        }
    }

    /// Old spellings among the words of a line.
    fn check_options(&mut self, context: Context, line: Statement<'_>) {
        for word in line.words() {
            if let Some(option) = keywords::find(context, word.text) {
                self.report.old_spelling(option, word.span);
            }
        }
    }

    /// A `vrrp_sync_group`; one that exists already is left out.
    pub(super) fn sync_group(&mut self, entry: Entry<'a>) {
        self.report.without_effect(entry.keyword, entry.span());
        let Some(name) = entry.argument() else {
            self.report.error(
                "missing-argument",
                entry.span(),
                "a vrrp_sync_group needs a name; it is left out",
            );
            self.reader.skip_next_block();
            return;
        };
        match self.sync_groups.entry(name.text) {
            MapEntry::Vacant(free) => drop(free.insert(name.span)),
            MapEntry::Occupied(first) => {
                let message =
                    format!("vrrp_sync_group {} is defined already; this block is left out", name.text);
                self.report.push(
                    Diagnostic::error("duplicate-group", message)
                        .at(name.span)
                        .related(Some(*first.get()), "first defined here"),
                );
                self.reader.skip_next_block();
                return;
            }
        }
        let before = self.group_members.len();
        self.check(entry);
        if self.group_members.len() == before {
            let message = format!("vrrp_sync_group {} has no members", name.text);
            self.report.warning("empty-group", name.span, message);
        }
    }

    /// Members may be defined after their group, so they are looked up at the end.
    pub(super) fn check_group_members(&mut self) {
        for member in std::mem::take(&mut self.group_members) {
            if !self.instance_names.contains_key(member.text) {
                let message = format!("there is no vrrp_instance {}; the group goes without it", member.text);
                self.report.error("unknown-instance", member.span, message);
            }
        }
    }

    fn check_arguments(&mut self, entry: &Entry<'a>) {
        let arguments = entry.keyword.arguments;
        if entry.arguments().is_empty() && !arguments.may_be_empty() {
            self.report.missing_argument(entry.keyword, entry.span());
            return;
        }
        let report = &mut self.report;
        match arguments {
            Arguments::None => arguments::extra_words(entry, 0, report),
            Arguments::Switch => {
                arguments::switch(entry, report);
            }
            Arguments::Integer { .. } => {
                arguments::integer(entry, Junk::Ignored, "", report);
            }
            Arguments::OptionalInteger { .. } if !entry.arguments().is_empty() => {
                arguments::integer(entry, Junk::Ignored, "", report);
            }
            Arguments::Decimal { .. } => {
                arguments::decimal(entry, Junk::Ignored, "", report);
            }
            Arguments::Weight { limit, .. } => self.check_weight(entry, limit),
            Arguments::Choice(words) | Arguments::OptionalChoice(words) => {
                self.check_choice(entry, |word| words.contains(&word));
            }
            Arguments::ChoiceAnyCase(words) => {
                self.check_choice(entry, |word| words.iter().any(|choice| choice.eq_ignore_ascii_case(word)));
            }
            Arguments::Address => {
                arguments::address(entry, report);
            }
            Arguments::Multicast4 | Arguments::Multicast6 | Arguments::Multicast => {
                arguments::multicast(entry, report);
            }
            Arguments::Prefix => self.check_choice(entry, |word| value::prefix(word).is_ok()),
            Arguments::Interface => {
                arguments::interface(entry, report);
            }
            Arguments::Word(_) | Arguments::NamedBlock(_) | Arguments::NamedLines(_) => {
                arguments::extra_words(entry, 1, report);
            }
            Arguments::OptionalWord(_) => arguments::extra_words(entry, 1, report),
            Arguments::Command | Arguments::OptionalCommand => self.check_command(entry),
            Arguments::User | Arguments::Fifo => arguments::extra_words(entry, 3, report),
            Arguments::OptionalInteger { .. }
            | Arguments::Ignored
            | Arguments::Words(_)
            | Arguments::Form(_)
            | Arguments::Block(_)
            | Arguments::KeyedBlock(..)
            | Arguments::Lines(_) => {}
        }
    }

    fn check_weight(&mut self, entry: &Entry<'a>, limit: u8) {
        let Some(word) = entry.argument() else { return };
        if value::integer(word.text, -i64::from(limit), limit.into()).is_err() {
            arguments::bad_number(entry, word, "", &mut self.report);
        }
    }

    fn check_choice(&mut self, entry: &Entry<'a>, fits: impl Fn(&str) -> bool) {
        let Some(word) = entry.argument() else { return };
        if fits(word.text) {
            arguments::extra_words(entry, 1, &mut self.report);
        } else {
            arguments::not(entry, word, &entry.keyword.arguments.to_string(), &mut self.report);
        }
    }

    fn check_command(&mut self, entry: &Entry<'a>) {
        match script_words(entry.statement.raw()) {
            Ok(line) if line.command.is_some() => self.report.script_configured(entry.span()),
            Ok(_) => {}
            Err(error) => self.report.push(
                Diagnostic::error("bad-command", format!("`{}`: {error}", entry.keyword.name))
                    .at(entry.span()),
            ),
        }
    }
}
