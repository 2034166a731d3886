//! `-t`: tests a configuration as the daemon would read it, and changes nothing.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;

use keepalived_conf::{Class, Diagnostic, Diagnostics, Severity, Span};
use nix::net::if_::if_nametoindex;
use vrrp_linux::namespace::Namespace;

use crate::cli::{Options, wants_color};
use crate::parent;
use crate::parent::load::{self, ReadConfig};

/// Tests the configuration that the command line names. Findings go to standard error, or are appended to `output`.
///
/// The exit status is keepalived's: 0 clean, 2 aborted, 4 only fatal problems, 5 any other problem, 6 script security
/// or includes; 1 when `output` cannot be written.
pub fn main(options: &Options, output: Option<&Path>) -> ExitCode {
    let (text, status) = examine(options, output.is_none() && io::stderr().is_terminal() && wants_color());
    match write(&text, output) {
        Ok(()) => ExitCode::from(status),
        Err(error) => {
            let name = output.unwrap_or(Path::new("standard error")).display();
            // Standard error may be what failed.
            let _ = writeln!(io::stderr(), "cannot write to {name}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The output of a test of this configuration, and its exit status.
fn examine(options: &Options, color: bool) -> (String, u8) {
    let mut reading = load::read(options);
    if let Some(name) = parent::namespace(options, &reading.config.global) {
        if let Err(error) = Namespace::open(name) {
            note_missing_namespace(name, &error.to_string(), &mut reading.diagnostics);
        }
    } else {
        // The kernel is asked, not /sys: that may be another network namespace's.
        let is_here = |name: &str| if_nametoindex(name).is_ok();
        note_missing_interfaces(&reading.interfaces, is_here, &mut reading.diagnostics);
    }
    reading.diagnostics.sort_by_place();
    let mut text = keepalived_conf::render_all(&reading.diagnostics, &reading.sources, color);
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let status = keepalived_conf::exit_code(&reading.diagnostics);
    // A value refused on the command line counts like one refused in the file.
    let complains = !options.complaints.is_empty() && status != ABORTED;
    let status = if complains { status.max(GENERAL) } else { status };
    text.push_str(&closing_line(&options.config, &reading, status));
    // The process ends now: to take a large configuration apart would only cost time.
    std::mem::forget(reading);
    (text, status)
}

/// Whether an interface is there is no question of the file, so it does not change the exit status.
fn note_missing_interfaces(
    named: &[(String, Span)],
    is_here: impl Fn(&str) -> bool,
    diagnostics: &mut Diagnostics,
) {
    for (name, at) in named.iter().filter(|(name, _)| !is_here(name)) {
        let message =
            format!("this machine has no interface `{name}` now: instances that need it stay in FAULT");
        let finding = Diagnostic::new(Severity::Warning, Class::None, "no-such-interface", message);
        diagnostics.push(finding.at(*at));
    }
}

/// A file whose namespace is not here is for another machine, and its scripts are there, too. keepalived ends its test at
/// such a file, with status 0.
fn note_missing_namespace(name: &str, error: &str, diagnostics: &mut Diagnostics) {
    for code in OF_SCRIPTS {
        let findings: Vec<_> = diagnostics.iter().filter(|finding| finding.code == code).cloned().collect();
        diagnostics.withdraw(code);
        for finding in findings {
            diagnostics.push(finding.class(Class::None));
        }
    }
    let message =
        format!("network namespace {name} cannot be entered ({error}): the daemon does not start here");
    diagnostics.push(Diagnostic::new(Severity::Warning, Class::None, "no-such-namespace", message));
}

/// Findings about scripts as they are on this machine.
const OF_SCRIPTS: [&str; 3] = ["script-security", "script-not-runnable", "script-insecure"];

/// The result of the test, in one line.
fn closing_line(path: &Path, reading: &ReadConfig, status: u8) -> String {
    let count = |severity| reading.diagnostics.iter().filter(|finding| finding.severity == severity).count();
    let some = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        more => Some(format!("{more} {what}s")),
    };
    let findings = [
        some(count(Severity::Error), "error"),
        some(count(Severity::Warning), "warning"),
        some(count(Severity::Note), "note"),
        some(reading.diagnostics.omitted(), "finding more"),
    ];
    let findings: Vec<_> = findings.into_iter().flatten().collect();
    let served = [
        some(reading.config.instances.len(), "vrrp_instance"),
        some(reading.config.virtual_servers.len(), "virtual_server"),
    ];
    let served: Vec<_> = served.into_iter().flatten().collect();
    let served = if served.is_empty() { "nothing to serve".to_owned() } else { served.join(", ") };
    let findings = if findings.is_empty() { String::new() } else { format!("; {}", findings.join(", ")) };
    let verdict = if status == 0 { "ok".to_owned() } else { format!("status {status}") };
    format!("{verdict}: {}: {served}{findings}\n", path.display())
}

fn write(text: &str, output: Option<&Path>) -> io::Result<()> {
    match output {
        None => io::stderr().lock().write_all(text.as_bytes()),
        Some(path) => {
            let mut file = File::options()
                .append(true)
                .create(true)
                .mode(0o644)
                .custom_flags(libc::O_NOFOLLOW)
                .open(path)?;
            file.write_all(text.as_bytes())
        }
    }
}

/// Status of a test that could not be finished.
const ABORTED: u8 = 2;

/// Status for a problem of no special kind.
const GENERAL: u8 = 5;
