//! `vipd config`: the configuration that runs, or that a file holds, without secrets.

use std::path::Path;

use vipd_control::{Answer, Shown, VERSION, Verb as Request};
use vipd_verbs::Common;

use super::connection::{Connection, understand};
use super::{Failure, PATIENCE_FOR_ACTS, ReadFile, print};

/// Shows the configuration that a daemon runs.
pub(super) fn config(shown: Shown, common: &Common) -> Result<(), Failure> {
    let mut connection =
        Connection::ask(&common.socket, Request::Config { show: shown }, Some(PATIENCE_FOR_ACTS))?;
    let Some(line) = connection.line()? else {
        return Err(Failure::NoDaemon("the daemon closed the connection".to_owned()));
    };
    if shown == Shown::Json {
        print(line)?;
        // A model need not be understood, only a refusal.
        return if line.starts_with("{\"is\":\"refused\"") { understand(line).map(drop) } else { Ok(()) };
    }
    if common.json {
        print(line)?;
    }
    match understand(line)? {
        Answer::ConfigText { text, .. } if !common.json => print(&text),
        Answer::Difference { changes, refused, .. } => {
            let changed = !changes.is_empty();
            let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
            if !common.json && changed {
                print(&lines.join("\n"))?;
            }
            match refused {
                Some(why) => Err(Failure::No(format!("a reload would be refused: {why}"))),
                None if changed => Err(Failure::No(String::new())),
                None if common.json => Ok(()),
                None => print("the file says what runs: a reload would change nothing"),
            }
        }
        _ => Ok(()),
    }
}

/// Shows what a file holds.
pub(super) fn of_file(file: &Path, shown: Shown, json: bool, read: ReadFile) -> Result<(), Failure> {
    let content = read(file);
    match shown {
        Shown::Json => print(&String::from_utf8_lossy(&content.model))?,
        _ if json => {
            let answer = Answer::ConfigText { v: VERSION, text: content.text };
            print(&serde_json::to_string(&answer).unwrap_or_default())?;
        }
        _ => print(&content.text)?,
    }
    content.usable.map_err(|why| {
        Failure::No(format!("{}: {why}; `vipd -t -f {}` says more", file.display(), file.display()))
    })
}
