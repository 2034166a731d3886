//! Everything that a name stands for: why it is so, with evidence, and the commands that would change it.

use std::fmt::Write;

use jiff::tz::TimeZone;
use vipd_status::explain::{Explanation, Label, Statement, explain};
use vipd_status::{Instance, State, Status, Target};

use super::html::{Badge, Text};

/// Explanations of all that has this name, the same as those of `vipd explain`; `None` if nothing has it.
pub(crate) fn of(status: &Status, name: &str) -> Option<String> {
    let explanations = explain(status, name, &TimeZone::UTC);
    if explanations.is_empty() {
        return None;
    }
    let mut html = String::new();
    for (target, explanation) in status.find(name).iter().zip(&explanations) {
        heading(&mut html, target, explanation);
        statements(&mut html, &explanation.statements);
        commands(&mut html, target);
    }
    html.push_str("<p><small>Clock times are in UTC.</small></p>");
    Some(html)
}

fn heading(html: &mut String, target: &Target<'_>, explanation: &Explanation) {
    let _ = write!(html, "<h2>{}", Text(&explanation.subject));
    let state = match target {
        Target::Instance(instance) => Some(instance.state),
        Target::Group(group) => Some(group.state),
        _ => None,
    };
    if let Some(state) = state {
        let _ = write!(html, " {}", Badge(state));
    }
    html.push_str("</h2>");
}

/// The state as a sentence, then a list in which a label stands once before all that it says.
fn statements(html: &mut String, statements: &[Statement]) {
    let (states, others): (Vec<_>, Vec<_>) =
        statements.iter().partition(|statement| statement.label == Label::State);
    for state in states {
        let _ = write!(html, "<p>{}</p>", Text(&state.text));
    }
    html.push_str("<dl>");
    for same in others.chunk_by(|a, b| a.label == b.label) {
        let word = same.first().map_or("", |first| first.label.word());
        let _ = write!(html, "<dt>{word}</dt><dd>");
        for statement in same {
            let _ = write!(html, "<div>{}</div>", Text(&statement.text));
        }
        html.push_str("</dd>");
    }
    html.push_str("</dl>");
}

/// Commands for a target that this version has.
fn commands(html: &mut String, target: &Target<'_>) {
    let commands = match target {
        Target::Instance(instance) => of_instance(instance),
        Target::Server(service, server) => of_server(&service.name, &server.address, server.intent.is_some()),
        Target::Service(service) => about(&service.name),
        Target::Group(group) => about(&group.name),
        Target::Tracker(tracker) => about(&tracker.name),
        Target::Bfd(session) => about(&session.name),
    };
    let known: Vec<&Command> =
        commands.iter().filter(|(words, _)| vipd_verbs::is_command_line(words)).collect();
    if known.is_empty() {
        return;
    }
    html.push_str(
        "<h3>Commands</h3><p>This page changes nothing. To run on this machine:</p><ul class=\"commands\">",
    );
    for (words, what) in known {
        let words: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
        let _ = write!(html, "<li><code>{}</code> <small>{what}</small></li>", Text(words.join(" ")));
    }
    html.push_str("</ul>");
}

/// Words of a command line, and their effect.
type Command = (Vec<String>, &'static str);

fn command(words: &[&str], what: &'static str) -> Command {
    (["vipd"].iter().chain(words).map(|&word| word.to_owned()).collect(), what)
}

/// Commands that show more.
fn about(name: &str) -> Vec<Command> {
    vec![
        command(&["status", name], "shows it in a terminal"),
        command(&["explain", name], "the same in a terminal"),
    ]
}

fn of_instance(instance: &Instance) -> Vec<Command> {
    let name = instance.name.as_str();
    let mut commands = about(name);
    if instance.intent.is_some() {
        commands.push(command(&["maintenance", "off", name], "takes part again"));
        return commands;
    }
    if instance.state == State::Master {
        commands.push(command(&["handover", name], "gives the addresses to a peer that is alive"));
    }
    let maintenance = ["maintenance", "on", name, "--for", "30m", "--reason", "why"];
    commands.push(command(&maintenance, "leaves the service to the peer, and ends by itself"));
    commands
}

fn of_server(service: &str, server: &str, intends: bool) -> Vec<Command> {
    let steer = if intends {
        command(&["server", service, server, "ready"], "serves again")
    } else {
        let words = ["server", service, server, "drain", "--for", "30m"];
        command(&words, "no new connections; the open ones finish")
    };
    vec![
        command(&["explain", server], "the same in a terminal"),
        command(&["probe", service, server], "runs its checks now and shows the dialogue"),
        steer,
    ]
}

/// A word that a shell takes as it is, whatever a name contains.
fn shell_word(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/@%+=,".contains(&byte);
    if !name.is_empty() && name.bytes().all(is_plain) {
        return name.to_owned();
    }
    format!("'{}'", name.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_word_for_a_shell() {
        assert_eq!(shell_word("VI_1"), "VI_1");
        assert_eq!(shell_word("[192.0.2.10]:tcp:80"), "'[192.0.2.10]:tcp:80'");
        assert_eq!(shell_word("a'; rm -rf / #"), r"'a'\''; rm -rf / #'");
        assert_eq!(shell_word("$(reboot)"), "'$(reboot)'");
        assert_eq!(shell_word(""), "''");
    }

    /// A command of a later version is hidden; one that exists is spelled as its table says.
    #[test]
    fn commands_are_spelled_as_the_program_takes_them() {
        let free = Instance { name: "VI_1".to_owned(), state: State::Master, ..Instance::default() };
        let intent = r#"{"kind":"maintenance","by":"root","reason":"","since":"2026-11-30T21:30:31Z"}"#;
        let busy = Instance { intent: Some(serde_json::from_str(intent).unwrap()), ..free.clone() };
        let server = |intends| of_server("[192.0.2.10]:tcp:80", "10.0.0.11:80", intends);
        let all = [of_instance(&free), of_instance(&busy), server(false), server(true)].concat();
        let existing: Vec<Command> =
            all.into_iter().filter(|(words, _)| vipd_verbs::is_verb(&words[1])).collect();
        assert!(existing.iter().any(|(words, _)| words[1] == "status"));
        for (words, _) in existing {
            assert!(vipd_verbs::is_command_line(&words), "{words:?}");
        }
    }
}
