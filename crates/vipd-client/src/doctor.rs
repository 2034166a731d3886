//! `vipd doctor`: things on this machine that will hurt, whether a daemon runs or not.

use std::path::Path;

use vipd_cli::Options;
use vipd_control::Verb as Request;
use vipd_doctor::ReadSubject;
use vipd_verbs::Common;

use super::connection::Connection;
use super::{Failure, PATIENCE, print, status};

pub(super) fn doctor(file: Option<&Path>, common: &Common, read: ReadSubject) -> Result<(), Failure> {
    let asked = Connection::ask(&common.socket, Request::Status {}, Some(PATIENCE))
        .and_then(|mut connection| status(&mut connection));
    let status = asked.as_ref().map_err(|failure| match failure {
        Failure::No(why) | Failure::NoDaemon(why) | Failure::Refused(why) => why.clone(),
        Failure::Found(_) | Failure::Unread => String::new(),
    });
    let usual = Options::default().config;
    let report = vipd_doctor::examine(file, &usual, read, status, common.json).map_err(Failure::No)?;
    print(&report.text)?;
    if report.status == 0 { Ok(()) } else { Err(Failure::Found(report.status)) }
}
