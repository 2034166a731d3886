//! `vipd probe`: makes the checks of one real server once, and shows how they went.
//!
//! The definitions and the dialogues are the LVS worker's; the sockets are plain and blocking. Nothing is changed by it: the
//! daemon does not hear of the results.

mod attempt;

mod find;
mod render;
mod report;
mod script;
mod secrets;
mod transcript;
mod verdict;

use keepalived_conf::model::Config;
use keepalived_conf::model::lvs::Checker;
use vipd_ipc::LvsConfig;
use vrrp_linux::namespace::Namespace;

use find::Found;
pub use report::{CheckReport, ProbeReport, Step};

/// Which server, and where its definition comes from.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The configuration: the running one has no secrets, that of a file has them.
    pub config: Config,
    /// Reads the file of the running configuration, for the logins of its checks.
    pub with_secrets: Option<&'a dyn ReadConfig>,
    /// The virtual server, by its name.
    pub service: &'a str,
    /// The real server or the sorry server: 10.0.0.1:80 or [10.0.0.1]:tcp:80.
    pub server: &'a str,
}

/// Reads a configuration file that has the secrets.
pub trait ReadConfig: std::fmt::Debug {
    /// The configuration, or why there is none.
    ///
    /// # Errors
    /// The file cannot be read.
    fn read(&self) -> Result<Config, String>;
}

/// Makes the checks, one after the other.
///
/// # Errors
/// There is no such server, it has no checks, or this process cannot be where the daemon is.
pub fn probe(subject: Subject<'_>) -> Result<ProbeReport, String> {
    let Subject { mut config, with_secrets, service, server } = subject;
    let Found { server, mut checkers } = find::checkers(&config, service, server)?;
    if checkers.is_empty() {
        return Err(format!("{server} of {service} has no checks: it is always up"));
    }
    if checkers.iter().any(secrets::is_hidden)
        && let Some(read) = with_secrets
    {
        match find::with_secrets(read, service, &server, &checkers) {
            Ok(known) => (config, checkers) = known,
            // The checks without a login are made all the same; the others say why they are not.
            Err(why) => return Ok(run(&config, service, server, &checkers, Some(&why))),
        }
    }
    enter_namespace(&config)?;
    Ok(run(&config, service, server, &checkers, None))
}

fn run(
    config: &Config,
    service: &str,
    server: String,
    checkers: &[Checker],
    why: Option<&str>,
) -> ProbeReport {
    let part = LvsConfig::from(config);
    let checks = checkers.iter().flat_map(|checker| attempt::make(config, &part, checker, why)).collect();
    ProbeReport::new(service.to_owned(), server, checks)
}

/// A daemon in a namespace of its own reaches other servers than this process does.
fn enter_namespace(config: &Config) -> Result<(), String> {
    let Some(name) = &config.global.net_namespace else { return Ok(()) };
    Namespace::open(name).and_then(|namespace| namespace.enter()).map_err(|error| {
        format!("the daemon runs in network namespace {name}, which this command cannot enter: {error}")
    })
}
