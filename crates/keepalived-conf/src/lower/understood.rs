//! Keywords that nothing acts on: their arguments are checked, their blocks walked.

use crate::diagnostic::Diagnostic;
use crate::keywords::{Arguments, Context, word};
use crate::line::{Statement, Word};
use crate::similar::did_you_mean;

use super::Lowering;
use super::arguments::{self, Junk};
use super::command;
use super::reader::Entry;
use super::report::Report;
use super::value;

impl<'a> Lowering<'a> {
    /// Says once that the keyword has no effect, then checks it and everything in its block.
    pub(super) fn understood(&mut self, entry: Entry<'a>) {
        self.report.without_effect(entry.keyword, entry.span());
        if ONCE.contains(&entry.keyword.name) {
            self.note_repeated(&entry);
        }
        self.check(entry);
    }

    /// Notes the keyword, and gives whether it stood before, where keepalived complains of that.
    pub(super) fn note_repeated(&mut self, entry: &Entry<'a>) -> bool {
        let repeated = !self.written.insert(entry.keyword.name);
        if repeated {
            self.report.repeated(entry.keyword, entry.span());
        }
        repeated
    }

    /// Checks the keyword and everything in its block. Blocks nest as deep as the table, so this does too.
    pub(super) fn check(&mut self, entry: Entry<'a>) {
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
        if context == Context::LinkbeatInterfaces {
            drop(arguments::interface_name(first, &mut self.report));
        }
    }

    pub(super) fn check_arguments(&mut self, entry: &Entry<'a>) {
        let arguments = entry.keyword.arguments;
        if entry.arguments().is_empty() && !arguments.may_be_empty() {
            self.report.missing_argument(entry.keyword, entry.span());
            return;
        }
        let report = &mut self.report;
        if let Some(extra) = entry.arguments().get(1).filter(|_| ALONE.contains(&entry.keyword.name)) {
            let message = format!("`{}` takes one word; it is ignored", entry.keyword.name);
            report.error("bad-value", extra.span, message);
            return;
        }
        if let Some(expected) = form_missed(entry) {
            let Some(word) = entry.argument() else { return };
            return arguments::not(entry, word, expected, report);
        }
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
            Arguments::Word(_)
            | Arguments::Secret(_)
            | Arguments::NamedBlock(_)
            | Arguments::NamedLines(_) => {
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

    fn check_weight(&mut self, entry: &Entry<'a>, limit: u32) {
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

    /// Nothing runs the command, but whether it could be run safely is part of a test.
    fn check_command(&mut self, entry: &Entry<'a>) {
        if entry.argument().is_some()
            && let Some(command) = command::command(entry, &mut self.report)
        {
            self.idle_commands.push((entry.keyword.name, command));
        }
    }
}

/// Keywords that may stand once.
const ONCE: [&str; 4] =
    [word::SNMP_SOCKET, word::TMP_CONFIG_DIRECTORY, word::NFTABLES_IPVS, word::VRRP_RX_BUFS_POLICY];

/// Keywords that do not count with more than one word.
const ALONE: [&str; 4] =
    [word::SNMP_SOCKET, word::SNMP_NAME, word::VRRP_RX_BUFS_MULTIPLIER, word::KERNEL_RX_BUF_SIZE];

/// The expected form, if this is a keyword of a form of its own and it is another one.
fn form_missed(entry: &Entry<'_>) -> Option<&'static str> {
    let first = entry.argument()?.text;
    let (fits, expected) = match entry.keyword.name {
        word::VRRP_RX_BUFS_POLICY => {
            (is_buffer_policy(first, entry.arguments().len()), "MTU, ADVERT or a size in bytes")
        }
        word::CONFIG_SAVE_DIR => (first.starts_with('/'), "an absolute path"),
        _ => return None,
    };
    (!fits).then_some(expected)
}

/// keepalived reads one of the words, or the number that stands first.
fn is_buffer_policy(first: &str, words: usize) -> bool {
    let is_word = words == 1 && ["MTU", "ADVERT"].iter().any(|word| word.eq_ignore_ascii_case(first));
    is_word || first.is_empty() || value::integer(first, 0, u32::MAX.into()).is_ok()
}

/// A track line names what stands above.
pub(super) fn tracker_named<'a>(
    what: &str,
    name: Word<'_>,
    exists: bool,
    known: impl Iterator<Item = &'a str>,
    report: &mut Report<'_>,
) {
    if exists {
        return;
    }
    let mut finding = Diagnostic::error("unknown-tracker", format!("there is no {what} {} above", name.text))
        .at(name.span)
        .label("this line is ignored");
    // Enough names for a person, and a bound for a hostile file.
    let most = if report.keeps_findings() { 1000 } else { 0 };
    finding.help = did_you_mean(name.text, known.take(most)).map(|near| format!("did you mean `{near}`?"));
    report.push(finding);
}
