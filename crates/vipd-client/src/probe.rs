//! `vipd probe`: the checks of a real server, made by this process.

use std::path::{Path, PathBuf};

use keepalived_conf::model::Config;
use vipd_control::{Answer, Shown, Verb as Request};
use vipd_doctor::ReadSubject;
use vipd_probe::{ReadConfig, Subject};
use vipd_verbs::Common;

use super::connection::Connection;
use super::{Failure, PATIENCE, PATIENCE_FOR_ACTS, print, status};

/// Makes the checks of a real server of this file, or of the running configuration, and shows how they went.
pub(super) fn probe(
    service: &str,
    server: &str,
    file: Option<&Path>,
    common: &Common,
    read: ReadSubject,
) -> Result<(), Failure> {
    let report = if let Some(file) = file {
        let config = read(file).map_err(|why| Failure::No(format!("{}: {why}", file.display())))?.config;
        vipd_probe::probe(Subject { config, with_secrets: None, service, server })
    } else {
        let config = running(common)?;
        let file = RunningFile { socket: &common.socket, read };
        vipd_probe::probe(Subject { config, with_secrets: Some(&file), service, server })
    };
    let report = report.map_err(Failure::No)?;
    print(&if common.json { report.json() } else { report.to_string() })?;
    match report.exit_status() {
        0 => Ok(()),
        status => Err(Failure::Found(status)),
    }
}

/// The configuration that runs, without secrets.
fn running(common: &Common) -> Result<Config, Failure> {
    let request = Request::Config { show: Shown::Json };
    match Connection::ask(&common.socket, request, Some(PATIENCE_FOR_ACTS))?.answer()? {
        Some(Answer::Config { config, .. }) => serde_json::from_value(config).map_err(|error| {
            Failure::No(format!(
                "the configuration of the daemon is not understood ({error}): is it of another version than this program? \
                 `-f FILE` reads the file instead"
            ))
        }),
        _ => Err(Failure::No("the daemon gave no configuration".to_owned())),
    }
}

/// The file that the running daemon has read.
#[derive(Debug)]
struct RunningFile<'a> {
    socket: &'a Path,
    read: ReadSubject,
}

impl ReadConfig for RunningFile<'_> {
    fn read(&self) -> Result<Config, String> {
        let status = Connection::ask(self.socket, Request::Status {}, Some(PATIENCE))
            .and_then(|mut connection| status(&mut connection))
            .map_err(|_| "the daemon does not say which file it has read".to_owned())?;
        let file = PathBuf::from(status.daemon.config.file);
        let subject = (self.read)(&file).map_err(|why| format!("{}: {why}", file.display()))?;
        Ok(subject.config)
    }
}
