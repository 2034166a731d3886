//! `vipd status` and the other commands that ask a running daemon.

mod check;
mod config;
mod connection;
mod doctor;
mod explain;
mod neighbours;
mod probe;
mod recorder;
mod show;
#[cfg(test)]
mod testing;
mod top;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use vipd_control::{Answer, ServerIntentKind as ServerIntent, Shown, Verb as Request};
use vipd_doctor::ReadSubject;
use vipd_status::{ReloadOutcome, ReloadResult, Status};
use vipd_verbs::{CommandLine, Common, ServerIntentKind, Switch, Verb};

use connection::{Connection, understand};

/// Why a command ends with another status than 0.
#[derive(Debug, PartialEq, Eq)]
enum Failure {
    /// 1: it was not done, or something is wrong.
    No(String),
    /// 3: no daemon answers.
    NoDaemon(String),
    /// 4: no rights.
    Refused(String),
    /// 5 or 6: the worst finding; 1 or 5: the worst result of a check.
    Found(u8),
    /// The reader of our output has closed it.
    Unread,
}

impl Failure {
    fn status(&self) -> u8 {
        match self {
            Self::Unread => 0,
            Self::No(_) => 1,
            Self::NoDaemon(_) => 3,
            Self::Refused(_) => 4,
            Self::Found(status) => *status,
        }
    }
}

/// The content of a configuration file, without secrets.
#[derive(Debug)]
pub struct FileContent {
    /// The preprocessed text.
    pub text: String,
    /// The model, as the line of JSON that a daemon answers with.
    pub model: Vec<u8>,
    /// Whether a daemon runs with it, or why not.
    pub usable: Result<(), String>,
}

/// A function that reads a configuration file, for commands that work without a daemon.
pub type ReadFile = fn(&Path) -> FileContent;

/// Readers of files, for commands that look at a configuration themselves.
#[derive(Clone, Copy, Debug)]
pub struct Readers {
    /// For `vipd config -f`.
    pub shown: ReadFile,
    /// For `vipd doctor` and `vipd probe`: it has the secrets.
    pub examined: ReadSubject,
}

/// Does what the words ask for, the name of the program first; gives the exit status.
pub fn main(words: impl IntoIterator<Item = OsString>, read: Readers) -> ExitCode {
    let CommandLine { verb } = match CommandLine::try_parse_from(words) {
        Ok(line) => line,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match run(verb, read) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Failure::No(why) | Failure::NoDaemon(why) | Failure::Refused(why) = &failure
                && !why.is_empty()
            {
                let _ = writeln!(io::stderr(), "vipd: {why}");
            }
            ExitCode::from(failure.status())
        }
    }
}

fn run(verb: Verb, read: Readers) -> Result<(), Failure> {
    match verb {
        Verb::Status { name, check, want, common } => {
            let mut connection = Connection::ask(&common.socket, Request::Status {}, Some(PATIENCE))?;
            if common.json && !check && name.is_none() {
                return print_line(&mut connection);
            }
            let status = status(&mut connection)?;
            if check {
                return check::check(&status, name.as_deref(), want).map_err(Failure::No);
            }
            let about = show::only(status.clone(), name.as_deref()).map_err(Failure::No)?;
            let json = common.json;
            print(&if json { show::json(&about) } else { show::status(&status, name.as_deref()) })
        }
        Verb::Events { follow, common } => events(follow, &common),
        Verb::Reload { dry_run, confirm, wait, common } => {
            let confirm_s = confirm.map(|confirm| confirm.as_secs());
            act(Request::Reload { dry_run, confirm_s, wait }, &common)
        }
        Verb::Explain { word, common } => explain::explain(&word, &common),
        Verb::Top { common } => top::top(&common),
        Verb::Neighbours { common } => {
            let mut connection = Connection::ask(&common.socket, Request::Status {}, Some(PATIENCE))?;
            let status = status(&mut connection)?;
            print(&if common.json { neighbours::json(&status) } else { neighbours::text(&status) })
        }
        Verb::Recorder { name, common } => recorder::recorder(name, &common),
        Verb::Capture { source, time, json, svg } => {
            let text = vipd_capture::run(&source, time, json, svg.as_deref()).map_err(Failure::No)?;
            print(&text.report)?;
            if text.is_sound { Ok(()) } else { Err(Failure::No(String::new())) }
        }
        Verb::Config { resolved, diff, file, common } => {
            let shown = match (resolved, diff, common.json) {
                (_, true, _) => Shown::Diff,
                (false, false, true) => Shown::Json,
                _ => Shown::Resolved,
            };
            match file {
                Some(file) => config::of_file(&file, shown, common.json, read.shown),
                None => config::config(shown, &common),
            }
        }
        Verb::Doctor { file, common } => doctor::doctor(file.as_deref(), &common, read.examined),
        Verb::Probe { service, server, file, common } => {
            probe::probe(&service, &server, file.as_deref(), &common, read.examined)
        }
        Verb::Confirm { common } => act(Request::Confirm {}, &common),
        Verb::Undo { common } => act(Request::Undo {}, &common),
        Verb::Handover { name, reason, common } => act(Request::Handover { instance: name, reason }, &common),
        Verb::Maintenance { set, name, time, reason, hard, common } => {
            let instance = Some(name).filter(|name| name != "all");
            let for_s = time.map(|time| time.as_secs());
            act(Request::Maintenance { on: set == Switch::On, instance, for_s, reason, hard }, &common)
        }
        Verb::Server { service, server, set, weight, time, reason, persist, common } => {
            let (set, for_s) = (intent(set), time.map(|time| time.as_secs()));
            act(Request::Server { service, server, set, weight, for_s, reason, persist }, &common)
        }
        Verb::Upgrade { program, check, common } => {
            let program = program.map(|program| absolute(&program)).transpose()?;
            act(Request::Upgrade { program, check }, &common)
        }
        Verb::Announce { name, common } => act(Request::Announce { instance: name }, &common),
    }
}

