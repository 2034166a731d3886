//! Commands: program, arguments and user.

use crate::diagnostic::{Class, Diagnostic, Severity};
use crate::keywords::{self, Context};
use crate::model::{Command, Run, User};
use crate::script::{script_words, unescape_quotes};

use super::arguments;
use super::reader::Entry;
use super::report::{Part, Report};
use super::shell;
use crate::keywords::word;

/// The command of a line, with its own user; [`super::users`] fills in `script_user` where it names none.
pub(super) fn command(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<Command> {
    let bad = |error| {
        Diagnostic::error("bad-command", format!("`{}`: {error}", entry.keyword.name)).at(entry.span())
    };
    let line = match script_words(entry.statement.raw()) {
        Ok(line) => line,
        Err(error) => {
            report.push(bad(error));
            return None;
        }
    };
    let Some(text) = line.command else {
        // A check that has nothing to run is reported as a whole.
        report.set_unheard(entry.keyword.name == word::SCRIPT);
        report.missing_argument(entry.keyword, entry.span());
        report.set_unheard(false);
        return None;
    };
    if text.trim().is_empty() {
        // Of templates whose variable is empty.
        let message = format!("the command of `{}` is empty: nothing is run", entry.keyword.name);
        report.lint("empty-command", entry.span(), message);
        return None;
    }
    // A shell gets the text itself, so the quotes in it have to be what they were meant as.
    let quoted = entry.argument().is_some_and(|word| word.quoted);
    let text = if quoted { unescape_quotes(&text) } else { text };
    let run = match shell::how_to_run(&text) {
        Ok(run) => run,
        Err(error) => {
            report.push(bad(error));
            return None;
        }
    };
    hint(entry, &run, &line.rest, report);
    if !matches!(run, Run::FileReadable(_)) {
        report.script_configured(part_of(entry), entry.span());
    }
    let user = if takes_user(entry.keyword.name) { user_of(&line.rest) } else { None };
    Some(Command { text, run, user })
}

fn part_of(entry: &Entry<'_>) -> Part {
    match (entry.context, entry.keyword.name.trim_end_matches("_script")) {
        (Context::GlobalDefs, word::VRRP_NOTIFY_FIFO) => Part::Vrrp,
        (Context::GlobalDefs, word::LVS_NOTIFY_FIFO) => Part::Lvs,
        (Context::GlobalDefs, word::NOTIFY_FIFO) => Part::Any,
        (Context::GlobalDefs, _) => Part::Daemon,
        (context, _) if context.path().starts_with(word::VIRTUAL_SERVER) => Part::Lvs,
        _ => Part::Vrrp,
    }
}

/// Findings that a reader of the file may not expect.
fn hint(entry: &Entry<'_>, run: &Run, rest: &[String], report: &mut Report<'_>) {
    let name = entry.keyword.name;
    let at = entry.argument().map_or(entry.span(), |word| word.span);
    if let Run::Shell { bash } = run {
        let shell = if *bash { "bash" } else { "sh" };
        let message = format!("this is shell text: it is run by `{shell} -c`");
        report.push(Diagnostic::note("shell-text", message).at(at).help(
            "keepalived runs no shell and would disable this; put the text in a script file to suit both",
        ));
    }
    let lost = rest.iter().filter(|word| keywords::find(entry.context, word).is_some());
    let lost: Vec<_> = lost.map(|word| format!("`{word}`")).collect();
    if !lost.is_empty() {
        let message = format!("{} behind the command of `{name}` is lost", lost.join(", "));
        report.push(
            Diagnostic::new(Severity::Warning, Class::None, "keyword-behind-command", message)
                .at(at)
                .help("every keyword needs a line of its own"),
        );
    } else if looks_unquoted(name, rest) {
        let message = format!("only the first word of an unquoted command is run by `{name}`");
        report.push(
            Diagnostic::new(Severity::Warning, Class::None, "unquoted-command", message)
                .at(at)
                .help("put the command and its arguments in double quotes, together"),
        );
    }
}

/// Words behind a command are its user and group, except behind those that have lines of their own for that.
fn takes_user(keyword: &str) -> bool {
    !matches!(keyword, word::SCRIPT | word::MISC_PATH)
}

/// More words than a user and a group, or the name of a state, are arguments that lack their quotes.
fn looks_unquoted(keyword: &str, rest: &[String]) -> bool {
    const STATES: &[&str] = &["master", "backup", "fault", "stop", "MASTER", "BACKUP", "FAULT", "STOP"];
    let user_words = if takes_user(keyword) { 2 } else { 0 };
    rest.len() > user_words || rest.first().is_some_and(|word| STATES.contains(&word.as_str()))
}

/// `user [[:]group]` behind a keyword.
pub(super) fn user(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<User> {
    if entry.arguments().is_empty() {
        report.missing_argument(entry.keyword, entry.span());
        return None;
    }
    arguments::extra_words(entry, 2, report);
    let words: Vec<_> = entry.arguments().iter().map(|word| word.text.to_string()).collect();
    user_of(&words)
}

fn user_of(words: &[String]) -> Option<User> {
    let user = words.first()?.clone();
    let group = words.get(1).map(|group| group.strip_prefix(':').unwrap_or(group).to_owned());
    Some(User { user, group })
}
