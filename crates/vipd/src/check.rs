//! `-t`: tests a configuration as the daemon would read it, and changes nothing.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;

use crate::cli::Options;
use crate::parent::load;

/// Tests the configuration that the command line names. Findings go to standard error, or are appended to `output`.
///
/// The exit status is keepalived's: 0 clean, 2 aborted, 4 only fatal problems, 5 any other problem, 6 script security
/// or includes; 1 when `output` cannot be written.
pub fn main(options: &Options, output: Option<&Path>) -> ExitCode {
    let (text, status) = examine(options, output.is_none() && io::stderr().is_terminal());
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

/// What a test of this configuration says, and its exit status.
fn examine(options: &Options, color: bool) -> (String, u8) {
    let reading = load::read(options);
    let mut text = keepalived_conf::render_all(&reading.diagnostics, &reading.sources, color);
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let status = keepalived_conf::exit_code(&reading.diagnostics);
    // The process ends now: to take a large configuration apart would only cost time.
    std::mem::forget(reading);
    // A value refused on the command line counts like one refused in the file.
    (text, if options.complaints.is_empty() || status == ABORTED { status } else { status.max(GENERAL) })
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