/// The daemon has another working directory.
fn absolute(path: &Path) -> Result<String, Failure> {
    let path = std::path::absolute(path).map_err(|error| Failure::No(error.to_string()))?;
    path.into_os_string().into_string().map_err(|_| Failure::No("the path is no UTF-8".to_owned()))
}

fn intent(set: ServerIntentKind) -> ServerIntent {
    match set {
        ServerIntentKind::Ready => ServerIntent::Ready,
        ServerIntentKind::Drain => ServerIntent::Drain,
        ServerIntentKind::Maintenance => ServerIntent::Maintenance,
        ServerIntentKind::Weight => ServerIntent::Weight,
    }
}

fn status(connection: &mut Connection) -> Result<Status, Failure> {
    match connection.answer()? {
        Some(Answer::Status(status)) => Ok(*status),
        _ => Err(Failure::No("the daemon gave no status".to_owned())),
    }
}

fn print_line(connection: &mut Connection) -> Result<(), Failure> {
    let Some(line) = connection.line()? else {
        return Err(Failure::NoDaemon("the daemon closed the connection".to_owned()));
    };
    print(line)?;
    // Large answers need not be understood, only refusals.
    if line.starts_with("{\"is\":\"refused\"") { understand(line).map(|_| ()) } else { Ok(()) }
}

fn events(follow: bool, common: &Common) -> Result<(), Failure> {
    let patience = (!follow).then_some(PATIENCE);
    let mut connection = Connection::ask(&common.socket, Request::Events { follow }, patience)?;
    let zone = jiff::tz::TimeZone::system();
    while let Some(line) = connection.line()? {
        let answer = understand(line)?;
        if common.json {
            print(line)?;
        }
        match answer {
            Answer::End { .. } => return Ok(()),
            answer if !common.json => print(&show::event(&answer, &zone))?,
            _ => {}
        }
    }
    Err(Failure::NoDaemon("the daemon closed the connection".to_owned()))
}

/// Has something done, and says what became of it.
fn act(request: Request, common: &Common) -> Result<(), Failure> {
    let mut connection = Connection::ask(&common.socket, request, Some(PATIENCE_FOR_ACTS))?;
    let Some(line) = connection.line()? else {
        return Err(Failure::NoDaemon("the daemon closed the connection".to_owned()));
    };
    if common.json {
        print(line)?;
    }
    match understand(line)? {
        Answer::Done { text, .. } if !common.json => print(&text),
        Answer::Reload { outcome, .. } => {
            if !common.json && outcome.result == ReloadResult::Taken {
                print(&show::reload(&outcome))?;
            }
            end_of_reload(&outcome)
        }
        _ => Ok(()),
    }
}

fn end_of_reload(outcome: &ReloadOutcome) -> Result<(), Failure> {
    match outcome.result {
        ReloadResult::Taken => Ok(()),
        ReloadResult::Refused | ReloadResult::Undone => Err(Failure::No(show::reload(outcome))),
    }
}

/// Prints lines. A reader that closed the pipe wants no more.
fn print(text: &str) -> Result<(), Failure> {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let mut out = io::stdout().lock();
    write!(out, "{text}{end}").and_then(|()| out.flush()).map_err(|_| Failure::Unread)
}

/// Time limit of an answer of the daemon. It waits for its workers for a second.
const PATIENCE: Duration = Duration::from_secs(5);

/// The same for acts: a reload reads files, and workers take it.
const PATIENCE_FOR_ACTS: Duration = Duration::from_secs(60);
