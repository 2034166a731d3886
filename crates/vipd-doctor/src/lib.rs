//! `vipd doctor`: looks at the machine and the configuration, and says what will hurt.
//!
//! Facts are gathered (`gather`), and the findings follow from them without I/O (`findings`).

mod facts;
mod findings;
mod gather;
mod ruleset;

use std::path::Path;

use keepalived_conf::model::Config;
use serde::Serialize;
use vipd_status::{Severity, Status};

use findings::{CODES, Finding, findings};

/// The configuration as far as findings need it.
#[derive(Debug)]
pub struct Subject {
    /// The model.
    pub config: Config,
    /// Findings about scripts that others than root and their user can change.
    pub insecure: Vec<String>,
    /// Findings about scripts that cannot be run.
    pub unrunnable: Vec<String>,
}

/// A function that reads a configuration; the error says why there is none.
pub type ReadSubject = fn(&Path) -> Result<Subject, String>;

/// The findings, ready to be printed.
#[derive(Debug)]
pub struct Report {
    /// Lines of text, or one of JSON.
    pub text: String,
    /// The exit status.
    pub status: u8,
}

#[derive(Serialize)]
struct Answer<'a> {
    v: u32,
    is: &'static str,
    findings: &'a [Finding],
}

/// Looks at the machine for what a configuration needs: that of `file`, else that of the daemon, else the `usual` one.
///
/// `status` is that of the daemon, or the reason why there is none.
///
/// # Errors
/// The configuration cannot be read.
pub fn examine(
    file: Option<&Path>,
    usual: &Path,
    read: ReadSubject,
    status: Result<&Status, String>,
    json: bool,
) -> Result<Report, String> {
    let running = status.as_ref().ok().map(|status| Path::new(&status.daemon.config.file));
    let config = file.or(running).unwrap_or(usual);
    let subject =
        read(config).map_err(|why| format!("{}: {why}; say which file with -f", config.display()))?;
    let found = findings(&gather::gather(subject, status));
    let text = if json {
        serde_json::to_string(&Answer { v: 1, is: "doctor", findings: &found }).unwrap_or_default()
    } else {
        render(&found)
    };
    Ok(Report { text, status: exit_status(&found) })
}

/// The meaning of the code of a finding.
pub fn meaning(code: &str) -> Option<&'static str> {
    CODES.iter().find_map(|(name, meaning)| (*name == code).then_some(*meaning))
}

/// The codes of all findings.
pub fn codes<'a>() -> impl Iterator<Item = &'a str> {
    CODES.iter().map(|(name, _)| *name)
}

fn render(found: &[Finding]) -> String {
    if found.is_empty() {
        return "nothing was found that hurts".to_owned();
    }
    let one = |finding: &Finding| {
        let Finding { severity, code, subject, wrong, why, remedy } = finding;
        let severity = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let text = format!("{severity}[{code}]: {subject}: {wrong}\n  why: {why}\n  do:  {remedy}\n");
        text.lines().map(|line| vipd_status::clean(line).into_owned() + "\n").collect::<String>()
    };
    found.iter().map(one).collect()
}

fn exit_status(found: &[Finding]) -> u8 {
    match found.iter().map(|finding| finding.severity).max() {
        Some(Severity::Error) => 6,
        Some(Severity::Warning) => 5,
        Some(Severity::Note) | None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: Severity) -> Finding {
        let text = || "x".to_owned();
        Finding { severity, code: "mtu-small", subject: text(), wrong: text(), why: text(), remedy: text() }
    }

    #[test]
    fn the_worst_finding_is_the_exit_status() {
        use Severity::{Error, Note, Warning};
        for (severities, status) in
            [(&[][..], 0), (&[Note], 0), (&[Note, Warning], 5), (&[Error, Note, Warning], 6)]
        {
            let found: Vec<Finding> = severities.iter().map(|&severity| finding(severity)).collect();
            assert_eq!(exit_status(&found), status);
        }
    }

    #[test]
    fn a_finding_says_what_why_and_what_to_do() {
        let text = render(&[finding(Severity::Error)]);
        assert_eq!(text, "error[mtu-small]: x: x\n  why: x\n  do:  x\n");
        assert!(meaning("mtu-small").is_some() && meaning("no-such-code").is_none());
    }
}
