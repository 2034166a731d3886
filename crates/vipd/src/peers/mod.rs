//! `vipd check FILE...`: the configurations of all nodes of a group, and what will go wrong between them.

mod arguments;
mod read;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;

use keepalived_conf::{Diagnostics, Severity, peers, render_all};

use crate::check::wants_color;
use crate::cli::Request;
use arguments::Arguments;
use read::{Group, Refused};

/// Runs `vipd check` with these words behind it.
pub fn main(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let color = io::stdout().is_terminal() && wants_color();
    let (text, status) = match arguments::parse(words) {
        Ok(arguments) => examine(&arguments, color),
        Err(Request::PrintError(text, status)) => {
            let _ = io::stderr().write_all(text.as_bytes());
            return ExitCode::from(status);
        }
        Err(Request::Print(text)) => (text, 0),
        Err(Request::Run(_)) => return ExitCode::FAILURE,
    };
    // A reader that closed the pipe wants no more.
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::from(status)
}

/// What there is to say of these files, and the exit status.
fn examine(arguments: &Arguments, color: bool) -> (String, u8) {
    let group = match read::read(&arguments.nodes, color) {
        Ok(group) => group,
        Err(Refused { text, status }) => return (text, status),
    };
    let found = compare(&group);
    let mut text = render_all(&found, &group.sources, color);
    for remark in &group.remarks {
        text.push_str(remark);
    }
    text.push_str(&closing_line(&group, &found));
    (text, u8::from(found.worst() > Some(Severity::Note)))
}

fn compare(group: &Group) -> Diagnostics {
    let nodes = group.nodes.iter();
    let nodes: Vec<_> = nodes.map(|node| peers::Node::new(&node.name, &node.config, &node.places)).collect();
    peers::compare(&nodes)
}

fn closing_line(group: &Group, found: &Diagnostics) -> String {
    let names: Vec<_> = group.nodes.iter().map(|node| node.name.as_str()).collect();
    let verdict = match found.worst() {
        None => "ok: nothing was found".to_owned(),
        Some(_) => format!("{} found", counted(found.len(), "finding")),
    };
    format!("{verdict} between {}\n", names.join(", "))
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
