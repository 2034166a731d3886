//! One check, made once.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use keepalived_conf::model::Config;
use keepalived_conf::model::lvs::{Checker, CheckerKind};
use lvs_health::blocking::{self, Attempt};
use lvs_health::file::{CONTENT_LIMIT, file_outcome};
use lvs_health::{Network, Note, Prepared, Probe, Protocol, Shared};
use vipd_ipc::LvsConfig;

use crate::report::{CheckReport, CheckResult};
use crate::script;
use crate::secrets::{Secrets, is_hidden};
use crate::transcript::Transcript;
use crate::verdict::judged;

/// Makes a check: several reports where it asks for several pages. `part` is the part of the LVS worker, `why` says why a hidden login is not known.
pub(super) fn make(
    config: &Config,
    part: &LvsConfig,
    checker: &Checker,
    why: Option<&str>,
) -> Vec<CheckReport> {
    let check = vipd_lvs::definition(part, checker);
    let report = CheckReport { check: vipd_lvs::keyword(&check.probe).to_owned(), ..CheckReport::default() };
    if is_hidden(checker) {
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        let reason =
            format!("it has a login, which the daemon gives nobody{why}; `-f FILE` takes it from the file");
        return vec![CheckReport { reason, ..report }];
    }
    match &check.probe {
        Probe::Network(network) => network_reports(checker, network, &report),
        Probe::Script(definition) => {
            let CheckerKind::Misc { script, .. } = checker.kind else { return vec![report] };
            let target = definition.command.clone();
            vec![script::make(config, script, definition, CheckReport { target, ..report })]
        }
        Probe::File(file) => {
            let start = Instant::now();
            let content = read_start(&file.path);
            let outcome = file_outcome(file, content.as_deref().ok());
            let notes = content.err().map(|error| format!("{error}: it counts as 0")).into_iter().collect();
            let target = file.path.display().to_string();
            vec![judged(CheckReport { target, notes, ..report }, &outcome, start.elapsed())]
        }
        Probe::Bfd(bfd) => {
            let reason = "it is a BFD session, which the daemon has; `vipd status` shows it".to_owned();
            vec![CheckReport { target: bfd.session.clone(), reason, ..report }]
        }
        _ => {
            vec![CheckReport { reason: "this command does not know this kind of check".to_owned(), ..report }]
        }
    }
}

fn read_start(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let mut content = Vec::new();
    let limit = u64::try_from(CONTENT_LIMIT).unwrap_or(u64::MAX);
    std::fs::File::open(path)?.take(limit).read_to_end(&mut content)?;
    Ok(content)
}

/// Each page, or the one conversation.
fn network_reports(checker: &Checker, network: &Arc<Network>, report: &CheckReport) -> Vec<CheckReport> {
    let secrets = Arc::new(Secrets::of(checker));
    let target = network.target.address.to_string();
    let base = CheckReport { target, ..report.clone() };
    let urls: Vec<Option<String>> = match &network.protocol {
        Protocol::Http(http) => http.urls.iter().map(|url| Some(url.path.clone())).collect(),
        _ => vec![None],
    };
    let reports = urls.into_iter().enumerate();
    reports.map(|(step, url)| attempt(network, step, &secrets, CheckReport { url, ..base.clone() })).collect()
}

fn attempt(network: &Arc<Network>, step: usize, secrets: &Arc<Secrets>, report: CheckReport) -> CheckReport {
    let transcript = Transcript::new(Arc::clone(secrets), speaks_tls(&network.protocol));
    let prepared = match Prepared::shared(network, &mut Shared::new(transcript.clone())) {
        Ok(prepared) => prepared,
        Err(why) => {
            // So it is for the daemon too: the server is down.
            return CheckReport {
                result: CheckResult::Failed,
                reason: format!("it cannot be made as configured: {why}"),
                ..report
            };
        }
    };
    let made =
        blocking::watched_attempt(&prepared, step, std::process::id(), &mut |step| transcript.note(step));
    let report = CheckReport { steps: transcript.take(), ..report };
    match made {
        Ok(Attempt { outcome, notes, duration, .. }) => {
            let notes = notes.iter().map(note).collect();
            judged(CheckReport { notes, ..report }, &outcome, duration)
        }
        Err(error) => CheckReport {
            reason: format!("this command cannot make it here: {error}{}", remedy(network, &error)),
            ..report
        },
    }
}

fn speaks_tls(protocol: &Protocol) -> bool {
    match protocol {
        Protocol::Http(http) => http.tls.is_some(),
        Protocol::Grpc(grpc) => grpc.tls.is_some(),
        Protocol::Talk(talk) => talk.tls.is_some(),
        _ => false,
    }
}

fn remedy(network: &Network, error: &io::Error) -> &'static str {
    match (&network.protocol, error.kind()) {
        (Protocol::Ping, io::ErrorKind::PermissionDenied) => {
            "; net.ipv4.ping_group_range says which groups may ping"
        }
        (_, io::ErrorKind::PermissionDenied) => "; fwmark and bind_if need the rights of root",
        _ => "",
    }
}

fn note(note: &Note) -> String {
    match note {
        Note::CertificateExpires(_) => "the server's certificate ends soon".to_owned(),
        Note::BodyCut { searched } => format!("only the first {searched} bytes of the body were searched"),
        Note::BodyShort { octets } => format!("the body ended {octets} bytes before its announced length"),
        _ => "a remark that this command has no words for".to_owned(),
    }
}
