//! `vipd check FILE...`: the configurations of all nodes of a group, and the faults between them.

mod arguments;
mod faults;
mod lab;
mod read;
mod scenario;
mod story;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Write};
use std::path::Path;
use std::process::ExitCode;

use keepalived_conf::{Diagnostics, Severity, peers, render_all};

use arguments::Arguments;
use faults::Table;
use lab::Lab;
use read::{Group, Refused};
use vipd_cli::{Request, wants_color};

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

/// The findings about these files, and the exit status.
fn examine(arguments: &Arguments, color: bool) -> (String, u8) {
    let group = match read::read(&arguments.nodes, color) {
        Ok(group) => group,
        Err(Refused { text, status }) => return (text, status),
    };
    let found = compare(&group);
    let mut text = render_all(&found, &group.sources, color);
    let lab = Lab::new(&group.nodes);
    let simulated = match &arguments.scenario {
        Some(path) => play(&lab, path, arguments.svg.as_deref()),
        None => Ok(faults::table(&lab)),
    };
    let Table { text: simulated, wrong } = match simulated {
        Ok(table) => table,
        Err(why) => return (format!("vipd check: {why}\n"), 1),
    };
    if !simulated.is_empty() {
        text.push_str(&simulated);
        text.push('\n');
    }
    for remark in &group.remarks {
        text.push_str(remark);
    }
    text.push_str(&closing_line(&group, &found, wrong));
    (text, u8::from(wrong || found.worst() > Some(Severity::Note)))
}

fn compare(group: &Group) -> Diagnostics {
    peers::compare(&lab::compared(&group.nodes))
}

/// Plays a scenario from a file, and draws it.
fn play(lab: &Lab, path: &Path, svg: Option<&Path>) -> Result<Table, String> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| format!("{shown}: {error}"))?;
    let mut text = String::new();
    let read = file.take(LONGEST_SCENARIO).read_to_string(&mut text);
    read.map_err(|error| format!("{shown}: {error}"))?;
    let scenario = scenario::parse(&text, lab).map_err(|why| format!("{shown}: {why}"))?;
    let story = story::play(lab, &scenario).map_err(|why| format!("{shown}: {why}"))?;
    if let Some(svg) = svg {
        std::fs::write(svg, story.chart.to_svg()).map_err(|error| format!("{}: {error}", svg.display()))?;
    }
    Ok(Table { text: story.text, wrong: false })
}

/// Bytes; the rest is not read.
const LONGEST_SCENARIO: u64 = 1 << 20;

fn closing_line(group: &Group, found: &Diagnostics, wrong: bool) -> String {
    let names: Vec<_> = group.nodes.iter().map(|node| node.name.as_str()).collect();
    let verdict = match found.len() {
        0 if wrong => "the simulation went wrong".to_owned(),
        0 => "ok: nothing was found".to_owned(),
        count => counted(count, "finding"),
    };
    format!("{verdict} between {}\n", names.join(", "))
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
